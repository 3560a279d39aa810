//! Everything about one entry, as label, value and why.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::cache::rows;
use crate::control::view::{DetailLine, Row};
use crate::domain::catalogue::Kind;
use crate::domain::entry::Entry;
use crate::domain::id::{Account, Key};
use crate::domain::link::{Link, Op, Trouble, Wish};
use crate::domain::order::{EntryRow, Stamp};
use crate::domain::route::{By, Route, Routed};
use crate::domain::strain::{PLAN_WAY_OUT, Strain};
use crate::domain::word::SyncWord;
use crate::engine::Engine;
use crate::engine::desk::Desked;
use crate::engine::snapshot::alerts::{NEEDS_OWNER, nowhere};
use crate::engine::state::State;
use crate::engine::words::Standing;

use super::sync::{next_at, op};
use super::{Ask, Rows, conflict};

/// The window; empty when the entry is not known.
pub fn rows(engine: &Engine, state: &mut State, ask: &Ask, key: &Key) -> Desked<Rows> {
    let row: Option<EntryRow> = state.desk.get(&rows::entry(key))?;
    let Some(row) = row else { return Ok(Rows::default()) };
    let standings = state.standings(engine.seams.now());
    let zone = state.zone(&key.account);
    let mut facts = Facts { zone, lines: Vec::new() };
    for standing in &standings {
        if let Some(link) = state.desk.link(&standing.account, key)? {
            facts.lines.extend(conflict::lines(state, &standing.account, &link, zone));
        }
    }
    // What needs a person comes before what the entry is: it is why the drawer was opened.
    for standing in &standings {
        if let Some(link) = state.desk.link(&standing.account, key)?
            && let Some(what) = to_do(state, &standing.account, key, &row, &link)
        {
            facts.add("to do", what, "");
        }
    }
    source(state, &mut facts, key, &row);
    for standing in &standings {
        match state.desk.link(&standing.account, key)? {
            Some(link) => target(state, &mut facts, standing, &link),
            None => facts.add(
                standing.account.as_str(),
                SyncWord::Skipped("before this target".into()).to_string(),
                "this target came later; a backfill of its day sends it",
            ),
        }
    }
    let unfiltered = facts.lines.len();
    let shown = facts.lines.into_iter().filter(|l| ask.takes(&[&l.label, &l.value, &l.why]));
    Ok(ask.cut(shown.map(Row::Detail).collect(), unfiltered))
}

/// What a person can do about an entry that waits for one, and why it waits.
fn to_do(state: &State, target: &Account, key: &Key, row: &EntryRow, link: &Link) -> Option<String> {
    let entry = row.entry.as_ref()?;
    match link.word(false) {
        SyncWord::Unmapped if matches!(link.route.as_ref().map(|route| &route.to), Some(Routed::To(_))) => {
            Some(nowhere(state, target, link))
        }
        SyncWord::Unmapped if entry.project.is_none() => Some(format!(
            "it has no project, and no rule and no fallback takes it to {target}: give it a project in Toggl, or set \
             [fallback] {target} in mapping.toml"
        )),
        SyncWord::Unmapped if matches!(link.route.as_ref().map(|route| &route.to), Some(Routed::To(_))) => {
            Some(format!("the project it goes to is gone from {target}: link it anew in Mapping (2)"))
        }
        SyncWord::Unmapped => {
            let project = state.project_name(&key.account, entry);
            Some(format!(
                "nothing takes {project} to {target}: link it or leave it out in Mapping (2), or set [fallback] \
                 {target} in mapping.toml"
            ))
        }
        SyncWord::Failed(why) if Strain::Plan.is_reason(&why) => Some(format!("{why}: {PLAN_WAY_OUT}")),
        SyncWord::Held(reason) if reason == NEEDS_OWNER => {
            let person = state.user_name(&key.account, &entry.user);
            Some(format!("nobody in {target} is {person}: link the person by a [[user]] row in mapping.toml"))
        }
        _ => None,
    }
}

struct Facts {
    zone: Tz,
    lines: Vec<DetailLine>,
}

impl Facts {
    fn add(&mut self, label: impl Into<String>, value: impl Into<String>, why: impl Into<String>) {
        self.lines.push(DetailLine { label: label.into(), value: value.into(), why: why.into() });
    }

    fn clock(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%a %-d %b %Y %H:%M:%S").to_string()
    }
}

fn source(state: &State, facts: &mut Facts, key: &Key, row: &EntryRow) {
    let account = &key.account;
    facts.add("entry", key.id.to_string(), format!("{account}, Toggl"));
    match &row.entry {
        Some(entry) => fields(state, facts, account, entry),
        None => facts.add("content", "not known", "only its deletion was announced"),
    }
    if let Some(at) = row.deleted {
        let at = facts.clock(at);
        facts.add("deleted", at, "at the source");
    }
    let why = match &row.stamp {
        Stamp::Delivery { event_id, .. } => format!("a delivery told it (event {event_id})"),
        Stamp::Read { started } => format!("a read told it ({})", facts.clock(*started)),
    };
    let at = facts.clock(row.at);
    facts.add("changed at", at, why);
    let seen = facts.clock(row.seen_at);
    facts.add("seen here", seen, "our clock");
    if let Some(since) = row.doubt {
        let since = facts.clock(since);
        facts.add("in doubt", since, "two states claim one second; the next read settles it");
    }
}

