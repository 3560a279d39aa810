//! A person's enabling that is cut off, by a kill or by the next key: what was missed meanwhile is read all the same.

use std::sync::atomic::Ordering::SeqCst;

use hourwire::domain::health::Wanted;
use hourwire::engine::guard_wish::Asked;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;

use super::stage::{Machine, Office, Running, live};
use super::way::Trouble;

/// An office whose subscription a person switched off, and what a colleague did meanwhile: no list of own entries
/// brings it.
async fn switched_off(machine: &Machine) -> (Office, Running, i64) {
    let office = Office::of(Plan::Premium, World::Demo, 7);
    let running = live(&office, machine).await;
    office.pass(400).await;
    running.ask(Asked::Disable).await.unwrap();
    office.pass(5).await;
    let missed = office.colleague_tracks("Missed").await;
    office.pass(60).await;
    (office, running, missed)
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_step_of_a_persons_enabling_loses_no_gap() {
    let mut cut_off = 0;
    for cut in 2..20 {
        let machine = Machine::new("den");
        let (office, running, missed) = switched_off(&machine).await;
        machine.plug.store(cut, SeqCst);
        let _cut = tokio::time::timeout(std::time::Duration::from_secs(60), running.ask(Asked::Enable)).await;
        let reached = machine.plug.swap(0, SeqCst) == 0;
        assert_eq!(running.own().map(|own| own.wanted), Some(Wanted::Enabled), "cut {cut}");
        running.kill(&office).await;
        let running = machine.start(&office);
        office.until("the gap is read", 420, || running.knows(missed) && running.is_well()).await;
        assert!(running.incidents().is_empty(), "cut {cut}: {:?}", running.log());
        if !reached {
            break;
        }
        cut_off += 1;
    }
    assert!(cut_off >= 4, "only {cut_off} steps were cut");
}

#[tokio::test(start_paused = true)]
async fn keys_pressed_in_a_hurry_lose_no_gap() {
    let (office, running, missed) = switched_off(&Machine::new("den")).await;
    // The first one waits for its PING, which got lost, when the second one comes.
    office.trouble(Some(Trouble::Deliveries(200)));
    let again = async {
        office.pass(5).await;
        office.trouble(None);
        running.ask(Asked::Enable).await
    };
    let (first, second) = tokio::join!(running.ask(Asked::Enable), again);
    assert!(first.is_err() && second.is_ok(), "{first:?} {second:?}");
    office.until("the gap is read", 90, || running.knows(missed)).await;
}

#[tokio::test(start_paused = true)]
async fn an_enabling_without_a_proof_keeps_the_gap_for_the_next_one() {
    let (office, running, missed) = switched_off(&Machine::new("den")).await;
    office.pass(3_000).await;
    // It is enabled, and no PING is let through that would show it.
    office.trouble(Some(Trouble::Deliveries(200)));
    running.ask(Asked::Enable).await.unwrap_err();
    office.trouble(None);
    office.until("the gap is read", 420, || running.knows(missed)).await;
}
