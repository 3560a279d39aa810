//! A bucket that runs dry: `hourwire quota` says so, the person's command is told, `/metrics` has the figures.

use std::time::{Duration, Instant};

use hourwire::control::command::Wish;
use http::Method;
use serde_json::{Value, json};

use super::rig::{Rig, Settings};

/// Waits until the command has written so many lines.
async fn told(path: &std::path::Path, lines: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.lines().count() >= lines {
            return text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "the command was not told: {text:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_and_the_persons_command_say_that_a_bucket_is_dry() {
    let rig = Rig::new(61).await;
    let file = rig.engine("a", &Settings::default()).home.join("told");
    let hooks = format!(
        "[hooks]\nquota = \"echo \\\"$HOURWIRE_FACTS\\\" >> '{}'\"\nquota_left = 10\n",
        file.display()
    );
    let seat = rig.engine("a", &Settings { toggl: &hooks, ..Settings::default() });
    let engine = seat.serve().await;
    seat.subscribed().await;
    let calm = seat.run(&["quota", "--json"]).await;
    assert_eq!(calm.status.code(), Some(0), "{}", String::from_utf8_lossy(&calm.stdout));
    let calm: Value = serde_json::from_slice(&calm.stdout).expect("JSON");
    let user = |shown: &Value| -> Value {
        let buckets = shown["buckets"].as_array().expect("buckets").iter();
        buckets
            .into_iter()
            .find(|b| b["bucket"].as_str().is_some_and(|n| n.starts_with("user:")))
            .cloned()
            .expect("one")
    };
    let before = user(&calm);
    assert_eq!((&before["limit"], &before["source"]), (&json!(30), &json!("header")), "{before}");
    assert_eq!(before["used"].as_i64(), before["remaining"].as_i64().map(|left| 30 - left));
    assert!(!file.exists(), "nothing to tell yet");
    let refusal =
        json!({"answers": [{"service": "toggl", "path": "/me/time_entries", "do": "402", "times": 1}]});
    rig.office.admin(Method::PUT, "/faults", Some(refusal)).await;
    seat.viewer().await.wish("1", Wish::ReadNow).await;
    let news = told(&file, 1).await;
    assert_eq!((&news[0]["level"], &news[0]["account"]), (&json!("dry"), &json!("main")), "{news:?}");
    assert!(news[0]["waiting_until"].is_string(), "{news:?}");
    let shown = seat.run(&["quota", "--json"]).await;
    assert_eq!(shown.status.code(), Some(1), "a dry bucket is not well");
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(user(&shown)["remaining"], json!(0));
    let words = seat.run(&["quota"]).await;
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    assert!(
        words.contains("toggl user") && words.contains("0/30 left") && words.contains("waiting until"),
        "{words}"
    );
    assert_eq!(engine.stop().await, Some(0));
}
