//! Deliveries of targets: what somebody changed there. They are told apart from our own echoes; what is left puts the bond
//! in doubt, and a read by the dispatcher settles it. A delivery itself changes no entry.

use crate::cache::rows;
use crate::domain::clockify_hook::{Event, News, Subject};
use crate::domain::delivery::Delivered;
use crate::domain::echo::{self, Doubt, Heard, Last};
use crate::domain::id::{Account, RemoteId};
use crate::domain::policy::SEEN;
use crate::domain::read::TargetRead;
use crate::domain::target_hook::TargetHook;
use crate::journal::Stored;
use crate::services::clockify::delivery;

use super::desk::{Desked, Draft};
use super::intake::{Told, bury};
use super::lookup::named;
use super::seams::Rules;
use super::state::State;
use super::words::called;

/// This header marks a delivery that was read back from the service's log.
pub const FROM_LOG: &str = "hourwire-from";

/// The target account and the event of a hook's label; `None` for the hook of a source.
pub fn target_of(state: &State, label: &str) -> Option<(Account, String)> {
    let (account, event) = label.split_once('/')?;
    let target = state.setup.targets.iter().find(|t| t.account.as_str() == account)?;
    Some((target.account.clone(), event.to_owned()))
}

/// Takes a delivery of a target.
pub fn take(
    state: &State,
    rules: Rules,
    draft: &mut Draft<'_>,
    told: &mut Told,
    (stored, delivered): (&Stored, &Delivered),
    (account, event): (&Account, &str),
) -> Desked<()> {
    let body = &delivered.body;
    let news = match delivery::parse(event, body) {
        Ok(news) => news,
        Err(e) => return bury(draft, told, stored, &e.to_string(), body),
    };
    let ours = state.setup.targets.iter().find(|t| t.account == *account).map(|t| &t.workspace);
    if news.workspace.as_ref().is_some_and(|theirs| Some(theirs) != ours) {
        return bury(draft, told, stored, "it is about another workspace than this address", body);
    }
    // A delivery that is applied again came before.
    if rules.dedup {
        if !delivered.headers.iter().any(|(name, _)| name == FROM_LOG) {
            note_hook(draft, account, event)?;
        }
        if is_copy(draft, account, &news)? {
            told.duplicates += 1;
            return Ok(());
        }
    }
    told.applied += 1;
    match &news.subject {
        Subject::Entry { id, read } => {
            let deleted = news.event == Event::EntryDeleted;
            entry(state, draft, told, account, id, read.as_ref().filter(|_| !deleted), deleted)
        }
        Subject::Item { .. } | Subject::Other { .. } => {
            told.unlinked += 1;
            Ok(())
        }
    }
}

/// Counts a delivery in the row of its webhook.
fn note_hook(draft: &mut Draft<'_>, account: &Account, event: &str) -> Desked<()> {
    let key = rows::hook(account, event);
    let Some(mut hook) = draft.get::<TargetHook>(&key)? else { return Ok(()) };
    hook.delivered(draft.now);
    draft.put(key, &hook)
}

/// Whether the newest delivery about the entity told the same; the newest is remembered.
fn is_copy(draft: &mut Draft<'_>, account: &Account, news: &News) -> Desked<bool> {
    let (Subject::Entry { id, .. } | Subject::Item { id, .. }) = &news.subject else { return Ok(false) };
    let key = rows::heard(account, id);
    let last: Option<Last> = draft.get(&key)?;
    let this = Last { event: news.event.clone(), digest: news.digest, at: draft.now };
    if last.is_some_and(|last| echo::is_copy(&last, &this)) {
        return Ok(true);
    }
    draft.put_for(key, &this, SEEN)?;
    Ok(false)
}

fn entry(
    state: &State,
    draft: &mut Draft<'_>,
    told: &mut Told,
    account: &Account,
    id: &RemoteId,
    read: Option<&TargetRead>,
    deleted: bool,
) -> Desked<()> {
    let source = draft.holder(account, id)?;
    let link = match &source {
        Some(source) => draft.link(account, source)?,
        None => None,
    };
    let ours = |link: &crate::domain::link::Link| link.there.as_ref().is_some_and(|there| there.id == *id);
    let Some((source, mut link)) = source.zip(link.filter(ours)) else {
        told.unlinked += 1;
        return Ok(());
    };
    let entry = read.map(|read| named(state, account, read));
    let heard = match (&entry, deleted) {
        // A body that tells nothing of the entry is settled by the read.
        (None, false) => Heard::Doubt,
        _ => echo::hear(&link, entry.as_ref()),
    };
    if heard != Heard::Doubt {
        told.echoes += 1;
        return Ok(());
    }
    let name = link.there.as_ref().map_or("", |there| there.entry.description.as_str());
    let what = if deleted { "deleted" } else { "changed" };
    let say = format!("{} was {what} in {account}: looking at it", called(name));
    draft.say("sync", "info", say, Some(&source))?;
    told.looks += 1;
    link.doubt = Some(Doubt { at: draft.now, told: entry });
    draft.put_link(account, &source, link)
}
