//! Looks at what reads brought: changes that no delivery announced are evidence later, and a sign of silence now.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::guard_silence::{Ear, Said, Unannounced, covers_entries, weigh};
use crate::domain::id::Key;
use crate::domain::order::{EntryRow, Stamp};

use super::care::{self, Care};
use super::{Post, gap};
use crate::engine::desk::Desked;

/// Changes kept in mind; more than this come from history, not from a missed delivery.
const MOST: usize = 5_000;
/// How long they are kept in mind.
const KEEP: TimeDelta = TimeDelta::hours(12);

/// So many of those that may show silence are kept over a restart; one is enough.
const KEPT: usize = 20;

/// Changes that reads brought since the start.
#[derive(Default)]
pub struct Found {
    all: BTreeMap<Key, Unannounced>,
    /// Those that may still show silence.
    open: BTreeSet<Key>,
    next: Option<DateTime<Utc>>,
    /// What an earlier run left open was taken over.
    resumed: bool,
}

impl Found {
    /// When to weigh again.
    pub fn next(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.next.unwrap_or(now + TimeDelta::hours(1))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&Key, DateTime<Utc>)> {
        self.all.iter().map(|(key, change)| (key, change.at))
    }
}

/// Takes what reads brought since the last look and weighs what is open.
pub fn look(post: &mut Post) -> Desked<()> {
    take(post)?;
    let care = care::care(&post.engine, &post.account)?;
    let Some(own) = care::own(&post.engine, &post.account)? else { return Ok(()) };
    if care.silence.is_some() && !own.silent {
        care::write(&post.engine, &post.account, "guard heard", |page| page.heard())?;
        post.engine.state().calm(&format!("silent:{}", post.account));
    }
    if !std::mem::replace(&mut post.found.resumed, true) {
        for (key, change) in &care.unannounced {
            post.found.open.insert(key.clone());
            post.found.all.entry(key.clone()).or_insert_with(|| change.clone());
        }
    }
    if post.found.open.is_empty() {
        post.found.next = None;
        return Ok(());
    }
    let now = post.now();
    let user = post.profile().map(|p| p.user);
    let ear = Ear {
        live: own.enabled && own.validated && care.enabling.is_none() && care.gap.is_none(),
        life_from: care.life_from,
        last_event: own.last_event_at,
        // What the own token reads is visible to a subscription that the own user made.
        creator: (user.as_ref() != Some(&own.creator)).then_some(&own.creator),
        covers: covers_entries(&own.filters),
    };
    let mut next = None;
    let mut silent = None;
    let all = &post.found.all;
    post.found.open.retain(|key| {
        let Some(change) = all.get(key) else { return false };
        match weigh(change, &ear, care.down.covers(change.at), now) {
            Said::Nothing => false,
            Said::Wait(until) => {
                next = Some(next.map_or(until, |n: DateTime<Utc>| n.min(until)));
                true
            }
            Said::Silent => {
                silent = Some(change.at);
                false
            }
        }
    });
    post.found.next = next;
    keep_open(post, &care)?;
    match silent {
        Some(at) if !own.silent => say(post, at),
        _ => Ok(()),
    }
}

/// Keeps what is open in the ledger.
fn keep_open(post: &Post, care: &Care) -> Desked<()> {
    let found = &post.found;
    let mut open: Vec<(Key, Unannounced)> =
        found.open.iter().filter_map(|key| Some((key.clone(), found.all.get(key)?.clone()))).collect();
    open.sort_by_key(|(_, change)| std::cmp::Reverse(change.read_at));
    open.truncate(KEPT);
    if open == care.unannounced {
        return Ok(());
    }
    care::write(&post.engine, &post.account, "guard canary", |page| {
        page.care.unannounced = open;
        Ok(())
    })
}

fn take(post: &mut Post) -> Desked<()> {
    let keys = post.engine.state().found.remove(&post.account).unwrap_or_default();
    let now = post.now();
    for key in keys {
        let row: Option<EntryRow> = post.engine.state().desk.get(&rows::entry(&key))?;
        let Some(row) = row.filter(|r| matches!(r.stamp, Stamp::Read { .. })) else { continue };
        let user = row.entry.map(|e| e.user);
        post.found.open.insert(key.clone());
        // By when it was read, not by when we come to look.
        post.found.all.insert(key, Unannounced { at: row.at, user, read_at: row.seen_at });
    }
    let too_many = post.found.all.len() > MOST;
    post.found.all.retain(|_, c| !too_many && now - c.read_at < KEEP);
    Ok(())
}

fn say(post: &mut Post, at: DateTime<Utc>) -> Desked<()> {
    let cause = format!("a change of {} was read and never announced", post.clock(at));
    care::write(&post.engine, &post.account, "guard silent", |page| {
        page.change_own(|own| own.silent = true)?;
        page.silenced(&cause, at)
    })?;
    let say = format!("{}: the subscription is silent: {cause}; reading goes on, test it", post.account);
    let now = post.now();
    post.engine.state().alert(&format!("silent:{}", post.account), now, 3, say);
    Ok(())
}

/// Counts what reads brought that was changed after `floor` (the service's clock).
pub fn recovered(post: &Post, floor: Option<DateTime<Utc>>) -> Desked<u32> {
    Ok(gap::undelivered(post, floor)?.len() as u32)
}
