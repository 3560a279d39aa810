//! Ranges of history as background work: planned durably, read window by window, resumed after a restart.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::domain::catalogue::Kind;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::Trouble;
use crate::domain::order::EntryRow;
use crate::domain::quota::Cause;
use crate::services::toggl::{Call, Cursor, ReportPage, Search};

use super::absence::{self, Window};
use super::apply::{Batch, bind_one};
use super::call::{CallError, Patience};
use super::desk::Desked;
use super::puller::{has_colleagues, take_reads};
use super::state::State;
use super::{Shared, jobs, profile};

/// The source's own list reaches back this far; older ranges are read by Reports.
const LIST_REACH: TimeDelta = TimeDelta::days(85);
/// A list that is this long may be cut.
const CUT: usize = 1_000;
/// Days that one Reports request covers here.
const REPORT_DAYS: u64 = 90;

/// A disk that is short of room is looked at again after this; a change that is noticed before wakes sooner.
const FULL: TimeDelta = TimeDelta::seconds(60);

/// A range of history to read, newest part first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// From.
    pub from: DateTime<Utc>,
    /// What is left ends here.
    pub to: DateTime<Utc>,
    /// A person asked for it: entries before `sync_from` are sent too.
    pub backfill: bool,
    /// Not before this: a second look at what a first one did not show.
    #[serde(default)]
    pub not_before: Option<DateTime<Utc>>,
}

/// What is left to read of an account's history.
pub fn planned(state: &State, account: &Account) -> Desked<Vec<Job>> {
    Ok(state.desk.get(&meta(account))?.unwrap_or_default())
}

impl Job {
    /// Requests that reading it takes at least: one for each range that a report covers.
    pub fn requests(&self) -> u32 {
        let days = (self.to - self.from).num_days().max(1).unsigned_abs();
        u32::try_from(days.div_ceil(REPORT_DAYS)).unwrap_or(u32::MAX)
    }
}

fn meta(account: &Account) -> Vec<u8> {
    rows::meta(&format!("history:{account}"))
}

/// Plans a range.
pub fn plan(
    engine: &Shared,
    account: &Account,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    backfill: bool,
) -> Desked<()> {
    let mut state = engine.state();
    state.desk.write("history", |draft| {
        let mut jobs: Vec<Job> = draft.get(&meta(account))?.unwrap_or_default();
        let covers = |j: &Job| j.not_before.is_none() && j.from <= from && j.to >= to;
        if !jobs.iter().any(|j| covers(j) && (j.backfill || !backfill)) {
            jobs.push(Job { from, to, backfill, not_before: None });
            draft.put(meta(account), &jobs)?;
        }
        Ok(())
    })?;
    drop(state);
    engine.wakes.pull.notify_waiters();
    Ok(())
}

