//! Users, projects, clients and tags of the workspace.

use ::http::Method;
use serde_json::{Value, json};

use super::{Call, Clockify, page_of};
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::RemoteId;
use crate::services::http::{Answer, Ask, Failure, Page};
use crate::services::loose::{flag_at, id_at, rows, text_at};

/// Rows asked for in one page of a list.
const PAGE_SIZE: usize = 200;

impl Clockify {
    /// One page of users; pages count from 1.
    pub async fn users(&self, page: u32) -> Answer<Page<Item>> {
        let extra = |ask: Ask| ask.with("include-roles", false);
        self.list(Call::Users, Kind::User, "/users", page, extra).await
    }

    /// One page of projects, active and archived; pages count from 1.
    pub async fn projects(&self, page: u32) -> Answer<Page<Item>> {
        self.list(Call::Projects, Kind::Project, "/projects", page, |ask| ask).await
    }

    /// One page of clients, active and archived; pages count from 1.
    pub async fn clients(&self, page: u32) -> Answer<Page<Item>> {
        self.list(Call::Clients, Kind::Client, "/clients", page, |ask| ask).await
    }

    /// One page of tags, active and archived; pages count from 1.
    pub async fn tags(&self, page: u32) -> Answer<Page<Item>> {
        self.list(Call::Tags, Kind::Tag, "/tags", page, |ask| ask).await
    }

    /// Tags by name, archived ones too: a name is taken as long as its tag exists. `strict` matches the whole name.
    pub async fn tags_by_name(&self, name: &str, strict: bool) -> Answer<Vec<Item>> {
        let ask = self.under("/tags").map(|path| {
            let ask = Ask::get(path).with("name", name);
            if strict { ask.with("strict-name-search", true) } else { ask }
        });
        self.ask(Call::Tags, ask, |_, body| rows(body)?.iter().map(|row| item(Kind::Tag, row)).collect())
            .await
    }

    /// Creates a tag. "Already exists" is a refusal: search by name and adopt.
    pub async fn create_tag(&self, name: &str) -> Answer<Item> {
        self.create(Call::CreateTag, Kind::Tag, "/tags", json!({ "name": name })).await
    }

    /// Creates a project.
    pub async fn create_project(
        &self,
        name: &str,
        client: Option<&RemoteId>,
        billable: bool,
        color: Option<&str>,
    ) -> Answer<Item> {
        let mut body = json!({ "name": name, "billable": billable });
        if let Some(client) = client {
            body["clientId"] = client.as_str().into();
        }
        if let Some(color) = color {
            body["color"] = color.into();
        }
        self.create(Call::CreateProject, Kind::Project, "/projects", body).await
    }

    /// Creates a client.
    pub async fn create_client(&self, name: &str) -> Answer<Item> {
        self.create(Call::CreateClient, Kind::Client, "/clients", json!({ "name": name })).await
    }

    async fn list(
        &self,
        call: Call,
        kind: Kind,
        path: &str,
        page: u32,
        extra: impl FnOnce(Ask) -> Ask,
    ) -> Answer<Page<Item>> {
        let ask = self
            .under(path)
            .map(|path| extra(Ask::get(path).with("page", page).with("page-size", PAGE_SIZE)));
        self.ask(call, ask, |headers, body| {
            let items = rows(body)?.iter().map(|row| item(kind, row)).collect::<Result<Vec<_>, _>>()?;
            Ok(page_of(headers, items, PAGE_SIZE))
        })
        .await
    }

    async fn create(&self, call: Call, kind: Kind, path: &str, body: Value) -> Answer<Item> {
        let ask: Result<Ask, Failure> = self.under(path).map(|path| Ask::new(Method::POST, path).body(body));
        self.ask(call, ask, |_, body| item(kind, &body)).await
    }
}

/// A user, project, client or tag in JSON. "No client" is null, empty or missing.
pub fn item(kind: Kind, row: &Value) -> Result<Item, String> {
    let id = id_at(row, &["id"]).ok_or_else(|| format!("a {} without id", kind.as_str()))?;
    let mut item = Item::new(kind, id, text_at(row, "name").unwrap_or_default());
    match kind {
        Kind::Project => {
            item.client = id_at(row, &["clientId"]);
            item.color = text_at(row, "color").filter(|color| color.starts_with('#'));
            item.billable = flag_at(row, "billable");
            item.archived = flag_at(row, "archived");
        }
        Kind::Client | Kind::Tag => item.archived = flag_at(row, "archived"),
        Kind::User => {
            item.email = text_at(row, "email");
            let status = text_at(row, "status").unwrap_or_default();
            item.archived = ["DELETED", "INACTIVE", "DECLINED", "LIMITED_DELETED"].contains(&status.as_str());
            item.deleted = status == "DELETED" || status == "LIMITED_DELETED";
        }
    }
    Ok(item)
}
