//! Killed at each of its writes, the guardian goes on where it was.

use std::sync::atomic::Ordering::SeqCst;

use hourwire::simulator::toggl::Plan;

use super::healing::outage;
use super::stage::{Machine, Office, live};

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_step_of_the_healing_resumes() {
    let mut survived = 0;
    for cut in 1..60 {
        let office = Office::new(Plan::Premium);
        let machine = Machine::new("den");
        let mut running = live(&office, &machine).await;
        office.pass(60).await;
        outage(&office, &running, 1).await;
        machine.plug.store(cut, SeqCst);
        for _ in 0..240 {
            office.pass(1).await;
            if machine.plug.load(SeqCst) == 0 || running.is_healed() {
                break;
            }
        }
        let reached = machine.plug.swap(0, SeqCst) == 0;
        running.kill(&office).await;
        running = machine.start(&office);
        office.until("healed", 460, || running.is_healed() && running.is_well()).await;
        assert_eq!(running.entries(), 1, "cut {cut}: {:?}", running.log());
        assert_eq!(running.incidents().len(), 1, "cut {cut}: {:?}", running.log());
        let failed = running.incidents()[0].steps.iter().filter(|s| s.what == "failed").count();
        assert_eq!(failed, 0, "cut {cut}: an enabling cut off is no failed try: {:?}", running.log());
        assert!(office.count("PATCH /webhooks") <= 2, "cut {cut}: {:?}", office.requests());
        if !reached {
            break;
        }
        survived += 1;
    }
    assert!(survived >= 6, "only {survived} steps were cut");
}

#[tokio::test(start_paused = true)]
async fn a_kill_while_it_is_made_leaves_one_subscription() {
    for cut in 1..8 {
        let office = Office::new(Plan::Premium);
        let machine = Machine::new("den");
        machine.plug.store(cut, SeqCst);
        let running = machine.start(&office);
        office.pass(20).await;
        machine.plug.store(0, SeqCst);
        running.kill(&office).await;
        let running = machine.start(&office);
        office.until("a live subscription", 90, || running.is_well()).await;
        assert_eq!(office.listed().await.len(), 1, "cut {cut}");
        office.track("Harbor plan").await;
        office.until("the entry is here", 60, || running.entries() == 1).await;
    }
}
