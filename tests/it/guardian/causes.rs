//! Each cause is told in words: on the incident, on the subscription, or on the alert.

use hourwire::engine::guard_wish::Asked;
use hourwire::simulator::options::PlanChange;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::Value;

use super::stage::{Machine, Office, Running, WORKSPACE, live};
use super::way::Trouble;

/// Everything that is said about the subscription.
fn said(running: &Running) -> String {
    let snapshot = running.engine.snapshot().expect("ready");
    let lines = snapshot.subscriptions.iter().map(|line| line.cause.clone());
    let incidents = running.incidents();
    let steps = incidents.iter().flat_map(|i| i.steps.iter().map(|s| format!("{} {}", s.what, s.answer)));
    let causes = incidents.iter().map(|i| i.cause.clone());
    let alerts = snapshot.alerts.iter().map(|alert| alert.say.clone());
    lines.chain(causes).chain(steps).chain(alerts).collect::<Vec<_>>().join("\n")
}

async fn is_said(office: &Office, running: &Running, words: &[&str]) {
    for _ in 0..1_800 {
        office.pass(1).await;
        let text = said(running);
        if words.iter().all(|word| text.contains(word)) {
            return;
        }
    }
    panic!("{words:?} is never said:\n{}", said(running));
}

#[tokio::test(start_paused = true)]
async fn what_the_own_address_showed_is_the_cause() {
    for (trouble, words) in [
        (Trouble::Status(502), "HTTP 502; 1 change was not delivered"),
        (Trouble::Broken("name", "a long sentence of a library"), "name not found; 1 change"),
        (Trouble::Broken("certificate", "another long one"), "certificate not valid; 1 change"),
        (Trouble::Broken("connection", "and another"), "no connection; 1 change"),
        (Trouble::Slow(30), "no answer in time; 1 change"),
    ] {
        let office = Office::new(Plan::Premium);
        let running = live(&office, &Machine::new("den")).await;
        office.pass(70).await;
        office.trouble(Some(trouble));
        office.pass(45).await;
        office.track("Missed").await;
        office.until("the service gave up", 120, || office.sim.receiving() == 0).await;
        office.trouble(None);
        is_said(&office, &running, &[words, "check listed as disabled; no key here did it", "gap-fill"])
            .await;
        let cause = words.split("; ").next().unwrap();
        assert!(said(&running).contains(&format!("probe {cause} at the own address")), "{}", said(&running));
        let incident = running.incidents().remove(0);
        assert!(incident.began_at.is_some_and(|at| at < incident.opened_at), "{incident:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_was_off_says_so() {
    let office = Office::new(Plan::Premium);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    office.pass(70).await;
    running.kill(&office).await;
    office.track("Missed").await;
    office.pass(200).await;
    let running = machine.start(&office);
    is_said(&office, &running, &["engine off; 1 change was not delivered", "gap-fill"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_people_and_plans_did_is_told_as_that() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(70).await;
    let own = running.own().unwrap().id;
    // A key here.
    running.ask(Asked::Disable).await.unwrap();
    is_said(&office, &running, &["switched off here"]).await;
    running.ask(Asked::Enable).await.unwrap();
    // Removed.
    let path = format!("/webhooks/api/v1/subscriptions/{WORKSPACE}/{own}");
    office.person(Method::DELETE, &path, Value::Null).await;
    is_said(&office, &running, &["removed in the web page"]).await;
    office
        .until("a new one", 400, || running.is_well() && running.own().is_some_and(|new| new.id != own))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_smaller_plan_and_an_unknown_hand_are_told_apart() {
    for smaller in [true, false] {
        let office = Office::new(Plan::Premium);
        let running = live(&office, &Machine::new("den")).await;
        office.sim.plant_subscription("crm-old");
        office.pass(70).await;
        if smaller {
            office.sim.set_plan(PlanChange { toggl: Some(Plan::Free), clockify: None });
            is_said(&office, &running, &["plan limit: 1 allowed, taken by \"crm-old\""]).await;
        } else {
            office.switch(&running.own().unwrap().id, false).await;
            is_said(&office, &running, &["cause unknown", "evidence none that the service did it"]).await;
        }
        office.pass(3_600).await;
        assert_eq!(office.count("PATCH /webhooks"), 0, "{}", said(&running));
    }
}
