//! Who sends where two instances look after one account. Receiving goes on always.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::control::snapshot::{ANOTHER, HoldLine};
use crate::domain::brake::Weight;
use crate::domain::guard_election::{Elected, Standing, elect, take_of, taking};
use crate::domain::id::Account;
use crate::domain::quota::Cause;

use super::list::{self, Listing};
use super::{Hitch, Post, Step, Why, care, make};
use crate::engine::Shared;
use crate::engine::desk::Desked;
use crate::engine::state::{LOOKING, State};
use crate::engine::survey;

/// Who was the sender this long ago may not be it any more.
const STALE: TimeDelta = TimeDelta::minutes(10);
/// Without an answer from the service, sending waits no longer than this after a start.
const WAIT: TimeDelta = TimeDelta::minutes(2);
/// A subscription that was just made is looked for again after this, so often.
const SHOWN_AFTER: TimeDelta = TimeDelta::seconds(2);
const SHOWN_WITHIN: usize = 2;

fn hold_id(account: &Account) -> String {
    format!("other:{account}")
}

fn sender_key(account: &Account) -> Vec<u8> {
    rows::meta(&format!("sender:{account}"))
}

/// Sending waits for the first list, unless we were the sender a moment ago.
pub fn hold_at_start(post: &Post) -> Desked<()> {
    let now = post.now();
    let state = post.engine.state();
    let standing: Option<Standing> = state.desk.get(&sender_key(&post.account))?;
    let alive: Option<DateTime<Utc>> = state.desk.get(&rows::meta(&format!("alive:{}", post.account)))?;
    drop(state);
    let fresh = alive.is_some_and(|at| now - at < STALE);
    if standing.is_some_and(|s| s.marked && fresh) {
        return Ok(());
    }
    look(post)
}

/// After a standstill another instance may have become the sender, as after a start.
pub fn hold_after(post: &mut Post, stood: TimeDelta) -> Desked<()> {
    let standing: Option<Standing> = post.engine.state().desk.get(&sender_key(&post.account))?;
    if stood < STALE || standing.is_some_and(|s| s.held_by.is_some() || s.sends_at.is_some()) {
        return Ok(());
    }
    (post.checked, post.looks_from) = (false, post.now());
    look(post)
}

fn look(post: &Post) -> Desked<()> {
    let say = format!("{}: looking whether another instance sends already", post.account);
    hold(&post.engine, &post.account, Some((LOOKING, say)))
}

/// The first list did not come: what is known from before holds.
pub fn release_in_time(post: &Post) -> Desked<()> {
    let decided = post.checked && !post.undecided;
    if decided || post.now() < post.looks_from + WAIT {
        return Ok(());
    }
    release(post)
}

/// Sending goes on, unless another instance was seen.
pub fn release(post: &Post) -> Desked<()> {
    let standing: Option<Standing> = post.engine.state().desk.get(&sender_key(&post.account))?;
    if standing.is_some_and(|s| s.held_by.is_some() || s.sends_at.is_some()) {
        return Ok(());
    }
    hold(&post.engine, &post.account, None)
}

/// Before our own subscription is made: whether only a list after it can say who sends. Until then sending waits where
/// it waits already.
pub fn claim(post: &mut Post, listing: &Listing) -> Desked<bool> {
    let key = sender_key(&post.account);
    let (before, instance) = {
        let state = post.engine.state();
        (state.desk.get::<Standing>(&key)?.unwrap_or_default(), state.setup.instance.clone())
    };
    // One that is only going to be ours has no name yet by which others know it.
    let own = listing.seat.as_ref().filter(|seat| seat.description.starts_with(&instance));
    let Some(standing) = before.claiming(own, &listing.others, post.now()) else { return Ok(false) };
    care::write(&post.engine, &post.account, "guard claim", |page| page.draft().put(key, &standing))?;
    (post.undecided, post.in_doubt) = (true, false);
    Ok(true)
}

/// Elects by a list that is read after our own subscription was made. What was made before ours is in a list that
/// shows ours, and whoever makes one later finds ours.
pub async fn decide(post: &mut Post, cause: Cause) -> Step<()> {
    let mut listing = list::list(post, Why::Mend).await?;
    for _ in 0..SHOWN_WITHIN {
        let hidden = post.in_doubt && listing.seat.is_none();
        if !hidden && !listing.forming {
            break;
        }
        post.engine.seams.sleep_until(post.now() + SHOWN_AFTER).await;
        listing = list::list(post, Why::Mend).await?;
    }
    // It may come still: the next check looks, and at the end the wait has an end.
    if post.in_doubt && listing.seat.is_none() {
        return Ok(());
    }
    apply(post, &listing, cause).await
}

/// Elects by a list and makes it hold.
pub async fn apply(post: &mut Post, listing: &Listing, cause: Cause) -> Step<()> {
    post.undecided = false;
    let elected = enter(post, listing)?;
    if !elected.publish {
        return Ok(());
    }
    let Some(own) = care::own(&post.engine, &post.account)? else { return Ok(()) };
    let mut seats = listing.others.clone();
    seats.extend(listing.seat.clone());
    let name = taking(take_of(&own.description).0, &seats);
    match make::rename(post, &own, &name, cause).await {
        Ok(()) | Err(Hitch::Refused(_) | Hitch::Unclear(_) | Hitch::Later(..)) => Ok(()),
        Err(hitch) => Err(hitch),
    }
}

