//! What a read of a service returned, in the words of the domain.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::id::RemoteId;

/// A source entry as a read or a delivery shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRead {
    /// The entry's id.
    pub id: RemoteId,
    /// The service's update time, cut to the second.
    pub at: DateTime<Utc>,
    /// Its content; `None` when only the deletion is known.
    pub entry: Option<Entry>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A target's entry as a read or a write's answer shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRead {
    /// Its id there.
    pub id: RemoteId,
    /// Owner.
    pub user: RemoteId,
    /// Project, if any.
    pub project: Option<RemoteId>,
    /// Start, whole seconds.
    pub start: DateTime<Utc>,
    /// End; `None` while it runs.
    pub stop: Option<DateTime<Utc>>,
    /// Description, empty when there is none.
    pub description: String,
    /// Tag ids.
    pub tags: Vec<RemoteId>,
    /// Billable.
    pub billable: bool,
    /// Locked at the target (approved, or before the lock date).
    pub locked: bool,
    /// The full object without secrets, to carry over what is not ours in a replacing write.
    pub raw: serde_json::Value,
}
