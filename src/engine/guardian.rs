//! Looks after the webhook subscription of one source account: makes or adopts it, checks it, proves who disabled it,
//! heals it, and never acts against a person's decision. Decides with `domain::guard`; only asks and notes here.

mod address;
mod canary;
pub mod care;
mod check;
mod edit;
mod fit;
mod gap;
mod heal;
pub mod limits;
mod list;
mod make;
mod person;
mod prove;
mod pulse;
mod rights;
mod sender;
mod unmake;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use crate::domain::guard::next_check;
use crate::domain::id::Account;
use crate::domain::quota::Cause;
use crate::services::http::Answer;
use crate::services::toggl::{Call, Toggl};

use super::call::Patience;
use super::desk::{DeskError, Desked};
use super::guard_wish::GuardWish;
use super::hitch::{AGAIN, Hitch, SOON, Step, sorted};
use super::seams::ProbeFailure;
use super::state::Profile;
use super::{Engine, Shared, survey};

/// Without a subscription of our own, other instances are looked for at least this often.
const UNMANAGED: TimeDelta = TimeDelta::minutes(5);
/// A regular read is looked ahead of by this: what it brings is sent by a fresh list.
const AHEAD: TimeDelta = TimeDelta::seconds(5);
/// Reads wait this long after a start.
const SETTLE_IN: TimeDelta = TimeDelta::seconds(30);
/// A cache that is being rebuilt is asked again after this.
const NOT_READY: TimeDelta = TimeDelta::milliseconds(200);

/// Why the subscriptions are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// By schedule, and at the start.
    Schedule,
    /// The own address turned from bad to good.
    Turn,
    /// A healing goes on.
    Mend,
}

impl Why {
    fn cause(self) -> Cause {
        match self {
            Self::Schedule => Cause::Health,
            Self::Turn | Self::Mend => Cause::Repair,
        }
    }
}

/// The guardian of one account while it runs.
struct Post {
    engine: Shared,
    account: Account,
    /// How long the process stood still, if it did.
    stood: pulse::Stood,
    /// Whether another instance sends is looked for since then.
    looks_from: DateTime<Utc>,
    /// A subscription is wanted; else only other instances are looked for.
    managed: bool,
    started: DateTime<Utc>,
    wishes: mpsc::Receiver<GuardWish>,
    /// What the own address said last.
    probe: Option<Result<(), ProbeFailure>>,
    probe_at: DateTime<Utc>,
    good_at: Option<DateTime<Utc>>,
    /// The last probe, if it failed.
    bad_at: Option<DateTime<Utc>>,
    noted_at: Option<DateTime<Utc>>,
    /// The next check, and why.
    check_at: DateTime<Utc>,
    why: Why,
    /// The account was checked since the start.
    checked: bool,
    /// Our own subscription is being made: a list after it says who sends.
    undecided: bool,
    /// It may be at the service though no list shows it yet.
    in_doubt: bool,
    /// Writes confirmed and entries found when other instances were looked for last.
    confirmed: u64,
    /// When other instances were looked for last.
    looked_at: Option<DateTime<Utc>>,
    found: canary::Found,
    reading: Option<gap::Reading>,
    /// Who pays the read under way.
    paid: gap::Paid,
    /// Requests of gap-fills before it.
    filling: u64,
    /// The plan was Free when it was looked at last.
    free: Option<bool>,
    /// The plan's limits are another plan's than the profile tells.
    plan_changed: bool,
    /// When the profile was asked for again last.
    asked_who_at: Option<DateTime<Utc>>,
    /// Requests spent on an incident that no line of its timeline names yet.
    spent: u32,
}

