//! A new token comes into force while the engine runs: from the settings file, and typed on the screen.

use hourwire::control::command::{Reply, Typed, Wish};

use super::rig::{Rig, Seat, Settings, Viewer, count};

async fn token(viewer: &mut Viewer, id: &str, account: &str, token: Option<&str>) -> Reply {
    let token = token.map(|t| Typed(t.into()));
    viewer.wish(id, Wish::RenewToken { account: account.into(), token }).await
}

/// Reads until the old token is known to be dead.
async fn refused(seat: &Seat, viewer: &mut Viewer) {
    viewer.wish("read", Wish::ReadNow).await;
    seat.until_said("token refused").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_renewed_in_the_settings_drains_the_queue_without_a_restart() {
    let mut rig = Rig::new(71).await;
    let reading = Settings { public: false, ..Settings::default() };
    let seat = rig.engine("a", &reading);
    rig.office.create().await;
    let engine = seat.serve().await;
    rig.settle().await;
    let token = rig.office.reset_token().await;
    refused(&seat, &mut seat.viewer().await).await;
    for _ in 0..5 {
        rig.office.create().await;
    }
    // A mistake beside it changes nothing and is said.
    let path = seat.home.join("config/hourwire.toml");
    let good = std::fs::read_to_string(&path).expect("the settings");
    super::rig::write_private(&path, &good.replace("hold_changes = 0", "hold_changes = \"no\""));
    seat.until_said("the settings in force hold").await;
    rig.engine("a", &Settings { toggl_token: Some(&token), ..reading });
    rig.settle().await;
    seat.until_said("all is well").await;
    assert_eq!(count(&rig.office.requests().await, "clockify", "POST", "/time-entries"), 6);
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typed_token_is_checked_first_and_kept() {
    let mut rig = Rig::new(72).await;
    let seat = rig.engine("a", &Settings { public: false, ..Settings::default() });
    rig.office.create().await;
    let engine = seat.serve().await;
    rig.settle().await;
    let path = seat.home.join("config/hourwire.toml");
    let before = std::fs::read_to_string(&path).expect("the settings");
    let mut viewer = seat.viewer().await;

    // One that works is not given up for one that does not.
    assert_eq!(token(&mut viewer, "t1", "main", Some("nobody-knows-this-one")).await, Reply::Accepted);
    assert!(viewer.notice("t1").await.contains("the one in force stays"));
    rig.office.create().await;
    viewer.wish("read1", Wish::ReadNow).await;
    rig.settle().await;
    assert_eq!(std::fs::read_to_string(&path).expect("the settings"), before);

    let new = rig.office.reset_token().await;
    refused(&seat, &mut viewer).await;
    for _ in 0..5 {
        rig.office.create().await;
    }
    // Fetched again from where it stands, it is the same and as dead.
    assert_eq!(token(&mut viewer, "t2", "main", None).await, Reply::Accepted);
    assert!(viewer.notice("t2").await.contains("is refused (HTTP"));
    assert_eq!(token(&mut viewer, "t3", "main", Some(&new)).await, Reply::Accepted);
    let said = viewer.notice("t3").await;
    assert!(said.contains("token renewed") && said.contains("kept in hourwire.toml"), "{said}");
    assert!(!said.contains(&new), "{said}");
    rig.settle().await;
    seat.until_said("all is well").await;
    let kept = std::fs::read_to_string(&path).expect("the settings");
    assert!(kept.contains(&format!("token = \"{new}\"")));
    assert_eq!(kept.lines().filter(|l| !before.contains(l)).count(), 1, "one line changed");
    assert_eq!(count(&rig.office.requests().await, "clockify", "POST", "/time-entries"), 7);
    assert_eq!(engine.stop().await, Some(0));

    // The next start works with it, and no log has it.
    let engine = seat.serve().await;
    seat.until_said("all is well").await;
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
    for file in std::fs::read_dir(seat.state().join("logs")).expect("the logs") {
        let log = std::fs::read_to_string(file.expect("a file").path()).expect("a log");
        assert!(!log.contains(&new), "the log has the token");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_whose_key_was_wrong_from_the_start_begins_with_the_right_one() {
    let mut rig = Rig::new(73).await;
    let wrong = Settings { clockify_token: Some("refused-key-of-yesterday"), ..Settings::default() };
    let seat = rig.engine("a", &wrong);
    let engine = seat.serve().await;
    seat.subscribed().await;
    for _ in 0..4 {
        rig.office.create().await;
    }
    seat.until_said("token refused").await;
    rig.engine("a", &Settings::default());
    rig.settle().await;
    seat.until_said("all is well").await;
    assert_eq!(count(&rig.office.requests().await, "clockify", "POST", "/time-entries"), 4);
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
