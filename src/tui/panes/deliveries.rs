//! The deliveries kept raw, a line each, newest first.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::control::view::Row;

use super::super::model::{List, Model, Slot};
use super::super::paint::Paint;
use super::super::text::{clock_s, date};
use super::super::widgets::table;

/// Draws the list.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let s = p.s;
    let (w, h) = (p.w(), p.h());
    if model.len(List::Drawer) == 0 {
        let opening = model.views.get(Slot::Deliveries).is_none_or(|v| v.page.is_none());
        let say = match model.views.filter(Slot::Deliveries) {
            _ if opening => "opening".to_owned(),
            "" => "no delivery is kept yet".to_owned(),
            words => format!("no kept delivery holds \"{words}\" · Esc shows all"),
        };
        p.cell(3, 0, w.saturating_sub(4), &say, s.muted);
        return;
    }
    let rows = h.min(model.len(List::Drawer) as u16);
    let mut list = p.part(0, 0, w, rows);
    table::rows(&mut list, model, List::Drawer, 0, model.in_drawer, |row, index| {
        let Some(Row::Delivery(line)) = model.views.row(Slot::Deliveries, index) else {
            row.text(3, 0, "…", s.faint);
            return;
        };
        let style = match line.verdict.as_str() {
            "dead" | "rejected" => s.warn,
            "accepted" => s.fg,
            _ => s.muted,
        };
        if line.verdict == "dead" {
            row.text(1, 0, "!", s.warn);
        }
        row.right(17, 0, 14, &stamp(line.at, model.now, model.zone()), s.muted);
        row.right(24, 0, 6, &line.number(), s.faint);
        row.cell(25, 0, 9, &line.verdict, style);
        row.cell(35, 0, 18, &line.about, s.fg);
        let about = if line.reason.is_empty() { &line.summary } else { &line.reason };
        row.cell(54, 0, w.saturating_sub(55), about, s.muted);
    });
}

/// `15:02:09`; of another day `9May 15:02:09`, as Today writes it.
fn stamp(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let day = |t: DateTime<Utc>| t.with_timezone(&zone).date_naive();
    let clock = clock_s(at, zone);
    if day(at) == day(now) { clock } else { format!("{} {clock}", date(at, zone).replace(' ', "")) }
}
