//! What programs asked: the rows of `GET /requests`.

use std::collections::VecDeque;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::domain::id::Service;

/// One request that a program sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Asked {
    /// When it came.
    #[serde(serialize_with = "stamp")]
    pub time: DateTime<Utc>,
    /// Which service it was for.
    pub service: Service,
    /// The HTTP method.
    pub method: String,
    /// The whole path with its query.
    pub path: String,
    /// The body: JSON where it is JSON, else text, null when empty.
    pub body: Value,
    /// The status of the answer; null when the connection dropped.
    pub status: Option<u16>,
    /// The quota bucket that it concerned.
    pub bucket: Option<String>,
    /// Calls left in that bucket afterwards.
    pub remaining: Option<i64>,
}

fn stamp<S: serde::Serializer>(at: &DateTime<Utc>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Rows that are kept; the oldest go first.
const KEPT: usize = 200_000;

/// The newest requests.
#[derive(Debug, Default)]
pub struct Listing {
    rows: VecDeque<Asked>,
}

impl Listing {
    /// Adds a row.
    pub fn push(&mut self, row: Asked) {
        if self.rows.len() == KEPT {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
    }

    /// All rows, oldest first.
    pub fn rows(&self) -> Vec<Asked> {
        self.rows.iter().cloned().collect()
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.rows.clear();
    }
}
