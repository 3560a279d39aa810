//! What the drawers of the invented day hold: deliveries kept raw, and the facts of one thing.

use chrono::TimeDelta;
use hourwire::control::view::{DeliveryLine, DetailLine, RequestLine, Row, SpentLine};

use super::day::at;

/// Deliveries, one of each verdict.
pub fn deliveries() -> Vec<Row> {
    let line = |seq: Option<u64>, time: &str, verdict: &str, reason: &str, about: &str, summary: &str| {
        Row::Delivery(DeliveryLine {
            seq,
            refused: seq.is_none().then_some(17),
            at: at(time) + TimeDelta::seconds(16),
            verdict: verdict.to_owned(),
            reason: reason.to_owned(),
            about: about.to_owned(),
            summary: summary.to_owned(),
        })
    };
    let body = "1003 Crash on login";
    let mut before = line(Some(12), "05:10", "accepted", "", "time_entry created", "990 Inbox");
    if let Row::Delivery(line) = &mut before {
        line.at -= TimeDelta::days(1);
    }
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
        before,
    ]
}

/// Requests of a bucket, one of each trouble; an hour begins with what was spent on what.
pub fn requests(hour: Option<i64>) -> Vec<Row> {
    let line = |seq: Option<u64>, time: &str, cause: &str, asked: &str, answer: &str, left, others| {
        Row::Request(RequestLine {
            seq,
            at: at(time) + TimeDelta::seconds(3),
            cause: cause.to_owned(),
            asked: asked.to_owned(),
            failed: seq.is_some() && answer != "200",
            answer: answer.to_owned(),
            price: u32::from(answer != "offline"),
            left,
            others,
        })
    };
    let spent = |cause: &str, requests| Row::Spent(SpentLine { cause: cause.to_owned(), requests });
    let mut rows = match hour {
        Some(_) => vec![spent("sync", 5), spent("health", 2), spent("others", 12)],
        None => Vec::new(),
    };
    rows.extend([
        line(Some(31), "15:22", "you", "POST ping", "200", Some(22), 0),
        line(Some(30), "15:20", "sync", "POST create entry", "503 server error", Some(23), 0),
        line(Some(29), "15:16", "health", "GET entries since", "200", Some(24), 3),
        line(Some(28), "15:12", "sync", "PUT update entry", "402 not in the plan", Some(28), 0),
        line(Some(27), "15:11", "sync", "POST create entry", "429 slowed down", Some(29), 0),
        line(Some(26), "15:10", "backfill", "GET entries of a range", "402 waiting quota", Some(0), 0),
        line(Some(25), "15:09", "gap-fill", "GET entries since", "offline", Some(30), 0),
        line(None, "15:06", "health", "", "before this start", None, 0),
    ]);
    rows
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
