//! Looks after the webhooks of one target account: makes what the plan has room for, finds again what a lost answer made,
//! makes anew what the service switched off after failures, and explains the rest. Decides with `domain::target_hook`;
//! never touches a webhook that delivers elsewhere, nor one that a person switched off.

mod check;
mod decide;
pub mod keep;
mod mend;
pub mod note;
mod person;
mod proof;

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use tokio::sync::mpsc;

use super::Shared;
use super::call::Patience;
use super::desk::{DeskError, Desked};
use super::guard_wish::GuardWish;
use super::hitch::{AGAIN, Hitch, Step, is_paced, sorted};
use super::state::{Profile, State};
use super::target_plan;
use crate::control::command::SubscriptionRef;
use crate::domain::clockify_hook::Event;
use crate::domain::id::Account;
use crate::domain::quota::Cause;
use crate::domain::target_hook::{ON_EVIDENCE, TargetHook, interval};
use crate::services::clockify::Clockify;
use crate::services::http::Answer;

/// A webhook of a target by its id, as it was listed last.
pub fn hook(state: &State, at: &SubscriptionRef) -> Desked<Option<TargetHook>> {
    let hooks = keep::hooks(&state.desk, &at.account)?;
    Ok(hooks.into_iter().find(|hook| hook.id == at.id))
}

/// The token of a webhook of ours.
pub fn token(state: &State, account: &Account, hook: &TargetHook) -> Option<SecretString> {
    let kept = state.setup.hooks.event_hooks(account);
    let own = kept.into_iter().filter(|_| hook.ours).find(|kept| kept.event == hook.event.as_str())?;
    own.made.filter(|(id, _)| *id == hook.id).map(|(_, token)| token)
}

/// How often is looked whether something is due; costs nothing.
const LOOK: TimeDelta = TimeDelta::seconds(10);
/// An echo of our own write comes within this, or deliveries do not come at all.
const ECHO: TimeDelta = TimeDelta::minutes(10);
/// Nothing is made while the own address does not answer; it is asked again after this.
const UNREACHED: TimeDelta = TimeDelta::minutes(1);

/// The guard of one target while it runs.
struct Post {
    engine: Shared,
    account: Account,
    wishes: mpsc::Receiver<GuardWish>,
    /// Nothing is asked before this.
    not_before: DateTime<Utc>,
    /// Writes confirmed when deliveries were looked at last, and since when one is waited for.
    confirmed: (u64, Option<DateTime<Utc>>),
    /// When the plan was asked for last.
    asked_plan_at: Option<DateTime<Utc>>,
    /// Requests that left since they were counted last.
    spent: AtomicU32,
}

/// Guards a target until the engine stops.
pub async fn run(engine: Shared, account: Account) -> Desked<()> {
    let Some(wishes) = engine.guard_wishes.listen(&account) else { return Ok(()) };
    let managed = {
        let state = engine.state();
        let target = state.setup.targets.iter().find(|t| t.account == account);
        target.is_some_and(|t| t.managed) && state.setup.receives()
    };
    let now = engine.seams.now();
    let stop = engine.stop.clone();
    let (confirmed, asked_plan_at, spent) = ((0, None), None, AtomicU32::new(0));
    let mut post = Post { engine, account, wishes, not_before: now, confirmed, asked_plan_at, spent };
    tokio::select! { biased;
        () = stop.cancelled() => Ok(()),
        ended = post.stand(managed) => ended,
    }
}

impl Post {
    async fn stand(&mut self, managed: bool) -> Desked<()> {
        loop {
            if managed {
                match self.round().await {
                    Ok(()) | Err(Hitch::Desk(DeskError::NotReady)) => {}
                    Err(Hitch::Desk(e)) => return Err(e),
                    Err(hitch) => self.put_off(&hitch)?,
                }
            }
            let next = self.now() + LOOK;
            let engine = self.engine.clone();
            tokio::select! { biased;
                wish = self.wishes.recv() => if let Some(wish) = wish {
                    person::serve(self, wish, managed).await?;
                },
                () = engine.seams.sleep_until(next) => {}
            }
        }
    }

    /// What could not be done now is done later; a refusal is a failed try.
    fn put_off(&mut self, hitch: &Hitch) -> Desked<()> {
        let account = &self.account;
        match hitch {
            Hitch::Later(until, why) => {
                tracing::debug!(%account, %why, "the guard of webhooks waits");
                self.not_before = self.not_before.max(*until);
                let until = Some(*until).filter(|until| *until - self.now() > UNREACHED);
                if keep::care(&self.engine, account)?.waits_until != until {
                    keep::write(&self.engine, account, "hooks wait", |page| {
                        page.care.waits_until = until;
                        Ok(())
                    })?;
                }
            }
            Hitch::Unclear(why) => {
                tracing::warn!(%account, %why, "a webhook may have been changed; the list will show");
                self.not_before = self.now() + AGAIN;
                keep::write(&self.engine, account, "hooks unclear", |page| {
                    page.care.checked_at = None;
                    Ok(())
                })?;
            }
            Hitch::Refused(why) => {
                tracing::warn!(%account, %why, "a webhook was refused");
                mend::failed(self, why)?;
            }
            Hitch::Missing | Hitch::Interrupted | Hitch::Desk(_) => {}
        }
        Ok(())
    }

