//! The deliveries kept raw: one of them in full, and what is done with them.

use crate::control::command::Wish;
use crate::control::view::{DeliveryLine, Row};

use super::super::model::{Cursor, Drawer, List, Model, Slot, WINDOW};
use super::act::{ask, wish};
use super::{Effect, send};

/// Opens the selected one in full.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let Some(which) = model.shown_delivery() else { return Vec::new() };
    let index = model.selected(List::Drawer);
    let row = Cursor { id: model.id_at(List::Drawer, index), index };
    model.notice = None;
    model.drawer = Some(Drawer::Delivery { which, row });
    model.cursors.remove(&List::Drawer);
    send(model.views.ensure(Slot::Detail, which.view(), WINDOW))
}

/// Asks what applying a delivery again would change; a yes does it.
pub fn replay(model: &mut Model) -> Vec<Effect> {
    let Some(seq) = model.selected_delivery() else { return Vec::new() };
    ask(model, Wish::Replay { seq, dry: true }, Wish::Replay { seq, dry: false })
}

/// Asks what applying all under the filter again would change; a yes does it.
pub fn replay_shown(model: &mut Model) -> Vec<Effect> {
    let filter = model.views.filter(Slot::Deliveries).to_owned();
    let wish = |dry| Wish::ReplayAll { from: 0, to: u64::MAX, filter: filter.clone(), dry };
    ask(model, wish(true), wish(false))
}

/// Checks its signature again.
pub fn verify(model: &mut Model) -> Vec<Effect> {
    match model.shown_delivery() {
        Some(which) => wish(model, which.verify(None)),
        None => Vec::new(),
    }
}

/// What is copied of the list or of one in full: the row, or the whole body from any line of it.
pub fn copied(model: &Model) -> Option<String> {
    let at = model.selected(List::Drawer);
    match &model.drawer {
        Some(Drawer::Deliveries) => match model.views.row(Slot::Deliveries, at)? {
            Row::Delivery(line) => Some(row(line)),
            _ => None,
        },
        Some(Drawer::Delivery { .. }) => {
            let (_, rows) = model.views.rows(Slot::Detail);
            let body =
                rows.iter().position(|row| matches!(row, Row::Detail(line) if line.label == "body"))?;
            let raw = rows.iter().find_map(|row| match row {
                Row::Detail(line) if line.label == "raw" => Some(line.value.clone()),
                _ => None,
            });
            raw.filter(|_| at >= body)
        }
        _ => None,
    }
}

fn row(line: &DeliveryLine) -> String {
    let about = if line.reason.is_empty() { &line.summary } else { &line.reason };
    format!("{}\t{}\t{}\t{}\t{about}", line.number(), line.at.to_rfc3339(), line.verdict, line.about)
}
