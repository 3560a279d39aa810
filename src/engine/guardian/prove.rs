//! What shows how a subscription stands: the delivery history, a verified PING, the handshake.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::announced::About;
use crate::domain::delivery::Delivered;
use crate::domain::guard_evidence::Attempt;
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;
use crate::services::toggl::{Call, delivery};

use super::care::{self, Care};
use super::{Hitch, Post, Step};

/// A PING must arrive in this time.
const PING_WITHIN: TimeDelta = TimeDelta::seconds(30);
/// Where no history is offered, it is asked for again after this.
const HISTORY_AGAIN: TimeDelta = TimeDelta::hours(24);
/// A code is looked for among so many of the newest deliveries.
const NEWEST: u64 = 500;

/// The delivery history; `None` where none is offered.
pub async fn history(post: &mut Post, own: &Subscription, care: &Care) -> Step<Option<Vec<Attempt>>> {
    if care.no_history_until.is_some_and(|until| until > post.now()) {
        return Ok(None);
    }
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let id = own.id.clone();
    post.spent += 1;
    let asked =
        post.ask(Call::History, Cause::Repair, |c| async move { c.history(&workspace, &id, 0).await }).await;
    match asked {
        Ok(rows) => Ok(Some(
            rows.into_iter()
                .map(|a| Attempt {
                    event_at: a.created_at,
                    tried_at: a.last_attempt,
                    failed: a.failed,
                    error: a.last_error,
                })
                .collect(),
        )),
        Err(Hitch::Missing | Hitch::Refused(_) | Hitch::Unclear(_)) => {
            care::write(&post.engine, &post.account, "guard history", |page| {
                page.care.no_history_until = Some(page.now() + HISTORY_AGAIN);
                Ok(())
            })?;
            Ok(None)
        }
        Err(hitch) => Err(hitch),
    }
}

/// Waits for a verified PING that came after `after` (our clock); false when none came in time.
pub async fn pinged(post: &mut Post, id: &RemoteId, after: DateTime<Utc>) -> Step<bool> {
    let until = post.now() + PING_WITHIN;
    loop {
        let row: Option<Subscription> =
            post.engine.state().desk.get(&rows::subscription(&post.account, id))?;
        if row.and_then(|r| r.last_ping_at).is_some_and(|at| at >= after) {
            return Ok(true);
        }
        let now = post.now();
        if now >= until {
            return Ok(false);
        }
        // A person does not wait for the guardian.
        if !post.wishes.is_empty() {
            return Err(Hitch::Interrupted);
        }
        let engine = post.engine.clone();
        tokio::select! { biased;
            () = engine.wakes.guard.notified() => {}
            () = engine.seams.sleep_until(until.min(now + TimeDelta::milliseconds(250))) => {}
        }
    }
}

/// Asks the service for a PING.
pub async fn ping(post: &Post, id: &RemoteId, cause: Cause) -> Step<()> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let id = id.clone();
    post.ask(Call::Ping, cause, |c| async move { c.ping(&workspace, &id).await }).await
}

/// The code of the newest PING of a subscription that the inbox holds.
fn newest_code(post: &Post, id: &RemoteId) -> Option<String> {
    let last = post.engine.inbox.last_seq();
    let from = last.saturating_sub(NEWEST) + 1;
    let label = post.engine.state().setup.hooks.label(&post.account);
    let stored = post.engine.inbox.read_from(from, NEWEST as usize).ok()?;
    stored.iter().rev().filter_map(|s| Delivered::decode(&s.payload)).filter(|d| d.hook == label).find_map(
        |d| {
            let announced = delivery::parse(&d.body).ok().filter(|a| a.subscription == *id)?;
            match announced.about {
                About::Ping { code } => code,
                _ => None,
            }
        },
    )
}

/// Confirms the newest code, which costs nothing; false when there is none or it is refused.
pub async fn validate(post: &Post, id: &RemoteId, cause: Cause) -> Step<bool> {
    let Some(code) = newest_code(post, id) else { return Ok(false) };
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let id = id.clone();
    let asked =
        post.ask(Call::Validate, cause, |c| async move { c.validate(&workspace, &id, &code).await }).await;
    match asked {
        Ok(()) => Ok(true),
        Err(Hitch::Refused(_) | Hitch::Missing | Hitch::Unclear(_)) => Ok(false),
        Err(hitch) => Err(hitch),
    }
}
