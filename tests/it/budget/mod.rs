//! The request budget over days: nothing wasted, never dry.
//!
//! `HOURWIRE_DAYS=30 cargo test --release --test it budget::a_working_life -- --nocapture` plays a month on every plan
//! and prints what it took, beside a client that polls every minute. Without it a few days are played.

mod book;
mod clock;
mod hour;
mod journey;
mod life;
mod month;
mod poller;
mod scenarios;
mod screen;
mod sent_now;
mod shop;
mod troubles;
mod wire;

use chrono::TimeDelta;
use hourwire::simulator::toggl::Plan;

use month::{By, Figures, HEAD, live};
use shop::play;

/// Days that every `cargo test` plays.
const DAYS: i64 = 3;

fn days() -> i64 {
    std::env::var("HOURWIRE_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(DAYS)
}

fn prove(figures: &Figures, free: bool) {
    println!("{HEAD}\n{figures}\n  {} of a backfill", figures.backfilled);
    let name = &figures.name;
    let (delivered, undelivered) = if free {
        (TimeDelta::hours(1), TimeDelta::hours(1))
    } else {
        (TimeDelta::minutes(1), TimeDelta::minutes(6))
    };
    assert_eq!(figures.refused_for_us, 0, "{name}: requests were refused because of us");
    assert_eq!(figures.other_refused, 0, "{name}: the other program was refused");
    let lines = |lags: &[book::Lag]| lags.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let (never, late) = (lines(&figures.never), lines(&figures.worst));
    assert!(never.is_empty(), "{name}: never synced:\n{never}");
    let longest = |list: &[TimeDelta]| list.iter().max().copied().unwrap_or_default();
    assert!(longest(&figures.delivered) <= delivered, "{name}: late:\n{late}");
    assert!(longest(&figures.undelivered) <= undelivered, "{name}: late:\n{late}");
    let waited: Vec<_> = figures.person.iter().filter(|(_, wait)| *wait > TimeDelta::seconds(1)).collect();
    assert!(!figures.person.is_empty() && waited.is_empty(), "{name}: the person waited: {waited:?}");
    assert!(figures.backfilled > 0, "{name}: no backfill came through");
}

#[test]
fn a_working_life_on_free() {
    prove(&play(live(By::Engine, Plan::Free, days(), 1)), true);
}

#[test]
fn a_working_life_on_starter() {
    prove(&play(live(By::Engine, Plan::Starter, days(), 2)), false);
}

#[test]
fn a_working_life_on_premium() {
    prove(&play(live(By::Engine, Plan::Premium, days(), 3)), false);
}

#[test]
fn a_working_life_with_a_client_that_polls() {
    println!("{HEAD}");
    for (plan, seed) in [(Plan::Free, 1), (Plan::Premium, 3)] {
        let figures = play(live(By::Polling, plan, days(), seed));
        println!("{figures}");
        assert!(
            plan != Plan::Free || figures.refused_for_us > 100,
            "polling every minute is refused on Free"
        );
    }
}