/// Guards an account until the engine stops.
pub async fn run(engine: Shared, account: Account) -> Desked<()> {
    let Some(wishes) = engine.guard_wishes.listen(&account) else { return Ok(()) };
    let managed = {
        let state = engine.state();
        let setup = state.setup.sources.iter().find(|s| s.account == account);
        setup.is_some_and(|s| s.managed) && state.setup.receives()
    };
    let now = engine.seams.now();
    let stood = pulse::Stood::default();
    let watched = (engine.clone(), account.clone(), stood.clone());
    let mut post = Post {
        engine,
        account,
        stood,
        looks_from: now,
        managed,
        started: now,
        wishes,
        probe: None,
        probe_at: now,
        good_at: None,
        bad_at: None,
        noted_at: None,
        check_at: now,
        why: Why::Schedule,
        checked: false,
        undecided: false,
        in_doubt: false,
        confirmed: 0,
        looked_at: None,
        found: canary::Found::default(),
        reading: None,
        paid: gap::Paid::Extra,
        filling: 0,
        free: None,
        plan_changed: false,
        asked_who_at: None,
        spent: 0,
    };
    let stop = post.engine.stop.clone();
    tokio::select! { biased;
        () = stop.cancelled() => Ok(()),
        ended = pulse::watch(&watched.0, &watched.1, &watched.2) => ended,
        ended = post.stand() => ended,
    }
}

impl Post {
    async fn stand(&mut self) -> Desked<()> {
        loop {
            match sender::hold_at_start(self) {
                Err(DeskError::NotReady) => {}
                held => break held?,
            }
            self.engine.seams.sleep_until(self.now() + NOT_READY).await;
        }
        loop {
            let next = match self.round().await {
                Ok(next) => next,
                Err(Hitch::Desk(DeskError::NotReady)) => self.now() + NOT_READY,
                Err(Hitch::Desk(e)) => return Err(e),
                Err(Hitch::Later(until, why)) => {
                    tracing::debug!(account = %self.account, %why, "the guardian waits");
                    self.check_at = self.check_at.max(until);
                    self.now() + TimeDelta::seconds(1)
                }
                Err(Hitch::Interrupted) => {
                    (self.check_at, self.why) = (self.now(), Why::Mend);
                    self.now()
                }
                Err(Hitch::Unclear(why)) => {
                    tracing::warn!(account = %self.account, %why, "a check failed; trying again");
                    self.check_at = self.check_at.min(self.now() + AGAIN);
                    self.now() + TimeDelta::seconds(1)
                }
                // The next regular check comes anyway; asking sooner would be answered alike.
                Err(Hitch::Refused(why)) => {
                    tracing::warn!(account = %self.account, %why, "a check was refused");
                    self.now() + TimeDelta::seconds(1)
                }
                Err(Hitch::Missing) => self.now() + TimeDelta::seconds(1),
            };
            let engine = self.engine.clone();
            tokio::select! { biased;
                wish = self.wishes.recv() => if let Some(wish) = wish {
                    person::serve(self, wish).await?;
                },
                () = engine.wakes.guard.notified() => {}
                () = engine.seams.sleep_until(next) => {}
            }
        }
    }

