//! A check: list, judge, note, act.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};

use super::keep;
use super::{Post, Step, mend, note};
use crate::domain::clockify_hook::{Event, slots};
use crate::domain::drift::secret_digest;
use crate::domain::hook_drift::Kept;
use crate::domain::hook_plan::{Act, Listed, Plan, Terms, plan};
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::engine::target_plan;
use crate::services::clockify::{Webhook, Webhooks};

/// Another plan is asked for at most this often.
const ASK_PLAN: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// On Free webhooks are made anew not closer together than this.
const SPREAD: chrono::TimeDelta = chrono::TimeDelta::minutes(20);

/// The list, with what it costs.
pub async fn check(post: &mut Post, cause: Cause) -> Step<()> {
    let for_proof = cause == Cause::Repair && keep::care(&post.engine, &post.account)?.proving.is_some();
    post.spent();
    let listed = post.ask(cause, |c| async move { c.webhooks().await }).await?;
    learn_plan(post, &listed).await?;
    let judged = judge(post, &listed)?;
    note::note(post, &listed, &judged, for_proof)?;
    act(post, &listed, judged.acts).await
}

/// What the plan switched off, or has room for, shows that the plan is another one than is known.
async fn learn_plan(post: &mut Post, listed: &Webhooks) -> Step<()> {
    let Some(profile) = post.profile() else { return Ok(()) };
    let (on, off): (Vec<_>, Vec<_>) = listed.rows.iter().partition(|hook| hook.plan_enabled);
    let suspected = profile.plan.is_empty();
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
    let mut kept: BTreeMap<Event, Kept> = BTreeMap::new();
    for hook in hooks.event_hooks(&post.account) {
        let (event, url) = (Event::of(&hook.event), format!("{base}{}", hook.path));
        let Some((id, token)) = hook.made else { continue };
        let name = care.names.get(&event).cloned();
        let (rotating, token) = (care.rotating.contains(&id), secret_digest(token.expose_secret()));
        kept.insert(event, Kept { id, url, name, token, rotating });
    }
    let rows: Vec<Listed> = listed.rows.iter().map(|hook| seen(hook, &profile.user)).collect();
    let terms = Terms {
        base: &base,
        plan: &profile.plan,
        count: listed.count,
        unwanted: &care.unwanted,
        kept: &kept,
    };
    Ok(plan(&rows, &terms))
}

fn seen(hook: &Webhook, user: &RemoteId) -> Listed {
    let limited = !hook.is_of_whole_workspace();
    let ids: Vec<&str> = hook.trigger_source.iter().map(RemoteId::as_str).collect();
    Listed {
        id: hook.id.clone(),
        event: hook.event.clone(),
        name: hook.name.clone(),
        url: hook.url.clone(),
        scope: if limited {
            format!("{}: {}", hook.trigger_source_type, ids.join(", "))
        } else {
            String::new()
        },
        token: hook.auth_token.as_ref().map(|token| secret_digest(token.expose_secret())),
        flags: hook.flags(),
        own_user: hook.user_id.as_ref() == Some(user),
    }
}

/// Does one after the other; the first that does not come through ends the round.
async fn act(post: &mut Post, listed: &Webhooks, acts: Vec<Act>) -> Step<()> {
    if acts.is_empty() {
        return Ok(mend::settled(post, false)?);
    }
    let care = keep::care(&post.engine, &post.account)?;
    let now = post.now();
    if !care.tries.may(now) {
        return Ok(());
    }
    let mut waits = care.proving.is_some() || care.spread_until.is_some_and(|at| now < at);
    let mut left = false;
    for act in acts {
        match act {
            // One after the other, each with its proof; on Free they leave the hour room for other work.
            Act::Remake(..) if waits => left = true,
            // The list has just shown that a person wants none.
            Act::Make(event) if care.unwanted.contains(&event) => {}
            Act::Drop(id) => mend::drop_hook(post, &id, Cause::Repair).await?,
            Act::Make(event) => mend::make(post, &event, None, Cause::Repair).await?,
            Act::Remake(id, event) => {
                mend::remake(post, &id, &event, Cause::Repair).await?;
                waits = true;
                spread(post)?;
            }
            Act::Adopt(id, event) => {
                let hook = listed.rows.iter().find(|hook| hook.id == id);
                if let Some(hook) = hook {
                    adopt(post, hook, &event).await?;
                }
            }
        }
    }
    Ok(mend::settled(post, left)?)
}

/// On Free the next one waits.
fn spread(post: &Post) -> Step<()> {
    if post.profile().is_some_and(|profile| profile.free) {
        keep::write(&post.engine, &post.account, "hooks spread", |page| {
            page.care.spread_until = Some(page.now() + SPREAD);
            Ok(())
        })?;
    }
    Ok(())
}

/// Keeps the token of a webhook that delivers here, so that its deliveries are believed.
async fn adopt(post: &mut Post, hook: &Webhook, event: &Event) -> Step<()> {
    let token = match &hook.auth_token {
        Some(token) => token.clone(),
        None => rotate(post, &hook.id, Cause::Repair).await?,
    };
    mend::believe(post, &hook.id, event, Some(&hook.url), token)?;
    keep::write(&post.engine, &post.account, "hooks adopt", |page| {
        page.say("info", format!("{event} is told to our address already: ours is the webhook {}", hook.id))
    })?;
    Ok(())
}

/// A new token; the old one is invalid at once. Where the answer is lost, the list tells the token.
pub async fn rotate(post: &Post, id: &RemoteId, cause: Cause) -> Step<SecretString> {
    keep::write(&post.engine, &post.account, "hooks rotate", |page| {
        page.care.rotating.insert(id.clone());
        Ok(())
    })?;
    let wanted = id.clone();
    let told = post.ask(cause, |c| async move { c.rotate_webhook_token(&wanted).await }).await?;
    told.auth_token.ok_or_else(|| super::Hitch::Refused("the service told no token".into()))
}
