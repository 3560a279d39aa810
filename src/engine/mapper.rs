//! The only writer of the mapping from the engine's side, and the part that makes projects in targets.
//!
//! An edit goes into the file first, then with its version into the ledger: after a crash between the two the start
//! finds the file ahead and follows it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::mapping::{Mapping, MappingEdit, Named, SourceRef};
use crate::domain::quota::Cause;
use crate::domain::remap;
use crate::services::http::Failure;

use super::call::{CallError, Patience};
use super::commands::{Refusal, undo_of};
use super::desk::{DeskError, Desked, Draft};
use super::lobby::Author;
use super::setup::Unread;
use super::state::State;
use super::words::Standing;
use super::{Shared, places, profile, rebind};

/// A version of the mapping that a viewer may still have seen is kept this long.
const VERSIONS: TimeDelta = TimeDelta::days(30);
/// Tries of a project that cannot be made, before a person is told.
const TRIES: u32 = 6;

/// A cache that is being rebuilt is asked again after this.
const NOT_READY: TimeDelta = TimeDelta::milliseconds(200);

/// A list of projects that could not be read is asked for again after this.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(1);

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

/// A project to be made in a target and linked, kept until it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// The command.
    pub id: String,
    /// Who asked.
    pub by: Author,
    /// The source project.
    pub source: SourceRef,
    /// The target account.
    pub target: Account,
}

fn errands_key() -> Vec<u8> {
    rows::meta("errands")
}

/// Keeps an errand durably and wakes the mapper.
pub fn send(engine: &Shared, state: &mut State, errand: Errand) -> Desked<()> {
    state.write("errand", |_, draft| {
        let mut errands: Vec<Errand> = draft.get(&errands_key())?.unwrap_or_default();
        let what = format!("{} is being made in {}", errand.source.name, errand.target);
        errands.retain(|e| e.source.key() != errand.source.key() || e.target != errand.target);
        errands.push(errand);
        draft.say("mapping", "info", what, None)?;
        draft.put(errands_key(), &errands)
    })?;
    engine.wakes.map.notify_one();
    Ok(())
}

/// Runs errands until the engine stops.
pub async fn run(engine: Shared) -> Desked<()> {
    let mut tries = 0;
    loop {
        let mut wait: Option<DateTime<Utc>> = None;
        if engine.state().follow_due {
            match engine.follow_mapping() {
                Ok(_) => {}
                Err(DeskError::NotReady) => wait = Some(engine.seams.now() + NOT_READY),
                Err(e) => return Err(e),
            }
        }
        let looked = tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            looked = places::look(&engine) => looked,
        };
        let look_again = match looked {
            Ok(()) => None,
            Err(CallError::NotBefore(until)) => Some(until),
            Err(CallError::Desk(DeskError::NotReady)) => Some(engine.seams.now() + NOT_READY),
            Err(CallError::Desk(e)) => return Err(e),
            Err(_) => Some(engine.seams.now() + LOOK_AGAIN),
        };
        let errands: Desked<Option<Vec<Errand>>> = engine.state().desk.get(&errands_key());
        let first = match errands {
            Ok(errands) => errands.unwrap_or_default().into_iter().next(),
            Err(DeskError::NotReady) => {
                wait = Some(engine.seams.now() + NOT_READY);
                None
            }
            Err(e) => return Err(e),
        };
        if let Some(errand) = first {
            let made = tokio::select! { biased;
                () = engine.stop.cancelled() => return Ok(()),
                made = make(&engine, &errand) => made,
            };
            match made {
                Ok(()) => tries = 0,
                Err(CallError::NotBefore(until)) => wait = Some(until),
                Err(CallError::Failed(failure)) if is_passing(&failure) && tries < TRIES => {
                    tries += 1;
                    wait = Some(engine.seams.now() + TimeDelta::seconds(5 << tries.min(5)));
                }
                Err(CallError::Desk(DeskError::NotReady)) => {
                    wait = Some(engine.seams.now() + TimeDelta::seconds(1));
                }
                Err(CallError::Desk(e)) => return Err(e),
                Err(e) => {
                    tries = 0;
                    match give_up(&engine, &errand, &e.to_string()) {
                        Ok(()) => {}
                        Err(DeskError::NotReady) => wait = Some(engine.seams.now() + NOT_READY),
                        Err(e) => return Err(e),
                    }
                }
            }
            if wait.is_none() {
                continue;
            }
        }
        let soonest = wait.into_iter().chain(look_again).min();
        let until = soonest.unwrap_or_else(|| engine.seams.now() + TimeDelta::hours(1));
        tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            () = engine.wakes.map.notified() => {}
            () = engine.seams.sleep_until(until) => {}
        }
    }
}

/// Whether the same request may go through later.
pub fn is_passing(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Unsent(_)
            | Failure::Unknown(_)
            | Failure::Server { .. }
            | Failure::Garbled(_)
            | Failure::Quota { .. }
            | Failure::Pace { .. }
    )
}

/// Makes sure that the project is in the target, then links it.
async fn make(engine: &Shared, errand: &Errand) -> Result<(), CallError> {
    let (wanted, client) = {
        let mut state = engine.state();
        refresh(engine, &mut state)?;
        // What could not be linked is not made.
        may_write(&state)?;
        let item = state.item(&errand.source.account, Kind::Project, &errand.source.id).cloned();
        let client = item.as_ref().map(|i| state.client_name(&errand.source.account, i)).unwrap_or_default();
        (item, client)
    };
    let Some(wanted) = wanted else {
        return Err(CallError::Stopped(format!("{} is not known in Toggl any more", errand.source.name)));
    };
    let client = match client.as_str() {
        "" => None,
        name => Some(item_in(engine, &errand.target, Kind::Client, name, None, None).await?.item.id),
    };
    let found =
        item_in(engine, &errand.target, Kind::Project, &wanted.name, client.as_ref(), Some(&wanted)).await?;
    Ok(link(engine, errand, &wanted, &found)?)
}

