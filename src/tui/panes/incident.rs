//! Incidents in the drawer: the ledger of all, one line each, and the timeline of one. What a row cuts stands in full
//! below the rows while it is selected, and what is outside the window is counted.

use crate::control::snapshot::IncidentStep;
use crate::control::view::{IncidentRow, Row};

use super::super::model::{Drawer, List, Model, Slot};
use super::super::paint::Paint;
use super::super::text::{clock, date, requests, width};
use super::super::widgets::table::{self, Col};
use super::hook;

/// Rows that a cut text gets below the table.
const TOLD: u16 = 2;
/// Rows that a timeline with the keys has at least: heads, lines and a cut text.
const LEAST: u16 = 5;
/// Columns beside the answer of a timeline's line.
const BESIDE: u16 = 34;

/// Rows that the drawer would like.
pub fn rows(model: &Model) -> u16 {
    let lines = model.len(List::Drawer) as u16;
    match &model.drawer {
        Some(Drawer::Incidents) => lines.clamp(1, 12) + 2 + TOLD,
        Some(Drawer::Timeline { .. }) => lines + 5 + TOLD,
        _ => lines + 3 + hook::rows(model),
    }
}

/// The ledger.
pub fn ledger(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    if model.len(List::Drawer) == 0 {
        let view = model.views.get(Slot::Incidents);
        let say = match view {
            Some(view) if view.page.is_none() => "opening".to_owned(),
            Some(view) if !view.open.filter.is_empty() => {
                format!("nothing holds \"{}\" · Esc shows all", view.open.filter)
            }
            _ => "nothing has gone wrong yet".to_owned(),
        };
        let muted = p.s.muted;
        p.cell(3, 0, w.saturating_sub(4), &say, muted);
        return;
    }
    let cols = [
        Col::new("began", 12, 0, 9),
        Col::new("end", 6, 1, 8),
        Col::new("what", 13, 1, 6).flex(9, 0),
        Col::new("of", 14, 1, 5).flex(8, 1),
        Col::new("cause", 20, 1, 7).flex(10, 3),
        Col::new("recovered", 9, 1, 4).right(),
        Col::new("requests", 8, 1, 3).right(),
    ];
    let places = table::lay(w.saturating_sub(1), &cols);
    table::head(p, 0, &cols, &places);
    let below = match h {
        7.. => TOLD + 1,
        4.. => TOLD,
        _ => 0,
    };
    let mut list = p.part(0, 1, w, h.saturating_sub(1 + below));
    table::rows(&mut list, model, List::Drawer, 0, model.in_drawer, |row, index| {
        let Some(Row::Incident(line)) = model.views.row(Slot::Incidents, index) else { return };
        let s = row.s;
        let open = line.closed_at.is_none();
        if open {
            row.text(1, 0, "!", s.warn);
        }
        for ((text, col), place) in cells(model, line).iter().zip(&cols).zip(&places) {
            let style = match col.head {
                "end" if open => s.error,
                "what" | "cause" => s.fg,
                _ => s.muted,
            };
            table::cell(row, 0, (col, place), text, style);
        }
    });
    if let Some(line) = model.selected_incident().filter(|_| below > 0) {
        let is_news = !line.last.is_empty() && line.last != line.cause;
        let last = if is_news { format!(" · {}", line.last) } else { String::new() };
        let about = if line.about.is_empty() { String::new() } else { format!("{}: ", line.about) };
        let say = format!("{about}{}{last}", line.cause);
        let muted = p.s.muted;
        p.part(0, h.saturating_sub(TOLD), w, TOLD).wrapped(3, 0, w.saturating_sub(4), &say, muted);
    }
}

fn cells(model: &Model, line: &IncidentRow) -> [String; 7] {
    let zone = model.zone();
    let from = line.from();
    let began = format!("{} {}", date(from, zone), clock(from, zone));
    let end = match line.closed_at {
        None => "open".to_owned(),
        Some(end) if date(end, zone) == date(from, zone) => clock(end, zone),
        Some(end) => date(end, zone),
    };
    [
        began,
        end,
        line.what().to_owned(),
        line.about.clone(),
        line.cause.clone(),
        line.recovered.to_string(),
        line.requests.to_string(),
    ]
}

/// The timeline of one incident of the ledger.
pub fn timeline(model: &Model, p: &mut Paint<'_>) {
    let s = p.s;
    let w = p.w();
    let Some(line) = model.timeline_of() else {
        p.text(3, 0, "opening", s.muted);
        return;
    };
    let style = if line.closed_at.is_none() { s.warn } else { s.muted };
    let rows = if p.h() < 8 { 1 } else { TOLD };
    let used = p.part(0, 0, w, rows).wrapped(3, 0, w.saturating_sub(4), &line.cause, style);
    let sum = Sum { closed: line.closed_at.is_some(), recovered: line.recovered, requests: line.requests };
    steps(model, p, used, &sum);
}

