//! The plan of a target between two reads of its profile: what a webhook or a refusal shows is found out at once.

use chrono::{DateTime, TimeDelta, Utc};

use super::Shared;
use super::call::{self, bucket_of};
use super::desk::{Desk, Desked};
use super::state::Profile;
use super::target_guard::keep;
use crate::cache::rows;
use crate::domain::clockify_hook::slots;
use crate::domain::id::{Account, Service};
use crate::domain::quota::Bucket;
use crate::domain::target_hook::TargetHook;
use crate::services::http::Charge;

/// Deliveries may be under way so long.
const UNDER_WAY: TimeDelta = TimeDelta::minutes(1);
/// Requests that Free allows an hour.
const FREE: usize = 30;

/// A paid plan that refuses calls for their pace, though within the hour more were sent than Free allows, is no paid plan
/// any more: the smaller quota holds until the plan is known again. Until then it has no name.
pub fn suspect_free(engine: &Shared, account: &Account) -> Desked<()> {
    let now = engine.seams.now();
    let sent = {
        let state = engine.state();
        if state.profile(account).is_none_or(|profile| profile.free) {
            return Ok(());
        }
        let bucket = bucket_of(&state, account, Charge::Workspace);
        let seen = bucket.and_then(|bucket| state.meters.seen(account, &bucket, now));
        let hour =
            |bucket: Bucket| bucket.calls.iter().filter(|(at, _)| now - *at < TimeDelta::hours(1)).count();
        seen.map_or(0, hour)
    };
    if sent < FREE { Ok(()) } else { set(engine, account, "", true) }
}

fn since_key(account: &Account) -> Vec<u8> {
    rows::meta(&format!("plan since:{account}"))
}

/// Since when the plan is known to be what it is, where that was found out between two reads of the profile.
pub fn since(desk: &Desk, account: &Account) -> Desked<Option<DateTime<Utc>>> {
    desk.get(&since_key(account))
}

/// What a plan that got smaller is known to do before any list shows it; `None` while all webhooks have room.
pub fn crowded(desk: &Desk, account: &Account, plan: &str) -> Desked<Option<String>> {
    let room = slots(plan).workspace;
    let hooks = keep::hooks(desk, account)?;
    let off = hooks.iter().filter(|hook| !hook.flags.plan).count();
    let on = keep::care_of(desk, account)?.count.max(hooks.len()).saturating_sub(off);
    Ok((on > room).then(|| format!("the plan has room for {room} of {on}")))
}

/// More webhooks delivered since the plan got smaller than it has room for: it is larger again. What was under way when
/// it changed proves nothing.
pub fn find_larger(engine: &Shared, account: &Account) -> Desked<bool> {
    {
        let state = engine.state();
        let Some(profile) = state.profile(account).filter(|profile| profile.free) else { return Ok(false) };
        let Some(since) = since(&state.desk, account)? else { return Ok(false) };
        let told = |hook: &TargetHook| hook.last_delivery_at.is_some_and(|at| at > since + UNDER_WAY);
        let telling = keep::hooks(&state.desk, account)?.iter().filter(|hook| told(hook)).count();
        if telling <= slots(&profile.plan).workspace {
            return Ok(false);
        }
    }
    set(engine, account, "", false)?;
    Ok(true)
}

/// The plan as the service names it.
pub fn set(engine: &Shared, account: &Account, plan: &str, free: bool) -> Desked<()> {
    let now = engine.seams.now();
    let mut state = engine.state();
    let Some(old) = state.profile(account).cloned() else { return Ok(()) };
    if old.plan == plan && old.free == free {
        return Ok(());
    }
    let profile = Profile { plan: plan.to_owned(), free, ..old };
    let say = match plan {
        "" if free => {
            format!("{account} takes no more calls an hour than Free allows; its plan is asked for")
        }
        "" => format!("{account} tells by more webhooks than Free has; its plan is asked for"),
        plan => format!("{account} has the plan {plan} now"),
    };
    state.desk.write("profile", |draft| {
        draft.say("engine", "warn", say, None)?;
        draft.put(since_key(account), &now)?;
        draft.put(rows::meta(&format!("profile:{account}")), &profile)
    })?;
    if let Some(running) = state.running.get_mut(account) {
        running.pace = Some(call::pace(Service::Clockify, Some(&profile)).following(running.pace.take()));
        running.profile = Some(profile);
    }
    call::set_limits(&mut state, account, Service::Clockify);
    let id = format!("plan:{account}");
    match crowded(&state.desk, account, plan)? {
        Some(what) => {
            let say =
                format!("{account}: {what} webhooks; which ones Clockify switched off, the next list shows");
            state.alert(&id, now, 3, say);
        }
        None => state.calm(&id),
    }
    drop(state);
    engine.touch_work();
    Ok(())
}
