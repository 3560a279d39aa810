//! The drawer: what can be done about the selected row, below the table and never over it.

use crate::control::view::{DetailLine, Row};

use super::super::model::{Drawer, List, Model, Slot, drawer_title};
use super::super::paint::Paint;
use super::super::text::{width, wrap};
use super::super::widgets::{rule, table};
use super::{deliveries, incident, ledger, picker};

/// Rows the open drawer takes of a body, its rule included; 0 when none is open.
pub fn height(model: &Model, body: u16) -> u16 {
    let content = match &model.drawer {
        None => return 0,
        Some(Drawer::Picker(_)) => picker::rows(model),
        Some(Drawer::Incident { .. } | Drawer::Incidents | Drawer::Timeline { .. }) => incident::rows(model),
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
            let used = body.wrapped(3, 0, w.saturating_sub(4), say, fg);
            facts(model, &mut body, used + 1);
        }
        Drawer::Incident { .. } => incident::of_subscription(model, &mut body),
        Drawer::Incidents => incident::ledger(model, &mut body),
        Drawer::Timeline { .. } => incident::timeline(model, &mut body),
        Drawer::Ledger { .. } => ledger::draw(model, &mut body),
        Drawer::Hold { .. } => hold(model, &mut body),
        Drawer::Deliveries => deliveries::draw(model, &mut body),
    }
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
    let (w, h) = (p.w(), p.h());
    let value = if w >= 100 { 44 } else { 30 };
    let rooms = |line: &DetailLine| {
        let room = if line.why.is_empty() { w.saturating_sub(20) } else { value };
        (room, w.saturating_sub(value + 22))
    };
    // What does not fit into its row is read below the list, when it is selected.
    let whole = match model.views.row(Slot::Detail, model.selected(List::Drawer)) {
        Some(Row::Detail(line)) if width(&line.value) > rooms(line).0 || width(&line.why) > rooms(line).1 => {
            let parts = [line.value.as_str(), line.why.as_str()];
            wrap(
                &parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
                w.saturating_sub(4),
            )
        }
        _ => Vec::new(),
    };
    let below = if whole.is_empty() { 0 } else { whole.len() as u16 + 1 }.min(h.saturating_sub(y + 1));
    let mut list = p.part(0, 0, w, h - below);
    table::rows(&mut list, model, List::Drawer, y, model.in_drawer, |row, index| {
        let Some(Row::Detail(line)) = model.views.row(Slot::Detail, index) else { return };
        let s = row.s;
        let (room, beside) = rooms(line);
        row.cell(3, 0, 14, &line.label, s.muted);
        row.cell(19, 0, room, &line.value, s.fg);
        row.cell(19 + value + 2, 0, beside, &line.why, s.faint);
    });
    let fg = p.s.fg;
    for (line, y) in whole.iter().zip(h - below + 1..h) {
        p.cell(3, y, w.saturating_sub(4), line, fg);
    }
}

fn hold(model: &Model, p: &mut Paint<'_>) {
    let Some(hold) = model.hold() else { return };
    let s = p.s;
    let (w, h) = (p.w(), p.h());
    let top = p.wrapped(3, 0, w.saturating_sub(4), &hold.say, s.warn) + 1;
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
