//! What waits for webhooks: attempts, retries, the count of failures, switching delivery off.
//!
//! Attempts are made elsewhere; here it is decided whether one may be made and what its outcome means.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;

use super::Clockify;
use super::hooks::Hooks;
use crate::simulator::deliver::Outgoing;

/// The header that carries the webhook's token.
const TOKEN: &str = "Clockify-Signature";
/// The header that names the event.
const EVENT: &str = "Clockify-Webhook-Event-Type";
/// What became of it can be listed for so long, and of so many events.
const REMEMBERED: (TimeDelta, usize) = (TimeDelta::days(7), 20_000);
/// Characters of an answer that the log keeps.
const LONGEST_ANSWER: usize = 1_000;

/// The handle of an event on its way: its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);

/// Where an event of a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Not attempted yet.
    New,
    /// Failed, and to be tried again.
    Retrying,
    /// Delivered.
    Succeeded,
    /// Failed for good.
    Failed,
}

impl Fate {
    pub fn waits(self) -> bool {
        matches!(self, Self::New | Self::Retrying)
    }
}

/// An attempt.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub id: String,
    /// 0 when no answer came.
    pub code: u16,
    pub answer: String,
    pub at: DateTime<Utc>,
}

/// An event of one webhook.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub id: String,
    pub hook: String,
    pub word: &'static str,
    pub body: String,
    pub made: DateTime<Utc>,
    pub fate: Fate,
    pub attempts: Vec<Attempt>,
}

/// How the outcome of an attempt is counted.
#[derive(Clone, Copy, Debug)]
pub struct Counting {
    /// Attempts at one event.
    pub attempts: u32,
    /// Failures in a row that switch delivery off; 0 is never.
    pub disable_after: u32,
}

impl Hooks {
    pub(super) fn enqueue(
        &mut self,
        id: String,
        hook: String,
        word: &'static str,
        body: String,
        made: DateTime<Utc>,
    ) {
        self.last += 1;
        self.fresh.push(Ticket(self.last));
        let row = Event { id, hook, word, body, made, fate: Fate::New, attempts: Vec::new() };
        self.events.insert(self.last, row);
        let full = self.events.len() > REMEMBERED.1;
        let old = |event: &Event| !event.fate.waits() && (full || event.made < made - REMEMBERED.0);
        while self.events.first_key_value().is_some_and(|(_, event)| old(event)) {
            self.events.pop_first();
        }
    }

    /// Gives up what waits for a webhook.
    pub(super) fn give_up(&mut self, hook: &str) {
        self.events.retain(|_, event| event.hook != hook || event.fate != Fate::New);
        for event in self.events.values_mut().filter(|event| event.hook == hook && event.fate.waits()) {
            event.fate = Fate::Failed;
        }
    }
}

impl Clockify {
    /// Events that nobody carries yet.
    pub fn take_fresh(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.hooks.fresh)
    }

    /// Drops an event as if it had never been.
    pub fn lose(&mut self, ticket: Ticket) {
        self.hooks.events.remove(&ticket.0);
    }

    /// The request for the next attempt; `None` when the event was given up. It carries the token of the moment.
    pub fn attempt(&self, ticket: Ticket) -> Option<Outgoing> {
        self.outgoing(self.hooks.events.get(&ticket.0).filter(|event| event.fate.waits())?)
    }

    fn outgoing(&self, event: &Event) -> Option<Outgoing> {
        let hook = self.hooks.rows.get(&event.hook).filter(|hook| hook.receives())?;
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Some(Outgoing {
            url: hook.url.clone(),
            headers: vec![
                header("Content-Type", "application/json"),
                header(TOKEN, &hook.token),
                header(EVENT, event.word),
            ],
            body: Bytes::from(event.body.clone()),
        })
    }

    /// Counts an attempt and writes it down; `Some` is the number of failed attempts so far when there is to be
    /// another.
    pub fn outcome(
        &mut self,
        ticket: Ticket,
        result: &Result<(StatusCode, Bytes), String>,
        now: DateTime<Utc>,
        counting: Counting,
    ) -> Option<u32> {
        let id = self.mint(now);
        let (event, hook) = {
            let event = self.hooks.events.get_mut(&ticket.0).filter(|event| event.fate.waits())?;
            let hook = self.hooks.rows.get_mut(&event.hook)?;
            (event, hook)
        };
        let (code, answer) = match result {
            Ok((status, body)) => (status.as_u16(), String::from_utf8_lossy(body).into_owned()),
            Err(reason) => (0, reason.clone()),
        };
        let answer = answer.chars().take(LONGEST_ANSWER).collect();
        event.attempts.push(Attempt { id, code, answer, at: now });
        if matches!(result, Ok((status, _)) if status.is_success()) {
            (event.fate, hook.failures) = (Fate::Succeeded, 0);
            return None;
        }
        hook.failures += 1;
        let failed = event.attempts.len() as u32;
        event.fate = if failed < counting.attempts { Fate::Retrying } else { Fate::Failed };
        let again = (event.fate == Fate::Retrying).then_some(failed);
        if counting.disable_after > 0 && hook.failures >= counting.disable_after {
            (hook.delivery, hook.failures) = (false, 0);
            let hook = hook.id.clone();
            self.hooks.give_up(&hook);
            return None;
        }
        again
    }
}

/// Turns the token into a wrong one of the same shape.
pub fn spoil(outgoing: &mut Outgoing) {
    for (_, value) in outgoing.headers.iter_mut().filter(|(name, _)| name == TOKEN) {
        *value = value.chars().rev().collect();
    }
}
