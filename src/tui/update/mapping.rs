//! Linking projects: the picker, its price, and what its keys ask the engine for.

use crate::control::command::{Certainty, Wish};
use crate::control::message::ToEngine;
use crate::control::view::{LinkWord, ProjectLine, ViewKind};
use crate::domain::mapping::MappingEdit;

use super::super::model::{Drawer, List, Model, Pending, Picker, Slot, Tone};
use super::{Effect, act, refuse, send};

/// Rows of candidates; the engine ranks, so that these are the best.
const CANDIDATES: u32 = 500;

/// Opens the picker for a project: for its first target that nothing takes, else the first one.
pub fn open(model: &mut Model, line: &ProjectLine) -> Vec<Effect> {
    let missing = line.links.iter().position(|l| matches!(l, LinkWord::Unmapped | LinkWord::Gone(_)));
    let picker = Picker::new(line.source.clone(), line.waiting, version(model), missing.unwrap_or(0));
    model.drawer = Some(Drawer::Picker(Box::new(picker)));
    model.cursors.remove(&List::Drawer);
    ask_candidates(model)
}

fn ask_candidates(model: &mut Model) -> Vec<Effect> {
    let Some(Drawer::Picker(picker)) = &model.drawer else { return Vec::new() };
    let Some(target) = picker.target_account(model) else {
        return refuse(model, "there is no target to link to");
    };
    let kind = ViewKind::Candidates { source: picker.source.clone(), target };
    let messages = model.views.ensure(Slot::Candidates, kind, CANDIDATES);
    model.rank();
    send(messages)
}

/// The selection of a drawer moved.
pub fn moved(model: &mut Model) -> Vec<Effect> {
    if let Some(Drawer::Picker(picker)) = &mut model.drawer {
        picker.again = None;
    }
    ask_price(model)
}

/// Asks what linking the selected candidate would do and cost, once per candidate.
pub fn ask_price(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.candidate().map(|c| c.project.id.to_string()) else { return Vec::new() };
    let Some(Drawer::Picker(picker)) = &mut model.drawer else { return Vec::new() };
    let known = picker.price.as_ref().is_some_and(|(of, _)| *of == id) || picker.asked.as_ref() == Some(&id);
    if known {
        return Vec::new();
    }
    picker.asked = Some(id.clone());
    match edit_of_candidate(model) {
        Some(edit) if model.is_live() => {
            let command = model.command(edit_wish(model, edit, true), Pending::Price(id));
            vec![Effect::Send(ToEngine::Command(command))]
        }
        _ => Vec::new(),
    }
}

/// The mapping or what waits changed under an open picker: what was priced before may not hold any more.
pub fn price_again(model: &mut Model) -> Vec<Effect> {
    let Some(Drawer::Picker(picker)) = &model.drawer else { return Vec::new() };
    let waiting = model.project(&picker.source).map_or(picker.waiting, |line| line.waiting);
    let version = version(model);
    let Some(Drawer::Picker(picker)) = &mut model.drawer else { return Vec::new() };
    if (picker.waiting, &picker.seen) == (waiting, &version) {
        return Vec::new();
    }
    (picker.waiting, picker.seen) = (waiting, version);
    (picker.price, picker.asked, picker.again) = (None, None, None);
    ask_price(model)
}

fn edit_of_candidate(model: &Model) -> Option<MappingEdit> {
    let to = model.candidate()?.project.clone();
    let Some(Drawer::Picker(picker)) = &model.drawer else { return None };
    let target = picker.target_account(model)?;
    Some(MappingEdit::LinkProject { source: picker.source.clone(), target, to, from: None })
}

/// The mapping that the screen shows.
fn version(model: &Model) -> String {
    model.snapshot.as_ref().map(|s| s.mapping.version.clone()).unwrap_or_default()
}

fn edit_wish(model: &Model, edit: MappingEdit, dry: bool) -> Wish {
    Wish::EditMapping { seen: version(model), edit, dry }
}

