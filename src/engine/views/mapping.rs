//! Source projects with their link towards each target, problems first.

use std::collections::BTreeMap;

use chrono::{Datelike, Days};

use crate::cache::rows;
use crate::control::view::{LinkWord, ProjectLine, Row};
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::{Account, RemoteId};
use crate::domain::mapping::{LinkRow, Named, SourceRef, Then, When};
use crate::domain::order::EntryRow;
use crate::domain::word::Class;
use crate::engine::Engine;
use crate::engine::desk::Desked;
use crate::engine::history::midnight;
use crate::engine::state::State;

use super::{Ask, Rows, search};

/// A source project.
type Project<'a> = (&'a Account, &'a RemoteId);

/// All projects of all sources.
pub fn source_projects(state: &State) -> impl Iterator<Item = (&Account, &Item)> {
    state
        .setup
        .sources
        .iter()
        .flat_map(|s| state.items(&s.account, Kind::Project).map(|item| (&s.account, item)))
}

/// The rows of the mapping by source project, so that a thousand projects are looked up at once.
pub struct Links<'a> {
    rows: BTreeMap<Project<'a>, Vec<&'a LinkRow>>,
    today: chrono::NaiveDate,
}

impl<'a> Links<'a> {
    /// Sorts the rows of the mapping in force.
    pub fn new(state: &'a State) -> Self {
        let mut rows: BTreeMap<Project<'a>, Vec<&'a LinkRow>> = BTreeMap::new();
        for row in &state.mapping.projects {
            rows.entry((&row.source.account, &row.source.id)).or_default().push(row);
        }
        Self { rows, today: chrono::NaiveDate::MAX }
    }

    /// The link of a project towards every target, in the order of the settings. A dated link shows as the one that
    /// holds for the newest entries.
    pub fn of(&self, state: &State, account: &Account, project: &Item) -> Vec<LinkWord> {
        let rule = state.mapping.rules.iter().find(|r| covers(&r.when, account, project));
        let targets = state.setup.targets.iter();
        targets.map(|t| self.word(state, account, project, &t.account, rule.map(|r| &r.then))).collect()
    }

    fn word(
        &self,
        state: &State,
        account: &Account,
        project: &Item,
        target: &Account,
        rule: Option<&Then>,
    ) -> LinkWord {
        let fallback = || match state.mapping.fallback.get(target) {
            Some(named) if is_gone(state, target, named) => LinkWord::Gone(fresh(state, target, named)),
            Some(named) => LinkWord::Fallback(fresh(state, target, named)),
            None => LinkWord::Unmapped,
        };
        match rule {
            Some(Then::Skip | Then::Hold) => return LinkWord::Skipped,
            Some(Then::Fallback) => return fallback(),
            Some(Then::Target(to)) if to.contains_key(target) => {
                return to.get(target).map_or(LinkWord::Unmapped, |n| linked(state, target, n, project));
            }
            _ => {}
        }
        let rows = self.rows.get(&(account, &project.id)).into_iter().flatten();
        let valid = rows.filter(|r| r.from.is_none_or(|from| from <= self.today));
        let newest = valid.filter_map(|r| r.target.get(target).map(|n| (r.from, n))).max_by_key(|(f, _)| *f);
        newest.map_or_else(fallback, |(_, named)| linked(state, target, named, project))
    }
}

/// A rule that takes every entry of a project.
fn covers(when: &When, account: &Account, project: &Item) -> bool {
    let open = When {
        account: when.account.clone(),
        project: when.project.clone(),
        client: when.client.clone(),
        ..When::default()
    };
    *when == open
        && when.account.as_ref().is_none_or(|a| a == account)
        && when.project.as_ref().is_none_or(|p| *p == project.id)
        && when.client.as_ref().is_none_or(|c| Some(c) == project.client.as_ref())
}

/// The name as the target's catalogue has it now.
fn fresh(state: &State, target: &Account, named: &Named) -> Named {
    let known = state.item(target, Kind::Project, &named.id);
    Named { id: named.id.clone(), name: known.map_or_else(|| named.name.clone(), |i| i.name.clone()) }
}

/// Whether a target is known to have a project no more, or only in its archive.
fn is_gone(state: &State, target: &Account, named: &Named) -> bool {
    match state.item(target, Kind::Project, &named.id) {
        Some(item) => item.deleted || item.archived,
        None => state.profile(target).is_some(),
    }
}

fn linked(state: &State, target: &Account, named: &Named, project: &Item) -> LinkWord {
    let now = fresh(state, target, named);
    match () {
        () if is_gone(state, target, named) => LinkWord::Gone(now),
        () if now.name == project.name => LinkWord::Same(now),
        () => LinkWord::Other(now),
    }
}