fn fields(state: &State, facts: &mut Facts, account: &Account, entry: &Entry) {
    let name = |text: String| if text.is_empty() { "(none)".to_owned() } else { text };
    facts.add("description", name(entry.description.clone()), "");
    let project = state.project_of(account, entry);
    let id = entry.project.as_ref().map(ToString::to_string).unwrap_or_default();
    facts.add("project", name(state.project_name(account, entry)), id);
    let client = project.map(|p| state.client_name(account, p)).unwrap_or_default();
    let why = if client.is_empty() { "" } else { "by its project" };
    facts.add("client", name(client), why);
    facts.add("person", name(state.user_name(account, &entry.user)), entry.user.to_string());
    let start = facts.clock(entry.start);
    facts.add("start", start, facts.zone.name());
    let stop = entry.stop.map_or_else(|| "runs".to_owned(), |stop| facts.clock(stop));
    let length = entry.stop.map(|stop| {
        let s = (stop - entry.start).num_seconds();
        format!("{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
    });
    facts.add("stop", stop, length.unwrap_or_default());
    facts.add("tags", name(entry.tags.join(", ")), "");
    facts.add("billable", if entry.billable { "yes" } else { "no" }, "");
}

fn target(state: &State, facts: &mut Facts, standing: &Standing, link: &Link) {
    let account = &standing.account;
    let word = standing.word(link);
    let why = reason(facts, standing, link, &word);
    facts.add(account.as_str(), word.to_string(), why);
    if let Some(route) = &link.route {
        let (to, why) = route_words(state, account, route);
        facts.add("  route", to, why);
    }
    if let Wish::Present(entry) = &link.wish {
        let owner = state.user_name(account, &entry.user);
        facts.add("  owner there", owner, entry.user.to_string());
    }
    if let Some(there) = &link.there {
        let why = if there.adopted { "found there, not made here" } else { "made here" };
        facts.add("  id there", there.id.to_string(), why);
        let project = there.entry.project.as_ref().map(|id| {
            state.item(account, Kind::Project, id).map_or_else(|| id.to_string(), |p| p.name.clone())
        });
        facts.add("  project there", project.unwrap_or_else(|| "(none)".into()), "");
        let at = facts.clock(there.at);
        facts.add("  confirmed", at, "the target said so then");
    }
    if let Some(intent) = &link.open {
        let at = facts.clock(intent.sent_at);
        let why = match &intent.uncertain {
            None => format!("{} left, no answer yet", intent.op.as_str()),
            Some(u) => {
                format!("{}: the answer is unknown, {} look-ups so far", intent.op.as_str(), u.lookups)
            }
        };
        facts.add("  under way", at, why);
    }
    if !link.echoes.is_empty() {
        let prints: Vec<String> = link.echoes.iter().map(|e| format!("{:08x}", e >> 32)).collect();
        facts.add("  own writes", prints.join(" "), "a delivery that equals one is our echo");
    }
}

fn reason(facts: &Facts, standing: &Standing, link: &Link, word: &SyncWord) -> String {
    let since = facts.clock(link.since);
    let next = next_at(standing, link).map(|at| facts.clock(at));
    match word {
        SyncWord::Synced => format!("since {since}"),
        SyncWord::Queued | SyncWord::WaitingQuota if link.doubt.is_some() => {
            "somebody may have changed it there; one read settles it".into()
        }
        SyncWord::Queued if matches!(link.wish, Wish::Wait(_)) => {
            "a doubt at the source is settled first".into()
        }
        SyncWord::Queued => format!("{} is due, since {since}", op(link).as_str()),
        SyncWord::WaitingQuota => match next {
            Some(next) => format!("{} waits for the target's quota until {next}", op(link).as_str()),
            None => format!("{} waits for the target's quota", op(link).as_str()),
        },
        SyncWord::Sending => match next {
            Some(next) => format!("looked up at {next}"),
            None => "a request is on its way".into(),
        },
        SyncWord::Unmapped => format!("since {since}"),
        SyncWord::Conflict => match &link.trouble {
            Some(Trouble::Conflict(what)) => what.clone(),
            _ => String::new(),
        },
        SyncWord::Held(_) | SyncWord::Failed(_) => format!("since {since}"),
        SyncWord::Skipped(why) if why == "before sync_from" => "a backfill of its day sends it".into(),
        SyncWord::Skipped(_) => format!("since {since}"),
        SyncWord::Running => match op(link) {
            Op::Create => "it goes out when the timer stops".into(),
            _ => "it is told when the timer stops".into(),
        },
    }
}

fn route_words(state: &State, target: &Account, route: &Route) -> (String, String) {
    let to = match &route.to {
        Routed::To(id) => {
            state.item(target, Kind::Project, id).map_or_else(|| id.to_string(), |p| p.name.clone())
        }
        Routed::Skip => "left out".into(),
        Routed::Hold => "held".into(),
        Routed::Unmapped => "nowhere".into(),
    };
    let by = match &route.by {
        Some(By::Rule(n)) => format!("rule {n}"),
        Some(By::Link(None)) => "link".into(),
        Some(By::Link(Some(day))) => format!("link from {day}"),
        Some(By::Fallback) => "fallback".into(),
        Some(By::Found) => "found there".into(),
        None => "nothing takes it".into(),
    };
    (to, format!("{by}, mapping {}", route.version))
}
