//! Who waits for quota keeps nobody else waiting.

use bytes::Bytes;
use hourwire::control::command::{Command, Wish};
use hourwire::control::message::{PROTOCOL, ToEngine};
use hourwire::domain::id::Service;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use http::{Response, StatusCode};

use super::stage::{Folder, Services, pass};

#[tokio::test(start_paused = true)]
async fn a_key_is_answered_while_background_work_waits_for_another_bucket() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    let running = folder.start(&services);
    pass(60).await;
    running.kill().await;
    pass(23 * 3_600 + 35 * 60).await;
    // The organization's hour is spent, the person's is not.
    services.bend(|service, line, answer| match service {
        Service::Toggl if line.contains("/webhooks/") => Response::builder()
            .status(StatusCode::PAYMENT_REQUIRED)
            .header("x-toggl-quota-remaining", "0")
            .header("x-toggl-quota-resets-in", "3000")
            .body(Bytes::from_static(b"\"hourly limit\""))
            .unwrap(),
        _ => answer,
    });
    let running = folder.start(&services);
    let mut viewer = running.door.enter().await.unwrap();
    let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "tty1".into() };
    let to_engine = viewer.to_engine.clone();
    to_engine.send(hello).await.unwrap();
    // A viewer that does not read is dropped.
    let _reading = tokio::spawn(async move { while viewer.from_engine.recv().await.is_some() {} });
    pass(30 * 60).await;
    assert_eq!(services.count(Service::Toggl, "/me?"), 2, "the profile is a day old");
    assert_eq!(services.count(Service::Toggl, "/users"), 1, "the list of users waits for the organization");
    let before = services.now();
    let wish = Command { id: "now".into(), wish: Wish::ReadNow };
    to_engine.send(ToEngine::Command(wish)).await.unwrap();
    pass(5).await;
    let reads = services.sent(Service::Toggl, "/me/time_entries");
    assert!(reads.iter().any(|(at, ..)| *at >= before), "the key waits for background work: {reads:?}");
    assert_eq!(services.count(Service::Toggl, "/users"), 1);
    services.straight();
    pass(3_600).await;
    assert_eq!(services.count(Service::Toggl, "/users"), 2, "background work gets its turn");
}
