//! The catalogue of a workspace: projects, clients, tags, users.

use serde_json::Value;

use super::{Call, Toggl, track};
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::RemoteId;
use crate::services::http::{Answer, Ask, Failure, Page, segment};
use crate::services::loose::{flag_at, id_at, instant_at, rows, text_at};

/// Rows asked for in one page; the service's maximum for projects.
const PAGE_SIZE: usize = 200;

impl Toggl {
    /// One page of projects, active and archived; pages count from 1.
    pub async fn projects(&self, workspace: &RemoteId, page: u32) -> Answer<Page<Item>> {
        let ask = under(workspace, "projects").map(|ask| paged(ask.with("active", "both"), page));
        self.ask(Call::Projects, ask, |_, body| page_of(Kind::Project, body)).await
    }

    /// All clients, active and archived; the service does not page them.
    pub async fn clients(&self, workspace: &RemoteId) -> Answer<Vec<Item>> {
        let ask = under(workspace, "clients").map(|ask| ask.with("status", "both"));
        self.ask(Call::Clients, ask, |_, body| items(Kind::Client, body)).await
    }

    /// One page of tags; pages count from 1.
    pub async fn tags(&self, workspace: &RemoteId, page: u32) -> Answer<Page<Item>> {
        let ask = under(workspace, "tags").map(|ask| paged(ask, page));
        self.ask(Call::Tags, ask, |_, body| page_of(Kind::Tag, body)).await
    }

    /// All users; the service does not page them.
    pub async fn users(&self, workspace: &RemoteId) -> Answer<Vec<Item>> {
        self.ask(Call::Users, under(workspace, "users"), |_, body| items(Kind::User, body)).await
    }
}

fn under(workspace: &RemoteId, what: &str) -> Result<Ask, Failure> {
    Ok(Ask::get(track(&format!("/workspaces/{}/{what}", segment(workspace.as_str())?))))
}

fn paged(ask: Ask, page: u32) -> Ask {
    ask.with("page", page).with("per_page", PAGE_SIZE)
}

fn items(kind: Kind, body: Value) -> Result<Vec<Item>, String> {
    rows(body)?.iter().map(|row| item(kind, row)).collect()
}

/// A short page is the last one; nothing else tells.
fn page_of(kind: Kind, body: Value) -> Result<Page<Item>, String> {
    let rows = items(kind, body)?;
    Ok(Page { last: rows.len() < PAGE_SIZE, rows })
}

/// A project, client, tag or user in JSON.
pub fn item(kind: Kind, row: &Value) -> Result<Item, String> {
    let id = id_at(row, &["id"]).ok_or_else(|| format!("a {} without id", kind.as_str()))?;
    let name = match kind {
        Kind::User => text_at(row, "fullname").or_else(|| text_at(row, "name")),
        _ => text_at(row, "name"),
    };
    let mut item = Item::new(kind, id, name.unwrap_or_default());
    item.at = instant_at(row, "at");
    item.deleted = instant_at(row, "server_deleted_at").or_else(|| instant_at(row, "deleted_at")).is_some()
        || text_at(row, "status").as_deref() == Some("deleted");
    match kind {
        Kind::Project => {
            item.client = id_at(row, &["client_id", "cid"]);
            item.color = text_at(row, "color").filter(|color| color.starts_with('#'));
            item.billable = flag_at(row, "billable");
            item.archived = row.get("active") == Some(&Value::Bool(false))
                || text_at(row, "status").as_deref() == Some("archived");
        }
        Kind::Client => item.archived = flag_at(row, "archived"),
        Kind::Tag => {}
        Kind::User => {
            item.email = text_at(row, "email");
            item.archived = flag_at(row, "inactive") || row.get("is_active") == Some(&Value::Bool(false));
        }
    }
    Ok(item)
}
