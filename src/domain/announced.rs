//! A delivery of the source in parsed form: what it announces.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::catalogue::{Item, Kind};
use super::id::RemoteId;
use super::read::SourceRead;

/// What happened to the entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Created,
    /// It changed.
    Updated,
    /// It is gone.
    Deleted,
}

/// What the delivery is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The service checks the address.
    Ping {
        /// The code to echo, while the subscription is not validated.
        code: Option<String>,
    },
    /// A time entry; without `read` only its id is known.
    Entry {
        /// Its id.
        id: RemoteId,
        /// Its state, when the payload has one that can be used.
        read: Option<SourceRead>,
    },
    /// A project, client, tag or user; without `item` only its id is known.
    Item {
        /// Which kind.
        kind: Kind,
        /// Its id.
        id: RemoteId,
        /// Its state, when the payload has one.
        item: Option<Item>,
    },
    /// An entity kind that is not used here (task, workspace, …).
    Other {
        /// The model's name.
        model: String,
    },
}

/// A parsed delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The subscription that the body names.
    pub subscription: RemoteId,
    /// 0 for a PING, else unique per event.
    pub event_id: u64,
    /// When the event happened at the service.
    pub created_at: DateTime<Utc>,
    /// The action, absent for a PING.
    pub action: Option<Action>,
    /// The workspace the event belongs to, when named.
    pub workspace: Option<RemoteId>,
    /// Who acted, when named.
    pub user: Option<RemoteId>,
    /// What it is about.
    pub about: About,
    /// A digest of entity, action and canonical payload, for content-level de-duplication (stable over key order).
    pub digest: u64,
}
