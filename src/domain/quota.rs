//! Request quotas: buckets, windows, and whether a call may leave now.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The name of a quota bucket, `org:6660001`, `user:5550001`, `workspace:64f0…`; unique per account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BucketName(pub String);

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who asks for a request. The order is the priority, highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A key press.
    Person,
    /// Mending a webhook subscription.
    Repair,
    /// An outgoing change.
    Sync,
    /// Reading after an outage.
    Gapfill,
    /// A chosen range of history.
    Backfill,
    /// Regular checks.
    Health,
}

impl Cause {
    /// The word in the ledger of requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "you",
            Self::Repair => "repair",
            Self::Sync => "sync",
            Self::Gapfill => "gap-fill",
            Self::Backfill => "backfill",
            Self::Health => "health",
        }
    }
}

/// Where the number of a meter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The service said so in a header.
    Header,
    /// Our own count.
    Estimate,
}

/// How a service counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// Anchored at the first call, then reset as a whole (Toggl: 60 minutes).
    Anchored,
    /// Each call frees its place when it is older than the window (Clockify Free: 60 minutes).
    Rolling,
}

/// The length of an hourly window.
pub const HOUR: TimeDelta = TimeDelta::hours(1);

/// One bucket's state. `calls` are our own spends inside the window, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Requests an hour; `None` when the plan has no hourly limit.
    pub limit: Option<u32>,
    /// How the window moves.
    pub window: Window,
    /// Our own calls in the window, with their cause.
    pub calls: Vec<(DateTime<Utc>, Cause)>,
    /// The last number the service gave: left, and when.
    pub told: Option<(u32, DateTime<Utc>)>,
    /// When the window resets, if known.
    pub resets_at: Option<DateTime<Utc>>,
    /// Spent by other programs in this window, as far as headers show.
    pub others: u32,
    /// The service refused for quota; nothing leaves before this.
    pub dry_until: Option<DateTime<Utc>>,
}
