//! Queued work: pausing and resuming it, and sending what waits from what is kept for the person.

use chrono::{DateTime, Utc};

use crate::cache::rows;
use crate::control::command::{Price, Reply};
use crate::domain::id::Account;
use crate::domain::quota::{Cause, Gate};
use crate::engine::call::bucket_of;
use crate::engine::state::State;
use crate::engine::{Engine, Shared, jobs};
use crate::services::http::Charge;

use super::{Answered, Refusal, because, known_target};

/// Pauses or resumes background work by the id of its line. It stays so across restarts.
pub fn pause(engine: &Shared, job: &str, on: bool) -> Answered {
    let mut state = engine.state();
    let known = state.setup.sources.iter().map(|s| jobs::reading(&s.account));
    let known: Vec<String> =
        known.chain(state.setup.targets.iter().map(|t| jobs::sending(&t.account))).collect();
    if !known.iter().any(|id| id == job) {
        return because(format!("`{job}` is no background work; there are: {}", known.join(", ")));
    }
    let mut paused = state.paused.clone();
    let changes = if on { paused.insert(job.to_owned()) } else { paused.remove(job) };
    let word = if on { "paused" } else { "resumed" };
    if changes {
        state.write("paused", |_, draft| {
            draft.put(rows::meta("paused"), &paused)?;
            draft.say("engine", "info", format!("{job} {word} by a person"), None)
        })?;
        state.paused = paused;
    }
    drop(state);
    engine.wakes.pull.notify_waiters();
    engine.touch_work();
    Ok(Reply::Done { say: format!("{job} {word}") })
}

/// Sends what waits for a target now, from the person's part of the bucket; or says what that takes.
pub fn send_now(engine: &Shared, target: &Account, dry: bool) -> Answered {
    let now = engine.seams.now();
    let mut state = engine.state();
    known_target(&state, target)?;
    let (waiting, _) = jobs::waiting(&state, target)?;
    if waiting == 0 {
        return because(format!("nothing waits for {target}"));
    }
    if state.is_held(target) {
        return because(format!("sending to {target} is held; `hourwire release` comes first"));
    }
    let price = price(&state, target, waiting, now)?;
    if dry {
        return Ok(Reply::Price(price));
    }
    state.urgent.insert(target.clone(), waiting);
    drop(state);
    engine.touch_work();
    Ok(Reply::Done { say: format!("{} go to {target} now", changes(waiting)) })
}

fn price(state: &State, target: &Account, waiting: u32, now: DateTime<Utc>) -> Result<Price, Refusal> {
    let bucket = bucket_of(state, target, Charge::Workspace)
        .and_then(|name| Some((state.meters.seen(target, &name, now)?, name)));
    let left = bucket.as_ref().and_then(|(bucket, _)| bucket.remaining());
    if let Some((bucket, _)) = &bucket
        && let Gate::Wait(until) = bucket.gate(Cause::Person, state.policy(), now)
    {
        let until = until.with_timezone(&Engine::shown_zone(state)).format("%H:%M");
        return because(format!("{target} takes nothing before {until}: nothing is left, not even for you"));
    }
    let requests = u32::try_from(left.unwrap_or(i64::MAX)).map_or(waiting, |left| waiting.min(left));
    let say = format!("send {} to {target} now, from your part too", changes(waiting));
    Ok(Price { creates: 0, moves: 0, requests, left, say })
}

fn changes(count: u32) -> String {
    if count == 1 { "1 waiting change".into() } else { format!("{count} waiting changes") }
}
