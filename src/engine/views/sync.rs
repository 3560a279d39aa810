//! Open work per target: what needs a person first, then what is under way, then what waits its turn.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use crate::cache::rows;
use crate::control::view::{Row, SyncLine};
use crate::domain::id::Key;
use crate::domain::link::{Link, Op, Wish};
use crate::domain::order::EntryRow;
use crate::domain::outcome::lookup_due;
use crate::domain::word::Class;
use crate::engine::Engine;
use crate::engine::desk::Desked;
use crate::engine::state::State;
use crate::engine::words::Standing;

use super::{Ask, Rows};

/// The classes listed, in order.
const CLASSES: [Class; 7] = [
    Class::Conflict,
    Class::Failed,
    Class::Held,
    Class::Unmapped,
    Class::Open,
    Class::Ready,
    Class::Doubtful,
];

/// The window. Without a filter only its own rows are read.
pub fn rows(engine: &Engine, state: &mut State, ask: &Ask) -> Desked<Rows> {
    let standings = state.standings(engine.seams.now());
    let lists: Vec<(Class, &Standing, usize)> = CLASSES
        .iter()
        .flat_map(|class| standings.iter().map(move |s| (*class, s)))
        .map(|(class, s)| {
            let tally = state.desk.tally.get(&s.account).copied().unwrap_or_default();
            (class, s, usize::try_from(tally[class as usize]).unwrap_or(0))
        })
        .collect();
    let unfiltered = lists.iter().map(|(_, _, count)| count).sum();
    if !ask.takes_all() {
        let mut found = Vec::new();
        for (class, standing, _) in lists {
            for key in state.desk.named(rows::by_class(&standing.account, class), usize::MAX)? {
                let line = line(state, standing, key)?;
                let texts = |l: &SyncLine| {
                    ask.takes(&[&l.project, &l.description, &l.word.to_string(), &l.what, l.target.as_str()])
                };
                found.extend(line.filter(texts).map(Row::Sync));
            }
        }
        return Ok(ask.cut(found, unfiltered));
    }
    let offset = ask.start(unfiltered);
    let (mut skip, mut lines) = (offset, Vec::new());
    for (class, standing, count) in lists {
        if skip >= count {
            skip -= count;
            continue;
        }
        let want = ask.rows - lines.len();
        let mut at = 0;
        let mut keys = Vec::new();
        state.desk.scan(rows::by_class(&standing.account, class), skip + want, &mut |_, value| {
            if at >= skip {
                keys.extend(rows::named_by(value));
            }
            at += 1;
            ControlFlow::Continue(())
        })?;
        for key in keys {
            lines.extend(line(state, standing, key)?.map(Row::Sync));
        }
        skip = 0;
        if lines.len() >= ask.rows {
            break;
        }
    }
    Ok(Rows { total: unfiltered, unfiltered, offset, lines })
}

fn line(state: &State, standing: &Standing, key: Key) -> Desked<Option<SyncLine>> {
    let Some(link) = state.desk.link(&standing.account, &key)? else { return Ok(None) };
    let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
    let entry = row.and_then(|r| r.entry);
    let there = link.there.as_ref().map(|t| &t.entry);
    let start = entry.as_ref().map(|e| e.start).or(there.map(|t| t.start)).unwrap_or(link.since);
    let project = entry.as_ref().map(|e| state.project_name(&key.account, e)).unwrap_or_default();
    let description = entry.map(|e| e.description).or(there.map(|t| t.description.clone()));
    Ok(Some(SyncLine {
        target: standing.account.clone(),
        what: op(&link).as_str().to_owned(),
        word: standing.word(&link),
        start,
        project,
        description: description.unwrap_or_default(),
        since: link.since,
        next_at: next_at(standing, &link),
        key,
    }))
}

/// The write under way or due, or the one that waits for a decision.
pub fn op(link: &Link) -> Op {
    let open = link.open.as_ref().map(|i| i.op);
    open.or_else(|| link.difference().map(|(op, _)| op)).unwrap_or(match (&link.wish, &link.there) {
        (_, None) => Op::Create,
        (Wish::Gone, _) => Op::Delete,
        (Wish::Retired, _) => Op::Retire,
        _ => Op::Update,
    })
}

/// When it is tried next, as far as that is known.
pub fn next_at(standing: &Standing, link: &Link) -> Option<DateTime<Utc>> {
    if let Some(intent) = &link.open {
        return lookup_due(intent);
    }
    if link.class() != Class::Ready || standing.held.is_some() {
        return None;
    }
    standing.waits.max(standing.strained.map(|s| s.until))
}