    /// A look at what is due.
    async fn round(&mut self) -> Step<()> {
        let now = self.now();
        // A clock that was set back makes no longer wait than any that is meant.
        self.not_before = self.not_before.min(now + TimeDelta::hours(1));
        if target_plan::find_larger(&self.engine, &self.account)? {
            (self.not_before, self.asked_plan_at) = (now, None);
        }
        let Some(profile) = self.profile() else { return Ok(()) };
        let mut care = keep::care(&self.engine, &self.account)?;
        if let Some(proving) = &care.proving
            && proof::by_delivery(self, proving)?
        {
            care = keep::care(&self.engine, &self.account)?;
        }
        let due = match care.checked_at {
            None => now,
            Some(at) => self.evidence(&profile, at)?.unwrap_or(at + interval(profile.free)),
        };
        // A plan that is only suspected is found out from what is kept for repairs.
        let turn = care.proving.is_none() && care.spread_until.is_none_or(|at| at <= now);
        let mends =
            (care.unmended && turn && care.tries.may(now)) || proof::is_due(self)? || profile.plan.is_empty();
        if now < self.not_before || (now < due && !mends) {
            return Ok(());
        }
        if care.unmended {
            // Asking ourselves costs nothing: no list is spent on what could not be done anyway.
            self.reached().await?;
        }
        check::check(self, if mends { Cause::Repair } else { Cause::Health }).await
    }

    /// On Free a list is rare: when it is due because something happened that it may explain. One that the plan had
    /// no room for delivers, no echo of our own writes comes, or the own address was away.
    fn evidence(&mut self, profile: &Profile, checked: DateTime<Utc>) -> Desked<Option<DateTime<Utc>>> {
        if !profile.free {
            return Ok(None);
        }
        let now = self.now();
        let hooks = keep::hooks(&self.engine.state().desk, &self.account)?;
        if hooks.iter().any(|hook| hook.ours && hook.spare && hook.flags.plan && hook.since > checked) {
            return Ok(Some(now));
        }
        let heard = hooks.iter().filter_map(|hook| hook.last_delivery_at).max();
        let confirmed = self.engine.state().counts.confirmed;
        let (before, waiting) = self.confirmed;
        let waiting = match waiting {
            Some(since) if heard.is_some_and(|at| at >= since) => None,
            None if confirmed > before && before > 0 => Some(now),
            other => other,
        };
        self.confirmed = (confirmed, waiting);
        // Both a create and a change of ours would be told.
        let told = |event| hooks.iter().any(|hook| hook.event == event && hook.tells());
        let covered = told(Event::EntryCreated) && told(Event::EntryUpdated);
        let deaf =
            covered && heard.is_some() && waiting.is_some_and(|since| now - since > ECHO && since > checked);
        let due = deaf || keep::was_away_since(&self.engine, checked)?;
        Ok(due.then_some(checked + ON_EVIDENCE))
    }

    fn now(&self) -> DateTime<Utc> {
        self.engine.seams.now()
    }

    fn profile(&self) -> Option<Profile> {
        let state = self.engine.state();
        let running = state.running.get(&self.account)?;
        running.profile.clone().filter(|_| running.refused.is_none())
    }

    /// Our public address with `/hooks/`: what delivers below it is ours.
    fn base(&self) -> Option<String> {
        let url = self.engine.state().setup.public_url.clone()?;
        Some(format!("{}/hooks/", url.trim_end_matches('/')))
    }

    /// Whether the own address answers; without a way to ask it is taken to.
    async fn reached(&self) -> Step<()> {
        let Some(probe) = self.engine.seams.probe.clone() else { return Ok(()) };
        probe().await.map_err(|failure| Hitch::Later(self.now() + UNREACHED, failure.say))
    }

    /// One call, never waiting long; what came of it sorted by what may be done about it.
    async fn ask<T, F>(&self, cause: Cause, send: impl FnOnce(Clockify) -> F) -> Step<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let answer = self.engine.ask_clockify(&self.account, cause, Patience::Short, send).await;
        if is_paced(&answer) {
            target_plan::suspect_free(&self.engine, &self.account)?;
        }
        let step = sorted(answer, self.now());
        if !matches!(step, Err(Hitch::Later(..) | Hitch::Interrupted)) {
            self.spent.fetch_add(1, Ordering::Relaxed);
        }
        step
    }

    /// Requests that left since this was asked last.
    fn spent(&self) -> u32 {
        self.spent.swap(0, Ordering::Relaxed)
    }
}
