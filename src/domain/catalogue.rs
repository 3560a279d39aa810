//! Projects, clients, tags and users of an account, source or target alike.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::RemoteId;

/// The kinds of catalogue entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A project.
    Project,
    /// A client.
    Client,
    /// A tag.
    Tag,
    /// A person.
    User,
}

impl Kind {
    /// The singular, lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Client => "client",
            Self::Tag => "tag",
            Self::User => "user",
        }
    }
}

/// One catalogue entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its id at its account.
    pub id: RemoteId,
    /// Its name, as the service writes it (not cleaned for a terminal).
    pub name: String,
    /// The client of a project.
    pub client: Option<RemoteId>,
    /// The e-mail of a user.
    pub email: Option<String>,
    /// `#rrggbb` of a project.
    pub color: Option<String>,
    /// Whether a project is billable by default.
    pub billable: bool,
    /// Archived, inactive or deactivated.
    pub archived: bool,
    /// When the service says it changed last, if it says so.
    pub at: Option<DateTime<Utc>>,
    /// Deleted at the service (a tombstone).
    pub deleted: bool,
}

impl Item {
    /// A plain item of a kind, with nothing but id and name.
    pub fn new(kind: Kind, id: impl Into<RemoteId>, name: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
            name: name.into(),
            client: None,
            email: None,
            color: None,
            billable: false,
            archived: false,
            at: None,
            deleted: false,
        }
    }
}
