//! How Toggl writes times and refusals, and how it reads what clients send.

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeZone, Utc};
use chrono_tz::Tz;
use http::StatusCode;
use serde_json::{Map, Value};

use crate::simulator::call::{Call, Reply};

/// An answer, or a refusal that ends the call.
pub type Answer = Result<Reply, Reply>;

/// `2026-03-02T13:20:00Z`: create, stop, and the times in deliveries.
pub fn zulu(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-03-02T13:20:00+00:00`: lists, and `at` of projects and clients.
pub fn offset(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// `2026-03-02T13:20:00.118Z`: `created_at` of an event.
pub fn millis(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `2026-03-02T13:20:00.118204Z`: `at` of time entries and tags, times of subscriptions.
pub fn micros(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// `2026-03-02T13:20:00.118204331Z`: the moment a delivery is sent.
pub fn nanos(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
}

/// A refusal: a bare JSON string.
pub fn refuse(status: StatusCode, text: impl Into<String>) -> Reply {
    Reply::json(status, &Value::String(text.into()))
}

/// 400 with a readable text.
pub fn bad(text: impl Into<String>) -> Reply {
    refuse(StatusCode::BAD_REQUEST, text)
}

/// 404 for what is gone, foreign or was never there.
pub fn missing(text: impl Into<String>) -> Reply {
    refuse(StatusCode::NOT_FOUND, text)
}

/// 402 because the plan lacks a feature; told apart from the quota's 402 by its text.
pub fn premium(feature: &str) -> Reply {
    refuse(
        StatusCode::PAYMENT_REQUIRED,
        format!("{feature} is not available in your current plan, please upgrade"),
    )
}

/// 200 with a value.
pub fn fine(value: &Value) -> Reply {
    Reply::json(StatusCode::OK, value)
}

/// 200 without a body, as a delete answers.
pub fn gone() -> Reply {
    Reply { status: StatusCode::OK, headers: Vec::new(), body: Bytes::new() }
}

/// The body as an object.
pub fn object(call: &Call) -> Result<Map<String, Value>, Reply> {
    match call.json() {
        Some(Value::Object(map)) => Ok(map),
        _ => Err(bad("JSON is not valid")),
    }
}

/// A positive id under the first of the keys that carries one; null, 0 and -1 are nobody's ids.
pub fn id_of(body: &Map<String, Value>, keys: &[&str]) -> Option<i64> {
    keys.iter().filter_map(|key| body.get(*key)).find_map(|value| number(value).filter(|id| *id > 0))
}

/// An integer, also when it is written as text.
pub fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// A time of a body: RFC 3339 with seconds, fractions cut.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc).trunc_subsecs(0))
}

/// A time of a query: RFC 3339, or a date, which means its first moment in the person's zone.
pub fn moment(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    instant(text).or_else(|| day(text).map(|date| midnight(date, zone)))
}

/// `YYYY-MM-DD`.
pub fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// The first moment of a day in a zone; a day that starts in a gap of the clock starts when the gap ends.
pub fn midnight(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let plain = date.and_time(NaiveTime::MIN);
    let local = zone.from_local_datetime(&plain);
    match local.earliest() {
        Some(at) => at.with_timezone(&Utc),
        None => zone
            .from_local_datetime(&(plain + chrono::TimeDelta::hours(1)))
            .earliest()
            .map_or_else(|| plain.and_utc(), |at| at.with_timezone(&Utc)),
    }
}

/// A list of ids in a path or query: `1,2,3`.
pub fn ids(text: &str) -> Option<Vec<i64>> {
    text.split(',').map(|part| part.trim().parse().ok()).collect()
}
