//! Decisions about one bond: trying again, and which side of a conflict wins.

use crate::cache::rows;
use crate::control::command::Reply;
use crate::domain::id::{Account, Key};
use crate::domain::link::{Link, Trouble, Wish};
use crate::domain::order::EntryRow;
use crate::domain::outcome;
use crate::engine::Shared;
use crate::engine::apply::{Batch, bind_one};
use crate::engine::state::State;

use super::{Answered, Refusal, because, known_target};

fn find(state: &State, target: &Account, source: &Key) -> Result<(Link, EntryRow), Refusal> {
    known_target(state, target)?;
    let link = state.desk.link(target, source)?;
    let row: Option<EntryRow> = state.desk.get(&rows::entry(source))?;
    match link.zip(row) {
        Some(found) => Ok(found),
        None => because(format!("entry {source} is not known towards {target}; reload the list")),
    }
}

fn name(row: &EntryRow, key: &Key) -> String {
    let text = row.entry.as_ref().map(|e| e.description.clone()).filter(|d| !d.is_empty());
    text.unwrap_or_else(|| format!("entry {}", key.id))
}

/// Sends a failed item again.
pub fn retry(engine: &Shared, target: &Account, source: &Key) -> Answered {
    let mut state = engine.state();
    let (mut link, row) = find(&state, target, source)?;
    let name = name(&row, source);
    if !matches!(link.trouble, Some(Trouble::Failed(_) | Trouble::Dropped)) {
        return because(format!("{name} has not failed: it is {}", link.word(false)));
    }
    link.trouble = None;
    if let Some(running) = state.running.get_mut(target) {
        running.lacking.clear();
    }
    state.write("retry", |state, draft| {
        draft.put_link(target, source, link)?;
        // The mapping or the catalogue may be why it failed: it goes by what holds now.
        bind_one(state, draft, &mut Batch::default(), target, source, &row)?;
        draft.say("sync", "info", format!("{name} · tried again by a person"), Some(source))
    })?;
    drop(state);
    engine.touch_work();
    Ok(Reply::Done { say: format!("{name} is sent to {target} again") })
}

/// Decides a conflict.
pub fn resolve(engine: &Shared, target: &Account, source: &Key, keep_source: bool) -> Answered {
    let mut state = engine.state();
    let (mut link, row) = find(&state, target, source)?;
    let name = name(&row, source);
    let Some(Trouble::Conflict(what)) = link.trouble.take() else {
        return because(format!("{name} is no conflict: it is {}", link.word(false)));
    };
    let say = if keep_source {
        if what == outcome::DELETED_THERE {
            link.there = None;
        }
        format!("{name} is sent to {target} as it is in Toggl")
    } else {
        // Left as it is until the source changes again: nothing else makes a synced bond anew.
        link.wish = Wish::Left;
        format!("{name} stays in {target} as it is there")
    };
    state.write("resolve", |_, draft| {
        draft.put_link(target, source, link)?;
        draft.say("sync", "info", format!("conflict decided: {say}"), Some(source))
    })?;
    drop(state);
    engine.touch_work();
    Ok(Reply::Done { say })
}
