//! A project of the mapping that its target has no more costs no request an entry; one made a minute ago is found.

use chrono::TimeDelta;
use hourwire::domain::id::Service::Clockify;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::stage::{Folder, Services, pass};

const LISTS: &str = "/projects?";

fn posts(services: &Services) -> usize {
    services.sent(Clockify, "/time-entries").iter().filter(|(.., line)| line.starts_with("POST")).count()
}

async fn track(services: &Services, count: i64) -> Vec<hourwire::domain::id::Key> {
    let mut keys = Vec::new();
    for n in 0..count {
        let start = services.now() - TimeDelta::minutes(20 + 15 * n);
        keys.push(services.track(&format!("entry {n}"), start, &[]).await);
    }
    keys
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_is_not_there_sends_nothing_and_says_so() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    services.clockify_project("Harbor site").await;
    folder.book.fall_back("64f0c0ffee0000000000dead");
    let running = folder.start(&services);
    pass(60).await;
    let lists = services.count(Clockify, LISTS);
    let keys = track(&services, 5).await;
    pass(400).await;
    assert_eq!(posts(&services), 0, "{:?}", services.sent(Clockify, "/time-entries"));
    assert!(keys.iter().all(|key| running.word(key) == "unmapped"), "{}", running.word(&keys[0]));
    assert_eq!(services.count(Clockify, LISTS), lists + 1, "one look is enough for all of them");
    let wanted = "5 entries wait for mirror: the fallback \"Unsorted\" is gone there; name another one";
    assert!(running.alerts().iter().any(|say| say.starts_with(wanted)), "{:?}", running.alerts());

    running.kill().await;
    let running = folder.start(&services);
    pass(60).await;
    let later = track(&services, 2).await;
    pass(400).await;
    assert_eq!((posts(&services), services.count(Clockify, LISTS)), (0, lists + 1), "known after a restart");
    assert_eq!(running.word(&later[0]), "unmapped");

    folder.book.fall_back(&services.clockify_project("Unsorted").await);
    running.engine.reload_mapping().unwrap();
    pass(60).await;
    assert!(keys.iter().chain(&later).all(|key| running.word(key) == "synced"), "{:?}", running.alerts());
    assert_eq!(posts(&services), 7);
    assert_eq!(running.alerts(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_fallback_made_a_minute_ago_is_found_by_one_look() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    folder.book.fall_back(&services.clockify_project("Unsorted").await);
    let running = folder.start(&services);
    pass(60).await;
    let lists = services.count(Clockify, LISTS);
    folder.book.fall_back(&services.clockify_project("Made just now").await);
    running.engine.reload_mapping().unwrap();
    let keys = track(&services, 3).await;
    pass(400).await;
    assert!(keys.iter().all(|key| running.word(key) == "synced"), "{:?}", running.alerts());
    assert_eq!((posts(&services), services.count(Clockify, LISTS)), (3, lists + 1));
}

#[tokio::test(start_paused = true)]
async fn a_project_deleted_there_keeps_what_it_has_and_takes_nothing_new() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    services.clockify_project("Harbor site").await;
    let id = services.clockify_project("Unsorted").await;
    folder.book.fall_back(&id);
    let running = folder.start(&services);
    pass(60).await;
    let old = track(&services, 1).await;
    pass(400).await;
    assert_eq!(running.word(&old[0]), "synced");
    let path = format!("/api/v1/workspaces/{}/projects/{id}", services.sim.access().clockify_workspace);
    services.person(Clockify, &format!("PUT {path}"), json!({"name": "Unsorted", "archived": true})).await;
    services.person(Clockify, &format!("DELETE {path}"), json!({})).await;
    // The catalogue is read again after a day.
    pass(24 * 3_600 + 600).await;
    let before = posts(&services);
    let fresh = track(&services, 2).await;
    pass(400).await;
    assert_eq!((posts(&services), running.word(&fresh[0]).as_str()), (before, "unmapped"));
    assert_eq!(running.word(&old[0]), "synced", "what is there is not asked to go elsewhere");
}
