//! One write to a target: the intent durable before, the outcome durable after.

use chrono::{DateTime, Utc};

use crate::cache::rows;
use crate::domain::catalogue::{Item, Kind};
use crate::domain::entry::TargetEntry;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::{Op, There};
use crate::domain::outcome::{self, Outcome};
use crate::domain::quota::{Cause, Gate};
use crate::domain::read::TargetRead;
use crate::services::clockify::Clockify;
use crate::services::http::{Answer, Charge, Failure};

use super::call::{CallError, Patience, bucket_of};
use super::desk::{DeskError, Desked};
use super::{Shared, profile};

/// A write that is about to leave.
pub struct Job {
    /// The target.
    pub target: Account,
    /// The source entry.
    pub source: Key,
    /// Who asks for it.
    pub cause: Cause,
    /// The kind.
    pub op: Op,
    /// What is written.
    pub body: TargetEntry,
    /// What is there, if anything.
    pub there: Option<There>,
    /// Ids of the body's tags.
    pub tags: Vec<RemoteId>,
    /// The target's own user writes for itself.
    pub own: bool,
}

/// Whether a write may leave now; if so, intent and spend are durable when this returns.
pub fn begin(engine: &Shared, job: &Job) -> Result<Option<DateTime<Utc>>, CallError> {
    let mut state = engine.state();
    let bucket = bucket_of(&state, &job.target, Charge::Workspace).unwrap_or_default();
    if let Gate::Wait(until) = engine.may_leave(&mut state, &job.target, Some(&bucket), job.cause)? {
        return Ok(Some(until));
    }
    let now = engine.seams.now();
    if let Some(pace) = state.running.get_mut(&job.target).and_then(|r| r.pace.as_mut()) {
        pace.note(now);
    }
    let mut meters = state.meters.clone();
    state.write("intent", |_, draft| {
        let Some(mut link) = draft.link(&job.target, &job.source)? else { return Ok(()) };
        outcome::begin(&mut link, job.op, job.body.clone(), now);
        draft.put_link(&job.target, &job.source, link)?;
        meters.spend(&job.target, &bucket, job.cause, draft)
    })?;
    state.meters = meters;
    if job.cause == Cause::Person
        && let Some(left) = state.urgent.get_mut(&job.target)
    {
        *left = left.saturating_sub(1);
    }
    state.busy.insert((job.target.clone(), job.source.clone()));
    drop(state);
    engine.touch();
    Ok(None)
}

/// Sends the write and makes its outcome durable.
pub async fn send(engine: Shared, job: Job) -> Desked<()> {
    let Some(client) = engine.clockify(&job.target) else { return Ok(()) };
    let (outcome, told) = match call(&client, &job).await {
        Sent::Entry(answer) => (outcome_of(answer.result.clone()), answer.map(|_| ())),
        Sent::Nothing(answer) => (gone_of(&answer.result), answer),
    };
    let mut state = engine.state();
    let now = engine.seams.now();
    let bucket = bucket_of(&state, &job.target, Charge::Workspace).unwrap_or_default();
    engine.note_health(&mut state, &job.target, told.result.as_ref().err());
    let mut meters = state.meters.clone();
    let written = state.write("outcome", |state, draft| {
        meters.answered(&job.target, (&bucket, job.cause), &told.told, told.result.as_ref().err(), draft)?;
        let Some(mut link) = draft.link(&job.target, &job.source)? else { return Ok(()) };
        let what = job.op.as_str();
        let name = &job.body.description;
        match &outcome {
            Outcome::Holds(_) | Outcome::Gone => {
                draft.say(
                    "sync",
                    "info",
                    format!("{name} · {what} confirmed by {}", job.target),
                    Some(&job.source),
                )?;
            }
            Outcome::Unknown => {
                draft.say(
                    "sync",
                    "warn",
                    format!("{name} · {what}: no answer from {}, looking it up", job.target),
                    Some(&job.source),
                )?;
            }
            Outcome::Refused(why) => {
                draft.say(
                    "sync",
                    "error",
                    format!("{name} · {what} refused by {}: {why}", job.target),
                    Some(&job.source),
                )?;
            }
            Outcome::Missing | Outcome::NotDone => {}
        }
        outcome::settle(&mut link, outcome.clone(), now);
        if !engine.seams.rules.lookup && link.open.is_some() {
            link.open = None;
        }
        drop_stray(state, draft, &job.target, &link)?;
        draft.put_link(&job.target, &job.source, link)
    });
    state.busy.remove(&(job.target.clone(), job.source.clone()));
    written?;
    state.meters = meters;
    match outcome {
        Outcome::Holds(_) | Outcome::Gone => {
            state.counts.confirmed += 1;
            state.last = Some((
                now,
                format!("{} · {} confirmed the {}", job.body.description, job.target, job.op.as_str()),
            ));
        }
        Outcome::Unknown => state.counts.uncertain += 1,
        _ => {}
    }
    drop(state);
    engine.touch();
    Ok(())
}

