//! The ledger of incidents as the door carries it: one line each, whatever became of the subscription it was about.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::id::Account;

/// One incident of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRow {
    /// Its number.
    pub id: u64,
    /// `subscription disabled`, `webhook deliveries failed` …
    pub kind: String,
    /// The account it was about, if one.
    pub account: Option<Account>,
    /// That account's short tag and the name of what it was about, as far as that is known still.
    pub about: String,
    /// When it was found.
    pub opened_at: DateTime<Utc>,
    /// When it began, where the service tells.
    pub began_at: Option<DateTime<Utc>>,
    /// End.
    pub closed_at: Option<DateTime<Utc>>,
    /// `HTTP 502 ×3`.
    pub cause: String,
    /// Entries or deliveries recovered.
    pub recovered: u32,
    /// Requests spent.
    pub requests: u32,
    /// The newest line of its timeline, in words.
    pub last: String,
}

impl IncidentRow {
    /// When it began, as far as is known.
    pub fn from(&self) -> DateTime<Utc> {
        self.began_at.unwrap_or(self.opened_at)
    }

    /// What was wrong, without what the pane says anyway.
    pub fn what(&self) -> &str {
        self.kind.strip_prefix("subscription ").unwrap_or(&self.kind)
    }
}
