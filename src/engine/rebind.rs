//! Brings bonds in step again when something beside their entry changed: the mapping, a profile, the catalogue.

use crate::cache::rows;
use crate::domain::id::{Account, Key};
use crate::domain::link::Link;
use crate::domain::order::EntryRow;
use crate::domain::word::Class;

use super::Engine;
use super::apply::{Batch, bind_one};
use super::desk::{Desked, Draft};
use super::state::State;

/// The classes in which an entry may wait for something beside itself.
const WAITING: [Class; 6] =
    [Class::Ready, Class::Unmapped, Class::Held, Class::Failed, Class::Skipped, Class::Running];

/// Entries that wait, towards one target.
pub fn waiting(state: &State, target: &Account) -> Desked<Vec<Key>> {
    let mut keys = Vec::new();
    for class in WAITING {
        keys.extend(state.desk.named(rows::by_class(target, class), usize::MAX)?);
    }
    Ok(keys)
}

/// Stages a bond whose write has ended. Where it ended with nothing in the target, the mapping may have changed while it
/// was under way, and what waits follows the mapping in force.
pub fn put_settled(
    state: &State,
    draft: &mut Draft<'_>,
    target: &Account,
    key: &Key,
    link: Link,
) -> Desked<()> {
    let waits = link.open.is_none() && link.there.is_none() && link.trouble.is_none();
    draft.put_link(target, key, link)?;
    match draft.get::<EntryRow>(&rows::entry(key))?.filter(|_| waits) {
        Some(row) => bind_one(state, draft, &mut Batch::default(), target, key, &row),
        None => Ok(()),
    }
}

/// Binds these entries anew towards one target, in frames of bounded size; answers how many bonds changed.
pub fn rebind(state: &mut State, target: &Account, keys: &[Key]) -> Desked<usize> {
    let mut changed = 0;
    for part in keys.chunks(500) {
        changed += state.write("rebind", |state, draft| {
            let mut count = 0;
            let mut batch = Batch::default();
            for key in part {
                let Some(row) = draft.get::<EntryRow>(&rows::entry(key))? else { continue };
                let before = draft.link(target, key)?;
                bind_one(state, draft, &mut batch, target, key, &row)?;
                if draft.link(target, key)? != before {
                    count += 1;
                }
            }
            Ok(count)
        })?;
    }
    Ok(changed)
}

/// Binds everything that waits anew, towards every target.
pub fn rebind_all(state: &mut State) -> Desked<usize> {
    let targets: Vec<Account> = state.setup.targets.iter().map(|t| t.account.clone()).collect();
    let mut changed = 0;
    for target in &targets {
        let keys = waiting(state, target)?;
        changed += rebind(state, target, &keys)?;
    }
    Ok(changed)
}

impl Engine {
    /// After a target's profile or catalogue was read.
    pub(super) fn rebind_target(&self, target: &Account) {
        let mut state = self.state();
        let outcome = waiting(&state, target).and_then(|keys| rebind(&mut state, target, &keys));
        if let Err(e) = outcome {
            state.follow_due = true;
            drop(state);
            self.wakes.map.notify_one();
            tracing::warn!(error = %e, target = %target, "bonds could not be brought in step; it is tried again");
        }
    }
}