fn drop_stray(
    _state: &super::state::State,
    draft: &mut super::desk::Draft<'_>,
    target: &Account,
    link: &crate::domain::link::Link,
) -> Desked<()> {
    if let Some(there) = &link.there {
        let identity = crate::domain::matching::of_wish(&there.entry).digest();
        draft.delete_if_there(rows::stray(target, identity, &there.id))?;
    }
    Ok(())
}

enum Sent {
    Entry(Answer<TargetRead>),
    Nothing(Answer<()>),
}

async fn call(client: &Clockify, job: &Job) -> Sent {
    match (&job.op, &job.there) {
        (Op::Create, _) | (_, None) => Sent::Entry(client.create_entry(&job.body, job.own, &job.tags).await),
        (Op::Update | Op::Retire, Some(there)) => {
            Sent::Entry(client.update_entry(&there.id, &there.carried, &job.body, &job.tags).await)
        }
        (Op::Delete, Some(there)) => Sent::Nothing(client.delete_entry(&there.id).await),
    }
}

fn outcome_of(result: Result<TargetRead, Failure>) -> Outcome {
    match result {
        Ok(read) => Outcome::Holds(read),
        Err(failure) => outcome_of_failure(&failure),
    }
}

fn gone_of(result: &Result<(), Failure>) -> Outcome {
    match result {
        Ok(()) => Outcome::Gone,
        Err(failure) => outcome_of_failure(failure),
    }
}

fn outcome_of_failure(failure: &Failure) -> Outcome {
    match failure {
        Failure::Unknown(_) | Failure::Garbled(_) => Outcome::Unknown,
        Failure::Unsent(_) | Failure::Quota { .. } | Failure::Pace { .. } | Failure::Auth { .. } => {
            Outcome::NotDone
        }
        Failure::Missing(_) => Outcome::Missing,
        Failure::Plan(why) | Failure::Forbidden(why) => Outcome::Refused(why.clone()),
        Failure::Refused { text, .. } => Outcome::Refused(text.clone()),
    }
}

/// The ids of tag names in a target; the missing ones are made there, by name, which is safe to repeat.
pub async fn tag_ids(
    engine: &Shared,
    target: &Account,
    names: &[String],
) -> Result<Vec<RemoteId>, CallError> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let known = known_tag(engine, target, name);
        let id = match known {
            Some(id) => id,
            None => make_tag(engine, target, name).await?,
        };
        ids.push(id);
    }
    Ok(ids)
}

fn known_tag(engine: &Shared, target: &Account, name: &str) -> Option<RemoteId> {
    let state = engine.state();
    state.items(target, Kind::Tag).find(|t| t.name == name && !t.deleted).map(|t| t.id.clone())
}

async fn make_tag(engine: &Shared, target: &Account, name: &str) -> Result<RemoteId, CallError> {
    let made = engine
        .ask_clockify(target, Cause::Sync, Patience::Short, |c| async move { c.create_tag(name).await })
        .await?;
    let tag: Item = match made.result {
        Ok(tag) => tag,
        Err(Failure::Refused { .. } | Failure::Unknown(_) | Failure::Garbled(_)) => {
            let found = engine
                .ask_clockify(target, Cause::Sync, Patience::Short, |c| async move {
                    c.tags_by_name(name, true).await
                })
                .await?;
            let found = found.result.map_err(CallError::Failed)?;
            match found.into_iter().find(|t| t.name == name) {
                Some(tag) => tag,
                None => {
                    return Err(CallError::Failed(Failure::Unknown(format!("tag {name} could not be made"))));
                }
            }
        }
        Err(failure) => return Err(CallError::Failed(failure)),
    };
    let id = tag.id.clone();
    profile::put_items(engine, target, &[tag]).map_err(DeskError::into_call)?;
    Ok(id)
}
