//! The keys that matter now, from the table of actions; what does not fit is in the help.

use super::super::keymap::{Action, footer, typing};
use super::super::model::Model;
use super::super::paint::{Hit, Paint};
use super::super::text::width;

/// Draws the footer into a row.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let gap = if p.w() >= 100 { 3 } else { 2 };
    if let Some(keys) = typing(model) {
        let (key_style, label_style) = (p.s.key, p.s.muted);
        let mut x = 1;
        for (key, label) in keys {
            x = p.text(x, 0, key, key_style);
            x = p.text(x + 1, 0, label, label_style) + gap;
        }
        return;
    }
    let mut items: Vec<(Action, String)> =
        footer(model).into_iter().filter_map(|action| Some((action, model.keymap.shown(action)?))).collect();
    let wide = |items: &[(Action, String)]| -> u16 {
        items.iter().map(|(a, k)| width(k) + 1 + width(a.spec().label) + gap).sum::<u16>() + 1
    };
    // Help and leave stand last and stay; what is least useful stands just before them.
    while wide(&items) > p.w() + gap && items.len() > 1 {
        let before_last =
            items.iter().rposition(|(a, _)| !matches!(a, Action::Help | Action::Quit | Action::Back));
        match before_last {
            Some(at) => items.remove(at),
            None => items.remove(0),
        };
    }
    let (key_style, label_style) = (p.s.key, p.s.muted);
    let mut x = 1;
    for (action, key) in items {
        let from = x;
        x = p.text(x, 0, &key, key_style);
        x = p.text(x + 1, 0, action.spec().label, label_style);
        p.hit(from, 0, x - from, 1, Hit::Do(action));
        x += gap;
    }
}
