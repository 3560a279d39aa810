//! Changes as events: metadata, payload, visibility, the envelope and its signature.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::deliveries::{Event, Subscription};
use super::form::nanos;
use super::{Api, DeletedPayload, Toggl};
use crate::simulator::call::Call;
use crate::simulator::deliver::Outgoing;

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// A time entry.
    TimeEntry,
    /// A project.
    Project,
    /// A client.
    Client,
    /// A tag.
    Tag,
    /// A task.
    Task,
}

impl Model {
    /// The name in filters and metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::TimeEntry => "time_entry",
            Self::Project => "project",
            Self::Client => "client",
            Self::Tag => "tag",
            Self::Task => "task",
        }
    }
}

/// What happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Created,
    /// It is different.
    Updated,
    /// It is gone.
    Deleted,
}

impl Action {
    /// The name in filters and metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// One change, noted by the call that made it and announced when the call is over.
#[derive(Debug)]
pub struct Change {
    model: Model,
    action: Action,
    workspace: i64,
    id: i64,
    payload: Value,
}

impl Toggl {
    /// Notes a change.
    pub(super) fn changed(&mut self, model: Model, action: Action, workspace: i64, id: i64, payload: Value) {
        let payload = match (action, self.habits.deleted_payload) {
            (Action::Deleted, DeletedPayload::Id) => json!({ "id": id }),
            (Action::Deleted, DeletedPayload::Null) => Value::Null,
            _ => payload,
        };
        self.changes.push(Change { model, action, workspace, id, payload });
    }

    /// Turns the noted changes into events of every subscription that wants and may see them.
    pub(super) fn announce(&mut self, api: Api, call: &Call, actor: i64) {
        for change in std::mem::take(&mut self.changes) {
            let metadata = self.metadata(&change, api, call, actor);
            let takers: Vec<i64> = self
                .hooks
                .subscriptions
                .values()
                .filter(|row| row.receives() && row.workspace == change.workspace)
                .filter(|row| {
                    row.wants(change.model.name(), change.action.name()) && self.may_see(row, &change)
                })
                .map(|row| row.id)
                .collect();
            for subscription in takers {
                let (event_id, created) = self.hooks.next_event(&mut self.rng, call.now);
                let (metadata, payload) = (metadata.clone(), change.payload.clone());
                self.hooks.enqueue(Event::new(event_id, created, actor, metadata, payload, subscription));
            }
        }
    }

    /// Administrators see everything; others their own time entries and what is not private.
    fn may_see(&self, row: &Subscription, change: &Change) -> bool {
        if self.is_admin(row.user) {
            return true;
        }
        match change.model {
            Model::TimeEntry => self.book.entries.get(&change.id).is_some_and(|entry| entry.user == row.user),
            Model::Project => !self.is_private(Some(change.id)),
            Model::Task => !self.is_private(self.book.tasks.get(&change.id).map(|task| task.project)),
            Model::Client | Model::Tag => true,
        }
    }

    fn is_private(&self, project: Option<i64>) -> bool {
        project.and_then(|id| self.book.projects.get(&id)).is_some_and(|row| row.private)
    }

