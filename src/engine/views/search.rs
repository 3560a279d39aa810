//! Entries under a filter: all are looked at, in pieces, so that nobody else waits for the state meanwhile.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use serde::Deserialize;

use crate::cache::{KeyRange, rows};
use crate::control::view::Row;
use crate::domain::catalogue::Kind;
use crate::domain::id::{Account, Key, RemoteId};
use crate::engine::Engine;
use crate::engine::desk::Desked;
use crate::engine::names::initials;
use crate::engine::state::State;

use super::{Ask, Rows, entries};

/// Entries looked at in one piece.
const PIECE: usize = 500;

/// What of an entry's row a filter looks at; the rest is not even read.
#[derive(Deserialize)]
struct Looked {
    entry: Option<Texts>,
}

#[derive(Deserialize)]
struct Texts {
    user: RemoteId,
    project: Option<RemoteId>,
    description: String,
    tags: Vec<String>,
}

/// The project of an entry's row, read without the rest.
pub fn project_of(state: &State, key: &Key) -> Desked<Option<RemoteId>> {
    let row: Option<Looked> = state.desk.get(&rows::entry(key))?;
    Ok(row.and_then(|r| r.entry).and_then(|e| e.project))
}

/// Names in lower case, looked up once.
#[derive(Default)]
struct Names {
    projects: HashMap<(Account, RemoteId), String>,
    users: HashMap<(Account, RemoteId), String>,
}

/// The window under a filter. An entry that moves in the list while it is looked at makes the list be made again,
/// because its change is told after that.
pub async fn rows(engine: &Engine, ask: &Ask) -> Desked<Rows> {
    let mut names = Names::default();
    let mut found: Vec<Key> = Vec::new();
    let whole = rows::by_stop();
    let mut from = whole.from.clone();
    loop {
        let next = {
            let state = engine.state();
            let (keys, next) = piece(&state, KeyRange::new(from, whole.to.clone()))?;
            for key in keys {
                if is_taken(&state, &mut names, ask, &key)? {
                    found.push(key);
                }
            }
            next
        };
        match next {
            Some(next) => from = next,
            None => break,
        }
        tokio::task::yield_now().await;
    }
    let mut seen = BTreeSet::new();
    let found: Vec<&Key> = found.iter().filter(|key| seen.insert(*key)).collect();
    drop(seen);
    let mut state = engine.state();
    let standings = state.standings(engine.seams.now());
    let unfiltered = usize::try_from(state.desk.live).unwrap_or(0);
    let total = found.len();
    let offset = ask.start(total);
    let mut lines = Vec::new();
    for key in found.into_iter().skip(offset).take(ask.rows) {
        lines.extend(entries::line(&state, &standings, key.clone())?.map(Row::Entry));
    }
    Ok(Rows { total, unfiltered, offset, lines })
}

/// The keys of the next piece, and where the one after it begins.
fn piece(state: &State, range: KeyRange) -> Desked<(Vec<Key>, Option<Vec<u8>>)> {
    let mut keys = Vec::with_capacity(PIECE);
    let mut last = None;
    state.desk.scan(range, PIECE, &mut |key, value| {
        keys.extend(rows::named_by(value));
        last = Some(key.to_vec());
        ControlFlow::Continue(())
    })?;
    let next = last.filter(|_| keys.len() == PIECE).map(|mut key| {
        key.push(0);
        key
    });
    Ok((keys, next))
}

fn is_taken(state: &State, names: &mut Names, ask: &Ask, key: &Key) -> Desked<bool> {
    let row: Option<Looked> = state.desk.get(&rows::entry(key))?;
    let Some(entry) = row.and_then(|r| r.entry) else { return Ok(false) };
    let project = match &entry.project {
        None => "",
        Some(id) => names.projects.entry((key.account.clone(), id.clone())).or_insert_with(|| {
            let item = state.item(&key.account, Kind::Project, id);
            let client = item.map(|p| state.client_name(&key.account, p)).unwrap_or_default();
            let name = item.map_or_else(|| format!("project {id}"), |p| p.name.clone());
            format!("{name}\n{client}").to_lowercase()
        }),
    };
    let user = names.users.entry((key.account.clone(), entry.user)).or_insert_with_key(|(account, id)| {
        let name = state.user_name(account, id);
        format!("{name}\n{}", initials(&name)).to_lowercase()
    });
    let text = entry.description.to_lowercase();
    let tags = entry.tags.join("\n").to_lowercase();
    Ok(ask
        .words
        .iter()
        .all(|w| text.contains(w) || project.contains(w) || tags.contains(w) || user.contains(w)))
}
