//! Without a public address the same changes arrive by reading, within what Toggl Free allows.

use reqwest::Method;
use serde_json::json;

use super::rig::{Rig, Settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_arrive_by_reading_within_the_quota_of_the_free_plan() {
    let mut rig = Rig::new(47).await;
    rig.office.admin(Method::PUT, "/plan", Some(json!({"toggl": "free", "clockify": "paid"}))).await;
    rig.office.bills = false;
    let seat = rig.engine("a", &Settings { public: false, toggl: "read_every = 20", ..Settings::default() });
    let engine = seat.serve().await;
    seat.until("a ready cache", |status| status["cache"] == "ready").await;
    for _ in 0..100 {
        rig.office.act().await;
    }
    rig.office.stop().await;
    rig.settle().await;
    let requests = rig.office.requests().await;
    let refused: Vec<_> =
        requests.iter().filter(|row| matches!(row["status"].as_u64(), Some(402 | 429))).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let to_toggl = requests.iter().filter(|row| row["service"] == "toggl").count();
    println!("{to_toggl} requests to Toggl, {} to Clockify", requests.len() - to_toggl);
    let subscribed = requests.iter().any(|row| {
        row["method"] == "POST" && row["path"].as_str().is_some_and(|p| p.starts_with("/webhooks"))
    });
    assert!(!subscribed, "nothing can be delivered, so nothing is subscribed to");
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
