//! Going to another pane.

use crate::control::command::Wish;
use crate::control::message::ToEngine;
use crate::control::snapshot::Alert;
use crate::control::view::Row;

use super::super::model::{Drawer, List, Model, Pane, Pending, Slot, Tone};
use super::super::widgets::price::held_by;
use super::{Effect, act, door, input, send};

/// Shows a pane.
pub fn pane(model: &mut Model, pane: Pane) -> Vec<Effect> {
    model.came_from = None;
    show(model, pane)
}

fn show(model: &mut Model, pane: Pane) -> Vec<Effect> {
    model.zoom = false;
    model.notice = None;
    let mut closed = Vec::new();
    if model.pane != pane {
        model.drawer = None;
        model.in_drawer = false;
        model.cursors.remove(&List::Drawer);
        for slot in [Slot::Requests, Slot::Incidents, Slot::Steps] {
            closed.extend(model.views.close(slot));
        }
    }
    model.pane = pane;
    let mut effects = send(closed);
    effects.extend(send(door::open_pane(model)));
    if has_preview(model) && model.drawer.is_none() {
        effects.extend(act::open_drawer(model));
    }
    effects
}

/// The drawer of the selected row is open by itself here: what it shows is at hand and costs nothing.
pub fn has_preview(model: &Model) -> bool {
    matches!(model.pane, Pane::Webhooks | Pane::Quota)
}

/// Shows a pane from the Overview; `Esc` leads back.
pub fn from_overview(model: &mut Model, pane: Pane) -> Vec<Effect> {
    let effects = show(model, pane);
    model.came_from = Some(Pane::Overview);
    effects
}

/// Shows all entries, to search them; `Esc` leads back to where this was asked.
pub fn entries(model: &mut Model) -> Vec<Effect> {
    let from = model.pane;
    if model.active() == Pane::Today {
        return Vec::new();
    }
    let effects = show(model, Pane::Today);
    model.came_from = Some(from);
    effects
}

/// A short list is not filtered: what is searched from there are all entries.
pub fn search(model: &mut Model) -> Vec<Effect> {
    let effects = entries(model);
    model.typing = Some(String::new().into());
    effects
}

/// Goes to the newest entry of the next day with entries: `by` is 1 for an older day, -1 for a newer one. What is shown
/// is of that day alone, until it is today's.
pub fn day(model: &mut Model, by: isize) -> Vec<Effect> {
    let Some(at) = newest_of_next(model, by) else { return Vec::new() };
    let effects = act::go(model, at);
    model.show_day();
    effects
}

fn newest_of_next(model: &Model, by: isize) -> Option<usize> {
    let day_at = |at: usize| match model.views.row(Slot::Entries, at) {
        Some(Row::Entry(line)) => Some(model.day_of(line)),
        _ => None,
    };
    let mut at = model.selected(List::Today);
    let mut day = day_at(at)?;
    if by < 0 {
        // Up to this day's first row, then over the day above it.
        while at > 0 && day_at(at - 1) == Some(day) {
            at -= 1;
        }
        match at.checked_sub(1).and_then(day_at) {
            Some(newer) => (at, day) = (at - 1, newer),
            None => return Some(at),
        }
        while at > 0 && day_at(at - 1) == Some(day) {
            at -= 1;
        }
        return Some(at);
    }
    let last = model.len(List::Today).saturating_sub(1);
    while at < last {
        at += 1;
        match day_at(at) {
            Some(other) if other != day => break,
            Some(other) => day = other,
            // The rest is not here yet: as far as is known, the next press goes on.
            None => {
                at -= 1;
                break;
            }
        }
    }
    Some(at)
}

/// Moves the focus among the tiles.
pub fn tile(model: &mut Model, by: isize) -> Vec<Effect> {
    let len = Pane::TILES.len();
    let at = Pane::TILES.iter().position(|p| *p == model.tile).unwrap_or(0);
    let next = (at + len).saturating_add_signed(by) % len;
    model.tile = Pane::TILES[next];
    if model.drawer.is_some() {
        model.drawer = None;
        model.in_drawer = false;
    }
    Vec::new()
}

/// Shows the first row of a pane that needs a person; `Esc` leads back.
fn problem(model: &mut Model, pane: Pane, from: Option<Pane>) -> Vec<Effect> {
    let mut effects = show(model, pane);
    model.came_from = from;
    let list = model.active().list();
    if let Some(at) = (0..model.len(list)).find(|i| model.is_problem(list, *i)) {
        model.select(list, at);
    }
    if model.drawer.is_some() {
        effects.extend(act::open_drawer(model));
    }
    effects
}

/// Goes to what needs a person: a held change where the price line promises it, else the oldest alert, else what
/// still stands although its alert was read.
pub fn alert(model: &mut Model) -> Vec<Effect> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let alert = snapshot.alerts.iter().min_by_key(|a| a.since).cloned();
    // With an account in trouble the price line tells that instead.
    let told = snapshot.accounts.iter().all(|a| a.trouble.is_none()) || alert.is_none();
    let of_alert = |id: &String| alert.as_ref().is_some_and(|a| a.id == *id);
    let holds = snapshot.holds.iter().filter(|h| h.is_open() && (told || of_alert(&h.id)));
    let hold = holds.min_by_key(|h| h.since).cloned();
    let from = (model.pane == Pane::Overview).then_some(Pane::Overview);
    if let Some(hold) = hold {
        let effects = show(model, Pane::Sync);
        model.drawer = Some(Drawer::Hold { id: hold.id.clone() });
        model.in_drawer = true;
        model.came_from = from;
        let decides = hold.is_mass_change() && model.is_live();
        let say = if hold.is_another() { held_by(&hold) } else { hold.say };
        model.say(Tone::Said, say);
        // Two keys send a mass change: this one asks with its price, Enter does it.
        return if decides { [effects, act::decide(model, true)].concat() } else { effects };
    }
    let Some(alert) = alert else {
        let Some(standing) = model.standing() else { return Vec::new() };
        let effects = standing.pane.map(|pane| problem(model, pane, from)).unwrap_or_default();
        model.say(Tone::Said, format!("no unread alert · {}", standing.say));
        return effects;
    };
    let refused = snapshot.accounts.iter().find(|a| alert.id == Alert::of_token(&a.name));
    let renews = refused.map(|account| format!("token {} ", account.tag)).filter(|_| model.is_live());
    let mut effects = match renews {
        // What mends it is typed already: Enter fetches the token again, or the new one is pasted.
        Some(typed) => input::open_palette(model, &typed),
        None => problem(model, Pane::of(alert.pane).unwrap_or(Pane::Log), from),
    };
    model.say(Tone::Said, alert.say);
    if model.is_live() {
        let read = model.command(Wish::Acknowledge { alert: alert.id }, Pending::Quiet);
        effects.push(Effect::Send(ToEngine::Command(read)));
    }
    effects
}
