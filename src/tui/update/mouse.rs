//! The mouse: a click goes to what was drawn there, focused or not; the wheel scrolls what is under it.

use chrono::TimeDelta;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::keymap::Action;
use super::super::model::{List, Model, Pane};
use super::super::paint::Hit;
use super::{Effect, act, input, jump};

/// Two clicks on one place within this time open it.
const DOUBLE: TimeDelta = TimeDelta::milliseconds(400);

/// One mouse event.
pub fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let under = |model: &Model| {
        let at = Position { x: event.column, y: event.row };
        model.drawn.hits.iter().rev().find(|(area, _)| area.contains(at)).map(|(_, hit)| *hit)
    };
    match event.kind {
        MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
            let by = if event.kind == MouseEventKind::ScrollDown { 3 } else { -3 };
            match under(model) {
                Some(Hit::Row(list, _) | Hit::Region(list)) => wheel(model, list, by),
                _ => Vec::new(),
            }
        }
        MouseEventKind::Down(MouseButton::Left) => {
            let double = model
                .clicked
                .take()
                .is_some_and(|(at, x, y)| (x, y) == (event.column, event.row) && model.now - at <= DOUBLE);
            if !double {
                model.clicked = Some((model.now, event.column, event.row));
            }
            click(model, under(model), double)
        }
        _ => Vec::new(),
    }
}

fn click(model: &mut Model, hit: Option<Hit>, double: bool) -> Vec<Effect> {
    if model.help {
        model.help = false;
        return Vec::new();
    }
    match hit {
        Some(Hit::Row(List::Palette, at)) => {
            model.select(List::Palette, at);
            if double { act::run_choice(model) } else { Vec::new() }
        }
        _ if model.palette.is_some() => {
            model.palette = None;
            Vec::new()
        }
        Some(Hit::Do(action)) => input::perform(model, action),
        Some(Hit::Pane(pane)) => jump::pane(model, pane),
        Some(Hit::Row(list, at)) => {
            focus(model, list);
            let mut effects = act::go(model, at);
            if double {
                let action = if list == List::Drawer { Action::Link } else { Action::Open };
                if list != List::Drawer || model.candidate().is_some() {
                    effects.extend(input::perform(model, action));
                }
            }
            effects
        }
        Some(Hit::Region(list)) => {
            focus(model, list);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Gives the keys to a list that is on the screen.
fn focus(model: &mut Model, list: List) {
    model.typing = None;
    model.question = None;
    model.in_drawer = list == List::Drawer;
    if model.tiled()
        && let Some(tile) = Pane::TILES.into_iter().find(|p| p.list() == list)
    {
        model.tile = tile;
    }
}

fn wheel(model: &mut Model, list: List, by: isize) -> Vec<Effect> {
    if list == model.list() {
        return act::step(model, by);
    }
    let at = model.selected(list).saturating_add_signed(by);
    model.select(list, at);
    Vec::new()
}