/// Links the selected candidate. A weak one asks once more; moving what was sent elsewhere is offered afterwards.
pub fn link(model: &mut Model) -> Vec<Effect> {
    let Some(candidate) = model.candidate() else { return Vec::new() };
    let id = candidate.project.id.to_string();
    let (weak, name) = (candidate.certainty == Certainty::Weak, candidate.project.name.clone());
    let guess = if candidate.reason.is_empty() {
        format!("nothing suggests \"{name}\"")
    } else {
        format!("\"{name}\" is a weak match")
    };
    let Some(edit) = edit_of_candidate(model) else { return Vec::new() };
    let Some(Drawer::Picker(picker)) = &mut model.drawer else { return Vec::new() };
    let price = picker.price.as_ref().filter(|(of, _)| *of == id).map(|(_, price)| price.clone());
    let short = price.as_ref().is_some_and(|p| p.left.is_some_and(|left| i64::from(p.requests) > left));
    let moves = price.as_ref().map_or(0, |p| p.moves);
    if (weak || short) && picker.again.as_ref() != Some(&id) {
        picker.again = Some(id);
        let why = if short { "costs more than is left now; the rest waits".to_owned() } else { guess };
        model.say(Tone::Price, format!("{why} · Enter again"));
        return Vec::new();
    }
    model.notice = None;
    let made = edit_wish(model, edit, false);
    let offer = if moves > 0 { move_wishes(model) } else { None };
    let mut effects = match offer {
        Some(next) if model.is_live() => {
            let command = model.command(made, Pending::Then(Box::new(next)));
            vec![Effect::Send(ToEngine::Command(command))]
        }
        _ => act::wish(model, made),
    };
    effects.extend(close(model));
    effects
}

/// The dry run and the real move of what was sent elsewhere, for the project and target in question.
fn move_wishes(model: &Model) -> Option<(Wish, Wish)> {
    let (source, target) = match &model.drawer {
        Some(Drawer::Picker(picker)) => (picker.source.clone(), picker.target_account(model)?),
        _ => {
            let line = model.selected_project()?;
            let at = line.links.iter().position(is_linked)?;
            (line.source.clone(), model.targets().get(at)?.account.clone())
        }
    };
    let wish = |dry| Wish::MoveSent { source: source.clone(), target: target.clone(), dry };
    Some((wish(true), wish(false)))
}

fn is_linked(link: &LinkWord) -> bool {
    matches!(link, LinkWord::Same(_) | LinkWord::Other(_) | LinkWord::Fallback(_))
}

/// Asks what moving the sent entries to where the mapping leads now would cost; a yes does it.
pub fn move_sent(model: &mut Model) -> Vec<Effect> {
    match move_wishes(model) {
        Some((dry, real)) => act::ask(model, dry, real),
        None => refuse(model, "this project is not linked"),
    }
}

/// Closes the picker.
pub fn close(model: &mut Model) -> Vec<Effect> {
    model.drawer = None;
    model.in_drawer = false;
    model.cursors.remove(&List::Drawer);
    send(model.views.close(Slot::Candidates))
}

/// Starts typing after `/`.
pub fn search(model: &mut Model) -> Vec<Effect> {
    if let Some(Drawer::Picker(picker)) = &mut model.drawer {
        picker.typing = Some(String::new().into());
    }
    Vec::new()
}

/// Picks for the next target.
pub fn other_target(model: &mut Model) -> Vec<Effect> {
    let targets = model.targets().len();
    let Some(Drawer::Picker(picker)) = &mut model.drawer else { return Vec::new() };
    let next = (picker.target + 1) % targets.max(1);
    let fresh = Picker::new(picker.source.clone(), picker.waiting, picker.seen.clone(), next);
    **picker = fresh;
    model.cursors.remove(&List::Drawer);
    ask_candidates(model)
}

/// Asks what creating the project in the target costs; a yes does it.
pub fn create(model: &mut Model) -> Vec<Effect> {
    let Some((source, target, _)) = model.link_subject() else { return Vec::new() };
    let dry = Wish::CreateProject { source: source.clone(), target: target.clone(), dry: true };
    let real = Wish::CreateProject { source, target, dry: false };
    act::ask(model, dry, real)
}

/// Leaves the project out, or takes it in again. It can be undone, so it does not ask.
pub fn ignore(model: &mut Model) -> Vec<Effect> {
    let Some((source, _, link)) = model.link_subject() else { return Vec::new() };
    let edit = if link == Some(LinkWord::Skipped) {
        MappingEdit::UnskipProject { source }
    } else {
        MappingEdit::SkipProject { source }
    };
    let made = edit_wish(model, edit, false);
    let mut effects = act::wish(model, made);
    effects.extend(close(model));
    effects
}

/// Removes the link after its price was seen.
pub fn unlink(model: &mut Model) -> Vec<Effect> {
    let Some(line) = model.selected_project() else { return Vec::new() };
    let linked = |l: &LinkWord| matches!(l, LinkWord::Same(_) | LinkWord::Other(_) | LinkWord::Gone(_));
    let Some(at) = line.links.iter().position(linked) else { return Vec::new() };
    let Some(target) = model.targets().get(at).map(|t| t.account.clone()) else { return Vec::new() };
    let edit = MappingEdit::UnlinkProject { source: line.source.clone(), target, from: None };
    let dry = edit_wish(model, edit.clone(), true);
    let real = edit_wish(model, edit, false);
    act::ask(model, dry, real)
}
