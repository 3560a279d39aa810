//! Sync: what is not at its target, what needs a person first.

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use crate::control::view::Row;
use crate::domain::word::SyncWord;

use super::super::model::{List, Model, Pane, Slot};
use super::super::paint::Paint;
use super::super::text::{age, clock, date};
use super::super::widgets::table::{self, Col};
use super::super::widgets::words;
use super::{nothing, title};

/// Draws the pane.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let mut right = Vec::new();
    for (at, target) in model.targets().iter().enumerate() {
        let synced = target.counts.iter().find(|(word, _)| word == "synced").map_or(0, |(_, n)| *n);
        right.push((format!("{} {synced} synced", model.target_label(at)), p.s.muted));
        for (word, n) in target.counts.iter().filter(|(_, n)| *n > 0) {
            let style = match word.as_str() {
                "failed" | "conflict" => p.s.error,
                "unmapped" | "held" => p.s.warn,
                word if SyncWord::ON_THE_WAY.contains(&word) => p.s.pending,
                _ => continue,
            };
            right.push((format!("{n} {word}"), style));
        }
        if !target.trouble.is_empty() {
            right.push((target.trouble.clone(), p.s.warn));
        }
    }
    let focused = title(model, p, Pane::Sync, right);
    // One target needs no column to tell it apart.
    let target = if model.targets().len() > 1 { 9 } else { 0 };
    let cols = [
        Col::new("state", 16, 0, 9).flex(13, 2),
        Col::new(if target > 0 { "target" } else { "" }, target, u16::from(target > 0), 3),
        Col::new("what", 6, 1, 6),
        Col::new("start", 6, 1, 8),
        Col::new("project", 15, 1, 7).flex(9, 1),
        Col::new("description", 18, 1, 5).flex(8, 3),
        Col::new("waits", 6, 1, 4).right(),
        Col::new("next", 5, 1, 2).right(),
    ];
    let places = table::lay(w - 1, &cols);
    table::head(p, 1, &cols, &places);
    if model.len(List::Sync) == 0 {
        nothing(model, p, Pane::Sync, 2, "every entry is where it belongs");
        return;
    }
    table::rows(p, model, List::Sync, 2, focused, |row, index| {
        let s = row.s;
        let Some(Row::Sync(line)) = model.views.row(Slot::Sync, index) else {
            row.text(3, 0, "…", s.faint);
            return;
        };
        let zone = model.zone();
        if line.word.needs_person() {
            row.text(1, 0, "!", s.warn);
        }
        let target = model.targets().iter().position(|t| t.account == line.target);
        let label = target.map_or_else(|| line.target.to_string(), |at| model.target_label(at));
        let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
        let start =
            if day(line.start) == day(model.now) { clock(line.start, zone) } else { date(line.start, zone) };
        let waits = age(line.since, model.now, zone);
        let next = line.next_at.map(|at| clock(at, zone)).unwrap_or_default();
        let texts = [
            (line.word.to_string(), words::sync(&line.word, s)),
            (label, s.muted),
            (line.what.clone(), s.fg),
            (start, s.fg),
            or(&line.project, "(no project)", s.fg, s.warn),
            or(&line.description, "(no description)", s.fg, s.muted),
            (waits, s.muted),
            (next, s.muted),
        ];
        table::cells(row, &texts, &cols, &places);
    });
}

/// A text, or words for what is missing.
fn or(text: &str, missing: &str, style: Style, quiet: Style) -> (String, Style) {
    if text.is_empty() { (missing.to_owned(), quiet) } else { (text.to_owned(), style) }
}
