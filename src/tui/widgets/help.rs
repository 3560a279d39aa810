//! The help: what every key does here, from the table of actions, innermost context first.

use super::super::keymap::{ACTIONS, Context, contexts};
use super::super::model::{List, Model};
use super::super::paint::Paint;
use super::super::text::wrap;
use super::{rule, table};

/// Signs explained below the keys.
const SIGNS: &[(&str, &str)] = &[
    ("!", "needs a person"),
    ("~", "changed or renamed"),
    ("▸ ›", "selected here, remembered elsewhere"),
    ("= ≈ –", "linked with the same name, with another, left out by a rule"),
    ("→ ×", "to the fallback, linked to what is archived or gone there; in Today × is deleted in Toggl"),
    ("● ◌ !", "subscription active, pending, not validated"),
    ("× ≠ ? ·", "subscription disabled, drifted, silent, unknown"),
    ("s q >", "synced, queued, sending"),
    ("w - ·", "waiting quota, skipped, not yet due"),
    ("U C F H", "unmapped, conflict, failed, held: these need a person"),
    ("━ ╍ · ┊", "spent, expected, free, kept for you"),
];

/// Columns of the help at most.
const WIDEST: u16 = 76;
/// Where the words begin.
const WORDS: u16 = 22;

enum Line {
    Head(String),
    Item(String, String),
    Gap,
}

fn content(model: &Model) -> Vec<Line> {
    let mut lines = Vec::new();
    for context in contexts(model) {
        let specs: Vec<_> = ACTIONS.iter().filter(|s| s.context == context).collect();
        if !lines.is_empty() {
            lines.push(Line::Gap);
        }
        lines.push(Line::Head(match context {
            Context::Global => "everywhere".to_owned(),
            Context::List => "in a list".to_owned(),
            other => other.name().to_owned(),
        }));
        for spec in specs {
            let keys: Vec<String> = model.keymap.keys(spec.action).iter().map(ToString::to_string).collect();
            if !keys.is_empty() {
                lines.push(Line::Item(keys.join(" "), spec.help.to_owned()));
            }
        }
    }
    lines.push(Line::Gap);
    lines.push(Line::Head("signs".to_owned()));
    lines.extend(SIGNS.iter().map(|(sign, what)| Line::Item((*sign).to_owned(), (*what).to_owned())));
    lines.push(Line::Item("mouse".to_owned(), "Shift and drag selects text in most terminals".to_owned()));
    lines.into_iter().flat_map(|line| broken(line, model.size.0)).collect()
}

/// The same over as many rows as it needs on a screen of `w` columns.
fn broken(line: Line, w: u16) -> Vec<Line> {
    let Line::Item(keys, what) = line else { return vec![line] };
    let rows = wrap(&what, w.min(WIDEST).saturating_sub(WORDS + 1)).into_iter().enumerate();
    rows.map(|(at, row)| Line::Item(if at == 0 { keys.clone() } else { String::new() }, row)).collect()
}

/// Lines of the help in all.
pub fn lines(model: &Model) -> usize {
    if model.help { content(model).len() } else { 0 }
}

/// Draws the help over the frame, when it is open.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    if !model.help {
        return;
    }
    let (w, h) = (p.w().min(WIDEST), p.h().saturating_sub(4));
    let (x, y) = ((p.w() - w) / 2, 2);
    p.blank(x.saturating_sub(2), y, w + 4, h);
    let mut part = p.part(x, y, w, h);
    let lines = content(model);
    let title = rule::Title {
        name: "help",
        right: vec![("j k move · any other key closes".to_owned(), part.s.muted)],
        focused: true,
        ..rule::Title::default()
    };
    rule::draw(&mut part, 0, 0, w, &title);
    let visible = usize::from(h.saturating_sub(2));
    let first = table::top(model, List::Help, visible).min(lines.len().saturating_sub(visible));
    let first = first.max(model.selected(List::Help).min(lines.len().saturating_sub(visible)));
    part.drawn.windows.insert(List::Help, (first, visible));
    for (row, line) in lines.iter().skip(first).take(visible).enumerate() {
        let y = row as u16 + 1;
        let (title, key, fg) = (part.s.title, part.s.key, part.s.fg);
        match line {
            Line::Head(text) => {
                part.cell(1, y, w, text, title);
            }
            Line::Item(keys, what) => {
                part.cell(3, y, 18, keys, key);
                part.cell(WORDS, y, w.saturating_sub(WORDS + 1), what, fg);
            }
            Line::Gap => {}
        }
    }
    part.rule(0, h.saturating_sub(1), w, true);
}
