//! Today: the day as swim-lanes, and the live entries with their state per target.

use std::collections::BTreeMap;

use crate::config::settings::Motion;
use crate::control::view::{EntryLine, Row};

use super::super::model::{List, Model, Pane, Slot, row_id};
use super::super::paint::Paint;
use super::super::text::{clock, date, hours, running};
use super::super::widgets::table::{self, Col, Place};
use super::super::widgets::timeline::{self, Lane, Scale};
use super::super::widgets::words;
use super::{nothing, title};

/// Lanes drawn before the rest is summed up.
const LANES: usize = 4;

/// Draws the pane, its title rule included.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let right = figures(model, p);
    let focused = title(model, p, Pane::Today, right);
    let mut y = 1;
    // A short screen keeps its rows for the table.
    if p.h() >= 12 {
        y = lanes(model, p, y);
    }
    let h = p.h().saturating_sub(y);
    entries(model, &mut p.part(0, y, w, h), focused);
}

fn figures(model: &Model, p: &Paint<'_>) -> Vec<(String, ratatui::style::Style)> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    if model.day.is_some() {
        return figures_of(&model.entries_of_day(), p);
    }
    let today = &snapshot.today;
    // Timers count as far as the lanes show them.
    let now = timeline::minute(model.now);
    let running = |billable: bool| -> i64 {
        let timers = snapshot.timers.iter().filter(|t| !billable || t.billable);
        timers.map(|t| (now - t.start).num_seconds().max(0)).sum()
    };
    let mut right = vec![
        (format!("{} tracked", hours(today.tracked_s + running(false))), p.s.fg),
        (format!("{} billable", hours(today.billable_s + running(true))), p.s.fg),
    ];
    if today.without_project > 0 {
        right.push((format!("{} without project", today.without_project), p.s.warn));
    }
    right
}

/// The same of a past day, over the rows that are shown of it.
fn figures_of(entries: &[&EntryLine], p: &Paint<'_>) -> Vec<(String, ratatui::style::Style)> {
    let lives = || entries.iter().filter(|entry| !entry.deleted);
    let length = |entry: &&&EntryLine| entry.stop.map_or(0, |stop| (stop - entry.start).num_seconds());
    let tracked: i64 = lives().map(|entry| length(&entry)).sum();
    let billable: i64 = lives().filter(|entry| entry.billable).map(|entry| length(&entry)).sum();
    let without = lives().filter(|entry| entry.project.is_empty()).count();
    let mut right = vec![
        (format!("{} tracked", hours(tracked)), p.s.fg),
        (format!("{} billable", hours(billable)), p.s.fg),
    ];
    if without > 0 {
        right.push((format!("{without} without project"), p.s.warn));
    }
    right
}

/// The day's entries by person.
fn by_person(model: &Model) -> BTreeMap<&str, Vec<&EntryLine>> {
    let mut people: BTreeMap<&str, Vec<&EntryLine>> = BTreeMap::new();
    if model.day.is_some() {
        for entry in model.entries_of_day().into_iter().filter(|entry| !entry.deleted) {
            people.entry(&entry.who).or_default().push(entry);
        }
        return people;
    }
    let Some(day) = model.snapshot.as_ref().and_then(|s| s.today.day) else { return people };
    let zone = model.zone();
    let (_, rows) = model.views.rows(Slot::Lanes);
    for row in rows {
        let Row::Entry(entry) = row else { continue };
        let on = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).date_naive();
        if entry.deleted || (on(entry.start) != day && on(entry.stop.unwrap_or(model.now)) != day) {
            continue;
        }
        people.entry(&entry.who).or_default().push(entry);
    }
    people
}

/// Lanes drawn: one a person, and a line for the rest.
pub fn people(model: &Model) -> u16 {
    by_person(model).len().clamp(1, LANES + 1) as u16
}

fn lanes(model: &Model, p: &mut Paint<'_>, y: u16) -> u16 {
    let Some(day) = model.day.or(model.snapshot.as_ref().and_then(|s| s.today.day)) else { return y };
    let zone = model.zone();
    let people = by_person(model);
    let all: Vec<&EntryLine> = people.values().flatten().copied().collect();
    let wide = p.w() >= 100;
    let left = if wide {
        7
    } else if people.len() > 1 {
        6
    } else {
        3
    };
    let right = p.w() - if wide { 5 } else { 1 };
    let scale = Scale::new(day, zone, model.now, &all, left, right);
    timeline::axis(p, y, &scale);
    let own = model.snapshot.as_ref().and_then(|s| s.timers.iter().find(|t| t.own)).map(|t| t.who.as_str());
    let mut order: Vec<(&str, Vec<&EntryLine>)> = people.into_iter().collect();
    order.sort_by_key(|(who, _)| (Some(*who) != own, *who));
    let selected = model.selected_row(List::Today).map(row_id);
    let more = order.len().saturating_sub(LANES);
    let shown = order.len().min(LANES);
    for (line, (who, entries)) in order.into_iter().take(LANES).enumerate() {
        let who = if wide || shown > 1 { who } else { "" };
        let lane = Lane { who, entries, selected: selected.clone(), sum: wide, ascii: model.ascii };
        timeline::lane(p, y + 1 + line as u16, &scale, model.now, &lane);
    }
    let mut next = y + 1 + shown.max(1) as u16;
    if more > 0 {
        let muted = p.s.muted;
        p.text(3, next, &format!("+{more} more"), muted);
        next += 1;
    }
    next
}

