//! Making ground known: a range of a target's time read in full, what is there matched n to n and linked.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::entry::TargetEntry;
use crate::domain::ground::Ground;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::{Link, Op, Trouble, Wish};
use crate::domain::matching;
use crate::domain::outcome;
use crate::domain::policy::RETIRED_TAG;
use crate::domain::quota::Cause;
use crate::domain::read::TargetRead;
use crate::domain::word::Class;
use crate::services::http::Failure;

use super::Shared;
use super::call::{CallError, Patience};
use super::desk::Desked;
use super::lookup::named;
use super::state::State;

/// The target's list window is a wall clock in the account's zone: wide enough for any zone.
const WINDOW: TimeDelta = TimeDelta::hours(26);
/// Rows asked for; the largest size documented anywhere. The service may give fewer.
const PAGE: u32 = 1_000;

/// A range of one user's time that must become known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The target.
    pub target: Account,
    /// The user there.
    pub user: RemoteId,
    /// From.
    pub from: DateTime<Utc>,
    /// To, exclusive.
    pub to: DateTime<Utc>,
}

/// Reads the range and links what is there.
pub async fn survey(engine: Shared, range: Range, cause: Cause) -> Result<(), CallError> {
    let mut there: Vec<TargetRead> = Vec::new();
    for page in 1.. {
        let user = range.user.clone();
        let (from, to) = (range.from - WINDOW, range.to + WINDOW);
        let answer = engine
            .ask_clockify(&range.target, cause, Patience::Short, |c| async move {
                c.list_entries(&user, from, to, page, PAGE).await
            })
            .await?;
        let page = match answer.result {
            Ok(page) => page,
            Err(failure @ (Failure::Missing(_) | Failure::Forbidden(_) | Failure::Refused { .. })) => {
                return Ok(refuse(&engine, &range, &failure)?);
            }
            Err(failure) => return Err(CallError::Failed(failure)),
        };
        there.extend(page.rows.into_iter().filter(|r| range.from <= r.start && r.start < range.to));
        if page.last {
            break;
        }
    }
    adopt(&engine, &range, there)
}

/// A user whose time may not be read gets nothing: what is there already could be doubled. Says so on every entry.
fn refuse(engine: &Shared, range: &Range, failure: &Failure) -> Desked<()> {
    let Range { target, user, .. } = range;
    let mut state = engine.state();
    let keys = state.desk.named(rows::by_class(target, Class::Ready), usize::MAX)?;
    state.write("refused", |_, draft| {
        for key in keys {
            let Some(mut link) = draft.link(target, &key)? else { continue };
            let theirs = matches!(&link.wish, Wish::Present(entry) if entry.user == *user);
            if theirs && link.there.is_none() && link.open.is_none() && link.trouble.is_none() {
                link.trouble = Some(Trouble::Failed(format!("the user's time cannot be read: {failure}")));
                draft.put_link(target, &key, link)?;
            }
        }
        draft.say(
            "sync",
            "error",
            format!("{target}: the time of user {user} cannot be read: {failure}"),
            None,
        )
    })?;
    drop(state);
    engine.touch();
    Ok(())
}

