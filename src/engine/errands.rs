//! The part that makes projects in targets and links them, and that looks for those that nobody knows. What a person
//! asked for is kept durably until it is done or given up.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::{Account, RemoteId};
use crate::domain::mapping::{MappingEdit, Named, SourceRef};
use crate::domain::quota::Cause;
use crate::domain::remap;
use crate::services::http::Failure;

use super::call::{CallError, Patience};
use super::commands::undo_of;
use super::desk::{DeskError, Desked, Draft};
use super::lobby::Author;
use super::mapper::{EditError, due, may_write, refresh, write};
use super::state::State;
use super::{Shared, places, profile};

/// Tries of a project that cannot be made, before a person is told.
const TRIES: u32 = 6;
/// A cache that is being rebuilt is asked again after this.
const NOT_READY: TimeDelta = TimeDelta::milliseconds(200);

/// A list of projects that could not be read is asked for again after this.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(1);

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
