//! Title rules: number and name on the left, the figures that matter on the right, heavy where the focus is.

use ratatui::style::Style;

use super::super::paint::Paint;
use super::super::text::width;

/// What a title rule says.
#[derive(Default)]
pub struct Title<'a> {
    /// Number and name, `1 Today`.
    pub name: &'a str,
    /// Said beside the name, lighter.
    pub beside: &'a str,
    /// Figures at the right end, each with its style; joined by ` · `.
    pub right: Vec<(String, Style)>,
    /// The keys are here.
    pub focused: bool,
}

/// Draws a title rule over `w` columns of a row.
pub fn draw(p: &mut Paint<'_>, x: u16, y: u16, w: u16, title: &Title<'_>) {
    p.rule(x, y, w, title.focused);
    let end = x + w;
    let name_style = if title.focused { p.s.title } else { p.s.fg };
    let (muted, border) = (p.s.muted, if title.focused { p.s.border_focus } else { p.s.border });
    let mut at = x + 2;
    let room = end.saturating_sub(at + 2);
    at = p.text(at - 1, y, " ", border);
    at = p.cell(at, y, room, title.name, name_style);
    if !title.beside.is_empty() {
        at = p.text(at, y, "  ", border);
        at = p.cell(at, y, end.saturating_sub(at + 2), title.beside, muted);
    }
    at = p.text(at, y, " ", border);
    // Figures that do not fit go from the left: problems stand last and stay.
    let total = |parts: &[(String, Style)]| -> u16 {
        parts.iter().map(|(t, _)| width(t)).sum::<u16>() + 3 * (parts.len().saturating_sub(1)) as u16
    };
    let mut right = title.right.as_slice();
    while !right.is_empty() && at + total(right) + 4 > end {
        right = &right[1..];
    }
    if right.is_empty() {
        return;
    }
    let mut col = end - 2 - total(right);
    p.text(col - 1, y, " ", border);
    for (index, (text, style)) in right.iter().enumerate() {
        if index > 0 {
            col = p.text(col, y, " · ", muted);
        }
        col = p.text(col, y, text, *style);
    }
    p.text(col, y, " ", border);
}