/// What a subscription tells, and its incident.
pub fn of_subscription(model: &Model, p: &mut Paint<'_>) {
    let s = p.s;
    let w = p.w();
    let mut top = hook::rows(model);
    // Where both do not fit, the facts stand while the list above has the keys.
    if model.in_drawer && model.incident().is_some() && p.h() < top + LEAST {
        top = 0;
    } else {
        hook::draw(model, p);
    }
    let Some(incident) = model.incident() else {
        let line = model.incident_subscription();
        let say = if line.is_some_and(|line| !line.drift.is_empty()) {
            "changed in the web page, not here; < restores ours, > takes theirs"
        } else if line.is_some_and(|line| hook::unreached(model, line, 0).is_some()) {
            "what it sends now does not arrive: check proxy, tunnel and name"
        } else if model.snapshot.as_ref().is_some_and(|s| !s.incidents.is_empty()) {
            "no incident of this one is known; i lists all"
        } else {
            "nothing has gone wrong here"
        };
        p.cell(3, top + 1, w.saturating_sub(4), say, s.faint);
        return;
    };
    let closed = incident.closed_at.is_some();
    let sum = Sum { closed, recovered: incident.recovered, requests: incident.requests };
    steps(model, p, top, &sum);
}

/// What an incident came to.
struct Sum {
    closed: bool,
    recovered: u32,
    requests: u32,
}

/// The lines of a timeline from row `top` on, and their sum.
fn steps(model: &Model, p: &mut Paint<'_>, top: u16, sum: &Sum) {
    let s = p.s;
    let (w, h) = (p.w(), p.h());
    let len = model.len(List::Drawer);
    let last = len.saturating_sub(1);
    let selected = model.selected(List::Drawer);
    let answer = w.saturating_sub(BESIDE);
    let cut = |step: &&IncidentStep| model.in_drawer && width(&step.answer) > answer;
    let told = model.step(selected).filter(cut);
    p.text(3, top, "when", s.faint);
    p.text(11, top, "what", s.faint);
    p.text(23, top, "answer", s.faint);
    p.right(w.saturating_sub(1), top, 8, "requests", s.faint);
    // The sum stands one row below the last line, or at the end when they fill the drawer.
    let below = 2 + if told.is_some() { TOLD } else { 0 };
    let room = h.saturating_sub(top + 1);
    let rows = (len as u16).min(room.saturating_sub(below).max(room.min(2)));
    let first = table::top(model, List::Drawer, usize::from(rows));
    if rows > 0 {
        more(p, top, w, (first, len.saturating_sub(first + usize::from(rows))));
    } else {
        p.cell(31, top, w.saturating_sub(31 + 10), &format!("Enter shows {len}"), s.accent);
    }
    table::rows(&mut p.part(0, top + 1, w, rows), model, List::Drawer, 0, model.in_drawer, |row, index| {
        let Some(step) = model.step(index) else { return };
        row.text(3, 0, &clock(step.at, model.zone()), s.muted);
        row.cell(11, 0, 11, &step.what, s.fg);
        let style = match step.what.as_str() {
            "evidence" => s.error,
            _ if index == last && sum.closed => s.ok,
            _ => s.fg,
        };
        row.cell(23, 0, answer, &step.answer, style);
        row.right(w.saturating_sub(1), 0, 8, &step.requests.to_string(), s.muted);
    });
    let mut y = top + 1 + rows;
    if y + below <= h {
        // The read that fills the gap is complete, or the incident stays open.
        let filled = sum.closed && model.step(last).is_some_and(|step| step.what == "gap-fill");
        let missing = if filled { ", 0 missing" } else { "" };
        let say = format!("{} recovered{missing} · {}", sum.recovered, requests(sum.requests));
        p.cell(3, y + 1, w.saturating_sub(4), &say, s.muted);
        y += 2;
    }
    // An answer that its column cuts is told in full below.
    if let Some(step) = told {
        p.part(0, y, w, h.saturating_sub(y)).wrapped(3, 0, w.saturating_sub(4), &step.answer, s.fg);
    }
}

/// Says what is outside the window, beside the heads.
fn more(p: &mut Paint<'_>, y: u16, w: u16, (above, below): (usize, usize)) {
    let parts = [(above, "above"), (below, "below")];
    let said: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, where_)| format!("{n} more {where_}")).collect();
    let accent = p.s.accent;
    p.cell(31, y, w.saturating_sub(31 + 10), &said.join(" · "), accent);
}
