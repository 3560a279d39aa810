//! One write to a target: the intent durable before, the outcome durable after.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::control::snapshot::Alert;
use crate::domain::catalogue::{Item, Kind};
use crate::domain::entry::TargetEntry;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::{Op, There, Trouble};
use crate::domain::outcome::{self, Outcome};
use crate::domain::quota::{Cause, Gate};
use crate::domain::read::TargetRead;
use crate::domain::strain::{FOR_OTHERS, Strain};
use crate::services::clockify::Clockify;
use crate::services::http::{Answer, Charge, Failure};

use super::call::{CallError, Patience, bucket_of};
use super::desk::{DeskError, Desked};
use super::requests::Asked;
use super::state::State;
use super::words::called;
use super::{Shared, profile, rebind};

/// What a plan lacks is asked for again after this at the latest; a change of plan that is seen makes it sooner.
const LACKS_FOR: TimeDelta = TimeDelta::hours(24);

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
    let at = engine.seams.now();
    let Some(client) = engine.clockify(&job.target) else { return Ok(()) };
    let (outcome, told) = match call(&client, &job).await {
        Sent::Entry(answer) => (outcome_of(answer.result.clone()), answer.map(|_| ())),
        Sent::Nothing(answer) => (gone_of(&answer.result), answer),
    };
    let outcome = match outcome {
        Outcome::Refused(_) if is_for_others(&job) => match &told.result {
            // The service does not say which of its features it means.
            Err(Failure::Plan(said)) => {
                Outcome::Refused(Strain::Plan.reason(&format!("{FOR_OTHERS} · {}", said.trim())))
            }
            _ => outcome,
        },
        outcome => outcome,
    };
    let mut state = engine.state();
    let now = engine.seams.now();
    let bucket = bucket_of(&state, &job.target, Charge::Workspace).unwrap_or_default();
    engine.note_health(&mut state, &job.target, at, told.result.as_ref().err());
    state.count_request(&job.target, job.cause, told.result.as_ref().err());
    let others = state.others(&job.target, Some(&bucket));
    let mut meters = state.meters.clone();
    let written = state.write("outcome", |state, draft| {
        meters.answered(&job.target, (&bucket, job.cause), &told.told, told.result.as_ref().err(), draft)?;
        let Some(mut link) = draft.link(&job.target, &job.source)? else { return Ok(()) };
        let what = job.op.as_str();
        let name = called(&job.body.description);
        let target = &job.target;
        let said = match &outcome {
            Outcome::Holds(read) if outcome::differs(&job.body, read).is_some() => {
                let differs = outcome::differs(&job.body, read).unwrap_or_default();
                Some(("error", format!(": another {differs} in the answer of {target}, not confirmed")))
            }
            Outcome::Holds(_) | Outcome::Gone => {
                meters.synced(target, &bucket, draft)?;
                Some(("info", format!(" confirmed by {target}")))
            }
            Outcome::Unknown => Some(("warn", format!(": no answer from {target}, looking it up"))),
            Outcome::Refused(why) => Some(("error", format!(" refused by {target}: {why}"))),
            Outcome::Missing | Outcome::NotDone => None,
        };
        if let Some((level, said)) = said {
            draft.say("sync", level, format!("{name} · {what}{said}"), Some(&job.source))?;
        }
        outcome::settle(&mut link, outcome.clone(), now);
        if !engine.seams.rules.lookup && link.open.is_some() {
            link.open = None;
        }
        drop_stray(draft, &job.target, &link)?;
        rebind::put_settled(state, draft, &job.target, &job.source, link)
    });
    state.busy.remove(&(job.target.clone(), job.source.clone()));
    written?;
    state.meters = meters;
    let asked = Asked { account: &job.target, bucket: Some(&bucket), cause: job.cause, at };
    state.list_request(&asked, &told, others);
    match outcome {
        Outcome::Holds(read) if outcome::differs(&job.body, &read).is_some() => {
            refuse_stranger(&mut state, &job, &read, now);
        }
        Outcome::Holds(_) | Outcome::Gone => {
            state.counts.confirmed += 1;
            state.last = Some((
                now,
                format!(
                    "{} · {} confirmed the {}",
                    called(&job.body.description),
                    job.target,
                    job.op.as_str()
                ),
            ));
        }
        Outcome::Unknown => state.counts.uncertain += 1,
        Outcome::Refused(why) if matches!(told.result, Err(Failure::Plan(_))) => {
            lacks(&mut state, &job, why, now);
        }
        _ => {}
    }
    drop(state);
    engine.touch();
    Ok(())
}

/// It is made for another user than the token's own.
fn is_for_others(job: &Job) -> bool {
    !job.own && job.op == Op::Create
}

