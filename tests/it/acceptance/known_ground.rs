//! What a target holds already is adopted: at a first start, after an old backup, after the ledger is gone.

use serde_json::json;

use super::rig::{Rig, Settings, count};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_adopted_and_only_the_rest_created() {
    let mut rig = Rig::new(43).await;
    for _ in 0..24 {
        rig.office.create().await;
    }
    let implied = rig.office.implied().await;
    for entry in implied.keys().step_by(2) {
        rig.office.type_in_clockify(entry).await;
    }
    let typed = rig.office.clockify_ids().await;
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    seat.subscribed().await;
    rig.settle().await;
    let made = |requests: &[serde_json::Value]| count(requests, "clockify", "POST", "/time-entries");
    let requests = rig.office.requests().await;
    assert_eq!(made(&requests), 24 - typed.len());
    assert_eq!(count(&requests, "clockify", "PUT", "/time-entries"), 0, "what fits is left as it is");
    assert!(typed.is_subset(&rig.office.clockify_ids().await));
    seat.until("all synced", |status| status["targets"][0]["synced"] == 24).await;
    assert_eq!(engine.stop().await, Some(0));

    let backup = seat.home.join("old.jsonl");
    let backup = backup.to_str().expect("UTF-8");
    assert!(seat.run(&["backup", backup]).await.status.success());
    let engine = seat.serve().await;
    for _ in 0..10 {
        rig.office.create().await;
    }
    rig.settle().await;
    assert_eq!(engine.stop().await, Some(0));

    std::fs::remove_dir_all(seat.state().join("ledger")).expect("removed");
    assert!(seat.run(&["restore", backup]).await.status.success());
    let asked = rig.office.requests().await.len();
    let engine = seat.serve().await;
    for _ in 0..5 {
        rig.office.create().await;
    }
    rig.settle().await;
    seat.until("all 39 synced", |status| status["targets"][0]["synced"] == 39).await;
    assert_eq!(made(&rig.office.requests().await[asked..]), 5, "after an old backup");
    assert_eq!(engine.stop().await, Some(0));

    std::fs::remove_dir_all(seat.state().join("ledger")).expect("removed");
    let asked = rig.office.requests().await.len();
    let engine = seat.serve().await;
    for _ in 0..5 {
        rig.office.create().await;
    }
    rig.settle().await;
    seat.until("all 44 synced", |status| status["targets"][0]["synced"] == 44).await;
    assert_eq!(made(&rig.office.requests().await[asked..]), 5, "after the ledger was lost");
    assert_eq!(rig.office.implied().await, rig.office.present().await);
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_and_changed_since_is_asked_about_and_not_doubled() {
    let mut rig = Rig::new(48).await;
    for _ in 0..6 {
        rig.office.create().await;
    }
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    seat.subscribed().await;
    seat.until("all synced", |status| status["targets"][0]["synced"] == 6).await;
    assert_eq!(engine.stop().await, Some(0));
    let made = rig.office.clockify_ids().await;

    // What is known here is gone, and meanwhile two of them were changed.
    std::fs::remove_dir_all(seat.state().join("ledger")).expect("removed");
    rig.office.correct(1, json!({"description": "other words"})).await;
    rig.office.correct(4, json!({"description": "others again", "billable": false})).await;
    let engine = seat.serve().await;
    let status = seat
        .until("two conflicts", |status| {
            status["targets"][0]["synced"] == 4 && status["targets"][0]["conflict"] == 2
        })
        .await;
    assert_eq!(status["targets"][0]["synced"], 4);
    assert_eq!(rig.office.clockify_ids().await, made, "none is made beside the old form");
    let listed = seat.run(&["sync", "status", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let rows: Vec<_> = listed["rows"].as_array().expect("rows").iter().collect();
    assert_eq!(rows.len(), 2, "{listed}");
    for row in rows {
        let id = row["entry"].as_str().expect("an id");
        let why = seat.run(&["why", id]).await;
        assert!(String::from_utf8_lossy(&why.stdout).contains("one that is perhaps the same"), "{why:?}");
        let done = seat.run(&["sync", "resolve", id, "--keep", "source"]).await;
        assert!(done.status.success(), "{done:?}");
    }
    seat.until("all synced", |status| status["targets"][0]["synced"] == 6).await;
    assert_eq!(rig.office.clockify_ids().await, made);
    assert_eq!(rig.office.implied().await, rig.office.present().await);
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
