//! A webhook subscription as the ledger holds it, and its state in words.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::health::{SubState, Wanted};
use super::id::RemoteId;

/// A check older than this no longer says what is.
pub const STALE: TimeDelta = TimeDelta::minutes(90);
/// Columns of the sparkline, two hours each.
pub const COLUMNS: usize = 12;

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
        let slot = now.timestamp() / 7_200;
        match self.recent.last_mut() {
            Some((s, n)) if *s == slot => *n += 1,
            _ => self.recent.push((slot, 1)),
        }
        self.recent.retain(|(s, _)| *s > slot - COLUMNS as i64);
        self.latencies.push((now - created_at).num_milliseconds().clamp(0, 3_600_000) as u32);
        let extra = self.latencies.len().saturating_sub(31);
        self.latencies.drain(..extra);
    }

    /// Deliveries of the last 24 hours, a value for two hours each, oldest first.
    pub fn spark(&self, now: DateTime<Utc>) -> Vec<u32> {
        let slot = now.timestamp() / 7_200;
        (0..COLUMNS as i64)
            .map(|i| slot - (COLUMNS as i64 - 1) + i)
            .map(|s| self.recent.iter().find(|(r, _)| *r == s).map_or(0, |(_, n)| *n))
            .collect()
    }

    /// Median latency in seconds.
    pub fn latency_s(&self) -> Option<f64> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).map(|ms| f64::from(*ms) / 1_000.0)
    }
}
