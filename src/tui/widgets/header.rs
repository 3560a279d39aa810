//! The status header: tag, day, running timer; right: sync, hook, tightest quota, alerts. When it is narrow the
//! project gives way first, then the reset times, then the day, never the state words.

use ratatui::style::Style;

use crate::config::settings::Motion;
use crate::control::snapshot::{CacheWord, Meter, Snapshot};
use crate::domain::health::SubState;
use crate::domain::id::Service;
use crate::domain::on_the_way::is_told;
use crate::domain::word::SyncWord;

use super::super::keymap::Action;
use super::super::model::{Connection, Model, Pane};
use super::super::paint::{Hit, Paint};
use super::super::text::{clock, day, running, width};
use super::super::theme::Styles;
use crate::domain::text::every;

struct Slot {
    text: String,
    style: Style,
    /// Muted words after it, the reset time; the first to go.
    after: String,
    hit: Hit,
}

/// Draws the header into a row.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let gap = if w >= 100 { 3 } else { 2 };
    let wide = w >= 110;
    let mut slots = slots(model, p.s, wide);
    let total =
        |slots: &[Slot]| -> u16 { slots.iter().map(|s| width(&s.text) + width(&s.after) + gap).sum::<u16>() };
    let least = left_least(model) + 2;
    if least + total(&slots) > w {
        for slot in &mut slots {
            slot.after.clear();
        }
    }
    let mut x = w.saturating_sub(total(&slots) + 1).max(1);
    let left_end = x;
    x += gap;
    for slot in &slots {
        let from = x;
        x = p.text(x, 0, &slot.text, slot.style);
        let muted = p.s.muted;
        x = p.text(x, 0, &slot.after, muted);
        p.hit(from, 0, x.saturating_sub(from), 1, slot.hit);
        x += gap;
    }
    left(model, &mut p.part(0, 0, left_end, 1), w >= 100);
}

fn tag(model: &Model) -> String {
    let source = model
        .snapshot
        .as_ref()
        .and_then(|s| s.accounts.iter().find(|a| a.service == Service::Toggl).map(|a| a.tag.clone()));
    source.unwrap_or_else(|| "··".to_owned())
}

/// Columns for tag, day and the timer's figures without the project.
fn left_least(model: &Model) -> u16 {
    width(&tag(model)) + width(&day(model.now, model.zone())) + 4 + if has_timer(model) { 10 } else { 0 }
}

fn has_timer(model: &Model) -> bool {
    model.snapshot.as_ref().is_some_and(|s| s.timers.iter().any(|t| t.own))
}

fn left(model: &Model, p: &mut Paint<'_>, wide: bool) {
    let (header, muted, fg, run) = (p.s.header, p.s.muted, p.s.fg, p.s.running);
    let zone = model.zone();
    let mut x = p.parts(1, 0, &[("[", muted), (&tag(model), header), ("]", muted), (" ", fg)]);
    let timer = model.snapshot.as_ref().and_then(|s| s.timers.iter().find(|t| t.own));
    let figures = timer.map_or(0, |t| 4 + width(&running((model.now - t.start).num_seconds(), false)));
    let day = day(model.now, zone);
    // The weekday goes before a timer would be cut in two.
    let short = day.split_once(' ').map_or(day.as_str(), |(_, rest)| rest);
    let fits = |day: &str| x + width(day) + figures <= p.w();
    let day = if !wide && !fits(&day) && fits(short) { short } else { &day };
    x = p.text(x, 0, day, fg);
    if wide {
        x = p.text(x + 1, 0, &clock(model.now, zone), fg);
    }
    x += if wide { 3 } else { 2 };
    if model.snapshot.is_none() {
        return;
    }
    match timer {
        Some(timer) => {
            let seconds = wide && model.motion != Motion::Off;
            p.drawn.ticking |= seconds;
            let time = running((model.now - timer.start).num_seconds(), seconds);
            if x + 2 + width(&time) > p.w() {
                return;
            }
            x = p.parts(x, 0, &[("▸ ", run), (&time, run), (" ", run)]);
            let (name, style) = match timer.project.as_str() {
                "" if timer.description.is_empty() => ("(no project)", p.s.warn),
                "" => (timer.description.as_str(), fg),
                project => (project, fg),
            };
            let room = p.w().saturating_sub(x);
            if room >= 4 {
                p.cell(x, 0, room, name, style);
            }
        }
        None if wide || p.w() >= x + 8 => {
            p.cell(x, 0, 8, "no timer", muted);
        }
        None => {}
    }
}

fn slots(model: &Model, s: &Styles, wide: bool) -> Vec<Slot> {
    let mut slots = vec![sync(model, s)];
    if let Some(snapshot) = &model.snapshot {
        slots.push(hook(model, snapshot, s));
        let mut shown: Vec<Service> = Vec::new();
        for meter in &snapshot.meters {
            if meter.limit.is_none() || shown.contains(&meter.service) || (!wide && !shown.is_empty()) {
                continue;
            }
            shown.push(meter.service);
            slots.push(quota(model, meter, s));
        }
        let alerts = snapshot.alerts.len();
        if alerts > 0 {
            let text = format!("!{alerts}");
            slots.push(Slot { text, style: s.warn, after: String::new(), hit: Hit::Do(Action::OldestAlert) });
        }
    }
    slots
}

