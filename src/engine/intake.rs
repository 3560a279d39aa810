//! From the inbox to rows: parse tolerantly, de-duplicate, order, bind. What cannot be understood becomes a dead letter.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::domain::announced::{About, Action, Announced};
use crate::domain::catalogue::{Item, Kind};
use crate::domain::delivery::Delivered;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::order::{SECOND_IS_OVER, Stamp};
use crate::domain::policy::SEEN;
use crate::domain::quota::Cause;
use crate::domain::read::SourceRead;
use crate::domain::subscription::Subscription;
use crate::journal::Stored;
use crate::services::toggl::delivery;

use super::apply::{Batch, Took, take_entry, take_item};
use super::brake::{Brake, brake_batch};
use super::desk::{DeskError, Desked, Draft};
use super::seams::Rules;
use super::state::{ReadWish, State};
use super::{Shared, heard, profile};

/// Deliveries decided in one frame.
const BATCH: usize = 64;

/// A delivery that could not be used, kept with its place in the inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its place in the inbox.
    pub seq: u64,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// Why it could not be used.
    pub reason: String,
    /// The raw body, cut to 4 KiB.
    pub body: String,
}

/// What one batch told besides rows.
#[derive(Default)]
pub(super) struct Told {
    pub(super) items: Vec<(Account, Item)>,
    pub(super) applied: u64,
    pub(super) duplicates: u64,
    pub(super) dead: u64,
    /// Deliveries of targets that told of our own writes, or of nothing new.
    pub(super) echoes: u64,
    /// Deliveries of targets about what no entry here is linked to.
    pub(super) unlinked: u64,
    /// Entries of targets that are looked at there.
    pub(super) looks: usize,
    pings: Vec<Account>,
    subscriptions: BTreeMap<(Account, RemoteId), Subscription>,
    pub(super) batches: BTreeMap<Account, Batch>,
    /// Entries of which only the id was told: read from there.
    unread: BTreeMap<Account, DateTime<Utc>>,
}

/// Applies the inbox until the engine stops.
pub async fn run(engine: Shared) -> Desked<()> {
    let mut newest = engine.inbox.subscribe();
    newest.mark_changed();
    loop {
        tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            changed = newest.changed() => if changed.is_err() {
                return Err(DeskError::Ended("the inbox".into(), "it can no longer be written".into()));
            },
        }
        loop {
            match step(&engine) {
                Ok(0) => break,
                Ok(_) => tokio::task::yield_now().await,
                Err(DeskError::NotReady) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                Err(e) => {
                    tracing::error!(error = %e, "intake stopped");
                    return Err(e);
                }
            }
        }
    }
}

/// Applies one batch; answers how many deliveries it held.
fn step(engine: &Shared) -> Desked<usize> {
    let mut state = engine.state();
    let cursor: u64 = state.desk.get(&rows::meta("cursor"))?.unwrap_or(0);
    let stored = engine.inbox.read_from(cursor + 1, BATCH).map_err(DeskError::from)?;
    let Some(last) = stored.last().map(|s| s.seq) else {
        state.counts.applied_through = cursor;
        return Ok(0);
    };
    state.counts.applied_through = cursor;
    let told = apply(engine, &mut state, &stored, last)?;
    state.counts.applied += told.applied;
    state.counts.duplicates += told.duplicates;
    state.counts.dead += told.dead;
    state.counts.echoes += told.echoes;
    state.counts.unlinked += told.unlinked;
    for (account, item) in &told.items {
        profile::remember(&mut state, account, vec![item.clone()]);
    }
    state.counts.applied_through = last;
    drop(state);
    wake_puller(engine, &told);
    if !told.pings.is_empty() {
        engine.wakes.guard.notify_one();
    }
    engine.touch_work();
    Ok(stored.len())
}

