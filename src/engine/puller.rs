//! Reads the source: once in full at the first start, then what changed since, beside the webhook or instead of it.

use chrono::{DateTime, Days, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::catalogue::Kind;
use crate::domain::id::Account;
use crate::domain::order::{SECOND_IS_OVER, Stamp};
use crate::domain::quota::Cause;
use crate::domain::read::SourceRead;
use crate::services::http::Charge;
use crate::services::toggl::Call;

use super::apply::{Batch, Pulled, brake_batch, take_entry};
use super::call::{CallError, Patience, bucket_of};
use super::desk::{DeskError, Desked};
use super::state::{ReadWish, State};
use super::{Shared, history, profile, snapshot};

/// Reads overlap by this, so that nothing falls between two of them.
const OVERLAP: i64 = 60;
/// `since` reaches back about three months; beyond this everything recent is read instead.
const REACH: TimeDelta = TimeDelta::days(80);
/// A list that is this long may be cut.
const CUT: usize = 1_000;
/// After a start with a ledger the first read waits, so that restarts in a row cost little.
const SETTLE_IN: TimeDelta = TimeDelta::seconds(30);
/// Reads for gaps and doubts keep at least this apart.
const APART: TimeDelta = TimeDelta::seconds(5);

/// Keeps a source account read until the engine stops.
pub async fn run(engine: Shared, account: Account) {
    let Some((mut next, is_new)) = first(&engine, &account).await else { return };
    if is_new {
        // The days before are wanted now, and no read of what changed since need come before.
        let worked = tokio::select! { biased;
            () = engine.stop.cancelled() => return,
            worked = history::work(&engine, &account) => worked,
        };
        next = match worked {
            Ok(None) => next,
            Ok(Some(again)) => next.min(again),
            Err(_) => next.min(engine.seams.now() + TimeDelta::seconds(15) + jitter(&engine)),
        };
    }
    let mut last_read = engine.seams.now() - APART;
    loop {
        let woken = engine.wakes.pull.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        // A clock that was set back makes no longer wait than any that is meant.
        next = next.min(engine.seams.now() + TimeDelta::hours(1));
        let (due, cause) = match due(&engine, &account, next, last_read) {
            Ok(due) => due,
            Err(DeskError::NotReady) => (engine.seams.now() + TimeDelta::milliseconds(200), Cause::Health),
            Err(_) => return,
        };
        if due > engine.seams.now() {
            tokio::select! { biased;
                () = engine.stop.cancelled() => return,
                () = &mut woken => continue,
                () = engine.seams.sleep_until(due) => continue,
            }
        }
        let served = engine.state().reading.get(&account).cloned();
        let outcome = tokio::select! { biased;
            () = engine.stop.cancelled() => return,
            outcome = read(&engine, &account, cause) => outcome,
        };
        last_read = engine.seams.now();
        next = last_read + interval(&engine.state(), &account);
        match outcome {
            Ok(()) => {
                served_wish(&engine, &account, served.as_ref());
                let worked = tokio::select! { biased;
                    () = engine.stop.cancelled() => return,
                    worked = history::work(&engine, &account) => worked,
                };
                if let Ok(Some(again)) = worked {
                    next = next.min(again);
                }
            }
            Err(CallError::NotBefore(until)) => {
                next = until;
                put_off(&engine, &account, until);
            }
            Err(CallError::Desk(DeskError::NotReady) | CallError::Stopped(_) | CallError::Failed(_)) => {
                next = last_read + TimeDelta::seconds(15) + jitter(&engine);
            }
            Err(CallError::Desk(_)) => return,
        }
    }
}

/// A wish that came while the read was under way was not served by it.
fn served_wish(engine: &Shared, account: &Account, served: Option<&ReadWish>) {
    let mut state = engine.state();
    if state.reading.get(account) == served {
        state.reading.remove(account);
    }
}

/// A wish that may not be served yet waits too; asked again at once it would be answered alike.
fn put_off(engine: &Shared, account: &Account, until: DateTime<Utc>) {
    if let Some(wish) = engine.state().reading.get_mut(account) {
        wish.not_before = wish.not_before.max(until);
    }
}

fn jitter(engine: &Shared) -> TimeDelta {
    TimeDelta::milliseconds((engine.seams.draw() * 15_000.0) as i64)
}

/// Makes sure that the profile is known; answers when to read first, and whether this is the account's first start.
async fn first(engine: &Shared, account: &Account) -> Option<(DateTime<Utc>, bool)> {
    loop {
        match profile::is_whole(engine, account) {
            Ok(true) => return Some((engine.seams.now() + SETTLE_IN, false)),
            Ok(false) | Err(DeskError::NotReady) => {}
            Err(_) => return None,
        }
        let outcome = tokio::select! { biased;
            () = engine.stop.cancelled() => return None,
            outcome = cold(engine, account) => outcome,
        };
        match outcome {
            Ok(()) => return Some((engine.seams.now() + interval(&engine.state(), account), true)),
            Err(CallError::Desk(e)) if !matches!(e, DeskError::NotReady) => return None,
            Err(e) => {
                tracing::warn!(error = %e, account = %account, "the first read failed; trying again");
                let wait = engine.seams.now() + TimeDelta::seconds(5) + jitter(engine) / 3;
                tokio::select! { biased;
                    () = engine.stop.cancelled() => return None,
                    () = engine.seams.sleep_until(wait) => {}
                }
            }
        }
    }
}

/// The cold start: one request that brings almost everything.
async fn cold(engine: &Shared, account: &Account) -> Result<(), CallError> {
    let started = engine.seams.now();
    let me = profile::read_source(engine, account, Cause::Health).await?;
    let newest = me.entries.iter().map(|e| e.at).max();
    // A first read that was cut off has set its mark; what was deleted since then only a read from there shows.
    let mark: Option<i64> = engine.state().desk.get(&rows::meta(&format!("since:{account}")))?;
    let mark = newest.filter(|_| mark.is_none()).map(|t| t.timestamp() - OVERLAP);
    take_reads(engine, account, &me.entries, started, mark)?;
    let (workspace, admin) = {
        let state = engine.state();
        state.profile(account).map(|p| (p.workspace.clone(), p.admin)).unwrap_or_default()
    };
    if admin {
        // Names and e-mails of colleagues; without the right to see them their entries are held.
        let users = engine
            .ask_toggl(account, Call::Users, Cause::Health, Patience::Forever, |c| async move {
                c.users(&workspace).await
            })
            .await?;
        if let Ok(users) = users.result {
            profile::put_items(engine, account, &users)?;
        }
    }
    if let Some(running) = engine.state().running.get_mut(account) {
        running.caught_up = true;
    }
    history::plan_first(engine, account)?;
    profile::note_whole(engine, account)?;
    engine.wakes.guard.notify_one();
    engine.touch_work();
    Ok(())
}

/// How often the source is read: seldom beside deliveries that can be trusted, and never more than the bucket bears.
pub fn interval(state: &State, account: &Account) -> TimeDelta {
    let Some(setup) = state.setup.sources.iter().find(|s| &s.account == account) else {
        return TimeDelta::hours(1);
    };
    let alone = TimeDelta::seconds(i64::from(setup.read_every_s.max(30)));
    let now = state.desk.now();
    let wished = if setup.managed && state.setup.public_url.is_some() {
        let free = state.profile(account).is_none_or(|p| p.free);
        let beside = if free { TimeDelta::minutes(30) } else { TimeDelta::minutes(5) };
        if snapshot::subscriptions::is_trusted(state, account, now) { beside } else { beside.min(alone) }
    } else {
        alone
    };
    let bucket =
        bucket_of(state, account, Charge::User).and_then(|name| state.meters.seen(account, &name, now));
    bucket.map_or(wished, |bucket| bucket.bearable(Cause::Health, state.policy(), wished, now))
}

/// When to read next, and for what cause: the schedule, a doubt, a gap, or a person.
fn due(
    engine: &Shared,
    account: &Account,
    next: DateTime<Utc>,
    last: DateTime<Utc>,
) -> Desked<(DateTime<Utc>, Cause)> {
    let state = engine.state();
    if let Some(wish) = state.reading.get(account) {
        let at =
            wish.not_before.max(if wish.cause == Cause::Person { wish.not_before } else { last + APART });
        if at <= next {
            return Ok((at, wish.cause));
        }
    }
    let own = state.profile(account).map(|p| p.user.clone());
    let mut newest: Option<DateTime<Utc>> = None;
    for key in state.desk.named(rows::by_doubt(), 200)? {
        let row: Option<crate::domain::order::EntryRow> = state.desk.get(&rows::entry(&key))?;
        let Some(row) = row.filter(|_| key.account == *account) else { continue };
        let mine = row.entry.as_ref().is_none_or(|e| Some(&e.user) == own.as_ref());
        if mine {
            newest = newest.max(row.doubt);
        }
    }
    if let Some(doubt) = newest {
        let at = (doubt + SECOND_IS_OVER).max(last + APART);
        if at <= next {
            return Ok((at, Cause::Sync));
        }
    }
    Ok((next, Cause::Health))
}

/// Reads what changed since the last complete read.
async fn read(engine: &Shared, account: &Account, cause: Cause) -> Result<(), CallError> {
    let patience = Patience::Short;
    let now = engine.seams.now();
    let mark: Option<i64> = engine.state().desk.get(&rows::meta(&format!("since:{account}")))?;
    let from = mark.unwrap_or_else(|| (now - TimeDelta::days(9)).timestamp());
    let gap = engine.state().reading.get(account).and_then(|w| w.since).map(|t| t.timestamp());
    let from = gap.map_or(from, |g| g.min(from)).max((now - REACH).timestamp());
    let started = engine.seams.now();
    let answer =
        engine
            .ask_toggl(account, Call::EntriesSince, cause, patience, |c| async move {
                c.entries_since(from).await
            })
            .await?;
    let date = answer.told.date;
    let reads = answer.result.map_err(CallError::Failed)?;
    let newest = reads.iter().map(|r| r.at.timestamp()).max();
    let to = date.map(|d| d.timestamp()).or(newest).map(|t| t - OVERLAP).max(mark);
    if reads.len() >= CUT {
        // The list may be cut: what is left of it is read by windows, oldest last.
        history::plan(engine, account, now - REACH, now + Days::new(2), false)?;
    }
    take_reads(engine, account, &reads, started, to)?;
    if let Some(running) = engine.state().running.get_mut(account) {
        running.caught_up = true;
    }
    Ok(())
}

/// Applies what a read brought, as one cause and one frame.
pub fn take_reads(
    engine: &Shared,
    account: &Account,
    reads: &[SourceRead],
    started: DateTime<Utc>,
    mark: Option<i64>,
) -> Desked<usize> {
    let rules = engine.seams.rules;
    let id = format!("mass{}", engine.seams.hex(6));
    let mut state = engine.state();
    let targets: Vec<Account> = state.setup.targets.iter().map(|t| t.account.clone()).collect();
    let mut holds = state.holds.clone();
    let workspace = state.profile(account).map(|p| p.workspace.clone());
    let changed = state.write("read", |state, draft| {
        let mut batch = Batch::default();
        for read in reads {
            if read.entry.as_ref().is_some_and(|e| Some(&e.workspace) != workspace.as_ref()) {
                continue;
            }
            take_entry(state, rules, draft, &mut batch, account, read, Stamp::Read { started })?;
        }
        let mut pulled = Pulled {
            hold_changes: state.setup.policy.hold_changes,
            hold_deletions: state.setup.policy.hold_deletions,
            targets: &targets,
            holds: &mut holds,
            id,
        };
        brake_batch(&mut pulled, draft, &batch, account, false)?;
        let meta = rows::meta(&format!("since:{account}"));
        if let Some(mark) = mark
            && draft.get::<i64>(&meta)?.is_none_or(|old| old != mark)
        {
            draft.put(meta, &mark)?;
        }
        Ok(batch.changed)
    })?;
    state.holds = holds;
    let found = changed.len();
    state.unannounced(account, &changed);
    drop(state);
    if found > 0 {
        engine.touch_work();
    }
    Ok(found)
}

/// Reads the targets' profiles and catalogues: at the first start, and when they are old.
pub async fn keep_target(engine: Shared, account: Account) {
    loop {
        let now = engine.seams.now();
        let whole = profile::is_whole(&engine, &account).unwrap_or(false);
        let read_at = engine.state().profile(&account).map(|p| p.read_at).filter(|_| whole);
        let next = match read_at {
            Some(at) if at + profile::OLD > now => at + profile::OLD,
            _ => {
                let outcome = tokio::select! { biased;
                    () = engine.stop.cancelled() => return,
                    outcome = profile::read_target(&engine, &account, Cause::Health) => outcome,
                };
                match outcome {
                    Ok(()) => {
                        engine.rebind_target(&account);
                        if profile::note_whole(&engine, &account).is_err() {
                            return;
                        }
                        engine.touch_work();
                        continue;
                    }
                    Err(CallError::NotBefore(until)) => until,
                    Err(CallError::Desk(e)) if !matches!(e, DeskError::NotReady) => return,
                    Err(e) => {
                        tracing::warn!(error = %e, account = %account, "the target could not be read; trying again");
                        now + TimeDelta::seconds(5) + jitter(&engine) / 3
                    }
                }
            }
        };
        tokio::select! { biased;
            () = engine.stop.cancelled() => return,
            () = engine.seams.sleep_until(next) => {}
        }
    }
}

/// Whether any user beside the token's own is known.
pub fn has_colleagues(state: &State, account: &Account) -> bool {
    state.items(account, Kind::User).count() > 1
}
