//! What the guardian keeps in the ledger: its care of one account, the subscription's row and the incidents. Every
//! step is one frame, so that a kill between two steps resumes at the second.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::domain::drift::Shape;
use crate::domain::guard::Tries;
use crate::domain::guard_evidence::Downtime;
use crate::domain::guard_silence::Unannounced;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::incident::Incident;
use crate::domain::subscription::Subscription;
use crate::domain::text::lasted;

use super::super::Shared;
use super::super::desk::{Desked, Draft};
use super::super::guard_page::{self, Memory};
use super::super::seams::ProbeFailure;
use super::pulse::TICK;

/// Longer than this without a note, and the engine did not run.
const AWAY: TimeDelta = TimeDelta::seconds(75);
/// The receiver is there so long before the first probe of a start, at the most.
const STARTING: TimeDelta = TimeDelta::seconds(15);
/// Why deliveries did not come meanwhile.
const AWAY_WHY: &str = "engine off";
const STILL_WHY: &str = "engine asleep";

/// The guardian's memory of one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Care {
    /// Own downtime.
    pub down: Downtime,
    /// The subscription was made or enabled by us then (the service's clock).
    pub life_from: Option<DateTime<Utc>>,
    /// Failed tries at enabling it.
    pub tries: Tries,
    /// An enabling was decided and is not proved yet.
    pub enabling: Option<Enabling>,
    /// A person's switching off that the service has not confirmed.
    pub switching_off: bool,
    /// A switching off was withdrawn before the service confirmed it: found disabled by the next check, it was that.
    pub withdrawn: bool,
    /// A person's deletion that the service has not confirmed.
    pub deleting: bool,
    /// Deleted by a key here: that it is gone is no incident.
    pub deleted: Option<RemoteId>,
    /// The guardian enabled it last (our clock).
    pub healed_at: Option<DateTime<Utc>>,
    /// The open incident about its being disabled, not validated or removed.
    pub incident: Option<u64>,
    /// The open incident about its silence.
    pub silence: Option<u64>,
    /// A gap that is to be read.
    pub gap: Option<DateTime<Utc>>,
    /// Where the gap of an enabling begins (the service's clock), until a read has filled it: whatever cuts the
    /// enabling off, and however often, the gap is not forgotten.
    pub missing: Option<DateTime<Utc>>,
    /// Proof for this disabling (the service's clock) was asked for.
    pub sought: Option<DateTime<Utc>>,
    /// This disabling was judged as a person's.
    pub hands_off: Option<DateTime<Utc>>,
    /// No delivery history is offered; asked again after this.
    pub no_history_until: Option<DateTime<Utc>>,
    /// Regular checks of the last hour.
    pub checks: Vec<DateTime<Utc>>,
    /// When a read was asked for last.
    pub read_at: Option<DateTime<Utc>>,
    /// Changes that no delivery announced and that may still show silence, the newest reads of them: a restart within
    /// the ten minutes forgets none, and no later read brings them again.
    pub unannounced: Vec<(Key, Unannounced)>,
    /// What the own subscription was made to be.
    pub shape: Option<Shape>,
}

/// An enabling under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enabling {
    /// The disabling that it mends (the service's clock).
    pub moment: Option<DateTime<Utc>>,
    /// When it was decided (our clock); a PING after this proves it.
    pub at: DateTime<Utc>,
    /// Where the gap begins (the service's clock).
    pub since: Option<DateTime<Utc>>,
}

impl Memory for Care {
    const NAME: &'static str = "guard";
    const RECOVERS: &'static str = "entries";

    fn incident(&mut self) -> &mut Option<u64> {
        &mut self.incident
    }
}

/// Rows being changed in one frame.
pub type Page<'a, 'd> = guard_page::Page<'a, 'd, Care>;

/// The key of the account's own subscription id; intake checks deliveries against it.
pub fn bound_key(account: &Account) -> Vec<u8> {
    rows::meta(&format!("bound:{account}"))
}

/// The guardian's memory.
pub fn care(engine: &Shared, account: &Account) -> Desked<Care> {
    guard_page::read(&engine.state().desk, account)
}

/// Requests that the open incident has taken so far.
pub fn spent(engine: &Shared, care: &Care) -> Desked<u32> {
    let Some(id) = care.incident else { return Ok(0) };
    let incident: Option<Incident> = engine.state().desk.get(&rows::incident(id))?;
    Ok(incident.map_or(0, |incident| incident.requests))
}

