//! Ranges of history: tags keep their names, and what a person decided stays.

use chrono::{Days, TimeDelta};
use hourwire::control::command::{Command, Reply, Wish};
use hourwire::control::link::ViewerEnd;
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::domain::id::Service;
use hourwire::domain::room::Room;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use serde_json::{Value, json};

use super::stage::{Folder, Running, Services, WORKSPACE, pass};

async fn viewer(running: &Running) -> ViewerEnd {
    let viewer = running.door.enter().await.unwrap();
    let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "tty1".into() };
    viewer.to_engine.send(hello).await.unwrap();
    viewer
}

async fn wish(viewer: &mut ViewerEnd, id: &str, wish: Wish) -> Reply {
    viewer.to_engine.send(ToEngine::Command(Command { id: id.into(), wish })).await.unwrap();
    loop {
        match viewer.from_engine.recv().await.expect("the door is open") {
            FromEngine::Reply { id: of, reply } if of == id => return reply,
            _ => {}
        }
    }
}

fn backfill(services: &Services) -> Wish {
    let today = services.now().date_naive();
    Wish::Backfill { from: today - Days::new(30), to: today, dry: false }
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_was_made_since_the_catalogue_was_read_keeps_its_name() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Demo);
    let running = Folder::new(&services).start(&services);
    pass(600).await;
    let mut viewer = viewer(&running).await;
    let then = services.now() - TimeDelta::days(20);
    let theirs = services.track_as("by Dana", then, &["late night", "urgent"], true).await;
    let own = services.track("by Ida", then, &["late night"]).await;
    pass(400).await;
    assert_eq!(running.entry(&own).and_then(|r| r.entry).unwrap().tags, ["late night"], "read by the list");
    assert!(matches!(wish(&mut viewer, "1", backfill(&services)).await, Reply::Done { .. }));
    pass(120).await;
    assert_eq!(running.entry(&own).and_then(|r| r.entry).unwrap().tags, ["late night"]);
    let row = running.entry(&theirs).and_then(|r| r.entry).expect("read by Reports");
    assert_eq!(row.tags, ["late night", "urgent"]);
    assert_eq!(services.count(Service::Toggl, "/tags?"), 1, "{:?}", services.sent(Service::Toggl, "tags"));
}

#[tokio::test(start_paused = true)]
async fn a_tag_without_a_name_takes_no_other_tag_away() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Demo);
    let running = Folder::new(&services).start(&services);
    pass(600).await;
    let mut viewer = viewer(&running).await;
    let own = services.track("by Ida", services.now() - TimeDelta::days(20), &["late night"]).await;
    pass(400).await;
    // The list of tags never names it.
    services.bend(|_, line, mut answer| {
        if line.contains("/tags?") {
            let mut rows: Vec<Value> = serde_json::from_slice(answer.body()).unwrap();
            rows.retain(|row| row["name"] != "late night");
            *answer.body_mut() = serde_json::to_vec(&rows).unwrap().into();
        }
        answer
    });
    assert!(matches!(wish(&mut viewer, "1", backfill(&services)).await, Reply::Done { .. }));
    pass(120).await;
    assert!(services.count(Service::Toggl, "search/time_entries") > 0);
    assert_eq!(running.entry(&own).and_then(|r| r.entry).unwrap().tags, ["late night"]);
}

#[tokio::test(start_paused = true)]
async fn a_backfill_leaves_what_a_person_decided() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    folder.book.fall_back(&services.clockify_project("Unsorted").await);
    let running = folder.start(&services);
    pass(10).await;
    let key = services.track("first", services.now() - TimeDelta::minutes(30), &[]).await;
    pass(400).await;
    assert_eq!(running.word(&key), "synced");
    let workspace = services.sim.access().clockify_workspace;
    let id = services.sim.state()["clockify"]["entries"][0]["id"].as_str().unwrap().to_owned();
    let line = format!("DELETE /api/v1/workspaces/{workspace}/time-entries/{id}");
    services.person(Service::Clockify, &line, Value::Null).await;
    let line = format!("PUT /api/v9/workspaces/{WORKSPACE}/time_entries/{}", key.id);
    services.person(Service::Toggl, &line, json!({"description": "first, better"})).await;
    pass(400).await;
    assert_eq!(running.word(&key), "conflict");
    let mut viewer = viewer(&running).await;
    let theirs =
        Wish::Resolve { target: "mirror".into(), source: key.clone(), keep_source: false, dry: false };
    assert!(matches!(wish(&mut viewer, "1", theirs).await, Reply::Done { .. }));
    pass(60).await;
    let before = services.count(Service::Clockify, "/time-entries/");
    assert!(matches!(wish(&mut viewer, "2", backfill(&services)).await, Reply::Done { .. }));
    pass(600).await;
    assert_eq!(running.word(&key), "skipped (deleted in the target)");
    assert_eq!(services.count(Service::Clockify, "/time-entries/"), before, "nothing is sent against it");
    assert!(services.there().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_disk_short_of_room_stops_a_backfill_and_says_so_until_there_is_room() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Demo);
    let folder = Folder::new(&services);
    let running = folder.start(&services);
    pass(600).await;
    services.track("by Ida", services.now() - TimeDelta::days(20), &[]).await;
    let theirs = services.track_as("by Dana", services.now() - TimeDelta::days(20), &[], true).await;
    let mut viewer = viewer(&running).await;
    folder.inbox.set_capacity(0);
    assert!(matches!(wish(&mut viewer, "1", backfill(&services)).await, Reply::Done { .. }));
    pass(300).await;
    assert!(running.entry(&theirs).is_none(), "nothing of the range was read");
    let snapshot = running.engine.snapshot().expect("it is ready");
    assert_eq!((snapshot.disk.room, snapshot.disk.free_mb), (Room::Little, Some(0)));
    let job = snapshot.jobs.iter().find(|job| job.name.starts_with("backfill")).expect("it is planned");
    assert_eq!((job.state.as_str(), job.when.as_str()), ("stopped", "when the disk has room"));
    let alert = snapshot.alerts.first().expect("an alert");
    assert_eq!(alert.id, "disk");
    assert!(alert.say.contains("deliveries are still kept · backfill stopped"), "{}", alert.say);

    // What comes is refused once nothing fits any more, and that is told too.
    let mut tries = 0;
    while running.inbox.append(vec![b'.'; 64 << 10].into()).await.is_ok() {
        tries += 1;
        assert!(tries < 1_000, "the disk never fills");
    }
    running.engine.mind_disk();
    let snapshot = running.engine.snapshot().expect("it is ready");
    assert_eq!(snapshot.disk.room, Room::Full);

    folder.inbox.set_capacity(u64::MAX);
    pass(300).await;
    assert!(running.entry(&theirs).is_some(), "the backfill went on");
    let snapshot = running.engine.snapshot().expect("it is ready");
    assert_eq!(snapshot.disk.room, Room::Enough);
    assert!(snapshot.alerts.iter().all(|alert| alert.id != "disk"));
}
