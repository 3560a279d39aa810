//! Clients: list, create, update, archive, restore, delete.

use chrono::DateTime;
use serde_json::{Value, json};

use super::Toggl;
use super::book::{Client, Project};
use super::envelope::{Action, Model};
use super::form::{Answer, bad, fine, missing, number, object, premium};
use super::render;
use crate::simulator::call::{Call, Reply};

impl Toggl {
    /// Everything under `…/clients`.
    pub(super) fn clients(&mut self, call: &Call, me: i64, workspace: i64, rest: &[&str]) -> Answer {
        match (call.method.as_str(), rest) {
            ("GET", []) => self.list_clients(call, workspace),
            ("POST", []) => self.create_client(call, me, workspace),
            ("POST", ["data"]) => {
                let ids = listed(call)?;
                let rows = ids.iter().filter_map(|id| self.book.client(*id)).map(render::client);
                Ok(fine(&Value::Array(rows.collect())))
            }
            ("POST", ["delete"]) => {
                for id in listed(call)? {
                    let row = self.one_client(workspace, &id.to_string())?;
                    self.remove_client(row, call);
                }
                Ok(fine(&json!("OK")))
            }
            ("GET", [id]) => Ok(fine(&render::client(&self.one_client(workspace, id)?))),
            ("PUT", [id]) => {
                let row = self.one_client(workspace, id)?;
                let row = self.fill_client(row, call)?;
                self.keep_client(row.clone(), Action::Updated);
                Ok(fine(&render::client(&row)))
            }
            ("DELETE", [id]) => {
                let row = self.one_client(workspace, id)?;
                Ok(fine(&json!(self.remove_client(row, call))))
            }
            ("POST", [id, "archive"]) => self.archive_client(call, workspace, id),
            ("POST", [id, "restore"]) => self.restore_client(call, workspace, id),
            _ => Err(missing("Not found")),
        }
    }

    /// Its projects stay, without a client.
    fn remove_client(&mut self, mut row: Client, call: &Call) -> i64 {
        (row.at, row.deleted) = (call.now, Some(call.now));
        let id = row.id;
        for project in self.book.projects.values_mut().filter(|project| project.client == Some(id)) {
            (project.client, project.at) = (None, call.now);
        }
        self.keep_client(row, Action::Deleted);
        id
    }

    fn one_client(&self, workspace: i64, id: &str) -> Result<Client, Reply> {
        let row =
            id.parse().ok().and_then(|id| self.book.client(id)).filter(|row| row.workspace == workspace);
        row.cloned().ok_or_else(|| missing("Client not found/accessible"))
    }

    fn list_clients(&self, call: &Call, workspace: i64) -> Answer {
        let archived = match call.query("status") {
            Some("both") => None,
            Some("archived") => Some(true),
            _ => Some(false),
        };
        let name = call.query("name").map(str::to_lowercase);
        let rows = self
            .book
            .clients
            .values()
            .filter(|row| row.workspace == workspace && row.deleted.is_none())
            .filter(|row| archived.is_none_or(|archived| row.archived == archived))
            .filter(|row| name.as_ref().is_none_or(|name| row.name.to_lowercase().contains(name)))
            .map(render::client);
        Ok(fine(&Value::Array(rows.collect())))
    }

    /// `GET /me/clients`.
    pub(super) fn my_clients(&self, call: &Call) -> Answer {
        let since = call.query("since").and_then(|text| text.parse().ok());
        let since = since.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let rows = self.book.clients.values().filter(|row| match since {
            Some(since) => row.at >= since,
            None => row.deleted.is_none(),
        });
        Ok(fine(&Value::Array(rows.map(render::client).collect())))
    }

    fn create_client(&mut self, call: &Call, me: i64, workspace: i64) -> Answer {
        let row = Client {
            id: self.book.next_client(),
            workspace,
            name: String::new(),
            archived: false,
            notes: None,
            reference: None,
            creator: me,
            at: call.now,
            deleted: None,
        };
        let row = self.fill_client(row, call)?;
        self.keep_client(row.clone(), Action::Created);
        Ok(fine(&render::client(&row)))
    }

    fn fill_client(&self, mut row: Client, call: &Call) -> Result<Client, Reply> {
        let body = object(call)?;
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        row.name = text("name").map_or(row.name, |name| name.trim().to_owned());
        if row.name.is_empty() {
            return Err(bad("client name can't be blank"));
        }
        let twin = |other: &Client| other.id != row.id && other.deleted.is_none() && other.name == row.name;
        if self.book.clients.values().any(twin) {
            return Err(bad("Name has already been taken"));
        }
        row.notes = text("notes").or(row.notes);
        row.reference = text("external_reference").or(row.reference);
        row.at = call.now;
        Ok(row)
    }

    fn keep_client(&mut self, row: Client, action: Action) {
        let payload = render::client(&row);
        let (workspace, id) = (row.workspace, row.id);
        self.book.clients.insert(id, row);
        self.changed(Model::Client, action, workspace, id, payload);
    }

    /// A paid feature; the client's projects are archived with it, and their ids are the answer.
    fn archive_client(&mut self, call: &Call, workspace: i64, id: &str) -> Answer {
        let mut row = self.one_client(workspace, id)?;
        if !self.paid() {
            return Err(premium("Archiving clients"));
        }
        let open = |project: &&Project| {
            project.client == Some(row.id) && project.active && project.deleted.is_none()
        };
        let ids: Vec<i64> = self.book.projects.values().filter(open).map(|project| project.id).collect();
        self.set_active(&ids, false, call);
        (row.archived, row.at) = (true, call.now);
        self.keep_client(row, Action::Updated);
        Ok(fine(&json!(ids)))
    }

    fn restore_client(&mut self, call: &Call, workspace: i64, id: &str) -> Answer {
        let mut row = self.one_client(workspace, id)?;
        let body = object(call).unwrap_or_default();
        let all = body.get("restore_all_projects").and_then(Value::as_bool) == Some(true);
        let named: Vec<i64> = match body.get("projects") {
            Some(Value::Array(list)) => list.iter().filter_map(number).collect(),
            _ => Vec::new(),
        };
        let back = |project: &&Project| {
            project.client == Some(row.id)
                && project.deleted.is_none()
                && (all || named.contains(&project.id))
        };
        let ids: Vec<i64> = self.book.projects.values().filter(back).map(|project| project.id).collect();
        self.set_active(&ids, true, call);
        (row.archived, row.at) = (false, call.now);
        self.keep_client(row.clone(), Action::Updated);
        Ok(fine(&render::client(&row)))
    }

    fn set_active(&mut self, ids: &[i64], active: bool, call: &Call) {
        for id in ids {
            let Some(row) = self.book.projects.get_mut(id) else { continue };
            (row.active, row.at) = (active, call.now);
            let row = row.clone();
            let payload = render::project(&self.book, &row, self.plan);
            self.changed(Model::Project, Action::Updated, row.workspace, *id, payload);
        }
    }
}

/// The id array of a bulk call.
fn listed(call: &Call) -> Result<Vec<i64>, Reply> {
    match call.json() {
        Some(Value::Array(list)) => Ok(list.iter().filter_map(number).collect()),
        _ => Err(bad("JSON is not valid")),
    }
}
