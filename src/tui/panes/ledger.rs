//! The ledger of a bucket: who spent it, then the requests one by one, then what a day of them brought.

use crate::control::snapshot::{OTHERS, Snapshot};

use super::super::model::{List, Model, Slot};
use super::super::paint::Paint;
use super::super::text::{self, clock_s, count};
use super::super::widgets::table::{self, Col};

/// Requests seen at least below the causes, where there is room at all.
const LEAST: u16 = 3;

/// Rows that the ledger fills.
pub fn rows(model: &Model) -> u16 {
    let causes = model.ledger_causes().len().max(1);
    let requests = model.ledger_len();
    // Air, the head, and the sum of a day.
    u16::try_from(causes + requests + 3).unwrap_or(u16::MAX)
}

/// Draws it.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    let causes = model.ledger_causes();
    let sum = u16::from(h > 2);
    let room = h.saturating_sub(sum);
    let wanted = (causes.len().max(1)) as u16;
    // Where it is tight: with the keys here the requests count, else the causes.
    let shown = match room.saturating_sub(LEAST + 2) {
        left if left >= wanted => wanted,
        left if model.in_drawer => left.max(1).min(room),
        _ => wanted.min(room),
    };
    who(model, &mut p.part(0, 0, w, shown), &causes);
    let from = shown + 1;
    let nothing = model.ledger_hour().is_some() && causes.is_empty();
    if from + 2 <= room && !nothing {
        requests(model, &mut p.part(0, from, w, room - from));
    } else {
        p.drawn.windows.insert(List::Drawer, (0, 1));
    }
    if sum > 0
        && let Some(snapshot) = &model.snapshot
    {
        let muted = p.s.muted;
        p.cell(3, h - 1, w.saturating_sub(4), &day(snapshot), muted);
    }
}

/// What a day of requests in all buckets brought.
fn day(snapshot: &Snapshot) -> String {
    let (sent, entries) = snapshot.day_of_requests();
    let asked = text::requests(sent);
    let brought = count(entries, "entry synced", "entries synced");
    let each = match entries {
        0 => String::new(),
        _ => format!(" · {:.1} requests each", f64::from(sent) / f64::from(entries)),
    };
    format!("24 hours, all buckets: {asked} · {brought}{each}")
}

fn who(model: &Model, p: &mut Paint<'_>, causes: &[(String, u32)]) {
    let s = p.s;
    if causes.is_empty() {
        let waiting = model.ledger_hour().is_some()
            && model.views.get(Slot::Requests).is_some_and(|view| view.page.is_none());
        let text = match model.ledger_hour() {
            _ if waiting => "opening",
            Some(_) => "nothing spent in this hour",
            None => "nothing spent in the last 24 hours",
        };
        p.text(3, 0, text, s.faint);
        return;
    }
    let w = p.w();
    let most = causes.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    let reasons = 23 + most.clamp(9, 30) as u16 + 3;
    for (y, (cause, n)) in (0..p.h()).zip(causes) {
        let style = match cause.as_str() {
            OTHERS => s.warn,
            "you" => s.accent,
            _ => s.muted,
        };
        p.cell(3, y, 12, cause, style);
        p.right(21, y, 5, &n.to_string(), s.fg);
        let bar = if most <= 30 { *n } else { n * 30 / most }.max(u32::from(*n > 0));
        p.text(23, y, &"━".repeat(bar as usize), style);
        p.cell(reasons, y, w.saturating_sub(reasons + 1), why(cause), s.faint);
    }
}

fn why(cause: &str) -> &'static str {
    match cause {
        OTHERS => "another program uses the same token",
        "you" => "what a key asked for",
        "health" => "regular checks",
        "sync" => "changes on their way out",
        "repair" => "mending a subscription",
        "gap-fill" => "reading after an outage",
        "backfill" => "a chosen range of history",
        "refresh" => "names and lists that were old",
        _ => "",
    }
}

fn requests(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let cols = [
        Col::new("sent at", 8, 0, 9),
        Col::new("asked by", 8, 2, 8),
        Col::new("request", 22, 2, 6).flex(12, 2),
        Col::new("answer", 19, 1, 7).flex(9, 1),
        Col::new("cost", 4, 1, 3).right(),
        Col::new("left", 5, 1, 4).right(),
    ];
    let places = table::lay(w.saturating_sub(1), &cols);
    table::head(p, 0, &cols, &places);
    if model.ledger_len() == 0 {
        let (faint, waiting) = (p.s.faint, model.views.get(Slot::Requests).is_none_or(|v| v.page.is_none()));
        let text = match model.ledger_hour() {
            _ if waiting => "opening",
            Some(_) => "of this hour only the sums are kept",
            None => "no single request since the engine started",
        };
        p.text(3, 1, text, faint);
        return;
    }
    table::rows(p, model, List::Drawer, 1, model.in_drawer, |row, index| {
        let Some(line) = model.ledger_request(index) else { return };
        let s = row.s;
        let answer = if line.others > 0 {
            format!("{} · others {}", line.answer, line.others)
        } else {
            line.answer.clone()
        };
        let left = line.left.map(|left| left.to_string()).unwrap_or_default();
        let known = if line.seq.is_some() { s.fg } else { s.faint };
        let outcome = if line.failed { s.warn } else { s.muted };
        let asker = if line.cause == "you" { s.accent } else { s.muted };
        let texts = [
            (clock_s(line.at, model.zone()), s.muted),
            (line.cause.clone(), asker),
            (line.asked.clone(), known),
            (answer, outcome),
            (line.price.to_string(), s.muted),
            (left, s.muted),
        ];
        table::cells(row, &texts, &cols, &places);
    });
}
