//! What a call brings back: a result, and what the headers told about the meter.

use ::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};

use super::Failure;

/// Which hourly bucket a call is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Charge {
    /// Toggl: the token's own user.
    User,
    /// Toggl: the organization of the workspace.
    Org,
    /// Costs nothing.
    Free,
    /// Clockify: the whole workspace, all keys together.
    Workspace,
}

/// Meter facts of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Requests left in the bucket that this call was charged to.
    pub remaining: Option<i64>,
    /// Until that bucket is full again.
    pub resets_in: Option<TimeDelta>,
    /// The service's clock.
    pub date: Option<DateTime<Utc>>,
}

/// The outcome of exactly one request.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// What it brought, or why not.
    pub result: Result<T, Failure>,
    /// What the headers told.
    pub told: Told,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// The service's own id of the request, for its support.
    pub request_id: Option<String>,
    /// What was asked, in words: `GET entries since`.
    pub asked: String,
}

impl<T> Answer<T> {
    /// An answer that never came.
    pub(in crate::services) fn without(failure: Failure, asked: String) -> Self {
        Self { result: Err(failure), told: Told::default(), status: None, request_id: None, asked }
    }

    /// The same answer with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        Answer {
            result: self.result.map(change),
            told: self.told,
            status: self.status,
            request_id: self.request_id,
            asked: self.asked,
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// No further page exists.
    pub last: bool,
}

/// A header's text.
pub fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// A header's whole number; a fraction of a second is rounded up.
pub fn header_number(headers: &HeaderMap, name: &str) -> Option<i64> {
    let text = header_text(headers, name)?;
    text.parse().ok().or_else(|| text.parse::<f64>().ok().filter(|n| n.is_finite()).map(|n| n.ceil() as i64))
}

/// The `Date` header.
pub fn told_date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    header_text(headers, "date").and_then(http_date)
}

/// An HTTP date, as in `Mon, 02 Mar 2026 14:05:09 GMT`.
pub fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc())
}
