//! Sorting Toggl's refusals. Texts decide only where status and headers cannot.

use ::http::StatusCode;
use chrono::TimeDelta;

use super::Call;
use crate::services::http::{Failure, Got, Told, retry_after, told_text};

/// Why this status came.
pub fn sort(call: Call, got: &Got, told: &Told) -> Failure {
    let text = told_text(&got.body);
    let status = got.status.as_u16();
    match got.status {
        StatusCode::PAYMENT_REQUIRED => spent_or_plan(text, told),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::TOO_EARLY => {
            Failure::Pace { retry_after: retry_after(&got.headers) }
        }
        // A proxy or firewall before the service: the request never reached it, and it says nothing of the token.
        StatusCode::FORBIDDEN if got.is_web_page() => {
            Failure::Unsent(format!("HTTP {status} {text}; a proxy or firewall is in the way"))
        }
        StatusCode::UNAUTHORIZED => Failure::Auth { status, text },
        StatusCode::FORBIDDEN if !call.on_profile() && is_about_rights(&text) => Failure::Forbidden(text),
        StatusCode::FORBIDDEN => Failure::Auth { status, text },
        StatusCode::NOT_FOUND => Failure::Missing(text),
        StatusCode::REQUEST_TIMEOUT => Failure::Unknown(format!("HTTP {status} {text}")),
        code if code.is_server_error() => Failure::Server { status, text },
        code if code.is_redirection() => {
            Failure::Refused { status, text: "redirected elsewhere; correct base_url".to_owned() }
        }
        _ => Failure::Refused { status, text },
    }
}

/// 402 is the spent quota if the header says 0 left or the text speaks of the hourly limit; else the plan.
fn spent_or_plan(text: String, told: &Told) -> Failure {
    let says_hourly = text.to_lowercase().contains("hourly limit");
    if told.remaining.is_some_and(|left| left <= 0) || says_hourly {
        let in_text = text
            .split(|c: char| !c.is_ascii_digit())
            .find_map(|digits| digits.parse::<i64>().ok())
            .and_then(TimeDelta::try_seconds)
            .filter(|_| says_hourly);
        return Failure::Quota { resets_in: told.resets_in.or(in_text) };
    }
    Failure::Plan(text)
}

/// A 403 under a workspace is a missing right only if it says so: a refused token must stop the account at once.
fn is_about_rights(text: &str) -> bool {
    let text = text.to_lowercase();
    ["workspace", "access", "admin", "permission", "allowed", "owner"].iter().any(|word| text.contains(word))
        && !["token", "password", "credential"].iter().any(|word| text.contains(word))
}
