//! What a person who watches the demo sees within two minutes, however fast its people work.

use std::sync::Arc;

use hourwire::cli::demo;
use hourwire::domain::health::SubState;
use hourwire::simulator::World;
use hourwire::simulator::office::{OfficeOptions, Scenario, run_with};
use hourwire::simulator::toggl::Plan;
use tokio_util::sync::CancellationToken;

use crate::guardian::stage::{Machine, Office, Running, live};
use crate::guardian::way::Trouble;

/// Speeds that a person may try.
const SPEEDS: [f64; 4] = [1.0, 2.0, 4.0, 10.0];
/// Seconds of the clock.
const WATCHED: u64 = 120;

/// Plays a scenario until it has come to where it should, or two minutes have passed since the start.
async fn watch(name: &str, speed: f64, seed: u64, seen: impl Fn(&Office, &Running) -> bool) -> Running {
    let office = Office::of(Plan::Premium, World::Demo, seed);
    let mut machine = Machine::new("den");
    machine.policy = demo::policy();
    let begun = office.now();
    let running = live(&office, &machine).await;
    let way = office.way.clone();
    let breaker = Arc::new(move |down: bool| way.set(down.then_some(Trouble::Status(502))));
    let stop = CancellationToken::new();
    let _people = stop.clone().drop_guard();
    let options = OfficeOptions { seed, speed, scenario: Scenario::named(name).expect("a scenario") };
    tokio::spawn(run_with(office.sim.clone(), options, breaker, stop));
    while !seen(&office, &running) {
        let passed = (office.now() - begun).num_seconds();
        assert!(
            passed < WATCHED.cast_signed(),
            "{name} at speed {speed}, seed {seed}: {:#?}\n{:#?}\n{:#?}",
            running.incidents(),
            running.own(),
            running.log()
        );
        office.pass(1).await;
    }
    running
}

#[tokio::test(start_paused = true)]
async fn the_office_shows_how_a_subscription_is_healed_at_any_speed() {
    for speed in SPEEDS {
        for seed in 1..=4 {
            let running = watch("office", speed, seed, |_, running| running.is_healed()).await;
            let incident = running.incidents().remove(0);
            assert!(incident.requests <= 6 && incident.recovered > 0, "{speed} {seed}: {incident:?}");
            assert!(incident.cause.contains("not delivered"), "{speed} {seed}: {incident:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_somebody_edited_shows_so_at_any_speed() {
    for speed in SPEEDS {
        let drifted = |office: &Office, running: &Running| {
            running.own().is_some_and(|own| own.state(office.now()) == SubState::Drifted)
        };
        let running = watch("webhook-drift", speed, 1, drifted).await;
        assert_eq!(running.incidents().len(), 0, "{speed}");
    }
}
