//! A cache that is rebuilt makes everybody wait, and nobody give up.

use chrono::TimeDelta;
use hourwire::cache::rows;
use hourwire::control::command::{Reply, SubscriptionRef};
use hourwire::domain::id::{RemoteId, Service};
use hourwire::engine::guard_wish::Asked;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;

use super::stage::{Folder, Services, pass};

#[tokio::test(start_paused = true)]
async fn a_wish_for_a_subscription_meanwhile_is_refused_and_the_guardian_goes_on() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let running = Folder::new(&services).start(&services);
    pass(60).await;
    let ask = || {
        let at = SubscriptionRef::new(&"main".into(), &RemoteId::from(1));
        running.engine.ask_guardian(at, Asked::Test)
    };
    running.store.set_open(false);
    let Reply::Failed { reason } = ask().await else { panic!("a PING without a cache") };
    assert!(reason.contains("rebuilt"), "{reason}");
    running.store.set_open(true);
    pass(5).await;
    let Reply::Failed { reason } = ask().await else { panic!("a PING of nothing") };
    assert!(!reason.contains("nobody looks after"), "{reason}");
    assert!(!running.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn the_first_reads_go_on_where_the_cache_was_away() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let project = services.clockify_project("Unsorted").await;
    for at_ms in [1, 100, 1_100, 2_300, 5_000] {
        let folder = Folder::new(&services);
        folder.book.fall_back(&project);
        let running = folder.start(&services);
        tokio::time::sleep(std::time::Duration::from_millis(at_ms)).await;
        running.store.set_open(false);
        pass(20).await;
        running.store.set_open(true);
        pass(120).await;
        let text = format!("after {at_ms}");
        let key = services.track(&text, services.now() - TimeDelta::minutes(15), &[]).await;
        pass(400).await;
        assert_eq!(running.word(&key), "synced", "away from {at_ms} ms on");
        running.kill().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_into_a_rebuild_costs_no_first_read() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    let running = folder.start(&services);
    pass(60).await;
    running.kill().await;
    for account in ["main", "mirror"] {
        let running = folder.start(&services);
        running.store.shut_at(rows::meta(&format!("whole:{account}")));
        pass(20).await;
        assert!(!running.store.is_open(), "nobody asked");
        running.store.set_open(true);
        pass(600).await;
        assert_eq!(services.count(Service::Toggl, "/me?"), 1, "{:?}", services.sent(Service::Toggl, ""));
        assert_eq!(services.count(Service::Clockify, "/projects?"), 1);
        running.kill().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_is_edited_meanwhile_is_taken_afterwards() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    let project = services.clockify_project("Unsorted").await;
    let running = folder.start(&services);
    pass(10).await;
    let key = services.track("first", services.now() - TimeDelta::minutes(30), &[]).await;
    pass(400).await;
    assert_eq!(running.word(&key), "unmapped");
    running.store.set_open(false);
    folder.book.fall_back(&project);
    assert!(running.engine.reload_mapping().is_err());
    pass(10).await;
    running.store.set_open(true);
    pass(60).await;
    assert_eq!(running.word(&key), "synced");
}
