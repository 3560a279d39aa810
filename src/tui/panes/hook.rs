//! The facts of a subscription above its incident: what it tells and where, its secret, what somebody changed, the plan.

use super::super::model::Model;
use super::super::paint::Paint;
use super::super::text::{age, clock, date, width};
use crate::control::snapshot::SubscriptionLine;
use crate::domain::drift::Drift;
use crate::domain::health::Wanted;

/// That the own address does not answer, for a subscription that calls it; this says nothing about the subscription.
/// In `room` columns: as a sentence with the reason where it fits, else shorter.
pub fn unreached(model: &Model, line: &SubscriptionLine, room: u16) -> Option<String> {
    let snapshot = model.snapshot.as_ref().filter(|_| line.ours && line.wanted == Wanted::Enabled)?;
    let (since, why) = snapshot.unreached.as_ref()?;
    let since = clock(*since, model.zone());
    let say = format!("our own address does not answer since {since}");
    let whole = format!("{say}: {why}");
    let all = [whole, say, format!("address out {since}")];
    let fits = all.iter().find(|say| width(say) <= room).or(all.last());
    fits.cloned()
}

/// Rows below the two that are always there.
pub fn rows(model: &Model) -> u16 {
    let Some(line) = model.incident_subscription() else { return 0 };
    let drift: u16 = line.drift.iter().map(|d| if fits(d, model.size.0) { 1 } else { 2 }).sum();
    1 + drift + line.facts.len() as u16 + u16::from(!line.plan.is_empty())
}

/// Whether both values stand in one row of this many columns.
fn fits(drift: &Drift, w: u16) -> bool {
    const WORDS: u16 = 16;
    width(&drift.ours) + width(&drift.theirs) + WORDS + 14 < w
}

/// Draws them from the first row on.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let s = p.s;
    let w = p.w();
    let Some(line) = model.incident_subscription() else { return };
    let mut x = p.cell(3, 0, w / 2, &line.events.join(", "), s.muted);
    x += 4;
    if x + 8 < w {
        p.cell(x, 0, w.saturating_sub(x + 1), &line.address, s.faint);
    }
    let zone = model.zone();
    let mut facts = Vec::new();
    if let Some(at) = line.checked_at {
        facts.push(format!("checked {}", clock(at, zone)));
    }
    facts.push(if line.ours { "made or adopted here".to_owned() } else { "not ours, left alone".to_owned() });
    // What is wrong comes first; what is cut off behind it is of less weight.
    let open = model.incident().filter(|incident| incident.closed_at.is_none());
    let cause = if line.cause.is_empty() { open.map_or("", |i| i.cause.as_str()) } else { &line.cause };
    let unreached = unreached(model, line, w.saturating_sub(4)).unwrap_or_default();
    let cause = if cause.is_empty() { unreached.as_str() } else { cause };
    let mut x = 3;
    if !cause.is_empty() {
        x = p.cell(x, 1, w.saturating_sub(4), cause, s.warn);
        facts.insert(0, String::new());
    }
    p.cell(x, 1, w.saturating_sub(x + 1), &facts.join(" · "), s.muted);
    let mut more = Vec::new();
    if !line.secret.is_empty() {
        let before = line.overlap_until.filter(|until| *until > model.now).map(|until| {
            format!(", the one before it too until {} {}", date(until, zone), clock(until, zone))
        });
        more.push(format!("secret {}{}", line.secret, before.unwrap_or_default()));
    }
    if let Some(at) = line.edited_at {
        more.push(format!("edited {}", age(at, model.now, zone)));
    }
    match line.last_bad_at {
        Some(at) if line.failures > 0 => {
            let why = if line.refused.is_empty() { String::new() } else { format!(": {}", line.refused) };
            more.push(format!("last bad {}, {} in a row{why}", age(at, model.now, zone), line.failures));
        }
        Some(at) => more.push(format!("last bad {}", age(at, model.now, zone))),
        None => more.push("no bad delivery known".to_owned()),
    }
    p.cell(3, 2, w.saturating_sub(4), &more.join(" · "), s.muted);
    let mut y = 3;
    for drift in &line.drift {
        p.cell(3, y, 10, &drift.field, s.warn);
        let (ours, theirs) = (format!("ours: {}", drift.ours), format!("theirs: {}", drift.theirs));
        if fits(drift, w) {
            p.cell(14, y, w.saturating_sub(15), &format!("{ours}  {theirs}"), s.fg);
        } else {
            p.cell(14, y, w.saturating_sub(15), &ours, s.fg);
            y += 1;
            p.cell(14, y, w.saturating_sub(15), &theirs, s.fg);
        }
        y += 1;
    }
    if !line.plan.is_empty() {
        let upgrade = if line.upgrade.is_empty() { String::new() } else { format!(" · {}", line.upgrade) };
        p.cell(3, y, w.saturating_sub(4), &format!("plan {}{upgrade}", line.plan), s.faint);
        y += 1;
    }
    for fact in &line.facts {
        p.cell(3, y, w.saturating_sub(4), fact, s.fg);
        y += 1;
    }
}
