//! The only writer of the mapping from the engine's side. The projects that are made for it are `errands`.
//!
//! An edit goes into the file first, then with its version into the ledger: after a crash between the two the start
//! finds the file ahead and follows it.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::cache::rows;
use crate::domain::id::{Account, Key};
use crate::domain::mapping::{Mapping, MappingEdit};
use crate::domain::remap;

use super::call::CallError;
use super::commands::Refusal;
use super::desk::{DeskError, Desked, Draft};
use super::setup::Unread;
use super::state::State;
use super::words::Standing;
use super::{Shared, rebind};

/// A version of the mapping that a viewer may still have seen is kept this long.
const VERSIONS: TimeDelta = TimeDelta::days(30);
/// Why an edit was not made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file was not changed.
    #[error("{0}")]
    Book(String),
    /// The ledger cannot be written.
    #[error("{0}")]
    Desk(#[from] DeskError),
}

impl From<EditError> for Refusal {
    fn from(e: EditError) -> Self {
        match e {
            EditError::Book(say) => Self::Because(say),
            EditError::Desk(e) => Self::Desk(e),
        }
    }
}

impl From<EditError> for CallError {
    fn from(e: EditError) -> Self {
        match e {
            EditError::Book(say) => Self::Stopped(say),
            EditError::Desk(e) => Self::Desk(e),
        }
    }
}

fn version_key(version: &str) -> Vec<u8> {
    rows::meta(&format!("mapping:{version}"))
}

/// Stages the mapping in force.
pub fn keep(draft: &mut Draft<'_>, mapping: &Mapping, version: &str) -> Desked<()> {
    draft.put_for(version_key(version), mapping, VERSIONS)?;
    draft.put(rows::meta("mapping"), &(mapping, version))
}

/// The mapping as it was at a version.
pub fn at_version(state: &State, version: &str) -> Desked<Option<Mapping>> {
    if version == state.mapping_version {
        return Ok(Some(state.mapping.clone()));
    }
    state.desk.get(&version_key(version))
}

/// Follows the file where a person has just edited it and nobody has told yet.
pub fn refresh(engine: &Shared, state: &mut State) -> Desked<()> {
    let before = state.mapping_version.clone();
    engine.load_mapping(state)?;
    if before != state.mapping_version {
        follow(state, None)?;
    }
    Ok(())
}

/// The live entries that an edit may move: those of its project, or all that wait where it is about a person.
pub fn concerned(state: &State, edit: &MappingEdit) -> Desked<Option<Vec<Key>>> {
    let source = remap::source_of(edit);
    match edit {
        MappingEdit::LinkUser { .. } | MappingEdit::UnlinkUser { .. } => Ok(None),
        _ => state.desk.named(rows::by_project(&source.account, &source.id), usize::MAX).map(Some),
    }
}

/// Lets what waits follow the mapping in force; `None` is all that waits. Answers how many bonds changed.
fn follow(state: &mut State, concerned: Option<&[Key]>) -> Desked<usize> {
    let targets: Vec<Account> = state.setup.targets.iter().map(|t| t.account.clone()).collect();
    let only: Option<BTreeSet<&Key>> = concerned.map(|keys| keys.iter().collect());
    let mut changed = 0;
    for target in &targets {
        let mut keys = rebind::waiting(state, target)?;
        keys.retain(|key| only.as_ref().is_none_or(|only| only.contains(key)));
        changed += rebind::rebind(state, target, &keys)?;
    }
    Ok(changed)
}

/// An error where the file cannot be followed: what is written into it then would be all that it says.
pub fn may_write(state: &State) -> Result<(), EditError> {
    match &state.mapping_alert {
        Some(Unread::Broken(say)) => {
            Err(EditError::Book(format!("mapping.toml has a mistake, mend it first: {say}")))
        }
        Some(unread) => Err(EditError::Book(unread.to_string())),
        None => Ok(()),
    }
}

/// Edits the file, keeps its version and what `fill` stages, and lets what waits follow.
pub fn write(
    engine: &Shared,
    state: &mut State,
    edit: &MappingEdit,
    fill: impl FnOnce(&mut Draft<'_>, &Mapping) -> Desked<()>,
) -> Result<(), EditError> {
    may_write(state)?;
    let edited = state.setup.mapping.edit(&state.mapping_version, edit);
    let (mapping, version) = edited.map_err(EditError::Book)?;
    state.write("mapping", |_, draft| {
        keep(draft, &mapping, &version)?;
        fill(draft, &mapping)
    })?;
    state.mapping = mapping;
    state.mapping_version = version;
    let keys = concerned(state, edit)?;
    follow(state, keys.as_deref())?;
    engine.wakes.dispatch.notify_waiters();
    Ok(())
}

/// `9 queued`: what an edit released, in the word that it waits under.
pub fn due(standing: Option<&Standing>, creates: u32) -> Option<String> {
    let word = standing.map_or("queued", Standing::ready_name);
    (creates > 0).then(|| format!("{creates} {word}"))
}
