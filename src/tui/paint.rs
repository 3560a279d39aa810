//! Drawing with clipping: a rectangle of the frame with the styles at hand and a record of what was drawn where.
//! Columns and rows are local to the rectangle; anything outside it is cut, so no size can make a pane panic.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::keymap::Action;
use super::model::{List, Pane};
use super::text::{fit, safe, width, wrap};
use super::theme::Styles;

/// What a click meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A row of a list, by its place in the whole list.
    Row(List, usize),
    /// A region that the wheel scrolls and a click focuses.
    Region(List),
    /// A header slot or tile title that leads to a pane.
    Pane(Pane),
    /// A key of the footer.
    Do(Action),
}

/// What draw hands back: hit areas, later ones on top; the window of each list; whether seconds were shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Areas with what they mean.
    pub hits: Vec<(Rect, Hit)>,
    /// First visible row and visible rows per list.
    pub windows: BTreeMap<List, (usize, usize)>,
    /// A running time with seconds is on the screen.
    pub ticking: bool,
    /// Where the text cursor stands.
    pub cursor: Option<Position>,
}

/// A rectangle to draw into.
pub struct Paint<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    /// The theme's styles.
    pub s: &'a Styles,
    /// The record for the next update.
    pub drawn: &'a mut Drawn,
}

impl<'a> Paint<'a> {
    /// A painter for a rectangle of the frame.
    pub fn new(buf: &'a mut Buffer, area: Rect, s: &'a Styles, drawn: &'a mut Drawn) -> Self {
        let area = area.intersection(buf.area);
        Self { buf, area, s, drawn }
    }

    /// A painter for a part; cut to this rectangle.
    pub fn part(&mut self, x: u16, y: u16, w: u16, h: u16) -> Paint<'_> {
        let area = self.local(x, y, w, h);
        Paint { buf: self.buf, area, s: self.s, drawn: self.drawn }
    }

    /// Columns.
    pub fn w(&self) -> u16 {
        self.area.width
    }

    /// Rows.
    pub fn h(&self) -> u16 {
        self.area.height
    }

    fn local(&self, x: u16, y: u16, w: u16, h: u16) -> Rect {
        let x = x.min(self.area.width);
        let y = y.min(self.area.height);
        Rect {
            x: self.area.x + x,
            y: self.area.y + y,
            width: w.min(self.area.width - x),
            height: h.min(self.area.height - y),
        }
    }

    /// Writes a text, cut at the right edge; returns the column after it.
    pub fn text(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if y >= self.area.height {
            return x;
        }
        let text = safe(text);
        let style = self.s.fg.patch(style);
        let mut at = x;
        for cluster in text.graphemes(true) {
            let wide = width(cluster);
            if wide == 0 {
                continue;
            }
            if at.saturating_add(wide) > self.area.width {
                break;
            }
            let (col, row) = (self.area.x + at, self.area.y + y);
            // What was there before, a rule for example, must not shine through.
            self.buf[(col, row)].reset();
            self.buf[(col, row)].set_symbol(cluster).set_style(style);
            for extra in 1..wide {
                self.buf[(col + extra, row)].reset();
                self.buf[(col + extra, row)].set_style(style);
            }
            at += wide;
        }
        at
    }

    /// Writes a text into a cell of `w` columns, cut with `…`; returns the column after the text.
    pub fn cell(&mut self, x: u16, y: u16, w: u16, text: &str, style: Style) -> u16 {
        let text = safe(text);
        self.text(x, y, &fit(&text, w.min(self.area.width.saturating_sub(x))), style)
    }

    /// Writes a sentence over as many rows as it needs, each `w` columns wide; the last row that is there is cut. Returns
    /// how many rows it took.
    pub fn wrapped(&mut self, x: u16, y: u16, w: u16, text: &str, style: Style) -> u16 {
        let text = safe(text);
        let lines = wrap(&text, w);
        let most = usize::from(self.h().saturating_sub(y));
        for (at, line) in lines.iter().take(most).enumerate() {
            let rest = at + 1 == most && lines.len() > most;
            let line = if rest { format!("{line} …") } else { line.clone() };
            self.cell(x, y + at as u16, w, &line, style);
        }
        lines.len().min(most) as u16
    }

    /// Writes a text so that it ends before column `end`, cut to `w` columns; returns its first column.
    pub fn right(&mut self, end: u16, y: u16, w: u16, text: &str, style: Style) -> u16 {
        let text = safe(text);
        let text = fit(&text, w.min(end));
        let x = end.saturating_sub(width(&text));
        self.text(x, y, &text, style);
        x
    }

    /// Writes parts one after another; returns the column after the last.
    pub fn parts(&mut self, x: u16, y: u16, parts: &[(&str, Style)]) -> u16 {
        parts.iter().fold(x, |at, (text, style)| self.text(at, y, text, *style))
    }

    /// A rule over a stretch of a row: heavy where the focus is.
    pub fn rule(&mut self, x: u16, y: u16, w: u16, focused: bool) {
        let (sign, style) = if focused { ("━", self.s.border_focus) } else { ("─", self.s.border) };
        for col in x..x.saturating_add(w).min(self.area.width) {
            self.text(col, y, sign, style);
        }
    }

    /// Lays a style over cells without touching their text.
    pub fn tint(&mut self, x: u16, y: u16, w: u16, h: u16, style: Style) {
        let area = self.local(x, y, w, h);
        self.buf.set_style(area, style);
    }

    /// Empties cells.
    pub fn blank(&mut self, x: u16, y: u16, w: u16, h: u16) {
        let area = self.local(x, y, w, h);
        for row in area.top()..area.bottom() {
            for col in area.left()..area.right() {
                self.buf[(col, row)].reset();
            }
        }
        self.buf.set_style(area, self.s.fg);
    }

    /// Records what a click on these cells means.
    pub fn hit(&mut self, x: u16, y: u16, w: u16, h: u16, hit: Hit) {
        let area = self.local(x, y, w, h);
        if !area.is_empty() {
            self.drawn.hits.push((area, hit));
        }
    }

    /// Puts the text cursor here.
    pub fn cursor(&mut self, x: u16, y: u16) {
        if x < self.area.width && y < self.area.height {
            self.drawn.cursor = Some(Position { x: self.area.x + x, y: self.area.y + y });
        }
    }
}