/// The plan does not let this token write for that user: the other entries of theirs need no request to know it.
fn lacks(state: &mut State, job: &Job, why: String, now: DateTime<Utc>) {
    if !is_for_others(job) {
        return;
    }
    if let Some(running) = state.running.get_mut(&job.target) {
        running.lacking.insert(job.body.user.clone(), (now, why));
    }
}

/// What is known to be refused for a user before anything is sent.
pub fn known_refusal(state: &State, target: &Account, user: &RemoteId, now: DateTime<Utc>) -> Option<String> {
    let (since, why) = state.running.get(target)?.lacking.get(user)?;
    (now - *since < LACKS_FOR).then(|| why.clone())
}

/// An entry written for the token's own user that comes back as somebody else's: the token is not whose it was, and
/// nothing more goes out in a wrong name.
fn refuse_stranger(state: &mut State, job: &Job, read: &TargetRead, now: DateTime<Utc>) {
    if !job.own || read.user == job.body.user {
        return;
    }
    let why = format!("writes as user {}, not as {}", read.user, job.body.user);
    let say = format!("{}: the token {why}; put the right token back", job.target);
    state.alert(&Alert::of_token(&job.target), now, 7, say);
    if let Some(running) = state.running.get_mut(&job.target) {
        running.refused = Some(why);
    }
}

fn drop_stray(
    draft: &mut super::desk::Draft<'_>,
    target: &Account,
    link: &crate::domain::link::Link,
) -> Desked<()> {
    if let Some(there) = &link.there {
        let identity = crate::domain::matching::of_wish(&there.entry).piece();
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
        Failure::Unknown(_) | Failure::Server { .. } | Failure::Garbled(_) => Outcome::Unknown,
        Failure::Unsent(_) | Failure::Quota { .. } | Failure::Pace { .. } | Failure::Auth { .. } => {
            Outcome::NotDone
        }
        Failure::Missing(_) => Outcome::Missing,
        Failure::Plan(said) => Outcome::Refused(Strain::Plan.reason(said)),
        Failure::Forbidden(why) => Outcome::Refused(why.clone()),
        Failure::Refused { text, .. } => Outcome::Refused(text.clone()),
    }
}

/// Makes the tags of a write that the target does not have, by name, which is safe to repeat. One that is refused for
/// good fails the write.
pub async fn make_tags(
    engine: &Shared,
    target: &Account,
    source: &Key,
    names: &[String],
    cause: Cause,
) -> Result<(), CallError> {
    for name in names {
        if is_known(engine, target, name) {
            continue;
        }
        match make_tag(engine, target, name, cause).await {
            Ok(()) => {}
            Err(CallError::Failed(failure)) => {
                let Outcome::Refused(why) = outcome_of_failure(&failure) else {
                    return Err(CallError::Failed(failure));
                };
                return Ok(fail(engine, target, source, format!("tag {name}: {why}"))?);
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Notes that a write is refused for good.
pub fn fail(engine: &Shared, target: &Account, source: &Key, why: String) -> Desked<()> {
    engine.state().write("refused", |_, draft| {
        let Some(mut link) = draft.link(target, source)? else { return Ok(()) };
        draft.say("sync", "error", format!("refused by {target}: {why}"), Some(source))?;
        link.trouble = Some(Trouble::Failed(why));
        draft.put_link(target, source, link)
    })?;
    engine.touch();
    Ok(())
}

fn is_known(engine: &Shared, target: &Account, name: &str) -> bool {
    engine.state().items(target, Kind::Tag).any(|t| t.name == name && !t.deleted)
}

async fn make_tag(engine: &Shared, target: &Account, name: &str, cause: Cause) -> Result<(), CallError> {
    let made = engine
        .ask_clockify(target, cause, Patience::Short, |c| async move { c.create_tag(name).await })
        .await?;
    let tag: Item = match made.result {
        Ok(tag) => tag,
        Err(
            refused @ (Failure::Refused { .. }
            | Failure::Unknown(_)
            | Failure::Server { .. }
            | Failure::Garbled(_)),
        ) => {
            let found =
                engine
                    .ask_clockify(target, cause, Patience::Short, |c| async move {
                        c.tags_by_name(name, true).await
                    })
                    .await?;
            let found = found.result.map_err(CallError::Failed)?;
            match found.into_iter().find(|t| t.name == name) {
                Some(tag) => tag,
                None => return Err(CallError::Failed(refused)),
            }
        }
        Err(failure) => return Err(CallError::Failed(failure)),
    };
    profile::put_items(engine, target, &[tag]).map_err(DeskError::into_call)?;
    Ok(())
}
