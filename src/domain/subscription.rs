//! A webhook subscription as the ledger holds it, and its state in words.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::drift::Drift;
use super::guard_rights::Voices;
use super::health::{SubState, Wanted};
use super::id::RemoteId;

/// A check older than this no longer says what is.
pub const STALE: TimeDelta = TimeDelta::minutes(90);
/// Columns of the sparkline, two hours each.
const COLUMNS: usize = 12;

/// What the service listed, and what we know beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id.
    pub id: RemoteId,
    /// Its name.
    pub description: String,
    /// Its address.
    pub url: String,
    /// Filters as `time_entry *`.
    pub filters: Vec<String>,
    /// Switched on.
    pub enabled: bool,
    /// The handshake succeeded.
    pub validated: bool,
    /// Events wait.
    pub pending: bool,
    /// Made by which user.
    pub creator: RemoteId,
    /// The service's time of the last change.
    pub updated_at: Option<DateTime<Utc>>,
    /// The service's time of the creation.
    pub created_at: Option<DateTime<Utc>>,
    /// Made or adopted here.
    pub ours: bool,
    /// What is wanted.
    pub wanted: Wanted,
    /// When it was last listed (our clock).
    pub checked_at: DateTime<Utc>,
    /// Since when its state is as it is (our clock).
    pub since: DateTime<Utc>,
    /// Checks in a row that saw `pending`.
    pub pending_checks: u32,
    /// When a check last saw it enabled (our clock).
    pub seen_enabled_at: Option<DateTime<Utc>>,
    /// When we enabled it last (our clock).
    pub enabled_at: Option<DateTime<Utc>>,
    /// The last verified delivery that was an event (our clock).
    pub last_delivery_at: Option<DateTime<Utc>>,
    /// When the newest delivered event happened (the service's clock).
    #[serde(default)]
    pub last_event_at: Option<DateTime<Utc>>,
    /// The last verified PING (our clock).
    pub last_ping_at: Option<DateTime<Utc>>,
    /// Reading shows changes that no delivery announced.
    pub silent: bool,
    /// Fields that somebody changed at the service.
    #[serde(default)]
    pub drift: Vec<Drift>,
    /// The last call of the service that is known to have failed (its clock, or ours where it tells none).
    #[serde(default)]
    pub last_bad_at: Option<DateTime<Utc>>,
    /// Calls known to have failed since the last good one.
    #[serde(default)]
    pub failures: u32,
    /// Whose changes came lately.
    #[serde(default)]
    pub voices: Voices,
    /// Who disabled it, in words.
    pub cause: String,
    /// Deliveries by two hours of the clock: (hours since 1970 / 2, count), oldest first.
    pub recent: Vec<(i64, u32)>,
    /// The newest latencies in milliseconds.
    pub latencies: Vec<u32>,
}

impl Subscription {
    /// The state in words at `now`.
    pub fn state(&self, now: DateTime<Utc>) -> SubState {
        if now - self.checked_at > STALE {
            return SubState::Unknown;
        }
        if !self.enabled {
            SubState::Disabled
        } else if !self.validated {
            SubState::NotValidated
        } else if !self.drift.is_empty() {
            SubState::Drifted
        } else if self.silent {
            SubState::Silent
        } else if self.pending && self.pending_checks >= 2 {
            SubState::Pending
        } else {
            SubState::Active
        }
    }

    /// Notes a verified event.
    pub fn delivered(&mut self, created_at: DateTime<Utc>, now: DateTime<Utc>) {
        self.last_delivery_at = Some(now);
        self.last_event_at = self.last_event_at.max(Some(created_at));
        self.silent = false;
        self.failures = 0;
        note(&mut self.recent, now);
        self.latencies.push((now - created_at).num_milliseconds().clamp(0, 3_600_000) as u32);
        let extra = self.latencies.len().saturating_sub(31);
        self.latencies.drain(..extra);
    }

    /// Notes whose change was delivered.
    pub fn heard(&mut self, user: &RemoteId) {
        self.voices.heard(*user == self.creator);
    }

    /// Deliveries of the last 24 hours, a value for two hours each, oldest first.
    pub fn spark(&self, now: DateTime<Utc>) -> Vec<u32> {
        columns(&self.recent, now)
    }

    /// Notes a call of the service that failed.
    pub fn failed(&mut self, at: DateTime<Utc>, times: u32) {
        self.last_bad_at = self.last_bad_at.max(Some(at));
        self.failures = self.failures.saturating_add(times);
    }

    /// The newest latencies in tenths of a second, oldest first, as many as the other sparkline has columns.
    pub fn latency_spark(&self) -> Vec<u32> {
        let skip = self.latencies.len().saturating_sub(COLUMNS);
        self.latencies.iter().skip(skip).map(|ms| ms.div_ceil(100)).collect()
    }

    /// Median latency in seconds.
    pub fn latency_s(&self) -> Option<f64> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).map(|ms| f64::from(*ms) / 1_000.0)
    }
}

/// Counts a delivery in its column: two hours, numbered since 1970.
pub(super) fn note(recent: &mut Vec<(i64, u32)>, now: DateTime<Utc>) {
    let slot = now.timestamp() / 7_200;
    match recent.last_mut() {
        Some((s, n)) if *s == slot => *n += 1,
        _ => recent.push((slot, 1)),
    }
    recent.retain(|(s, _)| *s > slot - COLUMNS as i64);
}

/// All columns of the last 24 hours, oldest first.
pub(super) fn columns(recent: &[(i64, u32)], now: DateTime<Utc>) -> Vec<u32> {
    let slot = now.timestamp() / 7_200;
    let counted = |s: i64| recent.iter().find(|(r, _)| *r == s).map_or(0, |(_, n)| *n);
    (slot - (COLUMNS as i64 - 1)..=slot).map(counted).collect()
}
