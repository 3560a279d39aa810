//! Seeded worlds: engine, journal, cache, receiver and simulator in one process under one seed and a paused clock.
//!
//! A world draws its people, faults and power cuts from its seed, plays them, lets the faults stop and then demands
//! that the target holds what an independent model of the source implies. `HOURWIRE_WORLDS=N` runs N seeds,
//! `HOURWIRE_SEED=N` replays one and prints what happens.

mod adapters;
mod books;
mod counts;
mod dice;
mod furnish;
mod machine;
mod matching;
mod model;
mod net;
mod office;
mod property;
mod script;
mod source;
mod time;
mod trace;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use hourwire::engine::seams::Rules;

use counts::Counts;

/// Seeds of the run that every `cargo test` makes.
const WORLDS: u64 = 500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays these seeds on two threads; what failed, and what was counted.
fn run(seeds: std::ops::Range<u64>, rules: Rules) -> (Vec<String>, Counts) {
    let next = AtomicU64::new(seeds.start);
    let results = Mutex::new((Vec::new(), Counts::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let outcome = world::play(seed, rules, false);
                    let mut results = results.lock().expect("no world panics while it holds this");
                    match outcome {
                        Ok(counts) => results.1.add(&counts),
                        Err(error) => results.0.push(error),
                    }
                }
            });
        }
    });
    results.into_inner().expect("no world panics while it holds this")
}

#[test]
fn five_hundred_worlds_converge() {
    if let Some(seed) = number("HOURWIRE_SEED") {
        let counts = world::play(seed, Rules::default(), true).expect("the world converges");
        println!("{counts}");
        return;
    }
    let worlds = number("HOURWIRE_WORLDS").unwrap_or(WORLDS);
    let (failures, counts) = run(0..worlds, Rules::default());
    println!("{worlds} worlds\n{counts}");
    assert!(failures.is_empty(), "{} worlds failed:\n{}", failures.len(), failures.join("\n"));
    if worlds >= WORLDS {
        let few = counts.too_few(&script::POINTS);
        assert!(few.is_empty(), "too few of: {few:?}\n{counts}");
    }
}
