//! The brake at work: what one cause would retire, delete or move too much of is held as one decision, whose figures
//! grow with every batch that joins it. What is heavy, and what it comes to, is `domain::brake`'s to say.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::control::snapshot::{HoldLine, MASS_CHANGE};
use crate::domain::brake::{self, Deletions, Weight};
use crate::domain::catalogue::Kind;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::{Link, Op, Trouble};
use crate::domain::order::EntryRow;
use crate::domain::word::Class;

use super::Engine;
use super::apply::Batch;
use super::desk::{Desked, Draft};
use super::state::State;

/// The first of the rows that a decision shows.
const ROWS: usize = 10;

/// The holds while a frame is staged.
pub struct Brake<'a> {
    /// Holds so far.
    pub holds: &'a mut Vec<HoldLine>,
    /// A fresh id.
    pub id: String,
}

/// Pulls the brake where one cause would retire, delete or move too much: all of it is held as one decision.
pub fn brake_batch(
    state: &State,
    brake: &mut Brake<'_>,
    draft: &mut Draft<'_>,
    batch: &Batch,
    source: &Account,
    announced: bool,
) -> Desked<()> {
    let policy = state.policy();
    let mut held: Vec<(Account, Key)> = Vec::new();
    let mut by = batch.by.clone();
    if !announced && brake::holds(batch.heavy.len(), policy.hold_changes) {
        held.clone_from(&batch.heavy);
    }
    if announced && !batch.deleted.is_empty() && policy.hold_deletions > 0 {
        let meta = rows::meta(&format!("deletions:{source}"));
        let mut deletions: Deletions = draft.get(&meta)?.unwrap_or_default();
        for key in &batch.deleted {
            deletions.note(key, batch.by.get(key), draft.now);
        }
        for (key, who) in deletions.over(policy.hold_deletions).into_iter().flatten() {
            held.extend(state.setup.targets.iter().map(|target| (target.account.clone(), key.clone())));
            by.extend(who.map(|who| (key, who)));
        }
        draft.put_for(meta, &deletions, TimeDelta::days(1))?;
    }
    if held.is_empty() { Ok(()) } else { hold_all(state, brake, draft, &held, &by) }
}

/// Holds these heavy changes as one decision; `by` tells who made them at the source, as far as it was told.
pub fn hold_all(
    state: &State,
    brake: &mut Brake<'_>,
    draft: &mut Draft<'_>,
    held: &[(Account, Key)],
    by: &BTreeMap<Key, RemoteId>,
) -> Desked<()> {
    // What is announced within the window joins the decision that is open.
    let open = brake
        .holds
        .iter()
        .position(|h| h.id.starts_with("mass") && draft.now - h.since < brake::DELETIONS_WITHIN);
    let mut hold = match open {
        Some(at) => brake.holds[at].clone(),
        None => HoldLine {
            id: brake.id.clone(),
            target: None,
            since: draft.now,
            reason: MASS_CHANGE.into(),
            entries: 0,
            say: String::new(),
            rows: Vec::new(),
            weight: Weight::default(),
        },
    };
    let before = hold.entries;
    for (target, key) in held {
        let Some(mut link) = draft.link(target, key)? else { continue };
        if link.trouble.is_some() || !brake::is_heavy(&link) {
            continue;
        }
        join(state, draft, &mut hold, (target, key), &link)?;
        if let Some(who) = by.get(key) {
            hold.weight.by.insert(named(state, &key.account, who));
        }
        link.trouble = Some(Trouble::Mass(hold.id.clone()));
        draft.put_link(target, key, link)?;
    }
    if hold.entries == before {
        return Ok(());
    }
    say(state, draft.now, &mut hold);
    draft.say("sync", "warn", format!("held: {}", hold.say), None)?;
    match open {
        Some(at) => brake.holds[at] = hold,
        None => brake.holds.push(hold),
    }
    State::put_holds(brake.holds, draft)
}

/// The bonds among which those are that a decision holds: those with a write or a look under way are listed by that.
pub fn candidates(state: &State) -> Desked<Vec<(Account, Key)>> {
    let mut bonds = Vec::new();
    for target in &state.setup.targets {
        for class in [Class::Held, Class::Open, Class::Doubtful] {
            let keys = state.desk.named(rows::by_class(&target.account, class), usize::MAX)?;
            bonds.extend(keys.into_iter().map(|key| (target.account.clone(), key)));
        }
    }
    Ok(bonds)
}

