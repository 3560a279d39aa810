//! A person's wishes about a subscription. The decision is durable before the service hears of it.

use crate::cache::rows;
use crate::domain::guard::Tries;
use crate::domain::health::Wanted;
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;
use crate::services::toggl::Call;

use super::care::{self, bound_key};
use super::gap::Reading;
use super::heal::{self, End};
use super::{Hitch, Post, Step, Why, edit, list, prove, sender};
use crate::engine::desk::Desked;
use crate::engine::guard_wish::{Asked, GuardWish};
use crate::engine::hitch;

/// Does what is wanted and answers.
pub async fn serve(post: &mut Post, wish: GuardWish) -> Desked<()> {
    let done = act(post, &wish).await;
    let reply = hitch::reply(done, "subscription", |at| post.clock(at))?;
    // Who asked may be gone.
    let _ = wish.answer.send(reply);
    Ok(())
}

async fn act(post: &mut Post, wish: &GuardWish) -> Step<String> {
    let id = &wish.subscription.id;
    let bound: Option<RemoteId> = post.engine.state().desk.get(&bound_key(&post.account))?;
    let own = bound.as_ref() == Some(id);
    if post.profile().is_none() && wish.what != Asked::Take {
        return Err(Hitch::Refused(
            "Toggl has not told yet whose token this is; try again in a moment".into(),
        ));
    }
    match &wish.what {
        Asked::Enable if own => enable(post).await,
        Asked::Disable if own => disable(post).await,
        Asked::Enable => switch(post, id, true).await,
        Asked::Disable => switch(post, id, false).await,
        Asked::Test => test(post, id).await,
        Asked::Validate => validate(post, id).await,
        Asked::Reshape(change) => edit::reshape(post, id, change).await,
        Asked::Take => sender::take_over(post).await,
        Asked::Log => Err(Hitch::Refused("Toggl keeps no log that can be asked for".into())),
    }
}

async fn enable(post: &mut Post) -> Step<String> {
    if let Some(said) = withdraw(post)? {
        return Ok(said);
    }
    care::write(&post.engine, &post.account, "guard wanted", |page| {
        page.care.switching_off = false;
        page.care.hands_off = None;
        page.care.tries = Tries::default();
        page.say("info", "a person wants the subscription enabled")?;
        // One frame with the wish: after a cut it is known that nobody else's proof is needed.
        if let Some(own) = page.own()?.filter(|own| !own.enabled) {
            heal::begin(page, &own);
        }
        page.change_own(|row| row.wanted = Wanted::Enabled)
    })?;
    match heal::heal(post, Some("a person wants it"), Cause::Person).await? {
        End::Healed => Ok("enabled, validated, proved by a PING; what was missed is being read".into()),
        End::Waits(why) | End::Failed(why) => Err(Hitch::Refused(why)),
    }
}

/// Takes back a switching off or a deletion that the service has not confirmed; costs nothing. Should it have been done
/// after all, the next check enables it again.
fn withdraw(post: &mut Post) -> Step<Option<String>> {
    let care = care::care(&post.engine, &post.account)?;
    let on = care::own(&post.engine, &post.account)?.is_some_and(|own| own.enabled);
    if !on || !(care.switching_off || care.deleting) {
        return Ok(None);
    }
    care::write(&post.engine, &post.account, "guard wanted", |page| {
        (page.care.switching_off, page.care.deleting) = (false, false);
        page.care.withdrawn = true;
        page.say("info", "a person wants the subscription after all")?;
        page.change_own(|row| {
            row.wanted = Wanted::Enabled;
            row.cause.clear();
        })
    })?;
    post.check_soon(post.now(), Why::Mend)?;
    Ok(Some("withdrawn; it stays enabled, which a check makes sure of".into()))
}

/// What is wanted could not be done now: the row says that it is done later, and how to withdraw it. Answers in the
/// same words.
pub fn put_off(post: &mut Post, hitch: Hitch, done: &str) -> Desked<Hitch> {
    let (why, then) = match &hitch {
        Hitch::Later(until, why) => {
            if *until < post.check_at {
                (post.check_at, post.why) = (*until, Why::Mend);
            }
            (why, format!("it is {done} from {} on", post.clock(*until)))
        }
        Hitch::Unclear(why) => (why, format!("the next check sees that it is {done}")),
        Hitch::Refused(why) => (why, "it is tried again with each check".to_owned()),
        Hitch::Missing | Hitch::Interrupted | Hitch::Desk(_) => return Ok(hitch),
    };
    let say = format!("{why}; {then}; R withdraws it");
    care::write(&post.engine, &post.account, "guard put off", |page| {
        page.change_own(|row| row.cause = format!("not {done} yet: {say}"))
    })?;
    Ok(Hitch::Refused(say))
}

async fn disable(post: &mut Post) -> Step<String> {
    care::write(&post.engine, &post.account, "guard wanted", |page| {
        page.care.switching_off = true;
        page.care.enabling = None;
        page.care.gap = None;
        page.say("info", "a person wants the subscription disabled")?;
        page.step("person", "disabled by a key here", 0)?;
        page.close(0)?;
        page.change_own(|row| row.wanted = Wanted::Disabled)
    })?;
    // What is being read for it closes no later gap.
    post.reading = post.reading.filter(|reading| *reading != Reading::Fill);
    post.engine.state().calm(&format!("hook:{}", post.account));
    if let Err(hitch) = heal::switch_off(post, Cause::Person).await {
        return Err(put_off(post, hitch, "switched off")?);
    }
    Ok("disabled, and kept so until a key enables it; entries are read meanwhile".into())
}

/// Switches a subscription that is not ours.
async fn switch(post: &mut Post, id: &RemoteId, on: bool) -> Step<String> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let subscription = id.clone();
    let told = post
        .ask(Call::SetEnabled, Cause::Person, |c| async move {
            c.set_enabled(&workspace, &subscription, on).await
        })
        .await?;
    care::write(&post.engine, &post.account, "guard wanted", |page| list::refresh(page, post, &told, false))?;
    Ok(if on { "enabled" } else { "disabled" }.into())
}

async fn test(post: &mut Post, id: &RemoteId) -> Step<String> {
    let began = post.now();
    prove::ping(post, id, Cause::Person).await?;
    let known = care::own(&post.engine, &post.account)?.is_some_and(|own| own.id == *id);
    if !known {
        return Ok("a PING was asked for; it goes to an address that is not ours".into());
    }
    if !prove::pinged(post, id, began).await? {
        return Err(Hitch::Refused("no signed PING arrived in 30 s; check the public address".into()));
    }
    let took = (post.now() - began).num_milliseconds();
    Ok(format!("a signed PING arrived after {}.{} s", took / 1_000, took % 1_000 / 100))
}

async fn validate(post: &mut Post, id: &RemoteId) -> Step<String> {
    if !prove::validate(post, id, Cause::Person).await? {
        prove::ping(post, id, Cause::Person).await?;
        prove::validate(post, id, Cause::Person).await?;
    }
    list::list(post, Why::Mend).await?;
    let row: Option<Subscription> = post.engine.state().desk.get(&rows::subscription(&post.account, id))?;
    match row {
        Some(row) if row.validated => Ok("validated".into()),
        Some(_) => Err(Hitch::Refused("still not validated; check the public address".into())),
        None => Err(Hitch::Missing),
    }
}
