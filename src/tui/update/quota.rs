//! Actions of the Quota pane: background work is paused, what waits is sent from the person's part, the ledger moves
//! by the hour.

use crate::control::command::Wish;

use super::super::model::{Drawer, List, Model, Slot, WINDOW};
use super::{Effect, act, send};

/// Pauses the background work, or lets it go on.
pub fn pause(model: &mut Model) -> Vec<Effect> {
    let Some(job) = model.pausable() else { return Vec::new() };
    let made = Wish::Pause { job: job.id.clone(), on: !job.paused };
    act::wish(model, made)
}

/// Asks what sending now takes; a yes does it.
pub fn send_now(model: &mut Model) -> Vec<Effect> {
    let Some(target) = model.waiting_target() else { return Vec::new() };
    let made = |dry| Wish::SendNow { target: target.clone(), dry };
    act::ask(model, made(true), made(false))
}

/// Opens the ledger of a bucket; one that is open already stays at its hour.
pub fn open(model: &mut Model, id: String) -> Vec<Effect> {
    let hour = match &model.drawer {
        Some(Drawer::Ledger { id: before, hour }) if *before == id => *hour,
        _ => None,
    };
    show(model, id, hour)
}

fn show(model: &mut Model, id: String, hour: Option<i64>) -> Vec<Effect> {
    model.drawer = Some(Drawer::Ledger { id, hour });
    model.cursors.remove(&List::Drawer);
    let Some(kind) = model.ledger_view() else { return Vec::new() };
    send(model.views.ensure(Slot::Requests, kind, WINDOW))
}

/// Shows the hour before or after.
pub fn hour(model: &mut Model, by: i64) -> Vec<Effect> {
    let Some(hour) = model.ledger_step(by) else { return Vec::new() };
    let Some(Drawer::Ledger { id, .. }) = model.drawer.clone() else { return Vec::new() };
    show(model, id, hour)
}

/// Shows only the requests of the selected one's cause, or all again.
pub fn only(model: &mut Model) -> Vec<Effect> {
    let Some(cause) = model.selected_request().map(|request| request.cause.clone()) else {
        return Vec::new();
    };
    let filter = if model.views.filter(Slot::Requests).is_empty() { cause.as_str() } else { "" };
    model.select(List::Drawer, 0);
    send(model.views.set_filter(Slot::Requests, filter))
}

/// One step back inside the ledger, if there is one: to all causes, then to the window that runs.
pub fn back(model: &mut Model) -> Option<Vec<Effect>> {
    let Some(Drawer::Ledger { id, hour }) = model.drawer.clone() else { return None };
    if !model.views.filter(Slot::Requests).is_empty() {
        return Some(send(model.views.set_filter(Slot::Requests, "")));
    }
    hour.map(|_| show(model, id, None))
}
