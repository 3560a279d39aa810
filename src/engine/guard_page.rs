//! The rows that a guard changes in one frame: its memory of one account, its log lines, its incident. The guardian of
//! a source and the guard of a target's webhooks differ in what they remember, not in how it is kept.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Shared;
use super::desk::{Desk, Desked, Draft};
use crate::cache::rows;
use crate::domain::id::{Account, RemoteId};
use crate::domain::incident::Incident;
use crate::domain::text::requests;

/// What a guard remembers of one account.
pub trait Memory: Clone + Default + PartialEq + Serialize + DeserializeOwned {
    /// The first part of its key.
    const NAME: &'static str;
    /// What an incident's end counts as recovered.
    const RECOVERS: &'static str;

    /// The open incident.
    fn incident(&mut self) -> &mut Option<u64>;
}

/// Rows being changed in one frame.
pub struct Page<'a, 'd, C> {
    pub(super) draft: &'a mut Draft<'d>,
    pub(super) account: &'a Account,
    next_incident: u64,
    /// The memory; written back when it changed.
    pub care: C,
}

fn key<C: Memory>(account: &Account) -> Vec<u8> {
    rows::meta(&format!("{}:{account}", C::NAME))
}

/// The guard's memory.
pub fn read<C: Memory>(desk: &Desk, account: &Account) -> Desked<C> {
    Ok(desk.get(&key::<C>(account))?.unwrap_or_default())
}

/// At most so many incidents, newest first.
pub fn incidents(desk: &Desk, most: usize) -> Desked<Vec<Incident>> {
    let mut incidents = Vec::new();
    desk.scan(rows::incidents(), most, &mut |_, value| {
        incidents.extend(rows::decode::<Incident>(value));
        ControlFlow::Continue(())
    })?;
    Ok(incidents)
}

/// Changes rows in one frame. `point` names the write for tests that pull the plug.
pub fn write<C: Memory, T>(
    engine: &Shared,
    account: &Account,
    point: &'static str,
    change: impl FnOnce(&mut Page<'_, '_, C>) -> Desked<T>,
) -> Desked<T> {
    let mut state = engine.state();
    let newest = incidents(&state.desk, 1)?.first().map_or(0, |incident| incident.id);
    let out = state.desk.write(point, |draft| {
        let before: Option<C> = draft.get(&key::<C>(account))?;
        let care = before.clone().unwrap_or_default();
        let mut page = Page { draft, account, next_incident: newest + 1, care };
        let out = change(&mut page)?;
        let Page { draft, care, .. } = page;
        if before.as_ref() != Some(&care) {
            draft.put(key::<C>(account), &care)?;
        }
        Ok(out)
    })?;
    drop(state);
    engine.touch();
    Ok(out)
}

impl<C: Memory> Page<'_, '_, C> {
    /// Our clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.draft.now
    }

    /// Adds a line to the log.
    pub fn say(&mut self, level: &str, say: impl Into<String>) -> Desked<()> {
        self.draft.say("webhook", level, say, None)
    }

    /// Opens an incident about a subscription.
    pub fn open(&mut self, subject: Option<RemoteId>, kind: &str, cause: &str) -> Desked<u64> {
        let subject = subject.map(|id| (self.account.clone(), id));
        let incident = Incident::open(self.next_incident, kind, subject, cause, self.draft.now);
        self.next_incident += 1;
        self.draft.put(rows::incident(incident.id), &incident)?;
        self.say("warn", format!("incident {} opened: {kind}, {cause}", incident.id))?;
        Ok(incident.id)
    }

    /// Says the newest cause of the open incident; answers whether there is one.
    pub fn goes_on(&mut self, cause: &str) -> Desked<bool> {
        let Some(id) = *self.care.incident() else { return Ok(false) };
        self.change(id, |incident| cause.clone_into(&mut incident.cause))?;
        Ok(true)
    }

    /// Adds a line to the open incident, if there is one.
    pub fn step(&mut self, what: &str, answer: &str, requests: u32) -> Desked<()> {
        let now = self.draft.now;
        self.change_open(|incident| incident.step(what, answer, requests, now))
    }

    /// Ends the open incident.
    pub fn close_with(&mut self, recovered: u32) -> Desked<()> {
        let Some(id) = self.care.incident().take() else { return Ok(()) };
        let now = self.draft.now;
        let mut spent = 0;
        self.change(id, |incident| {
            incident.recovered = recovered;
            incident.close(now);
            spent = incident.requests;
        })?;
        let what = C::RECOVERS;
        self.say("info", format!("incident {id} closed: {recovered} {what} recovered, {}", requests(spent)))
    }

    /// Changes the open incident, if there is one.
    pub fn change_open(&mut self, change: impl FnOnce(&mut Incident)) -> Desked<()> {
        match *self.care.incident() {
            Some(id) => self.change(id, change),
            None => Ok(()),
        }
    }

    /// Changes an incident.
    pub fn change(&mut self, id: u64, change: impl FnOnce(&mut Incident)) -> Desked<()> {
        let key = rows::incident(id);
        let Some(mut incident) = self.draft.get::<Incident>(&key)? else { return Ok(()) };
        change(&mut incident);
        self.draft.put(key, &incident)
    }
}
