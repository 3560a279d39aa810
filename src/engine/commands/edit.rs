//! Edits of the mapping: what they would do, whether somebody else was faster, and making them.

use crate::cache::rows;
use crate::control::command::{Price, Reply};
use crate::domain::catalogue::Kind;
use crate::domain::id::Account;
use crate::domain::mapping::{Mapping, MappingEdit};
use crate::domain::order::EntryRow;
use crate::domain::remap::{self, Value};
use crate::domain::route::route;
use crate::engine::Shared;
use crate::engine::apply::{Batch, bind_one};
use crate::engine::call::bucket_of;
use crate::engine::desk::{Desked, Draft};
use crate::engine::lobby::Author;
use crate::engine::state::State;
use crate::engine::{mapper, rebind};
use crate::services::http::Charge;

use super::{Answered, Asker, Refusal, because, entries, known_target, undo};

/// What an edit does to entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Waiting entries that it releases.
    pub creates: u32,
    /// Queued entries that wait again.
    pub stops: u32,
    /// Sent entries that would go elsewhere; they stay.
    pub moves: u32,
}

/// Edits the mapping, or says what that would do.
pub fn edit(engine: &Shared, asker: &Asker<'_>, seen: &str, edit: &MappingEdit, dry: bool) -> Answered {
    let mut state = engine.state();
    check(&state, edit)?;
    mapper::refresh(engine, &mut state)?;
    mapper::may_write(&state)?;
    clash(&state, seen, edit)?;
    let before = state.mapping.clone();
    let after = remap::apply(&before, edit);
    let impact = impact(&mut state, edit, &after)?;
    if dry {
        return Ok(Reply::Price(price(&state, edit, impact)));
    }
    let name = name(&state, edit);
    if remap::value(&before, edit) == remap::value(&after, edit) {
        return Ok(Reply::Done { say: format!("{name} is {} already", remap::value(&after, edit)) });
    }
    let what = format!("{name} {}", done(edit));
    let mut undoes = false;
    mapper::write(engine, &mut state, edit, |draft, after| {
        draft.say("mapping", "info", format!("{what} by {}", asker.by.name), None)?;
        undoes = undo::of_edit(&before, after, edit).is_some();
        undo_of(draft, asker.by, &what, &before, after, edit)
    })?;
    let now = engine.seams.now();
    let standing = target_of(edit).map(|t| state.standing(t.clone(), now));
    state.last = Some((now, what));
    drop(state);
    engine.touch_work();
    let mut say = vec![told(edit, &name)];
    say.extend(mapper::due(standing.as_ref(), impact.creates));
    if impact.stops > 0 {
        say.push(format!("{} wait again", impact.stops));
    }
    if undoes {
        say.push("u undoes".into());
    }
    Ok(Reply::Done { say: say.join(" · ") })
}

/// Stages how an edit is taken back, where it can be.
pub fn undo_of(
    draft: &mut Draft<'_>,
    by: &Author,
    what: &str,
    before: &Mapping,
    after: &Mapping,
    edit: &MappingEdit,
) -> Desked<()> {
    match undo::of_edit(before, after, edit) {
        Some(back) => undo::keep(draft, by, what, back),
        None => Ok(()),
    }
}

fn target_of(edit: &MappingEdit) -> Option<&Account> {
    match edit {
        MappingEdit::LinkProject { target, .. }
        | MappingEdit::UnlinkProject { target, .. }
        | MappingEdit::LinkUser { target, .. }
        | MappingEdit::UnlinkUser { target, .. } => Some(target),
        MappingEdit::SkipProject { .. } | MappingEdit::UnskipProject { .. } => None,
    }
}

fn done(edit: &MappingEdit) -> &'static str {
    match edit {
        MappingEdit::LinkProject { .. } | MappingEdit::LinkUser { .. } => "linked",
        MappingEdit::UnlinkProject { .. } | MappingEdit::UnlinkUser { .. } => "unlinked",
        MappingEdit::SkipProject { .. } => "left out",
        MappingEdit::UnskipProject { .. } => "taken in again",
    }
}

