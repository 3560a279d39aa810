//! Clients. Creating ignores `ccEmails` and the currency; `PUT` clears omitted `ccEmails` and keeps the currency.

use http::StatusCode;
use serde_json::{Value, json};

use super::catalogue::{checked_length, checked_name};
use super::hook_events::Touched;
use super::paging::{self, Page};
use super::records::Client;
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use super::workspace::CURRENCIES;
use super::{Clockify, WORKSPACE_ID};
use crate::simulator::call::{Call, Reply};

/// The client as creating and updating write it: what a body leaves out is none.
fn written(body: &Body, client: Client) -> Outcome<Client> {
    let name = checked_name("Client", body.text("name")?, 0, 100)?;
    let (email, address, note) = (body.text("email")?, body.text("address")?, body.text("note")?);
    checked_length("address", address.as_ref(), 3000)?;
    checked_length("note", note.as_ref(), 3000)?;
    Ok(Client { name, email, address, note, ..client })
}

impl Clockify {
    pub(super) fn list_clients(&self, call: &Call) -> Outcome {
        let page = Page::of(call, 50, self.invented.list_page_cap)?;
        let archived = request::flag(call, "archived")?;
        let mut rows = Vec::new();
        for client in self.clients.values() {
            let wanted = archived.is_none_or(|archived| client.archived == archived);
            if wanted && paging::name_fits(call, &client.name)? {
                rows.push(client);
            }
        }
        paging::sort(call, &mut rows, |client| &client.id, |client| client.name.clone());
        Ok(page.reply(rows, |client| self.client_wire(client)))
    }

    pub(super) fn create_client(&mut self, call: &Call) -> Outcome {
        let mut client = written(&Body::of(call)?, Client::blank(call.now))?;
        self.client_name_free(&client.name, None)?;
        client.id = self.mint(call.now);
        let wire = self.client_wire(&client);
        self.clients.insert(client.id.clone(), client);
        self.announce_client(call, "NEW_CLIENT", &wire);
        Ok(Reply::json(StatusCode::CREATED, &wire))
    }

    pub(super) fn get_client(&self, id: &str) -> Outcome {
        let client = self.clients.get(id).ok_or_else(|| refuse::missing("Client"))?;
        Ok(Reply::json(StatusCode::OK, &self.client_wire(client)))
    }

    /// Replaces a client. Whether `email`, `address` and `note` survive omission is not proven; here they do not.
    pub(super) fn put_client(&mut self, call: &Call, id: &str) -> Outcome {
        let body = Body::of(call)?;
        let mut client = self.clients.get(id).cloned().ok_or_else(|| refuse::missing("Client"))?;
        client = written(&body, client)?;
        client.cc_emails = body.texts("ccEmails")?;
        if client.cc_emails.as_ref().is_some_and(|emails| emails.len() > 3) {
            return Err(refuse::domain("Number of additional emails must be less than 3"));
        }
        if let Some(id) = body.id("currencyId")? {
            let currency = CURRENCIES.into_iter().find(|currency| currency.0 == id);
            client.currency = currency.ok_or_else(|| refuse::missing("Currency"))?;
        }
        client.archived = body.flag("archived")?.unwrap_or(false);
        client.stamps.updated = call.now;
        self.client_name_free(&client.name, Some(id))?;
        let archive = client.archived && request::flag(call, "archive-projects")?.unwrap_or(false);
        let done = archive && request::flag(call, "mark-tasks-as-done")?.unwrap_or(false);
        let wire = self.client_wire(&client);
        self.clients.insert(id.to_owned(), client);
        if archive {
            self.archive_projects_of(id, done, call);
        }
        self.announce_client(call, "CLIENT_UPDATED", &wire);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    fn archive_projects_of(&mut self, client: &str, done: bool, call: &Call) {
        for project in self.projects.values_mut().filter(|p| p.client.as_deref() == Some(client)) {
            project.archived = true;
            project.stamps.updated = call.now;
            for task in self.tasks.values_mut().filter(|task| done && task.project == project.id) {
                task.done = true;
                task.stamps.updated = call.now;
            }
        }
    }

    pub(super) fn delete_client(&mut self, call: &Call, id: &str) -> Outcome {
        let client = self.clients.get(id).cloned().ok_or_else(|| refuse::missing("Client"))?;
        if !client.archived {
            return Err(refuse::domain("Cannot delete an active client"));
        }
        self.clients.remove(id);
        for project in self.projects.values_mut().filter(|p| p.client.as_deref() == Some(id)) {
            project.client = None;
            project.stamps.updated = call.now;
        }
        let wire = self.client_wire(&client);
        self.bury("CLIENTS", id, client.stamps.created, call.now, wire.clone());
        self.announce_client(call, "CLIENT_DELETED", &wire);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    fn announce_client(&mut self, call: &Call, event: &'static str, wire: &Value) {
        self.announce(call, event, Touched::default(), |_| wire.clone());
    }

    pub(super) fn client_wire(&self, client: &Client) -> Value {
        json!({
            "id": client.id,
            "name": client.name,
            "email": client.email,
            "workspaceId": WORKSPACE_ID,
            "archived": client.archived,
            "address": client.address,
            "note": client.note,
            "ccEmails": client.cc_emails,
            "currencyId": client.currency.0,
            "currencyCode": client.currency.1,
        })
    }

    fn client_name_free(&self, name: &str, but: Option<&str>) -> Outcome<()> {
        let taken = |client: &Client| Some(client.id.as_str()) != but && self.same_name(&client.name, name);
        let message = || refuse::domain(format!("Client with name '{name}' already exists"));
        refuse::unless(!self.clients.values().any(taken), message)
    }
}
