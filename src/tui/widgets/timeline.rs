//! A day as swim-lanes, one a person: tracked time with its ends, gaps, overlaps, what still runs, and now.

use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use ratatui::style::{Modifier, Style};

use crate::control::view::EntryLine;

use super::super::paint::Paint;
use super::super::text::hours;

/// Hours shown when nothing lies outside them.
const DAY: (u32, u32) = (7, 19);
/// The shortest pause that is shown as a gap.
const GAP: TimeDelta = TimeDelta::minutes(5);
/// The shortest and longest pause that may be a break.
const BREAK: (TimeDelta, TimeDelta) = (TimeDelta::minutes(20), TimeDelta::minutes(90));

/// The minute of a moment: sums with a timer in them change with the clock's minute and not between.
pub fn minute(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now)
}

/// A day's geometry: where each minute falls.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    day: NaiveDate,
    zone: Tz,
    from: u32,
    to: u32,
    /// Columns an hour.
    pub hour: u16,
    /// First column.
    pub left: u16,
}

impl Scale {
    /// A scale for a day between columns `left` and `right` that shows all of `entries`.
    pub fn new(
        day: NaiveDate,
        zone: Tz,
        now: DateTime<Utc>,
        entries: &[&EntryLine],
        left: u16,
        right: u16,
    ) -> Self {
        let (mut from, mut to) = DAY;
        for entry in entries {
            let start = entry.start.with_timezone(&zone);
            let stop = entry.stop.unwrap_or(now).with_timezone(&zone);
            if start.date_naive() == day {
                from = from.min(start.hour());
            } else {
                from = 0;
            }
            if stop.date_naive() == day {
                to = to.max(stop.hour() + 1);
            } else {
                to = 24;
            }
        }
        let room = right.saturating_sub(left);
        let hour = (room / (to - from) as u16).clamp(1, 9);
        Self { day, zone, from, to, hour, left }
    }

    /// Columns of the whole scale.
    pub fn width(&self) -> u16 {
        (self.to - self.from) as u16 * self.hour
    }

    fn column(&self, at: DateTime<Utc>) -> u16 {
        let local = at.with_timezone(&self.zone);
        let minute = match local.date_naive().cmp(&self.day) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Greater => 24 * 60,
            std::cmp::Ordering::Equal => local.hour() * 60 + local.minute(),
        };
        let from = minute.clamp(self.from * 60, self.to * 60) - self.from * 60;
        // Rounded, as the mock-ups are.
        ((from * u32::from(self.hour) * 2 + 60) / 120) as u16
    }
}

/// Draws the hours.
pub fn axis(p: &mut Paint<'_>, y: u16, scale: &Scale) {
    let faint = p.s.faint;
    let every = if scale.hour < 3 { 2 } else { 1 };
    for hour in (scale.from..scale.to).step_by(every) {
        let x = scale.left + (hour - scale.from) as u16 * scale.hour;
        p.text(x, y, &format!("{hour:02}"), faint);
    }
}

/// A lane's content.
pub struct Lane<'a> {
    /// Initials; empty draws none.
    pub who: &'a str,
    /// The person's entries of the day.
    pub entries: Vec<&'a EntryLine>,
    /// The id of the selected entry.
    pub selected: Option<String>,
    /// Draw the sum at the right end.
    pub sum: bool,
    /// The ASCII set is on.
    pub ascii: bool,
}

/// Draws one lane.
pub fn lane(p: &mut Paint<'_>, y: u16, scale: &Scale, now: DateTime<Utc>, lane: &Lane<'_>) {
    let s = p.s;
    p.cell(3, y, 3, lane.who, s.muted);
    let mut entries = lane.entries.clone();
    entries.sort_by_key(|e| e.start);
    let mut cells: Vec<(&str, Style)> = vec![(" ", s.fg); usize::from(scale.width())];
    gaps(&mut cells, scale, &entries, now, s.warn);
    let mut covered = vec![false; cells.len()];
    let mut latest: Option<DateTime<Utc>> = None;
    for entry in &entries {
        let from = usize::from(scale.column(entry.start));
        let stop = entry.stop.unwrap_or(now);
        let to = usize::from(scale.column(stop)).max(from + 1);
        // Two short entries may share a column; only time that is tracked twice is an overlap.
        let overlap = latest
            .filter(|latest| *latest > entry.start)
            .map_or(from, |latest| usize::from(scale.column(latest.min(stop))).max(from + 1));
        latest = latest.max(Some(stop));
        let mut style = if entry.stop.is_none() {
            s.running
        } else if entry.billable {
            s.fg
        } else {
            s.muted
        };
        if lane.selected.as_deref() == Some(entry.key.to_string().as_str()) {
            style = s.accent.add_modifier(Modifier::BOLD);
        }
        for col in from..to.min(cells.len()) {
            covered[col] = true;
            let sign = sign(entry, col - from, to - from);
            cells[col] = if col < overlap { ("╳", s.warn) } else { (sign, style) };
        }
    }
    let at = usize::from(scale.column(now));
    if now.with_timezone(&scale.zone).date_naive() == scale.day && at < cells.len() && !covered[at] {
        cells[at] = (if lane.ascii { "!" } else { "│" }, s.accent);
    }
    for (col, (sign, style)) in cells.iter().enumerate() {
        if *sign != " " {
            p.text(scale.left + col as u16, y, sign, *style);
        }
    }
    if lane.sum {
        let now = minute(now);
        let total: i64 = entries.iter().map(|e| (e.stop.unwrap_or(now) - e.start).num_seconds().max(0)).sum();
        let w = p.w();
        p.right(w.saturating_sub(1), y, 6, &hours(total), s.muted);
    }
}

fn sign(entry: &EntryLine, at: usize, len: usize) -> &'static str {
    let (begin, middle, end) = if entry.stop.is_none() {
        ("╺", "╍", "▸")
    } else if entry.billable {
        ("╺", "━", "╸")
    } else {
        ("╶", "─", "╴")
    };
    match at {
        _ if len == 1 => middle,
        0 => begin,
        _ if at + 1 == len => end,
        _ => middle,
    }
}

/// Dots between entries; the longest pause over midday is the person's break.
fn gaps(
    cells: &mut [(&str, Style)],
    scale: &Scale,
    entries: &[&EntryLine],
    now: DateTime<Utc>,
    style: Style,
) {
    let mut pauses = Vec::new();
    let Some(mut end) = entries.first().map(|e| e.stop.unwrap_or(now)) else { return };
    for entry in &entries[1..] {
        if entry.start - end >= GAP {
            pauses.push((end, entry.start));
        }
        end = end.max(entry.stop.unwrap_or(now));
    }
    let hour = |at: DateTime<Utc>| at.with_timezone(&scale.zone).hour();
    let is_break = |(from, to): &(DateTime<Utc>, DateTime<Utc>)| {
        let long = *to - *from;
        (BREAK.0..=BREAK.1).contains(&long) && hour(*from) >= 11 && hour(*from) < 14 && hour(*to) >= 12
    };
    let taken = pauses.iter().filter(|p| is_break(p)).max_by_key(|(from, to)| *to - *from).copied();
    for pause in pauses.into_iter().filter(|p| Some(*p) != taken) {
        let (from, to) = (usize::from(scale.column(pause.0)), usize::from(scale.column(pause.1)));
        for cell in cells.iter_mut().take(to).skip(from) {
            *cell = ("·", style);
        }
    }
}
