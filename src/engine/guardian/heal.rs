//! Enabling with proof: probe, enable, a verified PING, a list that confirms, then the gap. Each step is durable before
//! the next, so a kill in between resumes there.

use chrono::{DateTime, Utc};

use crate::domain::guard::ALARM_AFTER;
use crate::domain::guard_budget;
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;
use crate::services::toggl::Call;

use super::care::{self, Enabling, Page};
use super::{Hitch, Post, Step, Why, check, fit, gap, list, prove};

/// How a healing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Enabled, validated, proved; the gap is being read.
    Healed,
    /// It waits: for the address, for the next try.
    Waits(String),
    /// This try failed.
    Failed(String),
}

/// Heals the own subscription. A hitch that is nobody's refusal is no failed try.
pub async fn heal(post: &mut Post, why: Option<&str>, cause: Cause) -> Step<End> {
    let Some(own) = care::own(&post.engine, &post.account)? else { return Err(Hitch::Missing) };
    let care = care::care(&post.engine, &post.account)?;
    let person = cause == Cause::Person;
    if !person && !care.tries.may(post.now()) {
        check::again(post, &care)?;
        return Ok(End::Waits("the next try comes later".into()));
    }
    post.probe_now().await?;
    if !person && !post.is_reached() {
        // The turn from bad to good brings the next check.
        return Ok(End::Waits("the public address does not answer".into()));
    }
    match steps(post, &own, why, cause).await {
        Ok(()) => {
            post.engine.state().calm(&format!("hook:{}", post.account));
            check::fill(post)?;
            Ok(End::Healed)
        }
        Err(Hitch::Refused(reason) | Hitch::Unclear(reason)) => failed(post, &reason),
        Err(Hitch::Missing) => {
            post.check_at = post.now();
            post.why = Why::Mend;
            failed(post, "the subscription is not there any more")
        }
        Err(Hitch::Later(until, reason)) => {
            let reason = format!("{reason}; again at {}", post.clock(until));
            care::write(&post.engine, &post.account, "guard waits", |page| page.step("waits", &reason, 0))?;
            if until < post.check_at {
                post.check_at = until;
                post.why = Why::Mend;
            }
            Ok(End::Waits(reason))
        }
        Err(hitch) => Err(hitch),
    }
}

async fn steps(post: &mut Post, own: &Subscription, why: Option<&str>, cause: Cause) -> Step<()> {
    let begun = begun(post, own, why)?;
    let since = begun.at;
    let id = own.id.clone();
    let shown = !own.enabled && enable(post, &id, cause).await?;
    prove(post, &id, since, !own.enabled, cause).await?;
    let spent = care::spent(&post.engine, &care::care(&post.engine, &post.account)?)?;
    let spent = spent + post.spent + gap::kept(post);
    if shown && !guard_budget::may_confirm(spent) {
        care::write(&post.engine, &post.account, "guard confirm", |page| {
            page.step("confirm", "the answer shows it enabled and validated; the next check looks", 0)
        })?;
    } else {
        confirm(post, &id, cause).await?;
    }
    care::write(&post.engine, &post.account, "guard confirm", |page| {
        let now = page.now();
        (page.care.enabling, page.care.withdrawn) = (None, false);
        page.care.tries.next_at = None;
        page.care.hands_off = None;
        page.care.healed_at = Some(now);
        if page.care.incident.is_some() || page.care.missing.is_some() {
            let known = [page.care.missing, begun.since].into_iter().flatten().min();
            page.care.gap = known.or(Some(since - gap::MARGIN));
        }
        page.change_own(|row| row.cause.clear())?;
        page.say("info", format!("the subscription {id} is enabled and validated"))
    })?;
    Ok(())
}

/// Notes durably that an enabling begins.
fn begun(post: &Post, own: &Subscription, why: Option<&str>) -> Step<Enabling> {
    Ok(care::write(&post.engine, &post.account, "guard begin", |page| {
        if let Some(why) = why {
            page.say("info", format!("mending the subscription {}: {why}", own.id))?;
        }
        Ok(begin(page, own))
    })?)
}

/// Notes that an enabling begins; one that was cut off keeps its begin.
pub fn begin(page: &mut Page<'_, '_>, own: &Subscription) -> Enabling {
    let now = page.now();
    let moment = (!own.enabled).then(|| check::moment(own));
    let cut_off = page.care.enabling.clone().filter(|e| own.enabled || e.moment == moment);
    let since = gap::since(own, &page.care);
    let enabling = cut_off.unwrap_or(Enabling { moment, at: now, since });
    if enabling.moment.is_some() {
        page.care.missing = enabling.since.or(Some(now - gap::MARGIN));
    }
    page.care.enabling = Some(enabling.clone());
    enabling
}

