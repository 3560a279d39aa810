//! What was made anew is well only when it is shown to be: a delivery came, which costs nothing, or the list tells that it
//! is on after it had time to fail. Until then its incident is open.

use chrono::TimeDelta;

use super::keep::{self, Page, Proving};
use super::{ECHO, Post};
use crate::domain::clockify_hook::{Event, State};
use crate::engine::desk::Desked;
use crate::services::clockify::Webhooks;

/// Where nothing is to be delivered, the list is asked after this.
const SOON: TimeDelta = TimeDelta::seconds(30);

/// Ends the incident when a delivery has shown that the webhook is on; answers whether it did.
pub fn by_delivery(post: &Post, proving: &Proving) -> Desked<bool> {
    let hooks = keep::hooks(&post.engine.state().desk, &post.account)?;
    let own = hooks.into_iter().find(|hook| hook.ours && hook.id == proving.id);
    if !own.and_then(|own| own.last_delivery_at).is_some_and(|at| at > proving.since) {
        return Ok(false);
    }
    keep::write(&post.engine, &post.account, "hooks proved", |page| {
        page.step("deliver", "a delivery came through it", 0)?;
        proved(page)
    })?;
    Ok(true)
}

/// Whether the list is to show it now: at once where nothing was to be delivered since it was made, else when our own
/// write would have echoed.
pub fn is_due(post: &Post) -> Desked<bool> {
    let Some(proving) = keep::care(&post.engine, &post.account)?.proving else { return Ok(false) };
    let grew = post.engine.state().counts.confirmed > proving.confirmed;
    let echoes = matches!(proving.event, Event::EntryCreated | Event::EntryUpdated | Event::EntryDeleted);
    let wait = if grew && echoes { ECHO } else { SOON };
    Ok(post.now() >= proving.since + wait)
}

/// What a list shows of it.
pub fn by_list(page: &mut Page<'_, '_>, listed: &Webhooks, due: bool, spent: u32) -> Desked<()> {
    let Some(proving) = page.care.proving.clone() else { return Ok(()) };
    let there = listed.rows.iter().find(|hook| hook.id == proving.id);
    match there.map(|hook| hook.flags().state()) {
        Some(State::Active) if !due => return Ok(()),
        Some(State::Active) => {
            page.step("confirm", "listed as on", spent)?;
            return proved(page);
        }
        Some(State::DisabledByFailures) => page.step("confirm", "off again: its deliveries fail", spent)?,
        Some(state) => page.step("confirm", state.as_str(), spent)?,
        None => page.step("confirm", "not listed any more", spent)?,
    }
    page.care.proving = None;
    page.close()
}

fn proved(page: &mut Page<'_, '_>) -> Desked<()> {
    page.care.proving = None;
    page.care.tries.next_at = None;
    page.close()
}
