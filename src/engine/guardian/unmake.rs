//! A subscription that a person deletes: durable before the service hears of it, carried out by a later check where the
//! service could not be asked, and withdrawn by a key until then.

use crate::domain::health::Wanted;
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;
use crate::services::toggl::Call;

use super::care;
use super::list::Ours;
use super::{Hitch, Post, Step, person};

/// Deletes one by a person's key; `own` is our own row where it is ours.
pub async fn delete(post: &mut Post, id: &RemoteId, own: Option<&Subscription>) -> Step<String> {
    let Some(before) = own.map(|own| own.wanted) else {
        remove(post, id, Cause::Person).await?;
        care::write(&post.engine, &post.account, "guard deleted", |page| {
            let key = crate::cache::rows::subscription(&post.account, id);
            page.draft().delete_if_there(key)?;
            page.say("info", format!("the subscription {id} is deleted"))
        })?;
        return Ok("deleted".into());
    };
    care::write(&post.engine, &post.account, "guard wanted", |page| {
        page.care.deleting = true;
        page.say("info", "a person wants no subscription")?;
        page.change_own(|row| row.wanted = Wanted::Disabled)
    })?;
    match remove(post, id, Cause::Person).await {
        Ok(()) => done(post, id),
        Err(Hitch::Refused(reason)) => {
            // A plain no will be none later: it is as it was.
            care::write(&post.engine, &post.account, "guard kept", |page| {
                page.care.deleting = false;
                page.say("warn", format!("the subscription {id} is not deleted: {reason}"))?;
                page.change_own(|row| row.wanted = before)
            })?;
            Err(Hitch::Refused(reason))
        }
        Err(hitch) => Err(person::put_off(post, hitch, "deleted")?),
    }
}

/// A deletion that the service has not confirmed goes on, by what the list shows.
pub async fn go_on(post: &mut Post, ours: &Ours) -> Step<()> {
    let Some(own) = care::own(&post.engine, &post.account)? else { return Ok(()) };
    match ours {
        Ours::Here(id) | Ours::Elsewhere(id) if *id == own.id => {
            match remove(post, &own.id, Cause::Repair).await {
                Ok(()) => {}
                Err(hitch) => {
                    person::put_off(post, hitch.clone(), "deleted")?;
                    return Err(hitch);
                }
            }
        }
        _ => {}
    }
    done(post, &own.id).map(drop)
}

/// Asks for the deletion; a disabled one was once kept in spite of success (toggl_api_docs issue 439).
async fn remove(post: &Post, id: &RemoteId, cause: Cause) -> Step<()> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let (space, one) = (workspace.clone(), id.clone());
    let asked = post
        .ask(Call::DeleteSubscription, cause, |c| async move { c.delete_subscription(&space, &one).await })
        .await;
    match asked {
        Ok(()) | Err(Hitch::Missing) => {}
        Err(hitch) => return Err(hitch),
    }
    let listed =
        post.ask(Call::Subscriptions, cause, |c| async move { c.subscriptions(&workspace).await }).await?;
    if listed.iter().any(|s| s.id == *id) {
        return Err(Hitch::Refused(
            "the service said yes and kept it; enable it, then delete it again".into(),
        ));
    }
    Ok(())
}

/// It is gone, and a key here did it: no incident.
fn done(post: &Post, id: &RemoteId) -> Step<String> {
    care::write(&post.engine, &post.account, "guard deleted", |page| {
        page.care.deleting = false;
        page.care.deleted = Some(id.clone());
        page.care.switching_off = false;
        page.care.gap = None;
        page.care.enabling = None;
        page.step("person", "deleted by a key here", 0)?;
        page.close(0)?;
        page.change_own(|row| {
            (row.enabled, row.pending) = (false, false);
            row.drift.clear();
            "deleted here".clone_into(&mut row.cause);
        })?;
        page.say("info", format!("the subscription {id} is deleted; entries are read"))
    })?;
    post.engine.state().calm(&format!("hook:{}", post.account));
    Ok("deleted; entries are read".into())
}
