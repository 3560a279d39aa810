//! The scenarios of the demo in which a Free plan is shared with another program.

use hourwire::simulator::Simulator;
use hourwire::simulator::office::{OfficeOptions, Scenario, run};
use hourwire::simulator::toggl::Plan;
use http::StatusCode;
use tokio_util::sync::CancellationToken;

use super::shop::{Shop, Terms, monday, play};
use crate::worlds::time::pass;

/// Plays a scenario for ten minutes; the simulator afterwards.
async fn ten_minutes(name: &str) -> (Simulator, Shop) {
    let scenario = Scenario::named(name).expect("a scenario");
    let shop = Shop::new(Terms { seed: 3, plan: scenario.plan(), webhook: false, start: monday() }).await;
    let stop = CancellationToken::new();
    let options = OfficeOptions { seed: 3, speed: 1.0, scenario };
    let office = tokio::spawn(run(shop.simulator.clone(), options, stop.clone()));
    pass(600.0).await;
    stop.cancel();
    office.await.expect("a good end");
    (shop.simulator.clone(), shop)
}

#[test]
fn on_free_the_other_program_runs_the_bucket_dry() {
    play(async {
        let (simulator, shop) = ten_minutes("free").await;
        let refused = simulator.requests().iter().filter(|r| r.status == Some(402)).count();
        assert!(refused > 0, "nobody ran dry in ten minutes");
        assert_eq!(shop.other("/me").await, StatusCode::PAYMENT_REQUIRED);
    });
}

#[test]
fn in_the_other_two_no_number_is_told_and_the_plan_is_raised() {
    play(async {
        let (simulator, _shop) = ten_minutes("free-blind").await;
        assert!(simulator.faults().hide_quota);
        let (simulator, _shop) = ten_minutes("free-upgrade").await;
        assert_eq!(simulator.plan().toggl, Some(Plan::Premium));
    });
}
