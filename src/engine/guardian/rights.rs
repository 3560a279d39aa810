//! The rights of the subscription's creator and the plan: read with the profile, by age, when others have fallen silent
//! and when the plan's limits change.

use chrono::TimeDelta;

use crate::domain::guard_rights::Voices;
use crate::domain::quota::Cause;

use super::{Post, care};
use crate::engine::desk::Desked;
use crate::engine::profile;

/// A profile that could not be read is asked for again after this.
const AGAIN: TimeDelta = TimeDelta::hours(1);

/// Asks for the profile where it is due; the guardian does not wait for it.
pub fn ask(post: &mut Post) -> Desked<()> {
    let Some(profile) = post.profile() else { return Ok(()) };
    let now = post.now();
    let hushed = care::own(&post.engine, &post.account)?.is_some_and(|own| own.voices.is_hushed());
    let due = now - profile.read_at > profile::OLD || (hushed && profile.admin) || post.plan_changed;
    if !due || post.asked_who_at.is_some_and(|at| now - at <= AGAIN) {
        return Ok(());
    }
    post.asked_who_at = Some(now);
    post.plan_changed = false;
    if hushed {
        // One look for one silence: they may be on holiday.
        care::write(&post.engine, &post.account, "guard rights", |page| {
            page.change_own(|own| own.voices = Voices::default())
        })?;
    }
    let (engine, account) = (post.engine.clone(), post.account.clone());
    tokio::spawn(async move {
        tokio::select! { biased;
            () = engine.stop.cancelled() => {}
            read = profile::read_source(&engine, &account, Cause::Health) => match read {
                Ok(_) => engine.wakes.guard.notify_one(),
                Err(error) => tracing::debug!(%error, %account, "the profile could not be read again"),
            },
        }
    });
    Ok(())
}

/// Says that the creator has no rights, or has them again.
pub fn say(post: &Post) {
    let id = format!("rights:{}", post.account);
    let Some(profile) = post.profile() else { return };
    if profile.admin {
        post.engine.state().calm(&id);
        return;
    }
    let say = format!(
        "{}: the token's user is no administrator of the workspace (any more): only their own changes are told",
        post.account
    );
    let now = post.now();
    post.engine.state().alert(&id, now, 3, say);
}
