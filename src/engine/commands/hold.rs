//! Stopping and resuming sending, and deciding a change that is held.

use crate::cache::rows;
use crate::control::command::{Price, Reply};
use crate::control::snapshot::{ANOTHER, BY_HAND, HoldLine};
use crate::domain::brake::{Weight, may_return};
use crate::domain::id::{Account, Key};
use crate::domain::link::Trouble;
use crate::engine::desk::{Desked, Draft};
use crate::engine::state::{LOOKING, State};
use crate::engine::{Shared, brake};

use super::undo::{Back, keep};
use super::{Answered, Asker, because, edit, entries, known_target};

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
        weight: Weight::default(),
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

/// Sends a mass change, or drops it; or says what sending it takes.
pub fn decide(engine: &Shared, asker: &Asker<'_>, hold: &str, send: bool, dry: bool) -> Answered {
    let mut state = engine.state();
    if state.holds.iter().any(|h| h.id == hold && h.reason == ANOTHER) {
        return because(ELSEWHERE);
    }
    let open = |h: &&HoldLine| h.id == hold && h.is_open() && h.reason != LOOKING;
    let Some(mut line) = state.holds.iter().find(open).cloned() else {
        return because("this change is decided already");
    };
    let bonds = brake::candidates(&state)?;
    // Of what joined it some may have changed again: the figures are those of now.
    brake::weigh(&state, &state.desk.draft(), &mut line, &bonds)?;
    if dry {
        return Ok(Reply::Price(price(&state, &line, send)));
    }
    let mut holds = state.holds.clone();
    holds.retain(|h| h.id != hold);
    let kept = line.clone();
    let say = state.write("decide", |state, draft| {
        let mut decided = Vec::new();
        for (target, key) in bonds {
            let Some(mut link) = draft.link(&target, &key)? else { continue };
            if link.trouble != Some(Trouble::Mass(hold.to_owned())) {
                continue;
            }
            link.trouble = if send { None } else { Some(Trouble::Dropped) };
            draft.put_link(&target, &key, link)?;
            decided.push((target, key));
        }
        State::put_holds(&holds, draft)?;
        // What was decided counts no more: the next deletions begin a count of their own.
        for source in &state.setup.sources {
            draft.delete_if_there(rows::meta(&format!("deletions:{}", source.account)))?;
        }
        let what = if send { "sent" } else { "dropped" };
        let what = format!("mass change of {} {what}", entries(decided.len()));
        draft.say("sync", "info", format!("{what} by {}: {}", asker.by.name, kept.weight.sum()), None)?;
        keep(draft, asker.by, &what, Back::Mass { hold: Box::new(kept), bonds: decided, sent: send })?;
        Ok(what)
    })?;
    state.holds = holds;
    state.last = Some((engine.seams.now(), say));
    drop(state);
    engine.touch_work();
    let count = entries(line.entries as usize);
    let say = if send {
        format!("{count} on their way · u takes back what has not left")
    } else {
        format!("{count} stay as they are in the target · u holds them again")
    };
    Ok(Reply::Done { say })
}

/// What a decision would do and take: a request for each entry that is sent, and none for what stays.
fn price(state: &State, line: &HoldLine, send: bool) -> Price {
    let left = line.weight.targets.iter().filter_map(|target| edit::left(state, target)).min();
    if !send {
        let say =
            format!("drop {} held: they stay as they are in the target", entries(line.entries as usize));
        return Price { left, say, ..Price::default() };
    }
    let say = format!("send {} held: {}", entries(line.entries as usize), line.weight.sum());
    Price { creates: 0, moves: line.entries, requests: line.entries, left, say }
}

/// Holds again what has not left since it was sent, or all that was dropped. Answers how many of each: held again, and
/// past that.
pub fn hold_again(
    state: &State,
    draft: &mut Draft<'_>,
    hold: &mut HoldLine,
    bonds: &[(Account, Key)],
    sent: bool,
) -> Desked<(usize, usize)> {
    let mut back = 0;
    for (target, key) in bonds {
        let Some(mut link) = draft.link(target, key)?.filter(|link| may_return(link, sent)) else { continue };
        link.trouble = Some(Trouble::Mass(hold.id.clone()));
        draft.put_link(target, key, link)?;
        back += 1;
    }
    brake::weigh(state, draft, hold, bonds)?;
    Ok((back, bonds.len() - back))
}
