//! What the plan allows: asked for once a day, at no cost, and kept for the screen.

use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::domain::advice::{self, Limits};
use crate::domain::id::{Account, RemoteId};
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;
use crate::services::toggl::Call;

use super::{Post, care};

/// Asked for again after this; a plan changes rarely.
const AGAIN: TimeDelta = TimeDelta::hours(24);

/// What was told, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The limits.
    pub limits: Limits,
    /// Our clock.
    pub at: DateTime<Utc>,
}

/// Where an account's limits are kept.
pub fn key(account: &Account) -> Vec<u8> {
    rows::meta(&format!("limits:{account}"))
}

/// The limits as they were told last.
pub(super) fn known(post: &Post) -> Option<Told> {
    post.engine.state().desk.get(&key(&post.account)).ok().flatten()
}

/// Asks for the limits; without an answer, what was told last.
pub(super) async fn fresh(post: &Post) -> Option<Limits> {
    let workspace = post.profile()?.workspace;
    let asked = post.ask(Call::Limits, Cause::Health, |c| async move { c.limits(&workspace).await }).await;
    let number = |n: i64| u32::try_from(n).unwrap_or(0);
    let told = match asked {
        Ok(told) => Limits { webhooks: number(told.webhooks), filters: number(told.filters) },
        Err(_) => return known(post).map(|told| told.limits),
    };
    let kept = care::write(&post.engine, &post.account, "guard limits", |page| {
        let row = Told { limits: told, at: page.now() };
        page.draft().put(key(&post.account), &row)
    });
    if let Err(error) = kept {
        tracing::debug!(%error, "the plan's limits could not be kept");
    }
    Some(told)
}

/// Asked again no more often than this.
const LOOK: TimeDelta = TimeDelta::minutes(2);

/// Whether the limits are another plan's than the profile tells. Asking costs nothing.
pub(super) async fn disagree(post: &Post) -> bool {
    let Some(profile) = post.profile() else { return false };
    let limits = match known(post) {
        Some(told) if post.now() - told.at < LOOK => Some(told.limits),
        _ => fresh(post).await,
    };
    limits.and_then(advice::plan_of).is_some_and(|plan| plan != profile.plan)
}

/// Whether others take all the places that the plan allows; who, in words. Enabling ours would be refused then.
pub(super) async fn crowded(post: &Post, own: &RemoteId) -> Option<String> {
    let others = others(post, own)?;
    if others.is_empty() {
        return None;
    }
    let allowed = fresh(post).await?.webhooks as usize;
    (others.len() >= allowed).then(|| {
        let names = others.join(" and ");
        format!("plan limit: {allowed} allowed, taken by {names}; free a place, then re-enable")
    })
}

/// The names of all other enabled subscriptions of the account.
fn others(post: &Post, own: &RemoteId) -> Option<Vec<String>> {
    let mut others: Vec<String> = Vec::new();
    let state = post.engine.state();
    let prefix = rows::subscription(&post.account, &RemoteId::default());
    let scanned = state.desk.scan(rows::subscriptions(), usize::MAX, &mut |key, value| {
        let of_account = key.starts_with(&prefix[..prefix.len() - 1]);
        let row = rows::decode::<Subscription>(value).ok().filter(|row| of_account && row.enabled);
        others.extend(row.filter(|row| row.id != *own).map(|row| format!("\"{}\"", row.description)));
        ControlFlow::Continue(())
    });
    scanned.ok().map(|()| others)
}

/// Asks again when they are old.
pub(super) async fn refresh(post: &Post) {
    if known(post).is_none_or(|told| post.now() - told.at > AGAIN) {
        fresh(post).await;
    }
}
