//! What the engine believes when it is told little or wrong things: a clock that is set, answers without numbers, a plan
//! that grows, a restart in the middle of a window. It never overspends, and never claims to know what it does not.

use chrono::TimeDelta;
use hourwire::control::command::Wish;
use hourwire::control::snapshot::{Meter, Snapshot};
use hourwire::domain::quota::Source;
use hourwire::simulator::Faults;
use hourwire::simulator::options::PlanChange;
use hourwire::simulator::toggl::Plan;

use super::shop::{Shop, Terms, monday, play};
use crate::worlds::time::pass;

/// A shop on Free whose engine has begun.
async fn open() -> (Shop, tokio::task::JoinHandle<Result<(), String>>) {
    let shop = Shop::new(Terms { seed: 11, plan: Plan::Free, webhook: true, start: monday() }).await;
    let power = tokio::spawn(shop.machine.clone().keep_running());
    shop.until(120.0, "a whole start", |s| s.meters.len() == 3 && s.subscriptions.iter().any(|s| s.ours))
        .await;
    // Well inside a window: it opened with the read half a minute after the hour.
    pass(44_400.0).await;
    (shop, power)
}

fn close(shop: &Shop, power: &tokio::task::JoinHandle<Result<(), String>>) {
    power.abort();
    shop.machine.switch_off();
    shop.simulator.stop();
}

fn meter(snapshot: &Snapshot, label: &str) -> Meter {
    snapshot.meters.iter().find(|m| m.label == label).expect("a meter").clone()
}

fn refused(shop: &Shop) -> usize {
    shop.log.sent().iter().filter(|one| one.is_refused()).count()
}

/// Presses the key that reads now, so often and so far apart.
async fn read_now(shop: &mut Shop, times: u32, apart: f64) {
    for _ in 0..times {
        shop.command(Wish::ReadNow).await;
        pass(apart).await;
    }
}

#[test]
fn a_clock_that_is_set_neither_frees_nor_locks_a_bucket() {
    for (skew, what) in [(TimeDelta::hours(3), "forward"), (TimeDelta::hours(-3), "back")] {
        play(async move {
            let (mut shop, power) = open().await;
            for place in 0..40 {
                let start = shop.time.now() - TimeDelta::minutes(400 - place * 9);
                shop.track(&format!("Wireframes #{place}"), start, 8).await;
            }
            // The target's bucket is a rolling one that nobody tells the state of: 21 of 30 are for sending.
            pass(1_800.0).await;
            let before = shop.log.written().len();
            assert_eq!(meter(&shop.snapshot(), "clockify").source, Source::Estimate);
            shop.time.set_skew(skew);
            pass(600.0).await;
            assert_eq!(shop.log.written().len(), before, "set {what}: nothing is free yet");
            pass(3_000.0).await;
            assert!(shop.log.written().len() > before, "set {what}: an hour has passed all the same");
            assert_eq!(refused(&shop), 0, "set {what}");
            read_now(&mut shop, 3, 2.0).await;
            let user = meter(&shop.snapshot(), "toggl user");
            assert!(user.remaining.is_some_and(|left| left <= 28), "set {what}: {user:?}");
            close(&shop, &power);
        });
    }
}

#[test]
fn without_numbers_from_the_service_the_meter_says_estimated() {
    play(async {
        let (mut shop, power) = open().await;
        read_now(&mut shop, 2, 3.0).await;
        assert_eq!(meter(&shop.snapshot(), "toggl user").source, Source::Header);
        shop.simulator.set_faults(Faults { hide_quota: true, ..Faults::default() });
        read_now(&mut shop, 40, 2.0).await;
        let user = meter(&shop.snapshot(), "toggl user");
        assert_eq!((user.source, user.remaining), (Source::Estimate, Some(0)), "by our own count");
        assert_eq!(refused(&shop), 0, "and not one too many");
        // Three more hours, always in a hurry: a window that nobody names is counted from our calls alone.
        read_now(&mut shop, 900, 12.0).await;
        assert_eq!(refused(&shop), 0);
        assert_eq!(meter(&shop.snapshot(), "toggl user").source, Source::Estimate);
        close(&shop, &power);
    });
}

#[test]
fn a_plan_that_grows_is_seen_in_the_same_hour() {
    play(async {
        let (mut shop, power) = open().await;
        assert_eq!(meter(&shop.snapshot(), "toggl org").limit, Some(30));
        shop.simulator.set_plan(PlanChange { toggl: Some(Plan::Premium), clockify: None });
        let subscription = shop.snapshot().subscriptions[0].at.clone();
        shop.command(Wish::Test { subscription }).await;
        pass(5.0).await;
        let org = meter(&shop.snapshot(), "toggl org");
        assert_eq!((org.limit, org.source), (Some(600), Source::Header));
        assert!(org.remaining.is_some_and(|left| left > 590), "{org:?}");
        assert!(!org.spent.iter().any(|(cause, _)| cause == "others"), "a plan is no other program: {org:?}");
        // And when it shrinks: what the service says is believed at once, the size with the next window.
        shop.simulator.set_plan(PlanChange { toggl: Some(Plan::Free), clockify: None });
        pass(3.0 * 3_600.0).await;
        let org = meter(&shop.snapshot(), "toggl org");
        assert_eq!(org.limit, Some(30), "{org:?}");
        assert_eq!(refused(&shop), 0);
        close(&shop, &power);
    });
}

#[test]
fn a_restart_keeps_the_window() {
    play(async {
        let (mut shop, power) = open().await;
        read_now(&mut shop, 12, 3.0).await;
        let before = meter(&shop.snapshot(), "toggl user");
        shop.machine.cut();
        pass(40.0).await;
        shop.until(60.0, "it is back", |s| !s.meters.is_empty()).await;
        let after = meter(&shop.snapshot(), "toggl user");
        assert_eq!((after.remaining, after.resets_at), (before.remaining, before.resets_at));
        assert_eq!((&after.spent, &after.hours), (&before.spent, &before.hours), "and its ledger");
        read_now(&mut shop, 30, 3.0).await;
        assert_eq!(refused(&shop), 0, "one call more would have been refused");
        assert_eq!(meter(&shop.snapshot(), "toggl user").remaining, Some(0));
        let sent = shop.log.sent().len();
        read_now(&mut shop, 30, 3.0).await;
        let more = &shop.log.sent()[sent..];
        assert!(more.iter().all(|one| !one.path.contains("/me")), "an empty bucket is left alone: {more:?}");
        close(&shop, &power);
    });
}
