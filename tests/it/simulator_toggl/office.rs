//! The demo's people: events keep coming, and one subscription goes bad and can be healed.

use hourwire::simulator::office::{OfficeOptions, Scenario, run};
use tokio_util::sync::CancellationToken;

use super::*;

#[tokio::test(start_paused = true)]
async fn one_subscription_goes_bad_within_two_minutes_and_then_heals() {
    let bench = Bench::new(Plan::Premium, World::Demo);
    let row = bench.subscribe("hourwire a").await.good();
    let stop = CancellationToken::new();
    let options = OfficeOptions { seed: 3, speed: 1.0, scenario: Scenario::Office };
    let office = tokio::spawn(run(bench.simulator.clone(), options, stop.clone()));
    let mut disabled = false;
    for _ in 0..120 {
        pass(1).await;
        disabled |= bench.listed().await[0]["enabled"] == false;
    }
    assert!(disabled);
    let before = bench.events().len();
    assert!(before > 3, "{before}");
    let path = format!("{SUBSCRIPTIONS}/{}", row["subscription_id"]);
    bench.person("PATCH", &path, json!({"enabled": true})).await.good();
    pass(180).await;
    assert!(bench.events().len() > before + 20);
    assert_eq!(bench.listed().await[0]["enabled"], true);
    assert!(bench.simulator.requests().is_empty());
    stop.cancel();
    office.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_calm_scenario_stays_calm() {
    let bench = Bench::new(Plan::Premium, World::Demo);
    bench.subscribe("hourwire a").await.good();
    let options = OfficeOptions { seed: 3, speed: 10.0, scenario: Scenario::named("calm").unwrap() };
    let office = tokio::spawn(run(bench.simulator.clone(), options, CancellationToken::new()));
    pass(300).await;
    assert_eq!(bench.listed().await[0]["enabled"], true);
    assert!(bench.events().len() > 50);
    office.abort();
}
