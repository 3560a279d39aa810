//! Seeded worlds: engine, journal, cache, receiver and simulator in one process under one seed and a paused clock.
//!
//! A world draws its people, faults and power cuts from its seed, plays them, lets the faults stop and then demands
//! that the target holds what an independent model of the source implies. `HOURWIRE_WORLDS=N` runs N seeds,
//! `HOURWIRE_SEED=N` replays one and prints what happens.

pub(super) mod adapters;
pub(super) mod books;
pub(super) mod counts;
pub(super) mod dice;
pub(super) mod furnish;
pub(super) mod machine;
mod matching;
pub(super) mod model;
pub(super) mod net;
pub(super) mod office;
mod property;
mod script;
mod setup;
mod source;
pub(super) mod time;
pub(super) mod trace;
mod weather;
mod world;

use std::sync::Mutex;

use hourwire::domain::order::OrderRules;
use hourwire::engine::seams::Rules;

use counts::Counts;
use matching::{Want, explain};

use crate::seeds::{self, number};

/// Seeds of the run that every `cargo test` makes.
const WORLDS: u64 = 600;

#[test]
fn five_hundred_worlds_converge() {
    if let Some(seed) = number("HOURWIRE_SEED") {
        match world::play(seed, Rules::default(), true) {
            Ok(played) => println!("{}", played.counts),
            Err(error) => panic!("{error}"),
        }
        return;
    }
    let worlds = number("HOURWIRE_WORLDS").unwrap_or(WORLDS);
    let counts = Mutex::new(Counts::default());
    let (_, failures) = seeds::all(0..worlds, |seed| {
        let played = world::play(seed, Rules::default(), false)?;
        counts.lock().expect("adding does not panic").add(&played.counts);
        Ok(())
    });
    let counts = counts.into_inner().expect("adding does not panic");
    println!("{worlds} worlds\n{counts}");
    assert!(failures.is_empty(), "{} worlds failed:\n{}", failures.len(), failures.join("\n"));
    if worlds >= WORLDS {
        let few = counts.too_few(&script::POINTS);
        assert!(few.is_empty(), "too few of: {few:?}\n{counts}");
    }
}

#[test]
fn a_seed_tells_the_same_story_again() {
    for seed in [1, 7, 19] {
        let story = || world::play(seed, Rules::default(), false);
        assert_eq!(story(), story(), "seed {seed}");
    }
}

/// Worlds that a rule that is switched off may take until one fails.
const BOUND: usize = 60;

/// The first seed whose world fails under these rules.
fn first_failure(rules: Rules, deliveries: bool) -> Option<(u64, String)> {
    let seeds = (0..).filter(|seed| !deliveries || world::rests_on_deliveries(*seed));
    seeds.take(BOUND).find_map(|seed| world::play(seed, rules, false).err().map(|error| (seed, error)))
}

#[test]
fn each_rule_is_needed() {
    let on = Rules::default();
    let order = |ordering, tombstones| OrderRules { ordering, tombstones };
    // The last ones guard against deliveries, so they are tried where no read mends what a delivery spoilt.
    let off = [
        ("look-up", Rules { lookup: false, ..on }, false),
        ("journal sync", Rules { journal_sync: false, ..on }, false),
        ("ordering", Rules { order: order(false, true), ..on }, true),
        ("tombstones", Rules { order: order(true, false), ..on }, true),
        ("de-duplication", Rules { dedup: false, ..on }, true),
    ];
    std::thread::scope(|scope| {
        for (name, rules, deliveries) in off {
            scope.spawn(move || {
                let failure = first_failure(rules, deliveries);
                let (seed, error) =
                    failure.unwrap_or_else(|| panic!("without {name} {BOUND} worlds converge"));
                println!("without {name}: {error}");
                world::play(seed, on, false).unwrap_or_else(|error| panic!("with {name}: {error}"));
            });
        }
    });
}

#[test]
fn the_comparison_knows_right_from_wrong() {
    let body = |text: &str| source::Body { description: text.into(), ..source::Body::default() };
    let want = |entry, must, texts: &[&str]| Want {
        entry,
        must,
        bodies: texts.iter().map(|text| body(text)).collect(),
    };
    let fits = |wants: &[Want], found: &[&str]| {
        let found: Vec<_> = found.iter().map(|text| body(text)).collect();
        explain(wants, &found).map_err(|misfit| (misfit.missing.len(), misfit.surplus.len()))
    };
    let twins = [want(1, true, &["a"]), want(2, true, &["a"])];
    assert_eq!(fits(&twins, &["a"]), Err((1, 0)), "one of two twins is missing");
    assert!(fits(&twins, &["a", "a"]).is_ok());
    assert_eq!(fits(&twins, &["a", "a", "a"]), Err((0, 1)), "a double");
    assert_eq!(fits(&twins, &["a", "b"]), Err((1, 1)), "an old state");
    // The first want has to leave `b` to the second, and the third may be there.
    let choice = [want(1, true, &["b", "a"]), want(2, true, &["b"]), want(3, false, &["c"])];
    assert_eq!(fits(&choice, &["a", "b"]), Ok(vec![Some(0), Some(1), None]));
    assert_eq!(fits(&choice, &["c", "b", "a"]), Ok(vec![Some(2), Some(1), Some(0)]));
    assert_eq!(fits(&choice, &["c", "c", "b", "a"]), Err((0, 1)));
}
