//! Quota: what is left in every bucket, and where it will stand at the reset.

use ratatui::style::Style;

use crate::control::snapshot::{JobLine, Meter, StrainLine};
use crate::domain::quota::Source;
use crate::domain::strain::Strained;

use super::super::model::{List, Model, Pane};
use super::super::paint::{Hit, Paint};
use super::super::text::{age, clock, clock_s, count, requests, width};
use super::super::widgets::table::{self, Col};
use super::super::widgets::{meter, rule};
use super::{has_keys, overview, title};

/// `22/30`, `≤18/30`.
fn left(model: &Model, m: &Meter) -> String {
    let left = m.remaining.map_or_else(|| "?".to_owned(), |n| n.max(0).to_string());
    match m.limit {
        Some(limit) => format!("{}{left}/{limit}", meter::about(m, model.ascii)),
        // The meter's place says that there is no limit.
        None => String::new(),
    }
}

fn at_reset(model: &Model, m: &Meter, short: bool) -> String {
    if m.waiting_until.is_some() && !short {
        return "waiting".to_owned();
    }
    if let Some(dry) = m.dry_at {
        return format!("dry {}", clock(dry, model.zone()));
    }
    match (meter::at_reset(m), m.limit) {
        (Some(n), Some(_)) if short => format!("{n} left"),
        (Some(n), Some(_)) => format!("{}{n} left", meter::about(m, model.ascii)),
        _ => "calm".to_owned(),
    }
}

fn until(model: &Model, m: &Meter) -> String {
    m.waiting_until.or(m.resets_at).map(|at| clock(at, model.zone())).unwrap_or_default()
}

/// What else than quota is in the way of its calls.
fn strain<'a>(model: &'a Model, m: &Meter) -> Option<&'a Strained> {
    model.snapshot.as_ref()?.strain(&m.account).filter(|_| m.waiting_until.is_none())
}

/// What matters most about the buckets: in full, in a word for the tile, and its style.
fn verdict(model: &Model, p: &Paint<'_>) -> Option<(String, String, Style)> {
    let snapshot = model.snapshot.as_ref()?;
    let zone = model.zone();
    if let Some(m) = snapshot.meters.iter().find(|m| m.waiting_until.is_some()) {
        let say = format!("{} waits until {}", m.label, until(model, m));
        return Some((say, "waiting".to_owned(), p.s.error));
    }
    if let Some(StrainLine { service, strained: Strained { by, until, times }, .. }) =
        snapshot.strains.first()
    {
        let say = match times {
            0 => format!("{service} {by} until {}", clock_s(*until, zone)),
            _ => format!("{service} {by}, again at {}", clock_s(*until, zone)),
        };
        return Some((say, by.to_string(), p.s.warn));
    }
    // No bucket need be dry for that: the rest is kept for the person.
    let waiting = snapshot.counted(&["waiting quota"]);
    if waiting > 0 {
        let job = snapshot.jobs.iter().find(|job| job.id.starts_with("new:") && job.state == "waiting quota");
        let when = job.map(|job| format!(", {}", job.when)).unwrap_or_default();
        let waits = count(waiting, "waits", "wait");
        return Some((format!("{waits} for quota{when}"), waits, p.s.warn));
    }
    if let Some((m, at)) = snapshot.meters.iter().find_map(|m| m.dry_at.map(|at| (m, at))) {
        let reset = m.resets_at.map(|r| format!(", its reset is at {}", clock(r, zone))).unwrap_or_default();
        let say = format!("{} runs dry at {}{reset}", m.label, clock(at, zone));
        return Some((say, "dry soon".to_owned(), p.s.warn));
    }
    Some(("calm".to_owned(), "calm".to_owned(), p.s.muted))
}

