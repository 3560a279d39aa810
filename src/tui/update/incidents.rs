//! The ledger of incidents: opening it, a timeline of it, and the way back.

use crate::control::view::ViewKind;

use super::super::model::{Drawer, List, Model, Slot, WINDOW};
use super::{Effect, act, send};

/// Opens the ledger.
pub fn open(model: &mut Model) -> Vec<Effect> {
    model.notice = None;
    model.drawer = Some(Drawer::Incidents);
    model.in_drawer = true;
    model.cursors.remove(&List::Drawer);
    send(model.views.ensure(Slot::Incidents, ViewKind::Incidents, WINDOW))
}

/// Opens the timeline of the selected incident.
pub fn timeline(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.selected_incident().map(|row| row.id) else { return Vec::new() };
    model.notice = None;
    let under = model.cursors.remove(&List::Drawer).unwrap_or_default();
    model.drawer = Some(Drawer::Timeline { id, under });
    send(model.views.ensure(Slot::Steps, ViewKind::Incident { id }, WINDOW))
}

/// Types a filter.
pub fn filter(model: &mut Model) -> Vec<Effect> {
    model.typing = Some(model.views.filter(Slot::Incidents).to_owned().into());
    Vec::new()
}

/// Shows another incident of the open drawer: `by` is 1 for an older one, -1 for a newer one.
pub fn other(model: &mut Model, by: isize) -> Vec<Effect> {
    let last = model.incidents().len().saturating_sub(1);
    if let Some(Drawer::Incident { at, .. }) = &mut model.drawer {
        *at = at.saturating_add_signed(by).min(last);
    }
    model.cursors.remove(&List::Drawer);
    Vec::new()
}

/// One step back, where a step leads to the ledger.
pub fn back(model: &mut Model) -> Option<Vec<Effect>> {
    match &model.drawer {
        Some(Drawer::Timeline { under, .. }) => {
            let under = under.clone();
            model.drawer = Some(Drawer::Incidents);
            model.cursors.insert(List::Drawer, under);
            model.settle();
            Some(send(model.views.close(Slot::Steps)))
        }
        Some(Drawer::Incidents) if !model.views.filter(Slot::Incidents).is_empty() => {
            Some(act::set_filter(model, ""))
        }
        _ => None,
    }
}
