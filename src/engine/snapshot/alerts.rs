//! What needs a person, oldest first: what parts raised, and what follows from the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::control::incidents::of_subscription;
use crate::control::snapshot::{Alert, IncidentLine, Snapshot};
use crate::domain::catalogue::Kind;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::Link;
use crate::domain::order::EntryRow;
use crate::domain::route::{By, Routed};
use crate::domain::strain::{PLAN_WAY_OUT, Strain};
use crate::domain::text::{count as counted, requests};
use crate::domain::word::{Class, SyncWord};
use crate::engine::desk::Desked;
use crate::engine::intake::DeadLetter;
use crate::engine::state::State;
use crate::engine::views::search::project_of;

use super::{hook_alerts as hooks, plan_alert};

/// Alerts shown.
const MANY: usize = 50;
/// An incident that is over is told so long, until somebody reads of it.
const TOLD: TimeDelta = TimeDelta::hours(48);
/// Held bonds looked at for one that asks for a person.
const LOOKED: usize = 20;
/// Entries without a link whose projects are counted.
const PROJECTS: usize = 200;
/// The reason of an entry whose person is nobody in the target.
pub const NEEDS_OWNER: &str = "needs owner";
/// Some of them belong to no project, so that no row of the mapping stands for them.
const OF_NONE: &str = " and of none";
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
    alerts.extend(plan_alert::alerts(snapshot).into_iter().map(|alert| (alert, 0)));
    alerts.extend(dead(state)?);
    alerts.extend(hooks::drifted(snapshot).into_iter().map(|alert| (alert, 0)));
    alerts.extend(snapshot.incidents.iter().filter_map(hooks::open).map(|alert| (alert, 1)));
    alerts.extend(snapshot.incidents.iter().filter_map(|line| over(snapshot, line)).map(|a| (a, 1)));
    Ok(alerts)
}

/// An incident that is over and that nobody has read of.
fn over(snapshot: &Snapshot, line: &IncidentLine) -> Option<Alert> {
    let end = line.closed_at.filter(|end| snapshot.now - *end < TOLD)?;
    // What a person did or decided is no news to anybody.
    let last = line.timeline.last().map_or("", |step| step.what.as_str());
    let healed = last == "gap-fill" || hooks::is_proof(line, last);
    let what = of_subscription(&line.kind).or(hooks::what(line));
    let what = what.filter(|what| healed || *what == "silent")?;
    let (from, to) = (snapshot.clock(line.from()), snapshot.clock(end));
    let gap = match last {
        "gap-fill" => format!("{} recovered, 0 missing", line.recovered),
        _ if healed => format!("{} read back", line.recovered),
        _ => "over".into(),
    };
    let say = format!("{from}–{to} {what}: {} · {gap} · {}", line.cause, requests(line.requests));
    Some(Alert { id: format!("incident:{}", line.id), since: end, say, pane: 3 })
}

fn of_class(state: &State, target: &Account, class: Class) -> Desked<Option<(Alert, u32)>> {
    let tally = state.desk.tally.get(target).copied().unwrap_or_default();
    let count = u32::try_from(tally[class as usize]).unwrap_or(0);
    let Some((first, link)) = longest(state, target, class)? else { return Ok(None) };
    let (name, project) = names(state, &first)?;
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    let say = match link.word(false) {
        SyncWord::Held(_) => format!(
            "{name}{more} held for {target}: nobody there is its owner; link the user in mapping.toml"
        ),
        SyncWord::Unmapped if leads_to(&link).is_some() => {
            let entries = counted(count, "entry waits", "entries wait");
            format!("{entries} for {target}: {}", nowhere(state, target, &link))
        }
        SyncWord::Unmapped if project.is_empty() && projects(state, target)?.is_none() => {
            let (entries, them) = if count == 1 {
                ("1 entry without project waits".to_owned(), "it")
            } else {
                (format!("{count} entries without project wait"), "them")
            };
            let say = format!(
                "{entries} for {target}: give {them} a project in Toggl, or set [fallback] in mapping.toml"
            );
            let id = format!("{}:{target}", class.name());
            // No row of the mapping stands for them: they are found where the open work is.
            return Ok(Some((Alert { id, since: link.since, say, pane: 5 }, count)));
        }
        SyncWord::Unmapped => {
            let entries = counted(count, "entry waits", "entries wait");
            match projects(state, target)? {
                Some(many) => {
                    let none =
                        if many.ends_with(OF_NONE) { "; give those of none a project in Toggl" } else { "" };
                    format!(
                        "{count} entries of {many} wait for a link to {target}; link or leave out projects here{none}, or \
                         set [fallback] in mapping.toml"
                    )
                }
                None => format!(
                    "{entries} for a link to {target} ({project}); link it, leave it out, or set [fallback] in \
                     mapping.toml"
                ),
            }
        }
        SyncWord::Conflict => format!("{name}{more}: the target has it otherwise; decide in Sync"),
        SyncWord::Failed(why) if Strain::Plan.is_reason(&why) => {
            format!("{name}{more} refused by {target}: {why}; {PLAN_WAY_OUT}")
        }
        SyncWord::Failed(why) => format!("{name}{more} refused by {target}: {why}; mend it and retry"),
        _ => return Ok(None),
    };
    let pane = if class == Class::Unmapped { 2 } else { 5 };
    let id = format!("{}:{target}", class.name());
    Ok(Some((Alert { id, since: link.since, say, pane }, count)))
}

