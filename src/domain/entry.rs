//! A time entry at the source, and the form in which a target is told about it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::id::RemoteId;

/// What a person tracked, as the source holds it. Instants are UTC, whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The source workspace.
    pub workspace: RemoteId,
    /// Who tracked it.
    pub user: RemoteId,
    /// The project, if any.
    pub project: Option<RemoteId>,
    /// Start of work.
    pub start: DateTime<Utc>,
    /// End of work; `None` while the timer runs.
    pub stop: Option<DateTime<Utc>>,
    /// Free text; empty when the source has none.
    pub description: String,
    /// Tag names, sorted, without duplicates.
    pub tags: Vec<String>,
    /// Whether the work is billable.
    pub billable: bool,
}

impl Entry {
    /// A running timer has no stop.
    pub fn is_running(&self) -> bool {
        self.stop.is_none()
    }

    /// Time tracked until `now` for a running timer, else the entry's own length. Never negative.
    pub fn length(&self, now: DateTime<Utc>) -> TimeDelta {
        (self.stop.unwrap_or(now) - self.start).max(TimeDelta::zero())
    }
}

/// An entry as a target shall hold it (or holds it), in the target's own ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetEntry {
    /// The target's user.
    pub user: RemoteId,
    /// The target's project; `None` is an entry without project.
    pub project: Option<RemoteId>,
    /// Start, whole seconds.
    pub start: DateTime<Utc>,
    /// End, whole seconds. Only stopped entries are sent.
    pub stop: DateTime<Utc>,
    /// Description; empty when there is none.
    pub description: String,
    /// Tag names, sorted; the dispatcher turns them into the target's ids.
    pub tags: Vec<String>,
    /// Whether it is billable.
    pub billable: bool,
}

/// Stands before the id of a tag whose name is not known.
const UNNAMED: &str = "id:";

/// The word for a tag whose name is not known.
pub fn unnamed(tag: &RemoteId) -> String {
    format!("{UNNAMED}{tag}")
}

impl TargetEntry {
    /// Whether all tags are known by name.
    pub fn names_its_tags(&self) -> bool {
        !self.tags.iter().any(|tag| tag.starts_with(UNNAMED))
    }
}
