//! The own address does not answer: said at once, without a word against the subscription.

use hourwire::domain::health::SubState;
use hourwire::simulator::toggl::Plan;

use super::stage::{Machine, Office, live};

#[tokio::test(start_paused = true)]
async fn a_dead_address_is_told_with_its_time_until_it_answers() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(600).await;
    let shown = || running.engine.snapshot().expect("ready");
    assert_eq!(shown().unreached, None);
    let down_at = office.now();
    office.down(true);
    office.pass(60).await;
    let (since, why) = shown().unreached.clone().expect("the address is out");
    assert!((down_at - since).num_seconds().abs() <= 40 && why == "HTTP 502", "{since} {why}");
    assert_eq!(shown().subscriptions[0].state, SubState::Active, "nothing is known of that one");
    office.down(false);
    office.pass(60).await;
    assert_eq!(shown().unreached, None);
}
