//! The drawer: what can be done about the selected row, below the table and never over it.

use crate::control::view::Row;

use super::super::model::{Drawer, List, Model, Slot, drawer_title};
use super::super::paint::Paint;
use super::super::text::{clock, count, width};
use super::super::widgets::{rule, table};
use super::{deliveries, hook, ledger, picker};

/// Rows the open drawer takes of a body, its rule included; 0 when none is open.
pub fn height(model: &Model, body: u16) -> u16 {
    let content = match &model.drawer {
        None => return 0,
        Some(Drawer::Picker(_)) => picker::rows(model),
        Some(Drawer::Incident { .. }) => model.len(List::Drawer) as u16 + 5 + hook::rows(model),
        Some(Drawer::Entry { .. }) => model.len(List::Drawer).max(4) as u16,
        Some(Drawer::Delivery { .. }) => model.len(List::Drawer).max(12) as u16,
        Some(Drawer::Ledger { .. }) => ledger::rows(model),
        Some(Drawer::Said { say, .. }) => {
            let lines = width(say) / 70 + 2;
            lines + model.len(List::Drawer) as u16
        }
        Some(Drawer::Hold { .. }) => {
            let say = model.hold().map_or(0, |hold| width(&hold.say));
            model.len(List::Drawer) as u16 + say / model.size.0.saturating_sub(16).max(20) + 3
        }
        Some(Drawer::Deliveries) => (model.len(List::Drawer).min(12) as u16).max(3) + 5,
    };
    // The row in question stays in sight; below a short list the drawer follows at once.
    let most = (u32::from(body) * 3 / 5) as u16;
    let content = (content + 2).clamp(6.min(most), most.max(1));
    content.max(body.saturating_sub(super::rows_needed(model)))
}

/// Draws the open drawer.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let Some(drawer) = &model.drawer else { return };
    let (w, h) = (p.w(), p.h());
    let (left, right) = drawer_title(model);
    let right = if right.is_empty() { Vec::new() } else { vec![(right, p.s.muted)] };
    let title = rule::Title { name: &left, right, focused: model.in_drawer, ..rule::Title::default() };
    rule::draw(p, 0, 0, w, &title);
    let mut body = p.part(0, 1, w, h.saturating_sub(1));
    match drawer {
        Drawer::Picker(p) => picker::draw(model, p, &mut body),
        Drawer::Entry { .. } | Drawer::Delivery { .. } => facts(model, &mut body, 0),
        Drawer::Said { say, .. } => {
            let fg = body.s.fg;
            let used = wrapped(&mut body, say, fg);
            facts(model, &mut body, used + 1);
        }
        Drawer::Incident { .. } => incident(model, &mut body),
        Drawer::Ledger { .. } => ledger::draw(model, &mut body),
        Drawer::Hold { .. } => hold(model, &mut body),
        Drawer::Deliveries => deliveries::draw(model, &mut body),
    }
}

/// Writes a sentence over as many rows as it needs; returns how many.
fn wrapped(p: &mut Paint<'_>, text: &str, style: ratatui::style::Style) -> u16 {
    let room = p.w().saturating_sub(6);
    let mut y = 0;
    let mut x = 0;
    for word in text.split_whitespace() {
        let wide = width(word);
        if x > 0 && x + 1 + wide > room {
            y += 1;
            x = 0;
        }
        if x > 0 {
            x += 1;
        }
        p.cell(3 + x, y, room.saturating_sub(x) + 1, word, style);
        x = x.saturating_add(wide);
    }
    y + 1
}

