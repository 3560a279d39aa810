//! A person at work in a service's own web page, in process.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hourwire::domain::id::Service;
use hourwire::simulator::Simulator;
use serde_json::Value;

/// A request of the owner that has to succeed, and its answer (`null` where there is none).
pub async fn person(simulator: &Simulator, service: Service, method: &str, path: &str, body: Value) -> Value {
    let access = simulator.access();
    let token = match service {
        Service::Toggl => access.toggl_token,
        Service::Clockify => access.clockify_token,
    };
    somebody(simulator, service, &token, method, path, body).await
}

/// The same request of whoever has this token.
pub async fn somebody(
    simulator: &Simulator,
    service: Service,
    token: &str,
    method: &str,
    path: &str,
    body: Value,
) -> Value {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://sim{path}"))
        .header("X-Simulator-Person", "1")
        .header("Content-Type", "application/json");
    let request = match service {
        Service::Toggl => {
            let basic = STANDARD.encode(format!("{token}:api_token"));
            request.header("Authorization", format!("Basic {basic}"))
        }
        Service::Clockify => request.header("X-Api-Key", token),
    };
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let answer = simulator.call(service, request.body(body).unwrap()).await.unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {} {:?}", answer.status(), answer.body());
    serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
}
