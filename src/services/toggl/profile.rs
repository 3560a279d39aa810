//! The token's own user: profile with everything related, organizations, quota.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::Value;

use super::{Call, Toggl, entry, track, workspace};
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::RemoteId;
use crate::domain::read::SourceRead;
use crate::services::http::{Answer, Ask};
use crate::services::loose::{flag_at, id_at, number_at, rows, rows_at, text_at};

/// Who the token is, and what it sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Me {
    /// The user.
    pub user: Item,
    /// The profile's IANA zone.
    pub zone: Option<String>,
    /// The default workspace.
    pub default_workspace: Option<RemoteId>,
    /// Workspaces (only with related data, like all below).
    pub workspaces: Vec<Workspace>,
    /// Projects of all workspaces.
    pub projects: Vec<Item>,
    /// Clients of all workspaces.
    pub clients: Vec<Item>,
    /// Tags of all workspaces.
    pub tags: Vec<Item>,
    /// Entries of the last nine days or so, all workspaces.
    pub entries: Vec<SourceRead>,
    /// Which workspace an item belongs to.
    homes: BTreeMap<(Kind, RemoteId), RemoteId>,
}

impl Me {
    /// Only what belongs to one workspace.
    pub fn only(mut self, workspace: &RemoteId) -> Self {
        let homes = std::mem::take(&mut self.homes);
        let here =
            |item: &Item| homes.get(&(item.kind, item.id.clone())).is_none_or(|home| home == workspace);
        self.projects.retain(here);
        self.clients.retain(here);
        self.tags.retain(here);
        self.workspaces.retain(|each| each.id == *workspace);
        self.entries.retain(|read| read.entry.as_ref().is_none_or(|entry| entry.workspace == *workspace));
        self.homes = homes;
        self
    }
}

/// A workspace, as far as the engine needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: RemoteId,
    /// Its name.
    pub name: String,
    /// The organization, whose bucket its calls are charged to.
    pub organization: Option<RemoteId>,
    /// Starter or higher.
    pub premium: bool,
    /// Premium.
    pub business: bool,
    /// The user is an admin here.
    pub admin: bool,
}

/// An organization and its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: RemoteId,
    /// Its name.
    pub name: String,
    /// The plan's name as Toggl writes it (`Free`, …); may be empty.
    pub plan: String,
    /// An enterprise plan, with figures of its own.
    pub enterprise: bool,
}

/// One bucket of `/me/quota`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRow {
    /// The organization; `None` is the user's bucket.
    pub organization: Option<RemoteId>,
    /// Requests left; can be negative.
    pub remaining: i64,
    /// Until it is full again.
    pub resets_in: Option<TimeDelta>,
    /// Requests an hour.
    pub total: i64,
}

impl Toggl {
    /// The profile; with related data the cheapest cold start there is.
    pub async fn me(&self, with_related_data: bool) -> Answer<Me> {
        let mut ask = Ask::get(track("/me"));
        if with_related_data {
            ask = ask.with("with_related_data", true);
        }
        self.ask(Call::Me, Ok(ask), |_, body| me(body)).await
    }

    /// The user's organizations with their plans.
    pub async fn organizations(&self) -> Answer<Vec<Organization>> {
        let ask = Ask::get(track("/me/organizations"));
        self.ask(Call::Organizations, Ok(ask), |_, body| rows(body)?.iter().map(organization).collect()).await
    }

    /// All buckets as the service counts them.
    pub async fn quota(&self) -> Answer<Vec<QuotaRow>> {
        let ask = Ask::get(track("/me/quota"));
        self.ask(Call::Quota, Ok(ask), |_, body| rows(body)?.iter().map(quota_row).collect()).await
    }
}

fn me(mut body: Value) -> Result<Me, String> {
    let id = id_at(&body, &["id"]).ok_or("a profile without id")?;
    let mut user = Item::new(Kind::User, id, text_at(&body, "fullname").unwrap_or_default());
    user.email = text_at(&body, "email");
    let mut homes = BTreeMap::new();
    let mut items = |kind: Kind, key: &str, body: &mut Value| -> Result<Vec<Item>, String> {
        let mut list = Vec::new();
        for row in rows_at(body, key)? {
            let item = workspace::item(kind, &row)?;
            if let Some(home) = id_at(&row, &["workspace_id", "wid"]) {
                homes.insert((kind, item.id.clone()), home);
            }
            list.push(item);
        }
        Ok(list)
    };
    Ok(Me {
        user,
        zone: text_at(&body, "timezone").filter(|zone| !zone.is_empty()),
        default_workspace: id_at(&body, &["default_workspace_id", "default_wid"]),
        projects: items(Kind::Project, "projects", &mut body)?,
        clients: items(Kind::Client, "clients", &mut body)?,
        tags: items(Kind::Tag, "tags", &mut body)?,
        workspaces: rows_at(&mut body, "workspaces")?.iter().map(one_workspace).collect::<Result<_, _>>()?,
        entries: entry::reads(body.get_mut("time_entries").map_or(Value::Null, Value::take))?,
        homes,
    })
}

fn one_workspace(row: &Value) -> Result<Workspace, String> {
    Ok(Workspace {
        id: id_at(row, &["id"]).ok_or("a workspace without id")?,
        name: text_at(row, "name").unwrap_or_default(),
        organization: id_at(row, &["organization_id"]),
        premium: flag_at(row, "premium"),
        business: flag_at(row, "business_ws"),
        admin: flag_at(row, "admin"),
    })
}

fn organization(row: &Value) -> Result<Organization, String> {
    Ok(Organization {
        id: id_at(row, &["id"]).ok_or("an organization without id")?,
        name: text_at(row, "name").unwrap_or_default(),
        plan: text_at(row, "pricing_plan_name").unwrap_or_default(),
        enterprise: flag_at(row, "pricing_plan_enterprise"),
    })
}

fn quota_row(row: &Value) -> Result<QuotaRow, String> {
    let first = |keys: &[&str]| keys.iter().find_map(|key| number_at(row, key));
    Ok(QuotaRow {
        organization: id_at(row, &["organization_id"]),
        remaining: first(&["remaining", "remaining_requests"]).ok_or("a quota without a number left")?,
        resets_in: first(&["resets_in_secs", "resets_in"]).and_then(TimeDelta::try_seconds),
        total: first(&["total", "max_requests"]).ok_or("a quota without a total")?,
    })
}
