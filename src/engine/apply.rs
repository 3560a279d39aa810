//! A fact about a source entry becomes rows: the entry, and its bond with every target.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::cache::rows;
use crate::domain::brake;
use crate::domain::catalogue::{Item, Kind};
use crate::domain::echo;
use crate::domain::entry::TargetEntry;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::{Case, Link, Wish, wish};
use crate::domain::order::{EntryRow, Incoming, Merge, Stamp, merge};
use crate::domain::policy::TOMBSTONE;
use crate::domain::read::SourceRead;
use crate::domain::route::{Inputs, People, Route, Routed, owner, route};
use crate::domain::word::SyncWord;

use super::desk::{Desked, Draft};
use super::seams::Rules;
use super::state::State;

/// What one batch of facts did, for the brake and for words.
#[derive(Debug, Default)]
pub struct Batch {
    /// Entries that changed.
    pub changed: Vec<Key>,
    /// Bonds whose next write is heavy.
    pub heavy: Vec<(Account, Key)>,
    /// Entries deleted at the source by this batch.
    pub deleted: Vec<Key>,
    /// Who made a change at the source, where the service told it.
    pub by: BTreeMap<Key, RemoteId>,
    /// Two states of one second met: a read is wanted.
    pub doubtful: bool,
}

/// What happened to one fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// Known already.
    Same,
    /// An older state.
    Older,
    /// It is the state now.
    Applied,
}

/// Takes the state of a source entry, from a delivery or a read.
pub fn take_entry(
    state: &State,
    rules: Rules,
    draft: &mut Draft<'_>,
    batch: &mut Batch,
    account: &Account,
    read: &SourceRead,
    stamp: Stamp,
) -> Desked<Took> {
    let key = Key { account: account.clone(), id: read.id.clone() };
    let old: Option<EntryRow> = draft.get(&rows::entry(&key))?;
    let incoming = Incoming { at: read.at, entry: read.entry.clone(), deleted: read.deleted_at, stamp };
    let row = match merge(old.as_ref(), incoming, draft.now, rules.order) {
        Merge::Same => return Ok(Took::Same),
        Merge::Older => return Ok(Took::Older),
        Merge::Newer(row) => *row,
    };
    let gone_now = row.deleted.is_some() && old.as_ref().is_none_or(|o| o.deleted.is_none());
    put_entry(draft, &key, &row)?;
    if old
        .as_ref()
        .is_some_and(|o| (&o.entry, o.deleted, o.doubt, o.at) == (&row.entry, row.deleted, row.doubt, row.at))
    {
        // Only the place in its second is known better.
        return Ok(Took::Same);
    }
    let live = |r: &EntryRow| i64::from(r.entry.is_some() && r.deleted.is_none());
    draft.count_live(live(&row) - old.as_ref().map_or(0, live));
    if gone_now {
        batch.deleted.push(key.clone());
    }
    batch.doubtful |= row.doubt.is_some();
    say_change(state, draft, &key, old.as_ref(), &row)?;
    bind(state, draft, batch, &key, &row)?;
    batch.changed.push(key);
    Ok(Took::Applied)
}

/// Stages an entry; a tombstone may be forgotten once nothing late can bring its entry back.
pub fn put_entry(draft: &mut Draft<'_>, key: &Key, row: &EntryRow) -> Desked<()> {
    if row.deleted.is_some() && row.doubt.is_none() {
        draft.put_for(rows::entry(key), row, TOMBSTONE)
    } else {
        draft.put(rows::entry(key), row)
    }
}

/// Brings the bonds of an entry in step with it, for every target.
pub fn bind(
    state: &State,
    draft: &mut Draft<'_>,
    batch: &mut Batch,
    key: &Key,
    row: &EntryRow,
) -> Desked<()> {
    let targets: Vec<Account> = state.setup.targets.iter().map(|t| t.account.clone()).collect();
    for target in targets {
        bind_one(state, draft, batch, &target, key, row)?;
    }
    Ok(())
}

/// Brings one bond in step with its entry and the mapping in force.
pub fn bind_one(
    state: &State,
    draft: &mut Draft<'_>,
    batch: &mut Batch,
    target: &Account,
    key: &Key,
    row: &EntryRow,
) -> Desked<()> {
    let old = draft.link(target, key)?;
    let mut link = old.clone().unwrap_or_else(|| Link::new(Wish::Wait(SyncWord::Queued), draft.now));
    link.route = routed(state, target, key, row, &link);
    let wished = wish_of(state, target, key, row, &link);
    if wished != link.wish {
        link.wish = wished;
        // A new state at the source is a new chance for what was refused, and moves past a person's old decision.
        echo::rewished(&mut link);
    }
    if old.is_none() && row.deleted.is_some() {
        return Ok(());
    }
    let was_heavy = old.as_ref().is_some_and(brake::is_heavy);
    if brake::is_heavy(&link) && !was_heavy {
        batch.heavy.push((target.clone(), key.clone()));
    }
    draft.put_link(target, key, link)
}

