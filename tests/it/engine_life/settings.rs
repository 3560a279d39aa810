//! Settings and files that changed while the engine was off, and a first day in a zone that nobody has said yet.

use chrono::{DateTime, Utc};
use hourwire::domain::id::Service;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use serde_json::Value;

use super::stage::{Folder, Services, pass};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The words of two entries after a first start at `begin`, where the profile says `zone`.
async fn first_day(begin: &str, zone: &'static str, before: &str, today: &str) -> (String, String) {
    let services = Services::new(begin, Plan::Premium, World::Empty);
    services.bend(move |service, line, mut answer| {
        if service == Service::Toggl && line.contains("/api/v9/me?") {
            let mut me: Value = serde_json::from_slice(answer.body()).unwrap();
            me["timezone"] = zone.into();
            *answer.body_mut() = serde_json::to_vec(&me).unwrap().into();
        }
        answer
    });
    let folder = Folder::new(&services);
    folder.book.fall_back(&services.clockify_project("Unsorted").await);
    let before = services.track("before", at(before), &[]).await;
    let today = services.track("today", at(today), &[]).await;
    let running = folder.start(&services);
    pass(120).await;
    (running.word(&before), running.word(&today))
}

#[tokio::test(start_paused = true)]
async fn the_first_day_is_the_persons_not_utcs() {
    let wanted = ("skipped (before sync_from)".to_owned(), "synced".to_owned());
    // Two in the morning in Auckland is yesterday in UTC; nine in the evening in Honolulu is tomorrow there.
    for (begin, zone, before, today) in [
        ("2026-05-12T14:00:00Z", "Pacific/Auckland", "2026-05-12T08:00:00Z", "2026-05-12T13:00:00Z"),
        ("2026-05-13T07:00:00Z", "Pacific/Honolulu", "2026-05-12T08:00:00Z", "2026-05-12T20:00:00Z"),
    ] {
        assert_eq!(first_day(begin, zone, before, today).await, wanted, "{zone}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_of_an_account_that_is_gone_is_dropped() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let mut folder = Folder::new(&services);
    folder.book.fall_back(&services.clockify_project("Unsorted").await);
    // Cut off before it has looked whether another instance sends.
    let running = folder.start(&services);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let holds = running.get::<Vec<Value>>(&hourwire::cache::rows::meta("holds")).unwrap_or_default();
    assert_eq!(holds.len(), 1, "{holds:?}");
    running.kill().await;
    folder.setup.sources[0].account = "second".into();
    let running = folder.start(&services);
    let mut key = services.track("goes", services.now() - chrono::TimeDelta::minutes(15), &[]).await;
    key.account = "second".into();
    pass(400).await;
    assert_eq!(running.word(&key), "synced");
}

#[tokio::test(start_paused = true)]
async fn another_workspace_in_the_settings_stops_its_account() {
    for which in [Service::Clockify, Service::Toggl] {
        let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
        let mut folder = Folder::new(&services);
        folder.book.fall_back(&services.clockify_project("Unsorted").await);
        let running = folder.start(&services);
        pass(10).await;
        let key = services.track("first", services.now() - chrono::TimeDelta::minutes(30), &[]).await;
        pass(400).await;
        assert_eq!(running.word(&key), "synced");
        running.kill().await;
        match which {
            Service::Clockify => folder.setup.targets[0].workspace = "64f0c0ffee0000000000b002".into(),
            Service::Toggl => folder.setup.sources[0].workspace = Some(4_440_002.into()),
        }
        let before = services.count(which, "");
        let running = folder.start(&services);
        let line = format!("PUT /api/v9/workspaces/4440001/time_entries/{}", key.id);
        services.person(Service::Toggl, &line, serde_json::json!({"description": "changed"})).await;
        pass(26 * 3_600).await;
        assert_eq!(services.count(which, ""), before, "{:?}", services.sent(which, ""));
        let alerts = running.alerts();
        assert!(
            alerts.iter().any(|say| say.contains("names workspace") && say.contains("back")),
            "{alerts:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_was_edited_while_the_engine_was_off_releases_what_waits() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    let project = services.clockify_project("Unsorted").await;
    let running = folder.start(&services);
    pass(10).await;
    let key = services.track("first", services.now() - chrono::TimeDelta::minutes(30), &[]).await;
    pass(400).await;
    assert_eq!(running.word(&key), "unmapped");
    running.kill().await;
    folder.book.fall_back(&project);
    let running = folder.start(&services);
    pass(20).await;
    assert_eq!(running.word(&key), "synced");
}
