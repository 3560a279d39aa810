//! A request off the wire: to which API it goes, and what a service sees of it.

use axum::extract::Query;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::Value;

use super::call::Call;
use super::toggl::Api;
use crate::domain::id::Service;

/// The header of a person at work in a service's web page.
pub const PERSON: &str = "x-simulator-person";

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One of Toggl's APIs.
    Toggl(Api),
    /// Toggl's past: answered with 410.
    TogglPast,
    /// Clockify's main API.
    Clockify,
    /// Clockify's reports host.
    ClockifyReports,
    /// Nowhere.
    Unknown,
}

/// A request and what it means.
#[derive(Clone, Debug)]
pub struct Received {
    /// The service it came to.
    pub service: Service,
    /// The part of the service.
    pub target: Target,
    /// Path and query as they came.
    pub path: String,
    /// What the service sees.
    pub call: Call,
}

impl Received {
    /// Reads a request.
    pub fn new(service: Service, request: Request<Bytes>, now: DateTime<Utc>) -> Self {
        let (parts, body) = request.into_parts();
        let whole = parts.uri.path().replace("%2C", ",").replace("%2c", ",");
        let (target, rest) = target(service, &whole);
        let query =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
        let headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let person = headers.iter().any(|(name, value)| name == PERSON && value == "1");
        let path = parts.uri.path_and_query().map_or_else(|| whole.clone(), |text| text.as_str().to_owned());
        let call = Call { method: parts.method, path: rest.to_owned(), query, headers, body, person, now };
        Self { service, target, path, call }
    }

    /// The body for the listing.
    pub fn body(&self) -> Value {
        if self.call.body.is_empty() {
            return Value::Null;
        }
        self.call
            .json()
            .unwrap_or_else(|| Value::String(String::from_utf8_lossy(&self.call.body).into_owned()))
    }
}

/// The API of a path, and the path after its base.
fn target(service: Service, path: &str) -> (Target, &str) {
    let under = |base: &str| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match service {
        Service::Toggl => {
            let found =
                Api::ALL.into_iter().find_map(|api| under(api.base()).map(|rest| (Target::Toggl(api), rest)));
            found.unwrap_or_else(|| match under("/api/v8") {
                Some(rest) => (Target::TogglPast, rest),
                None => (Target::Unknown, path),
            })
        }
        Service::Clockify => {
            let reports = || under("/report/v1").or_else(|| under("/v1"));
            match (under("/api/v1"), reports()) {
                (Some(rest), _) => (Target::Clockify, rest),
                (None, Some(rest)) => (Target::ClockifyReports, rest),
                (None, None) => (Target::Unknown, path),
            }
        }
    }
}
