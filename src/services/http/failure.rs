//! Why a call failed, sorted by what may be done about it. Texts are foreign: cleaned, cut, without addresses.

use ::http::HeaderMap;
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;
use super::answer::{header_number, header_text, http_date, told_date};
use crate::domain::strain::Strain;
use crate::domain::text::clean;

/// Characters of a service's text that a message keeps.
const LONGEST: usize = 300;

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Certainly nothing was done: the request never left.
    #[error("not sent: {0}")]
    Unsent(String),
    /// No answer came, or none of the service's own: it may have done the work. Look it up before sending again.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// The service failed: it may have done the work all the same. Look it up before sending again.
    #[error("server error (HTTP {status}): {text}")]
    Server {
        /// The HTTP status, 500 to 599.
        status: u16,
        /// What the service says.
        text: String,
    },
    /// The hourly quota is spent. Nothing was done.
    #[error("hourly quota spent")]
    Quota {
        /// Until the window resets, if the service said so.
        #[serde(with = "seconds")]
        resets_in: Option<TimeDelta>,
    },
    /// Too many requests in a short time. Nothing was done.
    #[error("too many requests at once")]
    Pace {
        /// How long the service asked to wait, if it said so.
        #[serde(with = "seconds")]
        retry_after: Option<TimeDelta>,
    },
    /// The account's plan does not have this. Never repeat.
    #[error("not in the plan: {0}")]
    Plan(String),
    /// The token is refused; renew it.
    #[error("token refused (HTTP {status}): {text}")]
    Auth {
        /// The HTTP status.
        status: u16,
        /// What the service says.
        text: String,
    },
    /// The token is good, but this entity may not be touched (a lock, a right).
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// The entity that was asked about is not there.
    #[error("not found: {0}")]
    Missing(String),
    /// The service refuses this request as it is. Nothing was done.
    #[error("refused (HTTP {status}): {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the service says.
        text: String,
    },
    /// The service says it did it, but the answer cannot be understood.
    #[error("answer not understood: {0}")]
    Garbled(String),
}

impl Failure {
    /// The kind in a word or its status, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unsent(_) => "not sent",
            Self::Unknown(_) | Self::Garbled(_) => "uncertain",
            Self::Server { .. } => "5xx",
            Self::Quota { .. } => "402",
            Self::Pace { .. } => "429",
            Self::Plan(_) => "plan",
            Self::Auth { .. } => "auth",
            Self::Forbidden(_) => "forbidden",
            Self::Missing(_) => "missing",
            Self::Refused { .. } => "refused",
        }
    }

    /// What went wrong, without what it means for the request.
    pub fn said(&self) -> String {
        match self {
            Self::Unsent(text) | Self::Unknown(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The request had certainly no effect.
    pub fn nothing_done(&self) -> bool {
        !matches!(self, Self::Unknown(_) | Self::Server { .. } | Self::Garbled(_))
    }

    /// Which of the five troubles it is, if one.
    pub fn strain(&self) -> Option<Strain> {
        match self {
            Self::Quota { .. } => Some(Strain::Quota),
            Self::Plan(_) => Some(Strain::Plan),
            Self::Pace { .. } => Some(Strain::Pace),
            Self::Server { .. } => Some(Strain::Server),
            Self::Unsent(_) | Self::Unknown(_) => Some(Strain::Network),
            _ => None,
        }
    }
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        match error {
            WireError::NotSent(text) => Self::Unsent(short(&text)),
            WireError::Unknown(text) => Self::Unknown(short(&text)),
        }
    }
}

/// Cleans and cuts a foreign text.
pub fn short(text: &str) -> String {
    let safe = clean(text.trim());
    if safe.chars().count() <= LONGEST {
        return safe;
    }
    let mut cut: String = safe.chars().take(LONGEST).collect();
    cut.push('…');
    cut
}

/// The readable text of an error body: a JSON string, an object's message, else the text itself.
pub fn told_text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::String(text)) => short(&text),
        Ok(Value::Object(map)) => ["message", "error", "error_message"]
            .iter()
            .find_map(|key| map.get(*key).and_then(Value::as_str))
            .map_or_else(|| "no readable reason".to_owned(), short),
        _ if text.trim_start().starts_with('<') => "a web page instead of an answer".to_owned(),
        _ => short(&text),
    }
}

/// How long to wait: `Retry-After` in seconds or as a date, else `X-RateLimit-Reset` (seconds since 1970).
/// Dates are measured by the service's own clock; without one they say nothing.
pub fn retry_after(headers: &HeaderMap) -> Option<TimeDelta> {
    if let Some(seconds) = header_number(headers, "retry-after") {
        return TimeDelta::try_seconds(seconds.max(0));
    }
    let now = told_date(headers)?;
    let until = header_text(headers, "retry-after").and_then(http_date).or_else(|| {
        header_number(headers, "x-ratelimit-reset").and_then(|at| DateTime::from_timestamp(at, 0))
    })?;
    Some((until - now).max(TimeDelta::zero()))
}

/// Durations as whole seconds.
mod seconds {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(value: &Option<TimeDelta>, to: S) -> Result<S::Ok, S::Error> {
        value.map(|delta| delta.num_seconds()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TimeDelta>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.and_then(TimeDelta::try_seconds))
    }
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;

    #[test]
    fn error_bodies_come_in_many_forms() {
        for (body, wanted) in [
            (
                &br#""'since' and 'before' can not be present simultaneously""#[..],
                "'since' and 'before' can not be present simultaneously",
            ),
            (b"plain text\n", "plain text"),
            (br#"{"message":"Access Denied","code":501}"#, "Access Denied"),
            (br#"{"error":"no"}"#, "no"),
            (br#"{"error_message":"no"}"#, "no"),
            (br#"{"code":501}"#, "no readable reason"),
            (b"", ""),
            (b"<html><body>502", "a web page instead of an answer"),
            (b"\"bell \\u0007 here\"", "bell \u{fffd} here"),
        ] {
            assert_eq!(told_text(body), wanted, "{:?}", String::from_utf8_lossy(body));
        }
        assert_eq!(told_text("x".repeat(9000).as_bytes()).chars().count(), LONGEST + 1);
    }

    #[test]
    fn waiting_times_are_understood_in_every_form() {
        let with = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            retry_after(&headers).map(|delta| delta.num_seconds())
        };
        assert_eq!(with(&[("retry-after", "7")]), Some(7));
        assert_eq!(with(&[("retry-after", "0.4")]), Some(1));
        let now = ("date", "Mon, 02 Mar 2026 14:05:09 GMT");
        assert_eq!(with(&[now, ("retry-after", "Mon, 02 Mar 2026 14:06:09 GMT")]), Some(60));
        assert_eq!(with(&[now, ("x-ratelimit-reset", "1772460339")]), Some(30));
        assert_eq!(with(&[("x-ratelimit-reset", "1772460339")]), None);
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn a_failure_survives_being_stored() {
        let failure = Failure::Quota { resets_in: TimeDelta::try_seconds(1855) };
        let text = serde_json::to_string(&failure).expect("json");
        assert_eq!(text, r#"{"quota":{"resets_in":1855}}"#);
        assert_eq!(serde_json::from_str::<Failure>(&text).expect("back"), failure);
        assert!(failure.nothing_done() && !Failure::Unknown(String::new()).nothing_done());
    }
}
