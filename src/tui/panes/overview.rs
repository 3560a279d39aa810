//! The Overview: entries across the whole width, mapping, subscriptions and quota beneath. From 160 columns the
//! three go to a column of their own.

use super::super::model::{Model, Pane};
use super::super::paint::{Hit, Paint};
use super::super::text::width;
use super::{drawer, mapping, quota, today, webhooks};

/// Rows of the lower tiles, without their rule.
const TILE_ROWS: u16 = 14;
/// Rows the entries keep: title, axis, two lanes, head and some entries.
const ENTRY_ROWS: u16 = 11;
/// From here on the tiles stand in a column.
const COLUMN_FROM: u16 = 160;

/// Draws the tiles.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    if model.drawer.is_some() {
        let below = drawer::height(model, h);
        today::draw(model, &mut p.part(0, 0, w, h - below));
        drawer::draw(model, &mut p.part(0, h - below, w, below));
    } else if w >= COLUMN_FROM {
        let right = 44;
        let left = w - right - 1;
        today::draw(model, &mut p.part(0, 0, left, h));
        divider(p, left, 0, h);
        column(model, &mut p.part(left + 1, 0, right, h));
    } else {
        let tiles = (TILE_ROWS + 1).min(h.saturating_sub(ENTRY_ROWS));
        today::draw(model, &mut p.part(0, 0, w, h - tiles));
        row(model, &mut p.part(0, h - tiles, w, tiles));
    }
}

/// Three tiles side by side, widths as on the mock-up: 37, 40 and 41 of 120.
fn row(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    let room = w - 2;
    let first = (u32::from(room) * 37 / 118) as u16;
    let second = (u32::from(room) * 40 / 118) as u16;
    let (a, b) = (first, first + 1 + second);
    mapping::tile(model, &mut p.part(0, 0, a, h));
    webhooks::tile(model, &mut p.part(a + 1, 0, second, h));
    quota::tile(model, &mut p.part(b + 1, 0, w - b - 1, h));
    divider(p, a, 0, h);
    divider(p, b, 0, h);
    let border = p.s.border;
    p.text(a, 0, "┬", border);
    p.text(b, 0, "┬", border);
}

fn column(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    let third = h / 3;
    mapping::tile(model, &mut p.part(0, 0, w, third));
    webhooks::tile(model, &mut p.part(0, third, w, third));
    quota::tile(model, &mut p.part(0, third * 2, w, h - third * 2));
}

fn divider(p: &mut Paint<'_>, x: u16, y: u16, h: u16) {
    let border = p.s.border;
    for row in y..y + h {
        p.text(x, row, "│", border);
    }
}

/// A tile's title rule: the name, and what matters in a few words at the right or beside it.
pub fn title(
    model: &Model,
    p: &mut Paint<'_>,
    pane: Pane,
    beside: &str,
    right: Option<(String, ratatui::style::Style)>,
) {
    use super::super::widgets::rule;
    let w = p.w();
    let name = super::name(model, pane);
    let title = rule::Title {
        name: &name,
        beside,
        right: right.into_iter().collect(),
        focused: super::has_keys(model, pane),
    };
    rule::draw(p, 0, 0, w, &title);
    p.hit(0, 0, width(&name) + 3, 1, Hit::Pane(pane));
}