/// Makes a decision's figures anew from those of these bonds that it holds. Who made the change stays as it was told.
pub fn weigh(state: &State, draft: &Draft<'_>, hold: &mut HoldLine, bonds: &[(Account, Key)]) -> Desked<()> {
    hold.rows.clear();
    hold.weight = Weight { by: std::mem::take(&mut hold.weight.by), ..Weight::default() };
    hold.entries = 0;
    for (target, key) in bonds {
        let Some(link) = draft.link(target, key)? else { continue };
        if matches!(&link.trouble, Some(Trouble::Mass(id)) if *id == hold.id) {
            join(state, draft, hold, (target, key), &link)?;
        }
    }
    say(state, draft.now, hold);
    Ok(())
}

fn join(
    state: &State,
    draft: &Draft<'_>,
    hold: &mut HoldLine,
    (target, key): (&Account, &Key),
    link: &Link,
) -> Desked<()> {
    let row: Option<EntryRow> = draft.get(&rows::entry(key))?;
    hold.weight.add(target, link, row.as_ref().map(|row| row.deleted.unwrap_or(row.at)));
    hold.entries = hold.weight.entries();
    let who = row.as_ref().and_then(|row| row.entry.as_ref()).map(|entry| entry.user.clone());
    let who = match (&who, &link.there) {
        (Some(user), _) => named(state, &key.account, user),
        // Only its deletion was told: the target knows whose it is.
        (None, Some(there)) => named(state, target, &there.entry.user),
        (None, None) => String::new(),
    };
    if hold.rows.len() < ROWS {
        hold.rows.extend(line(state, draft.now, target, key, link, &who));
    }
    if !who.is_empty() {
        hold.weight.of.insert(who);
    }
    Ok(())
}

fn say(state: &State, now: DateTime<Utc>, hold: &mut HoldLine) {
    let zone = Engine::shown_zone(state);
    let clock = |at: DateTime<Utc>| {
        let (at, now) = (at.with_timezone(&zone), now.with_timezone(&zone));
        let form = if at.date_naive() == now.date_naive() { "%H:%M" } else { "%-d %b %H:%M" };
        at.format(form).to_string()
    };
    hold.say = hold.weight.say(clock);
}

/// One of its rows: `retire  12 May 09:10  0h45  Osprey shop · Product grid · Dana Moss`.
fn line(
    state: &State,
    now: DateTime<Utc>,
    target: &Account,
    key: &Key,
    link: &Link,
    who: &str,
) -> Option<String> {
    let (op, body) = link.difference()?;
    let there = &link.there.as_ref()?.entry;
    let project = |id: &Option<RemoteId>| {
        let id = id.as_ref()?;
        Some(state.item(target, Kind::Project, id).map_or_else(|| id.to_string(), |item| item.name.clone()))
    };
    let what = if op == Op::Update { "move" } else { op.as_str() };
    let start = there.start.with_timezone(&state.zone(&key.account));
    let day = start.format(if now - there.start < TimeDelta::days(300) { "%-d %b" } else { "%-d %b %Y" });
    let minutes = (there.stop - there.start).num_minutes();
    let from = project(&there.project).unwrap_or_else(|| "(no project)".into());
    let mut facts = vec![from];
    if op == Op::Update && there.project != body.project {
        facts[0].push_str(&format!(" → {}", project(&body.project).unwrap_or_default()));
    }
    facts.extend([there.description.clone(), who.to_owned()].into_iter().filter(|fact| !fact.is_empty()));
    if state.setup.targets.len() > 1 {
        facts.push(target.to_string());
    }
    let time = format!("{day} {}", start.format("%H:%M"));
    Some(format!("{what:<6}  {time:<12}  {}h{:02}  {}", minutes / 60, minutes % 60, facts.join(" · ")))
}

fn named(state: &State, account: &Account, user: &RemoteId) -> String {
    let name = state.user_name(account, user);
    if name.is_empty() { format!("user {user}") } else { name }
}
