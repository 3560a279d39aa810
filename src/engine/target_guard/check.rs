//! A check: list, judge, note, act.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::keep;
use super::{Post, Step, mend, note};
use crate::domain::clockify_hook::{Event, slots};
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::target_hook::{Act, Listed, Plan, Terms, plan};
use crate::engine::target_plan;
use crate::services::clockify::{Webhook, Webhooks};

/// Another plan is asked for at most this often.
const ASK_PLAN: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// The list, with what it costs.
pub async fn check(post: &mut Post, cause: Cause) -> Step<()> {
    let listed = post.ask(cause, |c| async move { c.webhooks().await }).await?;
    learn_plan(post, &listed).await?;
    let judged = judge(post, &listed)?;
    note::note(post, &listed, &judged)?;
    act(post, &listed, judged.acts).await
}

/// What the plan switched off, or has room for, shows that the plan is another one than is known.
async fn learn_plan(post: &mut Post, listed: &Webhooks) -> Step<()> {
    let Some(profile) = post.profile() else { return Ok(()) };
    let (on, off): (Vec<_>, Vec<_>) = listed.rows.iter().partition(|hook| hook.plan_enabled);
    let suspected = profile.free && profile.plan.is_empty();
    let another = if suspected {
        true
    } else if profile.free {
        on.len() > slots(&profile.plan).workspace
    } else {
        !off.is_empty()
    };
    let now = post.now();
    if !another || post.asked_plan_at.is_some_and(|at| now - at < ASK_PLAN) {
        return Ok(());
    }
    let home = post.ask(Cause::Repair, |c| async move { c.workspace().await }).await?;
    post.asked_plan_at = Some(now);
    Ok(target_plan::set(&post.engine, &post.account, &home.plan, home.is_free())?)
}

/// What is wanted, and how to get there.
pub fn judge(post: &Post, listed: &Webhooks) -> Step<Plan> {
    let (Some(base), Some(profile)) = (post.base(), post.profile()) else { return Ok(Plan::default()) };
    let care = keep::care(&post.engine, &post.account)?;
    let hooks = post.engine.state().setup.hooks.clone();
    let kept: BTreeMap<Event, RemoteId> = hooks
        .event_hooks(&post.account)
        .into_iter()
        .filter_map(|hook| Some((Event::of(&hook.event), hook.made?.0)))
        .collect();
    let rows: Vec<Listed> = listed
        .rows
        .iter()
        .map(|hook| Listed {
            id: hook.id.clone(),
            event: hook.event.clone(),
            url: hook.url.clone(),
            flags: hook.flags(),
            own_user: hook.user_id.as_ref() == Some(&profile.user),
        })
        .collect();
    let terms = Terms {
        base: &base,
        plan: &profile.plan,
        count: listed.count,
        unwanted: &care.unwanted,
        kept: &kept,
    };
    Ok(plan(&rows, &terms))
}

/// Does one after the other; the first that does not come through ends the round.
async fn act(post: &mut Post, listed: &Webhooks, acts: Vec<Act>) -> Step<()> {
    if acts.is_empty() {
        return Ok(mend::settled(post)?);
    }
    let care = keep::care(&post.engine, &post.account)?;
    if !care.tries.may(post.now()) {
        return Ok(());
    }
    for act in acts {
        match act {
            // The list has just shown that a person wants none.
            Act::Make(event) if care.unwanted.contains(&event) => {}
            Act::Drop(id) => mend::drop_hook(post, &id, Cause::Repair).await?,
            Act::Make(event) => mend::make(post, &event, Cause::Repair).await?,
            Act::Remake(id, event) => mend::remake(post, &id, &event, Cause::Repair).await?,
            Act::Adopt(id, event) => {
                let hook = listed.rows.iter().find(|hook| hook.id == id);
                if let Some(hook) = hook {
                    adopt(post, hook, &event).await?;
                }
            }
        }
    }
    Ok(mend::settled(post)?)
}

/// Keeps the token of a webhook that delivers here, so that its deliveries are believed.
async fn adopt(post: &mut Post, hook: &Webhook, event: &Event) -> Step<()> {
    let token = match &hook.auth_token {
        Some(token) => token.clone(),
        None => rotate(post, &hook.id, Cause::Repair).await?,
    };
    mend::believe(post, &hook.id, event, Some(&hook.url), token)?;
    keep::write(&post.engine, &post.account, "hooks adopt", |page| {
        page.say("info", format!("the webhook {} for {event} is ours: it delivers to our address", hook.id))
    })?;
    Ok(())
}

/// A new token; the old one is invalid at once.
pub async fn rotate(post: &Post, id: &RemoteId, cause: Cause) -> Step<SecretString> {
    let wanted = id.clone();
    let told = post.ask(cause, |c| async move { c.rotate_webhook_token(&wanted).await }).await?;
    told.auth_token.ok_or_else(|| super::Hitch::Refused("the service told no token".into()))
}
