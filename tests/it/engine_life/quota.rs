//! Who waits for quota keeps nobody else waiting.

use chrono::TimeDelta;
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
    let mut viewer = running.door.enter().await.unwrap();
    let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "tty1".into() };
    let to_engine = viewer.to_engine.clone();
    to_engine.send(hello).await.unwrap();
    // A viewer that does not read is dropped.
    let _reading = tokio::spawn(async move { while viewer.from_engine.recv().await.is_some() {} });
    // After a day the profile is old, and reading has spent all but the person's reserve in each hour.
    pass(24 * 3_600).await;
    let mut answered = 0;
    for round in 0..8 {
        pass(420).await;
        let before = services.now();
        let id = format!("now-{round}");
        to_engine.send(ToEngine::Command(Command { id, wish: Wish::ReadNow })).await.unwrap();
        pass(6).await;
        let sent = services.sent(Service::Toggl, "/me/time_entries");
        answered +=
            usize::from(sent.iter().any(|(at, ..)| *at >= before && *at < before + TimeDelta::seconds(5)));
    }
    assert!(answered >= 6, "only {answered} of 8 keys were answered at once");
}
