//! The listeners: real HTTP on loopback, one address or three, admin, a dropped connection, deliveries.

use std::net::SocketAddr;

use hourwire::simulator::serve::{Running, ServeOptions, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;

/// Sends a request as text and reads to the end.
async fn exchange(origin: &str, head: &str, body: &str) -> String {
    let address: SocketAddr = origin.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    // A dropped connection is an empty answer, or a reset.
    let _ = stream.read_to_string(&mut text).await;
    text
}

async fn with_token(running: &Running, method: &str, path: &str, body: &str) -> String {
    let head = format!("{method} {path}");
    let auth = basic(&running.access.toggl_token);
    let address: SocketAddr = running.toggl.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: x\r\nAuthorization: {auth}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    text
}

fn body_of(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Answers one POST with the echo of its code and hands its body over.
async fn one_post(listener: &TcpListener) -> Value {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    let body = loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap() {
            break serde_json::from_str::<Value>(body).unwrap();
        }
    };
    let echo = json!({"validation_code": body["validation_code"]}).to_string();
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{echo}", echo.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
    body
}

#[tokio::test]
async fn three_listeners_deliver_to_a_real_callback() {
    let stop = CancellationToken::new();
    let options = ServeOptions { world: World::Empty, ..ServeOptions::default() };
    let running = start(options, stop.clone()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/hooks/x", listener.local_addr().unwrap());
    let mut wanted = subscription("hourwire a", &json!([{"entity": "time_entry", "action": "*"}]));
    wanted["url_callback"] = json!(hook);
    let body = wanted.to_string();
    let (made, ping) = tokio::join!(with_token(&running, "POST", SUBSCRIPTIONS, &body), one_post(&listener));
    assert!(body_of(&made)["validated_at"].is_string(), "{made}");
    let url = ping["validation_code_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/webhooks/api/v1/validate/", running.toggl)), "{url}");
    let body = json!({"created_with": "t", "workspace_id": 4_440_001, "start": "2026-03-02T13:00:00Z", "duration": 60});
    let body = body.to_string();
    let (made, event) = tokio::join!(with_token(&running, "POST", ENTRIES, &body), one_post(&listener));
    assert_eq!(event["payload"]["id"], body_of(&made)["id"]);
    let listed = body_of(&exchange(&running.admin, "GET /requests", "").await);
    let row = listed[1].as_object().unwrap();
    let keys: Vec<&String> = row.keys().collect();
    assert_eq!(keys, ["time", "service", "method", "path", "body", "status", "bucket", "remaining"]);
    assert_eq!(
        (&row["service"], &row["status"], &row["remaining"]),
        (&json!("toggl"), &json!(200), &json!(598))
    );
    stop.cancel();
}

#[tokio::test]
async fn one_address_serves_everything_by_path() {
    let listen = Some("127.0.0.1:0".parse().unwrap());
    let options = ServeOptions { listen, seed: 5, ..ServeOptions::default() };
    let stop = CancellationToken::new();
    let running = start(options, stop.clone()).await.unwrap();
    let origin = running.toggl.clone();
    assert_eq!(running.ready["toggl"]["api"], format!("{origin}/api/v9"));
    assert_eq!(running.ready["admin"], format!("{origin}/admin"));
    assert_eq!(running.ready["clockify"]["workspace_id"], "64f0c0ffee0000000000b001");
    let state = body_of(&exchange(&origin, "GET /admin/state", "").await);
    assert_eq!(state["toggl"]["projects"].as_array().unwrap().len(), 12);
    let names: Vec<&str> = state["clockify"]["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"Unsorted") && names.contains(&"Harbor site") && !names.contains(&"Tidewater pilot")
    );
    let clockify = exchange(&origin, "GET /api/v1/user", "").await;
    assert!(clockify.starts_with("HTTP/1.1 401"), "{clockify}");
    let plan = exchange(&origin, "PUT /admin/plan", r#"{"toggl": "free", "clockify": "paid"}"#).await;
    assert_eq!(body_of(&plan), json!({"toggl": "free", "clockify": "paid"}));
    let wrong = exchange(&origin, "PUT /admin/faults", r#"{"answers": [{"do": "explode"}]}"#).await;
    assert!(wrong.starts_with("HTTP/1.1 400"), "{wrong}");
    exchange(&origin, "PUT /admin/faults", r#"{"answers": [{"do": "lost", "times": 1}]}"#).await;
    assert_eq!(with_token(&running, "GET", "/api/v9/me", "").await, "");
    assert!(with_token(&running, "GET", "/api/v9/me", "").await.starts_with("HTTP/1.1 200"));
    assert_eq!(body_of(&exchange(&origin, "GET /admin/requests", "").await).as_array().unwrap().len(), 3);
    assert!(exchange(&origin, "DELETE /admin/requests", "").await.starts_with("HTTP/1.1 204"));
    stop.cancel();
}
