//! Making and adopting.

use std::sync::atomic::Ordering::SeqCst;

use hourwire::control::command::Reshape;
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
async fn where_a_wildcard_costs_three_entries_alone_are_subscribed() {
    let office = Office::new(Plan::Free);
    office.faults(json!({"deliveries": {"wildcard_cost": 3}}));
    let running = live(&office, &Machine::new("den")).await;
    let own = running.own().unwrap();
    assert_eq!(own.filters, ["time_entry created", "time_entry deleted", "time_entry updated"]);
    assert_eq!(office.count("/limits/"), 1, "asked once, at no cost");
}

#[tokio::test(start_paused = true)]
async fn one_of_our_name_with_another_address_is_adopted() {
    let office = Office::new(Plan::Free);
    office.subscribe("hourwire den 0f1e", true).await;
    let running = live(&office, &Machine::new("den")).await;
    assert_eq!(office.listed().await.len(), 1);
    assert_eq!(running.own().unwrap().url, "https://den.example.test/hooks/mfrggzdfmztwq2lknnwg23tpob");
    office.track("Harbor plan").await;
    office.until("the entry is here", 10, || running.entries() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_create_that_no_list_showed_yet_is_found_by_its_name() {
    let office = Office::new(Plan::Premium);
    office.way.twice.store(true, SeqCst);
    let running = live(&office, &Machine::new("den")).await;
    office.track("Harbor plan").await;
    office.until("the entry is here", 10, || running.entries() == 1).await;
    let listed = office.listed().await;
    assert_eq!(listed.len(), 1, "{listed:?}\n{:?}", office.asked());
    assert_eq!(office.count("POST /webhooks"), 2, "{:?}", office.asked());
}

#[tokio::test(start_paused = true)]
async fn a_full_plan_is_said_and_never_stormed() {
    let office = Office::new(Plan::Free);
    office.subscribe("somebody else's", true).await;
    let running = Machine::new("den").start(&office);
    office.until("it tried", 90, || office.count("POST /webhooks") > 0).await;
    office.pass(3_600).await;
    assert!(running.own().is_none());
    assert!(office.count("POST /webhooks") <= 5, "{:?}", office.requests());
    assert!(running.log().iter().any(|l| l.contains("reached the limit")), "{:?}", running.log());
}

#[tokio::test(start_paused = true)]
async fn one_that_was_removed_is_made_anew_and_its_gap_filled() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(60).await;
    let id = running.own().unwrap().id;
    let path = format!("/webhooks/api/v1/subscriptions/{WORKSPACE}/{id}");
    office.person(Method::DELETE, &path, Value::Null).await;
    office.track("Harbor plan").await;
    office.until("a new one", 400, || running.own().is_some_and(|s| s.id != id && s.validated)).await;
    office.until("the end", 60, || running.incidents().iter().any(|i| i.closed_at.is_some())).await;
    let incident = running.incidents().remove(0);
    assert_eq!((incident.kind.as_str(), incident.recovered), ("subscription removed", 1), "{incident:?}");
}

#[tokio::test(start_paused = true)]
async fn another_address_is_told_and_put_right_by_a_key() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    let own = running.own().unwrap();
    let path = format!("/webhooks/api/v1/subscriptions/{WORKSPACE}/{}", own.id);
    let body = json!({"description": own.description, "url_callback": "https://elsewhere.example.test/in",
        "event_filters": [{"entity": "time_entry", "action": "*"}], "enabled": true});
    office.person(Method::PUT, &path, body).await;
    office.track("Harbor plan").await;
    office.until("it is seen", 400, || running.drift().contains(&"address".to_owned())).await;
    office.pass(3_600).await;
    assert_eq!(office.count("PUT /webhooks"), 0, "a person changed it");
    running.reshape(Reshape::Adopt).await.expect_err("with their address nothing arrives");
    running.reshape(Reshape::Restore).await.unwrap();
    office.until("our address", 400, || running.own().is_some_and(|s| s.validated && s.url == own.url)).await;
    assert_eq!(running.drift(), Vec::<String>::new());
    office.until("the entry", 60, || running.entries() == 1).await;
}
