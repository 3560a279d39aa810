//! The facts of a subscription above its incident: what it tells and where, its secret, what somebody changed, the plan.
//! What does not fit into a row goes on in the next: nothing here is cut that stands nowhere else.

use ratatui::style::Style;

use crate::control::snapshot::SubscriptionLine;
use crate::domain::drift::Drift;
use crate::domain::health::Wanted;

use super::super::model::Model;
use super::super::paint::Paint;
use super::super::signs::latencies;
use super::super::text::{age, clock, date, width, wrap};
use super::super::theme::Styles;

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

/// Columns from which the latency stands here; below, the rows are for what is wrong.
const ROOMY: u16 = 72;

/// How a row is meant.
#[derive(Clone, Copy)]
enum Look {
    /// What is wrong.
    Trouble,
    /// A fact.
    Fact,
    /// A fact of less weight.
    Aside,
    /// What is always so.
    Faint,
}

impl Look {
    fn style(self, s: &Styles) -> Style {
        match self {
            Self::Trouble => s.warn,
            Self::Fact => s.fg,
            Self::Aside => s.muted,
            Self::Faint => s.faint,
        }
    }
}

/// A row: its parts, each with its column.
type Line = Vec<(u16, String, Look)>;

/// Rows that the facts take.
pub fn rows(model: &Model) -> u16 {
    model.incident_subscription().map_or(0, |line| lines(model, line, model.size.0).len() as u16)
}

/// Draws them from the first row on.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let (s, w) = (p.s, p.w());
    let Some(line) = model.incident_subscription() else { return };
    for (y, parts) in lines(model, line, w).iter().enumerate() {
        for (x, text, look) in parts {
            p.cell(*x, y as u16, w.saturating_sub(x + 1), text, look.style(s));
        }
    }
}

fn lines(model: &Model, line: &SubscriptionLine, w: u16) -> Vec<Line> {
    let room = w.saturating_sub(4);
    let mut lines: Vec<Line> = Vec::new();
    let events = line.events.join(", ");
    if width(&events) <= w / 2 {
        let x = 3 + width(&events) + 4;
        lines.push(vec![(3, events, Look::Aside), (x, line.address.clone(), Look::Faint)]);
    } else {
        push(&mut lines, room, &events, Look::Aside);
        lines.push(vec![(3, line.address.clone(), Look::Faint)]);
    }
    let standing = standing(model, line);
    // What is wrong comes first; the rest follows in its row where there is room.
    let open = model.incident().filter(|incident| incident.closed_at.is_none());
    let cause = if line.cause.is_empty() { open.map_or("", |i| i.cause.as_str()) } else { &line.cause };
    let unreached = unreached(model, line, room.saturating_mul(2)).unwrap_or_default();
    let cause = if cause.is_empty() { unreached.as_str() } else { cause };
    if cause.is_empty() {
        push(&mut lines, room, &standing, Look::Aside);
    } else {
        push(&mut lines, room, cause, Look::Trouble);
        let end = lines.last().and_then(|l| l.last()).map_or(0, |(x, text, _)| x + width(text));
        match lines.last_mut() {
            Some(last) if end + 3 + width(&standing) < w => {
                last.push((end, format!(" · {standing}"), Look::Aside));
            }
            _ => push(&mut lines, room, &standing, Look::Aside),
        }
    }
    push(&mut lines, room, &deliveries(model, line, w), Look::Aside);
    for drift in &line.drift {
        drifted(&mut lines, drift, w);
    }
    if !line.plan.is_empty() {
        let upgrade = if line.upgrade.is_empty() { String::new() } else { format!(" · {}", line.upgrade) };
        push(&mut lines, room, &format!("plan {}{upgrade}", line.plan), Look::Faint);
    }
    for fact in &line.facts {
        push(&mut lines, room, fact, Look::Fact);
    }
    lines
}

fn push(lines: &mut Vec<Line>, room: u16, text: &str, look: Look) {
    lines.extend(wrap(text, room).into_iter().map(|row| vec![(3, row, look)]));
}

fn standing(model: &Model, line: &SubscriptionLine) -> String {
    let mut facts = Vec::new();
    if let Some(at) = line.checked_at {
        facts.push(format!("checked {}", clock(at, model.zone())));
    }
    facts.push(if line.ours { "made or adopted here".to_owned() } else { "not ours, left alone".to_owned() });
    facts.join(" · ")
}

fn deliveries(model: &Model, line: &SubscriptionLine, w: u16) -> String {
    let zone = model.zone();
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
    if let Some(seconds) = line.latency_s.filter(|_| w >= ROOMY) {
        more.push(
            format!("on the way {seconds:.1} s {}", latencies(&line.latency_spark, model.ascii))
                .trim()
                .to_owned(),
        );
    }
    more.join(" · ")
}

/// Both values in one row, or each in rows of its own.
fn drifted(lines: &mut Vec<Line>, drift: &Drift, w: u16) {
    const VALUES: u16 = 14;
    let field = (3, drift.field.clone(), Look::Trouble);
    let (ours, theirs) = (format!("ours: {}", drift.ours), format!("theirs: {}", drift.theirs));
    let both = format!("{ours}  {theirs}");
    if VALUES + width(&both) < w {
        lines.push(vec![field, (VALUES, both, Look::Fact)]);
        return;
    }
    let begin = lines.len();
    for value in [ours, theirs] {
        let rows = wrap(&value, w.saturating_sub(VALUES + 1));
        lines.extend(rows.into_iter().map(|row| vec![(VALUES, row, Look::Fact)]));
    }
    lines[begin].insert(0, field);
}
