//! Subscriptions and what waits for them: queue, attempts, the count of failures, disabling.
//!
//! Attempts are made elsewhere; here it is decided whether one may be made and what its outcome means.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::Value;

use super::Toggl;
use super::envelope::{event_body, signed};
use crate::simulator::deliver::Outgoing;

/// A webhook subscription.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: i64,
    /// Its workspace.
    pub workspace: i64,
    /// Who made it; events follow this person's rights.
    pub user: i64,
    /// Wants events.
    pub enabled: bool,
    /// Unique within the workspace.
    pub description: String,
    /// Pairs of entity and action.
    pub filters: Vec<(String, String)>,
    /// Where events go.
    pub url: String,
    /// Key of the signatures.
    pub secret: String,
    /// When the address proved itself.
    pub validated: Option<DateTime<Utc>>,
    /// The code that a PING carries until then, 32 hex digits.
    pub code: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Last change; disabling is one.
    pub updated: DateTime<Utc>,
    /// Failed attempts in a row.
    pub failures: u32,
    /// True until the create call has been answered.
    pub draft: bool,
}

impl Subscription {
    /// Events flow only when enabled and validated.
    pub fn receives(&self) -> bool {
        self.enabled && self.validated.is_some() && !self.draft
    }

    /// Whether a filter takes this kind of event.
    pub fn wants(&self, entity: &str, action: &str) -> bool {
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        self.filters.iter().any(|(e, a)| fits(e, entity) && fits(a, action))
    }
}

/// An event of one subscription, waiting or attempted.
#[derive(Clone, Debug)]
pub struct Event {
    /// Grows; 16 digits.
    pub id: i64,
    /// Grows with the id; milliseconds.
    pub created: DateTime<Utc>,
    /// The acting person.
    pub creator: i64,
    /// Text values.
    pub metadata: Value,
    /// The entity.
    pub payload: Value,
    /// For whom.
    pub subscription: i64,
    /// Still to be delivered.
    pub waiting: bool,
    /// Failed attempts at this event.
    pub failed: u32,
    /// The last attempt.
    pub attempted: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error: Option<String>,
}

impl Event {
    /// A waiting event.
    pub fn new(
        id: i64,
        created: DateTime<Utc>,
        creator: i64,
        metadata: Value,
        payload: Value,
        subscription: i64,
    ) -> Self {
        let (waiting, failed, attempted, error) = (true, 0, None, None);
        Self { id, created, creator, metadata, payload, subscription, waiting, failed, attempted, error }
    }
}

/// The handle of an event on its way: its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub i64);

/// What the outcome of an attempt means for its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is left to do.
    Over,
    /// Try again; the number of failed attempts so far.
    Again(u32),
}

/// Subscriptions and events of the service.
#[derive(Debug)]
pub struct Hooks {
    /// By id, drafts too.
    pub subscriptions: BTreeMap<i64, Subscription>,
    /// By event id: what waits, and the history of a week.
    pub events: BTreeMap<i64, Event>,
    fresh: Vec<Ticket>,
    last_event: i64,
    last_created: DateTime<Utc>,
    /// Ids are never used twice, not even after a delete.
    pub last_subscription: i64,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            subscriptions: BTreeMap::new(),
            events: BTreeMap::new(),
            fresh: Vec::new(),
            last_event: 7_412_093_355_218_839,
            last_created: DateTime::<Utc>::UNIX_EPOCH,
            last_subscription: 20_416,
        }
    }
}

/// No answer of a callback in this time is a failure.
pub const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// How long attempted events can be listed, and how many at most.
const HISTORY: (TimeDelta, usize) = (TimeDelta::days(7), 20_000);

impl Hooks {
    /// An id and a creation time, both greater than all before.
    pub fn next_event(&mut self, rng: &mut StdRng, now: DateTime<Utc>) -> (i64, DateTime<Utc>) {
        self.last_event += rng.random_range(1..=2048);
        self.last_created = now.trunc_subsecs(3).max(self.last_created + TimeDelta::milliseconds(1));
        (self.last_event, self.last_created)
    }

    /// Puts an event into the queue of its subscription.
    pub fn enqueue(&mut self, event: Event) {
        let horizon = event.created - HISTORY.0;
        self.fresh.push(Ticket(event.id));
        self.events.insert(event.id, event);
        let full = self.events.len() > HISTORY.1;
        while self
            .events
            .first_key_value()
            .is_some_and(|(_, old)| !old.waiting && (full || old.created < horizon))
        {
            self.events.pop_first();
            if full {
                break;
            }
        }
    }

    /// Whether anything waits for a subscription.
    pub fn pending(&self, subscription: i64) -> usize {
        self.events.values().filter(|event| event.waiting && event.subscription == subscription).count()
    }

