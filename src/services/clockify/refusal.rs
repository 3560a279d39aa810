//! Sorting Clockify's refusals by status, code and, where both are generic, by text (reference/clockify.md 4).

use ::http::StatusCode;
use serde_json::Value;

use super::Call;
use crate::services::http::{Failure, Got, retry_after, told_text};
use crate::services::loose::number_at;

/// Codes that speak of the token or the account, whatever the status.
const TOKEN_CODES: [i64; 6] = [406, 1000, 4003, 4017, 4019, 4023];
/// The code of a path or verb that is not routed.
const NOT_ROUTED: i64 = 3000;

/// Why this status came.
pub fn sort(call: Call, free: bool, got: &Got) -> Failure {
    let text = told_text(&got.body);
    let status = got.status.as_u16();
    let code = serde_json::from_slice::<Value>(&got.body).ok().and_then(|body| number_at(&body, "code"));
    match got.status {
        StatusCode::TOO_MANY_REQUESTS if free => Failure::Quota { resets_in: retry_after(&got.headers) },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::TOO_EARLY => {
            Failure::Pace { retry_after: retry_after(&got.headers) }
        }
        // A proxy or firewall before the service: the request never reached it, and it says nothing of the token.
        StatusCode::FORBIDDEN if got.is_web_page() => {
            Failure::Unsent(format!("HTTP {status} {text}; a proxy or firewall is in the way"))
        }
        StatusCode::UNAUTHORIZED => Failure::Auth { status, text },
        StatusCode::FORBIDDEN | StatusCode::NOT_ACCEPTABLE
            if code.is_some_and(|code| TOKEN_CODES.contains(&code)) =>
        {
            Failure::Auth { status, text }
        }
        StatusCode::FORBIDDEN if call == Call::User => Failure::Auth { status, text },
        StatusCode::FORBIDDEN if is_about_plan(&text) => Failure::Plan(text),
        StatusCode::FORBIDDEN => Failure::Forbidden(text),
        StatusCode::PAYMENT_REQUIRED => Failure::Plan(text),
        StatusCode::NOT_FOUND if code == Some(NOT_ROUTED) => Failure::Refused { status, text },
        StatusCode::NOT_FOUND => Failure::Missing(text),
        StatusCode::BAD_REQUEST => bad_request(call, code, text),
        StatusCode::REQUEST_TIMEOUT => Failure::Unknown(format!("HTTP {status} {text}")),
        code if code.is_server_error() => Failure::Server { status, text },
        code if code.is_redirection() => {
            Failure::Refused { status, text: "redirected elsewhere; correct base_url".to_owned() }
        }
        _ => Failure::Refused { status, text },
    }
}

/// What a workspace does not pay for is refused like what a person may not do; only the words differ.
fn is_about_plan(text: &str) -> bool {
    let text = text.to_lowercase();
    ["subscription plan", "your plan", "upgrade", "paid feature"].iter().any(|words| text.contains(words))
}

/// 400 with the generic code 501 is also how a missing entity and a half-done create look.
fn bad_request(call: Call, code: Option<i64>, text: String) -> Failure {
    let lower = text.to_lowercase();
    let about_entry = lower.contains("time entry") || lower.contains("timeentry");
    let absent = lower.contains("belong to") || lower.contains("not found");
    if code.is_none_or(|code| code == 501) && call.on_webhook() && lower.contains("webhook") && absent {
        return Failure::Missing(text);
    }
    if code.is_none_or(|code| code == 501) && about_entry && absent {
        if call == Call::CreateEntry && lower.contains("not found") {
            // The id it does not find is the one just made: the entry probably exists.
            return Failure::Unknown(format!("HTTP 400 {text}"));
        }
        if call.on_entry() {
            return Failure::Missing(text);
        }
    }
    Failure::Refused { status: 400, text }
}
