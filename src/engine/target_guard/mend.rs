//! Making and deleting webhooks. The address is kept before the call that uses it, the token before a webhook counts as
//! made: a create whose answer was lost is found in the next list by its address, with its token.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};

use super::keep;
use super::{Hitch, Post, Step, note};
use crate::domain::clockify_hook::{Event, name};
use crate::domain::delivery::Delivered;
use crate::domain::guard::{ALARM_AFTER, Tries};
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::engine::desk::Desked;
use crate::engine::heard::FROM_LOG;
use crate::engine::setup::event_label;
use crate::services::clockify::delivery::EVENT_HEADER;
use crate::services::clockify::{Attempts, Definition};

/// The service keeps its log so long.
const LOG: TimeDelta = TimeDelta::days(7);
/// Failed attempts read back at most, in one request.
const READ_BACK: u32 = 50;

/// Makes the webhook of an event.
pub async fn make(post: &mut Post, event: &Event, cause: Cause) -> Step<()> {
    post.reached().await?;
    let Some((base, profile)) = post.base().zip(post.profile()) else { return Ok(()) };
    let (hooks, instance) = {
        let state = post.engine.state();
        (state.setup.hooks.clone(), state.setup.instance.clone())
    };
    let kept = hooks.event_hook(&post.account, &profile.workspace, event.as_str()).map_err(Hitch::Refused)?;
    let wanted = Definition::new(&name(&instance, event), &format!("{base}{}", kept.path), event.clone());
    let told = post.ask(cause, |c| async move { c.create_webhook(&wanted).await }).await?;
    let token = match told.auth_token.clone() {
        Some(token) => token,
        None => super::check::rotate(post, &told.id, cause).await?,
    };
    believe(post, &told.id, event, None, token)?;
    keep::write(&post.engine, &post.account, "hooks made", |page| {
        let now = page.now();
        let old = page.own(event)?;
        page.care.count += 1;
        page.put(&note::row(&told, old.as_ref(), true, false, now))?;
        page.step("create", &format!("{} for {event}", told.id), 1)?;
        page.say("info", format!("the webhook {} tells {event}", told.id))
    })?;
    Ok(())
}

/// Keeps a token durably, then lets the receiver believe it.
pub fn believe(
    post: &Post,
    id: &RemoteId,
    event: &Event,
    url: Option<&str>,
    token: SecretString,
) -> Step<()> {
    let Some((base, profile)) = post.base().zip(post.profile()) else { return Ok(()) };
    let path = url.and_then(|url| url.strip_prefix(&base));
    let plain = |path: &str| path.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if path.is_some_and(|path| !plain(path)) || token.expose_secret().is_empty() {
        return Err(Hitch::Refused(format!("the webhook {id} has an address that is not of our making")));
    }
    let hooks = post.engine.state().setup.hooks.clone();
    let word = event.as_str();
    hooks.event_hook(&post.account, &profile.workspace, word).map_err(Hitch::Refused)?;
    hooks.keep_token(&post.account, word, path, (id, token)).map_err(Hitch::Refused)
}

/// Deletes a webhook of ours. That it is not there any more is as good.
pub async fn drop_hook(post: &mut Post, id: &RemoteId, cause: Cause) -> Step<()> {
    keep::write(&post.engine, &post.account, "hooks drop", |page| {
        page.care.dropping.insert(id.clone());
        Ok(())
    })?;
    let wanted = id.clone();
    match post.ask(cause, |c| async move { c.delete_webhook(&wanted).await }).await {
        Ok(()) | Err(Hitch::Missing) => {}
        Err(hitch) => return Err(hitch),
    }
    keep::write(&post.engine, &post.account, "hooks dropped", |page| {
        page.care.count = page.care.count.saturating_sub(1);
        page.step("delete", &format!("{id} is gone"), 1)
    })?;
    Ok(())
}

