//! Every default that a person may set, in one place.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// What to do in a target when an entry is deleted at the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDelete {
    /// Leave it as it is.
    Keep,
    /// Keep it for the audit: not billable, tagged `deleted in Toggl`.
    #[default]
    Retire,
    /// Delete it there too.
    Delete,
}

/// When the guardian may enable a disabled subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reenable {
    /// Only with evidence that the service disabled it.
    #[default]
    Evidence,
    /// Whenever it is found disabled.
    Always,
    /// Never by itself.
    Never,
}

/// Limits and waits. `0` switches a brake off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// More target entries than this retired, deleted or moved by one cause are held as one decision.
    pub hold_changes: u32,
    /// More deletions than this announced within ten minutes are held as one decision.
    pub hold_deletions: u32,
    /// Percent of an hourly bucket kept for the person.
    pub reserve_person: u32,
    /// Percent of an hourly bucket kept for mending webhooks.
    pub reserve_repair: u32,
    /// Days that a change made here can be undone.
    pub undo_days: u32,
    /// Days that dead letters are kept.
    pub dead_letter_days: u32,
    /// Seconds between checks of a subscription on a paid plan.
    pub check_every_s: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            hold_changes: 20,
            hold_deletions: 100,
            reserve_person: 20,
            reserve_repair: 10,
            undo_days: 30,
            dead_letter_days: 90,
            check_every_s: 300,
        }
    }
}

/// Requests an hour that Toggl's plans allow an organization; a user's own bucket is as large as the first.
pub const TOGGL_SIZES: [u32; 3] = [30, 240, 600];
/// The tag that marks a retired entry in Clockify.
pub const RETIRED_TAG: &str = "deleted in Toggl";
/// First and second look-up after a call whose answer is unknown.
pub const LOOKUPS: [TimeDelta; 2] = [TimeDelta::seconds(2), TimeDelta::seconds(10)];
/// How long a `(subscription, event)` mark is remembered.
pub const SEEN: TimeDelta = TimeDelta::days(8);
/// How long a tombstone is remembered.
pub const TOMBSTONE: TimeDelta = TimeDelta::days(100);
