//! Two engines on one workspace: at most one sends.

use std::time::Duration;

use hourwire::control::command::Reply;
use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::running::Running;
use super::stage::{Machine, Office, live};

#[tokio::test(start_paused = true)]
async fn the_second_holds_and_a_person_may_take() {
    let office = Office::new(Plan::Premium);
    let (den, hut) = (Machine::new("den"), Machine::new("hut"));
    let first = live(&office, &den).await;
    office.until("the first sends", 5, || first.held().is_none()).await;
    let second = live(&office, &hut).await;
    office.pass(30).await;
    assert!(second.held().is_some_and(|say| say.contains("hourwire den")), "{:?}", second.log());
    office.pass(900).await;
    assert_eq!(first.held(), None, "{:?}", first.log());
    assert!(second.held().is_some(), "{:?}", second.log());
    // Both receive.
    office.track("Harbor plan").await;
    office.until("both have it", 10, || first.entries() == 1 && second.entries() == 1).await;
    let reply = second.engine.take(&"main".into()).await;
    assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    // The first one sends until it has looked: never both at once.
    let both = || first.held().is_none() && second.held().is_none();
    office.until("the first holds", 400, || first.held().is_some() || both()).await;
    assert!(!both() && second.held().is_some_and(|say| say.contains(":take")), "{:?}", second.log());
    office.until("the second sends", 400, || second.held().is_none() || first.held().is_none()).await;
    office.pass(1_200).await;
    assert!(second.held().is_none() && first.held().is_some());
    // A restart changes nothing.
    first.kill(&office).await;
    let first = den.start(&office);
    office.pass(60).await;
    assert!(first.held().is_some_and(|say| say.contains("hourwire hut")), "{:?}", first.log());
}

#[tokio::test(start_paused = true)]
async fn taken_twice_it_sends_at_once_and_a_restart_waits_on() {
    let office = Office::new(Plan::Premium);
    let (den, hut) = (Machine::new("den"), Machine::new("hut"));
    let first = live(&office, &den).await;
    let second = live(&office, &hut).await;
    office.pass(30).await;
    second.engine.take(&"main".into()).await;
    assert!(second.held().is_some());
    second.kill(&office).await;
    let second = hut.start(&office);
    office.pass(30).await;
    assert!(first.held().is_none() && second.held().is_some(), "{:?}", second.log());
    first.kill(&office).await;
    second.engine.take(&"main".into()).await;
    assert_eq!(second.held(), None, "{:?}", second.log());
}

#[tokio::test(start_paused = true)]
async fn a_copied_state_folder_on_another_machine_holds() {
    let office = Office::new(Plan::Premium);
    let den = Machine::new("den");
    let first = live(&office, &den).await;
    office.pass(60).await;
    // The folder as it was a while ago: nothing says any more that its engine was the sender a moment ago.
    let hut = den.copied("hut");
    office.pass(900).await;
    let second = hut.start(&office);
    office.pass(120).await;
    assert!(second.held().is_some_and(|say| say.contains("hourwire den")), "{:?}", second.log());
    office.pass(3_600).await;
    assert!(second.held().is_some() && first.held().is_none(), "{:?}", second.log());
    let listed = office.listed().await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["description"], "hourwire den 0f1e");
    assert!(first.is_well());
}