/// Plans a second look at a range, not before `at`. Looks that wait for the same hour are one.
pub fn plan_later(
    engine: &Shared,
    account: &Account,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Desked<()> {
    engine.state().desk.write("history", |draft| {
        let mut jobs: Vec<Job> = draft.get(&meta(account))?.unwrap_or_default();
        match jobs.iter_mut().find(|j| j.not_before.is_some()) {
            Some(job) => {
                job.from = job.from.min(from);
                job.to = job.to.max(to);
                job.not_before = job.not_before.max(Some(at));
            }
            None => jobs.push(Job { from, to, backfill: false, not_before: Some(at) }),
        }
        draft.put(meta(account), &jobs)
    })
}

/// At the first start: everything from the earliest `sync_from` that the cold start did not bring.
pub fn plan_first(engine: &Shared, account: &Account) -> Desked<()> {
    let now = engine.seams.now();
    let earliest = {
        let state = engine.state();
        let zone = state.zone(account);
        state.sync_from.values().min().and_then(|day| midnight(*day, zone))
    };
    match earliest {
        Some(from) if from < now - TimeDelta::days(1) => {
            plan(engine, account, from, now + Days::new(1), false)
        }
        _ => Ok(()),
    }
}

/// The first moment of a day in a zone.
pub fn midnight(day: NaiveDate, zone: chrono_tz::Tz) -> Option<DateTime<Utc>> {
    let local = day.and_hms_opt(0, 0, 0)?;
    zone.from_local_datetime(&local)
        .earliest()
        .map(|t| t.with_timezone(&Utc))
        .or_else(|| Some(local.and_utc()))
}

/// Reads one window of the first planned range; answers when to go on, or `None` when nothing is left.
pub async fn work(engine: &Shared, account: &Account) -> Result<Option<DateTime<Utc>>, CallError> {
    loop {
        let jobs: Vec<Job> = engine.state().desk.get(&meta(account))?.unwrap_or_default();
        let (paused, person) = {
            let state = engine.state();
            let wish = state.reading.get(account);
            (state.paused.contains(&jobs::reading(account)), wish.is_some_and(|w| w.cause == Cause::Person))
        };
        let now = engine.seams.now();
        if !jobs.is_empty() && engine.mind_disk().0.is_short() {
            // What is left of the room is for deliveries.
            return Ok(Some(now + FULL));
        }
        let may = |j: &&Job| !(paused && j.backfill) && j.not_before.is_none_or(|at| at <= now);
        let job = jobs.iter().find(may).cloned();
        let Some(job) = job else { return Ok(jobs.iter().filter_map(|j| j.not_before).min()) };
        if person {
            // A key press does not wait for the rest of the history.
            return Ok(Some(now));
        }
        let cause = if job.backfill { Cause::Backfill } else { Cause::Gapfill };
        let own_only = !has_colleagues(&engine.state(), account);
        let read = if own_only && job.to > now - LIST_REACH {
            list(engine, account, &job, cause).await
        } else {
            report(engine, account, &job, cause).await
        };
        let left = match read {
            Ok(left) => left,
            Err(CallError::NotBefore(until)) => return Ok(Some(until)),
            Err(e) => return Err(e),
        };
        finish(engine, account, &job, left)?;
    }
}

/// One list of own entries; what is left of the range, if the list was cut or does not reach.
async fn list(
    engine: &Shared,
    account: &Account,
    job: &Job,
    cause: Cause,
) -> Result<Option<DateTime<Utc>>, CallError> {
    let now = engine.seams.now();
    let from = job.from.max(now - LIST_REACH);
    let to = job.to;
    let started = engine.seams.now();
    let answer = engine
        .ask_toggl(account, Call::EntriesBetween, cause, Patience::Short, |c| async move {
            c.entries_between(from, to).await
        })
        .await?;
    let reads = answer.result.map_err(CallError::Failed)?;
    take_reads(engine, account, &reads, started, None)?;
    admit(engine, account, job)?;
    let oldest = reads.iter().filter_map(|r| r.entry.as_ref()).map(|e| e.start).min();
    let whole_from = if reads.len() >= CUT { oldest.map_or(to, |t| t + TimeDelta::seconds(1)) } else { from };
    absence::weigh(engine, account, &Window { from: whole_from, to, by_reports: false, started }, &reads)?;
    if reads.len() >= CUT {
        // Up to a second later, so that entries of the same second are read again rather than lost.
        return Ok(oldest.map(|t| t + TimeDelta::seconds(1)).filter(|t| *t < to));
    }
    Ok((from > job.from).then_some(from))
}

/// One range by Reports: everybody that the token may see, running timers excluded.
async fn report(
    engine: &Shared,
    account: &Account,
    job: &Job,
    cause: Cause,
) -> Result<Option<DateTime<Utc>>, CallError> {
    let (workspace, zone) = {
        let state = engine.state();
        let workspace = state.profile(account).map(|p| p.workspace.clone()).unwrap_or_default();
        (workspace, state.zone(account))
    };
    let to = job.to.with_timezone(&zone).date_naive();
    let first = job.from.with_timezone(&zone).date_naive();
    let from = first.max(to - Days::new(REPORT_DAYS));
    let mut search = Search { from, to, users: Vec::new(), tag_names: tag_names(engine, account) };
    let mut after: Option<Cursor> = None;
    let began = engine.seams.now();
    let mut shown = Vec::new();
    let mut tags_read = false;
    loop {
        let started = engine.seams.now();
        let (asked, workspace) = (search.clone(), workspace.clone());
        let answer = engine
            .ask_toggl(account, Call::ReportsSearch, cause, Patience::Short, |c| async move {
                c.reports_search(&workspace, &asked, after).await
            })
            .await?;
        let mut page = answer.result.map_err(CallError::Failed)?;
        if !page.unnamed_tags.is_empty() && !std::mem::replace(&mut tags_read, true) {
            // Tags that were made since the catalogue was read: with their names the page says more.
            profile::read_tags(engine, account, cause).await?;
            search.tag_names = tag_names(engine, account);
            continue;
        }
        keep_tags(engine, account, &mut page)?;
        take_reads(engine, account, &page.reads, started, None)?;
        shown.extend(page.reads);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    admit(engine, account, job)?;
    // The service's days may begin at another hour than ours: the days at both ends prove nothing.
    if let (Some(from), Some(to)) = (midnight(from + Days::new(1), zone), midnight(to, zone)) {
        absence::weigh(engine, account, &Window { from, to, by_reports: true, started: began }, &shown)?;
    }
    Ok((from > first).then(|| midnight(from, zone)).flatten())
}

fn tag_names(engine: &Shared, account: &Account) -> BTreeMap<RemoteId, String> {
    engine.state().items(account, Kind::Tag).map(|t| (t.id.clone(), t.name.clone())).collect()
}

/// Where a tag has no name, what is known of the entry's tags stays; an entry that is new comes without, and the log
/// says so.
fn keep_tags(engine: &Shared, account: &Account, page: &mut ReportPage) -> Desked<()> {
    let lacking = std::mem::take(&mut page.lacking);
    if lacking.is_empty() {
        return Ok(());
    }
    let mut state = engine.state();
    let mut bare = Vec::new();
    for read in page.reads.iter_mut().filter(|r| lacking.contains(&r.id)) {
        let key = Key { account: account.clone(), id: read.id.clone() };
        let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
        match (row.and_then(|r| r.entry), &mut read.entry) {
            (Some(known), Some(entry)) => entry.tags = known.tags,
            _ => bare.push(key),
        }
    }
    state.desk.write("tags", |draft| {
        for key in &bare {
            let say = "a tag of this entry has no name in Toggl's list of tags; it comes without";
            draft.say("entry", "warn", say, Some(key))?;
        }
        Ok(())
    })
}

/// Whether a part of the range is still to be read.
pub fn is_planned(
    engine: &Shared,
    account: &Account,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Desked<bool> {
    let jobs: Vec<Job> = engine.state().desk.get(&meta(account))?.unwrap_or_default();
    // A second look at what was missing is for later.
    Ok(jobs.iter().any(|j| j.not_before.is_none() && j.from < to && j.to > from))
}

/// Entries of a chosen range go to the targets although they are older than `sync_from`.
/// What is there already, and what a person decided, stays as it is.
fn admit(engine: &Shared, account: &Account, job: &Job) -> Desked<()> {
    if !job.backfill {
        return Ok(());
    }
    let mut state = engine.state();
    let keys = state.desk.named(rows::by_start(job.from, job.to), usize::MAX)?;
    state.write("backfill", |state, draft| {
        let mut batch = Batch::default();
        for key in keys.iter().filter(|key| key.account == *account) {
            let Some(row) = draft.get::<EntryRow>(&rows::entry(key))? else { continue };
            for target in &state.setup.targets {
                let Some(mut link) = draft.link(&target.account, key)? else { continue };
                let decided = matches!(link.trouble, Some(Trouble::Conflict(_) | Trouble::Dropped));
                if decided || link.may_be_there() {
                    continue;
                }
                link.backfilled = true;
                draft.put_link(&target.account, key, link)?;
                bind_one(state, draft, &mut batch, &target.account, key, &row)?;
            }
        }
        Ok(())
    })?;
    drop(state);
    engine.touch_work();
    Ok(())
}

fn finish(engine: &Shared, account: &Account, job: &Job, left: Option<DateTime<Utc>>) -> Desked<()> {
    engine.state().desk.write("history", |draft| {
        let mut jobs: Vec<Job> = draft.get(&meta(account))?.unwrap_or_default();
        if let Some(at) = jobs.iter().position(|j| j == job) {
            match left.filter(|t| *t > job.from) {
                Some(to) => jobs[at].to = to,
                None => {
                    jobs.remove(at);
                }
            }
        }
        draft.put(meta(account), &jobs)
    })
}
