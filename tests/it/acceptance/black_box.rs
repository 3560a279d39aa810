//! The black box and the secrets from a shell, beside an engine that runs.

use hourwire::config::secrets::HookSecrets;
use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret as _;

use super::rig::{Rig, Seat, Settings};

/// What a command printed, and its exit code.
async fn told(seat: &Seat, args: &[&str]) -> (String, Option<i32>) {
    let output = seat.run(&[&["webhooks"], args].concat()).await;
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_at_the_door_is_opened_in_a_shell() {
    let rig = Rig::new(53).await;
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    seat.subscribed().await;
    let secrets = HookSecrets::load(&seat.state()).expect("readable").expect("there");
    let port = std::fs::read_to_string(seat.home.join("port")).expect("the port");
    let url = format!("http://127.0.0.1:{port}/hooks/{}", secrets.hooks[0].path);
    let sent =
        Client::new().post(url).header("x-webhook-signature-256", format!("sha256={}", "0".repeat(64)));
    let answer = sent.body(r#"{"event_id":1,"payload":{"description":"Forged"}}"#).send().await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::UNAUTHORIZED);

    let (text, _) = told(&seat, &["deliveries", "--filter", "rejected"]).await;
    assert!(text.contains("r1 ") && text.contains("wrong signature"), "{text}");
    let (text, code) = told(&seat, &["deliveries", "r1"]).await;
    assert!(text.contains("wrong signature") && text.contains("Forged") && code == Some(0), "{text}");
    assert!(text.contains("sha256=0000"), "its headers: {text}");
    let (text, code) = told(&seat, &["deliveries", "r1", "--json"]).await;
    assert!(text.contains("\"refused\": 1") && code == Some(0), "{text}");
    let (text, code) = told(&seat, &["verify", "r1"]).await;
    assert!(text.contains("with no secret that holds now") && code == Some(1), "{text}");
    let (text, code) = told(&seat, &["deliveries", "r2"]).await;
    assert!(text.contains("not kept") && code == Some(1), "{text}");
    assert_eq!(engine.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_have_heads_and_a_zone_and_a_secret_is_printed_only_when_asked_for() {
    let rig = Rig::new(54).await;
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    seat.subscribed().await;
    let (before, _) = told(&seat, &["list"]).await;
    let first = before.lines().next().unwrap_or_default();
    assert!(first.starts_with("state ") && first.contains("last delivery"), "{before}");
    assert!(before.contains("times in America/New_York") && !before.contains("two secrets"), "{before}");
    let (kept, _) = told(&seat, &["deliveries"]).await;
    assert!(kept.starts_with("number ") && kept.contains("times in America/New_York"), "{kept}");

    let (text, code) = told(&seat, &["rotate"]).await;
    assert_eq!(code, Some(0), "{text}");
    let (after, _) = told(&seat, &["list"]).await;
    assert!(after.contains("two secrets hold; the one before is taken until 20"), "{after}");
    let secrets = HookSecrets::load(&seat.state()).expect("readable").expect("there");
    let current = secrets.hooks[0].current.expose_secret().to_owned();
    let (json, _) = told(&seat, &["list", "--json"]).await;
    assert!(json.contains("\"overlap_until\": \"20") && !(after + &json).contains(&current), "{json}");
    let (text, code) = told(&seat, &["reveal"]).await;
    assert_eq!((text.trim_end(), code), (current.as_str(), Some(0)));
    assert_eq!(engine.stop().await, Some(0));
}
