//! An incident: what was wrong, since when, what was done about it, and what it cost.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::Account;
use super::id::RemoteId;

/// Lines of a timeline; the first ones and the newest stay.
const STEPS: usize = 60;

/// Something that was wrong, kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number, from 1.
    pub id: u64,
    /// `subscription disabled`, `subscription silent`, …
    pub kind: String,
    /// The account and the subscription, if it is about one.
    pub subscription: Option<(Account, RemoteId)>,
    /// When it was found.
    pub opened_at: DateTime<Utc>,
    /// When it began, where the service tells.
    #[serde(default)]
    pub began_at: Option<DateTime<Utc>>,
    /// End.
    pub closed_at: Option<DateTime<Utc>>,
    /// In words: `HTTP 502 ×3`.
    pub cause: String,
    /// Entries that reading recovered.
    pub recovered: u32,
    /// Requests spent.
    pub requests: u32,
    /// What was done, oldest first.
    pub steps: Vec<Step>,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: DateTime<Utc>,
    /// `evidence`, `probe`, `enable`, `ping`, `confirm`, `gap-fill`, …
    pub what: String,
    /// The outcome in words.
    pub answer: String,
    /// Requests it took.
    pub requests: u32,
}

impl Incident {
    /// A new one.
    pub fn open(
        id: u64,
        kind: &str,
        subscription: Option<(Account, RemoteId)>,
        cause: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            subscription,
            opened_at: now,
            began_at: None,
            closed_at: None,
            cause: cause.to_owned(),
            recovered: 0,
            requests: 0,
            steps: Vec::new(),
        }
    }

    /// Adds a line. A line that repeats the one before replaces it, so that waiting fills no timeline.
    pub fn step(&mut self, what: &str, answer: &str, requests: u32, now: DateTime<Utc>) {
        self.requests += requests;
        if let Some(last) = self.steps.last_mut()
            && last.what == what
            && last.answer == answer
        {
            last.at = now;
            last.requests += requests;
            return;
        }
        if self.steps.len() >= STEPS {
            self.steps.remove(STEPS / 2);
        }
        self.steps.push(Step { at: now, what: what.to_owned(), answer: answer.to_owned(), requests });
    }

    /// Ends it.
    pub fn close(&mut self, now: DateTime<Utc>) {
        self.closed_at.get_or_insert(now);
    }

    /// Whether it goes on.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_stays_short_and_counts_every_request() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let mut incident = Incident::open(1, "subscription disabled", None, "unknown", now);
        for n in 0..200 {
            incident.step("enable", &format!("refused {n}"), 1, now);
            incident.step("probe", "HTTP 502", 0, now);
            incident.step("probe", "HTTP 502", 0, now);
        }
        assert_eq!(incident.requests, 200);
        assert!(incident.steps.len() <= STEPS);
        assert_eq!(incident.steps.first().map(|s| s.answer.as_str()), Some("refused 0"));
        assert_eq!(incident.steps.last().map(|s| s.what.as_str()), Some("probe"));
        incident.close(now);
        assert!(!incident.is_open());
    }
}
