//! A token that stops working stops its own account; a new one drains what waited.

use super::rig::{Rig, Settings, count};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_toggl_token_stops_only_its_account() {
    let mut rig = Rig::new(45).await;
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    seat.subscribed().await;
    rig.office.create().await;
    rig.settle().await;
    let token = rig.office.reset_token().await;
    assert_eq!(engine.stop().await, Some(0));
    let engine = seat.serve().await;
    seat.until_said("token refused").await;
    for _ in 0..5 {
        rig.office.create().await;
    }
    // Deliveries still arrive, and Clockify's account goes on.
    rig.settle().await;
    assert_eq!(engine.stop().await, Some(0));
    let seat = rig.engine("a", &Settings { toggl_token: Some(&token), ..Settings::default() });
    let engine = seat.serve().await;
    seat.until_said("all is well").await;
    assert_eq!(count(&rig.office.requests().await, "clockify", "POST", "/time-entries"), 6);
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_while_the_token_is_refused_is_read_with_the_new_one() {
    let mut rig = Rig::new(50).await;
    let reading = Settings { public: false, toggl: "read_every = 5", ..Settings::default() };
    let seat = rig.engine("a", &reading);
    rig.office.create().await;
    let engine = seat.serve().await;
    rig.settle().await;
    let token = rig.office.reset_token().await;
    seat.until_said("token refused").await;
    for _ in 0..5 {
        rig.office.create().await;
    }
    assert_eq!(rig.office.present().await.values().sum::<usize>(), 1);
    assert_eq!(engine.stop().await, Some(0));
    let seat = rig.engine("a", &Settings { toggl_token: Some(&token), ..reading });
    let engine = seat.serve().await;
    rig.settle().await;
    seat.until_said("all is well").await;
    assert_eq!(count(&rig.office.requests().await, "clockify", "POST", "/time-entries"), 6);
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_clockify_key_keeps_the_queue() {
    let mut rig = Rig::new(46).await;
    let wrong = Settings { clockify_token: Some("refused-key-of-yesterday"), ..Settings::default() };
    let seat = rig.engine("a", &wrong);
    let engine = seat.serve().await;
    seat.subscribed().await;
    for _ in 0..6 {
        rig.office.create().await;
    }
    seat.until_said("token refused").await;
    seat.until("all six are known", |status| {
        let count = |word: &str| status["targets"][0][word].as_u64().unwrap_or(0);
        ["queued", "held", "sending"].iter().map(|word| count(word)).sum::<u64>() == 6
    })
    .await;
    assert!(rig.office.present().await.is_empty());
    assert_eq!(engine.stop().await, Some(0));
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    rig.settle().await;
    seat.until_said("all is well").await;
    let made = count(&rig.office.requests().await, "clockify", "POST", "/time-entries");
    assert_eq!(made, 6);
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
