//! What the drawers of the invented day hold: deliveries kept raw, and the facts of one thing.

use chrono::TimeDelta;
use hourwire::control::view::{DeliveryLine, DetailLine, Row};

use super::day::at;

/// Deliveries, one of each verdict.
pub fn deliveries() -> Vec<Row> {
    let line = |seq: Option<u64>, time: &str, verdict: &str, reason: &str, about: &str, summary: &str| {
        Row::Delivery(DeliveryLine {
            seq,
            at: at(time) + TimeDelta::seconds(16),
            verdict: verdict.to_owned(),
            reason: reason.to_owned(),
            about: about.to_owned(),
            summary: summary.to_owned(),
        })
    };
    let body = "1003 Crash on login";
    vec![
        line(Some(241), "15:24", "accepted", "", "time_entry updated", body),
        line(Some(240), "15:24", "duplicate", "the event of 239 again", "time_entry updated", body),
        line(
            Some(238),
            "15:02",
            "dead",
            "the body is not JSON: expected value at line 1",
            "",
            "hello, I am no JSON",
        ),
        line(None, "14:58", "rejected", "the signature does not match", "", "{}"),
        line(Some(237), "14:42", "ping", "", "", ""),
    ]
}

/// Facts of an entry.
pub fn detail() -> Vec<Row> {
    [
        ("description", "Logo export set", ""),
        ("project", "Fernley rebrand", "changed at 14:16 by DM in Toggl"),
        ("time", "13:40:02–14:15:40, 0h35", ""),
        ("tags", "design, export", ""),
        ("Clockify", "unmapped", "no link, no rule and no fallback takes Fernley rebrand"),
        ("last seen", "delivery 138, 14:15:42", "signed, on the way for 0.6 s"),
    ]
    .into_iter()
    .map(|(label, value, why)| {
        Row::Detail(DetailLine { label: label.to_owned(), value: value.to_owned(), why: why.to_owned() })
    })
    .collect()
}
