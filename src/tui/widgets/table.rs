//! Tables of which only the visible rows are built, and the columns that give way when it is narrow.

use ratatui::style::Style;

use super::super::model::{List, Model};
use super::super::paint::{Hit, Paint};

/// The gutter: selection, mark, space.
pub const GUTTER: u16 = 3;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Col {
    /// Its head.
    pub head: &'static str,
    /// Columns it would like.
    pub want: u16,
    /// Columns it can do with.
    pub least: u16,
    /// Share of what is left over.
    pub grow: u16,
    /// Space before it.
    pub gap: u16,
    /// Right-aligned.
    pub right: bool,
    /// Lower goes first when there is no room.
    pub keep: u8,
}

impl Col {
    /// A left-aligned column of a fixed width.
    pub const fn new(head: &'static str, want: u16, gap: u16, keep: u8) -> Self {
        Self { head, want, least: want, grow: 0, gap, right: false, keep }
    }

    /// May shrink to `least` and takes `grow` shares of what is left over.
    pub const fn flex(self, least: u16, grow: u16) -> Self {
        Self { least, grow, ..self }
    }

    /// Right-aligned.
    pub const fn right(self) -> Self {
        Self { right: true, ..self }
    }
}

/// A column's place; `None` when it was dropped.
pub type Place = Option<(u16, u16)>;

/// Finds a place for each column in `width`, the gutter included.
pub fn lay(width: u16, cols: &[Col]) -> Vec<Place> {
    let mut used: Vec<Option<u16>> = cols.iter().map(|c| Some(c.want)).collect();
    let room = width.saturating_sub(GUTTER);
    let total = |used: &[Option<u16>]| -> u16 {
        let mut sum = 0u16;
        for (col, w) in cols.iter().zip(used) {
            if let Some(w) = w {
                sum = sum.saturating_add(*w + if sum == 0 { 0 } else { col.gap });
            }
        }
        sum
    };
    loop {
        let mut over = total(&used).saturating_sub(room);
        if over == 0 {
            break;
        }
        // Shrink what may shrink before a column goes, the least important first.
        let mut order: Vec<usize> = (0..cols.len()).collect();
        order.sort_by_key(|i| cols[*i].keep);
        for i in order {
            if let Some(w) = &mut used[i] {
                let give = over.min(w.saturating_sub(cols[i].least));
                *w -= give;
                over -= give;
            }
        }
        if over == 0 {
            break;
        }
        let Some(drop) = (0..cols.len()).filter(|i| used[*i].is_some()).min_by_key(|i| cols[*i].keep) else {
            break;
        };
        used[drop] = None;
        for (col, w) in cols.iter().zip(used.iter_mut()) {
            if w.is_some() {
                *w = Some(col.want);
            }
        }
    }
    let left = room.saturating_sub(total(&used));
    let shares: u16 = cols.iter().zip(&used).filter(|(_, w)| w.is_some()).map(|(c, _)| c.grow).sum();
    let mut given = 0;
    let mut seen = 0;
    let mut x = GUTTER;
    let mut first = true;
    cols.iter()
        .zip(used)
        .map(|(col, w)| {
            let mut w = w?;
            if col.grow > 0 && shares > 0 {
                seen += col.grow;
                let upto = (u32::from(left) * u32::from(seen) / u32::from(shares)) as u16;
                w += upto - given;
                given = upto;
            }
            let at = if first { x } else { x + col.gap };
            first = false;
            x = at + w;
            Some((at, w))
        })
        .collect()
}

/// Draws the heads.
pub fn head(p: &mut Paint<'_>, y: u16, cols: &[Col], places: &[Place]) {
    let style = p.s.faint;
    for (col, place) in cols.iter().zip(places) {
        cell(p, y, (col, place), col.head, style);
    }
}

/// Draws the texts of a row into its columns.
pub fn cells(row: &mut Paint<'_>, texts: &[(String, Style)], cols: &[Col], places: &[Place]) {
    for ((text, style), at) in texts.iter().zip(cols.iter().zip(places)) {
        cell(row, 0, at, text, *style);
    }
}

/// Draws a text into a column, where that has a place.
pub fn cell(p: &mut Paint<'_>, y: u16, (col, place): (&Col, &Place), text: &str, style: Style) {
    match *place {
        Some((x, w)) if col.right => p.right(x + w, y, w, text, style),
        Some((x, w)) => p.cell(x, y, w, text, style),
        None => 0,
    };
}

/// The first row to show so that the selection is visible and the view moves as little as possible.
pub fn top(model: &Model, list: List, rows: usize) -> usize {
    let span = model.span(list);
    let selected = model.selected(list).max(span.start);
    let before = model.drawn.windows.get(&list).map_or(0, |(top, _)| *top);
    let rows = rows.max(1);
    let lowest = (selected + 1).saturating_sub(rows).max(span.start);
    let last = span.end.saturating_sub(rows).max(span.start);
    before.clamp(lowest, selected.max(lowest)).min(last)
}

/// Draws the visible rows of a list from row `y` on; `draw` gets a painter of one row and the index.
pub fn rows(
    p: &mut Paint<'_>,
    model: &Model,
    list: List,
    y: u16,
    focused: bool,
    mut draw: impl FnMut(&mut Paint<'_>, usize),
) {
    tall_rows(p, model, list, y, 1, focused, &mut draw);
}

/// The same for items of several screen rows.
pub fn tall_rows(
    p: &mut Paint<'_>,
    model: &Model,
    list: List,
    y: u16,
    tall: u16,
    focused: bool,
    draw: &mut dyn FnMut(&mut Paint<'_>, usize),
) {
    let height = p.h().saturating_sub(y);
    let visible = usize::from(height / tall.max(1));
    let w = p.w();
    p.hit(0, y, w, height, Hit::Region(list));
    if visible == 0 {
        return;
    }
    let first = top(model, list, visible);
    p.drawn.windows.insert(list, (first, visible));
    for (line, index) in (first..model.span(list).end).take(visible).enumerate() {
        let row = y + line as u16 * tall;
        let selected = index == model.selected(list);
        {
            let mut part = p.part(0, row, w, tall);
            draw(&mut part, index);
            if selected {
                let (sign, style) = if focused { ("▸", part.s.accent) } else { ("›", part.s.muted) };
                part.text(0, 0, sign, style);
                if focused {
                    let bar = part.s.selection;
                    part.tint(0, 0, w, tall, bar);
                }
            }
        }
        p.hit(0, row, w, tall, Hit::Row(list, index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLS: [Col; 4] = [
        Col::new("start", 5, 0, 9),
        Col::new("project", 15, 1, 8).flex(8, 1),
        Col::new("client", 12, 1, 1),
        Col::new("text", 20, 1, 7).flex(10, 2),
    ];

    fn total(places: &[Place]) -> u16 {
        places.iter().flatten().map(|(x, w)| x + w).max().unwrap_or(0)
    }

    #[test]
    fn columns_fill_the_width_shrink_and_then_go() {
        let wide = lay(90, &COLS);
        assert_eq!(total(&wide), 90);
        assert!(wide.iter().all(Option::is_some));
        let narrow = lay(44, &COLS);
        assert!(narrow.iter().all(Option::is_some), "{narrow:?}");
        let narrower = lay(35, &COLS);
        assert_eq!(narrower[2], None, "the client goes first: {narrower:?}");
        assert_eq!(total(&narrower), 35);
        for width in 0..120 {
            let places = lay(width, &COLS);
            assert!(total(&places) <= width || places.iter().flatten().count() == 0, "{width}: {places:?}");
        }
    }
}
