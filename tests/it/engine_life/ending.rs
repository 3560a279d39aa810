//! An engine that cannot do its work ends and says why, so that whoever hosts it starts it again.

use std::sync::atomic::Ordering::SeqCst;

use bytes::Bytes;
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::domain::delivery::Delivered;
use hourwire::journal::Fault;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use tokio::time::{Duration, timeout};

use super::stage::{Folder, Running, Services, pass};

async fn end(running: Running) -> String {
    let outcome = timeout(Duration::from_secs(600), running.task).await.expect("it ends").unwrap();
    outcome.expect_err("an engine that cannot work").to_string()
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_cannot_be_written_ends_the_engine() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    let running = folder.start(&services);
    pass(30).await;
    let viewer = running.door.enter().await.unwrap();
    let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "tty1".into() };
    viewer.to_engine.send(hello).await.unwrap();
    folder.ledger.fail_at(folder.ledger.operations().len(), Fault::PowerCut);
    let say = end(running).await;
    assert!(say.contains("ledger cannot be written") && say.contains("restart"), "{say}");
    let mut viewer = viewer;
    let mut heard = Vec::new();
    while let Some(message) = viewer.from_engine.recv().await {
        match message {
            FromEngine::Notice { say, .. } => heard.push(say),
            FromEngine::Bye => heard.push("bye".into()),
            _ => {}
        }
    }
    assert!(heard[0].starts_with("engine stopped: the ledger cannot be written"), "{heard:?}");
    assert_eq!(heard.last().map(String::as_str), Some("bye"));
}

#[tokio::test(start_paused = true)]
async fn a_part_that_panics_ends_the_engine() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    let running = folder.start(&services);
    pass(30).await;
    folder.hooks.broken.store(true, SeqCst);
    let one = Delivered {
        hook: "main".into(),
        received_at: services.now(),
        headers: Vec::new(),
        body: Bytes::from_static(b"{}"),
    };
    running.inbox.append(Bytes::from(one.encode())).await.unwrap();
    let say = end(running).await;
    assert!(say.contains("the intake ended") && say.contains("restart the engine"), "{say}");
}

#[tokio::test(start_paused = true)]
async fn a_person_who_stops_it_hears_no_error() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let running = Folder::new(&services).start(&services);
    pass(30).await;
    running.engine.stop();
    assert!(running.task.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_was_let_in_a_moment_before_hears_the_goodbye_too() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let running = Folder::new(&services).start(&services);
    pass(30).await;
    // Not yet attended to when it stops.
    let mut viewer = running.door.enter().await.unwrap();
    running.engine.stop();
    assert_eq!(viewer.from_engine.recv().await, Some(FromEngine::Bye));
    assert_eq!(viewer.from_engine.recv().await, None);
    assert!(running.task.await.unwrap().is_ok());
    assert!(running.door.enter().await.is_none(), "nobody is let in after it");
}
