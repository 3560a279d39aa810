//! What a person wants off or gone and the service could not be asked: it is neither forgotten nor somebody else's
//! doing, and a key withdraws it.

use hourwire::control::command::Reshape;
use hourwire::control::snapshot::SubscriptionLine;
use hourwire::domain::health::Wanted;
use hourwire::engine::guard_wish::Asked;
use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::stage::{Machine, Office, Running, live};

fn fault(office: &Office, method: &str, act: &str) {
    office.faults(json!({"answers": [{"method": method, "path": "/subscriptions/", "do": act}]}));
}

async fn line(office: &Office, running: &Running) -> SubscriptionLine {
    office.pass(6).await;
    running.engine.snapshot().expect("ready").subscriptions[0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_failed_is_carried_out_later_and_nobody_is_made_up() {
    for act in ["status:500", "402", "reset", "done:500"] {
        let office = Office::new(Plan::Premium);
        let running = live(&office, &Machine::new("den")).await;
        office.pass(60).await;
        fault(&office, "DELETE", act);
        let said = running.reshape(Reshape::Delete).await.unwrap_err();
        assert!(said.contains("R withdraws it"), "{act}: {said}");
        if act != "done:500" {
            let line = line(&office, &running).await;
            assert!(!line.is_well() && line.cause.starts_with("not deleted yet: "), "{act}: {line:?}");
        }
        office.pass(900).await;
        assert_eq!(running.own().map(|own| own.wanted), Some(Wanted::Disabled), "{act}: {:?}", running.log());
        office.faults(json!({}));
        office.pass(3_900).await;
        assert!(office.listed().await.is_empty(), "{act}: {:?}", running.log());
        let made_up = running.log().iter().any(|line| line.contains("web page"));
        assert!(!made_up && running.incidents().is_empty(), "{act}: {:?}", running.log());
        assert!(line(&office, &running).await.is_well(), "{act}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_deletion_leaves_it_as_it_was() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    fault(&office, "DELETE", "status:400");
    running.reshape(Reshape::Delete).await.unwrap_err();
    office.pass(900).await;
    assert_eq!(office.count("DELETE /webhooks"), 1);
    assert!(running.is_well() && running.own().is_some_and(|own| own.wanted == Wanted::Enabled));
    assert!(!running.log().iter().any(|line| line.contains("web page")), "{:?}", running.log());
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_quota_can_be_withdrawn() {
    for delete in [false, true] {
        let office = Office::new(Plan::Free);
        let running = live(&office, &Machine::new("den")).await;
        let (method, wish) =
            if delete { ("DELETE", Asked::Reshape(Reshape::Delete)) } else { ("PATCH", Asked::Disable) };
        fault(&office, method, "402");
        let said = running.ask(wish).await.unwrap_err();
        assert!(said.contains("R withdraws it"), "{said}");
        let shown = line(&office, &running).await;
        assert!(shown.is_leaving() && !shown.is_well() && shown.cause.contains(" yet: "), "{shown:?}");
        let said = running.ask(Asked::Enable).await.unwrap();
        assert!(said.starts_with("withdrawn"), "{said}");
        office.faults(json!({}));
        office.pass(3 * 3_600).await;
        assert_eq!(office.count(&format!("{method} /webhooks")), 1, "{:?}", running.log());
        assert!(running.is_well() && line(&office, &running).await.is_well(), "{:?}", running.log());
        assert!(running.incidents().is_empty(), "{:?}", running.log());
    }
}

#[tokio::test(start_paused = true)]
async fn a_switching_off_withdrawn_too_late_is_undone() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.faults(
        json!({"answers": [{"method": "PATCH", "path": "/subscriptions/", "do": "done:500", "times": 1}]}),
    );
    running.ask(Asked::Disable).await.unwrap_err();
    assert_eq!(office.listed().await[0]["enabled"], false);
    running.ask(Asked::Enable).await.unwrap();
    office.until("enabled again", 400, || running.is_well() && office.count("PATCH /webhooks") == 2).await;
    assert_eq!(office.listed().await[0]["enabled"], true);
    assert!(running.incidents().is_empty(), "{:?}", running.log());
}

#[tokio::test(start_paused = true)]
async fn made_anew_by_a_key_after_a_key_deleted_it_is_no_incident() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    running.reshape(Reshape::Delete).await.unwrap();
    office.track("Meanwhile").await;
    running.reshape(Reshape::Create).await.unwrap();
    office.until("the gap is read", 400, || running.entries() == 1).await;
    assert!(running.is_well() && running.incidents().is_empty(), "{:?}", running.log());
    // Removed by somebody else later, it is one.
    let id = running.own().expect("a new one").id;
    let path = format!("/webhooks/api/v1/subscriptions/{}/{id}", super::stage::WORKSPACE);
    office.person(http::Method::DELETE, &path, serde_json::Value::Null).await;
    office.until("it is told", 400, || !running.incidents().is_empty()).await;
}
