//! The service disables it: healed when the address is well, the gap filled, the incident told.

use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::stage::{Machine, Office, Running, live};

/// An outage of the address in which changes are made, long enough for the service to give up.
pub async fn outage(office: &Office, running: &Running, changes: usize) {
    office.down(true);
    office.pass(2).await;
    for n in 0..changes {
        office.track(&format!("Missed {n}")).await;
    }
    office.pass(30).await;
    assert_eq!(office.listed().await[0]["enabled"], false);
    assert!(running.is_well(), "nobody knows yet");
    office.down(false);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_half_a_minute_is_healed_within_two() {
    for plan in [Plan::Free, Plan::Premium] {
        let office = Office::new(plan);
        let running = live(&office, &Machine::new("den")).await;
        office.track("Before").await;
        office.until("delivered", 10, || running.entries() == 1).await;
        office.pass(600).await;
        office.sim.clear_requests();
        outage(&office, &running, 1).await;
        let took = office.until("healed", 120, || running.is_healed()).await;
        assert_eq!(running.entries(), 2, "{:?}", running.log());
        let incident = running.incidents().remove(0);
        assert_eq!((incident.kind.as_str(), incident.recovered), ("subscription disabled", 1));
        assert!(
            incident.requests <= 6 && office.requests().len() <= 7,
            "{incident:?} {:?}",
            office.requests()
        );
        assert!(took <= 120);
        office.track("After").await;
        office.until("deliveries come again", 10, || running.entries() == 3).await;
        assert_eq!(running.incidents().len(), 1, "{:?}", running.log());
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_engine_itself_is_healed() {
    let office = Office::new(Plan::Free);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    office.pass(60).await;
    office.track("Before").await;
    office.until("delivered", 10, || running.entries() == 1).await;
    running.kill(&office).await;
    for n in 0..3 {
        office.track(&format!("Missed {n}")).await;
    }
    office.pass(40).await;
    assert_eq!(office.listed().await[0]["enabled"], false);
    let running = machine.start(&office);
    office.until("healed", 120, || running.is_healed()).await;
    assert!(running.is_well() && running.entries() == 4, "{:?}", running.log());
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_only_fails_deliveries_is_found_by_the_next_check() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.sim.set_failing(1.0);
    office.pass(5).await;
    office.track("Missed").await;
    office.pass(30).await;
    office.sim.set_failing(0.0);
    office.until("healed", 400, || running.is_healed()).await;
    assert!(running.is_well() && running.entries() == 1, "{:?}", running.log());
}

#[tokio::test(start_paused = true)]
async fn the_history_proves_it_where_one_is_offered() {
    let office = Office::new(Plan::Premium);
    office.faults(json!({"deliveries": {"history": true}}));
    let running = live(&office, &Machine::new("den")).await;
    office.pass(60).await;
    outage(&office, &running, 1).await;
    office.until("healed", 120, || running.is_healed()).await;
    let incident = running.incidents().remove(0);
    assert!(incident.cause.contains("502"), "{incident:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dry_quota_waits_for_the_reset() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(60).await;
    office.faults(
        json!({"answers": [{"method": "PATCH", "path": "/subscriptions/", "do": "402", "times": 1}]}),
    );
    outage(&office, &running, 1).await;
    let took = office.until("healed", 4_000, || running.is_healed()).await;
    let incident = running.incidents().remove(0);
    assert!(incident.steps.iter().any(|s| s.what == "waits"), "{incident:?}");
    assert!(!incident.steps.iter().any(|s| s.what == "failed"), "a dry quota is no failed try: {incident:?}");
    assert!(took > 5 && running.entries() == 1, "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_the_enabling_is_no_second_try() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(60).await;
    office.faults(
        json!({"answers": [{"method": "PATCH", "path": "/subscriptions/", "do": "lost", "times": 1}]}),
    );
    outage(&office, &running, 1).await;
    office.until("healed", 120, || running.is_healed()).await;
    assert_eq!(office.count("PATCH /webhooks"), 1, "{:?}", office.requests());
}

#[tokio::test(start_paused = true)]
async fn refused_tries_keep_further_and_further_apart() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(60).await;
    let no = json!({"method": "PATCH", "path": "/subscriptions/", "do": "status:400"});
    office.faults(json!({ "answers": [no] }));
    outage(&office, &running, 1).await;
    office.pass(60).await;
    assert_eq!(office.count("PATCH /webhooks"), 1, "{:?}", running.log());
    office.pass(3 * 3_600).await;
    assert_eq!(office.count("PATCH /webhooks"), 5, "{:?}", running.log());
    office.faults(json!({}));
    office.until("healed a day later", 2 * 86_400, || running.is_healed()).await;
    assert!(running.entries() == 1 && running.is_well());
}

#[tokio::test(start_paused = true)]
async fn pings_without_events_are_silence_and_an_event_ends_it() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(60).await;
    office.faults(json!({"deliveries": {"only_pings": true}}));
    office.track("Unheard").await;
    office.until("read", 400, || running.entries() == 1).await;
    office.until("silent", 900, || running.own().is_some_and(|s| s.silent)).await;
    let incident = running.incidents().remove(0);
    assert_eq!((incident.kind.as_str(), incident.closed_at), ("subscription silent", None));
    office.faults(json!({}));
    office.track("Heard").await;
    office.until("heard", 60, || running.incidents()[0].closed_at.is_some()).await;
    assert!(!running.own().unwrap().silent);
    assert_eq!(office.count("PATCH /webhooks"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_restart_within_the_ten_minutes_forgets_no_sign_of_silence() {
    let office = Office::new(Plan::Premium);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    office.pass(60).await;
    office.faults(json!({"deliveries": {"only_pings": true}}));
    office.track("Unheard").await;
    office.until("read", 400, || running.entries() == 1).await;
    office.pass(120).await;
    running.kill(&office).await;
    let running = machine.start(&office);
    office.until("silent", 500, || running.own().is_some_and(|s| s.silent)).await;
    assert_eq!(running.incidents().len(), 1, "{:?}", running.log());
    running.kill(&office).await;
    let running = machine.start(&office);
    office.faults(json!({}));
    office.track("Heard").await;
    office.until("heard", 60, || running.incidents()[0].closed_at.is_some()).await;
    office.pass(3_600).await;
    assert!(
        running.own().is_some_and(|own| !own.silent) && running.incidents().len() == 1,
        "{:?}",
        running.log()
    );
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_day_is_no_incident() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.faults(json!({"deliveries": {"delay_s": [0, 20], "duplicate": 0.2, "reorder": 0.2}}));
    for n in 0..60 {
        office.track(&format!("Entry {n}")).await;
        office.pass(37 * (n % 7) + 1).await;
    }
    office.pass(3_600).await;
    assert_eq!(running.entries(), 60);
    assert!(running.incidents().is_empty(), "{:?}", running.log());
}

#[tokio::test(start_paused = true)]
async fn a_path_that_fails_again_and_again_is_enabled_ever_more_rarely() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    // Not in step with the checks: a change in the very second of an enabling proves nothing.
    office.pass(90).await;
    office.sim.set_failing(1.0);
    // Not in step with the checks: what falls into the second of an enabling proves nothing.
    for n in 0..(6 * 50) {
        office.track(&format!("Missed {n}")).await;
        office.pass(72).await;
    }
    let enabled = office.count("PATCH /webhooks");
    assert!((2..=7).contains(&enabled), "{enabled} enablings in six hours: {:?}", running.log());
    office.sim.set_failing(0.0);
    office.until("healed", 2 * 86_400, || running.is_well()).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_service_disabled_while_the_machine_slept_is_healed_soon_after() {
    for (plan, seconds) in [(Plan::Free, 65), (Plan::Premium, 40), (Plan::Starter, 3_600)] {
        let office = Office::new(plan);
        let running = live(&office, &Machine::new("den")).await;
        office.pass(70).await;
        office.trouble(Some(Trouble::Deliveries(502)));
        for n in 0..4 {
            office.track(&format!("Missed {n}")).await;
            office.pass(1).await;
        }
        office.until("the service gave up", 60, || office.sim.receiving() == 0).await;
        office.trouble(None);
        office.stand_still(seconds);
        office.until("healed", 120, || running.is_healed()).await;
        assert!(running.is_well() && running.entries() == 4, "{plan:?} {:?}", running.log());
        let log = running.log();
        assert!(log.iter().any(|line| line.contains("stood still")), "{log:?}");
    }
}
