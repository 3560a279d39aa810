//! A webhook that somebody changed in the web page: ours put back, or theirs taken. Nothing else touches it.

use secrecy::ExposeSecret as _;

use super::{Hitch, Post, Step, check, keep, mend, note};
use crate::domain::clockify_hook::{Event, State, name};
use crate::domain::hook_drift::SECRET;
use crate::domain::hook_plan::is_ours;
use crate::domain::quota::Cause;
use crate::domain::target_hook::TargetHook;
use crate::engine::desk::Desked;
use crate::services::clockify::Webhook;

/// Nothing can be put right or taken without one.
const NO_ADDRESS: &str = "there is no address of ours";

/// Puts address, event and name back as they were made, and makes a new token where another one is in force.
pub async fn restore(post: &mut Post, hook: &TargetHook) -> Step<String> {
    let fields: Vec<String> = hook.drift.iter().map(|drift| drift.field.clone()).collect();
    let secret = fields.is_empty() || fields.iter().any(|field| field == SECRET);
    if fields.iter().any(|field| field != SECRET) {
        let called = keep::care(&post.engine, &post.account)?.names.get(&hook.event).cloned();
        let called = called.unwrap_or_else(|| name(&post.engine.state().setup.instance, &hook.event));
        let wanted = mend::definition(post, &hook.event, &called)?;
        let (wanted, id) = (wanted.ok_or_else(|| Hitch::Refused(NO_ADDRESS.into()))?, hook.id.clone());
        let told = post.ask(Cause::Person, |c| async move { c.put_webhook(&id, &wanted).await }).await?;
        refresh(post, hook, &told, secret)?;
    }
    if secret {
        let token = check::rotate(post, &hook.id, Cause::Person).await?;
        mend::believe(post, &hook.id, &hook.event, None, token)?;
        mend::read_back(post, &hook.id, &hook.event, Cause::Person).await?;
    }
    let what = if fields.is_empty() { SECRET.to_owned() } else { fields.join(", ") };
    say(post, hook, format!("the webhook for {} is as it was made: {what}", hook.event))
}

/// Wants what is there now. With another address nothing would arrive here: that is refused.
pub async fn adopt(post: &mut Post, hook: &TargetHook) -> Step<String> {
    let listed = post.ask(Cause::Person, |c| async move { c.webhooks().await }).await?;
    let told = listed.rows.into_iter().find(|told| told.id == hook.id).ok_or(Hitch::Missing)?;
    let Some(base) = post.base() else { return Err(Hitch::Refused(NO_ADDRESS.into())) };
    if !is_ours(&told.url, &base) {
        let why = "with their address nothing arrives here; < restores ours, D deletes it";
        return Err(Hitch::Refused(why.into()));
    }
    if !told.is_of_whole_workspace() {
        return Err(Hitch::Refused("it tells a part of the workspace only; < restores ours".into()));
    }
    let mut hook = hook.clone();
    if told.event != hook.event {
        hook = tell(post, hook, &told.event)?;
    }
    let token = told.auth_token.clone();
    let known = super::token(&post.engine.state(), &post.account, &hook);
    let same = token.as_ref().zip(known).is_some_and(|(a, b)| a.expose_secret() == b.expose_secret());
    if !same {
        let token = match token {
            Some(token) => token,
            None => check::rotate(post, &hook.id, Cause::Person).await?,
        };
        mend::believe(post, &hook.id, &hook.event, Some(&told.url), token)?;
        mend::read_back(post, &hook.id, &hook.event, Cause::Person).await?;
    }
    keep::write(&post.engine, &post.account, "hooks theirs", |page| {
        page.care.names.insert(hook.event.clone(), told.name.clone());
        Ok(())
    })?;
    refresh(post, &hook, &told, false)?;
    say(post, &hook, format!("what was changed in the web page is wanted now: {}, {}", told.name, told.event))
}

/// The webhook tells another event from now on, at the same place and with the same token; the one that it told is told
/// by none, as the person has it.
fn tell(post: &Post, hook: TargetHook, event: &Event) -> Step<TargetHook> {
    let hooks = post.engine.state().setup.hooks.clone();
    let rows = keep::hooks(&post.engine.state().desk, &post.account)?;
    if rows.iter().any(|other| other.ours && other.event == *event) {
        return Err(Hitch::Refused(format!(
            "another webhook of ours tells {event} already; < restores ours, D deletes it"
        )));
    }
    // What is not wanted any more is durable first: a kill in between makes none beside it.
    keep::write(&post.engine, &post.account, "hooks event", |page| {
        page.care.unwanted.insert(hook.event.clone());
        page.care.unwanted.remove(event);
        Ok(())
    })?;
    hooks.move_event(&post.account, hook.event.as_str(), event.as_str()).map_err(Hitch::Refused)?;
    let next = TargetHook { event: event.clone(), ..hook.clone() };
    keep::write(&post.engine, &post.account, "hooks event", |page| {
        page.forget(&hook);
        page.care.names.remove(&hook.event);
        page.put(&next)
    })?;
    Ok(next)
}

/// The row as the service told it just now; a token that still differs stays said.
fn refresh(post: &Post, hook: &TargetHook, told: &Webhook, secret: bool) -> Desked<()> {
    keep::write(&post.engine, &post.account, "hooks decided", |page| {
        let now = page.now();
        let old = page.own(&hook.event)?;
        let drift = hook.drift.iter().filter(|drift| secret && drift.field == SECRET).cloned().collect();
        let seen = note::Seen { event: &hook.event, ours: true, spare: hook.spare, drift };
        page.put(&note::row(told, old.as_ref(), seen, now))
    })
}

fn say(post: &Post, hook: &TargetHook, say: String) -> Step<String> {
    keep::write(&post.engine, &post.account, "hooks decided", |page| {
        // What failed too often meanwhile is mended at once, and not with the next list by schedule.
        if hook.flags.state() == State::DisabledByFailures {
            page.care.checked_at = None;
        }
        page.say("info", say.clone())
    })?;
    Ok(say)
}