/// Draws the pane.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let right = verdict(model, p).map(|(say, _, style)| (say, style)).into_iter().collect();
    let focused = title(model, p, Pane::Quota, right);
    let meters = if w >= 78 { 30 } else { 20 };
    let cols = [
        Col::new("bucket", 13, 0, 9).flex(10, 2),
        Col::new("left", 7, 1, 9).right(),
        Col::new(
            if meters == 30 { "━ spent  ╍ expected  ┊ for you" } else { "━ spent ╍ expected" },
            meters,
            2,
            7,
        ),
        Col::new("at reset", 9, 2, 6).right().flex(9, 1),
        Col::new("until", 5, 2, 8),
        Col::new("read", 5, 1, 3).right(),
    ];
    let places = table::lay(w - 1, &cols);
    table::head(p, 1, &cols, &places);
    if model.len(List::Quota) == 0 {
        super::nothing(model, p, Pane::Quota, 2, "no bucket yet · the first answer of a service names it");
        return;
    }
    let snapshot = model.snapshot.as_ref();
    let meters = snapshot.map_or(&[][..], |s| &s.meters[..]);
    for (index, m) in meters.iter().enumerate() {
        line(model, p, 2 + index as u16, index, focused, |row| bucket(model, row, &places, m));
    }
    let jobs = snapshot.map_or(&[][..], |s| &s.jobs[..]);
    queued(model, p, 2 + meters.len() as u16, meters.len(), jobs, focused);
    let shown = usize::from(p.h().saturating_sub(2)).min(model.len(List::Quota));
    p.drawn.windows.insert(List::Quota, (0, shown));
}

