//! What needs a person, oldest first: what parts raised, and what follows from the rows.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::control::snapshot::{Alert, Snapshot};
use crate::domain::id::{Account, Key};
use crate::domain::order::EntryRow;
use crate::domain::word::{Class, SyncWord};
use crate::engine::desk::Desked;
use crate::engine::intake::DeadLetter;
use crate::engine::state::State;

/// Alerts shown.
const MANY: usize = 50;
/// Dead letters looked at for the oldest one.
const LETTERS: usize = 1_000;

/// An alert that a person has read: hidden until more comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// When.
    pub at: DateTime<Utc>,
    /// How many things it was about.
    pub count: u32,
}

/// Alerts that a person has read, by id.
pub type Reads = BTreeMap<String, Read>;

/// The row of [`Reads`].
pub fn reads_key() -> Vec<u8> {
    rows::meta("alerts read")
}

/// The alerts that a person has not read.
pub fn lines(state: &State, snapshot: &Snapshot) -> Desked<Vec<Alert>> {
    let reads: Reads = state.desk.get(&reads_key())?.unwrap_or_default();
    let unread = |(alert, count): &(Alert, u32)| {
        reads.get(&alert.id).is_none_or(|read| *count > read.count || alert.since > read.at)
    };
    let mut alerts: Vec<Alert> =
        all(state, snapshot)?.into_iter().filter(unread).map(|(alert, _)| alert).collect();
    alerts.sort_by(|a, b| a.since.cmp(&b.since).then_with(|| a.id.cmp(&b.id)));
    alerts.truncate(MANY);
    Ok(alerts)
}

/// All alerts with how many things each is about.
pub fn all(state: &State, snapshot: &Snapshot) -> Desked<Vec<(Alert, u32)>> {
    let mut alerts: Vec<(Alert, u32)> = state.alerts.values().map(|a| (a.clone(), 0)).collect();
    for hold in snapshot.holds.iter().filter(|h| h.id.starts_with("mass")) {
        let say = format!("{}; send it or drop it", hold.say);
        alerts.push((Alert { id: hold.id.clone(), since: hold.since, say, pane: 5 }, hold.entries));
    }
    for target in &state.setup.targets {
        for class in [Class::Unmapped, Class::Conflict, Class::Failed, Class::Held] {
            alerts.extend(of_class(state, &target.account, class)?);
        }
    }
    alerts.extend(dead(state)?);
    Ok(alerts)
}

fn of_class(state: &State, target: &Account, class: Class) -> Desked<Option<(Alert, u32)>> {
    let tally = state.desk.tally.get(target).copied().unwrap_or_default();
    let count = u32::try_from(tally[class as usize]).unwrap_or(0);
    let Some(first) = state.desk.named(rows::by_class(target, class), 1)?.into_iter().next() else {
        return Ok(None);
    };
    let Some(link) = state.desk.link(target, &first)? else { return Ok(None) };
    let (name, project) = names(state, &first)?;
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    let say = match link.word(false) {
        // A mass change is one decision and has its own alert.
        SyncWord::Held(reason) if reason == "mass change" => return Ok(None),
        SyncWord::Held(reason) if reason == "needs owner" => format!(
            "{name}{more} held for {target}: nobody there is its owner; link the user in mapping.toml"
        ),
        // A person or a rule wanted it so.
        SyncWord::Held(_) => return Ok(None),
        SyncWord::Unmapped => {
            let entries = if count == 1 { "1 entry waits".into() } else { format!("{count} entries wait") };
            let of = if project.is_empty() { "entries without project".into() } else { project };
            format!("{entries} for a link to {target} ({of}); link it, leave it out, or set a fallback")
        }
        SyncWord::Conflict => format!("{name}{more} changed on both sides; decide in Sync"),
        SyncWord::Failed(why) => format!("{name}{more} refused by {target}: {why}; mend it and retry"),
        _ => return Ok(None),
    };
    let pane = if class == Class::Unmapped { 2 } else { 5 };
    let id = format!("{}:{target}", class.name());
    Ok(Some((Alert { id, since: link.since, say, pane }, count)))
}

fn names(state: &State, key: &Key) -> Desked<(String, String)> {
    let row: Option<EntryRow> = state.desk.get(&rows::entry(key))?;
    let Some(entry) = row.and_then(|r| r.entry) else {
        return Ok((format!("entry {}", key.id), String::new()));
    };
    let project = state.project_name(&key.account, &entry);
    let name = if entry.description.is_empty() { format!("entry {}", key.id) } else { entry.description };
    Ok((name, project))
}

fn dead(state: &State) -> Desked<Option<(Alert, u32)>> {
    let mut oldest: Option<DeadLetter> = None;
    let mut count = 0;
    state.desk.scan(rows::deads(), LETTERS, &mut |_, value| {
        count += 1;
        oldest = rows::decode(value).ok().or(oldest.take());
        ControlFlow::Continue(())
    })?;
    let Some(letter) = oldest else { return Ok(None) };
    let many = if count == 1 { "1 delivery".into() } else { format!("{count} deliveries") };
    let say = format!("{many} could not be used: {}; look at it and replay it", letter.reason);
    Ok(Some((Alert { id: "dead letters".into(), since: letter.at, say, pane: 3 }, count)))
}
