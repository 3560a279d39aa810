//! The plan of a target between two reads of its profile: what a webhook or a refusal shows is found out at once.

use chrono::TimeDelta;

use super::Shared;
use super::call::{self, bucket_of};
use super::desk::Desked;
use super::state::Profile;
use crate::cache::rows;
use crate::domain::id::{Account, Service};
use crate::domain::quota::Bucket;
use crate::services::http::Charge;

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

/// The plan as the service names it.
pub fn set(engine: &Shared, account: &Account, plan: &str, free: bool) -> Desked<()> {
    let mut state = engine.state();
    let Some(old) = state.profile(account).cloned() else { return Ok(()) };
    if old.plan == plan && old.free == free {
        return Ok(());
    }
    let profile = Profile { plan: plan.to_owned(), free, ..old };
    let say = match plan {
        "" => format!("{account} takes no more calls an hour than Free allows; its plan is asked for"),
        plan => format!("{account} has the plan {plan} now"),
    };
    state.desk.write("profile", |draft| {
        draft.say("engine", "warn", say, None)?;
        draft.put(rows::meta(&format!("profile:{account}")), &profile)
    })?;
    if let Some(running) = state.running.get_mut(account) {
        running.pace = Some(call::pace(Service::Clockify, Some(&profile)));
        running.profile = Some(profile);
    }
    call::set_limits(&mut state, account, Service::Clockify);
    drop(state);
    engine.touch_work();
    Ok(())
}
