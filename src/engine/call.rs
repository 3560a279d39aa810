//! One gate for every call that leaves: refusal, breaker, pace, quota; and one place where its answer is noted.

use std::collections::BTreeMap;
use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};

use crate::control::snapshot::Alert;
use crate::domain::id::{Account, Service};
use crate::domain::pace::{Pace, TRY_CHEAP, TRY_DEAR};
use crate::domain::policy::TOGGL_SIZES;
use crate::domain::quota::{Cause, Gate, Window};
use crate::domain::strain::Strain;
use crate::services::clockify::Clockify;
use crate::services::http::{Answer, Charge, Failure};
use crate::services::toggl::{self, Toggl};

use super::desk::{DeskError, Desked};
use super::requests::Asked;
use super::state::{Profile, State};
use super::{Engine, Shared};

/// One lane a source account: its calls leave one after another, so that a header counts all before it.
pub type Lanes = BTreeMap<Account, tokio::sync::Mutex<()>>;

/// How long everybody else stands back before looking again while a key press waits for its turn.
const GIVE_WAY: TimeDelta = TimeDelta::milliseconds(100);
/// A key press may leave this much before the pace would let it: the burst limit is a leaky bucket, one call a little
/// early does no harm.
const PERSON_LEAD: TimeDelta = TimeDelta::milliseconds(150);

/// How long a caller waits for its turn.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// As long as it takes.
    Forever,
    /// Not at all beyond the pace.
    Short,
}

/// Who asks, how long it waits, and whether it may show that a refused token is good again.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Who asks.
    pub cause: Cause,
    /// How long it waits.
    pub patience: Patience,
    /// It asks who the token is: one such call passes a refusal when its time has come.
    pub knocks: bool,
}

/// Why a call did not leave, or failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// It may leave then.
    #[error("waits until {0}")]
    NotBefore(DateTime<Utc>),
    /// The account is stopped.
    #[error("{0}")]
    Stopped(String),
    /// It left and failed.
    #[error("{0}")]
    Failed(Failure),
    /// The desk is closed.
    #[error("{0}")]
    Desk(#[from] DeskError),
}

/// The pace of an account.
pub fn pace(service: Service, profile: Option<&Profile>) -> Pace {
    match (service, profile.is_some_and(|p| p.free)) {
        (Service::Toggl, _) => Pace::new(1, TimeDelta::milliseconds(1_050)),
        (Service::Clockify, true) => Pace::new(1, TimeDelta::seconds(1)),
        // A paid workspace allows 50 a second; other programs have their part.
        (Service::Clockify, false) => Pace::new(CALLS, TimeDelta::seconds(1)),
    }
}

/// Calls a second to a paid workspace.
const CALLS: usize = 35;
/// Of the fifty, what a run that was killed in its last second leaves to the next one.
const SPARE: usize = 50 - CALLS;

/// The pace of an account at the start.
pub fn first_pace(service: Service, profile: Option<&Profile>, now: DateTime<Utc>) -> Pace {
    pace(service, profile).resumed(SPARE, now)
}

/// The bucket of a user who is not known yet, and of a token while it is checked.
pub const UNKNOWN_USER: &str = "user";

/// The bucket that a charge of an account goes to.
pub fn bucket_of(state: &State, account: &Account, charge: Charge) -> Option<String> {
    let profile = state.profile(account);
    match charge {
        Charge::Free => None,
        Charge::User => Some(profile.map_or_else(|| UNKNOWN_USER.into(), |p| format!("user:{}", p.user))),
        Charge::Org => profile.map(|p| format!("org:{}", p.organization)),
        Charge::Workspace => {
            let target = state.setup.targets.iter().find(|t| &t.account == account)?;
            Some(format!("workspace:{}", target.workspace))
        }
    }
}

/// The bucket that pays for a call that leaves now. A token that is being checked may be somebody else's: what it is
/// answered says nothing about the bucket of the account's own user.
pub fn payer(state: &State, account: &Account, charge: Charge) -> Option<String> {
    let unproven = state.running.get(account).is_some_and(|r| r.unproven);
    if unproven && matches!(charge, Charge::User) {
        return Some(UNKNOWN_USER.into());
    }
    bucket_of(state, account, charge)
}