/// A project or client of a target by name.
pub fn known(
    state: &State,
    target: &Account,
    kind: Kind,
    name: &str,
    client: Option<&RemoteId>,
) -> Option<Item> {
    let mut all = state.items(target, kind).filter(|i| !i.deleted && !i.archived);
    all.find(|i| i.name == name && (kind == Kind::Client || i.client.as_ref() == client)).cloned()
}

/// An item of a target, and whether it was made for this.
struct Found {
    item: Item,
    made: bool,
}

/// A project or client of the target by name, made where it is missing. When it is not known whether it was made,
/// the target is asked before it is made again.
async fn item_in(
    engine: &Shared,
    target: &Account,
    kind: Kind,
    name: &str,
    client: Option<&RemoteId>,
    like: Option<&Item>,
) -> Result<Found, CallError> {
    let known = || known(&engine.state(), target, kind, name, client);
    if let Some(item) = known() {
        return Ok(Found { item, made: false });
    }
    let answer = engine
        .ask_clockify(target, Cause::Person, Patience::Short, |c| async move {
            match kind {
                Kind::Client => c.create_client(name).await,
                _ => {
                    let billable = like.is_some_and(|l| l.billable);
                    let color = like.and_then(|l| l.color.as_deref());
                    c.create_project(name, client, billable, color).await
                }
            }
        })
        .await?;
    match answer.result {
        Ok(item) => {
            profile::put_items(engine, target, std::slice::from_ref(&item))?;
            Ok(Found { item, made: true })
        }
        // It may be there already: made by a try whose answer was lost, or by somebody else.
        Err(
            failure @ (Failure::Refused { .. }
            | Failure::Unknown(_)
            | Failure::Server { .. }
            | Failure::Garbled(_)),
        ) => {
            read_all(engine, target, kind, Cause::Person).await?;
            // Refused, it was there before; without an answer it is most likely what was asked for.
            let made = !matches!(failure, Failure::Refused { .. });
            known().map(|item| Found { item, made }).ok_or(CallError::Failed(failure))
        }
        Err(failure) => Err(CallError::Failed(failure)),
    }
}

/// Reads all projects or clients of a target.
pub async fn read_all(engine: &Shared, target: &Account, kind: Kind, cause: Cause) -> Result<(), CallError> {
    for page in 1.. {
        let answer = engine
            .ask_clockify(target, cause, Patience::Short, |c| async move {
                match kind {
                    Kind::Client => c.clients(page).await,
                    _ => c.projects(page).await,
                }
            })
            .await?;
        let page = answer.result.map_err(CallError::Failed)?;
        profile::put_items(engine, target, &page.rows)?;
        if page.last {
            break;
        }
    }
    Ok(())
}

fn link(engine: &Shared, errand: &Errand, source: &Item, found: &Found) -> Result<(), EditError> {
    let mut state = engine.state();
    refresh(engine, &mut state)?;
    let to = &found.item;
    let edit = MappingEdit::LinkProject {
        source: SourceRef { name: source.name.clone(), ..errand.source.clone() },
        target: errand.target.clone(),
        to: Named { id: to.id.clone(), name: to.name.clone() },
        from: None,
    };
    let before = state.mapping.clone();
    let impact = super::commands::impact(&mut state, &edit, &remap::apply(&before, &edit))?;
    let what = if found.made {
        format!("{} made in {} and linked", source.name, errand.target)
    } else {
        format!("{} linked to the \"{}\" that {} has already", source.name, to.name, errand.target)
    };
    write(engine, &mut state, &edit, |draft, after| {
        finish(draft, errand)?;
        draft.say("mapping", "info", &what, None)?;
        undo_of(draft, &errand.by, &what, &before, after, &edit)
    })?;
    let now = engine.seams.now();
    let standing = state.standing(errand.target.clone(), now);
    state.last = Some((now, what.clone()));
    drop(state);
    engine.touch_work();
    let mut say = vec![what];
    say.extend(due(Some(&standing), impact.creates));
    // Linked so by somebody else meanwhile, there is nothing of this to take back.
    if remap::inverse(&before, &edit).is_some() {
        say.push("u undoes the link".into());
    }
    engine.tell(Some(&errand.by), Some(&errand.id), say.join(" · "));
    Ok(())
}

/// `9 queued`: what an edit released, in the word that it waits under.
pub fn due(standing: Option<&Standing>, creates: u32) -> Option<String> {
    let word = standing.map_or("queued", Standing::ready_name);
    (creates > 0).then(|| format!("{creates} {word}"))
}

fn finish(draft: &mut Draft<'_>, errand: &Errand) -> Desked<()> {
    let mut errands: Vec<Errand> = draft.get(&errands_key())?.unwrap_or_default();
    errands.retain(|e| e != errand);
    draft.put(errands_key(), &errands)
}

fn give_up(engine: &Shared, errand: &Errand, why: &str) -> Desked<()> {
    let say = format!("{} could not be made in {}: {why}", errand.source.name, errand.target);
    engine.state().write("errand", |_, draft| {
        finish(draft, errand)?;
        draft.say("mapping", "error", &say, None)
    })?;
    engine.touch();
    engine.tell(Some(&errand.by), Some(&errand.id), say);
    Ok(())
}
