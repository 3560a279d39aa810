//! The panes: what is between the header and the price line. Each draws from the model and writes nothing to it.

mod deliveries;
mod drawer;
mod hook;
mod incident;
mod ledger;
mod log;
mod mapping;
mod no_webhook;
mod overview;
mod picker;
mod quota;
mod sync;
mod today;
mod webhooks;

use ratatui::style::Style;

use crate::control::snapshot::CacheWord;

use super::model::{Model, Pane};
use super::paint::Paint;
use super::widgets::rule;

/// Draws the body: tiles, or one pane with its drawer.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    if model.tiled() {
        overview::draw(model, p);
        return;
    }
    let (w, h) = (p.w(), p.h());
    let drawer = drawer::height(model, h);
    one(model, &mut p.part(0, 0, w, h - drawer));
    drawer::draw(model, &mut p.part(0, h - drawer, w, drawer));
}

fn one(model: &Model, p: &mut Paint<'_>) {
    match model.active() {
        Pane::Overview | Pane::Today => today::draw(model, p),
        Pane::Mapping => mapping::draw(model, p),
        Pane::Webhooks => webhooks::draw(model, p),
        Pane::Quota => quota::draw(model, p),
        Pane::Sync => sync::draw(model, p),
        Pane::Log => log::draw(model, p),
    }
}

/// Rows that the active pane fills: title, head, its list, and one of air.
fn rows_needed(model: &Model) -> u16 {
    let pane = model.active();
    let lead = match pane {
        Pane::Overview | Pane::Today => 3 + today::people(model),
        Pane::Quota => 2 + quota::job_rows(model),
        _ => 2,
    };
    (model.span(pane.list()).len().clamp(1, 500) as u16).saturating_add(lead + 1)
}

/// The keys go to this pane's table.
fn has_keys(model: &Model, pane: Pane) -> bool {
    model.active() == pane && !model.in_drawer
}

/// `1 Today`, with a mark while what is shown answers an earlier question.
fn name(model: &Model, pane: Pane) -> String {
    let lost = if model.is_live() || model.snapshot.is_none() { "" } else { " (old)" };
    let day = model.day.filter(|_| pane == Pane::Today);
    let day = day.map(|day| format!(", {}", day.format("%a %-d %b"))).unwrap_or_default();
    format!("{} {}{day}{lost}", pane.number(), pane.name())
}

/// The filter in force beside a pane's name.
fn filter(model: &Model, pane: Pane) -> String {
    let Some(view) = pane.slot().and_then(|slot| model.views.get(slot)) else { return String::new() };
    let asking = if view.waiting && view.page.is_some() { " …" } else { "" };
    if view.open.filter.is_empty() {
        return asking.trim().to_owned();
    }
    let found = view.page.as_ref().map(|p| format!("  {} of {}", p.total, p.unfiltered)).unwrap_or_default();
    format!("/{}{found}{asking}", view.open.filter)
}

/// Draws the title rule of a pane that fills the width; whether the keys go to it.
fn title(model: &Model, p: &mut Paint<'_>, pane: Pane, right: Vec<(String, Style)>) -> bool {
    let (name, beside, focused) = (name(model, pane), filter(model, pane), has_keys(model, pane));
    rule::draw(p, 0, 0, p.w(), &rule::Title { name: &name, beside: &beside, right, focused });
    focused
}

/// One sentence where there are no rows: why, and the next step.
fn nothing(model: &Model, p: &mut Paint<'_>, pane: Pane, y: u16, empty: &str) {
    let view = pane.slot().and_then(|slot| model.views.get(slot));
    let missing =
        if pane.slot().is_some() { view.is_none_or(|v| v.page.is_none()) } else { model.snapshot.is_none() };
    let text = if missing && !model.is_live() {
        "waiting for the engine".to_owned()
    } else if missing || model.snapshot.as_ref().is_some_and(|s| s.cache != CacheWord::Ready) {
        "opening".to_owned()
    } else if let Some(view) = view.filter(|v| !v.open.filter.is_empty()) {
        format!("nothing holds \"{}\" · Esc shows all", view.open.filter)
    } else {
        empty.to_owned()
    };
    let (muted, w) = (p.s.muted, p.w());
    p.cell(3, y, w.saturating_sub(4), &text, muted);
}