/// The route: a sent entry keeps its own until something that it was made from changes at the source.
fn routed(state: &State, target: &Account, key: &Key, row: &EntryRow, link: &Link) -> Option<Route> {
    let Some(entry) = &row.entry else { return link.route.clone() };
    let client = state.client_of(&key.account, entry.project.as_ref());
    let inputs = Inputs::of(entry, client, state.zone(&key.account));
    // What waits for a route has none to keep.
    if let Some(kept) = &link.route
        && link.may_be_there()
        && kept.inputs == inputs
        && !matches!(kept.to, Routed::Unmapped | Routed::Hold)
    {
        return Some(kept.clone());
    }
    Some(route(&state.mapping, &state.mapping_version, &key.account, target, entry, inputs))
}

fn wish_of(state: &State, target: &Account, key: &Key, row: &EntryRow, link: &Link) -> Wish {
    let setup = state.setup.targets.iter().find(|t| &t.account == target);
    let entry = row.entry.as_ref();
    let sent = link.may_be_there();
    let day = entry.map(|e| e.start.with_timezone(&state.zone(&key.account)).date_naive());
    let from = state.sync_from.get(target);
    wish(&Case {
        entry,
        deleted: row.deleted.is_some(),
        doubtful: row.doubt.is_some(),
        route: link.route.as_ref(),
        gone: leads_nowhere(state, target, link),
        owner: entry
            .and_then(|e| owner_of(state, target, &Key { account: key.account.clone(), id: e.user.clone() })),
        before_sync_from: !link.backfilled && from.zip(day).is_none_or(|(from, day)| day < *from),
        sent,
        adopted: link.there.as_ref().is_some_and(|t| t.adopted),
        on_delete: setup.map(|t| t.on_delete).unwrap_or_default(),
    })
}

/// Whether a bond leads to a project that its target has no more. What is in it already is not asked to go elsewhere.
fn leads_nowhere(state: &State, target: &Account, link: &Link) -> bool {
    let Some(Routed::To(project)) = link.route.as_ref().map(|route| &route.to) else { return false };
    let stays = |entry: &TargetEntry| entry.project.as_ref() == Some(project);
    state.item(target, Kind::Project, project).is_some_and(|item| item.deleted)
        && !link.there.as_ref().is_some_and(|there| stays(&there.entry))
        && !link.open.as_ref().is_some_and(|intent| stays(&intent.body))
}

/// The owner in the target, or nobody.
pub fn owner_of(state: &State, target: &Account, user: &Key) -> Option<RemoteId> {
    let users: Vec<(RemoteId, String)> = state
        .items(target, Kind::User)
        .filter(|u| !u.deleted)
        .filter_map(|u| u.email.clone().map(|e| (u.id.clone(), e)))
        .collect();
    let people = People {
        own_source: state.profile(&user.account).map(|p| &p.user),
        own_target: state.profile(target).map(|p| &p.user),
        email: state.item(&user.account, Kind::User, &user.id).and_then(|u| u.email.as_deref()),
        target_users: &users,
    };
    owner(&state.mapping, user, target, &people)
}

fn say_change(
    state: &State,
    draft: &mut Draft<'_>,
    key: &Key,
    old: Option<&EntryRow>,
    new: &EntryRow,
) -> Desked<()> {
    let name = new
        .entry
        .as_ref()
        .map_or("an entry", |e| if e.description.is_empty() { "an entry" } else { &e.description });
    let what = match old {
        _ if new.deleted.is_some() => "deleted in Toggl".to_owned(),
        None if new.entry.as_ref().is_some_and(crate::domain::entry::Entry::is_running) => {
            "started in Toggl".to_owned()
        }
        None => "new in Toggl".to_owned(),
        Some(old) => match (&old.entry, &new.entry) {
            (Some(a), Some(b)) if a.stop.is_none() && b.stop.is_some() => "stopped in Toggl".to_owned(),
            (Some(a), Some(b)) if a.project != b.project => {
                let name = |p: &Option<RemoteId>| {
                    p.as_ref()
                        .and_then(|p| state.item(&key.account, Kind::Project, p))
                        .map_or("(no project)", |i| &i.name)
                };
                format!("changed in Toggl: project {} → {}", name(&a.project), name(&b.project))
            }
            (Some(a), Some(b)) if a.start != b.start => {
                let zone = state.zone(&key.account);
                let clock = |t: DateTime<Utc>| t.with_timezone(&zone).format("%H:%M").to_string();
                format!("changed in Toggl: start {} → {}", clock(a.start), clock(b.start))
            }
            _ => "changed in Toggl".to_owned(),
        },
    };
    draft.say("entry", "info", format!("{name} {what}"), Some(key))
}

/// Takes a catalogue item of a source or target. Older states are ignored; a deletion stays.
pub fn take_item(
    draft: &mut Draft<'_>,
    account: &Account,
    item: &Item,
    trusted: bool,
) -> Desked<Option<Item>> {
    let key = rows::item(account, item.kind, &item.id);
    let old: Option<Item> = draft.get(&key)?;
    if let Some(old) = &old {
        let older = matches!((old.at, item.at), (Some(a), Some(b)) if b < a);
        if old == item || (older && !trusted) || (old.deleted && !item.deleted && !trusted) {
            return Ok(None);
        }
    }
    draft.put(key, item)?;
    Ok(Some(item.clone()))
}