/// Lets the puller know of what only a read can tell: an entry announced by its id alone, two states of one second.
pub(super) fn wake_puller(engine: &Shared, told: &Told) {
    let mut state = engine.state();
    for (account, since) in &told.unread {
        let wish = ReadWish {
            not_before: engine.seams.now(),
            cause: Cause::Sync,
            since: Some(*since - SECOND_IS_OVER),
        };
        state.ask_read(account, wish);
    }
    drop(state);
    if !told.unread.is_empty() || told.batches.values().any(|b| b.doubtful) {
        engine.wakes.pull.notify_waiters();
    }
}

fn apply(engine: &Shared, state: &mut State, stored: &[Stored], last: u64) -> Desked<Told> {
    let rules = engine.seams.rules;
    let id = format!("mass{}", engine.seams.hex(6));
    let mut holds = state.holds.clone();
    // The desk is taken out so that the draft may read the rest of the state.
    let told = state.write("intake", |state, draft| {
        let mut told = Told::default();
        for one in stored {
            take(state, rules, draft, &mut told, one)?;
        }
        for ((account, id), subscription) in &told.subscriptions {
            draft.put(rows::subscription(account, id), subscription)?;
        }
        for (account, batch) in &told.batches {
            let mut brake = Brake { holds: &mut holds, id: id.clone() };
            brake_batch(state, &mut brake, draft, batch, account, true)?;
        }
        draft.put(rows::meta("cursor"), &last)?;
        Ok(told)
    })?;
    state.holds = holds;
    Ok(told)
}

pub(super) fn take(
    state: &State,
    rules: Rules,
    draft: &mut Draft<'_>,
    told: &mut Told,
    stored: &Stored,
) -> Desked<()> {
    let Some(delivered) = Delivered::decode(&stored.payload) else {
        return bury(draft, told, stored, "the stored envelope cannot be read", &[]);
    };
    if let Some((target, event)) = heard::target_of(state, &delivered.hook) {
        return heard::take(state, rules, draft, told, (stored, &delivered), (&target, &event));
    }
    let body = &delivered.body;
    let Some(account) =
        state.setup.sources.iter().map(|s| &s.account).find(|a| state.setup.hooks.label(a) == delivered.hook)
    else {
        return bury(draft, told, stored, "no account uses this hook any more", body);
    };
    let announced = match delivery::parse(body) {
        Ok(announced) => announced,
        Err(e) => return bury(draft, told, stored, &e.to_string(), body),
    };
    let bound: Option<RemoteId> = draft.get(&rows::meta(&format!("bound:{account}")))?;
    if bound.as_ref().is_some_and(|b| *b != announced.subscription) {
        return bury(draft, told, stored, "its subscription is not the one of this address", body);
    }
    note_subscription(draft, told, account, &announced)?;
    if let About::Ping { .. } = announced.about {
        told.pings.push(account.clone());
        return Ok(());
    }
    if rules.dedup && is_known(draft, account, &announced)? {
        told.duplicates += 1;
        return Ok(());
    }
    told.applied += 1;
    let workspace = state.profile(account).map(|p| &p.workspace);
    if let (Some(ours), Some(theirs)) = (workspace, &announced.workspace)
        && ours != theirs
    {
        return Ok(());
    }
    take_announced(state, rules, draft, told, account, announced)
}

/// Marks an event as applied; true when it was marked before. The content counts only across subscriptions: one
/// subscription may truly bring the same content twice (A to B to A within a second).
fn is_known(draft: &mut Draft<'_>, account: &Account, announced: &Announced) -> Desked<bool> {
    let event = rows::seen(account, &announced.subscription, announced.event_id);
    if draft.get::<bool>(&event)?.is_some() {
        return Ok(true);
    }
    draft.put_for(event, &true, SEEN)?;
    let content = rows::seen_content(account, announced.digest);
    let by: Option<RemoteId> = draft.get(&content)?;
    if by.as_ref().is_some_and(|by| *by != announced.subscription) {
        return Ok(true);
    }
    draft.put_for(content, &announced.subscription, SEEN)?;
    Ok(false)
}

