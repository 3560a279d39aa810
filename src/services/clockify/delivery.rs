//! Parses the body of a Clockify delivery: the flat entity, hydrated, without an event name (reference/clockify.md 8.6).
//!
//! The token is not checked here, and nothing is decided: what cannot be parsed is a dead letter for the caller.

use serde_json::{Value, json};

use super::{catalogue, entry};
use crate::domain::announced::Action;
use crate::domain::clockify_hook::{Event, News, Subject};
use crate::domain::id::RemoteId;
use crate::services::delivered;
use crate::services::loose::id_at;

pub use crate::services::delivered::NotUnderstood;

/// The header that names the event.
pub const EVENT_HEADER: &str = "clockify-webhook-event-type";
/// The header that carries the webhook's token, verbatim.
pub const TOKEN_HEADER: &str = "clockify-signature";

/// Parses one delivery; `event` is what [`EVENT_HEADER`] says.
pub fn parse(event: &str, body: &[u8]) -> Result<News, NotUnderstood> {
    let event = Event::of(event.trim());
    let body = delivered::object(body)?;
    let workspace = id_at(&body, &["workspaceId"]);
    let id = id_at(&body, &["id", "_id"]);
    let digest = digest(&event, workspace.as_ref(), id.as_ref(), &body);
    let needed = || id.clone().ok_or(NotUnderstood::Lacks("entity id"));
    let subject = match &event {
        Event::Other(_) => Subject::Other { id },
        Event::Item(kind, action) => {
            let mut item = catalogue::item(*kind, &body).ok().filter(|item| !item.name.is_empty());
            if let Some(item) = &mut item {
                item.deleted |= *action == Action::Deleted;
            }
            Subject::Item { kind: *kind, id: needed()?, item }
        }
        _ => Subject::Entry { id: needed()?, read: entry::read(body).ok() },
    };
    Ok(News { event, workspace, subject, digest })
}

fn digest(event: &Event, workspace: Option<&RemoteId>, id: Option<&RemoteId>, body: &Value) -> u64 {
    let head =
        json!([event.as_str(), workspace.map_or("", RemoteId::as_str), id.map_or("", RemoteId::as_str)]);
    delivered::canonical_digest(&[&head, body])
}