/// Label, value, and why.
fn facts(model: &Model, p: &mut Paint<'_>, y: u16) {
    if model.len(List::Drawer) == 0 {
        let waiting = model.views.get(Slot::Detail).is_some_and(|v| v.waiting);
        let muted = p.s.muted;
        if waiting {
            p.text(3, y, "opening", muted);
        }
        return;
    }
    let w = p.w();
    let wide = w >= 100;
    let value = if wide { 44 } else { 30 };
    table::rows(p, model, List::Drawer, y, model.in_drawer, |row, index| {
        let Some(Row::Detail(line)) = model.views.row(Slot::Detail, index) else { return };
        let s = row.s;
        row.cell(3, 0, 14, &line.label, s.muted);
        let room = if line.why.is_empty() { w.saturating_sub(20) } else { value };
        row.cell(19, 0, room, &line.value, s.fg);
        row.cell(19 + value + 2, 0, w.saturating_sub(value + 22), &line.why, s.faint);
    });
}

fn incident(model: &Model, p: &mut Paint<'_>) {
    let s = p.s;
    let w = p.w();
    let top = 2 + hook::rows(model);
    hook::draw(model, p);
    let Some(incident) = model.incident() else {
        let line = model.incident_subscription();
        let say = if line.is_some_and(|line| !line.drift.is_empty()) {
            "changed in the web page, not here; < restores ours, > takes theirs"
        } else if line.is_some_and(|line| hook::unreached(model, line, 0).is_some()) {
            "what it sends now does not arrive: check proxy, tunnel and name"
        } else {
            "nothing has gone wrong here"
        };
        p.cell(3, top + 1, w.saturating_sub(4), say, s.faint);
        return;
    };
    p.text(3, top, "when", s.faint);
    p.text(11, top, "what", s.faint);
    p.text(23, top, "answer", s.faint);
    p.right(w.saturating_sub(1), top, 8, "requests", s.faint);
    let h = p.h();
    let closed = incident.closed_at.is_some();
    let last = incident.timeline.len().saturating_sub(1);
    // The sum stands one row below the last step, or at the end when they fill the drawer.
    let rows = (incident.timeline.len() as u16).min(h.saturating_sub(top + 3));
    table::rows(&mut p.part(0, top + 1, w, rows), model, List::Drawer, 0, model.in_drawer, |row, index| {
        let Some(step) = incident.timeline.get(index) else { return };
        row.text(3, 0, &clock(step.at, model.zone()), s.muted);
        row.cell(11, 0, 11, &step.what, s.fg);
        let style = match step.what.as_str() {
            "evidence" => s.error,
            _ if index == last && closed => s.ok,
            _ => s.fg,
        };
        row.cell(23, 0, w.saturating_sub(34), &step.answer, style);
        row.right(w.saturating_sub(1), 0, 8, &step.requests.to_string(), s.muted);
    });
    // The read that fills the gap is complete, or the incident stays open.
    let filled = closed && incident.timeline.last().is_some_and(|step| step.what == "gap-fill");
    let missing = if filled { ", 0 missing" } else { "" };
    let requests = count(u64::from(incident.requests), "request", "requests");
    let sum = format!("{} recovered{missing} · {requests}", incident.recovered);
    p.cell(3, rows + top + 2, w.saturating_sub(4), &sum, s.muted);
    // An answer that its column cuts is told in full below.
    let selected = incident.timeline.get(model.selected(List::Drawer));
    if let Some(step) = selected.filter(|step| model.in_drawer && width(&step.answer) > w.saturating_sub(34))
    {
        wrapped(&mut p.part(0, rows + top + 4, w, h.saturating_sub(rows + top + 4)), &step.answer, s.fg);
    }
}

fn hold(model: &Model, p: &mut Paint<'_>) {
    let Some(hold) = model.hold() else { return };
    let s = p.s;
    let (w, h) = (p.w(), p.h());
    let top = wrapped(p, &hold.say, s.warn) + 1;
    table::rows(
        &mut p.part(0, top, w, h.saturating_sub(top)),
        model,
        List::Drawer,
        0,
        model.in_drawer,
        |row, index| {
            if let Some(text) = hold.rows.get(index) {
                row.cell(3, 0, w.saturating_sub(4), text, s.fg);
            }
        },
    );
}