    /// One look at everything; answers when to look again.
    async fn round(&mut self) -> Step<DateTime<Utc>> {
        // While the cache is away every request would be made in vain.
        care::care(&self.engine, &self.account)?;
        if let Some(time) = self.stood.take() {
            sender::hold_after(self, time)?;
            self.probe_at = self.now();
            self.check_soon(self.now(), Why::Turn)?;
        }
        sender::release_in_time(self)?;
        let taken = sender::release_taken(self)?;
        // A clock that was set back makes no longer wait than any that is meant.
        self.check_at = self.check_at.min(self.now() + TimeDelta::hours(1));
        self.probe_at = self.probe_at.min(self.now() + TimeDelta::minutes(1));
        let Some(profile) = self.profile() else { return Ok(self.now() + TimeDelta::seconds(1)) };
        // Another plan has other buckets: what was waited for may be there.
        if self.free.replace(profile.free).is_some_and(|was| was != profile.free) {
            self.check_at = self.now();
        }
        if self.managed {
            self.probe_if_due().await?;
            canary::look(self)?;
            rights::say(self);
            check::go_on_reading(self).await?;
        }
        if let Some(at) = self.ahead_of_read(profile.free) {
            self.check_at = self.check_at.min(at);
        }
        let settled =
            !self.managed || self.is_reached() || self.checked || self.now() >= self.started + SETTLE_IN;
        if settled && self.now() >= self.check_at {
            self.check_at = self.now() + if self.managed { self.interval(&profile) } else { UNMANAGED };
            self.looked_at = Some(self.now());
            if self.is_idle() {
                // Whoever began to send since is found in the target before the next create.
                survey::forget(&mut self.engine.state())?;
                return Ok(self.check_at);
            }
            let why = std::mem::replace(&mut self.why, Why::Schedule);
            let checked = check::check(self, why).await;
            match &checked {
                Err(Hitch::Later(..)) => {
                    self.why = why;
                    // What is left may look scarce only because the plan became a smaller one.
                    self.plan_changed |= limits::disagree(self).await;
                    rights::ask(self)?;
                }
                // What is asked again for the same reason is paid by the same incident.
                Err(Hitch::Unclear(_)) => self.why = why,
                Err(Hitch::Desk(DeskError::NotReady)) => {
                    (self.check_at, self.why) = (self.check_at.min(self.now() + SOON), why);
                }
                _ => {}
            }
            checked?;
        }
        let mut next = self.check_at;
        if self.managed {
            next = next.min(self.probe_at).min(self.found.next(self.now()));
        }
        next = taken.map_or(next, |at| next.min(at));
        let busy = self.reading.is_some() || !settled;
        Ok(if busy { next.min(self.now() + TimeDelta::seconds(1)) } else { next })
    }

    /// Without a subscription of our own only a second engine is looked for: as long as nothing was sent or found since the last
    /// look, two cannot have met.
    fn is_idle(&mut self) -> bool {
        let state = self.engine.state();
        let counts = &state.counts;
        let (confirmed, held) = (counts.confirmed + counts.adopted, !state.holds.is_empty());
        drop(state);
        let before = std::mem::replace(&mut self.confirmed, confirmed);
        !self.managed && self.checked && !held && before == confirmed
    }

    /// Without a subscription of our own nobody sees us, so a second engine is looked for right before a read, whose
    /// findings are sent. On Free the lists share 30 requests an hour with a person's own changes.
    fn ahead_of_read(&self, free: bool) -> Option<DateTime<Utc>> {
        let apart = if free { UNMANAGED - AHEAD * 2 } else { TimeDelta::minutes(2) };
        let due = self.engine.state().running.get(&self.account).and_then(|running| running.read_due)?;
        let at = due - AHEAD;
        (!self.managed && self.looked_at.is_some_and(|looked| at - looked >= apart)).then_some(at)
    }

    fn now(&self) -> DateTime<Utc> {
        self.engine.seams.now()
    }

    /// A moment as a person reads it, by the one clock of the screen.
    fn clock(&self, at: DateTime<Utc>) -> String {
        let zone = Engine::shown_zone(&self.engine.state());
        at.with_timezone(&zone).format("%H:%M").to_string()
    }

    fn profile(&self) -> Option<Profile> {
        self.engine.state().profile(&self.account).cloned()
    }

    /// Time between regular checks.
    fn interval(&self, profile: &Profile) -> TimeDelta {
        let paid = || TimeDelta::seconds(i64::from(self.engine.state().policy().check_every_s));
        if profile.free { TimeDelta::minutes(30) } else { paid() }
    }

    /// A check soon, by what is left of the hour on Free.
    fn check_soon(&mut self, at: DateTime<Utc>, why: Why) -> Desked<()> {
        let free = self.profile().is_none_or(|p| p.free);
        let checks = care::care(&self.engine, &self.account)?.checks;
        let at = if why == Why::Mend { at } else { next_check(&checks, at, free) };
        if at < self.check_at {
            self.check_at = at;
            self.why = why;
        }
        Ok(())
    }

    /// One call, never waiting long; what came of it sorted by what may be done about it.
    async fn ask<T, F>(&self, call: Call, cause: Cause, send: impl FnOnce(Toggl) -> F) -> Step<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let answer = self.engine.ask_toggl(&self.account, call, cause, Patience::Short, send).await;
        sorted(answer, self.now())
    }
}
