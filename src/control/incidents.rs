//! Incidents as the door carries them: with their timeline, and one line each in the ledger, whatever became of the
//! subscription it was about.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::id::Account;
use crate::domain::incident::Step;

use super::command::SubscriptionRef;

/// A recent incident with its timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentLine {
    /// Its number.
    pub id: u64,
    /// `subscription disabled`, `subscription silent`, `cache rebuilt` …
    pub kind: String,
    /// The subscription, if one.
    pub subscription: Option<SubscriptionRef>,
    /// When it was found.
    pub opened_at: DateTime<Utc>,
    /// When it began, where the service tells.
    #[serde(default)]
    pub began_at: Option<DateTime<Utc>>,
    /// End.
    pub closed_at: Option<DateTime<Utc>>,
    /// `HTTP 502 ×3`.
    pub cause: String,
    /// Entries recovered.
    pub recovered: u32,
    /// Requests spent.
    pub requests: u32,
    /// What was done, newest last: when, what, answer, requests.
    pub timeline: Vec<Step>,
}

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

impl IncidentLine {
    /// When it began, as far as is known.
    pub fn from(&self) -> DateTime<Utc> {
        self.began_at.unwrap_or(self.opened_at)
    }
}

impl IncidentRow {
    /// When it began, as far as is known.
    pub fn from(&self) -> DateTime<Utc> {
        self.began_at.unwrap_or(self.opened_at)
    }

    /// What was wrong, without what the pane says anyway.
    pub fn what(&self) -> &str {
        of_subscription(&self.kind).unwrap_or(&self.kind)
    }
}

/// What is wrong with a subscription, by the kind of an incident that is about one.
pub fn of_subscription(kind: &str) -> Option<&str> {
    kind.strip_prefix("subscription ")
}