    /// Forgets what waits for a subscription.
    pub fn forget_all(&mut self, subscription: i64) {
        self.events.retain(|_, event| {
            if event.waiting && event.subscription == subscription {
                event.waiting = false;
                return event.attempted.is_some();
            }
            true
        });
    }

    /// Disables and forgets what waited.
    pub fn disable(&mut self, subscription: i64, now: DateTime<Utc>) {
        if let Some(row) = self.subscriptions.get_mut(&subscription) {
            row.enabled = false;
            row.updated = now;
            row.failures = 0;
        }
        self.forget_all(subscription);
    }
}

impl Toggl {
    /// How many subscriptions receive events.
    pub fn receiving(&self) -> usize {
        self.hooks.subscriptions.values().filter(|row| row.receives()).count()
    }

    /// Makes a person an administrator, or none.
    pub fn set_admin(&mut self, user: i64, is: bool) {
        if let Some(row) = self.book.users.get_mut(&user) {
            row.admin = is;
        }
    }

    /// A subscription of somebody else that is older than all others.
    pub fn plant(&mut self, description: &str, workspace: i64, now: DateTime<Utc>) {
        let id = self.hooks.subscriptions.keys().next().map_or(1, |first| first - 1);
        let row = Subscription {
            id,
            workspace,
            user: super::OWNER,
            enabled: true,
            description: description.to_owned(),
            filters: vec![("tag".to_owned(), "created".to_owned())],
            url: "https://crm.example.com/in".to_owned(),
            secret: "somebody-elses-secret".to_owned(),
            validated: Some(now),
            code: "0".repeat(32),
            created: now - TimeDelta::days(400),
            updated: now - TimeDelta::days(400),
            failures: 0,
            draft: false,
        };
        self.hooks.subscriptions.insert(id, row);
    }

    /// Events that nobody carries yet.
    pub fn take_fresh(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.hooks.fresh)
    }

    /// Drops an event as if it had never been; no attempt is counted.
    pub fn lose(&mut self, ticket: Ticket) {
        self.hooks.events.remove(&ticket.0);
    }

    /// The request for the next attempt; `None` when the event was forgotten.
    pub fn attempt(&mut self, ticket: Ticket, now: DateTime<Utc>) -> Option<Outgoing> {
        let event = self.hooks.events.get_mut(&ticket.0).filter(|event| event.waiting)?;
        let row = self.hooks.subscriptions.get(&event.subscription).filter(|row| row.receives())?;
        event.attempted = Some(now);
        Some(signed(&row.url, &row.secret, event_body(event, &row.url, now)))
    }

    /// A further copy of an event that has been delivered, as a service that delivers at least once sends it.
    pub fn copy(&self, ticket: Ticket, now: DateTime<Utc>) -> Option<Outgoing> {
        let event = self.hooks.events.get(&ticket.0)?;
        let row = self.hooks.subscriptions.get(&event.subscription).filter(|row| row.receives())?;
        Some(signed(&row.url, &row.secret, event_body(event, &row.url, now)))
    }

    /// Counts an attempt. `disable_after` failures in a row disable the subscription (0: never), and `attempts`
    /// failures of one event end the trying.
    pub fn outcome(
        &mut self,
        ticket: Ticket,
        result: Result<(), String>,
        now: DateTime<Utc>,
        disable_after: u32,
        attempts: u32,
    ) -> Verdict {
        let Some(event) = self.hooks.events.get_mut(&ticket.0).filter(|event| event.waiting) else {
            return Verdict::Over;
        };
        let subscription = event.subscription;
        let Some(row) = self.hooks.subscriptions.get_mut(&subscription) else { return Verdict::Over };
        match result {
            Ok(()) => {
                event.waiting = false;
                event.error = None;
                row.failures = 0;
                Verdict::Over
            }
            Err(error) => {
                event.failed += 1;
                event.error = Some(error);
                row.failures += 1;
                let (failed, in_a_row) = (event.failed, row.failures);
                event.waiting = failed < attempts;
                let again = event.waiting;
                if disable_after > 0 && in_a_row >= disable_after {
                    self.hooks.disable(subscription, now);
                    return Verdict::Over;
                }
                if again { Verdict::Again(failed) } else { Verdict::Over }
            }
        }
    }

    /// Disables what the plan no longer allows, newest first.
    pub(super) fn disable_surplus(&mut self, now: DateTime<Utc>) {
        let allowed = self.plan.webhooks().0;
        for workspace in self.book.workspaces.keys().copied().collect::<Vec<_>>() {
            let surplus: Vec<i64> = self
                .hooks
                .subscriptions
                .values()
                .filter(|row| row.workspace == workspace && row.enabled && !row.draft)
                .map(|row| row.id)
                .skip(allowed)
                .collect();
            for id in surplus {
                self.hooks.disable(id, now);
            }
        }
    }
}
