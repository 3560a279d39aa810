//! Stands in for the receiver.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hourwire::domain::delivery::Delivered;
use hourwire::journal::InboxWriter;
use hourwire::simulator::toggl::sign;
use http::StatusCode;
use serde_json::{Value, json};

use super::books::Hooks;

/// Verifies, stores, answers.
pub async fn receive(
    hooks: &Hooks,
    inbox: &InboxWriter,
    now: DateTime<Utc>,
    path: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> (StatusCode, Bytes) {
    let refused = (StatusCode::UNAUTHORIZED, Bytes::new());
    let kept = hooks.kept();
    let Some((account, hook)) = kept.iter().find(|(_, hook)| path.ends_with(&hook.path)) else {
        return refused;
    };
    let signature = headers.iter().find(|(name, _)| name == "X-Webhook-Signature-256");
    if signature.is_none_or(|(_, value)| *value != sign(&hook.secret, &body)) {
        return refused;
    }
    let delivered =
        Delivered { hook: account.to_string(), received_at: now, headers: Vec::new(), body: body.clone() };
    if inbox.append(Bytes::from(delivered.encode())).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, Bytes::new());
    }
    let event: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    match event["validation_code"].as_str() {
        Some(code) => (StatusCode::OK, Bytes::from(json!({"validation_code": code}).to_string())),
        None => (StatusCode::OK, Bytes::new()),
    }
}
