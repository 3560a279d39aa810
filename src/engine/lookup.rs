//! Looking up what became of an uncertain write.

use chrono::TimeDelta;

use crate::domain::catalogue::Kind;
use crate::domain::entry::{self, TargetEntry};
use crate::domain::id::{Account, Key};
use crate::domain::link::{Intent, Link, Op};
use crate::domain::matching;
use crate::domain::outcome::{self, Found};
use crate::domain::quota::Cause;
use crate::domain::read::TargetRead;
use crate::services::http::Failure;

use super::call::{CallError, Patience};
use super::state::State;
use super::words::called;
use super::{Shared, rebind};

/// The target's list window is a wall clock in the account's zone: wide enough for any zone.
const WINDOW: TimeDelta = TimeDelta::hours(26);
/// Rows asked for; the service may give fewer.
const PAGE: u32 = 200;

/// What a target's entry is in the words of the domain: tags by name.
pub fn named(state: &State, target: &Account, read: &TargetRead) -> TargetEntry {
    let mut tags: Vec<String> = read
        .tags
        .iter()
        .map(|id| state.item(target, Kind::Tag, id).map_or_else(|| entry::unnamed(id), |t| t.name.clone()))
        .collect();
    tags.sort();
    tags.dedup();
    TargetEntry {
        user: read.user.clone(),
        project: read.project.clone(),
        start: read.start,
        stop: read.stop.unwrap_or(read.start),
        description: read.description.clone(),
        tags,
        billable: read.billable,
    }
}

/// Looks one uncertain write up and notes what was found.
pub async fn look_up(engine: Shared, target: Account, source: Key, link: Link) -> Result<(), CallError> {
    let Some(intent) = link.open.clone() else { return Ok(()) };
    let found =
        match intent.op {
            Op::Create => find_created(&engine, &target, &intent).await?,
            _ => match &link.there {
                Some(there) => {
                    let id = there.id.clone();
                    let answer =
                        engine
                            .ask_clockify(&target, Cause::Sync, Patience::Short, |c| async move {
                                c.entry(&id).await
                            })
                            .await?;
                    match answer.result {
                        Ok(read) => {
                            let entry = named(&engine.state(), &target, &read);
                            Found::This(Box::new(read), entry)
                        }
                        Err(Failure::Missing(_)) => Found::Nothing,
                        Err(failure) => return Err(CallError::Failed(failure)),
                    }
                }
                None => Found::Nothing,
            },
        };
    let mut state = engine.state();
    let now = engine.seams.now();
    state.write("lookup", |state, draft| {
        let Some(mut link) = draft.link(&target, &source)? else { return Ok(()) };
        if link.open.as_ref() != Some(&intent) {
            return Ok(());
        }
        if let Found::This(read, _) = &found
            && intent.op == Op::Create
            && draft.holder(&target, &read.id)?.is_some()
        {
            // A twin took it while we were asking: this look says nothing about ours, the next one does.
            return Ok(());
        }
        let what = match &found {
            Found::This(..) => "found in the target",
            Found::Nothing => "not in the target",
        };
        draft.say(
            "sync",
            "info",
            format!("{} · {} {what}", called(&intent.body.description), intent.op.as_str()),
            Some(&source),
        )?;
        outcome::looked_up(&mut link, found, now);
        rebind::put_settled(state, draft, &target, &source, link)
    })?;
    Ok(())
}

async fn find_created(engine: &Shared, target: &Account, intent: &Intent) -> Result<Found, CallError> {
    let body = &intent.body;
    let wanted = matching::of_wish(body);
    for page in 1.. {
        let user = body.user.clone();
        let (from, to) = (body.start - WINDOW, body.start + WINDOW);
        let answer = engine
            .ask_clockify(target, Cause::Sync, Patience::Short, |c| async move {
                c.list_entries(&user, from, to, page, PAGE).await
            })
            .await?;
        let answer = answer.result.map_err(CallError::Failed)?;
        let state = engine.state();
        let mut free: Vec<TargetRead> = Vec::new();
        for read in answer.rows {
            let Some(identity) = matching::of_read(&read) else { continue };
            // What was sent from here is in the project that was sent. What was there before may be in any.
            let same = identity == wanted || (intent.unsent && identity.piece() == wanted.piece());
            if same && state.desk.draft().holder(target, &read.id)?.is_none() {
                free.push(read);
            }
        }
        // The earliest id first; with equal content any is as good, but the choice must not depend on paging.
        let elsewhere = |read: &TargetRead| read.project != body.project;
        let first = |a: &TargetRead, b: &TargetRead| (elsewhere(a), &a.id).cmp(&(elsewhere(b), &b.id));
        if let Some(read) = free.into_iter().min_by(first) {
            let entry = named(&state, target, &read);
            return Ok(Found::This(Box::new(read), entry));
        }
        if answer.last {
            break;
        }
    }
    Ok(Found::Nothing)
}
