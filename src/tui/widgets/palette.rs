//! The palette: a line to type and the choices that fit, matched letters marked.

use super::super::model::{List, Model};
use super::super::paint::Paint;
use super::super::text::count;
use super::{price, rule, table};

/// Choices shown at once.
const ROWS: u16 = 12;

/// Draws the palette over the frame, when it is open.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let Some(palette) = &model.palette else { return };
    let w = p.w().min(76);
    let h = (ROWS + 3).min(p.h().saturating_sub(4));
    let (x, y) = ((p.w() - w) / 2, 2);
    p.blank(x.saturating_sub(2), y, w + 4, h);
    let mut part = p.part(x, y, w, h);
    let right = vec![(count(palette.choices.len() as u64, "command", "commands"), part.s.muted)];
    let title = rule::Title { name: "command", right, focused: true, ..rule::Title::default() };
    rule::draw(&mut part, 0, 0, w, &title);
    let (key, fg, muted, matched) = (part.s.key, part.s.fg, part.s.muted, part.s.matched);
    part.text(1, 1, ":", key);
    price::typed(&mut part, 2, 1, w.saturating_sub(4), &palette.shown(), fg);
    let mut list = part.part(0, 2, w, h.saturating_sub(3));
    if palette.choices.is_empty() {
        list.cell(3, 0, w, "no command fits · Esc closes", muted);
    }
    table::rows(&mut list, model, List::Palette, 0, true, |row, index| {
        let Some(choice) = palette.choices.get(index) else { return };
        marked(row, 3, 24, &choice.name, &choice.hits, fg, matched);
        row.cell(28, 0, w.saturating_sub(29), &choice.help, muted);
    });
    part.rule(0, h.saturating_sub(1), w, true);
}

/// A text with the matched letters in another style.
pub fn marked(
    p: &mut Paint<'_>,
    x: u16,
    w: u16,
    text: &str,
    hits: &[u32],
    plain: ratatui::style::Style,
    matched: ratatui::style::Style,
) {
    p.cell(x, 0, w, text, plain);
    let mut at = x;
    for (index, c) in text.chars().enumerate() {
        let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) as u16;
        if at + wide >= x + w && super::super::text::width(text) > w {
            break;
        }
        if hits.contains(&(index as u32)) {
            p.tint(at, 0, wide, 1, matched);
        }
        at += wide;
    }
}
