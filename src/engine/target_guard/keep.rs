//! What the guard of a target's webhooks keeps in the ledger: its memory, the rows and the incidents. Every step is one
//! frame, so that a kill between two steps resumes at the second.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::domain::clockify_hook::Event;
use crate::domain::guard::Tries;
use crate::domain::guard_budget::MOST;
use crate::domain::id::{Account, RemoteId};
use crate::domain::target_hook::TargetHook;
use crate::engine::Shared;
use crate::engine::desk::{Desk, Desked};
use crate::engine::guard_page::{self, Memory};
use crate::engine::guardian::care as source_care;

/// Shorter than this the own address may be away without any delivery failing too often.
const LONG: TimeDelta = TimeDelta::minutes(2);

/// The guard's memory of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Care {
    /// When the webhooks were listed last; `None` asks for a list soon.
    pub checked_at: Option<DateTime<Utc>>,
    /// Something is to be made or made anew.
    pub unmended: bool,
    /// Failed tries.
    pub tries: Tries,
    /// When the webhook of an event was made anew last.
    pub remade: BTreeMap<Event, DateTime<Utc>>,
    /// On Free the next one is made anew not before this.
    pub spread_until: Option<DateTime<Utc>>,
    /// The event that the open incident is about.
    pub mending: Option<Event>,
    /// What was made anew, and is not shown to be on yet.
    pub proving: Option<Proving>,
    /// Webhooks whose failed deliveries were read back already.
    pub read_back: BTreeSet<RemoteId>,
    /// Webhooks for which a new token was asked, until it is kept.
    pub rotating: BTreeSet<RemoteId>,
    /// The names that our webhooks were given, or had when they were taken.
    pub names: BTreeMap<Event, String>,
    /// Events that a person wants no webhook for.
    pub unwanted: BTreeSet<Event>,
    /// When a webhook of an event was found removed.
    pub removed: BTreeMap<Event, DateTime<Utc>>,
    /// Webhooks that are being deleted here: their absence is ours.
    pub dropping: BTreeSet<RemoteId>,
    /// The open incident.
    pub incident: Option<u64>,
    /// Deliveries that the service's log gave back for it.
    pub recovered: u32,
    /// Until when the next list waits, where it waits for the quota.
    pub waits_until: Option<DateTime<Utc>>,
    /// All webhooks of the workspace when they were listed last.
    pub count: usize,
}

/// A webhook made anew that waits for its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proving {
    /// Its event.
    pub event: Event,
    /// Its id.
    pub id: RemoteId,
    /// When it was made.
    pub since: DateTime<Utc>,
    /// Writes of ours that were confirmed then, since the engine's start.
    pub confirmed: u64,
}

impl Memory for Care {
    const NAME: &'static str = "hooks";
    const RECOVERS: &'static str = "deliveries";

    fn incident(&mut self) -> &mut Option<u64> {
        &mut self.incident
    }
}

/// Rows being changed in one frame.
pub type Page<'a, 'd> = guard_page::Page<'a, 'd, Care>;

/// The guard's memory.
pub fn care(engine: &Shared, account: &Account) -> Desked<Care> {
    care_of(&engine.state().desk, account)
}

/// The guard's memory, by who holds the state already.
pub fn care_of(desk: &Desk, account: &Account) -> Desked<Care> {
    guard_page::read(desk, account)
}

/// The key of a webhook's row: ours by its event, others' by their id.
pub fn key(account: &Account, hook: &TargetHook) -> Vec<u8> {
    if hook.ours {
        rows::hook(account, hook.event.as_str())
    } else {
        rows::hook(account, &format!("#{}", hook.id))
    }
}

/// The webhooks of an account as they were listed last.
pub fn hooks(desk: &Desk, account: &Account) -> Desked<Vec<TargetHook>> {
    let mut hooks = Vec::new();
    desk.scan(rows::hooks_of(account), usize::MAX, &mut |_, value| {
        hooks.extend(rows::decode::<TargetHook>(value));
        ControlFlow::Continue(())
    })?;
    Ok(hooks)
}

/// Whether the own public address was away after this moment, as the guardians of the sources saw it.
pub fn was_away_since(engine: &Shared, at: DateTime<Utc>) -> Desked<bool> {
    let sources: Vec<Account> = engine.state().setup.sources.iter().map(|s| s.account.clone()).collect();
    for source in sources {
        let down = source_care::care(engine, &source)?.down;
        if !down.is_down() && down.last_end(LONG).is_some_and(|end| end > at) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Changes rows in one frame. `point` names the write for tests that pull the plug.
pub fn write<T>(
    engine: &Shared,
    account: &Account,
    point: &'static str,
    change: impl FnOnce(&mut Page<'_, '_>) -> Desked<T>,
) -> Desked<T> {
    guard_page::write(engine, account, point, change)
}

impl Page<'_, '_> {
    /// The webhook of ours for an event.
    pub fn own(&self, event: &Event) -> Desked<Option<TargetHook>> {
        self.draft.get(&rows::hook(self.account, event.as_str()))
    }

    /// Stages a webhook.
    pub fn put(&mut self, hook: &TargetHook) -> Desked<()> {
        self.draft.put(key(self.account, hook), hook)
    }

    /// Stages the removal of a webhook's row.
    pub fn forget(&mut self, hook: &TargetHook) {
        self.draft.delete(key(self.account, hook));
    }

    /// Makes sure that an incident is open, and says its newest cause.
    pub fn opened(&mut self, subject: &RemoteId, kind: &str, cause: &str) -> Desked<()> {
        if !self.goes_on(cause)? {
            self.care.incident = Some(self.open(Some(subject.clone()), kind, cause)?);
            self.care.recovered = 0;
        }
        Ok(())
    }

    /// Before a try that takes so many requests: an incident holds what one try costs, the next one goes on.
    pub fn renew(&mut self, needed: u32) -> Desked<()> {
        let Some(id) = self.care.incident else { return Ok(()) };
        let mut full = None;
        self.change(id, |incident| {
            if incident.requests + needed > MOST {
                full = Some(incident.clone());
            }
        })?;
        let Some(old) = full else { return Ok(()) };
        let mending = self.care.mending.clone();
        self.step("again", "not mended yet; the next try is the next incident", 0)?;
        self.close()?;
        let subject = old.subscription.map(|(_, id)| id).unwrap_or_default();
        self.opened(&subject, &old.kind, &old.cause)?;
        self.care.mending = mending;
        Ok(())
    }

    /// Ends the open incident.
    pub fn close(&mut self) -> Desked<()> {
        self.care.mending = None;
        self.close_with(self.care.recovered)
    }
}
