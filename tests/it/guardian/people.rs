//! Nobody acts against a person.

use hourwire::domain::health::Wanted;
use hourwire::domain::policy::Reenable;
use hourwire::engine::guard_wish::Asked;
use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::healing::outage;
use super::stage::{Machine, Office, live};

#[tokio::test(start_paused = true)]
async fn one_that_a_person_disabled_in_the_web_page_stays_disabled() {
    let office = Office::new(Plan::Premium);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    office.track("Before").await;
    office.until("delivered", 10, || running.entries() == 1).await;
    office.pass(100).await;
    office.switch(&running.own().unwrap().id, false).await;
    for n in 0..4 {
        office.track(&format!("After {n}")).await;
    }
    office.until("it is seen", 400, || running.own().is_some_and(|s| !s.enabled)).await;
    office.until("the reads go on", 900, || running.entries() == 5).await;
    office.pass(4 * 3_600).await;
    assert_eq!(office.listed().await[0]["enabled"], false);
    let own = running.own().unwrap();
    assert_eq!((own.cause.as_str(), own.wanted), ("cause unknown", Wanted::Enabled), "{:?}", running.log());
    assert_eq!(office.count("PATCH /webhooks"), 0);
    // Neither does a restart change the decision.
    running.kill(&office).await;
    office.pass(60).await;
    let running = machine.start(&office);
    office.pass(1_200).await;
    assert_eq!(office.listed().await[0]["enabled"], false, "{:?}", running.log());
    // The person enables it there: well again, the gap filled.
    office.switch(&running.own().unwrap().id, true).await;
    office.pass(400).await;
    let incidents = running.incidents();
    assert!(incidents.iter().all(|i| i.closed_at.is_some()), "{incidents:?} {:?}", running.log());
    assert!(running.is_well());
}

#[tokio::test(start_paused = true)]
async fn disabled_while_the_engine_was_off_stays_disabled() {
    let office = Office::new(Plan::Premium);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    let id = running.own().unwrap().id;
    running.kill(&office).await;
    office.pass(60).await;
    office.switch(&id, false).await;
    office.pass(5).await;
    office.track("After").await;
    office.pass(60).await;
    let running = machine.start(&office);
    office.until("it is read", 60, || running.entries() == 1).await;
    office.pass(3_600).await;
    assert_eq!(office.listed().await[0]["enabled"], false, "{:?}", running.log());
}

#[tokio::test(start_paused = true)]
async fn disabled_again_after_our_enabling_is_a_persons_wish() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    outage(&office, &running, 1).await;
    office.until("healed", 120, || running.is_healed()).await;
    office.pass(120).await;
    office.switch(&running.own().unwrap().id, false).await;
    office.until("it is seen", 400, || running.own().is_some_and(|s| s.cause.contains("a person"))).await;
    office.pass(7_200).await;
    assert_eq!(office.listed().await[0]["enabled"], false, "{:?}", running.log());
    assert_eq!(office.count("PATCH /webhooks"), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_here_disable_enable_test_and_validate() {
    let office = Office::new(Plan::Premium);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    let say = running.ask(Asked::Test).await.unwrap();
    assert!(say.contains("PING arrived"), "{say}");
    running.ask(Asked::Validate).await.unwrap();
    running.ask(Asked::Disable).await.unwrap();
    assert_eq!(office.listed().await[0]["enabled"], false);
    office.track("Meanwhile").await;
    office.pass(3_600).await;
    assert_eq!(office.listed().await[0]["enabled"], false, "{:?}", running.log());
    assert!(running.incidents().is_empty(), "a person's decision is no incident");
    running.kill(&office).await;
    let running = machine.start(&office);
    office.pass(600).await;
    assert_eq!(office.listed().await[0]["enabled"], false, "{:?}", running.log());
    running.ask(Asked::Enable).await.unwrap();
    assert_eq!(office.listed().await[0]["enabled"], true);
    assert!(running.is_well());
}

#[tokio::test(start_paused = true)]
async fn a_switching_off_that_was_cut_off_is_carried_out_later() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    let no = json!({"method": "PATCH", "path": "/subscriptions/", "do": "reset", "times": 1});
    office.faults(json!({ "answers": [no] }));
    running.ask(Asked::Disable).await.unwrap_err();
    assert_eq!(running.own().unwrap().wanted, Wanted::Disabled);
    office.until("switched off", 400, || running.own().is_some_and(|s| !s.enabled)).await;
    assert_eq!(office.listed().await[0]["enabled"], false);
}

#[tokio::test(start_paused = true)]
async fn the_setting_decides_what_happens_without_proof() {
    for (setting, enabled) in [(Reenable::Always, true), (Reenable::Never, false)] {
        let office = Office::new(Plan::Premium);
        let mut machine = Machine::new("den");
        machine.reenable = setting;
        let running = live(&office, &machine).await;
        office.switch(&running.own().unwrap().id, false).await;
        office.pass(900).await;
        assert_eq!(office.listed().await[0]["enabled"], enabled, "{:?}", running.log());
    }
}

#[tokio::test(start_paused = true)]
async fn disabled_in_the_second_of_a_change_right_before_the_engine_ended_stays_disabled() {
    for before in [true, false] {
        let office = Office::new(Plan::Premium);
        let machine = Machine::new("den");
        let running = live(&office, &machine).await;
        office.pass(100).await;
        let id = running.own().unwrap().id;
        office.pass(1).await;
        // The change is on its way when the person disables it, or comes right after.
        office.faults(json!({"deliveries": {"delay_s": [2, 2]}}));
        if before {
            office.track("With it").await;
        }
        office.switch(&id, false).await;
        if !before {
            office.track("With it").await;
        }
        running.kill(&office).await;
        office.pass(40).await;
        let running = machine.start(&office);
        office.until("it is read", 120, || running.entries() == 1).await;
        office.pass(900).await;
        assert_eq!(office.listed().await[0]["enabled"], false, "{:?}", running.log());
    }
}
