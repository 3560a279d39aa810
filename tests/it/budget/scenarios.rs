//! The scenarios of the demo in which a Free plan is shared with another program.

use chrono::TimeDelta;
use hourwire::control::command::Wish;
use hourwire::control::snapshot::Snapshot;
use hourwire::simulator::Simulator;
use hourwire::simulator::office::{OfficeOptions, Scenario, run};
use hourwire::simulator::toggl::Plan;
use http::StatusCode;
use tokio_util::sync::CancellationToken;

use super::screen::Screen;
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

/// How long until the bucket of the user is full again, by the engine's own clock, and what is left in it.
fn user(shop: &Shop) -> (i64, i64) {
    let meter = shop.snapshot().meters.iter().find(|m| m.label == "toggl user").cloned().expect("a meter");
    let end = meter.resets_at.expect("a window runs");
    ((end - shop.time.engine()).num_seconds(), meter.remaining.unwrap_or(-1))
}

#[test]
fn a_clock_that_is_set_moves_the_reset_with_it_and_frees_nothing() {
    play(async {
        let scenario = Scenario::named("clock-skew").expect("a scenario");
        assert_eq!(scenario.clock().len(), 3, "ahead, behind, right again");
        let mut shop =
            Shop::new(Terms { seed: 3, plan: scenario.plan(), webhook: true, start: monday() }).await;
        let power = tokio::spawn(shop.machine.clone().keep_running());
        let own = |s: &Snapshot| s.meters.len() == 3 && s.subscriptions.iter().any(|s| s.ours);
        shop.until(120.0, "a whole start", own).await;
        let stop = CancellationToken::new();
        let options = OfficeOptions { seed: 3, speed: 1.0, scenario };
        let office = tokio::spawn(run(shop.simulator.clone(), options, stop.clone()));
        let mut passed = 0.0;
        for (at, ahead) in scenario.clock() {
            pass(at - passed).await;
            passed = *at;
            shop.command(Wish::ReadNow).await;
            pass(3.0).await;
            let ((wait, left), set) = (user(&shop), shop.time.engine());
            shop.time.set_skew(TimeDelta::seconds(*ahead));
            pass(5.0).await;
            let (now, now_left) = user(&shop);
            assert!((wait - 5 - now).abs() <= 2, "{ahead}: the reset was {wait} s away and is {now} s");
            assert!(now_left <= left, "{ahead}: nothing is freed by a clock: {left}, then {now_left}");
            assert!((shop.time.engine() - set).abs() > TimeDelta::minutes(30), "it was set");
            let mut screen = Screen::open(&shop).await;
            screen.press(&shop, "4").await;
            let end = shop.time.engine() + TimeDelta::seconds(user(&shop).0);
            let shown = screen.text(&shop).await;
            let reset = end.format(":%M").to_string();
            let row = shown.lines().find(|line| line.contains("toggl user")).unwrap_or("");
            assert!(row.contains(&reset), "the reset by this machine's own clock, {reset}: {shown}");
        }
        pass(5_400.0).await;
        stop.cancel();
        office.await.expect("a good end");
        let ours: Vec<_> = shop.log.sent().into_iter().filter(|o| o.is_refused() && !o.by_others).collect();
        assert!(ours.is_empty(), "refused because of us: {ours:#?}");
        power.abort();
        shop.machine.switch_off();
        shop.simulator.stop();
    });
}
