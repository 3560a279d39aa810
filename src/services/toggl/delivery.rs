//! Parses a delivery's body into what it announces, in every form that was seen or may come (reference/toggl.md 3, 8).
//!
//! The signature is not checked here, and nothing is decided: what cannot be parsed is a dead letter for the caller.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{entry, workspace};
use crate::domain::announced::{About, Action, Announced};
use crate::domain::catalogue::Kind;
use crate::domain::id::RemoteId;
use crate::domain::read::SourceRead;
use crate::services::delivered;
use crate::services::loose::{id_at, instant_at, text_at, to_the_second};

pub use crate::services::delivered::NotUnderstood;

/// Parses one delivery.
pub fn parse(body: &[u8]) -> Result<Announced, NotUnderstood> {
    let mut envelope = delivered::object(body)?;
    let metadata = match envelope.get_mut("metadata").map(Value::take) {
        Some(Value::Object(map)) => Value::Object(map),
        _ => Value::Object(Map::new()),
    };
    let payload = envelope.get_mut("payload").map_or(Value::Null, Value::take);
    let event_id = event_id(&envelope).ok_or(NotUnderstood::Lacks("event_id"))?;
    let created_at = instant_at(&envelope, "created_at")
        .or_else(|| instant_at(&envelope, "timestamp"))
        .ok_or(NotUnderstood::Lacks("created_at"))?;
    let model = text_at(&metadata, "model").unwrap_or_default();
    let action = text_at(&metadata, "action").map(|word| action(&word));
    let ping = payload.as_str() == Some("ping") || (event_id == 0 && model.is_empty());
    let about = if ping {
        About::Ping { code: text_at(&envelope, "validation_code").filter(|code| !code.is_empty()) }
    } else if model.is_empty() {
        return Err(NotUnderstood::Lacks("model"));
    } else {
        about(model, action, &metadata, &payload, created_at)?
    };
    let content = digest(&about, action, &payload);
    Ok(Announced {
        subscription: id_at(&envelope, &["subscription_id"])
            .ok_or(NotUnderstood::Lacks("subscription_id"))?,
        event_id,
        created_at,
        action: if ping { None } else { action },
        workspace: id_at(&metadata, &["workspace_id"]).or_else(|| id_at(&payload, &["workspace_id", "wid"])),
        user: id_at(&metadata, &["event_user_id"]).or_else(|| id_at(&envelope, &["creator_id"])),
        about,
        digest: content,
    })
}

/// 0 is a PING's; events have up to 64 bits, as a number or as text.
fn event_id(envelope: &Value) -> Option<u64> {
    match envelope.get("event_id")? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A word that the service has added since is a change like another.
fn action(word: &str) -> Action {
    match word {
        "created" => Action::Created,
        "deleted" => Action::Deleted,
        _ => Action::Updated,
    }
}

fn about(
    model: String,
    action: Option<Action>,
    metadata: &Value,
    payload: &Value,
    created_at: DateTime<Utc>,
) -> Result<About, NotUnderstood> {
    let kind = match model.as_str() {
        "time_entry" => None,
        "project" => Some(Kind::Project),
        "client" => Some(Kind::Client),
        "tag" => Some(Kind::Tag),
        _ => return Ok(About::Other { model }),
    };
    let id = entity_id(&model, metadata, payload).ok_or(NotUnderstood::Lacks("entity id"))?;
    let gone = action == Some(Action::Deleted);
    Ok(match kind {
        None => {
            if let Some(part) = entry::nonsense(payload).filter(|_| !gone) {
                return Err(NotUnderstood::Lacks(part));
            }
            About::Entry { read: read(&id, gone, payload, created_at), id }
        }
        Some(kind) => {
            let mut item = workspace::item(kind, payload).ok().filter(|item| !item.name.is_empty());
            if let Some(item) = &mut item {
                item.id = id.clone();
                item.deleted |= gone;
            }
            About::Item { kind, id, item }
        }
    })
}

/// The entity's id: named in the metadata, else in the path of the causing request, else in the payload.
fn entity_id(model: &str, metadata: &Value, payload: &Value) -> Option<RemoteId> {
    id_at(metadata, &[&format!("{model}_id")])
        .or_else(|| text_at(metadata, "path").and_then(|path| id_in_path(model, &path)))
        .or_else(|| id_at(payload, &["id"]))
}

/// The last number of the path, unless it names what the entity lies in: a create's path ends in its collection.
fn id_in_path(model: &str, path: &str) -> Option<RemoteId> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let collection = if model == "time_entry" { "time_entries".to_owned() } else { format!("{model}s") };
    segments.windows(2).rev().find_map(|pair| {
        let number = !pair[1].is_empty() && pair[1].chars().all(|c| c.is_ascii_digit());
        (number && pair[0] == collection).then(|| RemoteId::from(pair[1]))
    })
}

/// The state of an entry. A deletion always gives one, if only with its time: as the full object with or without its
/// deletion time, as a bare id, as nothing.
fn read(id: &RemoteId, gone: bool, payload: &Value, created_at: DateTime<Utc>) -> Option<SourceRead> {
    let happened = to_the_second(created_at);
    let entry = entry::content(payload);
    let told = instant_at(payload, "at").map(to_the_second);
    let deleted_at = entry::deleted(payload).map(to_the_second).or_else(|| gone.then_some(happened));
    if entry.is_none() && deleted_at.is_none() {
        return None;
    }
    // An object unchanged by its deletion has the time of its last edit, which would order the deletion too early.
    let at = told.unwrap_or(happened).max(deleted_at.unwrap_or(DateTime::UNIX_EPOCH));
    Some(SourceRead { id: id.clone(), at, entry, deleted_at })
}

/// The first 64 bits of SHA-256 over entity, action and payload with sorted keys: equal content, equal digest, whatever
/// the key order. A payload alone is not enough: that of a deletion may be null for every entity.
fn digest(about: &About, action: Option<Action>, payload: &Value) -> u64 {
    let (kind, id) = match about {
        About::Ping { .. } => ("ping", ""),
        About::Entry { id, .. } => ("time_entry", id.as_str()),
        About::Item { kind, id, .. } => (kind.as_str(), id.as_str()),
        About::Other { model } => (model.as_str(), ""),
    };
    delivered::canonical_digest(&[&serde_json::json!([kind, id, action]), payload])
}