/// Sets the buckets' limits from what is known of the plan.
pub fn set_limits(state: &mut State, account: &Account, service: Service) {
    let profile = state.profile(account).cloned();
    match service {
        Service::Toggl => {
            let plan = profile.as_ref().map_or("", |p| p.plan.as_str()).to_lowercase();
            let [free, starter, premium] = TOGGL_SIZES;
            let org = if plan.contains("premium") || plan.contains("enterprise") {
                premium
            } else if plan.contains("starter") {
                starter
            } else {
                free
            };
            if let Some(name) = bucket_of(state, account, Charge::User) {
                state.meters.limit(account, &name, Some(free), Window::Anchored);
            }
            if let Some(name) = bucket_of(state, account, Charge::Org) {
                state.meters.limit(account, &name, Some(org), Window::Anchored);
            }
        }
        Service::Clockify => {
            // Until the plan is known, the smaller one is assumed.
            let limit = profile.as_ref().is_none_or(|p| p.free).then_some(30);
            if let Some(name) = bucket_of(state, account, Charge::Workspace) {
                state.meters.limit(account, &name, limit, Window::Rolling);
            }
        }
    }
}

impl Engine {
    /// The client of a source account.
    pub(super) fn toggl(&self, account: &Account) -> Option<Toggl> {
        let state = self.state();
        let s = state.setup.sources.iter().find(|s| &s.account == account)?;
        Some(Toggl::new(s.wire.clone(), &s.base_url, s.token.clone()))
    }

    /// The client of a target account.
    pub(super) fn clockify(&self, account: &Account) -> Option<Clockify> {
        let state = self.state();
        let t = state.setup.targets.iter().find(|t| &t.account == account)?;
        let free = state.profile(account).is_some_and(|p| p.free);
        Some(
            Clockify::new(t.wire.clone(), &t.base_url, t.token.clone(), t.workspace.clone())
                .on_free_plan(free),
        )
    }

    /// One call to a source, in its lane.
    pub(super) async fn ask_toggl<T, F>(
        self: &Shared,
        account: &Account,
        call: toggl::Call,
        cause: Cause,
        patience: Patience,
        send: impl FnOnce(Toggl) -> F,
    ) -> Result<Answer<T>, CallError>
    where
        F: Future<Output = Answer<T>>,
    {
        self.turn_toggl(account, call, Ask { cause, patience, knocks: false }, send).await
    }

    /// One call to a source, in its lane.
    pub(super) async fn turn_toggl<T, F>(
        self: &Shared,
        account: &Account,
        call: toggl::Call,
        ask: Ask,
        send: impl FnOnce(Toggl) -> F,
    ) -> Result<Answer<T>, CallError>
    where
        F: Future<Output = Answer<T>>,
    {
        let turn = self.admit(account, call.charge(), ask).await?;
        let at = self.seams.now();
        // With the token in force when it leaves, not when it began to wait.
        let Some(client) = self.toggl(account) else {
            return Err(CallError::Stopped("no such account".into()));
        };
        let answer = send(client).await;
        self.note(&Asked { account, bucket: turn.bucket.as_deref(), cause: ask.cause, at }, &answer)?;
        Ok(answer)
    }

    /// One call to a target that is not a write of an entry.
    pub(super) async fn ask_clockify<T, F>(
        self: &Shared,
        account: &Account,
        cause: Cause,
        patience: Patience,
        send: impl FnOnce(Clockify) -> F,
    ) -> Result<Answer<T>, CallError>
    where
        F: Future<Output = Answer<T>>,
    {
        self.turn_clockify(account, Ask { cause, patience, knocks: false }, send).await
    }

    /// One call to a target that is not a write of an entry.
    pub(super) async fn turn_clockify<T, F>(
        self: &Shared,
        account: &Account,
        ask: Ask,
        send: impl FnOnce(Clockify) -> F,
    ) -> Result<Answer<T>, CallError>
    where
        F: Future<Output = Answer<T>>,
    {
        let turn = self.admit(account, Charge::Workspace, ask).await?;
        let at = self.seams.now();
        let Some(client) = self.clockify(account) else {
            return Err(CallError::Stopped("no such account".into()));
        };
        let answer = send(client).await;
        self.note(&Asked { account, bucket: turn.bucket.as_deref(), cause: ask.cause, at }, &answer)?;
        Ok(answer)
    }

    /// Whether a call may leave now.
    pub(super) fn may_leave(
        &self,
        state: &mut State,
        account: &Account,
        bucket: Option<&str>,
        cause: Cause,
    ) -> Result<Gate, CallError> {
        self.gate(state, account, bucket, cause, false)
    }

