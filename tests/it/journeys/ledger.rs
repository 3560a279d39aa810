//! The ledger of incidents: what happened is found again by one key, whatever became of the subscription.

use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::{Value, json};

use super::screen::Screen;
use crate::guardian::stage::{Machine, Office, WORKSPACE, live};

#[tokio::test(start_paused = true)]
async fn an_incident_is_found_after_its_subscription_was_made_anew() {
    let office = Office::new(Plan::Premium);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    let first = running.own().expect("ours").id;
    let path = format!("/webhooks/api/v1/subscriptions/{WORKSPACE}/{first}");
    office.person(Method::DELETE, &path, Value::Null).await;
    let again = || running.own().is_some_and(|own| own.id != first && own.enabled && own.validated);
    office.until("made anew", 900, again).await;
    office.until("closed", 900, || running.is_healed()).await;
    let incident = running.incidents().remove(0);
    assert_eq!(incident.subscription.as_ref().map(|(_, id)| id), Some(&first), "about the one of then");
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3 enter").await;
    screen.shows(&["incident 1, removed", "closed"], 30).await;
    screen.press("esc i").await;
    screen.shows(&["1 of all accounts", "removed in the web page", &format!("ME {first}")], 30).await;
    screen.press("enter").await;
    screen.shows(&["incident 1, removed", "create", "gap-fill"], 30).await;
    screen.press("g").await;
    screen.shows(&["is not in the list"], 30).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_kept_whole_in_the_log() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    let refused =
        json!([{"service": "toggl", "method": "PATCH", "path": "/subscriptions/", "do": "status:400"}]);
    office.faults(json!({"answers": refused}));
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3 X enter").await;
    screen.shows(&["not done: "], 30).await;
    let told: String = screen.text().lines().filter(|l| l.contains("not done: ")).collect();
    let said = told.trim().trim_start_matches("not done: ");
    let log = running.log();
    assert!(log.iter().any(|line| line.contains(&format!("main: not done: {said}"))), "{said}: {log:?}");
}