fn adopt(engine: &Shared, range: &Range, there: Vec<TargetRead>) -> Result<(), CallError> {
    let mut state = engine.state();
    let now = engine.seams.now();
    let target = &range.target;
    let mut free = Vec::new();
    for read in there {
        if state.desk.draft().holder(target, &read.id)?.is_none() && read.stop.is_some() {
            free.push(read);
        }
    }
    let mut wishes: Vec<(Key, TargetEntry)> = Vec::new();
    for key in state.desk.named(rows::by_class(target, Class::Ready), usize::MAX)? {
        let Some(Link { wish: Wish::Present(entry), there: None, open: None, .. }) =
            state.desk.link(target, &key)?
        else {
            continue;
        };
        if entry.user == range.user && range.from <= entry.start && entry.start < range.to {
            wishes.push((key, entry));
        }
    }
    // A write under way may have made any entry of its identity: no twin takes it before the answer is known.
    let mut under_way = BTreeSet::new();
    for key in state.desk.named(rows::by_class(target, Class::Open), usize::MAX)? {
        let open = state.desk.link(target, &key)?.and_then(|link| link.open);
        under_way.extend(open.filter(|i| i.op == Op::Create).map(|i| matching::of_wish(&i.body).piece()));
    }
    wishes.retain(|(_, entry)| !under_way.contains(&matching::of_wish(entry).piece()));
    let ground_key = rows::ground(target, &range.user);
    let pairs = matching::pair(&wishes, &free);
    let (keys, ids): (BTreeSet<&Key>, BTreeSet<&RemoteId>) =
        pairs.iter().map(|(key, read)| (key, &read.id)).unzip();
    let unpaired: Vec<(Key, TargetEntry)> =
        wishes.iter().filter(|(key, _)| !keys.contains(key)).cloned().collect();
    let left: Vec<TargetRead> = free.iter().filter(|read| !ids.contains(&read.id)).cloned().collect();
    // What was retired is no other form of anything that is to be sent.
    let in_use = |read: &&TargetRead| !named(&state, target, read).tags.iter().any(|tag| tag == RETIRED_TAG);
    let candidates: Vec<TargetRead> = left.iter().filter(in_use).cloned().collect();
    let alike = matching::alike(&unpaired, &candidates, &under_way);
    let adopted = state.write("survey", |state, draft| {
        let count = pairs.len();
        let all = pairs.iter().map(|pair| (pair, false)).chain(alike.iter().map(|pair| (pair, true)));
        for ((key, read), is_doubtful) in all {
            let Some(mut link) = draft.link(target, key)? else { continue };
            let take = if is_doubtful { outcome::suspect } else { outcome::adopt };
            take(&mut link, (*read).clone(), named(state, target, read), now);
            draft.put_link(target, key, link)?;
        }
        let claimed: BTreeSet<&RemoteId> = alike.iter().map(|(_, read)| &read.id).collect();
        for read in &left {
            if let Some(identity) = matching::of_read(read).filter(|_| !claimed.contains(&read.id)) {
                draft.put(rows::stray(target, identity.piece(), &read.id), &true)?;
            }
        }
        let mut ground: Ground = draft.get(&ground_key)?.unwrap_or_default();
        ground.learn(range.from, range.to);
        draft.put(ground_key, &ground)?;
        let day = range.from.format("%Y-%m-%d");
        let say = format!(
            "{target}: read from {day}: {count} entries were there already and are linked, {} are others",
            free.len() - count - alike.len()
        );
        if !alike.is_empty() {
            let count = alike.len();
            let say = format!(
                "{target}: {count} more are perhaps there already, in another form; Sync asks which holds"
            );
            draft.say("sync", "warn", say, None)?;
        }
        draft.say("sync", "info", say, None)?;
        Ok(count)
    })?;
    state.counts.adopted += adopted as u64;
    drop(state);
    tracing::info!(target = %target, adopted, "surveyed");
    engine.touch_work();
    Ok(())
}

/// Somebody else may have written since: no range of a target is known any more.
pub fn forget(state: &mut State) -> Desked<()> {
    state.desk.write("ground", |draft| draft.delete_range(rows::grounds()))
}

/// Whether the target holds an unclaimed entry of this identity that was seen by a survey.
pub fn is_stray(engine: &Shared, target: &Account, entry: &TargetEntry) -> bool {
    let state = engine.state();
    let mut found = false;
    let range = rows::strays(target, matching::of_wish(entry).piece());
    let scanned = state.desk.scan(range, 1, &mut |_, _| {
        found = true;
        ControlFlow::Break(())
    });
    scanned.is_ok() && found
}