/// A row of the list, wherever it stands.
fn line(
    model: &Model,
    p: &mut Paint<'_>,
    y: u16,
    index: usize,
    focused: bool,
    draw: impl FnOnce(&mut Paint<'_>),
) {
    if y >= p.h() {
        return;
    }
    let w = p.w();
    {
        let mut row = p.part(0, y, w, 1);
        draw(&mut row);
        if index == model.selected(List::Quota) {
            let (sign, style) = if focused { ("▸", row.s.accent) } else { ("›", row.s.muted) };
            row.text(0, 0, sign, style);
            if focused {
                let bar = row.s.selection;
                row.tint(0, 0, w, 1, bar);
            }
        }
    }
    p.hit(0, y, w, 1, Hit::Row(List::Quota, index));
}

fn bucket(model: &Model, row: &mut Paint<'_>, places: &[table::Place], m: &Meter) {
    let s = row.s;
    let amber = if m.dry_at.is_some() || m.waiting_until.is_some() { s.warn } else { s.fg };
    if let Some((x, w)) = places[0] {
        row.cell(x, 0, w, &m.label, s.fg);
    }
    if let Some((x, w)) = places[1] {
        row.right(x + w, 0, w, &left(model, m), amber);
    }
    if let Some((x, w)) = places[2] {
        meter::draw(row, x, 0, w, m);
    }
    match (strain(model, m), places[3], places[4]) {
        // Where it will stand says nothing while nothing leaves.
        (Some(strained), Some((from, _)), Some((x, w))) => {
            row.cell(from, 0, x + w - from, strained.by.as_str(), s.warn);
        }
        (_, forecast, reset) => {
            if let Some((x, w)) = forecast {
                row.right(x + w, 0, w, &at_reset(model, m, false), amber);
            }
            if let Some((x, w)) = reset {
                row.cell(x, 0, w, &until(model, m), s.muted);
            }
        }
    }
    if let Some((x, w)) = places[5] {
        let (text, style) = match (m.source, m.read_at) {
            (Source::Estimate, _) => ("est.".to_owned(), s.stale),
            (Source::Header, Some(at)) => (age(at, model.now, model.zone()), s.muted),
            (Source::Header, None) => (String::new(), s.muted),
        };
        row.right(x + w, 0, w, &text, style);
    }
}

/// Rows of the queued work below the meters: air and a rule.
pub fn job_rows(model: &Model) -> u16 {
    if model.snapshot.as_ref().is_none_or(|s| s.jobs.is_empty()) { 0 } else { 2 }
}

/// Queued work, below the meters where there is room: what it takes, and when it goes.
fn queued(model: &Model, p: &mut Paint<'_>, from: u16, first: usize, jobs: &[JobLine], focused: bool) {
    if jobs.is_empty() || from + 2 > p.h() {
        return;
    }
    let w = p.w();
    let most: u64 = jobs.iter().filter_map(|job| job.cost).map(u64::from).sum();
    let right = vec![(requests(most), p.s.muted)];
    rule::draw(p, 0, from + 1, w, &rule::Title { name: "queued", right, ..rule::Title::default() });
    let cols = [
        Col::new("", 24, 0, 9).flex(12, 2),
        Col::new("", 11, 1, 7),
        Col::new("", 26, 1, 6).flex(10, 1),
        Col::new("", 13, 1, 8),
    ];
    let places = table::lay(w, &cols);
    for (index, job) in jobs.iter().enumerate() {
        line(model, p, from + 2 + index as u16, first + index, focused, |row| {
            let s = row.s;
            let cost = job.cost.map(requests).unwrap_or_default();
            let done = match (job.total, job.done) {
                (Some(total), done) => format!("{done} of {total}"),
                (None, _) => cost,
            };
            let state = match job.state.as_str() {
                "paused" | "held" => s.warn,
                _ => s.pending,
            };
            let cells = [(&job.name, s.fg), (&done, s.muted), (&job.when, s.muted), (&job.state, state)];
            for (place, (text, style)) in places.iter().zip(cells) {
                if let Some((x, w)) = place {
                    row.cell(*x, 0, *w, text, style);
                }
            }
        });
    }
}

/// Draws the tile of the Overview: a line of figures and a meter for each bucket.
pub fn tile(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    let right = verdict(model, p).map(|(_, word, style)| (word, style));
    overview::title(model, p, Pane::Quota, "", right);
    let Some(snapshot) = &model.snapshot else {
        super::nothing(model, p, Pane::Quota, 1, "");
        return;
    };
    if snapshot.meters.is_empty() {
        super::nothing(model, p, Pane::Quota, 1, "no bucket yet");
        return;
    }
    // Air between the meters while it lasts, then the legend.
    let n = snapshot.meters.len() as u16;
    let room = h.saturating_sub(1);
    let legend = u16::from(room > n * 2);
    let tall = if n * 3 + legend <= room { 3 } else { 2 };
    let focused = has_keys(model, Pane::Quota);
    let mut list = p.part(0, 1, w, room - legend);
    table::tall_rows(&mut list, model, List::Quota, 0, tall, focused, &mut |item, index| {
        let Some(m) = snapshot.meters.get(index) else { return };
        tile_item(model, item, m);
    });
    if legend > 0 {
        let faint = p.s.faint;
        let text = if w >= 40 {
            "━ spent   ╍ expected   ┊ kept for you"
        } else {
            "━ spent ╍ expected ┊ for you"
        };
        p.cell(2, h - 1, w.saturating_sub(3), text, faint);
    }
}

fn tile_item(model: &Model, p: &mut Paint<'_>, m: &Meter) {
    let s = p.s;
    let w = p.w();
    let amber = if m.dry_at.is_some() || m.waiting_until.is_some() { s.warn } else { s.fg };
    let end = w.saturating_sub(1);
    let until = match (m.waiting_until, m.resets_at) {
        (Some(until), _) => format!("waiting {}", clock(until, model.zone())),
        (None, Some(at)) => match strain(model, m) {
            Some(strained) => strained.by.to_string(),
            None => format!("until {}", clock(at, model.zone())),
        },
        (None, None) => String::new(),
    };
    let from = p.right(end, 0, 13, &until, s.muted);
    let from = p.right(from.saturating_sub(2), 0, 8, &left(model, m), amber);
    p.cell(2, 0, from.saturating_sub(3), &m.label, s.fg);
    let at_reset = if m.limit.is_some() { at_reset(model, m, true) } else { String::new() };
    let bar = w.saturating_sub(4 + width(&at_reset).max(7)).min(30);
    meter::draw(p, 2, 1, bar, m);
    p.right(end, 1, w.saturating_sub(bar + 3), &at_reset, s.muted);
}
