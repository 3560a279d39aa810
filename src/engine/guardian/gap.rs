//! Reads that the guardian asks the puller for: to find out who disabled the subscription, and to fill the gap.

use chrono::{DateTime, DurationRound, SubsecRound, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::guard_evidence::Change;
use crate::domain::order::{EntryRow, Stamp};
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;

use super::care::{self, Care};
use super::{Post, SETTLE_IN};
use crate::engine::desk::Desked;
use crate::engine::history;
use crate::engine::puller::has_colleagues;
use crate::engine::state::ReadWish;

/// Reads reach back this much further than the last good delivery.
pub const MARGIN: TimeDelta = TimeDelta::minutes(10);
/// While restarts go on, reads keep this apart.
const APART: TimeDelta = TimeDelta::minutes(5);
/// A regular read that does not come by then is not waited for any longer.
const LATEST: TimeDelta = TimeDelta::minutes(40);
/// Entries that start longer ago than this are found by the reads themselves only.
const RECENT: TimeDelta = TimeDelta::days(35);

/// What a read is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Proof about this disabling.
    Seek(DateTime<Utc>),
    /// What deliveries missed.
    Fill,
}

/// Who pays a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// It is made now, beside the schedule.
    Extra,
    /// It goes with the next regular one.
    Regular,
}

/// Where a read must begin: well before the newest delivered event, and where an earlier gap is still unread, there.
pub fn since(own: &Subscription, care: &Care) -> Option<DateTime<Utc>> {
    let own = own.last_event_at.max(care.life_from).or(own.created_at).map(|at| at - MARGIN);
    [own, care.missing].into_iter().flatten().min()
}

/// Asks the puller; the wish stays until a read has served it.
pub fn ask(
    post: &mut Post,
    what: Reading,
    since: Option<DateTime<Utc>>,
    cause: Cause,
    paid: Paid,
) -> Desked<()> {
    let now = post.now();
    let settled = post.started + SETTLE_IN;
    let not_before = care::write(&post.engine, &post.account, "guard read", |page| {
        let last = page.care.read_at.replace(now);
        // Only reads of an earlier run count: within one, nobody asks more often than there is reason to.
        let apart = last.filter(|t| *t < post.started).map(|t| t + APART);
        Ok(if cause == Cause::Person { now } else { settled.max(apart.unwrap_or(settled)).max(now) })
    })?;
    if let Some((from, to)) = span(post, what, since) {
        // The list brings own entries only.
        history::plan(&post.engine, &post.account, from, to, false)?;
    }
    // The regular read comes before this, and brings what is wished for too.
    let (not_before, cause) = match paid {
        Paid::Extra => (not_before, cause),
        Paid::Regular => (not_before.max(now + LATEST), Cause::Health),
    };
    let mut state = post.engine.state();
    let old = state.reading.remove(&post.account);
    let mut wish = ReadWish { not_before, cause, since };
    if let Some(old) = old {
        wish.since = [old.since, since].into_iter().flatten().min();
        wish.not_before = old.not_before.min(not_before);
        wish.cause = old.cause.min(cause);
    }
    state.reading.insert(post.account.clone(), wish);
    drop(state);
    (post.reading, post.paid) = (Some(what), paid);
    post.filling = asked(post);
    post.engine.wakes.pull.notify_waiters();
    Ok(())
}

/// The range that has to be read by Reports, because colleagues may have worked in the gap. It ends with a day, so
/// that a restart plans no other one.
fn span(post: &Post, what: Reading, since: Option<DateTime<Utc>>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let colleagues = has_colleagues(&post.engine.state(), &post.account);
    let from = since.filter(|_| what == Reading::Fill && colleagues)?;
    let to = (post.now() + TimeDelta::days(2)).duration_trunc(TimeDelta::days(1)).ok()?;
    Some((from, to))
}

/// Requests that are kept for colleagues' part of a gap.
pub fn kept(post: &Post) -> u32 {
    u32::from(has_colleagues(&post.engine.state(), &post.account))
}

/// Requests of all gap-fills since the start, whatever came of them.
pub fn asked(post: &Post) -> u64 {
    let state = post.engine.state();
    let counts = state.counts.requests.iter();
    counts.filter(|((_, cause, _), _)| *cause == Cause::Gapfill).map(|(_, count)| *count).sum()
}

/// Whether what was asked for has been read.
pub fn is_read(post: &Post, what: Reading) -> Desked<bool> {
    if post.engine.state().reading.contains_key(&post.account) {
        return Ok(false);
    }
    let since = care::care(&post.engine, &post.account)?.gap;
    match span(post, what, since) {
        Some((from, to)) => Ok(!history::is_planned(&post.engine, &post.account, from, to)?),
        None => Ok(true),
    }
}

/// Changes since the second of `floor` (the service's clock) that reading brought and no delivery did.
pub fn undelivered(post: &Post, floor: Option<DateTime<Utc>>) -> Desked<Vec<Change>> {
    let Some(floor) = floor.map(|t| t.trunc_subsecs(0)) else { return Ok(Vec::new()) };
    let now = post.now();
    let state = post.engine.state();
    let near = state.desk.named(rows::by_start(now - RECENT, now + TimeDelta::days(2)), usize::MAX)?;
    let far = post.found.all().filter(|(_, at)| *at >= floor).map(|(key, _)| key.clone());
    let mut keys: Vec<_> = near.into_iter().filter(|k| k.account == post.account).chain(far).collect();
    keys.sort();
    keys.dedup();
    let mut found = Vec::new();
    for key in keys {
        let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
        let read = row.filter(|r| r.at >= floor && matches!(r.stamp, Stamp::Read { .. }));
        found.extend(read.map(|r| Change { at: r.at, seen_at: r.seen_at }));
    }
    Ok(found)
}
