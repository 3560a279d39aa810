//! What the real services have no call for: the requests that came, faults, plans, everything held.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::Reply;
use super::seam::Simulator;

/// Answers a call of the admin address; a leading `/admin` may be there or not.
pub fn admin(simulator: &Simulator, method: &Method, path: &str, body: &[u8]) -> Reply {
    let path = path.strip_prefix("/admin").unwrap_or(path).trim_end_matches('/');
    match (method.as_str(), path) {
        ("GET", "/requests") => shown(&simulator.requests()),
        ("DELETE", "/requests") => {
            simulator.clear_requests();
            Reply::empty(StatusCode::NO_CONTENT)
        }
        ("GET", "/faults") => shown(&simulator.faults()),
        ("PUT", "/faults") => match serde_json::from_slice(body) {
            Ok(faults) => {
                simulator.set_faults(faults);
                shown(&simulator.faults())
            }
            Err(error) => wrong(&error),
        },
        ("GET", "/plan") => shown(&simulator.plan()),
        ("PUT", "/plan") => match serde_json::from_slice(body) {
            Ok(change) => {
                simulator.set_plan(change);
                shown(&simulator.plan())
            }
            Err(error) => wrong(&error),
        },
        ("GET", "/state") => Reply::json(StatusCode::OK, &simulator.state()),
        _ => {
            let text = "admin knows GET|DELETE /requests, GET|PUT /faults, GET|PUT /plan and GET /state";
            Reply::json(StatusCode::NOT_FOUND, &json!({ "error": text }))
        }
    }
}

fn shown<T: serde::Serialize>(value: &T) -> Reply {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    Reply::json(StatusCode::OK, &value)
}

fn wrong(error: &serde_json::Error) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, &json!({ "error": error.to_string() }))
}
