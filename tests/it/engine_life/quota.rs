//! Who waits for quota keeps nobody else waiting.

use hourwire::control::command::{Command, Wish};
use hourwire::control::message::{PROTOCOL, ToEngine};
use hourwire::domain::id::Service;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;

use super::stage::{Folder, Services, pass};

#[tokio::test(start_paused = true)]
async fn a_key_is_answered_while_background_work_waits_for_the_hour() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Free, World::Empty);
    let mut folder = Folder::new(&services);
    folder.setup.sources[0].read_every_s = 30;
    let running = folder.start(&services);
    pass(60).await;
    running.kill().await;
    pass(23 * 3_600 + 35 * 60).await;
    let running = folder.start(&services);
    let mut viewer = running.door.enter().await.unwrap();
    let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "tty1".into() };
    let to_engine = viewer.to_engine.clone();
    to_engine.send(hello).await.unwrap();
    // A viewer that does not read is dropped.
    let _reading = tokio::spawn(async move { while viewer.from_engine.recv().await.is_some() {} });
    // Reading has spent all but the person's reserve when the profile becomes a day old.
    pass(30 * 60).await;
    assert_eq!(services.count(Service::Toggl, "/me?"), 1, "it waits for the hour");
    let before = services.now();
    let wish = Command { id: "now".into(), wish: Wish::ReadNow };
    to_engine.send(ToEngine::Command(wish)).await.unwrap();
    pass(5).await;
    let reads = services.sent(Service::Toggl, "/me/time_entries");
    assert!(reads.iter().any(|(at, ..)| *at >= before), "the key waits for background work: {reads:?}");
    assert_eq!(services.count(Service::Toggl, "/me?"), 1);
    pass(3_600).await;
    assert_eq!(services.count(Service::Toggl, "/me?"), 2, "background work gets its turn");
}
