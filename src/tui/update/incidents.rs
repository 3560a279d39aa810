//! Incidents: the timeline of one of the ledger, and the next of a subscription.

use crate::control::view::ViewKind;

use super::super::model::{Drawer, List, Model, Slot, WINDOW};
use super::{Effect, send};

/// Opens the timeline of the selected incident.
pub fn timeline(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.selected_incident().map(|row| row.id) else { return Vec::new() };
    model.notice = None;
    let under = model.cursors.remove(&List::Drawer).unwrap_or_default();
    model.drawer = Some(Drawer::Timeline { id, under });
    send(model.views.ensure(Slot::Steps, ViewKind::Incident { id }, WINDOW))
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
