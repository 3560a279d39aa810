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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_restored_or_copied_beside_its_owner_is_a_second_engine() {
    let mut rig = Rig::new(51).await;
    let owner = rig.engine("server", &Settings::default());
    let engine = owner.serve().await;
    owner.subscribed().await;
    for _ in 0..5 {
        rig.office.create().await;
    }
    rig.settle().await;
    assert_eq!(engine.stop().await, Some(0));
    let restored = rig.engine("restored", &Settings::default());
    let backup = owner.home.join("old.jsonl");
    let backup = backup.to_str().expect("UTF-8");
    assert!(owner.run(&["backup", backup]).await.status.success());
    assert!(restored.run(&["restore", backup]).await.status.success());
    let copied = rig.engine("copied", &Settings::default());
    let copy = std::process::Command::new("cp").arg("-a").args([owner.state(), copied.state()]).status();
    assert!(copy.expect("cp runs").success());

    let engine = owner.serve().await;
    for laptop in [&restored, &copied] {
        let second = laptop.serve().await;
        laptop.until_said("another instance").await;
        for _ in 0..10 {
            rig.office.create().await;
        }
        rig.settle().await;
        laptop
            .until("it knows and holds them", |status| status["targets"][0]["held"].as_u64() >= Some(10))
            .await;
        assert_eq!(owner.status().await["targets"][0]["held"], 0);
        assert_eq!(second.stop().await, Some(0));
        assert_eq!(laptop.complaints(), "");
    }
    let made = count(&rig.office.requests().await, "clockify", "POST", "/time-entries");
    assert_eq!(made, 25, "each entry was made once");
    assert_eq!(rig.office.implied().await, rig.office.present().await);
    assert_eq!(engine.stop().await, Some(0));
}
