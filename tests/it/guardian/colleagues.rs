//! What colleagues did in a gap no list of own entries brings.

use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::healing::outage;
use super::stage::{Machine, Office, live};

#[tokio::test(start_paused = true)]
async fn the_gap_is_filled_with_colleagues_work_before_the_incident_closes() {
    let office = Office::of(Plan::Premium, World::Demo, 7);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(120).await;
    office.down(true);
    office.pass(2).await;
    let missed = office.colleague_tracks("Missed").await;
    office.track("Missed too").await;
    office.pass(40).await;
    // Reports are late for a while.
    office.faults(
        json!({"answers": [{"service": "toggl", "path": "/search/time_entries", "do": "429", "times": 3}]}),
    );
    office.down(false);
    office.until("closed", 1_200, || running.is_healed()).await;
    assert!(running.knows(missed), "{:?}", running.log());
    assert!(running.incidents()[0].recovered >= 2, "{:?}", running.incidents());
    assert!(office.count("/search/time_entries") >= 1);
}

#[tokio::test(start_paused = true)]
async fn alone_nothing_is_read_by_reports() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(120).await;
    outage(&office, &running, 1).await;
    office.until("closed", 1_200, || running.is_healed()).await;
    assert_eq!(office.count("/search/time_entries"), 0);
}
