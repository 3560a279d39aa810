//! The webhooks of a target as the ledger holds them, and their state in words.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::clockify_hook::{Event, Flags, State};
use super::drift::Drift;
use super::health::{SubState, Wanted};
use super::hook_drift;
use super::id::RemoteId;
use super::subscription::{columns, note};

/// Attempts of the service's log that are kept.
pub const LOG_LINES: usize = 20;

/// A webhook as it was listed last, and what is known beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHook {
    /// Its id.
    pub id: RemoteId,
    /// The event it tells.
    pub event: Event,
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Its three switches.
    pub flags: Flags,
    /// It delivers to us.
    pub ours: bool,
    /// What is wanted.
    pub wanted: Wanted,
    /// The plan has room for other events before this one.
    pub spare: bool,
    /// When it was listed last (our clock).
    pub checked_at: DateTime<Utc>,
    /// Since when its state is as it is (our clock).
    pub since: DateTime<Utc>,
    /// The last verified delivery (our clock).
    pub last_delivery_at: Option<DateTime<Utc>>,
    /// The last attempt that is known to have failed (the service's clock).
    pub last_bad_at: Option<DateTime<Utc>>,
    /// Deliveries by two hours of the clock: (hours since 1970 / 2, count), oldest first.
    pub recent: Vec<(i64, u32)>,
    /// What the service's log told when it was read last.
    pub log: Option<Told>,
    /// Fields that somebody changed at the service.
    #[serde(default)]
    pub drift: Vec<Drift>,
    /// When its token was kept last (our clock).
    #[serde(default)]
    pub token_at: Option<DateTime<Utc>>,
}

/// What the log of seven days told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When it was read (our clock).
    pub at: DateTime<Utc>,
    /// Attempts answered with success.
    pub good: u32,
    /// The others.
    pub bad: u32,
    /// Those that the service still tries again, with the tries of each after the first.
    #[serde(default)]
    pub retrying: Vec<u32>,
    /// There is more than was read.
    pub more: bool,
    /// The newest attempts, newest first: when, and the answer in words.
    pub lines: Vec<(DateTime<Utc>, String)>,
}

impl Told {
    /// In one sentence.
    pub fn say(&self) -> String {
        let of = if self.more { "the newest attempts of 7 days" } else { "7 days" };
        let retrying = match (self.retrying.len(), self.retrying.iter().max()) {
            (0, _) | (_, None) => ", none is being retried".to_owned(),
            (1, Some(tries)) => format!(", 1 is being retried (retries so far: {tries})"),
            (some, Some(tries)) => format!(", {some} are being retried (retries so far: up to {tries})"),
        };
        format!("{of}: {} delivered, {} failed{retrying}", self.good, self.bad)
    }
}

impl TargetHook {
    /// The state in words at `now`; a look or a delivery older than `fresh` no longer says what is.
    pub fn state(&self, now: DateTime<Utc>, fresh: TimeDelta) -> SubState {
        match self.flags.state() {
            State::Active if !self.drift.is_empty() => SubState::Drifted,
            State::Active if now - self.known_at() > fresh => SubState::Unknown,
            State::Active => SubState::Active,
            State::DisabledByFailures => SubState::DisabledByFailures,
            State::DisabledByPlan => SubState::DisabledByPlan,
            State::Off => SubState::Off,
        }
    }

    /// Its deliveries are believed here, as far as is known.
    pub fn tells(&self) -> bool {
        let away = |drift: &Drift| drift.field != hook_drift::NAME;
        self.ours && self.flags.state() == State::Active && !self.drift.iter().any(away)
    }

    /// When it was last known to be as it is: a delivery says as much as a list.
    pub fn known_at(&self) -> DateTime<Utc> {
        self.last_delivery_at.map_or(self.checked_at, |at| at.max(self.checked_at))
    }

    /// Notes a verified delivery, which also shows that it is on.
    pub fn delivered(&mut self, now: DateTime<Utc>) {
        self.last_delivery_at = Some(now);
        if self.flags.state() != State::Active {
            self.flags = Flags { enabled: true, delivery: true, plan: true };
            (self.since, self.wanted) = (now, Wanted::Enabled);
        }
        note(&mut self.recent, now);
    }

    /// Deliveries of the last 24 hours, a value for two hours each, oldest first.
    pub fn spark(&self, now: DateTime<Utc>) -> Vec<u32> {
        columns(&self.recent, now)
    }
}

/// How long a look at the list stays good: the workspace has thirty requests an hour on Free.
pub fn interval(free: bool) -> TimeDelta {
    if free { TimeDelta::hours(24) } else { TimeDelta::minutes(5) }
}

/// Something that happened shows what a list would say: not more often than this on Free.
pub const ON_EVIDENCE: TimeDelta = TimeDelta::hours(1);

/// Removed twice within this time, a webhook is not made again.
pub const INSISTS: TimeDelta = TimeDelta::hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_says_as_much_as_a_list() {
        let at = |s: i64| DateTime::from_timestamp(1_772_442_000 + s, 0).unwrap();
        let mut row = TargetHook {
            id: "1".into(),
            event: Event::EntryUpdated,
            name: "hourwire 0f1e updated".into(),
            url: "https://hooks.example.test/hooks/a".into(),
            flags: Flags { enabled: true, delivery: true, plan: true },
            ours: true,
            wanted: Wanted::Enabled,
            spare: false,
            checked_at: at(0),
            since: at(0),
            last_delivery_at: None,
            last_bad_at: None,
            recent: Vec::new(),
            log: None,
            drift: Vec::new(),
            token_at: None,
        };
        let fresh = TimeDelta::hours(1);
        assert_eq!(row.state(at(3_600), fresh), SubState::Active);
        assert_eq!(row.state(at(3_601), fresh), SubState::Unknown);
        row.delivered(at(3_000));
        assert_eq!(row.state(at(6_000), fresh), SubState::Active);
        assert_eq!(row.spark(at(6_000)).iter().sum::<u32>(), 1);
        row.flags.plan = false;
        assert_eq!(row.state(at(99_000), fresh), SubState::DisabledByPlan);
        row.flags.plan = true;
        row.drift =
            vec![Drift { field: "name".into(), ours: "hourwire 0f1e updated".into(), theirs: "x".into() }];
        assert_eq!((row.state(at(99_000), fresh), row.tells()), (SubState::Drifted, true));
        row.drift[0].field = "address".into();
        assert!(!row.tells());
    }
}