/// The account's own subscription as it was listed last.
pub fn own(engine: &Shared, account: &Account) -> Desked<Option<Subscription>> {
    let state = engine.state();
    match state.desk.get::<RemoteId>(&bound_key(account))? {
        Some(id) => state.desk.get(&rows::subscription(account, &id)),
        None => Ok(None),
    }
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

impl<'d> Page<'_, 'd> {
    /// The staged rows.
    pub fn draft(&mut self) -> &mut Draft<'d> {
        self.draft
    }

    /// The account's own subscription.
    pub fn own(&self) -> Desked<Option<Subscription>> {
        match self.draft.get::<RemoteId>(&bound_key(self.account))? {
            Some(id) => self.draft.get(&rows::subscription(self.account, &id)),
            None => Ok(None),
        }
    }

    /// Changes the account's own subscription, if there is one.
    pub fn change_own(&mut self, change: impl FnOnce(&mut Subscription)) -> Desked<()> {
        let Some(mut row) = self.own()? else { return Ok(()) };
        change(&mut row);
        self.put(&row)
    }

    /// Stages a subscription.
    pub fn put(&mut self, row: &Subscription) -> Desked<()> {
        self.draft.put(rows::subscription(self.account, &row.id), row)
    }

    /// Makes sure that an incident about the own subscription is open, and says its newest cause.
    pub fn opened(&mut self, kind: &str, cause: &str) -> Desked<()> {
        if !self.goes_on(cause)? {
            let subject = self.draft.get::<RemoteId>(&bound_key(self.account))?;
            self.care.incident = Some(self.open(subject, kind, cause)?);
        }
        Ok(())
    }

    /// Opens the incident of silence, with the change that shows it (the service's clock).
    pub fn silenced(&mut self, cause: &str, at: DateTime<Utc>) -> Desked<()> {
        if self.care.silence.is_some() {
            return Ok(());
        }
        let subject = self.draft.get::<RemoteId>(&bound_key(self.account))?;
        let id = self.open(subject, "subscription silent", cause)?;
        self.care.silence = Some(id);
        let (now, own) = (self.draft.now, self.own()?);
        self.change(id, |incident| {
            if let Some(heard) = own.and_then(|own| own.last_delivery_at) {
                incident.step("last good", "a delivery, signed", 0, heard);
            }
            incident.began_at = Some(at.min(now));
            incident.step("change", "made at the service, and told by no delivery", 0, at.min(now));
            incident.step("evidence", "a regular read brought it, ten minutes ago", 0, now);
        })
    }

    /// Adds a line about a moment that is over to the open incident, if there is one.
    pub fn step_at(&mut self, at: DateTime<Utc>, what: &str, answer: &str) -> Desked<()> {
        self.change_open(|incident| incident.step(what, answer, 0, at))
    }

    /// Says since when it is as it is, by the service's clock.
    pub fn began(&mut self, at: DateTime<Utc>) -> Desked<()> {
        self.change_open(|incident| incident.began_at = Some(at))
    }

    /// Ends the open incident.
    pub fn close(&mut self, recovered: u32) -> Desked<()> {
        self.close_with(recovered)
    }

    /// Ends the incident of silence.
    pub fn heard(&mut self) -> Desked<()> {
        let Some(id) = self.care.silence.take() else { return Ok(()) };
        let now = self.draft.now;
        self.change(id, |incident| {
            incident.step("heard", "a delivery came again", 0, now);
            incident.close(now);
        })?;
        self.say("info", format!("incident {id} closed: deliveries come again"))
    }
}

/// Notes that the process stood still between two looks at the clock.
pub fn note_pause(engine: &Shared, account: &Account, from: DateTime<Utc>, to: DateTime<Utc>) -> Desked<()> {
    write(engine, account, "guard probe", |page| {
        if !page.care.down.is_down() {
            page.care.down.begin(from, STILL_WHY);
            page.care.down.surely(from + TICK, to - TICK);
            page.care.down.end(to);
        }
        page.say("warn", format!("this process stood still for {}", lasted((to - from).num_seconds())))
    })
}

/// Notes what the own address said; answers whether a mending waits for this turn to good. `bad_at` is the probe before,
/// where that one failed in this run.
pub fn note_probe(
    engine: &Shared,
    account: &Account,
    failure: Option<&ProbeFailure>,
    first: bool,
    bad_at: Option<DateTime<Utc>>,
) -> Desked<bool> {
    let alive = rows::meta(&format!("alive:{account}"));
    write(engine, account, "guard probe", |page| {
        let now = page.now();
        let last: Option<DateTime<Utc>> = page.draft.get(&alive)?;
        match failure {
            Some(failure) => {
                if !page.care.down.is_down() {
                    page.care.down.begin(last.unwrap_or(now), failure.cause());
                    page.care.down.surely(now, now);
                    page.say("warn", format!("the public address does not answer: {}", failure.say))?;
                }
                page.step("probe", &failure.say, 0)?;
                Ok(false)
            }
            None => {
                let was_down = page.care.down.is_down();
                if was_down {
                    if let Some(bad_at) = bad_at {
                        page.care.down.surely(bad_at, bad_at);
                    }
                    page.say("info", "the public address answers again")?;
                    page.step("probe", "the address answers", 0)?;
                    page.care.tries.hurry();
                } else if first && last.is_some() {
                    // The engine did not run.
                    let last = last.unwrap_or(now);
                    page.care.down.begin(last, AWAY_WHY);
                    page.care.down.surely(last + AWAY, now - STARTING);
                }
                page.care.down.end(now);
                page.draft.put(alive, &now)?;
                Ok(was_down && page.care.incident.is_some())
            }
        }
    })
}
