//! Reads the source: once in full at the first start, then what changed since, beside the webhook or instead of it.

use chrono::{DateTime, Days, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::catalogue::Kind;
use crate::domain::id::{Account, Key};
use crate::domain::order::{EntryRow, Stamp};
use crate::domain::quota::Cause;
use crate::domain::read::SourceRead;
use crate::services::http::Charge;
use crate::services::toggl::Call;

use super::apply::{Batch, take_entry};
use super::brake::{Brake, brake_batch};
use super::call::{CallError, Patience, bucket_of};
use super::desk::{DeskError, Desked};
use super::doubts::Doubts;
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
pub async fn run(engine: Shared, account: Account) -> Desked<()> {
    let Some((mut next, is_new)) = first(&engine, &account).await? else { return Ok(()) };
    if is_new {
        // The days before are wanted now, and no read of what changed since need come before.
        let worked = tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            worked = history::work(&engine, &account) => worked,
        };
        next = match worked {
            Ok(None) => next,
            Ok(Some(again)) => next.min(again),
            Err(_) => next.min(engine.seams.now() + TimeDelta::seconds(15) + jitter(&engine)),
        };
    }
    let mut last_read = engine.seams.now() - APART;
    let mut doubts = Doubts::default();
    let mut pause: Option<Pause> = None;
    loop {
        let woken = engine.wakes.pull.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        // A clock that was set back makes no longer wait than any that is meant.
        let latest = engine.seams.now() + TimeDelta::hours(1);
        next = next.min(latest);
        pause = pause.map(|p| Pause { until: p.until.min(latest), ..p });
        if let Some(running) = engine.state().running.get_mut(&account) {
            running.read_due = Some(next);
        }
        let (due, cause) = match due(&engine, &account, &doubts, next, last_read) {
            Ok(due) => due,
            Err(DeskError::NotReady) => (engine.seams.now() + TimeDelta::milliseconds(200), Cause::Health),
            Err(e) => return Err(e),
        };
        let due = pause.as_ref().map_or(due, |p| p.hold(due, cause));
        if due > engine.seams.now() {
            tokio::select! { biased;
                () = engine.stop.cancelled() => return Ok(()),
                () = &mut woken => continue,
                () = engine.seams.sleep_until(due) => continue,
            }
        }
        let served = engine.state().reading.get(&account).cloned();
        let outcome = tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            outcome = read(&engine, &account, cause) => outcome,
        };
        last_read = engine.seams.now();
        next = last_read + interval(&engine.state(), &account);
        pause = None;
        match outcome {
            Ok(started) => {
                served_wish(&engine, &account, served.as_ref());
                match Doubts::plan(&engine, &account) {
                    Ok(()) | Err(DeskError::NotReady) => {}
                    Err(e) => return Err(e),
                }
                let worked = tokio::select! { biased;
                    () = engine.stop.cancelled() => return Ok(()),
                    worked = history::work(&engine, &account) => worked,
                };
                next = match worked {
                    Ok(None) => next,
                    Ok(Some(again)) => next.min(again),
                    Err(CallError::Desk(e)) if !matches!(e, DeskError::NotReady) => return Err(e),
                    Err(_) => next.min(last_read + TimeDelta::seconds(15) + jitter(&engine)),
                };
                match doubts.after_read(&engine, &account, started) {
                    Ok(()) | Err(DeskError::NotReady) => {}
                    Err(e) => return Err(e),
                }
            }
            Err(CallError::NotBefore(until)) => {
                next = until;
                pause = Some(Pause { until, cause });
            }
            Err(CallError::Desk(DeskError::NotReady) | CallError::Stopped(_) | CallError::Failed(_)) => {
                let until = last_read + TimeDelta::seconds(15) + jitter(&engine);
                next = until;
                pause = Some(Pause { until, cause });
                drop_vain_wish(&engine, &account);
            }
            Err(CallError::Desk(e)) => return Err(e),
        }
    }
}

/// After a read that could not be made: nothing less urgent is tried before.
struct Pause {
    until: DateTime<Utc>,
    cause: Cause,
}

impl Pause {
    fn hold(&self, due: DateTime<Utc>, cause: Cause) -> DateTime<Utc> {
        if cause < self.cause { due } else { due.max(self.until) }
    }
}

/// While the token is refused a person's key press is answered by the alert, not by trying on and on.
fn drop_vain_wish(engine: &Shared, account: &Account) {
    let mut state = engine.state();
    let refused = state.running.get(account).is_some_and(|r| r.refused.is_some());
    if refused && state.reading.get(account).is_some_and(|w| w.cause == Cause::Person) {
        state.reading.remove(account);
    }
}

/// A wish that came while the read was under way was not served by it.
fn served_wish(engine: &Shared, account: &Account, served: Option<&ReadWish>) {
    let mut state = engine.state();
    if state.reading.get(account) == served {
        state.reading.remove(account);
    }
}

fn jitter(engine: &Shared) -> TimeDelta {
    TimeDelta::milliseconds((engine.seams.draw() * 15_000.0) as i64)
}

