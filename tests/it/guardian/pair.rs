//! Two engines on one workspace: at most one sends.

use hourwire::control::command::Reply;
use hourwire::simulator::toggl::Plan;

use super::stage::{Machine, Office, live};

#[tokio::test(start_paused = true)]
async fn the_second_holds_and_a_person_may_take() {
    let office = Office::new(Plan::Premium);
    let (den, hut) = (Machine::new("den"), Machine::new("hut"));
    let first = live(&office, &den).await;
    assert_eq!(first.held(), None);
    let second = live(&office, &hut).await;
    office.pass(30).await;
    assert!(second.held().is_some_and(|say| say.contains("hourwire den")), "{:?}", second.log());
    office.pass(900).await;
    assert_eq!(first.held(), None, "{:?}", first.log());
    assert!(second.held().is_some(), "{:?}", second.log());
    // Both receive.
    office.track("Harbor plan").await;
    office.until("both have it", 10, || first.entries() == 1 && second.entries() == 1).await;
    let reply = second.engine.take(&"main".into()).await;
    assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    // The first one sends until it has looked: never both at once.
    let both = || first.held().is_none() && second.held().is_none();
    office.until("the first holds", 400, || first.held().is_some() || both()).await;
    assert!(!both() && second.held().is_some_and(|say| say.contains(":take")), "{:?}", second.log());
    office.until("the second sends", 400, || second.held().is_none() || first.held().is_none()).await;
    office.pass(1_200).await;
    assert!(second.held().is_none() && first.held().is_some());
    // A restart changes nothing.
    first.kill(&office).await;
    let first = den.start(&office);
    office.pass(60).await;
    assert!(first.held().is_some_and(|say| say.contains("hourwire hut")), "{:?}", first.log());
}

#[tokio::test(start_paused = true)]
async fn taken_twice_it_sends_at_once_and_a_restart_waits_on() {
    let office = Office::new(Plan::Premium);
    let (den, hut) = (Machine::new("den"), Machine::new("hut"));
    let first = live(&office, &den).await;
    let second = live(&office, &hut).await;
    office.pass(30).await;
    second.engine.take(&"main".into()).await;
    assert!(second.held().is_some());
    second.kill(&office).await;
    let second = hut.start(&office);
    office.pass(30).await;
    assert!(first.held().is_none() && second.held().is_some(), "{:?}", second.log());
    first.kill(&office).await;
    second.engine.take(&"main".into()).await;
    assert_eq!(second.held(), None, "{:?}", second.log());
}

#[tokio::test(start_paused = true)]
async fn a_copied_state_folder_on_another_machine_holds() {
    let office = Office::new(Plan::Premium);
    let den = Machine::new("den");
    let first = live(&office, &den).await;
    office.pass(60).await;
    // The folder as it was a while ago: nothing says any more that its engine was the sender a moment ago.
    let hut = den.copied("hut");
    office.pass(900).await;
    let second = hut.start(&office);
    office.pass(120).await;
    assert!(second.held().is_some_and(|say| say.contains("hourwire den")), "{:?}", second.log());
    office.pass(3_600).await;
    assert!(second.held().is_some() && first.held().is_none(), "{:?}", second.log());
    let listed = office.listed().await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["description"], "hourwire den 0f1e");
    assert!(first.is_well());
}

#[tokio::test(start_paused = true)]
async fn on_free_the_second_has_no_subscription_and_holds() {
    let office = Office::new(Plan::Free);
    let first = live(&office, &Machine::new("den")).await;
    let second = Machine::new("hut").start(&office);
    office.pass(60).await;
    assert!(second.held().is_some_and(|say| say.contains("hourwire den")), "{:?}", second.log());
    assert!(second.own().is_none() && first.held().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_look_at_a_start_holds_but_asks_nobody() {
    let office = Office::new(Plan::Premium);
    let den = Machine::with_mirror("den", &office).await;
    office.down(true);
    let running = den.start(&office);
    office.pass(20).await;
    assert!(running.held().is_some_and(|say| say.contains("looking")), "{:?}", running.held());
    let snapshot = running.engine.snapshot().expect("ready");
    assert!(snapshot.holds.is_empty(), "{:?}", snapshot.holds);
    assert!(snapshot.targets.iter().all(|t| !t.trouble.starts_with("held")), "{:?}", snapshot.targets);
}