/// Enables it; answers whether the answer itself shows it enabled and validated.
async fn enable(post: &mut Post, id: &RemoteId, cause: Cause) -> Step<bool> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let subscription = id.clone();
    let asked = post
        .ask(Call::SetEnabled, cause, |c| async move { c.set_enabled(&workspace, &subscription, true).await })
        .await;
    let asked = match asked {
        Err(Hitch::Refused(reason)) if fit::is_too_many(&reason) => {
            fit::enable(post, id, reason, cause).await
        }
        asked => asked,
    };
    let told = match asked {
        Ok(told) => told,
        Err(Hitch::Unclear(reason)) => {
            // Perhaps it was done: the PING and the list will show.
            care::write(&post.engine, &post.account, "guard enable", |page| page.step("enable", &reason, 1))?;
            return Ok(false);
        }
        Err(Hitch::Refused(reason)) => {
            care::write(&post.engine, &post.account, "guard refused", |page| {
                page.step("enable", &reason, 1)
            })?;
            return Err(Hitch::Refused(reason));
        }
        Err(hitch) => return Err(hitch),
    };
    care::write(&post.engine, &post.account, "guard enable", |page| {
        let now = page.now();
        page.care.life_from = told.updated_at.or(Some(now));
        list::refresh(page, post, &told, true)?;
        page.change_own(|row| row.enabled_at = Some(now))?;
        page.step("enable", "accepted", 1)
    })?;
    Ok(told.enabled && told.validated_at.is_some())
}

/// A PING that came since the enabling began, or one that is asked for.
async fn prove(
    post: &mut Post,
    id: &RemoteId,
    since: DateTime<Utc>,
    enabled_now: bool,
    cause: Cause,
) -> Step<()> {
    let mut answer = "a signed PING arrived";
    let mut requests = 0;
    // After a cut the PING of the enabling is long gone: it is there or it never comes.
    let patient = enabled_now || post.now() - since < chrono::TimeDelta::seconds(30);
    let mut came = patient && prove::pinged(post, id, since).await?;
    if !came {
        prove::ping(post, id, cause).await?;
        requests = 1;
        came = prove::pinged(post, id, since).await?;
    }
    if !came {
        answer = "no signed PING arrived in 30 s";
    }
    care::write(&post.engine, &post.account, "guard ping", |page| page.step("ping", answer, requests))?;
    if came { Ok(()) } else { Err(Hitch::Refused(answer.into())) }
}

/// The list must show it enabled and validated; a missing handshake is completed once.
async fn confirm(post: &mut Post, id: &RemoteId, cause: Cause) -> Step<()> {
    let mut asked_ping = false;
    for _ in 0..2 {
        list::list(post, Why::Mend).await?;
        let row =
            care::own(&post.engine, &post.account)?.filter(|row| row.id == *id).ok_or(Hitch::Missing)?;
        let say = match (row.enabled, row.validated) {
            (true, true) => "enabled and validated",
            (true, false) => "not validated",
            (false, _) => "still disabled",
        };
        care::write(&post.engine, &post.account, "guard confirm", |page| page.step("confirm", say, 1))?;
        if row.enabled && row.validated {
            return Ok(());
        }
        if !row.enabled {
            break;
        }
        if !prove::validate(post, id, cause).await? && !std::mem::replace(&mut asked_ping, true) {
            prove::ping(post, id, cause).await?;
            care::write(&post.engine, &post.account, "guard ping", |page| {
                page.step("ping", "asked for, to complete the handshake", 1)
            })?;
        }
    }
    Err(Hitch::Refused("the list does not show it enabled and validated".into()))
}

/// A failed try: the next one comes later each time, and after five a person is called.
pub fn failed(post: &mut Post, reason: &str) -> Step<End> {
    let mut care = care::care(&post.engine, &post.account)?;
    care.tries.fail(post.now());
    check::again(post, &care)?;
    let next = post.clock(check::next_try(post, &care));
    let care = care::write(&post.engine, &post.account, "guard failed", |page| {
        let now = page.now();
        page.care.enabling = None;
        page.care.tries.fail(now);
        page.step("failed", &format!("next try {next}; {reason}"), 0)?;
        page.say("warn", format!("the subscription could not be mended: {reason}; next try {next}"))?;
        Ok(page.care.clone())
    })?;
    if care.tries.is_alarm() {
        let say = format!(
            "{}: the subscription could not be mended in {ALARM_AFTER} tries: {reason}; tried once a day now",
            post.account
        );
        check::alert(post, say);
    }
    Ok(End::Failed(reason.to_owned()))
}

/// Switches the own subscription off, as a person decided before.
pub async fn switch_off(post: &mut Post, cause: Cause) -> Step<()> {
    let Some(own) = care::own(&post.engine, &post.account)? else { return Ok(()) };
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let id = own.id.clone();
    let told = post
        .ask(Call::SetEnabled, cause, |c| async move { c.set_enabled(&workspace, &id, false).await })
        .await?;
    care::write(&post.engine, &post.account, "guard off", |page| {
        page.care.switching_off = false;
        list::refresh(page, post, &told, true)?;
        page.change_own(|row| "switched off here".clone_into(&mut row.cause))?;
        page.say("info", "the subscription is switched off; deliveries end, reading goes on")
    })?;
    Ok(())
}