/// The same in the words of the price line, which name what was changed before anything else: it may not be what the
/// person thinks is under the bar.
fn told(edit: &MappingEdit, name: &str) -> String {
    match edit {
        MappingEdit::LinkProject { to, .. } | MappingEdit::LinkUser { to, .. } => {
            format!("{name}: {}", Value::Linked(to.clone()))
        }
        _ => format!("{}: {name}", done(edit)),
    }
}

fn is_about_user(edit: &MappingEdit) -> bool {
    matches!(edit, MappingEdit::LinkUser { .. } | MappingEdit::UnlinkUser { .. })
}

fn name(state: &State, edit: &MappingEdit) -> String {
    let source = remap::source_of(edit);
    let kind = if is_about_user(edit) { Kind::User } else { Kind::Project };
    state.item(&source.account, kind, &source.id).map_or_else(
        || {
            if source.name.is_empty() {
                format!("{} {}", kind.as_str(), source.id)
            } else {
                source.name.clone()
            }
        },
        |i| i.name.clone(),
    )
}

/// Refuses what the settings and catalogues do not know.
fn check(state: &State, edit: &MappingEdit) -> Result<(), Refusal> {
    let source = remap::source_of(edit);
    if !state.setup.sources.iter().any(|s| s.account == source.account) {
        let names: Vec<&str> = state.setup.sources.iter().map(|s| s.account.as_str()).collect();
        return because(format!(
            "there is no source account `{}`; the sources are: {}",
            source.account,
            names.join(", ")
        ));
    }
    if let Some(target) = target_of(edit) {
        known_target(state, target)?;
    }
    let (kind, to) = match edit {
        MappingEdit::LinkProject { target, to, .. } => (Kind::Project, Some((target, to))),
        MappingEdit::LinkUser { target, to, .. } => (Kind::User, Some((target, to))),
        _ => (Kind::Project, None),
    };
    // A project may be known by its entries alone, until a catalogue read brings its name.
    let has_entries = || state.desk.named(rows::by_project(&source.account, &source.id), 1);
    if to.is_some() && state.item(&source.account, kind, &source.id).is_none() && has_entries()?.is_empty() {
        return because(format!("{} has no {} {}", source.account, kind.as_str(), source.id));
    }
    let Some((target, to)) = to.filter(|(target, _)| state.profile(target).is_some()) else { return Ok(()) };
    match state.item(target, kind, &to.id) {
        Some(item) if item.deleted => {
            because(format!("{} was deleted in {target}; choose another {}", item.name, kind.as_str()))
        }
        Some(item) if item.archived => {
            because(format!("{} is archived in {target}; restore it there or choose another one", item.name))
        }
        Some(_) => Ok(()),
        None => because(format!("{target} has no {} {}; choose another one", kind.as_str(), to.id)),
    }
}

/// Refuses an edit of a row that somebody changed since the viewer saw it; other rows are merged.
fn clash(state: &State, seen: &str, edit: &MappingEdit) -> Result<(), Refusal> {
    if seen == state.mapping_version {
        return Ok(());
    }
    let now = remap::value(&state.mapping, edit);
    let wanted = remap::value(&remap::apply(&state.mapping, edit), edit);
    if now == wanted {
        return Ok(());
    }
    let name = name(state, edit);
    match mapper::at_version(state, seen)?.map(|m| remap::value(&m, edit)) {
        Some(then) if then == now => Ok(()),
        Some(then) => because(format!(
            "{name} was changed meanwhile: it is {now} (you saw it {then}) and you want it {}; look and choose again",
            want(&wanted)
        )),
        None => because(format!(
            "{name} is {now} and you want it {}, but the mapping you saw is too old to compare; look and choose again",
            want(&wanted)
        )),
    }
}

