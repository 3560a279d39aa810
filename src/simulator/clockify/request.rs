//! Reading queries and bodies as Clockify's server does: wrong types are refused, unknown keys ignored, null is absent.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use serde_json::{Map, Value};

use super::refuse::{self, Outcome};
use crate::simulator::call::Call;

/// An instant as clients send it, cut to whole seconds.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc).trunc_subsecs(0))
}

/// The wall clock of a text: of its UTC reading when it names an offset, else as written.
pub(super) fn wall_clock(text: &str) -> Option<NaiveDateTime> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Some(time.naive_utc()),
        Err(_) => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok(),
    }
}

/// An instant as Clockify writes it.
pub(super) fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A non-empty query value.
pub(super) fn text<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.query(name).filter(|value| !value.is_empty())
}

/// A flag of the query, refused when it is neither true nor false.
pub(super) fn flag(call: &Call, name: &str) -> Outcome<Option<bool>> {
    match text(call, name) {
        None => Ok(None),
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(value) => Err(refuse::query(name, value, "java.lang.Boolean")),
    }
}

/// A number of the query, at least `least`.
pub(super) fn number(call: &Call, name: &str, default: usize, least: usize) -> Outcome<usize> {
    let Some(value) = text(call, name) else { return Ok(default) };
    let number: i64 = value.parse().map_err(|_| refuse::query(name, value, "java.lang.Integer"))?;
    match usize::try_from(number) {
        Ok(number) if number >= least => Ok(number),
        _ => Err(refuse::domain(format!("{name} must be greater than or equal to {least}"))),
    }
}

/// All values of a repeated or comma-separated query key; `None` when it is absent.
pub(super) fn list(call: &Call, name: &str) -> Option<Vec<String>> {
    let values: Vec<String> = call
        .query
        .iter()
        .filter(|(key, _)| key == name || key.strip_suffix("[]") == Some(name))
        .flat_map(|(_, value)| value.split(','))
        .map(str::trim)
        .filter(|value| !value.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    (!values.is_empty()).then_some(values)
}

/// A JSON object of a request.
pub(super) struct Body(pub Map<String, Value>);

impl Body {
    /// The body of a call, which must be an object.
    pub fn of(call: &Call) -> Outcome<Self> {
        match call.json() {
            Some(Value::Object(map)) => Ok(Self(map)),
            Some(Value::Null) => Err(refuse::body("Required request body is missing")),
            _ => Err(refuse::body("JSON parse error: Cannot deserialize request body")),
        }
    }

    /// A value, null being absent.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text; numbers and flags are taken as text, as the server's decoder does.
    pub fn text(&self, key: &str) -> Outcome<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Object(_) | Value::Array(_)) => Err(wrong(key, "java.lang.String")),
            Some(other) => Ok(Some(other.to_string())),
        }
    }

    /// An id; the empty text is "none".
    pub fn id(&self, key: &str) -> Outcome<Option<String>> {
        Ok(self.text(key)?.filter(|id| !id.is_empty()))
    }

    /// A flag.
    pub fn flag(&self, key: &str) -> Outcome<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong(key, "boolean")),
        }
    }

    /// A whole number.
    pub fn number(&self, key: &str) -> Outcome<Option<i64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong(key, "java.lang.Integer")),
        }
    }

    /// A list of texts.
    pub fn texts(&self, key: &str) -> Outcome<Option<Vec<String>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let texts = value.as_array().and_then(|items| {
            items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.map(Some).ok_or_else(|| wrong(key, "java.util.ArrayList<java.lang.String>"))
    }

    /// A list of objects; empty when absent.
    pub fn objects(&self, key: &str) -> Outcome<Vec<Body>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let objects = value.as_array().and_then(|items| {
            items.iter().map(|item| item.as_object().cloned().map(Body)).collect::<Option<Vec<_>>>()
        });
        objects.ok_or_else(|| wrong(key, "java.util.ArrayList<java.lang.Object>"))
    }

    /// An instant in `yyyy-MM-ddThh:mm:ssZ`, with or without a fraction.
    pub fn instant(&self, key: &str) -> Outcome<Option<DateTime<Utc>>> {
        match self.text(key)? {
            None => Ok(None),
            Some(written) => instant(&written).map(Some).ok_or_else(|| wrong(key, "java.time.Instant")),
        }
    }

    /// One of the words of an enum; the refusal lists them.
    pub fn word(&self, key: &str, words: &[&str]) -> Outcome<Option<String>> {
        match self.text(key)? {
            Some(word) if !words.contains(&word.as_str()) => Err(refuse::body(format!(
                "Cannot deserialize value of `{key}` from String \"{word}\": not one of the values accepted \
                 for Enum class: [{}]",
                words.join(", ")
            ))),
            other => Ok(other),
        }
    }

    /// A rate `{amount, since?}` in minor units; `since` is accepted and has no effect here.
    pub fn rate(&self, key: &str) -> Outcome<Option<i64>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(rate)) => match rate.get("amount").and_then(Value::as_i64) {
                Some(amount) => Ok(Some(amount)),
                None => Err(wrong(key, "java.lang.Integer")),
            },
            Some(_) => Err(wrong(key, "HourlyRateRequest")),
        }
    }
}

fn wrong(key: &str, kind: &str) -> crate::simulator::call::Reply {
    refuse::body(format!("JSON parse error: Cannot deserialize value of `{key}` to type `{kind}`"))
}
