//! Whoever knows the address and not the secret changes nothing; whoever knows the secret may write anything.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use hourwire::config::secrets::HookSecrets;
use hourwire::control::command::{Reply, Wish};
use hourwire::control::view::{Row, ViewKind};
use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::Sha256;

use super::rig::{Rig, Seat, Settings, count};

/// The address of a hook and what its deliveries are signed with.
struct Hook {
    url: String,
    secret: String,
    web: Client,
}

impl Hook {
    fn of(seat: &Seat) -> Self {
        let secrets = HookSecrets::load(&seat.state()).expect("readable").expect("there");
        let hook = secrets.hooks.first().expect("one hook");
        let port = std::fs::read_to_string(seat.home.join("port")).expect("the port");
        Self {
            url: format!("http://127.0.0.1:{port}/hooks/{}", hook.path),
            secret: hook.current.expose_secret().to_owned(),
            web: Client::new(),
        }
    }

    fn hex(&self, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("any length");
        mac.update(body);
        mac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    async fn post(&self, url: &str, body: &[u8], signature: Option<&str>) -> StatusCode {
        let mut request = self.web.post(url).body(body.to_vec()).timeout(Duration::from_secs(20));
        if let Some(signature) = signature {
            request = request.header("X-Webhook-Signature-256", signature);
        }
        request.send().await.expect("answered").status()
    }

    async fn signed(&self, body: &[u8]) -> StatusCode {
        self.post(&self.url, body, Some(&format!("sha256={}", self.hex(body)))).await
    }
}

fn announcement(subscription: &Value, event: i64) -> Value {
    json!({
        "event_id": event, "created_at": "2026-03-02T09:00:00.123Z", "creator_id": 5_550_001,
        "metadata": {"action": "created", "model": "time_entry", "event_user_id": "5550001"},
        "subscription_id": subscription, "timestamp": "2026-03-02T09:00:01Z", "url_callback": "",
        "payload": {"id": 77, "at": "2026-03-02T09:00:00Z", "start": "2026-03-02T08:00:00Z",
                    "stop": "2026-03-02T09:00:00Z", "duration": 3600, "description": "forged", "user_id": 5_550_001,
                    "workspace_id": 4_440_001, "billable": false},
    })
}

/// Bodies that a broken sender might sign. None of them can be used.
fn nonsense(subscription: &Value) -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        &b""[..],
        b"{}",
        b"null",
        b"[]",
        b"[[[[",
        b"\"x\"",
        b"0",
        b"true",
        b"\xff\xfe\x00",
        b"{\"event_id\":",
        b"{}{}{}",
    ]
    .iter()
    .map(|body| body.to_vec())
    .collect();
    bodies.push(vec![b'['; 100_000]);
    bodies.push(vec![b' '; 1_000]);
    let spoilt: [(&str, Value); 6] = [
        ("subscription_id", json!(1)),
        ("payload", json!("text")),
        ("payload", json!([1])),
        ("payload", json!({})),
        ("metadata", json!([1])),
        ("event_id", json!(-1)),
    ];
    for (n, (key, value)) in spoilt.into_iter().enumerate() {
        let mut body = announcement(subscription, 7_000 + n as i64);
        body[key] = value;
        bodies.push(body.to_string().into_bytes());
    }
    bodies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_deliveries_change_nothing_and_signed_nonsense_is_kept_as_dead_letters() {
    let mut rig = Rig::new(41).await;
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    let subscription = seat.subscribed().await["subscriptions"][0]["id"].clone();
    let hook = Hook::of(&seat);
    let before = seat.until("the counted PING", |status| status["deliveries"]["received"] == 1).await;
    let before = before["deliveries"].clone();

    let body = announcement(&subscription, 6_000).to_string().into_bytes();
    let hex = hook.hex(&body);
    let other = hook.hex(b"another body");
    let forged = [
        None,
        Some(String::new()),
        Some(format!("sha256={other}")),
        Some(format!("sha256={}", &hex[..62])),
        Some(format!("sha256={hex}00")),
        Some(format!("sha256={}", "a".repeat(4_000))),
        Some(format!("sha256={}", "z".repeat(64))),
        Some(format!("sha1={hex}")),
        Some(hex.clone()),
    ];
    for signature in &forged {
        let status = hook.post(&hook.url, &body, signature.as_deref()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{signature:?}");
    }
    let elsewhere = hook.url.replace("/hooks/", "/hooks/a");
    assert_eq!(hook.post(&elsewhere, &body, Some(&format!("sha256={hex}"))).await, StatusCode::UNAUTHORIZED);
    let rejected = before["rejected"].as_u64().expect("a count") + forged.len() as u64 + 1;
    let after = seat.until("counted", |status| status["deliveries"]["rejected"] == rejected).await;
    let after = after["deliveries"].clone();
    for same in ["received", "duplicates", "dead", "unapplied"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(seat.status().await["targets"][0]["synced"], 0);
    // They stand beside the subscription whose address they used; what used an unknown one is nobody's.
    let listed = seat.run(&["webhooks", "list", "--json"]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!((&listed[0]["failures"], &listed[0]["refused"]), (&json!(9), &json!("malformed signature")));
    assert_eq!(listed[0]["state"], "active", "whoever knows the address alone can make nothing of it");

    let wanted = nonsense(&subscription);
    for body in &wanted {
        assert!(
            hook.signed(body).await.is_success(),
            "{:?}",
            String::from_utf8_lossy(&body[..body.len().min(80)])
        );
    }
    let dead = wanted.len() as u64;
    let status = seat.until("dead letters", |status| status["deliveries"]["dead"] == dead).await;
    assert_eq!(status["subscriptions"][0]["state"], "active");
    assert!(seat.words().await.contains(&format!("{dead} deliveries could not be")));

    let mut viewer = seat.viewer().await;
    let letters: Vec<u64> = dead_letters(viewer.page(ViewKind::Deliveries).await.rows);
    assert_eq!(letters.len() as u64, dead);
    for dry in [true, false] {
        let reply = viewer.wish(&format!("replay {dry}"), Wish::Replay { seq: letters[0], dry }).await;
        let Reply::Failed { reason } = reply else { panic!("nonsense was applied: {reply:?}") };
        assert!(reason.contains("still cannot be used"), "{reason}");
    }
    drop(viewer);

    // The next real delivery is as good as ever, and so is its copy.
    rig.office.create().await;
    rig.settle().await;
    let sent = rig.office.requests().await;
    let seen = seat.status().await["deliveries"].clone();
    let mut viewer = seat.viewer().await;
    let rows = viewer.page(ViewKind::Deliveries).await.rows;
    let real = rows.iter().find_map(|row| match row {
        Row::Delivery(line) if line.summary.contains("#1 first words") => Some(line.clone()),
        _ => None,
    });
    let real = real.expect("the delivery is listed with what it says");
    let seq = real.seq.expect("stored");
    let raw = viewer.page(ViewKind::Delivery { seq }).await.rows.into_iter().find_map(|row| match row {
        Row::Detail(line) if line.label == "raw" => Some(line.value),
        _ => None,
    });
    assert!(hook.signed(raw.expect("its body").as_bytes()).await.is_success());
    let again = seat
        .until("a counted duplicate", |status| {
            status["deliveries"]["duplicates"].as_u64() > seen["duplicates"].as_u64()
        })
        .await;
    assert_eq!(again["deliveries"]["dead"], dead);
    let reply = viewer.wish("replay real", Wish::Replay { seq, dry: false }).await;
    assert!(matches!(&reply, Reply::Done { say } if say.contains("nothing changed")), "{reply:?}");
    assert_eq!(rig.office.implied().await, rig.office.present().await);
    let now = rig.office.requests().await;
    assert_eq!(
        count(&now, "clockify", "POST", "/time-entries"),
        count(&sent, "clockify", "POST", "/time-entries")
    );

    assert_eq!(engine.stop().await, Some(0));
    let engine = seat.serve().await;
    seat.until("the dead letters after a restart", |status| status["deliveries"]["dead"] == dead).await;
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}

fn dead_letters(rows: Vec<Row>) -> Vec<u64> {
    let dead = |row| match row {
        Row::Delivery(line) if line.verdict == "dead" => line.seq,
        _ => None,
    };
    rows.into_iter().filter_map(dead).collect()
}