fn slot(text: impl Into<String>, style: Style, pane: Pane) -> Slot {
    Slot { text: text.into(), style, after: String::new(), hit: Hit::Pane(pane) }
}

fn sync(model: &Model, s: &Styles) -> Slot {
    let zone = model.zone();
    match &model.connection {
        Connection::Lost { since, .. } => {
            return slot(format!("engine lost {}", clock(*since, zone)), s.error, Pane::Sync);
        }
        Connection::Connecting => return slot("connecting", s.pending, Pane::Sync),
        Connection::Live => {}
    }
    let Some(snapshot) = &model.snapshot else { return slot("opening", s.pending, Pane::Sync) };
    if let Some(word) = snapshot.disk.word() {
        return slot(word, s.error, Pane::Sync);
    }
    match snapshot.cache {
        CacheWord::Opening => return slot(format!("opening {}%", snapshot.percent), s.pending, Pane::Sync),
        CacheWord::Rebuilding => {
            return slot(format!("rebuilding {}%", snapshot.percent), s.pending, Pane::Sync);
        }
        CacheWord::Ready => {}
    }
    if let Some((tag, trouble)) =
        snapshot.accounts.iter().find_map(|a| a.trouble.as_ref().map(|t| (a.tag.as_str(), t.as_str())))
    {
        let text =
            if trouble.starts_with("offline") { trouble.to_owned() } else { format!("{tag} {trouble}") };
        return slot(text, s.error, Pane::Sync);
    }
    if let Some(hold) = snapshot.holds.iter().min_by_key(|h| h.since) {
        return slot(format!("held {}", clock(hold.since, zone)), s.warn, Pane::Sync);
    }
    let worst = |words: &[(&'static str, Style)]| {
        words.iter().map(|(word, style)| (*word, snapshot.counted(&[word]), *style)).find(|(_, n, _)| *n > 0)
    };
    let at = |(word, n, style): (&str, u32, Style)| {
        let pane = if word == "unmapped" { Pane::Mapping } else { Pane::Sync };
        slot(format!("{n} {word}"), style, pane)
    };
    if let Some(found) = worst(&[("failed", s.error), ("conflict", s.error), ("held", s.warn)]) {
        return at(found);
    }
    if let Some(line) = snapshot.strains.first() {
        return slot(format!("{} {}", line.tag, line.strained.by), s.warn, Pane::Quota);
    }
    if let Some(found) = worst(&[("unmapped", s.warn), ("waiting quota", s.pending)]) {
        return at(found);
    }
    let under_way = snapshot.counted(&SyncWord::ON_THE_WAY);
    if is_told(under_way, snapshot.on_the_way_since, model.now)
        && let Some(found) = worst(&[("queued", s.pending), ("sending", s.pending)])
    {
        return at(found);
    }
    slot("sync ok", s.ok, Pane::Sync)
}

fn hook(model: &Model, snapshot: &Snapshot, s: &Styles) -> Slot {
    // Worst last in the order of the states, so the sign of the worst stands for all.
    let rank = |state: SubState| match state {
        SubState::Disabled | SubState::DisabledByFailures => 7,
        SubState::DisabledByPlan | SubState::Off => 6,
        SubState::NotValidated => 5,
        SubState::Silent => 4,
        SubState::Drifted => 3,
        SubState::Unknown => 2,
        SubState::Pending => 1,
        SubState::Active => 0,
    };
    let worst = snapshot.subscriptions.iter().filter(|l| !l.is_well()).max_by_key(|l| rank(l.state));
    if let Some(line) = worst {
        if line.is_leaving() {
            return slot("hook not off yet", s.warn, Pane::Webhooks);
        }
        let style = super::words::subscription(line.state, line.wanted, s);
        return slot(format!("hook {}", line.state.short()), style, Pane::Webhooks);
    }
    if let Some((since, _)) = &snapshot.unreached {
        return slot(format!("address out {}", clock(*since, model.zone())), s.warn, Pane::Webhooks);
    }
    if let Some(seconds) = snapshot.reading {
        return slot(format!("reading {}", every(seconds)), s.muted, Pane::Webhooks);
    }
    if snapshot.subscriptions.iter().any(|l| l.ours) {
        slot("hook ok", s.ok, Pane::Webhooks)
    } else if snapshot.public_address {
        slot("hook not known", s.muted, Pane::Webhooks)
    } else {
        slot("no hook", s.muted, Pane::Webhooks)
    }
}

fn quota(model: &Model, meter: &Meter, s: &Styles) -> Slot {
    let zone = model.zone();
    let about = super::meter::about(meter, model.ascii);
    let left = meter.remaining.map_or_else(|| "?".to_owned(), |n| n.max(0).to_string());
    let limit = meter.limit.map_or_else(String::new, |n| format!("/{n}"));
    let mut slot = slot(format!("{} {about}{left}{limit}", meter.service), s.fg, Pane::Quota);
    if let Some(until) = meter.waiting_until {
        slot.text = format!("{} waiting {}", slot.text, clock(until, zone));
        slot.style = s.meter_high;
    } else if let Some(dry) = meter.dry_at {
        slot.text = format!("{} dry {}", slot.text, clock(dry, zone));
        slot.style = s.warn;
    } else if let Some(reset) = meter.resets_at {
        slot.after = format!(" {}", clock(reset, zone));
    }
    slot
}
