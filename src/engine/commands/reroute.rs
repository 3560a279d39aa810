//! Moving sent entries to where the mapping leads now. A change of the mapping moves nothing by itself; this is what it
//! offers, priced, with the brake and with an undo.

use crate::cache::rows;
use crate::control::command::{Price, Reply};
use crate::domain::brake;
use crate::domain::catalogue::Kind;
use crate::domain::id::{Account, Key};
use crate::domain::link::{Trouble, Wish};
use crate::domain::mapping::SourceRef;
use crate::domain::order::EntryRow;
use crate::domain::remap;
use crate::domain::route::{Route, Routed, route};
use crate::engine::Shared;
use crate::engine::apply::{Batch, bind_one};
use crate::engine::brake::{Brake, candidates, hold_all, weigh};
use crate::engine::desk::{Desked, Draft};
use crate::engine::state::State;

use super::undo::{self, Back};
use super::{Answered, Asker, because, edit, entries, known_target};

/// Bonds changed in one frame.
const PART: usize = 1_000;

/// Moves a project's sent entries to where the mapping leads now, or says what that would take.
pub fn move_sent(
    engine: &Shared,
    asker: &Asker<'_>,
    source: &SourceRef,
    target: &Account,
    dry: bool,
) -> Answered {
    let mut state = engine.state();
    known_target(&state, target)?;
    let fresh = elsewhere(&state, source, target)?;
    let name = state
        .item(&source.account, Kind::Project, &source.id)
        .map_or_else(|| source.name.clone(), |i| i.name.clone());
    if fresh.is_empty() {
        return because(format!("every sent entry of {name} is where the mapping leads"));
    }
    let moves = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
    let to = place(&state, target, &fresh);
    let held = is_held(&state, fresh.len());
    if dry {
        let limit = state.policy().hold_changes;
        let brake =
            if held { format!(" · above {limit}, so held until you send it") } else { String::new() };
        return Ok(Reply::Price(Price {
            creates: 0,
            moves,
            requests: moves,
            left: edit::left(&state, target),
            say: format!("moves {} of {name} to {to}{brake}", entries(fresh.len())),
        }));
    }
    let mut back = Vec::new();
    for (key, _) in &fresh {
        if let Some(old) = state.desk.link(target, key)?.and_then(|l| l.route) {
            back.push((key.clone(), old));
        }
    }
    let what = format!("{} moved to {to}", entries(fresh.len()));
    let note = format!("{what} by {}", asker.by.name);
    let back = Back::Moved { target: target.clone(), routes: back };
    // The undo is durable before the first entry moves: for one that has not, it changes nothing.
    state.write("move", |_, draft| {
        draft.say("mapping", "info", &note, None)?;
        undo::keep(draft, asker.by, &what, back)
    })?;
    put(engine, &mut state, target, &fresh, held)?;
    state.last = Some((engine.seams.now(), what));
    drop(state);
    engine.touch_work();
    let say = if held { "held as one decision, ! shows it" } else { "on their way" };
    Ok(Reply::Done { say: format!("{} {say} · u undoes", entries(fresh.len())) })
}

/// Puts routes back; entries that changed at the source since then stay where that change took them.
pub fn take_back(
    engine: &Shared,
    state: &mut State,
    target: &Account,
    routes: &[(Key, Route)],
) -> Desked<usize> {
    let mut old = Vec::new();
    for (key, route) in routes {
        let now = state.desk.link(target, key)?.and_then(|l| l.route);
        if now.is_some_and(|now| now.inputs == route.inputs && now.to != route.to) {
            old.push((key.clone(), route.clone()));
        }
    }
    let held = is_held(state, old.len());
    put(engine, state, target, &old, held)?;
    Ok(old.len())
}

fn is_held(state: &State, moves: usize) -> bool {
    brake::holds(moves, state.policy().hold_changes)
}

/// Sent entries of a project that the mapping in force would send elsewhere, with their new route.
fn elsewhere(state: &State, source: &SourceRef, target: &Account) -> Desked<Vec<(Key, Route)>> {
    let mut found = Vec::new();
    for key in state.desk.named(rows::by_project(&source.account, &source.id), usize::MAX)? {
        let Some(link) = state.desk.link(target, &key)? else { continue };
        let Some(row) = state.desk.get::<EntryRow>(&rows::entry(&key))? else { continue };
        let (Some(entry), Some(kept)) = (&row.entry, &link.route) else { continue };
        if row.deleted.is_some() || !link.may_be_there() || !matches!(link.wish, Wish::Present(_)) {
            continue;
        }
        let version = &state.mapping_version;
        let fresh = route(&state.mapping, version, &key.account, target, entry, kept.inputs.clone());
        if remap::moves(kept, &fresh) {
            found.push((key, fresh));
        }
    }
    Ok(found)
}

/// The one project they go to, by name, where it is one.
fn place(state: &State, target: &Account, fresh: &[(Key, Route)]) -> String {
    let mut places = fresh.iter().map(|(_, route)| &route.to);
    let first = places.next();
    match first {
        Some(Routed::To(id)) if places.all(|to| Some(to) == first) => {
            let named = state.item(target, Kind::Project, id).map_or(id.as_str(), |i| i.name.as_str());
            format!("\"{named}\"")
        }
        _ => "where the mapping leads now".into(),
    }
}

fn put(
    engine: &Shared,
    state: &mut State,
    target: &Account,
    routes: &[(Key, Route)],
    held: bool,
) -> Desked<()> {
    let id = format!("mass{}", engine.seams.hex(6));
    for part in routes.chunks(PART) {
        let mut holds = state.holds.clone();
        state.write("move", |state, draft| {
            let mut batch = Batch::default();
            for (key, route) in part {
                put_one(state, draft, &mut batch, target, key, route)?;
            }
            if held {
                let mut brake = Brake { holds: &mut holds, id: id.clone() };
                hold_all(state, &mut brake, draft, &batch.heavy, &batch.by)?;
            }
            Ok(())
        })?;
        state.holds = holds;
    }
    settle_holds(state)
}

fn put_one(
    state: &State,
    draft: &mut Draft<'_>,
    batch: &mut Batch,
    target: &Account,
    key: &Key,
    route: &Route,
) -> Desked<()> {
    let Some(mut link) = draft.link(target, key)? else { return Ok(()) };
    let Some(row) = draft.get::<EntryRow>(&rows::entry(key))? else { return Ok(()) };
    link.route = Some(route.clone());
    draft.put_link(target, key, link)?;
    bind_one(state, draft, batch, target, key, &row)?;
    // A held move that is taken back leaves nothing to decide.
    let Some(mut link) = draft.link(target, key)? else { return Ok(()) };
    if matches!(link.trouble, Some(Trouble::Mass(_))) && link.difference().is_none() {
        link.trouble = None;
        draft.put_link(target, key, link)?;
    }
    Ok(())
}

/// A decision whose entries are all gone is none; of the others the figures stay true.
fn settle_holds(state: &mut State) -> Desked<()> {
    let bonds = candidates(state)?;
    let mut holds = state.holds.clone();
    state.write("holds", |state, draft| {
        for hold in holds.iter_mut().filter(|h| h.id.starts_with("mass")) {
            weigh(state, draft, hold, &bonds)?;
        }
        holds.retain(|h| !h.id.starts_with("mass") || h.entries > 0);
        if holds == state.holds { Ok(()) } else { State::put_holds(&holds, draft) }
    })?;
    state.holds = holds;
    Ok(())
}
