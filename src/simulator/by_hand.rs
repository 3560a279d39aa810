//! What a person does in Clockify's web page, where the API has no call for it, and what befell a workspace before.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};

use super::call::Call;
use super::clockify::{Hooks, WORKSPACE_ID};
use super::seam::Simulator;

impl Simulator {
    /// Changes Clockify's webhooks as no call can.
    pub fn change_clockify_hooks(&self, change: impl FnOnce(&mut Hooks)) {
        change(&mut self.lock().clockify.hooks);
    }

    /// How many of Clockify's webhooks get deliveries.
    pub fn clockify_receiving(&self) -> usize {
        self.lock().clockify.receiving()
    }

    /// Two webhooks of another program that were there before all others.
    pub fn plant_clockify_hooks(&self) {
        let mut inner = self.lock();
        for (name, event, days) in [("crm entries", "NEW_TIME_ENTRY", 400), ("crm tags", "NEW_TAG", 399)] {
            inner.clockify.plant_hook(name, event, TimeDelta::days(days));
        }
    }

    /// Makes an entry, rewords it, deletes it, and starts a timer.
    pub fn work_in_clockify(&self) {
        let now = self.now();
        let mut inner = self.lock();
        let token = inner.clockify.token().to_owned();
        let start = stamp(now - TimeDelta::minutes(30));
        let entry = json!({"start": start, "end": stamp(now), "description": "Call with the client"});
        let made = inner.clockify.handle(&by_person(Method::POST, "/time-entries", &entry, &token, now));
        let made: Value = serde_json::from_slice(&made.body).unwrap_or_default();
        if let Some(id) = made["id"].as_str() {
            let path = format!("/time-entries/{id}");
            let mut reworded = entry.clone();
            reworded["description"] = json!("Call with the client, long");
            inner.clockify.handle(&by_person(Method::PUT, &path, &reworded, &token, now));
            inner.clockify.handle(&by_person(Method::DELETE, &path, &Value::Null, &token, now));
        }
        let timer = json!({"start": stamp(now), "description": "Notes of the call"});
        inner.clockify.handle(&by_person(Method::POST, "/time-entries", &timer, &token, now));
        self.dispatch(&mut inner);
    }

    /// Points one of our webhooks elsewhere, lets another tell something else, gives a third another token.
    pub fn drift_in_clockify(&self) {
        self.change_clockify_hooks(|hooks| {
            let token = hooks.new_token();
            for row in hooks.rows.values_mut() {
                match row.event.as_str() {
                    "TIME_ENTRY_UPDATED" => "https://crm.example.com/in".clone_into(&mut row.url),
                    "TIME_ENTRY_DELETED" => {
                        (row.event, row.name) = ("NEW_PROJECT".to_owned(), "projects".to_owned());
                    }
                    "NEW_TIME_ENTRY" => token.clone_into(&mut row.token),
                    _ => {}
                }
            }
        });
    }

    /// Rewords the newest finished entry in Clockify; its id, if there is one.
    pub fn edit_in_clockify(&self, description: &str) -> Option<String> {
        let now = self.now();
        let mut inner = self.lock();
        let mut entry = newest_finished(&inner.clockify.state())?;
        let id = entry["id"].as_str()?.to_owned();
        entry["description"] = json!(description);
        let call = put(&id, &entry, inner.clockify.token(), now);
        let reply = inner.clockify.handle(&call);
        self.dispatch(&mut inner);
        reply.status.is_success().then_some(id)
    }
}

fn newest_finished(state: &Value) -> Option<Value> {
    let rows = state["entries"].as_array()?;
    rows.iter().rev().find(|row| !row["timeInterval"]["end"].is_null()).cloned()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A call of the web page.
fn by_person(method: Method, path: &str, body: &Value, token: &str, now: DateTime<Utc>) -> Call {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Call {
        method,
        path: format!("/workspaces/{WORKSPACE_ID}{path}"),
        query: Vec::new(),
        headers: vec![("x-api-key".to_owned(), token.to_owned())],
        body: Bytes::from(body),
        person: true,
        now,
    }
}

/// The replacement of an entry by itself, as the web page sends it.
fn put(id: &str, entry: &Value, token: &str, now: DateTime<Utc>) -> Call {
    let body = json!({
        "start": entry["timeInterval"]["start"],
        "end": entry["timeInterval"]["end"],
        "description": entry["description"],
        "billable": entry["billable"],
        "projectId": entry["projectId"],
        "taskId": entry["taskId"],
        "tagIds": entry["tagIds"],
    });
    Call {
        method: Method::PUT,
        path: format!("/workspaces/{WORKSPACE_ID}/time-entries/{id}"),
        query: Vec::new(),
        headers: vec![("x-api-key".to_owned(), token.to_owned())],
        body: Bytes::from(body.to_string()),
        person: true,
        now,
    }
}
