//! Decisions about one bond: trying again, and which side of a conflict wins.

use chrono::{DateTime, Utc};

use crate::cache::rows;
use crate::control::command::{Price, Reply};
use crate::domain::echo;
use crate::domain::id::{Account, Key};
use crate::domain::link::{Link, Op, Trouble};
use crate::domain::order::EntryRow;
use crate::engine::Shared;
use crate::engine::apply::{Batch, bind_one};
use crate::engine::call::bucket_of;
use crate::engine::desk::{Desked, Draft};
use crate::engine::state::State;
use crate::services::http::Charge;

use super::undo::{self, Back};
use super::{Answered, Asker, Refusal, because, known_target};

fn find(state: &State, target: &Account, source: &Key) -> Result<(Link, EntryRow), Refusal> {
    known_target(state, target)?;
    let link = state.desk.link(target, source)?;
    let row: Option<EntryRow> = state.desk.get(&rows::entry(source))?;
    match link.zip(row) {
        Some(found) => Ok(found),
        None => because(format!("entry {source} is not known towards {target}; reload the list")),
    }
}

fn name(row: &EntryRow, key: &Key) -> String {
    let text = row.entry.as_ref().map(|e| e.description.clone()).filter(|d| !d.is_empty());
    text.unwrap_or_else(|| format!("entry {}", key.id))
}

/// Sends a failed item again.
pub fn retry(engine: &Shared, target: &Account, source: &Key) -> Answered {
    let mut state = engine.state();
    let (mut link, row) = find(&state, target, source)?;
    let name = name(&row, source);
    if !matches!(link.trouble, Some(Trouble::Failed(_) | Trouble::Dropped)) {
        return because(format!("{name} has not failed: it is {}", link.word(false)));
    }
    link.trouble = None;
    if let Some(running) = state.running.get_mut(target) {
        running.lacking.clear();
    }
    state.write("retry", |state, draft| {
        draft.put_link(target, source, link)?;
        // The mapping or the catalogue may be why it failed: it goes by what holds now.
        bind_one(state, draft, &mut Batch::default(), target, source, &row)?;
        draft.say("sync", "info", format!("{name} · tried again by a person"), Some(source))
    })?;
    drop(state);
    engine.touch_work();
    Ok(Reply::Done { say: format!("{name} is sent to {target} again") })
}

/// Decides a conflict: what is wished here is sent, or what is there stays.
pub fn resolve(
    engine: &Shared,
    asker: &Asker<'_>,
    (target, source): (&Account, &Key),
    ours_wins: bool,
    dry: bool,
) -> Answered {
    let now = engine.seams.now();
    let mut state = engine.state();
    let (before, row) = find(&state, target, source)?;
    let name = name(&row, source);
    let mut link = before.clone();
    if !echo::decide(&mut link, ours_wins) {
        return because(format!("{name} is no conflict: it is {}", link.word(false)));
    }
    if dry {
        return Ok(Reply::Price(price(&state, target, &name, &link, ours_wins, now)));
    }
    let gone = echo::is_gone(&before);
    let say = match (ours_wins, gone) {
        (true, false) => format!("{name} is sent to {target} as it is in Toggl"),
        (true, true) => format!("{name} is made in {target} again"),
        (false, false) => format!("{name} stays in {target} as it is there"),
        (false, true) => format!("{name} stays deleted in {target}"),
    };
    state.write("resolve", |_, draft| {
        draft.put_link(target, source, link.clone())?;
        let left = draft.link(target, source)?.unwrap_or(link);
        let back = Back::Decided {
            target: target.clone(),
            source: source.clone(),
            before: Box::new(before),
            left: Box::new(left),
        };
        undo::keep(draft, asker.by, &format!("conflict decided: {say}"), back)?;
        draft.say("sync", "info", format!("conflict decided: {say}"), Some(source))
    })?;
    drop(state);
    engine.touch_work();
    Ok(Reply::Done { say: format!("{say} · u undoes") })
}

fn price(
    state: &State,
    target: &Account,
    name: &str,
    link: &Link,
    ours_wins: bool,
    now: DateTime<Utc>,
) -> Price {
    let bucket = bucket_of(state, target, Charge::Workspace);
    let left = bucket.and_then(|bucket| state.meters.seen(target, &bucket, now)?.remaining());
    let next = link.difference().filter(|_| ours_wins);
    let say = match &next {
        Some((op, _)) => format!("{} {name} in {target}: ours wins", op.as_str()),
        None if ours_wins => format!("{name} waits in Toggl; ours wins when it is sent"),
        None => format!("{name} stays in {target} as it is there"),
    };
    let creates = u32::from(matches!(next, Some((Op::Create, _))));
    let requests = u32::from(next.is_some());
    Price { creates, moves: requests - creates, requests, left, say }
}

/// Takes a decision back: the conflict stands again, or what was theirs is sent back where ours was sent already.
pub fn undecide(
    draft: &mut Draft<'_>,
    target: &Account,
    source: &Key,
    before: &Link,
    left: &Link,
) -> Desked<Result<&'static str, String>> {
    let Some(link) = draft.link(target, source)? else {
        return Ok(Err("the entry is not known any more".into()));
    };
    if echo::is_undecided_as(&link, left) {
        draft.put_link(target, source, before.clone())?;
        return Ok(Ok("the conflict stands again"));
    }
    match echo::give_back(&link, before) {
        Some(back) => {
            draft.put_link(target, source, back)?;
            Ok(Ok("theirs is sent back"))
        }
        None => Ok(Err("it has changed since; change it by hand".into())),
    }
}