    /// All values are text, whatever they mean; keys that do not apply are absent.
    fn metadata(&self, change: &Change, api: Api, call: &Call, actor: i64) -> Value {
        let mut out: BTreeMap<String, String> = BTreeMap::new();
        out.insert("action".into(), change.action.name().into());
        out.insert("event_user_id".into(), actor.to_string());
        out.insert("model".into(), change.model.name().into());
        out.insert("path".into(), format!("{}{}", api.base(), call.path));
        out.insert("request_type".into(), call.method.to_string());
        out.insert("request_body".into(), String::from_utf8_lossy(&call.body).into_owned());
        out.insert("workspace_id".into(), change.workspace.to_string());
        out.insert(format!("{}_id", change.model.name()), change.id.to_string());
        let (owner, project) = match change.model {
            Model::TimeEntry => {
                let entry = self.book.entries.get(&change.id);
                (entry.map(|entry| entry.user), entry.and_then(|entry| entry.project))
            }
            Model::Project => (Some(actor), Some(change.id)),
            Model::Task => (None, self.book.tasks.get(&change.id).map(|task| task.project)),
            Model::Client | Model::Tag => (None, None),
        };
        if let Some(owner) = owner {
            out.insert("model_owner_id".into(), owner.to_string());
        }
        if let Some(project) = project {
            out.insert("project_id".into(), project.to_string());
            out.insert("project_is_private".into(), self.is_private(Some(project)).to_string());
        }
        json!(out)
    }
}

/// The body of an event, byte for byte as it is signed.
pub fn event_body(event: &Event, url: &str, now: DateTime<Utc>) -> String {
    json!({
        "event_id": event.id, "created_at": super::form::millis(event.created), "creator_id": event.creator,
        "metadata": event.metadata, "payload": event.payload, "subscription_id": event.subscription,
        "timestamp": nanos(now), "url_callback": url,
    })
    .to_string()
}

/// The body of a PING; numbers in its metadata, and a code only while the address is not validated.
pub fn ping_body(row: &Subscription, webhooks_url: &str, now: DateTime<Utc>) -> String {
    let mut out = json!({
        "event_id": 0, "created_at": nanos(now), "creator_id": row.user,
        "metadata": {"request_type": "POST", "event_user_id": row.user}, "payload": "ping",
        "subscription_id": row.id, "timestamp": nanos(now), "url_callback": row.url,
    });
    if let (None, Value::Object(map)) = (row.validated, &mut out) {
        let url = format!("{webhooks_url}/validate/{}/{}/{}", row.workspace, row.id, row.code);
        map.insert("validation_code".into(), row.code.clone().into());
        map.insert("validation_code_url".into(), url.into());
    }
    out.to_string()
}

/// The header that carries the signature.
const SIGNATURE: &str = "X-Webhook-Signature-256";

/// A signed body for a callback.
pub fn signed(url: &str, secret: &str, body: String) -> Outgoing {
    let signature = sign(secret, body.as_bytes());
    Outgoing {
        url: url.to_owned(),
        headers: vec![("Content-Type".into(), "application/json".into()), (SIGNATURE.into(), signature)],
        body: Bytes::from(body),
    }
}

/// Turns the signature into a wrong one of the same shape.
pub fn spoil(outgoing: &mut Outgoing) {
    let wrong = sign("not the secret", &outgoing.body);
    for (_, value) in outgoing.headers.iter_mut().filter(|(name, _)| name == SIGNATURE) {
        value.clone_from(&wrong);
    }
}

/// `sha256=` and the lower-case hex HMAC-SHA256 of the raw body under the secret.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let digest = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            mac.finalize().into_bytes().to_vec()
        }
        // HMAC takes keys of any length; an empty digest verifies nowhere.
        Err(_) => Vec::new(),
    };
    digest.iter().fold(String::from("sha256="), |text, byte| text + &format!("{byte:02x}"))
}

/// An event of the delivery history.
pub fn history_row(event: &Event) -> Map<String, Value> {
    let row = json!({
        "event_id": event.id, "created_at": super::form::millis(event.created), "creator_id": event.creator,
        "metadata": event.metadata, "payload": event.payload, "consumer_id": event.subscription,
        "last_delivery_attempt": event.attempted.map(super::form::micros), "last_delivery_error": event.error,
        "failed_delivery_attempts": event.failed,
    });
    match row {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "PGuRrhCFajIyEvFlreKL";

    #[test]
    fn signs_as_the_published_vectors() {
        let body = r#"{"event_id":0,"created_at":"2022-06-25T03:58:10.207820267Z","creator_id":6,"metadata":{"request_type":"POST","event_user_id":6},"payload":"ping","subscription_id":6,"timestamp":"2022-06-25T03:58:10.207820267Z","url_callback":"https://callback-url.com"}"#;
        assert_eq!(
            sign(SECRET, body.as_bytes()),
            "sha256=bf829606cda0ca6923defb5ca70a43135adc7e8887486a201a19cb50ca6006b1"
        );
        let older = r#"{"event_id":0,"created_at":"2022-06-25T03:58:10.207820267Z","creator_id":6,"metadata":{"request_type":"POST","event_user_id":6},"payload":"ping","subscription_id":6}"#;
        assert_eq!(
            sign(SECRET, older.as_bytes()),
            "sha256=55343383e52a9cd2f56bd4e9fb5b6ce6982fb45955f26ea816cf7495d98c5fd2"
        );
    }
}
