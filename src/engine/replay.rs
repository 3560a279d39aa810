//! Applying deliveries of the inbox again, through the same door as the first time. However often it is done, it
//! changes nothing that has not changed: what was applied before, or is older than what is known, is left out.

use crate::cache::rows;
use crate::domain::announced::{About, Announced};
use crate::domain::catalogue::Item;
use crate::domain::delivery::Delivered;
use crate::domain::id::{Account, Key};
use crate::domain::order::EntryRow;
use crate::journal::Stored;
use crate::services::toggl::delivery;

use super::desk::{DeskError, Desked, Draft};
use super::heard::target_of;
use super::intake::{DeadLetter, Told, take, wake_puller};
use super::seams::Rules;
use super::state::State;
use super::{Shared, profile};

/// What a delivery did when it was applied again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Entries that changed.
    pub entries: usize,
    /// Catalogue items that changed.
    pub items: usize,
    /// Entries of a target that are looked at there, a request each, before anything is said of them.
    pub looks: usize,
    /// Why it still cannot be used.
    pub dead: Option<String>,
}

/// Applies a delivery again. `None` when the inbox does not hold it any more. A dry run writes nothing.
pub fn replay(engine: &Shared, seq: u64, dry: bool) -> Desked<Option<Replayed>> {
    let stored = engine.inbox.read_from(seq, 1).map_err(DeskError::from)?;
    let Some(one) = stored.into_iter().next().filter(|one| one.seq == seq) else { return Ok(None) };
    let mut state = engine.state();
    // Its event is marked as applied: that is why it is asked for again.
    let rules = Rules { dedup: false, ..engine.seams.rules };
    let mut told = Told::default();
    let (finished, was_dead) = {
        let mut draft = state.desk.draft();
        let was_dead = draft.get::<DeadLetter>(&rows::dead(seq))?.is_some();
        if !was_dead && is_settled(&state, &draft, &one)? {
            return Ok(Some(Replayed::default()));
        }
        take(&state, rules, &mut draft, &mut told, &one)?;
        if told.dead > 0 {
            let letter: Option<DeadLetter> = draft.get(&rows::dead(seq))?;
            let dead = Some(letter.map(|l| l.reason).unwrap_or_default());
            return Ok(Some(Replayed { dead, ..Replayed::default() }));
        }
        if was_dead {
            draft.delete(rows::dead(seq));
        }
        (draft.finish(), was_dead)
    };
    let entries = told.batches.values().map(|b| b.changed.len()).sum();
    let replayed = Replayed { entries, items: told.items.len(), looks: told.looks, dead: None };
    if dry {
        return Ok(Some(replayed));
    }
    state.desk.commit("replay", finished)?;
    state.counts.dead = state.counts.dead.saturating_sub(u64::from(was_dead));
    for (account, item) in &told.items {
        profile::remember(&mut state, account, vec![item.clone()]);
    }
    drop(state);
    wake_puller(engine, &told);
    engine.touch_work();
    Ok(Some(replayed))
}

/// Whether what a delivery tells is known here, or something newer is.
fn is_settled(state: &State, draft: &Draft<'_>, stored: &Stored) -> Desked<bool> {
    let Some(delivered) = Delivered::decode(&stored.payload) else { return Ok(false) };
    // A delivery of a target has neither a time nor an id: applied once, it could only raise a doubt that is settled.
    if target_of(state, &delivered.hook).is_some() {
        return Ok(true);
    }
    let accounts = state.setup.sources.iter().map(|s| &s.account);
    let Some(account) = accounts.into_iter().find(|a| state.setup.hooks.label(a) == delivered.hook) else {
        return Ok(false);
    };
    let Ok(announced) = delivery::parse(&delivered.body) else { return Ok(false) };
    match &announced.about {
        About::Ping { .. } | About::Other { .. } => Ok(true),
        About::Entry { id, read } => {
            let key = Key { account: account.clone(), id: id.clone() };
            let Some(row) = draft.get::<EntryRow>(&rows::entry(&key))? else { return Ok(false) };
            // An event that was applied can only raise the doubt again that a read has settled.
            let at = read.as_ref().map_or(announced.created_at, |read| read.at);
            Ok(was_applied(draft, account, &announced)? || at <= row.at)
        }
        About::Item { kind, id, item } => {
            let Some(known) = draft.get::<Item>(&rows::item(account, *kind, id))? else { return Ok(false) };
            let told = item.as_ref().and_then(|item| item.at);
            let newer = matches!((known.at, told), (Some(known), Some(told)) if told > known);
            Ok(was_applied(draft, account, &announced)? || !newer)
        }
    }
}

fn was_applied(draft: &Draft<'_>, account: &Account, announced: &Announced) -> Desked<bool> {
    let mark = rows::seen(account, &announced.subscription, announced.event_id);
    Ok(draft.get::<bool>(&mark)?.is_some())
}
