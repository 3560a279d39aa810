//! From a list to rows: what changed, who did it, and what is said about it.

use chrono::{DateTime, Utc};

use super::keep::{self, Page};
use super::{Post, Step, proof};
use crate::domain::clockify_hook::{Event, Flags, State, slots};
use crate::domain::drift::Drift;
use crate::domain::health::Wanted;
use crate::domain::hook_plan::{Act, Plan, is_ours};
use crate::domain::id::RemoteId;
use crate::domain::target_hook::{INSISTS, TargetHook};
use crate::engine::desk::Desked;
use crate::services::clockify::{Webhook, Webhooks};

/// What is known of a listed webhook beside the list.
pub struct Seen<'a> {
    /// The event that it was made for, or that it tells.
    pub event: &'a Event,
    /// It is ours.
    pub ours: bool,
    /// The plan has room for other events before this one.
    pub spare: bool,
    /// What somebody changed.
    pub drift: Vec<Drift>,
}

/// A listed webhook beside what was known of it.
pub fn row(hook: &Webhook, old: Option<&TargetHook>, seen: Seen<'_>, now: DateTime<Utc>) -> TargetHook {
    let flags = hook.flags();
    let Seen { event, ours, spare, drift } = seen;
    let same =
        |old: &&TargetHook| old.flags.state() == flags.state() && old.drift.is_empty() == drift.is_empty();
    let since = old.filter(same).map_or(now, |old| old.since);
    let wanted = if flags.enabled { Wanted::Enabled } else { Wanted::Disabled };
    TargetHook {
        id: hook.id.clone(),
        event: event.clone(),
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
        drift,
        token_at: old.and_then(|old| old.token_at),
    }
}

/// Keeps a list. `for_proof` was asked to see whether what was made anew is on.
pub(super) fn note(post: &mut Post, listed: &Webhooks, plan: &Plan, for_proof: bool) -> Step<()> {
    let Some(base) = post.base() else { return Ok(()) };
    let name = post.profile().map(|p| p.plan).unwrap_or_default();
    let before = keep::hooks(&post.engine.state().desk, &post.account)?;
    let due = proof::is_due(post)?;
    let spent = post.spent();
    let off = keep::write(&post.engine, &post.account, "hooks list", |page| {
        let now = page.now();
        page.care.checked_at = Some(now);
        page.care.waits_until = None;
        page.care.count = listed.count;
        page.care.unmended = !plan.acts.is_empty();
        let mut off = Vec::new();
        let mut put: Vec<Vec<u8>> = Vec::new();
        for hook in &listed.rows {
            let made_for = plan.ours.iter().find(|(_, id)| **id == hook.id).map(|(event, _)| event);
            let ours = made_for.is_some();
            if !ours && is_ours(&hook.url, &base) {
                continue;
            }
            let event = made_for.unwrap_or(&hook.event);
            let old = before
                .iter()
                .find(|old| old.ours == ours && (old.id == hook.id || (ours && old.event == *event)));
            let drift = plan.drifted.get(event).filter(|_| ours).cloned().unwrap_or_default();
            let spare = ours && !plan.wanted.contains(event);
            let new = row(hook, old, Seen { event, ours, spare, drift }, now);
            if ours {
                off.extend(switched_off(page, old, &new)?);
                changed(page, old, &new)?;
                page.care.names.entry(event.clone()).or_insert_with(|| hook.name.clone());
            }
            put.push(keep::key(&post.account, &new));
            page.put(&new)?;
        }
        for gone in before.iter().filter(|old| !put.contains(&keep::key(&post.account, old))) {
            // Taken for another event, and cut off before its row was.
            if !listed.rows.iter().any(|hook| hook.id == gone.id) {
                removed(page, gone)?;
            }
            page.forget(gone);
        }
        page.care.dropping.retain(|id| listed.rows.iter().any(|hook| hook.id == *id));
        page.care.rotating.retain(|id| listed.rows.iter().any(|hook| hook.id == *id));
        page.care.read_back.retain(|id| listed.rows.iter().any(|hook| hook.id == *id));
        proof::by_list(page, listed, due, if for_proof { spent } else { 0 })?;
        broken(page, listed, plan, if for_proof { 0 } else { spent })?;
        explained(page, &off, listed, plan, (&name, spent))?;
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

/// A webhook of ours that somebody changed, or put right again, since the last look.
fn changed(page: &mut Page<'_, '_>, old: Option<&TargetHook>, new: &TargetHook) -> Desked<()> {
    let before: &[Drift] = old.map_or(&[], |old| &old.drift);
    if before == new.drift {
        return Ok(());
    }
    let event = &new.event;
    let fields: Vec<&str> = new.drift.iter().map(|drift| drift.field.as_str()).collect();
    if fields.is_empty() {
        return page.say("info", format!("the webhook for {event} is as it was made again"));
    }
    page.say(
        "warn",
        format!(
            "the webhook for {event} was changed in the web page: {}; < restores ours, > takes theirs",
            fields.join(", ")
        ),
    )
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

/// One whose deliveries failed too often: an incident. Each has its own, one after the other, the most useful first.
fn broken(page: &mut Page<'_, '_>, listed: &Webhooks, plan: &Plan, spent: u32) -> Desked<()> {
    let broken: Vec<(&RemoteId, &Event)> = plan
        .acts
        .iter()
        .filter_map(|act| if let Act::Remake(id, event) = act { Some((id, event)) } else { None })
        .collect();
    let Some(((first, event), others)) = broken.split_first() else { return Ok(()) };
    if page.care.proving.is_some() {
        return Ok(());
    }
    if page.care.incident.is_some() {
        return page.step("check", &format!("{} is still off", event.short()), spent);
    }
    let cause = format!("{}: deliveries failed too often", event.short());
    page.opened(first, "webhook disabled", &cause)?;
    page.care.mending = Some((*event).clone());
    let now = page.now();
    if page.care.remade.get(event).is_some_and(|at| now - *at < INSISTS) {
        page.care.tries.fail(now);
    }
    let mut say = format!("{} of {} listed with deliveryEnabled off", broken.len(), listed.rows.len());
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|(_, event)| event.short()).collect();
        say = format!("{say}; also {}", others.join(", "));
    }
    page.step("check", &say, spent)
}

/// What a smaller plan did, as an incident that ends at once: nothing can be mended.
fn explained(
    page: &mut Page<'_, '_>,
    off: &[Event],
    listed: &Webhooks,
    plan: &Plan,
    (name, spent): (&str, u32),
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
    page.step("check", &format!("off: {}", words(false)), spent)?;
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
