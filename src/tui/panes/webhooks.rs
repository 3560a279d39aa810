//! Webhooks: is every road open?

use crate::control::snapshot::SubscriptionLine;
use crate::domain::clockify_hook::Event;
use crate::domain::health::{SubState, Wanted};
use crate::domain::text::every;

use super::super::model::{List, Model, Pane};
use super::super::paint::Paint;
use super::super::signs::{latencies, sparkline, subscription};
use super::super::text::{age, clock, count};
use super::super::widgets::table::{self, Col, Place};
use super::super::widgets::words;
use super::{has_keys, hook, no_webhook, overview, title};

/// With a public address the service is asked; until it answers, or where it has none.
const NONE_YET: &str = "no subscription known yet";

/// The state's word, with its time where it is unknown.
pub fn state(model: &Model, line: &SubscriptionLine) -> String {
    match line.state {
        SubState::Unknown => format!("unknown since {}", clock(line.since, model.zone())),
        state => state.short().to_owned(),
    }
}

/// `Toggl HP`.
fn service(model: &Model, line: &SubscriptionLine) -> String {
    let tag = model.snapshot.as_ref().and_then(|s| s.accounts.iter().find(|a| a.name == line.at.account));
    let service = super::super::model::service_label(line.service);
    tag.map_or_else(|| service.to_owned(), |a| format!("{service} {}", a.tag))
}

/// The event of a webhook of ours that has but one, as all of Clockify have.
fn event(line: &SubscriptionLine) -> Option<String> {
    let event = line.events.first().filter(|_| line.flags.is_some() && line.ours)?;
    Some(Event::of(event).short())
}

/// Its name; of a webhook of ours for one event that event, which stands at the end of its name.
fn called(line: &SubscriptionLine) -> String {
    event(line).unwrap_or_else(|| line.description.clone())
}

/// Where there is no room for a name: the service, or what tells several of one account apart.
fn brief(model: &Model, line: &SubscriptionLine) -> String {
    let tag = model.snapshot.as_ref().and_then(|s| s.accounts.iter().find(|a| a.name == line.at.account));
    match (tag, event(line)) {
        (Some(account), Some(event)) => format!("{} {event}", account.tag),
        _ => service(model, line),
    }
}

fn figures(model: &Model, p: &Paint<'_>) -> Vec<(String, ratatui::style::Style)> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let d = &snapshot.deliveries;
    let mut right = Vec::new();
    let plan = snapshot.subscriptions.iter().find(|s| s.ours && !s.plan.is_empty());
    if let Some(line) = plan.filter(|_| p.w() >= 70) {
        let tag = snapshot.accounts.iter().find(|a| a.name == line.at.account).map(|a| a.tag.as_str());
        right.push((format!("{} {}", tag.unwrap_or_default(), line.plan).trim().to_owned(), p.s.muted));
    }
    if p.w() >= 100 || (plan.is_none() && p.w() >= 70) {
        right.push((count(d.received, "delivery", "deliveries"), p.s.muted));
        if d.duplicates > 0 {
            right.push((format!("{} copies", d.duplicates), p.s.muted));
        }
    }
    let active = snapshot.subscriptions.iter().filter(|s| s.state == SubState::Active).count();
    right.push((format!("{active} active"), p.s.muted));
    if d.rejected > 0 {
        right.push((format!("{} rejected", d.rejected), p.s.warn));
    }
    if d.dead > 0 {
        right.push((format!("{} dead", d.dead), p.s.warn));
    }
    right
}