fn enter(post: &Post, listing: &Listing) -> Desked<Elected> {
    let account = &post.account;
    let before: Standing = post.engine.state().desk.get(&sender_key(account))?.unwrap_or_default();
    let elected = elect(&before, listing.seat.as_ref(), &listing.others, post.now());
    if elected.standing != before {
        care::write(&post.engine, account, "guard sender", |page| {
            match &elected.standing.held_by {
                Some(other) if before.held_by.is_none() => {
                    page.say("warn", format!("{other} looks after this workspace too: sending holds here"))?;
                }
                None if before.held_by.is_some() => page.say("info", "sending goes on here")?,
                _ => {}
            }
            page.draft().put(sender_key(account), &elected.standing)
        })?;
    }
    if before.held_by.is_some() && elected.standing.held_by.is_none() {
        survey::forget(&mut post.engine.state())?;
    }
    let why = match (&elected.standing.held_by, elected.standing.sends_at) {
        (Some(other), _) => {
            Some((ANOTHER, format!("{account}: {other} has a live subscription in this workspace and sends")))
        }
        (None, Some(at)) => Some((ANOTHER, waits(post, at))),
        (None, None) => None,
    };
    hold(&post.engine, account, why)?;
    let id = format!("beside:{account}");
    let mut state = post.engine.state();
    match &elected.beside {
        Some(other) => {
            let say = format!("{account}: {other} is a second engine on this workspace; it holds, stop it");
            state.alert(&id, post.engine.seams.now(), 3, say);
        }
        None => state.calm(&id),
    }
    Ok(elected)
}

/// What is said while the one before may still send.
fn waits(post: &Post, at: DateTime<Utc>) -> String {
    let at = post.clock(at);
    format!(
        "{}: taken; this engine sends from {at}, when the other has looked, or at once after :take",
        post.account
    )
}

/// A take-over that waited long enough comes into force. Answers when that is.
pub fn release_taken(post: &Post) -> Desked<Option<DateTime<Utc>>> {
    let standing: Option<Standing> = post.engine.state().desk.get(&sender_key(&post.account))?;
    let Some((standing, at)) = standing.and_then(|s| s.sends_at.map(|at| (s, at))) else { return Ok(None) };
    if post.now() < at {
        return Ok(Some(at));
    }
    care::write(&post.engine, &post.account, "guard sender", |page| {
        let standing = Standing { sends_at: None, ..standing };
        page.draft().put(sender_key(&post.account), &standing)?;
        page.say("info", "sending goes on here")
    })?;
    survey::forget(&mut post.engine.state())?;
    hold(&post.engine, &post.account, None)?;
    Ok(None)
}

/// Holds sending, or lets it go on.
fn hold(engine: &Shared, account: &Account, why: Option<(&str, String)>) -> Desked<()> {
    let id = hold_id(account);
    let mut state = engine.state();
    let now = engine.seams.now();
    let old = state.holds.iter().find(|h| h.id == id).cloned();
    if old.as_ref().map(|h| (h.reason.as_str(), &h.say)) == why.as_ref().map(|(r, say)| (*r, say)) {
        return Ok(());
    }
    let mut holds = state.holds.clone();
    holds.retain(|h| h.id != id);
    if let Some((reason, say)) = why {
        holds.push(HoldLine {
            id,
            target: None,
            since: old.map_or(now, |h| h.since),
            reason: reason.into(),
            entries: 0,
            say,
            rows: Vec::new(),
            weight: Weight::default(),
        });
    }
    state.desk.write("guard hold", |draft| State::put_holds(&holds, draft))?;
    state.holds = holds;
    drop(state);
    engine.touch_work();
    Ok(())
}

/// Takes sending over, by a person's wish.
pub async fn take_over(post: &mut Post) -> Step<String> {
    let listing = list::list(post, Why::Mend).await?;
    let own = care::own(&post.engine, &post.account)?;
    let mut seats = listing.others.clone();
    seats.extend(listing.seat.clone());
    let visible = match (&own, &listing.seat) {
        (Some(own), Some(_)) => {
            let name = taking(take_of(&own.description).0, &seats);
            make::rename(post, own, &name, Cause::Person).await?;
            true
        }
        _ => false,
    };
    let before: Standing = post.engine.state().desk.get(&sender_key(&post.account))?.unwrap_or_default();
    let beside = listing.others.iter().any(|other| other.live);
    // The other one may look more seldom than this one is set to.
    let looks_every = post
        .profile()
        .map_or(TimeDelta::zero(), |profile| post.interval(&profile).max(TimeDelta::minutes(5)));
    let standing = Standing::taken(&before, visible, beside, post.now(), looks_every);
    care::write(&post.engine, &post.account, "guard sender", |page| {
        page.draft().put(sender_key(&post.account), &standing)?;
        page.say("info", "a person made this engine the sender")
    })?;
    survey::forget(&mut post.engine.state())?;
    if let Some(at) = standing.sends_at {
        let say = waits(post, at);
        hold(&post.engine, &post.account, Some((ANOTHER, say.clone())))?;
        return Ok(say);
    }
    hold(&post.engine, &post.account, None)?;
    Ok(if visible {
        "this engine sends; the others hold as soon as they look".into()
    } else {
        "this engine sends; it has no subscription that others could see: stop the other engine".into()
    })
}
