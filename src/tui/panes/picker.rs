//! The picker's drawer: candidates with their reasons, then what else can be done.

use crate::control::command::{Candidate, Certainty};
use crate::control::view::Row;

use super::super::keymap::{Action, blocked};
use super::super::model::{List, Model, Picker, Slot};
use super::super::paint::{Hit, Paint};
use super::super::widgets::palette::marked;
use super::super::widgets::{price, table};

/// What the keys below the candidates say.
const ACTIONS: [(Action, &str, &str); 4] = [
    (Action::CreateHere, "create it there", "copies client, colour, billable"),
    (Action::IgnoreHere, "ignore", "this project, by a rule"),
    (Action::Search, "search", "by name and client"),
    (Action::OtherTarget, "other target", ""),
];

/// Rows the picker would like.
pub fn rows(model: &Model) -> u16 {
    (model.len(List::Drawer).clamp(4, 20) as u16) + ACTIONS.len() as u16 + 1
}

/// Draws the picker.
pub fn draw(model: &Model, picker: &Picker, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    let mut y = 0;
    if let Some(input) = &picker.typing {
        let (key, fg) = (p.s.key, p.s.fg);
        p.text(1, 0, "/", key);
        price::typed(p, 3, 0, w.saturating_sub(5), input, fg);
        y = 1;
    }
    let actions: Vec<_> = ACTIONS
        .iter()
        .filter(|(action, ..)| *action != Action::OtherTarget || model.targets().len() > 1)
        .filter(|(action, ..)| *action != Action::CreateHere || blocked(model, *action).is_none())
        .filter(|_| picker.typing.is_none())
        .collect();
    let below = if h > y + actions.len() as u16 + 4 { actions.len() as u16 + 1 } else { 0 };
    let list_rows = h.saturating_sub(y + below).min(picker.ranked.len().max(1) as u16);
    if picker.ranked.is_empty() {
        let (muted, waiting) = (p.s.muted, model.views.get(Slot::Candidates).is_none_or(|v| v.waiting));
        let text = match (&picker.typing, waiting) {
            (_, true) => "asking for the best candidates",
            (Some(_), false) => "no project holds these letters · Esc shows all",
            (None, false) => "no project is there yet · c creates it",
        };
        p.cell(3, y, w.saturating_sub(4), text, muted);
    }
    let mut list = p.part(0, y, w, list_rows);
    table::rows(&mut list, model, List::Drawer, 0, model.in_drawer, |row, index| {
        let Some(ranked) = picker.ranked.get(index) else { return };
        if let Some(Row::Candidate(candidate)) = model.views.row(Slot::Candidates, ranked.index) {
            line(row, candidate, &ranked.hits);
        }
    });
    if below > 0 {
        for (at, (action, label, what)) in actions.iter().enumerate() {
            let row = y + list_rows + 1 + at as u16;
            let Some(key) = model.keymap.shown(*action) else { continue };
            let (key_style, fg, muted) = (p.s.key, p.s.fg, p.s.muted);
            p.cell(3, row, 3, &key, key_style);
            p.cell(6, row, 18, label, fg);
            p.cell(27, row, w.saturating_sub(28), what, muted);
            p.hit(3, row, w.saturating_sub(3), 1, Hit::Do(*action));
        }
    }
}

fn line(p: &mut Paint<'_>, candidate: &Candidate, hits: &[u32]) {
    let s = p.s;
    let w = p.w();
    let (word, style) = match candidate.certainty {
        // Without a reason there is nothing to be certain of.
        Certainty::Weak if candidate.reason.is_empty() => ("", s.faint),
        Certainty::Sure => ("sure", s.ok),
        Certainty::Likely => ("likely", s.accent),
        Certainty::Weak => ("weak", s.faint),
    };
    p.cell(3, 0, 6, word, style);
    let name = if w >= 100 { 34 } else { 22 };
    let plain = if candidate.archived { s.muted } else { s.fg };
    marked(p, 11, name, &candidate.project.name, hits, plain, s.matched);
    let client = 11 + name + 1;
    let wide = if w >= 100 { 20 } else { 13 };
    p.cell(client, 0, wide, &candidate.client, s.muted);
    let reason = client + wide + 1;
    let told = candidate.reason.contains("archived");
    let archived = if candidate.archived && !told { "archived, " } else { "" };
    p.cell(reason, 0, w.saturating_sub(reason + 1), &format!("{archived}{}", candidate.reason), s.muted);
}
