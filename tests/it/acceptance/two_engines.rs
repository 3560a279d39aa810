//! One engine an account: a second one with a state folder of its own says so and sends nothing.

use std::time::Duration;

use super::rig::{Rig, Settings, count};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_engine_on_the_same_accounts_holds_and_says_so() {
    let mut rig = Rig::new(44).await;
    let (first, second) = (rig.engine("a", &Settings::default()), rig.engine("b", &Settings::default()));
    let a = first.serve().await;
    first.subscribed().await;
    let b = second.serve().await;
    second.until_said("another instance").await;
    for _ in 0..30 {
        rig.office.act().await;
    }
    rig.office.stop().await;
    rig.settle().await;
    second
        .until("what it would send is held", |status| status["targets"][0]["held"].as_u64() > Some(5))
        .await;
    // Long enough for the second one's own reading and look-ups to have done their worst.
    let calm = tokio::time::Instant::now() + Duration::from_secs(8);
    while tokio::time::Instant::now() < calm {
        assert_eq!(rig.office.implied().await, rig.office.present().await, "something was doubled");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let requests = rig.office.requests().await;
    let entries = rig.office.present().await.values().sum::<usize>();
    let deleted = count(&requests, "clockify", "DELETE", "/time-entries");
    assert_eq!(
        count(&requests, "clockify", "POST", "/time-entries"),
        entries + deleted,
        "each was made once"
    );
    assert_eq!(second.status().await["targets"][0]["synced"], 0);
    assert!(first.status().await["targets"][0]["held"] == 0);
    assert_eq!((a.stop().await, b.stop().await), (Some(0), Some(0)));
    assert_eq!(first.complaints() + &second.complaints(), "");
}
