//! A plan that changed: what it lacked before may be asked for again. Nothing else repeats a refusal of this kind.

use crate::cache::rows;
use crate::domain::id::{Account, Key};
use crate::domain::link::{Link, Trouble};
use crate::domain::order::EntryRow;
use crate::domain::strain::Strain;
use crate::domain::word::Class;

use super::apply::{Batch, bind_one};
use super::desk::Desked;
use super::state::State;

/// Lets go what a target refused for its plan, now that it has another one.
pub fn changed(state: &mut State, target: &Account, plan: &str) -> Desked<()> {
    if let Some(running) = state.running.get_mut(target) {
        running.lacking.clear();
    }
    let waiting = refused(state, target)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let entries = waiting.len();
    state.write("plan", |state, draft| {
        for (key, mut link, row) in waiting {
            link.trouble = None;
            draft.put_link(target, &key, link)?;
            bind_one(state, draft, &mut Batch::default(), target, &key, &row)?;
        }
        let many = if entries == 1 { "1 entry".into() } else { format!("{entries} entries") };
        draft.say("sync", "info", format!("{target} has the plan {plan} now: {many} tried again"), None)
    })
}

/// What the plan of a target lacked.
fn refused(state: &State, target: &Account) -> Desked<Vec<(Key, Link, EntryRow)>> {
    let mut found = Vec::new();
    for key in state.desk.named(rows::by_class(target, Class::Failed), usize::MAX)? {
        let Some(link) = state.desk.link(target, &key)? else { continue };
        let lacked = |t: &Trouble| matches!(t, Trouble::Failed(why) if Strain::Plan.is_reason(why));
        if !link.trouble.as_ref().is_some_and(lacked) {
            continue;
        }
        if let Some(row) = state.desk.get(&rows::entry(&key))? {
            found.push((key, link, row));
        }
    }
    Ok(found)
}
