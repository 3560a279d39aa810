//! Long lists: those of the panes and, in drawers, deliveries and incidents. Opening and filtering them, and the way back
//! to one.

use crate::control::view::ViewKind;

use super::super::model::{Drawer, List, Model, Slot, WINDOW};
use super::{Effect, send};

/// Opens one in the drawer.
pub fn open(model: &mut Model, drawer: Drawer, slot: Slot, kind: ViewKind) -> Vec<Effect> {
    model.notice = None;
    model.drawer = Some(drawer);
    model.in_drawer = true;
    model.cursors.remove(&List::Drawer);
    send(model.views.ensure(slot, kind, WINDOW))
}

/// The long list in the open drawer.
pub fn listed(model: &Model) -> Option<Slot> {
    match &model.drawer {
        Some(Drawer::Deliveries) => Some(Slot::Deliveries),
        Some(Drawer::Incidents) => Some(Slot::Incidents),
        _ => None,
    }
}

/// The list that a filter is for: the drawer's where it has the keys, else the pane's.
fn filtered(model: &Model) -> Option<Slot> {
    listed(model).filter(|_| model.in_drawer).or(model.active().slot())
}

/// Types a filter.
pub fn filter(model: &mut Model) -> Vec<Effect> {
    let filter = filtered(model).map_or("", |slot| model.views.filter(slot)).to_owned();
    model.typing = Some(filter.into());
    Vec::new()
}

/// Asks for another filter.
pub fn set_filter(model: &mut Model, text: &str) -> Vec<Effect> {
    let Some(slot) = filtered(model) else { return Vec::new() };
    if model.views.filter(slot) == text {
        return Vec::new();
    }
    // What is searched is not of one day.
    model.day = None;
    model.select(model.list(), 0);
    send(model.views.set_filter(slot, text))
}

/// Leads from one thing to the row it was opened from, and from a filter to all; `None` where the drawer is another one.
pub fn back(model: &mut Model) -> Option<Vec<Effect>> {
    let (list, slot, row, left) = match &model.drawer {
        Some(Drawer::Delivery { row, .. }) => {
            (Drawer::Deliveries, Slot::Deliveries, row.clone(), Slot::Detail)
        }
        Some(Drawer::Timeline { under, .. }) => {
            (Drawer::Incidents, Slot::Incidents, under.clone(), Slot::Steps)
        }
        _ => {
            let is_filtered = listed(model).is_some_and(|slot| !model.views.filter(slot).is_empty());
            return is_filtered.then(|| set_filter(model, ""));
        }
    };
    model.drawer = Some(list);
    model.cursors.insert(List::Drawer, row);
    // Others may have come above it meanwhile.
    model.settle();
    let mut messages = model.views.close(left);
    messages.extend(model.views.follow(slot, model.selected(List::Drawer)));
    Some(send(messages))
}
