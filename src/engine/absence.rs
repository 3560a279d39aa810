//! What complete reads of a range do not show: noted at first, taken as deleted when a second read does not show it either.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::absence::{APART, Known, Verdict, judge};
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::order::EntryRow;
use crate::domain::read::SourceRead;

use super::desk::Desked;
use super::state::State;
use super::{Shared, history, puller};

/// Entries kept in mind as missing; more than this is no ordinary day, and read again later.
const MOST: usize = 2_000;

/// A range that was read in full.
pub struct Window {
    /// First start in it.
    pub from: DateTime<Utc>,
    /// Exclusive.
    pub to: DateTime<Utc>,
    /// Running timers and colleagues' entries: shown by a list of own entries or by Reports, never by both.
    pub by_reports: bool,
    /// When the read left.
    pub started: DateTime<Utc>,
}

fn meta(account: &Account) -> Vec<u8> {
    rows::meta(&format!("missing:{account}"))
}

/// Weighs what a complete read did not show. Missing entries are read for once more, later; those that were missing
/// before are taken as deleted, as one cause under the brake.
pub fn weigh(engine: &Shared, account: &Account, window: &Window, shown: &[SourceRead]) -> Desked<()> {
    if window.from >= window.to {
        return Ok(());
    }
    let (verdict, known) = {
        let state = engine.state();
        let known = known(&state, account, window)?;
        let ids = shown.iter().filter_map(|r| Some((r.id.clone(), r.entry.as_ref()?.user.clone()))).collect();
        let marks: BTreeMap<Key, DateTime<Utc>> = marks(&state, account)?.into_iter().collect();
        let of: Vec<Known> = known.iter().map(|(k, _)| k.clone()).collect();
        (judge(&of, &ids, &marks, window.started), known)
    };
    note(engine, account, window, &verdict, &known)?;
    let gone: Vec<SourceRead> = known
        .iter()
        .filter(|(k, _)| verdict.gone.contains(&k.key))
        .map(|(k, row)| SourceRead {
            id: k.key.id.clone(),
            at: row.at,
            entry: None,
            deleted_at: Some(window.started),
        })
        .collect();
    if !gone.is_empty() {
        puller::take_reads(engine, account, &gone, window.started, None)?;
    }
    Ok(())
}

/// Live entries that the read should show, with their rows.
fn known(state: &State, account: &Account, window: &Window) -> Desked<Vec<(Known, EntryRow)>> {
    let own = state.profile(account).map(|p| p.user.clone());
    let mut found = Vec::new();
    for key in state.desk.named(rows::by_start(window.from, window.to), usize::MAX)? {
        let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?.filter(|_| key.account == *account);
        let Some(row) = row.filter(|r| r.deleted.is_none() && r.doubt.is_none()) else { continue };
        let Some(entry) = &row.entry else { continue };
        let covered =
            if window.by_reports { entry.stop.is_some() } else { Some(&entry.user) == own.as_ref() };
        if covered {
            found.push((Known { key, user: entry.user.clone(), seen_at: row.seen_at }, row));
        }
    }
    Ok(found)
}

fn marks(state: &State, account: &Account) -> Desked<Vec<(Key, DateTime<Utc>)>> {
    let kept: Vec<(RemoteId, DateTime<Utc>)> = state.desk.get(&meta(account))?.unwrap_or_default();
    Ok(kept.into_iter().map(|(id, at)| (Key { account: account.clone(), id }, at)).collect())
}

/// Keeps the marks of what is missing, plans the second read, and raises the alarm of an answer that is too empty.
fn note(
    engine: &Shared,
    account: &Account,
    window: &Window,
    verdict: &Verdict,
    known: &[(Known, EntryRow)],
) -> Desked<()> {
    let mut state = engine.state();
    let alarm = format!("blank:{account}");
    if verdict.blank > 0 {
        let days = (window.from.format("%-d %b"), window.to.format("%-d %b %Y"));
        let say = format!(
            "{account}: Toggl shows nothing of {} known entries of {}–{}; nothing is deleted for that · check the \
             token's rights",
            verdict.blank, days.0, days.1
        );
        state.alert(&alarm, window.started, 7, say);
    } else if !known.is_empty() {
        state.calm(&alarm);
    }
    let old = marks(&state, account)?;
    let weighed: Vec<&Key> = known.iter().map(|(k, _)| &k.key).collect();
    let mut kept: Vec<(RemoteId, DateTime<Utc>)> = old
        .iter()
        .filter(|(key, _)| !weighed.contains(&key) || verdict.missing.contains(key))
        .map(|(key, at)| (key.id.clone(), *at))
        .collect();
    let fresh: Vec<&Key> =
        verdict.missing.iter().filter(|key| !old.iter().any(|(k, _)| k == *key)).take(MOST).collect();
    kept.extend(fresh.iter().map(|key| (key.id.clone(), window.started)));
    let kept = kept.split_off(kept.len().saturating_sub(MOST));
    let changed = kept.iter().map(|(id, _)| id).ne(old.iter().map(|(key, _)| &key.id));
    if changed {
        state.desk.write("missing", |draft| draft.put(meta(account), &kept))?;
    }
    drop(state);
    let starts =
        known.iter().filter(|(k, _)| verdict.missing.contains(&k.key)).filter_map(|(_, r)| r.entry.as_ref());
    let starts: Vec<DateTime<Utc>> = starts.map(|e| e.start).collect();
    if let (Some(first), Some(last)) = (starts.iter().min(), starts.iter().max()) {
        let margin = TimeDelta::days(1);
        let again = window.started + APART;
        history::plan_later(engine, account, *first - margin, *last + margin, again)?;
    }
    Ok(())
}