fn want(value: &Value) -> String {
    match value {
        Value::Absent => "without link or rule".into(),
        value => value.to_string(),
    }
}

/// What an edit does to entries, by making it in a draft that is thrown away.
pub fn impact(state: &mut State, edit: &MappingEdit, after: &Mapping) -> Desked<Impact> {
    let concerned = mapper::concerned(state, edit)?;
    let before = std::mem::replace(&mut state.mapping, after.clone());
    let counted = count(state, edit, concerned);
    state.mapping = before;
    counted
}

fn count(
    state: &State,
    edit: &MappingEdit,
    concerned: Option<Vec<crate::domain::id::Key>>,
) -> Desked<Impact> {
    let mut impact = Impact::default();
    let mut draft = state.desk.draft();
    for target in state.setup.targets.iter().map(|t| &t.account) {
        if target_of(edit).is_some_and(|t| t != target) {
            continue;
        }
        let keys = match &concerned {
            Some(keys) => keys.clone(),
            None => rebind::waiting(state, target)?,
        };
        for key in &keys {
            let Some(link) = draft.link(target, key)? else { continue };
            let Some(row) = draft.get::<EntryRow>(&rows::entry(key))? else { continue };
            if link.may_be_there() {
                let kept = link.route.as_ref();
                let moves = row.entry.as_ref().zip(kept).is_some_and(|(entry, kept)| {
                    let fresh = route(&state.mapping, "", &key.account, target, entry, kept.inputs.clone());
                    remap::moves(kept, &fresh)
                });
                impact.moves += u32::from(moves);
                continue;
            }
            let due = link.next().is_some();
            bind_one(state, &mut draft, &mut Batch::default(), target, key, &row)?;
            let after = draft.link(target, key)?.is_some_and(|l| l.next().is_some());
            impact.creates += u32::from(after && !due);
            impact.stops += u32::from(due && !after);
        }
    }
    Ok(impact)
}

/// Entries of an edit's project that its target has already: no edit of the mapping takes them away.
pub fn sent(state: &State, edit: &MappingEdit) -> Desked<usize> {
    let (Some(target), Some(keys)) = (target_of(edit), mapper::concerned(state, edit)?) else { return Ok(0) };
    let mut sent = 0;
    for key in &keys {
        sent += usize::from(state.desk.link(target, key)?.is_some_and(|link| link.may_be_there()));
    }
    Ok(sent)
}

/// The price of an edit in words and figures.
pub fn price(state: &State, edit: &MappingEdit, impact: Impact) -> Price {
    let name = || name(state, edit);
    let verb = match edit {
        // The picker that this stands under names both.
        MappingEdit::LinkProject { .. } | MappingEdit::LinkUser { .. } => "links it".to_owned(),
        MappingEdit::UnlinkProject { .. } | MappingEdit::UnlinkUser { .. } => format!("unlinks {}", name()),
        MappingEdit::SkipProject { .. } => format!("leaves {} out", name()),
        MappingEdit::UnskipProject { .. } => format!("takes {} in again", name()),
    };
    let mut say = match impact.creates {
        0 => vec![verb],
        n => vec![format!("{verb} and sends the {n} waiting")],
    };
    if impact.stops > 0 {
        say.push(format!("{} wait again", entries(impact.stops as usize)));
    }
    if impact.moves > 0 {
        say.push(format!("{} already sent stay where they are", impact.moves));
    }
    Price {
        creates: impact.creates,
        moves: impact.moves,
        requests: impact.creates,
        left: target_of(edit)
            .or(state.setup.targets.first().map(|t| &t.account))
            .and_then(|t| left(state, t)),
        say: say.join(" · "),
    }
}

/// Requests left in the bucket that pays for writes to a target.
pub fn left(state: &State, target: &Account) -> Option<i64> {
    let name = bucket_of(state, target, Charge::Workspace)?;
    state.meters.all().find(|((a, b), _)| a == target && *b == name)?.1.remaining()
}
