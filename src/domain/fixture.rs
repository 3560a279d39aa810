//! Instants and entries for the tests of bonds.

use chrono::{DateTime, TimeZone, Utc};

use super::entry::TargetEntry;
use super::read::TargetRead;

/// So many seconds after some instant.
pub fn at(s: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(1_772_442_000 + s, 0).unwrap()
}

/// An hour of Ida's.
pub fn body(text: &str) -> TargetEntry {
    TargetEntry {
        user: "ida".into(),
        project: Some("harbor".into()),
        start: at(0),
        stop: at(3_600),
        description: text.into(),
        tags: vec!["design".into()],
        billable: true,
    }
}

/// The same as the target shows it.
pub fn read(entry: &TargetEntry) -> TargetRead {
    TargetRead {
        id: "x".into(),
        user: entry.user.clone(),
        project: entry.project.clone(),
        start: entry.start,
        stop: Some(entry.stop),
        description: entry.description.clone(),
        tags: vec!["t1".into()],
        billable: entry.billable,
        locked: false,
        raw: serde_json::Value::Null,
    }
}
