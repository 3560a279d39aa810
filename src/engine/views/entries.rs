//! Source entries, running first, then newest stop first.

use std::ops::ControlFlow;

use crate::cache::rows;
use crate::control::view::{EntryLine, Row};
use crate::domain::id::Key;
use crate::domain::order::EntryRow;
use crate::domain::word::SyncWord;
use crate::engine::Engine;
use crate::engine::desk::Desked;
use crate::engine::state::State;
use crate::engine::words::Standing;

use super::{Ask, Rows};

/// The window. Without a filter only its own rows are read; with one all are, in order.
pub fn rows(engine: &Engine, state: &mut State, ask: &Ask) -> Desked<Rows> {
    let standings = state.standings(engine.seams.now());
    let unfiltered = usize::try_from(state.desk.live).unwrap_or(0);
    if !ask.takes_all() {
        return filtered(state, &standings, ask, unfiltered);
    }
    let offset = ask.start(unfiltered);
    let mut lines = Vec::new();
    for key in keys(state, offset, ask.rows, unfiltered)? {
        lines.extend(line(state, &standings, key)?.map(Row::Entry));
    }
    Ok(Rows { total: unfiltered, unfiltered, offset, rows: lines })
}

/// The keys of a window, counted from the nearer end of the index.
fn keys(state: &State, offset: usize, rows: usize, total: usize) -> Desked<Vec<Key>> {
    let mut keys = Vec::with_capacity(rows);
    let end = (offset + rows).min(total);
    if offset > total / 2 {
        let mut at = total;
        state.desk.scan_back(rows::by_stop(), total - offset, &mut |_, value| {
            at -= 1;
            if at < end {
                keys.extend(rows::named_by(value));
            }
            ControlFlow::Continue(())
        })?;
        keys.reverse();
    } else {
        let mut at = 0;
        state.desk.scan(rows::by_stop(), end, &mut |_, value| {
            if at >= offset {
                keys.extend(rows::named_by(value));
            }
            at += 1;
            ControlFlow::Continue(())
        })?;
    }
    Ok(keys)
}

fn filtered(state: &State, standings: &[Standing], ask: &Ask, unfiltered: usize) -> Desked<Rows> {
    let mut found: Vec<Key> = Vec::new();
    let mut keys = Vec::new();
    state.desk.scan(rows::by_stop(), usize::MAX, &mut |_, value| {
        keys.extend(rows::named_by(value));
        ControlFlow::Continue(())
    })?;
    for key in keys {
        let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
        let Some(entry) = row.and_then(|r| r.entry) else { continue };
        let project = state.project_of(&key.account, &entry);
        let client = project.map(|p| state.client_name(&key.account, p)).unwrap_or_default();
        let who = state.user_name(&key.account, &entry.user);
        let short = crate::engine::names::initials(&who);
        let tags = entry.tags.join(" ");
        let name = project.map_or("", |p| p.name.as_str());
        if ask.takes(&[name, &client, &entry.description, &tags, &who, &short]) {
            found.push(key);
        }
    }
    let total = found.len();
    let offset = ask.start(total);
    let mut lines = Vec::new();
    for key in found.into_iter().skip(offset).take(ask.rows) {
        lines.extend(line(state, standings, key)?.map(Row::Entry));
    }
    Ok(Rows { total, unfiltered, offset, rows: lines })
}

/// One entry with its words.
fn line(state: &State, standings: &[Standing], key: Key) -> Desked<Option<EntryLine>> {
    let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
    let Some(row) = row else { return Ok(None) };
    let Some(entry) = row.entry else { return Ok(None) };
    let mut words = Vec::with_capacity(standings.len());
    for standing in standings {
        let link = state.desk.link(&standing.account, &key)?;
        // Without a bond the target came after the entry: it is not looked at before something asks for it.
        let unbound = || SyncWord::Skipped("before this target".into());
        words.push(link.map_or_else(unbound, |link| standing.word(&link)));
    }
    let client = state.project_of(&key.account, &entry).map(|p| state.client_name(&key.account, p));
    Ok(Some(EntryLine {
        who: state.initials(&key.account, &entry.user),
        start: entry.start,
        stop: entry.stop,
        project: state.project_name(&key.account, &entry),
        client: client.unwrap_or_default(),
        description: entry.description,
        tags: entry.tags,
        billable: entry.billable,
        deleted: row.deleted.is_some(),
        words,
        changed_at: row.seen_at,
        key,
    }))
}