/// The columns for a width; state columns come after them.
fn columns(wide: bool, people: bool) -> Vec<Col> {
    if wide {
        vec![
            Col::new("who", 3, 0, 6),
            Col::new("start", 5, 1, 9),
            Col::new("stop", 5, 2, 8),
            Col::new("time", 7, 2, 9).right(),
            Col::new("project", 15, 2, 9).flex(10, 1),
            Col::new("client", 13, 2, 1),
            Col::new("description", 25, 2, 7).flex(10, 3),
            Col::new("$", 1, 2, 3),
        ]
    } else {
        let who = if people { 3 } else { 0 };
        vec![
            Col::new(if people { "who" } else { "" }, who, 0, 6),
            Col::new("start", 5, u16::from(people), 9),
            Col::new("stop", 5, 1, 8),
            Col::new("time", 4, 2, 9).right(),
            Col::new("project", 15, 2, 9).flex(9, 1),
            Col::new("client", 12, 1, 1),
            Col::new("description", 22, 1, 7).flex(8, 2),
            Col::new("$", 1, 1, 3),
        ]
    }
}

/// The head of a one-letter state column.
const LETTERS: [&str; 26] = [
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U",
    "V", "W", "X", "Y", "Z",
];

fn state_columns(model: &Model, wide: bool) -> Vec<Col> {
    (0..model.targets().len())
        .map(|at| {
            let label = model.target_label(at);
            if wide {
                let head = if label == "Clockify" { "Clockify" } else { "" };
                Col::new(head, 14, 2, 8).flex(8, 0)
            } else {
                let first = label.chars().next().unwrap_or('?').to_ascii_uppercase();
                let head = LETTERS.iter().find(|l| l.starts_with(first)).copied().unwrap_or("?");
                Col::new(head, 1, 1, 8)
            }
        })
        .collect()
}

fn entries(model: &Model, p: &mut Paint<'_>, focused: bool) {
    let wide = p.w() >= 100;
    let (_, rows) = model.views.rows(Slot::Entries);
    let mut whos: Vec<&str> = rows
        .iter()
        .filter_map(|r| match r {
            Row::Entry(e) => Some(e.who.as_str()),
            _ => None,
        })
        .collect();
    whos.sort_unstable();
    whos.dedup();
    let mut cols = columns(wide, whos.len() > 1);
    let states = cols.len();
    cols.extend(state_columns(model, wide));
    let places = table::lay(p.w() - u16::from(wide), &cols);
    table::head(p, 0, &cols, &places);
    if wide {
        for (at, place) in places[states..].iter().enumerate() {
            if let Some((x, w)) = place {
                let faint = p.s.faint;
                p.cell(*x, 0, *w, &model.target_label(at), faint);
            }
        }
    }
    if model.len(List::Today) == 0 {
        nothing(model, p, Pane::Today, 1, "no entries yet · start a timer in Toggl and it appears here");
        return;
    }
    table::rows(p, model, List::Today, 1, focused, |row, index| {
        if let Some(Row::Entry(entry)) = model.views.row(Slot::Entries, index) {
            let problem = model.is_problem(List::Today, index);
            line(model, row, entry, problem, &places, states, wide);
        } else {
            let faint = row.s.faint;
            row.text(3, 0, "…", faint);
        }
    });
}

fn line(
    model: &Model,
    p: &mut Paint<'_>,
    entry: &EntryLine,
    problem: bool,
    places: &[Place],
    states: usize,
    wide: bool,
) {
    let s = p.s;
    let zone = model.zone();
    let fresh = model.fresh.contains(&entry.key.to_string());
    let fg = if entry.deleted {
        s.muted
    } else if fresh {
        s.accent
    } else {
        s.fg
    };
    if problem {
        p.text(1, 0, "!", s.warn);
    } else if entry.deleted {
        p.text(1, 0, "×", s.muted);
    }
    let mut put = |at: usize, text: &str, style| {
        if let Some((x, w)) = places[at] {
            p.cell(x, 0, w, text, style);
        }
    };
    put(0, &entry.who, s.muted);
    let shown = model.day.unwrap_or(model.now.with_timezone(&zone).date_naive());
    if entry.start.with_timezone(&zone).date_naive() == shown {
        put(1, &clock(entry.start, zone), fg);
    } else {
        put(1, &date(entry.start, zone).replace(' ', ""), s.muted);
    }
    match entry.stop {
        Some(stop) => put(2, &clock(stop, zone), fg),
        None => put(2, "now", s.running),
    }
    match entry.project.as_str() {
        "" => put(4, "(no project)", if problem { s.warn } else { s.muted }),
        project => put(4, project, fg),
    }
    put(5, &entry.client, s.muted);
    match entry.description.as_str() {
        "" => put(6, "(no description)", s.muted),
        text => put(6, text, fg),
    }
    if entry.billable {
        put(7, "$", s.muted);
    } else if !wide {
        put(7, "·", s.faint);
    }
    for (at, word) in entry.words.iter().enumerate() {
        let Some(Some((x, w))) = places.get(states + at) else { continue };
        let text = if wide { words::sync_text(word) } else { word.letter().to_string() };
        p.cell(*x, 0, *w, &text, words::sync(word, s));
    }
    time(model, p, entry, places[3]);
}

/// The length, or the running time, which may be wider than its column: `now` beside it is short.
fn time(model: &Model, p: &mut Paint<'_>, entry: &EntryLine, place: Place) {
    let Some((x, w)) = place else { return };
    let (text, style) = match entry.stop {
        Some(stop) => (hours((stop - entry.start).num_seconds()), p.s.fg),
        None => {
            let seconds = model.motion != Motion::Off;
            p.drawn.ticking |= seconds;
            (running((model.now - entry.start).num_seconds(), seconds), p.s.running)
        }
    };
    p.right(x + w, 0, 8, &text, style);
}