/// Draws the pane.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let right = figures(model, p);
    let focused = title(model, p, Pane::Webhooks, right);
    let cols = [
        Col::new("state", 16, 0, 9).flex(14, 0),
        Col::new("service", 11, 1, 5),
        Col::new("name", 19, 2, 8).flex(8, 3),
        Col::new("last good", 12, 1, 7),
        Col::new("last 24 h", 12, 3, 3),
        Col::new("today", 5, 2, 1).right(),
        Col::new("on the way", 10, 2, 0).right(),
        Col::new("latency", 18, 4, 0),
    ];
    let places = table::lay(w - 1, &cols);
    table::head(p, 1, &cols, &places);
    if model.len(List::Webhooks) == 0 {
        without(model, p, 2, &cols, &places);
        return;
    }
    table::rows(p, model, List::Webhooks, 2, focused, |row, index| {
        let Some(line) = model.snapshot.as_ref().and_then(|s| s.subscriptions.get(index)) else { return };
        let s = row.s;
        let style = words::subscription(line.state, line.wanted, s);
        let mut put = |at: usize, text: &str, style| {
            if let Some((x, w)) = places[at] {
                if cols[at].right {
                    row.right(x + w, 0, w, text, style);
                } else {
                    row.cell(x, 0, w, text, style);
                }
            }
        };
        // The sign stands in the gutter's mark, the word keeps quiet where all is well.
        let word = if line.state == SubState::Active { s.fg } else { style };
        put(0, &format!("  {}", state(model, line)), word);
        let plain = if line.wanted == Wanted::Disabled { s.muted } else { s.fg };
        put(1, &service(model, line), plain);
        put(2, &called(line), plain);
        let last =
            line.last_delivery_at.map_or_else(|| "never".to_owned(), |at| age(at, model.now, model.zone()));
        put(3, &last, s.muted);
        let cell = places[4].map(|(x, _)| (x, w.saturating_sub(x + 1))).filter(|_| line.cause.is_empty());
        let out = cell.and_then(|(x, room)| Some((x, room, hook::unreached(model, line, room)?)));
        if let Some((x, room, say)) = out {
            row.cell(x, 0, room, &say, s.warn);
        } else if line.cause.is_empty() {
            put(4, &sparkline(&line.spark), s.accent);
            put(5, &line.today.to_string(), s.muted);
            if let Some(seconds) = line.latency_s {
                put(6, &format!("{seconds:.1} s"), s.muted);
                put(7, &latencies(&line.latency_spark, model.ascii), s.accent);
            }
        } else if let Some((x, _)) = places[4] {
            // A cause stands for the figures: there are none worth a look.
            row.cell(x, 0, w.saturating_sub(x + 1), &line.cause, s.muted);
        }
        if let Some((x, _)) = places[0] {
            row.text(x, 0, subscription(line.state), style);
        }
    });
}

/// No webhook at all: what that means, and what would change it.
fn without(model: &Model, p: &mut Paint<'_>, y: u16, cols: &[Col], places: &[Place]) {
    let (fg, muted, w) = (p.s.fg, p.s.muted, p.w());
    let Some(snapshot) = &model.snapshot else {
        super::nothing(model, p, Pane::Webhooks, y, "");
        return;
    };
    if snapshot.public_address {
        p.cell(3, y, w.saturating_sub(4), NONE_YET, fg);
        if let Some(seconds) = snapshot.reading {
            let text = format!("reading  Toggl every {}", every(seconds));
            p.cell(3, y + 1, w.saturating_sub(4), &text, muted);
        }
        return;
    }
    no_webhook::draw(snapshot, p, y, cols, places);
}

