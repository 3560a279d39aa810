//! Stopping and resuming sending, and deciding a change that is held.

use crate::cache::rows;
use crate::control::command::Reply;
use crate::control::snapshot::{ANOTHER, BY_HAND, HoldLine};
use crate::domain::id::Account;
use crate::domain::link::Trouble;
use crate::domain::word::Class;
use crate::engine::Shared;
use crate::engine::desk::Desked;
use crate::engine::state::{LOOKING, State};

use super::undo::{Back, keep};
use super::{Answered, Asker, because, entries, known_target};

const ELSEWHERE: &str = "another engine sends for this workspace; `take` makes this one the sender";

fn id_of(target: Option<&Account>) -> String {
    target.map_or_else(|| "hold:all".into(), |t| format!("hold:{t}"))
}

fn name_of(target: Option<&Account>) -> String {
    target.map_or_else(|| "all targets".into(), ToString::to_string)
}

fn line(engine: &Shared, target: Option<Account>) -> HoldLine {
    let to = target.as_ref().map_or_else(|| "any target".into(), ToString::to_string);
    HoldLine {
        id: id_of(target.as_ref()),
        target,
        since: engine.seams.now(),
        reason: BY_HAND.into(),
        entries: 0,
        say: format!("nothing is sent to {to} until `release`"),
        rows: Vec::new(),
    }
}

/// Stops sending; what arrives is kept and shown.
pub fn hold(engine: &Shared, asker: &Asker<'_>, target: Option<Account>) -> Answered {
    let mut state = engine.state();
    if let Some(target) = &target {
        known_target(&state, target)?;
    }
    let name = name_of(target.as_ref());
    let covers = |h: &HoldLine| h.reason == BY_HAND && (h.target.is_none() || h.target == target);
    if state.holds.iter().any(covers) {
        return Ok(Reply::Done { say: format!("{name} was held already") });
    }
    let mut holds = state.holds.clone();
    holds.retain(|h| h.reason != BY_HAND || target.is_some());
    holds.push(line(engine, target));
    put(engine, asker, &mut state, holds, &format!("{name} held by {}", asker.by.name))?;
    drop(state);
    engine.touch_work();
    Ok(Reply::Done { say: format!("{name} held · `release` or u resumes") })
}

/// Resumes sending.
pub fn release(engine: &Shared, asker: &Asker<'_>, target: Option<Account>) -> Answered {
    let mut state = engine.state();
    if let Some(target) = &target {
        known_target(&state, target)?;
    }
    let name = name_of(target.as_ref());
    let mut holds = state.holds.clone();
    let everything = holds.iter().find(|h| h.reason == BY_HAND && h.target.is_none()).cloned();
    match &target {
        None => holds.retain(|h| h.reason != BY_HAND),
        Some(target) => {
            holds.retain(|h| h.reason != BY_HAND || h.target.as_ref().is_some_and(|t| t != target));
            if let Some(everything) = everything {
                // All but one go on being held, since then.
                let others = state.setup.targets.iter().map(|t| &t.account).filter(|t| *t != target);
                holds.extend(
                    others.map(|t| HoldLine { since: everything.since, ..line(engine, Some(t.clone())) }),
                );
            }
        }
    }
    if holds == state.holds {
        if state.holds.iter().any(|h| h.reason == ANOTHER) {
            return because(ELSEWHERE);
        }
        return because(match &target {
            Some(target) => format!("{target} is not held by hand"),
            None => "no target is held by hand".to_owned(),
        });
    }
    put(engine, asker, &mut state, holds, &format!("{name} released by {}", asker.by.name))?;
    drop(state);
    engine.touch_work();
    Ok(Reply::Done { say: format!("{name} released") })
}

fn put(engine: &Shared, asker: &Asker<'_>, state: &mut State, holds: Vec<HoldLine>, say: &str) -> Desked<()> {
    let before = state.holds.iter().filter(|h| h.reason == BY_HAND).cloned().collect();
    state.write("hold", |_, draft| {
        State::put_holds(&holds, draft)?;
        draft.say("sync", "info", say, None)?;
        keep(draft, asker.by, say, Back::Holds(before))
    })?;
    state.holds = holds;
    state.last = Some((engine.seams.now(), say.to_owned()));
    Ok(())
}

/// Puts the holds by hand back as they were, for undo.
pub fn restore(state: &State, before: &[HoldLine]) -> Vec<HoldLine> {
    let others = state.holds.iter().filter(|h| h.reason != BY_HAND);
    others.chain(before).cloned().collect()
}

/// Sends a mass change, or drops it.
pub fn decide(engine: &Shared, hold: &str, send: bool) -> Answered {
    let mut state = engine.state();
    if state.holds.iter().any(|h| h.id == hold && h.reason == ANOTHER) {
        return because(ELSEWHERE);
    }
    if !state.holds.iter().any(|h| h.id == hold && h.is_open() && h.reason != LOOKING) {
        return because("this change is decided already");
    }
    let mut holds = state.holds.clone();
    holds.retain(|h| h.id != hold);
    let mut held = Vec::new();
    for target in &state.setup.targets {
        // Those with a write or a look under way are listed by that.
        for class in [Class::Held, Class::Open, Class::Doubtful] {
            let keys = state.desk.named(rows::by_class(&target.account, class), usize::MAX)?;
            held.extend(keys.into_iter().map(|key| (target.account.clone(), key)));
        }
    }
    let count = state.write("decide", |state, draft| {
        let mut count = 0;
        for (target, key) in held {
            let Some(mut link) = draft.link(&target, &key)? else { continue };
            if link.trouble != Some(Trouble::Mass(hold.to_owned())) {
                continue;
            }
            link.trouble = if send { None } else { Some(Trouble::Dropped) };
            draft.put_link(&target, &key, link)?;
            count += 1;
        }
        State::put_holds(&holds, draft)?;
        // What was decided counts no more: the next deletions begin a count of their own.
        for source in &state.setup.sources {
            draft.delete_if_there(rows::meta(&format!("deletions:{}", source.account)))?;
        }
        let what = if send { "sent" } else { "dropped" };
        draft.say("sync", "info", format!("mass change of {} {what} by a person", entries(count)), None)?;
        Ok(count)
    })?;
    state.holds = holds;
    drop(state);
    engine.touch_work();
    let say = if send {
        format!("{} on their way", entries(count))
    } else {
        format!("{} stay as they are in the target", entries(count))
    };
    Ok(Reply::Done { say })
}
