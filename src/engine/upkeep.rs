//! Keeps what is known of accounts fresh: who the token is, its plan and its catalogue, by age and after a refusal.
//! A first read of a source is the puller's.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::id::Account;
use crate::domain::quota::Cause;

use super::call::CallError;
use super::desk::{DeskError, Desked};
use super::state::State;
use super::{Shared, profile, puller};

/// A cache that is being rebuilt is asked again after this.
const SOON: TimeDelta = TimeDelta::milliseconds(200);
/// What was read so long ago is read again when a refusal speaks of the plan.
const DOUBTED: TimeDelta = TimeDelta::hours(1);

/// Reads a target's profile and catalogue: at the first start, when they are old, and when a refused token may be
/// good again.
pub async fn keep_target(engine: Shared, account: Account) -> Desked<()> {
    keep(&engine, &account, |engine, account| async move {
        profile::read_target(&engine, &account, Cause::Health).await?;
        engine.rebind_target(&account);
        Ok(profile::note_whole(&engine, &account)?)
    })
    .await
}

/// The same for a source, once its first read went through.
pub async fn keep_source(engine: Shared, account: Account) -> Desked<()> {
    loop {
        match profile::is_whole(&engine, &account) {
            Ok(true) => break,
            Ok(false) | Err(DeskError::NotReady) => {}
            Err(e) => return Err(e),
        }
        tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            () = engine.seams.sleep_until(engine.seams.now() + TimeDelta::seconds(5)) => {}
        }
    }
    keep(&engine, &account, |engine, account| async move { refresh_source(&engine, &account).await }).await
}

async fn refresh_source(engine: &Shared, account: &Account) -> Result<(), CallError> {
    let started = engine.seams.now();
    let read = profile::read_source(engine, account, Cause::Health).await?;
    puller::take_reads(engine, account, &read.me.entries, started, None)?;
    let users = profile::read_users(engine, account).await?;
    if read.changed + users > 0 {
        let targets: Vec<Account> = engine.state().setup.targets.iter().map(|t| t.account.clone()).collect();
        for target in targets {
            engine.rebind_target(&target);
        }
    }
    engine.touch_work();
    Ok(())
}

async fn keep<R>(engine: &Shared, account: &Account, read: impl Fn(Shared, Account) -> R) -> Desked<()>
where
    R: Future<Output = Result<(), CallError>>,
{
    let mut not_before = engine.seams.now();
    loop {
        let woken = engine.wakes.upkeep.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let now = engine.seams.now();
        let due = match profile::is_whole(engine, account) {
            Ok(whole) => due(&engine.state(), account, whole, now),
            Err(DeskError::NotReady) => Some(now + SOON),
            Err(e) => return Err(e),
        };
        let due = due.unwrap_or(now + profile::OLD).max(not_before);
        if due > now {
            tokio::select! { biased;
                () = engine.stop.cancelled() => return Ok(()),
                () = &mut woken => {}
                () = engine.seams.sleep_until(due) => {}
            }
            continue;
        }
        let outcome = tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            outcome = read(engine.clone(), account.clone()) => outcome,
        };
        not_before = match outcome {
            Ok(()) => {
                engine.touch_work();
                now
            }
            Err(CallError::NotBefore(until)) => until,
            Err(CallError::Desk(e)) if !matches!(e, DeskError::NotReady) => return Err(e),
            Err(e) => {
                tracing::warn!(error = %e, account = %account, "the account could not be read; trying again");
                engine.seams.now() + TimeDelta::milliseconds(5_000 + (engine.seams.draw() * 5_000.0) as i64)
            }
        };
    }
}

/// When to read an account again; `None` when only a person can change something.
fn due(state: &State, account: &Account, whole: bool, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let running = state.running.get(account)?;
    if running.refused.is_some() {
        return running.knock.next_at();
    }
    let read_at = running.profile.as_ref().map(|p| p.read_at).filter(|_| whole);
    let fresh = |at: DateTime<Utc>| match running.plan_doubted {
        Some(doubt) if doubt > at => (at + DOUBTED).max(doubt),
        _ => at + profile::OLD,
    };
    Some(read_at.map_or(now, fresh))
}
