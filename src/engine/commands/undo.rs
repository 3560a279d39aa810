//! What can be taken back, and taking back this viewer's last change.

use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::control::command::Reply;
use crate::control::snapshot::HoldLine;
use crate::domain::id::{Account, Key};
use crate::domain::link::Link;
use crate::domain::mapping::{Mapping, MappingEdit};
use crate::domain::remap;
use crate::domain::route::Route;
use crate::engine::Shared;
use crate::engine::desk::{Desked, Draft};
use crate::engine::lobby::Author;
use crate::engine::mapper;
use crate::engine::state::State;

use super::{Answered, Asker, because, hold, reroute, sync};

/// A change that can be taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// Its number.
    pub seq: u64,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Author,
    /// What was done, in words.
    pub what: String,
    /// How to take it back.
    pub back: Back,
    /// It was taken back.
    pub undone: bool,
}

/// How a change is taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// By this edit of the mapping, as long as its row is still `left` as the change left it.
    Mapping {
        /// The edit.
        edit: MappingEdit,
        /// The mapping's row then, in words.
        left: String,
    },
    /// By these holds by hand.
    Holds(Vec<HoldLine>),
    /// By this bond, as long as it is still as the decision of its conflict left it; else by sending theirs back.
    Decided {
        /// The target.
        target: Account,
        /// The source entry.
        source: Key,
        /// The bond before.
        before: Box<Link>,
        /// The bond after.
        left: Box<Link>,
    },
    /// By these routes of sent entries.
    Moved {
        /// The target.
        target: Account,
        /// Each entry's route before.
        routes: Vec<(Key, Route)>,
    },
    /// By holding these bonds again, as far as nothing of them has left.
    Mass {
        /// The decision as it stood.
        hold: Box<HoldLine>,
        /// Its bonds.
        bonds: Vec<(Account, Key)>,
        /// It was sent, else dropped.
        sent: bool,
    },
}

/// Stages a change that can be taken back.
pub fn keep(draft: &mut Draft<'_>, by: &Author, what: &str, back: Back) -> Desked<()> {
    let meta = rows::meta("undo");
    let seq = draft.get::<u64>(&meta)?.unwrap_or(0) + 1;
    draft.put(meta, &seq)?;
    let row = Undo { seq, at: draft.now, by: by.clone(), what: what.to_owned(), back, undone: false };
    draft.put_for(rows::undo(seq), &row, TimeDelta::days(30))
}

/// The newest change of this author that is not taken back: of this place, else of a place of the same name that was
/// left (a viewer that attached again).
fn newest(state: &State, by: &Author, now: DateTime<Utc>) -> Desked<Option<Undo>> {
    let oldest = now - TimeDelta::days(i64::from(state.policy().undo_days));
    let (mut own, mut same_name) = (None, None);
    state.desk.scan(rows::undos(), usize::MAX, &mut |_, value| {
        let Ok(undo) = rows::decode::<Undo>(value) else { return ControlFlow::Continue(()) };
        if undo.at < oldest {
            return ControlFlow::Break(());
        }
        if undo.undone {
            return ControlFlow::Continue(());
        }
        if undo.by.seat == by.seat {
            own = Some(undo);
            return ControlFlow::Break(());
        }
        if undo.by.name == by.name && same_name.is_none() {
            same_name = Some(undo);
        }
        ControlFlow::Continue(())
    })?;
    Ok(own.or(same_name))
}

/// Takes this viewer's last change back.
pub fn undo(engine: &Shared, asker: &Asker<'_>) -> Answered {
    let now = engine.seams.now();
    let mut state = engine.state();
    let Some(undo) = newest(&state, asker.by, now)? else {
        return because("there is nothing of yours to undo");
    };
    let what = undo.what.clone();
    let done = Undo { undone: true, ..undo.clone() };
    let note = format!("undone: {what}");
    let mut more = String::new();
    match undo.back {
        Back::Moved { target, routes } => {
            state.write("undo", |_, draft| {
                draft.say("mapping", "info", &note, None)?;
                draft.put_for(rows::undo(done.seq), &done, TimeDelta::days(30))
            })?;
            let back = reroute::take_back(engine, &mut state, &target, &routes)?;
            more = format!(" · {back} on the way back");
        }
        Back::Decided { target, source, before, left } => {
            let back = state.write("undo", |_, draft| {
                let back = sync::undecide(draft, &target, &source, &before, &left)?;
                if let Ok(how) = back {
                    draft.say("sync", "info", format!("{note}: {how}"), Some(&source))?;
                    draft.put_for(rows::undo(done.seq), &done, TimeDelta::days(30))?;
                }
                Ok(back)
            })?;
            match back {
                Ok(how) => more = format!(" · {how}"),
                Err(why) => return because(format!("{what} cannot be undone: {why}")),
            }
        }
        Back::Mass { mut hold, bonds, sent } => {
            let mut holds = state.holds.clone();
            let (back, past) = state.write("undo", |state, draft| {
                let (back, past) = hold::hold_again(state, draft, &mut hold, &bonds, sent)?;
                if back > 0 {
                    holds.push(*hold);
                    State::put_holds(&holds, draft)?;
                    draft.say(
                        "sync",
                        "info",
                        format!("{note}: {} held again", super::entries(back)),
                        None,
                    )?;
                }
                // One that has left for good is in nobody's way: the next undo takes what came before it.
                draft.put_for(rows::undo(done.seq), &done, TimeDelta::days(30))?;
                Ok((back, past))
            })?;
            if back == 0 {
                let why = if sent { "all of it has been sent" } else { "all of it has changed since" };
                return because(format!(
                    "{what} cannot be undone: {why}; u again undoes what came before it"
                ));
            }
            state.holds = holds;
            more = format!(" · {} held again", super::entries(back));
            if past > 0 {
                let word = if sent { "sent already" } else { "changed since" };
                more.push_str(&format!(", {past} {word}"));
            }
        }
        Back::Mapping { edit, left } => {
            mapper::refresh(engine, &mut state)?;
            let present = remap::value(&state.mapping, &edit).to_string();
            if present != left {
                return because(format!(
                    "{what} cannot be undone: it was {left} then and is {present} now; change it by hand"
                ));
            }
            let written = mapper::write(engine, &mut state, &edit, |draft, _| {
                draft.say("mapping", "info", &note, None)?;
                draft.put_for(rows::undo(done.seq), &done, TimeDelta::days(30))
            });
            written.map_err(super::Refusal::from)?;
            let stay = match &edit {
                MappingEdit::UnlinkProject { .. } => super::edit::sent(&state, &edit)?,
                _ => 0,
            };
            if stay > 0 {
                more = format!(" · {} already sent stay where they are", super::entries(stay));
            }
        }
        Back::Holds(before) => {
            let holds = hold::restore(&state, &before);
            state.write("hold", |_, draft| {
                State::put_holds(&holds, draft)?;
                draft.say("sync", "info", &note, None)?;
                draft.put_for(rows::undo(done.seq), &done, TimeDelta::days(30))
            })?;
            state.holds = holds;
        }
    }
    state.last = Some((now, note.clone()));
    drop(state);
    engine.touch_work();
    Ok(Reply::Done { say: format!("{note}{more}") })
}

/// What takes an edit back, with the row that the edit leaves; `None` where nothing does.
pub fn of_edit(before: &Mapping, after: &Mapping, edit: &MappingEdit) -> Option<Back> {
    let back = remap::inverse(before, edit)?;
    Some(Back::Mapping { left: remap::value(after, &back).to_string(), edit: back })
}
