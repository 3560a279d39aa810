//! The delivery history of 2022, which may be gone: present only when switched on.

use serde_json::{Value, json};

use super::Toggl;
use super::envelope::history_row;
use super::form::{Answer, fine, missing};
use crate::simulator::call::Call;

/// Rows of one answer.
const PAGE: usize = 50;

impl Toggl {
    /// Attempted events of a week, newest first.
    pub(super) fn delivery_history(&self, call: &Call, id: i64) -> Answer {
        if !self.habits.history {
            return Err(missing("Not found"));
        }
        let attempted =
            |event: &&super::deliveries::Event| event.subscription == id && event.attempted.is_some();
        let rows: Vec<Value> = self
            .hooks
            .events
            .values()
            .rev()
            .filter(attempted)
            .map(|event| Value::Object(history_row(event)))
            .collect();
        let offset = call.query("offset").and_then(|text| text.parse().ok()).unwrap_or(0);
        let total = rows.len();
        Ok(fine(
            &json!({"total": total, "events": rows.into_iter().skip(offset).take(PAGE).collect::<Vec<_>>()}),
        ))
    }
}