/// Deletes a webhook whose deliveries failed too often and makes it anew; what failed is read back before, because the
/// log goes with it.
pub async fn remake(post: &mut Post, id: &RemoteId, event: &Event, cause: Cause) -> Step<()> {
    post.reached().await?;
    read_back(post, id, event, cause).await?;
    drop_hook(post, id, cause).await?;
    make(post, event, cause).await?;
    keep::write(&post.engine, &post.account, "hooks remade", |page| {
        page.care.remade_at = Some(page.now());
        Ok(())
    })?;
    Ok(())
}

/// Takes in what could not be delivered, as if it came now.
async fn read_back(post: &Post, id: &RemoteId, event: &Event, cause: Cause) -> Step<()> {
    let now = post.now();
    let wanted = id.clone();
    let asked = post
        .ask(cause, |c| async move {
            c.webhook_logs(&wanted, (now - LOG, now), Attempts::Failed, 0, READ_BACK).await
        })
        .await;
    let failed = match asked {
        Ok(page) => page.rows,
        Err(Hitch::Refused(why) | Hitch::Unclear(why)) => {
            keep::write(&post.engine, &post.account, "hooks log", |page| page.step("log", &why, 1))?;
            return Ok(());
        }
        Err(Hitch::Missing) => return Ok(()),
        Err(hitch) => return Err(hitch),
    };
    // Oldest first, and each body once: the service tried some of them again and again.
    let mut seen = BTreeSet::new();
    let mut taken = 0;
    for row in failed.iter().rev().filter(|row| !row.request_body.is_empty()) {
        if !seen.insert(row.request_body.as_str()) {
            continue;
        }
        let headers = vec![
            (EVENT_HEADER.to_owned(), event.as_str().to_owned()),
            (FROM_LOG.to_owned(), "log".to_owned()),
        ];
        let hook = event_label(&post.account, event.as_str());
        let body = row.request_body.clone().into();
        let delivered = Delivered { hook, received_at: now, headers, body };
        if post.engine.inbox.append(delivered.encode().into()).await.is_ok() {
            taken += 1;
        }
    }
    let newest = failed.iter().filter_map(|row| row.responded_at).max();
    keep::write(&post.engine, &post.account, "hooks log", |page| {
        page.care.recovered += taken;
        if let Some(mut own) = page.own(event)? {
            own.last_bad_at = own.last_bad_at.max(newest);
            page.put(&own)?;
        }
        page.step("log", &format!("{taken} failed deliveries of {} read back", event.short()), 1)
    })?;
    Ok(())
}

/// Everything is as it can be: an open incident ends.
pub fn settled(post: &Post) -> Desked<()> {
    post.engine.state().calm(&format!("hooks:{}", post.account));
    let care = keep::care(&post.engine, &post.account)?;
    if !care.unmended && care.incident.is_none() {
        return Ok(());
    }
    keep::write(&post.engine, &post.account, "hooks settled", |page| {
        page.care.unmended = false;
        page.care.tries = Tries { next_at: None, ..page.care.tries.clone() };
        if page.care.remade_at.is_none_or(|at| page.now() - at > crate::domain::target_hook::INSISTS) {
            page.care.tries = Tries::default();
        }
        page.step("confirm", "made anew; it is on", 0)?;
        page.close()
    })
}

/// A failed try: the next one comes later each time, and after five a person is called.
pub fn failed(post: &Post, reason: &str) -> Desked<()> {
    let care = keep::write(&post.engine, &post.account, "hooks failed", |page| {
        let now = page.now();
        page.care.tries.fail(now);
        page.care.unmended = true;
        page.step("failed", reason, 0)?;
        page.say("warn", format!("a webhook could not be made: {reason}"))?;
        Ok(page.care.clone())
    })?;
    if care.tries.is_alarm() {
        let say = format!(
            "{}: webhooks could not be made in {ALARM_AFTER} tries: {reason}; tried once a day now",
            post.account
        );
        let now = post.now();
        post.engine.state().alert(&format!("hooks:{}", post.account), now, 3, say);
        post.engine.touch();
    }
    Ok(())
}