/// Draws the tile of the Overview: two rows a subscription, then the last incident.
pub fn tile(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    let Some(snapshot) = &model.snapshot else {
        overview::title(model, p, Pane::Webhooks, "", None);
        super::nothing(model, p, Pane::Webhooks, 1, "");
        return;
    };
    let active = snapshot.subscriptions.iter().filter(|s| s.state == SubState::Active).count();
    let all = snapshot.subscriptions.len();
    let active = if active == all { format!("{active} active") } else { format!("{active} of {all} active") };
    let right = (active, p.s.muted);
    overview::title(model, p, Pane::Webhooks, "", Some(right));
    if snapshot.subscriptions.is_empty() {
        let (fg, muted) = (p.s.fg, p.s.muted);
        if snapshot.public_address {
            p.cell(3, 1, w.saturating_sub(4), NONE_YET, fg);
            if let Some(seconds) = snapshot.reading {
                let text = format!("reading Toggl every {}", every(seconds));
                p.cell(3, 2, w.saturating_sub(4), &text, muted);
            }
            return;
        }
        let every = every(snapshot.reading.unwrap_or(300));
        p.cell(3, 1, w.saturating_sub(4), &format!("reading Toggl every {every}"), fg);
        p.cell(3, 2, w.saturating_sub(4), "a public address makes it live", muted);
        p.cell(3, 3, w.saturating_sub(4), "Enter shows three ways to one", muted);
        return;
    }
    // Nothing has happened: one line says so, and the rest is for rows.
    let incident = if snapshot.incidents.is_empty() { 2 } else { 5 };
    let room = h.saturating_sub(1);
    // All of them in one row each are worth more than some in two.
    let tall = if room >= all as u16 * 2 + incident || room <= 4 { 2 } else { 1 };
    let need = all as u16 * tall;
    let list_rows =
        if room >= need + incident { need } else { room.saturating_sub(incident).max(room.min(4)) };
    let focused = has_keys(model, Pane::Webhooks);
    let mut list = p.part(0, 1, w, list_rows);
    table::tall_rows(&mut list, model, List::Webhooks, 0, tall, focused, &mut |item, index| {
        if let Some(line) = snapshot.subscriptions.get(index) {
            tile_item(model, item, line);
        }
    });
    if h >= list_rows + 1 + incident {
        last_incident(model, &mut p.part(0, list_rows + 2, w, h - list_rows - 2));
    }
}

fn tile_item(model: &Model, p: &mut Paint<'_>, line: &SubscriptionLine) {
    let s = p.s;
    let w = p.w();
    let style = words::subscription(line.state, line.wanted, s);
    p.text(1, 0, subscription(line.state), style);
    let word = if line.state == SubState::Active { s.fg } else { style };
    let x = p.cell(3, 0, 14, &state(model, line), word).max(17) + 1;
    let ages =
        line.last_delivery_at.map_or_else(|| "never".to_owned(), |at| age(at, model.now, model.zone()));
    let end = p.right(w.saturating_sub(1), 0, 8, &ages, s.muted);
    p.cell(x, 0, end.saturating_sub(x + 1), &brief(model, line), s.fg);
    if p.h() < 2 {
        return;
    }
    if !line.cause.is_empty() {
        p.cell(5, 1, w.saturating_sub(6), &line.cause, s.muted);
        return;
    }
    if let Some(say) = hook::unreached(model, line, w.saturating_sub(6)) {
        p.cell(5, 1, w.saturating_sub(6), &say, s.warn);
        return;
    }
    p.text(5, 1, &format!("{} today", line.today), s.muted);
    let x = p.text(x, 1, &sparkline(&line.spark), s.accent);
    if let Some(seconds) = line.latency_s {
        let text = format!("{seconds:.1} s");
        if x + text.len() as u16 + 2 <= w {
            p.right(w.saturating_sub(1), 1, 8, &text, s.muted);
        }
    }
}

fn last_incident(model: &Model, p: &mut Paint<'_>) {
    let s = p.s;
    let w = p.w();
    let zone = model.zone();
    let Some(incident) = model.snapshot.as_ref().and_then(|s| s.incidents.first()) else {
        p.text(3, 0, "no incident", s.faint);
        return;
    };
    p.text(3, 0, "last incident", s.muted);
    let (word, style) = if incident.closed_at.is_some() { ("closed", s.ok) } else { ("open", s.error) };
    p.right(w.saturating_sub(1), 0, 8, word, style);
    let from = clock(incident.from(), zone);
    let span = incident
        .closed_at
        .map_or_else(|| format!("since {from}"), |end| format!("{from}–{}", clock(end, zone)));
    let x = p.text(3, 1, &span, s.fg) + 3;
    if incident.recovered > 0 {
        p.cell(x, 1, w.saturating_sub(x + 1), &format!("{} recovered", incident.recovered), s.muted);
    }
    p.cell(3, 2, w.saturating_sub(4), &incident.cause, s.muted);
    // How it stands now; what a gap-fill brought stands above.
    if let Some(step) = incident.timeline.iter().rfind(|step| step.what != "gap-fill") {
        p.cell(3, 3, w.saturating_sub(4), &step.answer, s.muted);
    }
}
