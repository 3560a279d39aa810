//! The plan advisor: what a smaller plan has room for is proposed by a key, and no key is refused for what was there.

use hourwire::simulator::scenes::{Act, happen};
use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::screen::Screen;
use crate::guardian::stage::{Machine, Office, live};

#[tokio::test(start_paused = true)]
async fn after_a_downgrade_a_key_proposes_the_events_that_fit() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    assert_eq!(running.own().map(|own| own.filters.len()), Some(4));
    happen(&office.sim, Act::Plan(Plan::Free));
    // The limits are asked for once a day.
    office.pass(25 * 3_600).await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("!").await;
    screen.shows(&["the plan has no room for 4 events; e proposes those that fit"], 60).await;
    screen.press("3 e").await;
    screen.shows(&["events time_entry *, project *, client *", "without tag *"], 30).await;
    screen.press("enter").await;
    let fits = || running.own().is_some_and(|own| own.filters == ["client *", "project *", "time_entry *"]);
    office.until("the set that fits", 60, fits).await;
    screen.settle().await;
    assert!(!running.engine.snapshot().expect("ready").alerts.iter().any(|a| a.id == "events:main"));
}

#[tokio::test(start_paused = true)]
async fn no_key_is_refused_because_the_plan_became_smaller() {
    for (cost, key, kept) in [
        (1, "m ctrl-u r e n a m e space h o u r s enter", vec!["client *", "project *", "time_entry *"]),
        (1, "s enter", vec!["client *", "project *", "time_entry *"]),
        (3, "s enter", vec!["time_entry created", "time_entry deleted", "time_entry updated"]),
        (1, "R enter", vec!["client *", "project *", "time_entry *"]),
    ] {
        let office = Office::new(Plan::Premium);
        let running = live(&office, &Machine::new("den")).await;
        office.faults(json!({"deliveries": {"wildcard_cost": cost}}));
        let mut screen = Screen::of(&office, &running).await;
        if key == "R enter" {
            screen.press("3 X enter").await;
            office.until("off", 60, || running.own().is_some_and(|own| !own.enabled)).await;
        }
        happen(&office.sim, Act::Plan(Plan::Free));
        screen.press(&format!("3 {key}")).await;
        let narrowed = || running.own().is_some_and(|own| own.filters == kept && own.enabled);
        office.until(key, 120, narrowed).await;
        assert!(running.own().is_some_and(|own| own.drift.is_empty()), "{key}: {:?}", running.own());
        assert_eq!(office.sim.receiving(), 1, "{key}: {:?}", running.log());
    }
}