/// The window.
pub fn rows(engine: &Engine, state: &State, ask: &Ask) -> Desked<Rows> {
    let waiting = waiting(state)?;
    let week = week(engine, state)?;
    let links = Links::new(state);
    let mut lines = Vec::new();
    for (account, project) in source_projects(state) {
        let at = (account.clone(), project.id.clone());
        let count = waiting.get(&at).copied().unwrap_or(0);
        let week_s = week.get(&at).copied().unwrap_or(0);
        if project.deleted && count == 0 && week_s == 0 {
            continue;
        }
        lines.push(ProjectLine {
            source: SourceRef { account: at.0, id: at.1, name: project.name.clone() },
            client: state.client_name(account, project),
            archived: project.archived,
            gone: project.deleted,
            links: links.of(state, account, project),
            waiting: count,
            week_s,
        });
    }
    // Entries may name a project that no catalogue read has brought yet.
    let known = |(account, id): &(Account, RemoteId)| state.item(account, Kind::Project, id).is_some();
    for (at, count) in waiting.iter().filter(|(at, _)| !known(at)) {
        let unknown = Item::new(Kind::Project, at.1.clone(), format!("project {}", at.1));
        lines.push(ProjectLine {
            source: SourceRef { account: at.0.clone(), id: at.1.clone(), name: unknown.name.clone() },
            client: String::new(),
            archived: false,
            gone: false,
            links: links.of(state, &at.0, &unknown),
            waiting: *count,
            week_s: week.get(at).copied().unwrap_or(0),
        });
    }
    lines.sort_by_cached_key(|line| {
        let source = (line.source.account.clone(), line.source.id.clone());
        (
            rank(line),
            std::cmp::Reverse(line.waiting),
            std::cmp::Reverse(line.week_s),
            line.source.name.to_lowercase(),
            source,
        )
    });
    let unfiltered = lines.len();
    let shown = lines.into_iter().filter(|line| {
        let mut texts = vec![line.source.name.as_str(), line.client.as_str()];
        texts.extend(line.links.iter().map(text));
        ask.takes(&texts)
    });
    Ok(ask.cut(shown.map(Row::Project).collect(), unfiltered))
}

/// What a person should look at first is smallest.
fn rank(line: &ProjectLine) -> u8 {
    let unmapped = line.links.contains(&LinkWord::Unmapped);
    let gone = line.links.iter().any(|l| matches!(l, LinkWord::Gone(_)));
    match (line.archived || line.gone, unmapped || gone) {
        _ if line.waiting > 0 => 0,
        (false, true) => 1,
        (false, false) => 2,
        (true, _) => 3,
    }
}

fn text(word: &LinkWord) -> &str {
    match word {
        LinkWord::Same(n) | LinkWord::Other(n) | LinkWord::Fallback(n) | LinkWord::Gone(n) => &n.name,
        LinkWord::Skipped => "skipped",
        LinkWord::Unmapped => "unmapped",
    }
}

/// Entries that wait for a link, by project: an entry counts once, however many targets it waits for.
fn waiting(state: &State) -> Desked<BTreeMap<(Account, RemoteId), u32>> {
    let mut keys = std::collections::BTreeSet::new();
    for target in &state.setup.targets {
        keys.extend(state.desk.named(rows::by_class(&target.account, Class::Unmapped), usize::MAX)?);
    }
    let mut counts = BTreeMap::new();
    for key in keys {
        let Some(project) = search::project_of(state, &key)? else { continue };
        *counts.entry((key.account, project)).or_insert(0) += 1;
    }
    Ok(counts)
}

/// Seconds of this week's entries, Monday first, by project; a running timer counts from its stop on.
fn week(engine: &Engine, state: &State) -> Desked<BTreeMap<(Account, RemoteId), i64>> {
    let zone = Engine::shown_zone(state);
    let now = engine.seams.now();
    let today = now.with_timezone(&zone).date_naive();
    let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    let mut sums = BTreeMap::new();
    let (Some(from), Some(to)) = (midnight(monday, zone), midnight(monday + Days::new(7), zone)) else {
        return Ok(sums);
    };
    for key in state.desk.named(rows::by_start(from, to), usize::MAX)? {
        let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
        let Some(entry) = row.and_then(|r| r.entry).filter(|e| e.stop.is_some()) else { continue };
        let seconds = entry.length(now).num_seconds();
        if let Some(project) = entry.project {
            *sums.entry((key.account, project)).or_insert(0) += seconds;
        }
    }
    Ok(sums)
}