#[tokio::test(start_paused = true)]
async fn on_free_the_second_has_no_subscription_and_holds() {
    let office = Office::new(Plan::Free);
    let first = live(&office, &Machine::new("den")).await;
    let second = Machine::new("hut").start(&office);
    office.pass(60).await;
    assert!(second.held().is_some_and(|say| say.contains("hourwire den")), "{:?}", second.log());
    assert!(second.own().is_none() && first.held().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_look_at_a_start_holds_but_asks_nobody() {
    let office = Office::new(Plan::Premium);
    let den = Machine::with_mirror("den", &office).await;
    office.down(true);
    let running = den.start(&office);
    office.pass(20).await;
    assert!(running.held().is_some_and(|say| say.contains("looking")), "{:?}", running.held());
    let snapshot = running.engine.snapshot().expect("ready");
    assert!(snapshot.holds.is_empty(), "{:?}", snapshot.holds);
    assert!(snapshot.targets.iter().all(|t| !t.trouble.starts_with("held")), "{:?}", snapshot.targets);
}

/// Two machines with the same accounts, the second one started `gap` after the first; everybody works meanwhile.
async fn started_together(office: &Office, gap: Duration) -> [Running; 2] {
    let den = Machine::with_mirror("den", office).await;
    let mirror = den.mirror.as_ref().map(|mirror| mirror.copied());
    let mut hut = Machine::new("hut");
    hut.mirror = mirror;
    for n in 0..5 {
        office.track(&format!("earlier {n}")).await;
    }
    let first = den.start(office);
    tokio::time::sleep(gap).await;
    let pair = [first, hut.start(office)];
    for n in 0..40 {
        office.track(&format!("now {n}")).await;
        office.pass(1).await;
    }
    office.pass(60).await;
    pair
}

/// Who sends, and that nothing is twice.
fn sender_of(office: &Office, pair: &[Running; 2]) -> usize {
    let state = office.sim.state();
    let entries = state["clockify"]["entries"].as_array().cloned().unwrap_or_default();
    let logs = || pair.each_ref().map(Running::log);
    let texts: std::collections::BTreeSet<_> = entries.iter().map(|e| e["description"].to_string()).collect();
    assert_eq!(entries.len(), texts.len(), "something is twice: {:#?}", logs());
    assert!(texts.len() > 5, "{:#?}", logs());
    let held = pair.each_ref().map(Running::held);
    assert_eq!(held.iter().filter(|held| held.is_none()).count(), 1, "{held:?} {:#?}", logs());
    assert!(held.iter().flatten().all(|say| say.contains("sends")), "{held:?}");
    usize::from(held[0].is_some())
}

#[tokio::test(start_paused = true)]
async fn of_two_that_start_together_the_one_with_the_older_subscription_sends() {
    for plan in [Plan::Premium, Plan::Free] {
        for gap_ms in [0, 20, 500, 1_000, 1_500, 2_500, 4_000] {
            let office = Office::new(plan);
            let pair = started_together(&office, Duration::from_millis(gap_ms)).await;
            let sender = sender_of(&office, &pair);
            let own = pair[sender].own().expect("its own subscription").id;
            let oldest = &office.listed().await[0];
            assert_eq!(own.to_string(), oldest["subscription_id"].to_string(), "{gap_ms} ms on {plan:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_whose_answer_was_lost_counts_for_who_sends() {
    for gap_ms in [0, 500, 1_500] {
        let office = Office::new(Plan::Premium);
        let lost = json!({"service": "toggl", "method": "POST", "path": "/subscriptions/", "do": "lost", "times": 2});
        office.faults(json!({"answers": [lost]}));
        let pair = started_together(&office, Duration::from_millis(gap_ms)).await;
        sender_of(&office, &pair);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_alone_sends_soon_and_goes_on_while_its_subscription_is_made_anew() {
    let office = Office::new(Plan::Free);
    let den = Machine::with_mirror("den", &office).await;
    let running = den.start(&office);
    office.pass(1).await;
    let begin = office.until("it sends", 20, || running.held().is_none()).await;
    assert!(begin <= 6 && running.is_well(), "after {begin} s {:?}", running.log());
    let id = running.own().expect("a subscription").id;
    let path = format!("/webhooks/api/v1/subscriptions/{}/{id}", super::stage::WORKSPACE);
    office.person(http::Method::DELETE, &path, serde_json::Value::Null).await;
    let begin = office.now();
    while running.own().is_none_or(|own| own.id == id) {
        assert!((office.now() - begin).num_minutes() < 40, "{:?}", running.log());
        assert_eq!(running.held(), None);
        office.pass(1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_slept_long_looks_before_it_sends_again() {
    let office = Office::new(Plan::Premium);
    let den = Machine::with_mirror("den", &office).await;
    let running = live(&office, &den).await;
    office.pass(30).await;
    assert_eq!(running.held(), None);
    office.stand_still(3_600);
    let lists = || office.count("GET /webhooks/api/v1/subscriptions/");
    let before = lists();
    office.until("it looks", 10, || lists() > before).await;
    office.until("it sends", 10, || running.held().is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_holds_before_it_sends_what_an_engine_with_a_webhook_sends_too() {
    for plan in [Plan::Premium, Plan::Free] {
        let office = Office::new(plan);
        let mut den = Machine::with_mirror("den", &office).await;
        den.managed = false;
        let mirror = den.mirror.as_ref().map(|mirror| mirror.copied());
        let mut hut = Machine::new("hut");
        hut.mirror = mirror;
        let reader = den.start(&office);
        office.pass(700).await;
        assert_eq!(reader.held(), None, "{:?}", reader.log());
        let second = live(&office, &hut).await;
        for n in 0..60 {
            office.track(&format!("now {n}")).await;
            office.pass(10).await;
        }
        office.until("the reader holds", 1, || reader.held().is_some_and(|say| say.contains("hut"))).await;
        assert_eq!(second.held(), None);
        let state = office.sim.state();
        let entries = state["clockify"]["entries"].as_array().map_or(0, Vec::len);
        // The target's own hour may be spent: then some wait.
        assert!((1..=60).contains(&entries), "{plan:?} {:?} {:?}", reader.log(), second.log());
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_looks_for_others_while_it_sends_and_not_in_an_idle_hour() {
    let office = Office::new(Plan::Free);
    let mut den = Machine::with_mirror("den", &office).await;
    den.managed = false;
    let reader = den.start(&office);
    let lists = || office.count("GET /webhooks/api/v1/subscriptions/");
    office.pass(600).await;
    let before = lists();
    office.pass(3_600).await;
    assert_eq!(lists(), before, "{:?}", office.asked());
    for n in 0..15 {
        office.track(&format!("now {n}")).await;
        office.pass(240).await;
    }
    assert!((8..=13).contains(&(lists() - before)), "{} {:?}", lists() - before, office.asked());
    assert_eq!(reader.held(), None);
}