fn take_announced(
    state: &State,
    rules: Rules,
    draft: &mut Draft<'_>,
    told: &mut Told,
    account: &Account,
    announced: Announced,
) -> Desked<()> {
    let stamp = Stamp::Delivery { created_at: announced.created_at, event_id: announced.event_id };
    let deleted = announced.action == Some(Action::Deleted);
    match announced.about {
        About::Ping { .. } | About::Other { .. } => Ok(()),
        About::Entry { id, read } => {
            let read = match read {
                Some(read) => read,
                None if deleted => SourceRead {
                    id,
                    at: announced.created_at,
                    entry: None,
                    deleted_at: Some(announced.created_at),
                },
                None => {
                    let since = told.unread.entry(account.clone()).or_insert(announced.created_at);
                    *since = announced.created_at.min(*since);
                    return Ok(());
                }
            };
            let batch = told.batches.entry(account.clone()).or_default();
            if let Some(by) = announced.user {
                batch.by.insert(Key { account: account.clone(), id: read.id.clone() }, by);
            }
            let took = take_entry(state, rules, draft, batch, account, &read, stamp)?;
            if took == Took::Same {
                told.duplicates += 1;
            }
            Ok(())
        }
        About::Item { kind, id, item } => {
            let item = item.map(|i| Item { deleted: i.deleted || deleted, ..i });
            let item = match item {
                Some(item) => Some(item),
                None if deleted => {
                    state.item(account, kind, &id).map(|old| Item { deleted: true, ..old.clone() })
                }
                None => None,
            };
            // Without its content, a name: the catalogue is read again by age.
            let Some(item) = item else { return Ok(()) };
            say_item(state, draft, account, &item)?;
            if let Some(item) = take_item(draft, account, &item, false)? {
                told.items.push((account.clone(), item));
            }
            Ok(())
        }
    }
}

fn say_item(state: &State, draft: &mut Draft<'_>, account: &Account, item: &Item) -> Desked<()> {
    if !matches!(item.kind, Kind::Project | Kind::Client) {
        return Ok(());
    }
    let old = state.item(account, item.kind, &item.id);
    let what = match old {
        None => format!("{} {} is new in Toggl", item.kind.as_str(), item.name),
        Some(_) if item.deleted => format!(
            "{} {} was deleted in Toggl; nothing is deleted anywhere else",
            item.kind.as_str(),
            item.name
        ),
        Some(old) if old.name != item.name => format!("renamed in Toggl: {} → {}", old.name, item.name),
        Some(_) => return Ok(()),
    };
    draft.say("mapping", "info", what, None)
}

fn note_subscription(
    draft: &mut Draft<'_>,
    told: &mut Told,
    account: &Account,
    announced: &Announced,
) -> Desked<()> {
    let name = (account.clone(), announced.subscription.clone());
    let now = draft.now;
    let row = match told.subscriptions.remove(&name) {
        Some(row) => Some(row),
        None => draft.get(&rows::subscription(account, &announced.subscription))?,
    };
    let Some(mut row) = row else { return Ok(()) };
    if matches!(announced.about, About::Ping { .. }) {
        row.last_ping_at = Some(now);
    } else {
        row.delivered(announced.created_at, now);
        if let Some(user) = &announced.user {
            row.heard(user);
        }
    }
    told.subscriptions.insert(name, row);
    Ok(())
}

pub(super) fn bury(
    draft: &mut Draft<'_>,
    told: &mut Told,
    stored: &Stored,
    reason: &str,
    body: &[u8],
) -> Desked<()> {
    let letter = DeadLetter {
        seq: stored.seq,
        at: draft.now,
        reason: reason.to_owned(),
        body: String::from_utf8_lossy(&body[..body.len().min(4_096)]).into_owned(),
    };
    told.dead += 1;
    draft.say("webhook", "warn", format!("delivery {} is a dead letter: {reason}", stored.seq), None)?;
    draft.put_for(rows::dead(stored.seq), &letter, chrono::TimeDelta::days(90))
}
