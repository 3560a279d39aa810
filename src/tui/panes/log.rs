//! Log: what happened, newest first.

use crate::control::view::Row;

use super::super::model::{List, Model, Pane, Slot};
use super::super::paint::Paint;
use super::super::text::{clock_s, date};
use super::super::widgets::table::{self, Col};
use super::{nothing, title};

/// Draws the pane.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let right = vec![(format!("{} lines", model.len(List::Log)), p.s.muted)];
    let focused = title(model, p, Pane::Log, right);
    let cols = [
        Col::new("day", 6, 0, 3),
        Col::new("time", 8, 1, 8),
        Col::new("about", 8, 2, 5),
        Col::new("what happened", 30, 1, 9).flex(10, 1),
    ];
    let places = table::lay(w - 1, &cols);
    table::head(p, 1, &cols, &places);
    if model.len(List::Log) == 0 {
        nothing(model, p, Pane::Log, 2, "nothing has happened yet");
        return;
    }
    table::rows(p, model, List::Log, 2, focused, |row, index| {
        let s = row.s;
        let Some(Row::Log(line)) = model.views.row(Slot::Log, index) else {
            row.text(3, 0, "…", s.faint);
            return;
        };
        let zone = model.zone();
        let style = match line.level.as_str() {
            "error" => s.error,
            "warn" => s.warn,
            _ if model.fresh.contains(&line.seq.to_string()) => s.accent,
            _ => s.fg,
        };
        if line.level != "info" {
            row.text(1, 0, "!", style);
        }
        let texts = [
            (date(line.at, zone), s.muted),
            (clock_s(line.at, zone), s.muted),
            (line.topic.clone(), s.muted),
            (line.say.clone(), style),
        ];
        table::cells(row, &texts, &cols, &places);
    });
}
