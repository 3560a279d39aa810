//! Engines that write to one target in turns, and a state put back from an older day: what another one sent meanwhile is
//! found there, not made again.

use std::path::Path;
use std::process::Command;

use super::rig::{Rig, Seat, Settings, count, write_private};

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(done.expect("cp runs").success());
}

/// Serves, lets a person track this many entries, and waits until the engine knows all `known` of them to be synced.
async fn turn(rig: &mut Rig, seat: &Seat, tracked: usize, known: usize) {
    let engine = seat.serve().await;
    let state = |status: &serde_json::Value| status["subscriptions"][0]["state"].clone();
    let found = seat.until("a subscription", |s| state(s) == "active" || state(s) == "drifted").await;
    if state(&found) == "drifted" {
        // The other engine has put its name and secret there: a person says whose it is.
        let restored = seat.run(&["webhooks", "restore"]).await;
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        seat.subscribed().await;
    }
    for _ in 0..tracked {
        rig.office.create().await;
    }
    rig.settle().await;
    // The older ones come by reading what was missed.
    seat.until("all are known", |status| status["targets"][0]["synced"].as_u64() == Some(known as u64)).await;
    assert_eq!(rig.office.implied().await, rig.office.present().await, "something was doubled");
    assert_eq!(engine.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_states_with_one_address_take_turns_and_double_nothing() {
    let mut rig = Rig::new(61).await;
    let (a, b) = (rig.engine("a", &Settings::default()), rig.engine("b", &Settings::default()));
    let settings = std::fs::read_to_string(a.home.join("config/hourwire.toml")).expect("its settings");
    write_private(&b.home.join("config/hourwire.toml"), &settings);
    turn(&mut rig, &a, 5, 5).await;
    turn(&mut rig, &b, 3, 8).await;
    turn(&mut rig, &a, 2, 10).await;
    let made = count(&rig.office.requests().await, "clockify", "POST", "/time-entries");
    assert_eq!(made, 10, "each entry was made once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_folder_put_back_from_before_doubles_nothing() {
    let mut rig = Rig::new(62).await;
    let seat = rig.engine("a", &Settings::default());
    turn(&mut rig, &seat, 5, 5).await;
    let old = seat.home.join("old");
    copy(&seat.state(), &old);
    turn(&mut rig, &seat, 3, 8).await;
    std::fs::remove_dir_all(seat.state()).expect("removed");
    copy(&old, &seat.state());
    turn(&mut rig, &seat, 2, 10).await;
    let made = count(&rig.office.requests().await, "clockify", "POST", "/time-entries");
    assert_eq!(made, 10, "each entry was made once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_lost_after_the_mapping_changed_finds_what_kept_its_project() {
    let mut rig = Rig::new(63).await;
    let seat = rig.engine("a", &Settings::default());
    let mapping = seat.home.join("config/mapping.toml");
    let linked = std::fs::read_to_string(&mapping).expect("the mapping");
    let fallback = linked.split("[[project]]").next().expect("the fallback");
    write_private(&mapping, fallback);
    let engine = seat.serve().await;
    seat.subscribed().await;
    for _ in 0..8 {
        rig.office.create().await;
    }
    seat.until("sent to the fallback", |status| status["targets"][0]["synced"] == 8).await;
    assert_eq!(engine.stop().await, Some(0));
    let before = rig.office.present().await;
    assert_ne!(rig.office.implied().await, before, "the links say other projects");

    write_private(&mapping, &linked);
    std::fs::remove_dir_all(seat.state()).expect("removed");
    let engine = seat.serve().await;
    seat.until("all found again", |status| status["targets"][0]["synced"] == 8).await;
    assert_eq!(rig.office.present().await, before, "nothing was made, nothing moved");
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
