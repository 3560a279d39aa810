//! A person's wishes about the webhooks of a target. The decision is durable before the service hears of it.

use chrono::{DateTime, Utc};

use super::keep;
use super::{Hitch, Post, Step, check, decide, mend};
use crate::control::command::Reshape;
use crate::domain::clockify_hook::State;
use crate::domain::guard::Tries;
use crate::domain::hook_drift::is_away;
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::target_hook::{LOG_LINES, TargetHook, Told};
use crate::engine::Engine;
use crate::engine::desk::Desked;
use crate::engine::guard_wish::{Asked, GuardWish};
use crate::engine::hitch;
use crate::services::clockify::Attempts;

/// Attempts read in one request.
const PAGE: u32 = 50;

/// Does what is wanted and answers.
pub async fn serve(post: &mut Post, wish: GuardWish, managed: bool) -> Desked<()> {
    let done = act(post, &wish, managed).await;
    let zone = Engine::shown_zone(&post.engine.state());
    let clock = |at: DateTime<Utc>| at.with_timezone(&zone).format("%H:%M").to_string();
    let reply = hitch::reply(done, "webhook", clock)?;
    // Who asked may be gone.
    let _ = wish.answer.send(reply);
    Ok(())
}

async fn act(post: &mut Post, wish: &GuardWish, managed: bool) -> Step<String> {
    if let Asked::Reshape(Reshape::Create) = wish.what {
        return create(post, managed).await;
    }
    let id = &wish.subscription.id;
    let hooks = keep::hooks(&post.engine.state().desk, &post.account)?;
    let Some(hook) = hooks.into_iter().find(|hook| hook.id == *id) else { return Err(Hitch::Missing) };
    if wish.what == Asked::Log {
        return log(post, hook).await;
    }
    if !hook.ours {
        return refuse("it delivers elsewhere and is not ours; it is left alone");
    }
    match &wish.what {
        Asked::Enable => remake(post, &hook).await,
        Asked::Reshape(Reshape::Restore) => decide::restore(post, &hook).await,
        Asked::Reshape(Reshape::Adopt) => decide::adopt(post, &hook).await,
        Asked::Reshape(Reshape::Delete) => delete(post, &hook).await,
        Asked::Reshape(Reshape::Rotate) => {
            let token = check::rotate(post, id, Cause::Person).await?;
            mend::believe(post, id, &hook.event, None, token)?;
            Ok("a new token is kept; the old one is taken ten minutes more".into())
        }
        Asked::Disable => refuse("no call of Clockify switches a webhook off; delete it, and it stays so"),
        Asked::Test => refuse("Clockify has no ping; a delivery comes with the next change"),
        Asked::Validate => refuse("Clockify knows no handshake; a webhook delivers at once"),
        Asked::Reshape(_) => refuse("a webhook of Clockify tells one event under the name it was given here"),
        Asked::Take | Asked::Log => refuse("this is not for a webhook of Clockify"),
    }
}

fn refuse<T>(why: &str) -> Step<T> {
    Err(Hitch::Refused(why.into()))
}

/// Deletes it and makes it anew, whatever switched it off.
async fn remake(post: &mut Post, hook: &TargetHook) -> Step<String> {
    if is_away(&hook.drift) {
        return refuse("somebody changed it in the web page; < restores ours, > takes theirs");
    }
    wanted(post, hook, true)?;
    if !hook.flags.plan {
        return refuse("the plan has no room for it; delete another one of ours first, or upgrade");
    }
    mend::remake(post, &hook.id, &hook.event, Cause::Person).await?;
    let hooks = keep::hooks(&post.engine.state().desk, &post.account)?;
    let broken = |other: &TargetHook| {
        other.ours && other.event != hook.event && other.flags.state() == State::DisabledByFailures
    };
    mend::settled(post, hooks.iter().any(broken))?;
    Ok(format!("deleted and made anew: {} is told again", hook.event))
}

async fn delete(post: &mut Post, hook: &TargetHook) -> Step<String> {
    wanted(post, hook, false)?;
    mend::drop_hook(post, &hook.id, Cause::Person).await?;
    keep::write(&post.engine, &post.account, "hooks unwanted", |page| {
        page.forget(hook);
        Ok(())
    })?;
    Ok(format!("deleted, and kept so until a key makes it: {} is not told any more", hook.event))
}

fn wanted(post: &Post, hook: &TargetHook, is: bool) -> Desked<()> {
    keep::write(&post.engine, &post.account, "hooks wanted", |page| {
        let event = hook.event.clone();
        page.care.tries = Tries::default();
        let what = if is { "wants" } else { "does not want" };
        page.say("info", format!("a person {what} the webhook for {event}"))?;
        if is {
            page.care.unwanted.remove(&event);
        } else {
            page.care.unwanted.insert(event);
        }
        Ok(())
    })
}

/// Makes all that are missing and that the plan has room for.
async fn create(post: &mut Post, managed: bool) -> Step<String> {
    if !managed {
        return refuse("webhooks need receiver.public_url and webhook = \"managed\"");
    }
    keep::write(&post.engine, &post.account, "hooks wanted", |page| {
        page.care.tries = Tries::default();
        page.care.unwanted.clear();
        page.say("info", "a person wants the webhooks that the plan has room for")
    })?;
    let before = own(post)?;
    check::check(post, Cause::Person).await?;
    match own(post)?.saturating_sub(before) {
        0 => refuse("there is no room for another one, or nothing is missing"),
        1 => Ok("1 webhook made".into()),
        made => Ok(format!("{made} webhooks made")),
    }
}

fn own(post: &Post) -> Desked<usize> {
    let hooks = keep::hooks(&post.engine.state().desk, &post.account)?;
    Ok(hooks.iter().filter(|hook| hook.ours).count())
}

/// What the service remembers of seven days.
async fn log(post: &mut Post, hook: TargetHook) -> Step<String> {
    let (now, id): (_, RemoteId) = (post.now(), hook.id.clone());
    let page = post
        .ask(Cause::Person, |c| async move {
            c.webhook_logs(&id, (now - chrono::TimeDelta::days(7), now), Attempts::All, 0, PAGE).await
        })
        .await?;
    let good = |code: Option<i64>| code.is_some_and(|code| (200..300).contains(&code));
    let bad = page.rows.iter().filter(|row| !good(row.status_code)).count();
    let lines = page.rows.iter().take(LOG_LINES).filter_map(|row| {
        let answer = row.status_code.map_or_else(|| "no answer".to_owned(), |code| format!("HTTP {code}"));
        Some((row.responded_at?, answer))
    });
    let told = Told {
        at: now,
        good: u32::try_from(page.rows.len() - bad).unwrap_or(u32::MAX),
        bad: u32::try_from(bad).unwrap_or(u32::MAX),
        more: !page.last,
        lines: lines.collect(),
    };
    let newest_bad =
        page.rows.iter().filter(|row| !good(row.status_code)).filter_map(|row| row.responded_at).max();
    let say = told.say();
    keep::write(&post.engine, &post.account, "hooks log", |page| {
        let last_bad_at = hook.last_bad_at.max(newest_bad);
        page.put(&TargetHook { log: Some(told), last_bad_at, ..hook })
    })?;
    Ok(say)
}
