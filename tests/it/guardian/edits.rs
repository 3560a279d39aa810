//! What a person changes about subscriptions, here and in the service's web page.

use hourwire::control::command::{Reply, Reshape, SubscriptionRef, Wish};
use hourwire::domain::health::SubState;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::{Value, json};

use super::stage::{Machine, Office, Running, WORKSPACE, live};

fn filters(words: &[&str]) -> Reshape {
    Reshape::Events { filters: words.iter().map(|w| (*w).to_owned()).collect() }
}

/// Somebody edits it in the web page; waits until these fields are seen to differ.
async fn edit(office: &Office, running: &Running, changed: Value, seen: &[&str]) {
    let mut body = office.listed().await.remove(0);
    for (key, value) in changed.as_object().unwrap() {
        body[key] = value.clone();
    }
    let path = format!("/webhooks/api/v1/subscriptions/{WORKSPACE}/{}", running.own().unwrap().id);
    office.person(Method::PUT, &path, body).await;
    office.until("it is seen", 400, || running.drift() == seen).await;
}

#[tokio::test(start_paused = true)]
async fn name_and_events_are_changed_for_a_request_each_and_are_no_drift() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(5).await;
    office.sim.clear_requests();
    running.reshape(Reshape::Rename { name: "hourwire den 0f1e office".into() }).await.unwrap();
    running.reshape(filters(&["time_entry *", "tag created"])).await.unwrap();
    assert_eq!(office.count("/subscriptions/"), 2, "{:?}", office.requests());
    let listed = office.listed().await.remove(0);
    assert_eq!(listed["description"], "hourwire den 0f1e office");
    assert_eq!(listed["event_filters"].as_array().map(Vec::len), Some(2));
    office.pass(900).await;
    assert_eq!(running.drift(), Vec::<String>::new());
    for (change, words) in [
        (filters(&["time_enrty *"]), "no entity `time_enrty`"),
        (filters(&["everything"]), "an entity and an action"),
        (filters(&["time_entry *", "time_entry *"]), "more than once"),
    ] {
        let refused = running.reshape(change).await.unwrap_err();
        assert!(refused.contains(words), "in the service's words, or ours: {refused}");
    }
    office.subscribe("taken", true).await;
    let said = running.reshape(Reshape::Rename { name: "taken".into() }).await.unwrap();
    assert!(said.starts_with("named taken 2026-03-02 "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_new_secret_is_taken_beside_the_old_one() {
    let office = Office::new(Plan::Premium);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    // Signed with the old one, under way while the secret changes.
    office.faults(json!({"deliveries": {"delay_s": [5, 5]}}));
    office.track("Before").await;
    running.reshape(Reshape::Rotate).await.unwrap();
    office.track("After").await;
    office.until("both arrive", 10, || running.entries() == 2).await;
    assert!(running.incidents().is_empty() && running.drift().is_empty(), "{:?}", running.log());
    let wish =
        Wish::Reveal { subscription: SubscriptionRef::new(&"main".into(), &running.own().unwrap().id) };
    let Reply::Done { say } = running.wish(wish).await else { panic!("no secret") };
    assert_eq!(Value::from(say), office.listed().await[0]["secret"]);
    // A refusal leaves the old one in force.
    office.down(true);
    running.reshape(Reshape::Rotate).await.unwrap_err();
    office.down(false);
    office.faults(json!({}));
    office.pass(25 * 3_600).await;
    office.track("A day later").await;
    office.until("it arrives", 10, || running.entries() == 3).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_here_stays_deleted_until_a_key_makes_it_anew() {
    let office = Office::new(Plan::Premium);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    running.reshape(Reshape::Delete).await.unwrap();
    assert!(office.listed().await.is_empty());
    office.track("Meanwhile").await;
    office.until("it is read", 900, || running.entries() == 1).await;
    running.kill(&office).await;
    let running = machine.start(&office);
    office.pass(3_600).await;
    assert!(office.listed().await.is_empty() && running.incidents().is_empty(), "{:?}", running.log());
    running.reshape(Reshape::Create).await.unwrap();
    assert_eq!(office.listed().await.len(), 1);
    office.track("Announced").await;
    office.until("it is delivered", 10, || running.entries() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_is_told_field_by_field_and_either_side_can_win() {
    for adopt in [true, false] {
        let office = Office::new(Plan::Premium);
        let running = live(&office, &Machine::new("den")).await;
        // Another secret is refused by our receiver before it holds.
        let theirs = json!({"description": "the office's",
            "event_filters": [{"entity": "time_entry", "action": "*"}]});
        edit(&office, &running, theirs, &["events", "name"]).await;
        let now = office.now();
        assert_eq!(running.own().map(|own| own.state(now)), Some(SubState::Drifted));
        office.pass(3_600).await;
        assert_eq!(office.count("PUT /webhooks"), 0, "nobody fights a person: {:?}", office.requests());
        running.reshape(if adopt { Reshape::Adopt } else { Reshape::Restore }).await.unwrap();
        assert_eq!(running.drift(), Vec::<String>::new());
        let listed = office.listed().await.remove(0);
        assert_eq!(listed["description"] == "the office's", adopt);
        assert_eq!(listed["event_filters"].as_array().map(Vec::len), Some(if adopt { 1 } else { 4 }));
        office.track("Signed right").await;
        office.until("it arrives", 10, || running.entries() == 1).await;
        office.pass(900).await;
        assert_eq!(running.own().map(|own| own.state(office.now())), Some(SubState::Active));
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_made_here_neither_adopts_nor_undoes_what_somebody_changed_beside_it() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    let theirs = json!({"description": "the office's",
        "event_filters": [{"entity": "time_entry", "action": "*"}]});
    edit(&office, &running, theirs, &["events", "name"]).await;
    running.reshape(Reshape::Rotate).await.unwrap();
    assert_eq!(running.drift(), ["events", "name"], "a new secret takes nothing of theirs");
    assert_eq!(office.listed().await[0]["description"], "the office's");
    office.track("Signed anew").await;
    office.until("it arrives", 10, || running.entries() == 1).await;
    running.reshape(filters(&["time_entry *", "tag created"])).await.unwrap();
    assert_eq!(running.drift(), ["name"]);
    running.reshape(Reshape::Restore).await.unwrap();
    assert_eq!(office.listed().await[0]["description"], "hourwire den 0f1e");
    edit(&office, &running, json!({"event_filters": [{"entity": "tag", "action": "*"}]}), &["events"]).await;
    running.reshape(Reshape::Rename { name: "hourwire den 0f1e office".into() }).await.unwrap();
    assert_eq!(running.drift(), ["events"], "a name takes nothing of theirs");
    // With another address or secret of theirs nothing can be put there that leaves them alone.
    let elsewhere = json!({"url_callback": "https://elsewhere.example.test/in"});
    edit(&office, &running, elsewhere, &["address", "events"]).await;
    for change in [Reshape::Rotate, Reshape::Rename { name: "ours".into() }, filters(&["time_entry *"])] {
        let refused = running.reshape(change).await.unwrap_err();
        assert!(refused.starts_with("its address was changed in the web page"), "{refused}");
    }
}
