//! Refusals in Clockify's form: `{"message": "...", "code": number}`, some with an empty body.

use http::{Method, StatusCode};
use serde_json::json;

use crate::simulator::call::Reply;

/// An answer, or the refusal that takes its place.
pub(super) type Outcome<T = Reply> = Result<T, Reply>;

/// Refuses when a check fails.
pub(super) fn unless(holds: bool, refusal: impl FnOnce() -> Reply) -> Outcome<()> {
    if holds { Ok(()) } else { Err(refusal()) }
}

/// A refusal with message and code.
pub(super) fn with(status: StatusCode, code: i64, message: impl AsRef<str>) -> Reply {
    Reply::json(status, &json!({ "message": message.as_ref(), "code": code }))
}

/// 400/501, the generic domain error.
pub(super) fn domain(message: impl AsRef<str>) -> Reply {
    with(StatusCode::BAD_REQUEST, 501, message)
}

/// 400/501 for a missing, deleted, foreign or malformed id, which Clockify does not tell apart.
pub(super) fn missing(noun: &str) -> Reply {
    domain(format!("{noun} doesn't belong to Workspace"))
}

/// 400/3000 for a query value that cannot be converted; echoes the value as the service does.
pub(super) fn query(name: &str, value: &str, kind: &str) -> Reply {
    let message = format!(
        "Method parameter '{name}': Failed to convert value of type 'java.lang.String' to required type \
         '{kind}'; For input string: \"{value}\""
    );
    with(StatusCode::BAD_REQUEST, 3000, message)
}

/// 400/3002 for a body that cannot be read into the request's type.
pub(super) fn body(message: impl AsRef<str>) -> Reply {
    with(StatusCode::BAD_REQUEST, 3002, message)
}

/// 404/3000 for a path that is not routed.
pub(super) fn path(path: &str) -> Reply {
    let path = path.trim_start_matches('/');
    with(StatusCode::NOT_FOUND, 3000, format!("No static resource v1/{path}."))
}

/// 405/3000 with the verbs that the path knows.
pub(super) fn method(method: &Method, allowed: &[&str]) -> Reply {
    let message = format!("Request method '{method}' is not supported");
    with(StatusCode::METHOD_NOT_ALLOWED, 3000, message).with("Allow", allowed.join(","))
}