    pub(super) fn gate(
        &self,
        state: &mut State,
        account: &Account,
        bucket: Option<&str>,
        cause: Cause,
        knocks: bool,
    ) -> Result<Gate, CallError> {
        let now = self.seams.now();
        state.keep_time(now);
        let Some(running) = state.running.get_mut(account) else {
            return Err(CallError::Stopped("no such account".into()));
        };
        let passes = !running.barred && (cause == Cause::Person || (knocks && running.knock.is_due(now)));
        if let Some(why) = running.refused.as_ref().filter(|_| !passes) {
            return Err(CallError::Stopped(why.clone()));
        }
        if let Gate::Wait(until) = running.breaker.gate(now) {
            return Ok(Gate::Wait(until));
        }
        if running.persons > 0 && cause != Cause::Person {
            return Ok(Gate::Wait(now + GIVE_WAY));
        }
        if let Some(pace) = &mut running.pace
            && let Gate::Wait(until) = pace.next_free_at(now)
        {
            let until = if cause == Cause::Person { until - PERSON_LEAD } else { until };
            if until > now {
                return Ok(Gate::Wait(until));
            }
        }
        let policy = state.setup.policy.clone();
        Ok(bucket.map_or(Gate::Go, |b| state.meters.gate(account, b, cause, &policy, now)))
    }

    /// Notes a spend: pace in memory, quota in the ledger.
    pub(super) fn spend(
        &self,
        state: &mut State,
        account: &Account,
        bucket: Option<&str>,
        cause: Cause,
    ) -> Desked<()> {
        let now = self.seams.now();
        if let Some(pace) = state.running.get_mut(account).and_then(|r| r.pace.as_mut()) {
            pace.note(now);
        }
        let Some(bucket) = bucket else { return Ok(()) };
        let State { desk, meters, .. } = state;
        desk.write("spend", |draft| meters.spend(account, bucket, cause, draft))
    }

    /// Notes what an answer said about meter, breaker and token.
    pub(super) fn note<T>(&self, asked: &Asked<'_>, answer: &Answer<T>) -> Desked<()> {
        let Asked { account, bucket, cause, at } = *asked;
        let mut state = self.state();
        let failure = answer.result.as_ref().err();
        let others = state.others(account, bucket);
        state.count_request(account, cause, failure);
        self.note_health(&mut state, account, at, failure);
        if let Some(bucket) = bucket {
            let State { desk, meters, .. } = &mut *state;
            desk.write("told", |draft| {
                meters.answered(account, (bucket, cause), &answer.told, failure, draft)
            })?;
        }
        if let Some(theirs) = answer.told.date {
            state.compare_clocks(account, self.seams.now(), theirs);
        }
        state.list_request(asked, answer, others);
        drop(state);
        self.touch();
        Ok(())
    }

    /// Breaker, offline mark and refused token of an account, from a call that left at `at`.
    pub(super) fn note_health(
        &self,
        state: &mut State,
        account: &Account,
        at: DateTime<Utc>,
        failure: Option<&Failure>,
    ) {
        let now = self.seams.now();
        let hourly = state.profile(account).is_none_or(|p| p.free);
        let Some(running) = state.running.get_mut(account) else { return };
        match failure {
            Some(failed @ (Failure::Unsent(_) | Failure::Unknown(_) | Failure::Server { .. })) => {
                // What never left costs nothing, whatever the plan.
                let unsent = matches!(failed, Failure::Unsent(_));
                let longest = if !hourly || unsent { TRY_CHEAP } else { TRY_DEAR };
                let why = failed.strain().unwrap_or(Strain::Network);
                let patience = if hourly { 2 } else { 5 };
                running.breaker.failed(why, now, patience, longest, self.seams.draw());
                match why {
                    // Who answers with an error is there.
                    Strain::Server => running.offline = None,
                    // One answer that is lost is not yet a network that is gone.
                    _ if unsent || running.breaker.failures() > 1 => {
                        let since = running.offline.take().map_or(now, |(since, _)| since);
                        running.offline = Some((since, failed.said()));
                    }
                    _ => {}
                }
            }
            Some(Failure::Pace { retry_after }) => {
                let wait = retry_after.unwrap_or(TimeDelta::seconds(5))
                    + TimeDelta::milliseconds((self.seams.draw() * 500.0) as i64);
                running.breaker.pause(now + wait);
                running.offline = None;
            }
            // It left with the token before the one in force, of which it says nothing.
            Some(Failure::Auth { .. }) if running.token_since.is_some_and(|since| at < since) => {}
            Some(Failure::Auth { status, .. }) => {
                running.refused = Some(format!("token refused (HTTP {status})"));
                running.knock.refused(now);
                let tag = state.setup.tag(account);
                let say = format!(
                    "{account}: the token is refused (HTTP {status}); :token {tag} renews it, nothing is lost meanwhile"
                );
                state.alert(&Alert::of_token(account), now, 7, say);
                self.wakes.upkeep.notify_waiters();
            }
            Some(Failure::Quota { .. }) => running.offline = None,
            Some(Failure::Plan(_)) => {
                running.breaker.succeeded();
                running.offline = None;
                running.plan_doubted = Some(now);
                self.wakes.upkeep.notify_waiters();
            }
            _ => {
                running.breaker.succeeded();
                running.offline = None;
            }
        }
    }
}
