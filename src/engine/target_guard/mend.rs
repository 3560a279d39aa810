//! Making and deleting webhooks. The address is kept before the call that uses it, the token before a webhook counts as
//! made: a create whose answer was lost is found in the next list by its address, with its token.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};

use super::keep::{self, Proving};
use super::{Hitch, Post, Step, note};
use crate::domain::clockify_hook::{Event, name};
use crate::domain::delivery::Delivered;
use crate::domain::guard::{ALARM_AFTER, Tries};
use crate::domain::hook_drift::{NAME, SECRET};
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::target_hook::{INSISTS, TargetHook};
use crate::engine::desk::Desked;
use crate::engine::heard::FROM_LOG;
use crate::engine::setup::event_label;
use crate::services::clockify::delivery::EVENT_HEADER;
use crate::services::clockify::{Attempts, Definition};

/// The service keeps its log so long.
const LOG: TimeDelta = TimeDelta::days(7);
/// Failed attempts read back at most, in one request.
const READ_BACK: u32 = 50;

/// Makes the webhook of an event, under the name that a person gave it or under ours.
pub async fn make(post: &mut Post, event: &Event, called: Option<String>, cause: Cause) -> Step<()> {
    post.reached().await?;
    let ours = name(&post.engine.state().setup.instance, event);
    let called = called.unwrap_or_else(|| ours.clone());
    let Some(wanted) = definition(post, event, &called)? else { return Ok(()) };
    let told = post.ask(cause, |c| async move { c.create_webhook(&wanted).await }).await?;
    let token = match told.auth_token.clone() {
        Some(token) => token,
        None => super::check::rotate(post, &told.id, cause).await?,
    };
    believe(post, &told.id, event, None, token)?;
    let (spent, confirmed) = (post.spent(), post.engine.state().counts.confirmed);
    keep::write(&post.engine, &post.account, "hooks made", |page| {
        let now = page.now();
        let old = page.own(event)?;
        page.care.count += 1;
        let drift = old.as_ref().map(|old| old.drift.clone()).unwrap_or_default();
        let drift = drift.into_iter().filter(|drift| drift.field == NAME && called != ours).collect();
        if called == ours {
            page.care.names.insert(event.clone(), ours);
        }
        let seen = note::Seen { event, ours: true, spare: false, drift };
        let row = note::row(&told, old.as_ref(), seen, now);
        page.put(&TargetHook { token_at: Some(now), ..row })?;
        page.step("create", &format!("{} for {event}", told.id), spent)?;
        if page.care.mending.as_ref() == Some(event) {
            let id = told.id.clone();
            page.care.proving = Some(Proving { event: event.clone(), id, since: now, confirmed });
        }
        page.say("info", format!("{event} is told by the webhook {}", told.id))
    })?;
    Ok(())
}

/// The webhook of an event at its place, which is kept from then on; `None` where there is no address of ours.
pub fn definition(post: &Post, event: &Event, called: &str) -> Step<Option<Definition>> {
    let Some((base, profile)) = post.base().zip(post.profile()) else { return Ok(None) };
    let hooks = post.engine.state().setup.hooks.clone();
    let kept = hooks.event_hook(&post.account, &profile.workspace, event.as_str()).map_err(Hitch::Refused)?;
    Ok(Some(Definition::new(called, &format!("{base}{}", kept.path), event.clone())))
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
    hooks.keep_token(&post.account, word, path, (id, token)).map_err(Hitch::Refused)?;
    keep::write(&post.engine, &post.account, "hooks token", |page| {
        page.care.rotating.remove(id);
        let Some(mut own) = page.own(event)?.filter(|own| own.id == *id) else { return Ok(()) };
        own.token_at = Some(page.now());
        own.drift.retain(|drift| drift.field != SECRET);
        page.put(&own)
    })?;
    Ok(())
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
    let spent = post.spent();
    keep::write(&post.engine, &post.account, "hooks dropped", |page| {
        page.care.count = page.care.count.saturating_sub(1);
        page.step("delete", &format!("{id} is gone"), spent)
    })?;
    Ok(())
}

/// Deletes a webhook whose deliveries failed too often and makes it anew; what failed is read back before, because the
/// log goes with it.
pub async fn remake(post: &mut Post, id: &RemoteId, event: &Event, cause: Cause) -> Step<()> {
    post.reached().await?;
    let care = keep::care(&post.engine, &post.account)?;
    let was_read = care.read_back.contains(id);
    let hooks = keep::hooks(&post.engine.state().desk, &post.account)?;
    let old = hooks.into_iter().find(|hook| hook.ours && hook.id == *id);
    keep::write(&post.engine, &post.account, "hooks try", |page| {
        page.care.remade.insert(event.clone(), page.now());
        page.renew(if was_read { 3 } else { 4 })
    })?;
    if !was_read {
        read_back(post, id, event, cause).await?;
    }
    drop_hook(post, id, cause).await?;
    // A name that a person gave it stays, whatever was decided of it.
    let renamed = old.filter(|old| old.drift.iter().any(|drift| drift.field == NAME)).map(|old| old.name);
    make(post, event, renamed, cause).await
}

/// Takes in what could not be delivered, as if it came now.
pub async fn read_back(post: &Post, id: &RemoteId, event: &Event, cause: Cause) -> Step<()> {
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
            let spent = post.spent();
            keep::write(&post.engine, &post.account, "hooks log", |page| page.step("log", &why, spent))?;
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
    let spent = post.spent();
    keep::write(&post.engine, &post.account, "hooks log", |page| {
        page.care.recovered += taken;
        page.care.read_back.insert(id.clone());
        if let Some(mut own) = page.own(event)? {
            own.last_bad_at = own.last_bad_at.max(newest);
            page.put(&own)?;
        }
        page.step("log", &format!("{taken} failed deliveries of {} read back", event.short()), spent)
    })?;
    Ok(())
}

/// Everything that can be done now is done; `left` says that more waits for its turn.
pub fn settled(post: &Post, left: bool) -> Desked<()> {
    post.engine.state().calm(&format!("hooks:{}", post.account));
    let care = keep::care(&post.engine, &post.account)?;
    if !left && !care.unmended && care.incident.is_none() {
        return Ok(());
    }
    keep::write(&post.engine, &post.account, "hooks settled", |page| {
        let now = page.now();
        page.care.unmended = left;
        page.care.tries = Tries { next_at: None, ..page.care.tries.clone() };
        if page.care.remade.values().all(|at| now - *at > INSISTS) {
            page.care.tries = Tries::default();
        }
        if left || page.care.proving.is_some() || page.care.incident.is_none() {
            return Ok(());
        }
        page.step("confirm", "nothing is left to mend", 0)?;
        page.close()
    })
}

/// A failed try: the next one comes later each time, and after five a person is called.
pub fn failed(post: &Post, reason: &str) -> Desked<()> {
    let spent = post.spent();
    let care = keep::write(&post.engine, &post.account, "hooks failed", |page| {
        let now = page.now();
        page.care.tries.fail(now);
        page.care.unmended = true;
        page.step("failed", reason, spent)?;
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
