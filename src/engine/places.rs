//! Whether the projects that bonds lead to are in their targets. One that no catalogue shows may have been made a minute
//! ago, so the target's projects are read once before it counts as gone; until then nothing is sent there.

use crate::domain::catalogue::{Item, Kind};
use crate::domain::entry::TargetEntry;
use crate::domain::id::{Account, RemoteId};
use crate::domain::link::Link;
use crate::domain::mapping::{Mapping, Then};
use crate::domain::quota::Cause;

use super::call::CallError;
use super::errands::{is_passing, read_all};
use super::state::State;
use super::{Shared, profile};

/// Whether a write must wait until it is known that its project is there; if so, somebody looks.
pub fn seek(engine: &Shared, target: &Account, link: &Link, body: &TargetEntry) -> bool {
    let Some(project) = &body.project else { return false };
    if link.there.as_ref().is_some_and(|there| there.entry.project.as_ref() == Some(project)) {
        return false;
    }
    let mut state = engine.state();
    let is_there = match state.item(target, Kind::Project, project) {
        Some(item) => !item.deleted,
        None => state.unlisted.contains(target),
    };
    if !is_there && state.sought.insert((target.clone(), project.clone())) {
        engine.wakes.map.notify_one();
    }
    !is_there
}

/// Reads the projects of the targets where one is sought, and lets the bonds follow what that shows.
pub async fn look(engine: &Shared) -> Result<(), CallError> {
    let targets: Vec<Account> = engine.state().setup.targets.iter().map(|t| t.account.clone()).collect();
    for target in targets {
        let sought = sought(&engine.state(), &target);
        if sought.is_empty() {
            continue;
        }
        let is_known = |id: &RemoteId| engine.state().item(&target, Kind::Project, id).is_some();
        if !sought.iter().all(is_known) {
            match read_all(engine, &target, Kind::Project, Cause::Sync).await {
                Ok(()) => bury(engine, &target, &sought)?,
                Err(CallError::Failed(failure)) if !is_passing(&failure) => {
                    tracing::warn!(error = %failure, target = %target, "its projects cannot be listed");
                    engine.state().unlisted.insert(target.clone());
                }
                Err(e) => return Err(e),
            }
        }
        engine.state().sought.retain(|(of, id)| *of != target || !sought.contains(id));
        engine.rebind_target(&target);
        engine.touch_work();
    }
    Ok(())
}

fn sought(state: &State, target: &Account) -> Vec<RemoteId> {
    state.sought.iter().filter(|(of, _)| of == target).map(|(_, id)| id.clone()).collect()
}

/// Notes that a target has not these projects; a later list that names one brings it back.
fn bury(engine: &Shared, target: &Account, sought: &[RemoteId]) -> Result<(), CallError> {
    let gone: Vec<Item> = {
        let state = engine.state();
        let missing = sought.iter().filter(|id| state.item(target, Kind::Project, id).is_none());
        missing
            .map(|id| Item {
                deleted: true,
                ..Item::new(Kind::Project, id.clone(), name(&state.mapping, target, id))
            })
            .collect()
    };
    for item in &gone {
        let say = format!("{target} has no project {} ({}): nothing is sent there", item.id, item.name);
        engine.state().write("place", |_, draft| draft.say("mapping", "warn", &say, None))?;
    }
    Ok(profile::put_items(engine, target, &gone)?)
}

/// What the mapping calls a project; its id where it has no name for it.
fn name(mapping: &Mapping, target: &Account, id: &RemoteId) -> String {
    let links = mapping.projects.iter().filter_map(|row| row.target.get(target));
    let rules = mapping.rules.iter().filter_map(|rule| match &rule.then {
        Then::Target(to) => to.get(target),
        _ => None,
    });
    let mut all = mapping.fallback.get(target).into_iter().chain(links).chain(rules);
    let named = all.find(|named| named.id == *id && !named.name.is_empty());
    named.map_or_else(|| id.to_string(), |named| named.name.clone())
}