/// The project that a bond without a link leads to all the same: its target has it no more.
fn leads_to(link: &Link) -> Option<(&RemoteId, Option<&By>)> {
    let route = link.route.as_ref()?;
    match &route.to {
        Routed::To(project) => Some((project, route.by.as_ref())),
        _ => None,
    }
}

/// What leads to a project that is gone, and what to do about it.
pub fn nowhere(state: &State, target: &Account, link: &Link) -> String {
    let Some((project, by)) = leads_to(link) else { return String::new() };
    let name = state.item(target, Kind::Project, project).map_or(project.as_str(), |item| item.name.as_str());
    match by {
        Some(By::Fallback) => {
            format!(
                "the fallback \"{name}\" is gone there; name another one in mapping.toml, or link their projects"
            )
        }
        Some(By::Rule(n)) => {
            format!("rule {n} of mapping.toml leads to \"{name}\", which is gone there; name another project")
        }
        _ => format!("\"{name}\" is gone there; link its project anew, or leave it out"),
    }
}

/// The bond of a class that waits longest. What a person or a rule wanted held, and a mass change (one decision with
/// an alert of its own), asks for nobody.
fn longest(state: &State, target: &Account, class: Class) -> Desked<Option<(Key, Link)>> {
    for key in state.desk.named(rows::by_class(target, class), LOOKED)? {
        let Some(link) = state.desk.link(target, &key)? else { continue };
        let asks = match link.word(false) {
            SyncWord::Held(reason) => reason == NEEDS_OWNER,
            _ => true,
        };
        if asks {
            return Ok(Some((key, link)));
        }
    }
    Ok(None)
}

/// How many projects wait for a link: `11 projects`; nothing where all entries are of one.
fn projects(state: &State, target: &Account) -> Desked<Option<String>> {
    let keys = state.desk.named(rows::by_class(target, Class::Unmapped), PROJECTS + 1)?;
    let mut found = BTreeSet::new();
    for key in keys.iter().take(PROJECTS) {
        found.insert((key.account.clone(), project_of(state, key)?));
    }
    let without = found.iter().any(|(_, project)| project.is_none());
    let many = found.iter().filter(|(_, project)| project.is_some()).count();
    Ok(of_projects(many, without, keys.len() > PROJECTS))
}

fn of_projects(many: usize, without: bool, more: bool) -> Option<String> {
    let at_least = if more { "at least " } else { "" };
    let projects = if many == 1 { "project" } else { "projects" };
    let none = if without { OF_NONE } else { "" };
    (many > 1 || (many == 1 && without)).then(|| format!("{at_least}{many} {projects}{none}"))
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
    let many = counted(count, "delivery", "deliveries");
    let say = format!("{many} could not be used: {}; look at it and replay it", letter.reason);
    Ok(Some((Alert { id: "dead letters".into(), since: letter.at, say, pane: 3 }, count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_projects_are_counted_and_one_is_named() {
        assert_eq!(of_projects(11, false, false).as_deref(), Some("11 projects"));
        assert_eq!(of_projects(11, true, true).as_deref(), Some("at least 11 projects and of none"));
        assert_eq!(of_projects(1, true, false).as_deref(), Some("1 project and of none"));
        assert_eq!(of_projects(1, false, false), None);
        assert_eq!(of_projects(0, true, false), None);
    }
}