/// Makes sure that the profile is known; answers when to read first, and whether this is the account's first start.
async fn first(engine: &Shared, account: &Account) -> Desked<Option<(DateTime<Utc>, bool)>> {
    loop {
        match profile::is_whole(engine, account) {
            Ok(true) => return Ok(Some((engine.seams.now() + SETTLE_IN, false))),
            Ok(false) => {}
            // Whether it is the first start nobody can say yet, and reading everything has its price.
            Err(DeskError::NotReady) => {
                tokio::select! { biased;
                    () = engine.stop.cancelled() => return Ok(None),
                    () = engine.seams.sleep_until(engine.seams.now() + TimeDelta::milliseconds(200)) => continue,
                }
            }
            Err(e) => return Err(e),
        }
        let outcome = tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(None),
            outcome = cold(engine, account) => outcome,
        };
        match outcome {
            Ok(()) => return Ok(Some((engine.seams.now() + interval(&engine.state(), account), true))),
            Err(CallError::Desk(e)) if !matches!(e, DeskError::NotReady) => return Err(e),
            Err(e) => {
                tracing::warn!(error = %e, account = %account, "the first read failed; trying again");
                let wait = engine.seams.now() + TimeDelta::seconds(5) + jitter(engine) / 3;
                tokio::select! { biased;
                    () = engine.stop.cancelled() => return Ok(None),
                    () = engine.seams.sleep_until(wait) => {}
                }
            }
        }
    }
}

/// The cold start: one request that brings almost everything.
async fn cold(engine: &Shared, account: &Account) -> Result<(), CallError> {
    let started = engine.seams.now();
    let me = profile::read_source(engine, account, Cause::Health).await?.me;
    let newest = me.entries.iter().map(|e| e.at).max();
    // A first read that was cut off has set its mark; what was deleted since then only a read from there shows.
    let mark: Option<i64> = engine.state().desk.get(&rows::meta(&format!("since:{account}")))?;
    let mark = newest.filter(|_| mark.is_none()).map(|t| t.timestamp() - OVERLAP);
    take_reads(engine, account, &me.entries, started, mark)?;
    profile::read_users(engine, account).await?;
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
    doubts: &Doubts,
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
    if let Some(at) = doubts.due(&state, account)? {
        let at = at.max(last + APART);
        if at <= next {
            return Ok((at, Cause::Sync));
        }
    }
    Ok((next, Cause::Health))
}

/// Reads what changed since the last complete read; answers when it left.
async fn read(engine: &Shared, account: &Account, cause: Cause) -> Result<DateTime<Utc>, CallError> {
    let patience = Patience::Short;
    let now = engine.seams.now();
    let (mark, wished) = {
        let state = engine.state();
        let mark: Option<i64> = state.desk.get(&rows::meta(&format!("since:{account}")))?;
        let gap = state.reading.get(account).and_then(|w| w.since);
        (mark, [gap, Doubts::since(&state, account)?].into_iter().flatten().min())
    };
    let reach = (now - REACH).timestamp();
    let from = mark.unwrap_or_else(|| (now - TimeDelta::days(9)).timestamp());
    let from = wished.map_or(from, |w| w.timestamp().min(from)).max(reach);
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
    if let Some(before) = mark.filter(|mark| *mark < reach).and_then(|m| DateTime::from_timestamp(m, 0)) {
        // Away for longer than changes can be asked for: the days since are read as they are now.
        missed(engine, account, "the engine was away for longer than Toggl tells changes of")?;
        history::plan(engine, account, before - TimeDelta::days(30), now + Days::new(2), false)?;
    } else if reads.len() >= CUT {
        // The list may be cut: what is left of it is read by windows, oldest last.
        missed(engine, account, "more entries changed than one answer of Toggl holds")?;
        history::plan(engine, account, now - REACH, now + Days::new(2), false)?;
    }
    take_reads(engine, account, &reads, started, to)?;
    if let Some(running) = engine.state().running.get_mut(account) {
        running.caught_up = true;
    }
    Ok(started)
}

/// Says that deletions of the time before may have gone unseen.
fn missed(engine: &Shared, account: &Account, why: &str) -> Desked<()> {
    let say =
        format!("{account}: {why}; all days are read again, deletions of that time show at a second read");
    engine.state().desk.write("missed", |draft| draft.say("engine", "warn", say, None))
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
    let mut holds = state.holds.clone();
    let workspace = state.profile(account).map(|p| p.workspace.clone());
    let changed = state.write("read", |state, draft| {
        let mut batch = Batch::default();
        for read in reads {
            let elsewhere = read.entry.as_ref().is_some_and(|e| Some(&e.workspace) != workspace.as_ref());
            let moved =
                elsewhere.then(|| SourceRead { entry: None, deleted_at: Some(read.at), ..read.clone() });
            // An entry that moved to another workspace has left this one; others there are not ours.
            if elsewhere && draft.get::<EntryRow>(&rows::entry(&key_of(account, read)))?.is_none() {
                continue;
            }
            let read = moved.as_ref().unwrap_or(read);
            take_entry(state, rules, draft, &mut batch, account, read, Stamp::Read { started })?;
        }
        let mut brake = Brake { holds: &mut holds, id };
        brake_batch(state, &mut brake, draft, &batch, account, false)?;
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

fn key_of(account: &Account, read: &SourceRead) -> Key {
    Key { account: account.clone(), id: read.id.clone() }
}

/// Whether any user beside the token's own is known.
pub fn has_colleagues(state: &State, account: &Account) -> bool {
    state.items(account, Kind::User).count() > 1
}
