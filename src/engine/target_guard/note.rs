//! From a list to rows: what changed, who did it, and what is said about it.

use chrono::{DateTime, Utc};

use super::keep::{self, Page};
use super::{Post, Step};
use crate::domain::clockify_hook::{Event, Flags, State, slots};
use crate::domain::health::Wanted;
use crate::domain::target_hook::{Act, INSISTS, Plan, TargetHook, is_ours};
use crate::engine::desk::Desked;
use crate::services::clockify::{Webhook, Webhooks};

/// A listed webhook beside what was known of it.
pub fn row(
    hook: &Webhook,
    old: Option<&TargetHook>,
    ours: bool,
    spare: bool,
    now: DateTime<Utc>,
) -> TargetHook {
    let flags = hook.flags();
    let since = old.filter(|old| old.flags.state() == flags.state()).map_or(now, |old| old.since);
    let wanted = if flags.enabled { Wanted::Enabled } else { Wanted::Disabled };
    TargetHook {
        id: hook.id.clone(),
        event: hook.event.clone(),
        name: hook.name.clone(),
        url: hook.url.clone(),
        flags,
        ours,
        wanted,
        spare,
        checked_at: now,
        since,
        last_delivery_at: old.and_then(|old| old.last_delivery_at),
        last_bad_at: old.and_then(|old| old.last_bad_at),
        recent: old.map(|old| old.recent.clone()).unwrap_or_default(),
        log: old.and_then(|old| old.log.clone()),
    }
}

/// Keeps a list.
pub(super) fn note(post: &mut Post, listed: &Webhooks, plan: &Plan) -> Step<()> {
    let Some(base) = post.base() else { return Ok(()) };
    let name = post.profile().map(|p| p.plan).unwrap_or_default();
    let before = keep::hooks(&post.engine.state().desk, &post.account)?;
    let off = keep::write(&post.engine, &post.account, "hooks list", |page| {
        let now = page.now();
        page.care.checked_at = Some(now);
        page.care.count = listed.count;
        page.care.unmended = !plan.acts.is_empty();
        let mut off = Vec::new();
        let mut put: Vec<Vec<u8>> = Vec::new();
        for hook in &listed.rows {
            let ours = is_ours(&hook.url, &base);
            if ours && plan.ours.get(&hook.event) != Some(&hook.id) {
                continue;
            }
            let old = before
                .iter()
                .find(|old| old.ours == ours && (old.id == hook.id || (ours && old.event == hook.event)));
            let new = row(hook, old, ours, ours && !plan.wanted.contains(&hook.event), now);
            if ours {
                off.extend(switched_off(page, old, &new)?);
            }
            put.push(keep::key(&post.account, &new));
            page.put(&new)?;
        }
        for gone in before.iter().filter(|old| !put.contains(&keep::key(&post.account, old))) {
            removed(page, gone)?;
            page.forget(gone);
        }
        page.care.dropping.retain(|id| listed.rows.iter().any(|hook| hook.id == *id));
        broken(page, listed, plan)?;
        explained(page, &off, listed, plan, &name)?;
        Ok(off)
    })?;
    alert(post, &off, &name);
    Ok(())
}

/// A webhook of ours that the plan switched off since the last look.
fn switched_off(
    page: &mut Page<'_, '_>,
    old: Option<&TargetHook>,
    new: &TargetHook,
) -> Desked<Option<Event>> {
    let state = |flags: Flags| flags.state();
    let was = old.map(|old| state(old.flags));
    if was == Some(state(new.flags)) {
        return Ok(None);
    }
    let event = &new.event;
    match state(new.flags) {
        State::Off => {
            page.say("info", format!("the webhook for {event} is off: a person switched it off"))?;
        }
        State::Active if was.is_some() => page.say("info", format!("the webhook for {event} is on again"))?,
        State::DisabledByPlan if was == Some(State::Active) => return Ok(Some(event.clone())),
        _ => {}
    }
    Ok(None)
}

/// A webhook of ours that is not listed any more and was not deleted here. Removed once, it is made again; a person who
/// insists has it so.
fn removed(page: &mut Page<'_, '_>, gone: &TargetHook) -> Desked<()> {
    if !gone.ours || page.care.dropping.contains(&gone.id) {
        return Ok(());
    }
    let (now, event) = (page.now(), gone.event.clone());
    let insists = page.care.removed.get(&event).is_some_and(|at| now - *at < INSISTS);
    if insists {
        page.care.unwanted.insert(event.clone());
        return page.say(
            "warn",
            format!("the webhook for {event} was removed again: a person wants it so; c makes it"),
        );
    }
    page.care.removed.insert(event.clone(), now);
    page.say("warn", format!("the webhook for {event} was removed in the web page; it is made again"))
}

/// Those whose deliveries failed too often: an incident.
fn broken(page: &mut Page<'_, '_>, listed: &Webhooks, plan: &Plan) -> Desked<()> {
    let broken: Vec<&Act> = plan.acts.iter().filter(|act| matches!(act, Act::Remake(..))).collect();
    let Some(Act::Remake(first, _)) = broken.first() else { return Ok(()) };
    let fresh = page.care.incident.is_none();
    let events: Vec<String> = broken
        .iter()
        .filter_map(|act| if let Act::Remake(_, event) = act { Some(event.short()) } else { None })
        .collect();
    page.opened(first, "webhook disabled", "deliveries failed too often")?;
    if fresh {
        let relapse = page.care.remade_at.is_some_and(|at| page.now() - at < INSISTS);
        if relapse {
            let now = page.now();
            page.care.tries.fail(now);
        }
        let say = format!(
            "{} of {} listed with deliveryEnabled off: {}",
            events.len(),
            listed.rows.len(),
            events.join(", ")
        );
        page.step("check", &say, 1)?;
    }
    Ok(())
}

/// What a smaller plan did, as an incident that ends at once: nothing can be mended.
fn explained(
    page: &mut Page<'_, '_>,
    off: &[Event],
    listed: &Webhooks,
    plan: &Plan,
    name: &str,
) -> Desked<()> {
    if off.is_empty() || page.care.incident.is_some() {
        return Ok(());
    }
    let words = |state: bool| -> String {
        let of = listed.rows.iter().filter(|hook| plan.ours.values().any(|id| *id == hook.id));
        let events: Vec<String> =
            of.filter(|hook| hook.plan_enabled == state).map(|hook| hook.event.short()).collect();
        events.join(", ")
    };
    let Some(subject) = off.first().and_then(|event| plan.ours.get(event)) else { return Ok(()) };
    page.opened(subject, "webhooks disabled by plan", &reason(name))?;
    page.step("check", &format!("off: {}", words(false)), 1)?;
    page.step("check", &format!("still told: {}", words(true)), 0)?;
    page.step(
        "decision",
        "nothing is made anew: the plan has no room; an upgrade switches them on again",
        0,
    )?;
    page.close()
}

/// Why a plan switches webhooks off.
pub fn reason(plan: &str) -> String {
    let room = slots(plan).workspace;
    let plan = if plan.is_empty() { "FREE" } else { plan };
    format!("plan {plan} has room for {room}: the {room} oldest stay on")
}

fn alert(post: &Post, off: &[Event], plan: &str) {
    if off.is_empty() {
        return;
    }
    let now = post.now();
    let events: Vec<String> = off.iter().map(Event::short).collect();
    let say = format!("{}: {}; off now: {}", post.account, reason(plan), events.join(", "));
    post.engine.state().alert(&format!("plan:{}", post.account), now, 3, say);
}
