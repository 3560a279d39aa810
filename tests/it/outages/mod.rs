//! Seeded outages of the way to the receiver, and seeded ordinary days: engine, receiver and simulator in one
//! process, in paused time.
//!
//! `cargo test` plays a few of each. The figures of a thousand:
//! `HOURWIRE_OUTAGES=1000 cargo test --test it outages:: -- --nocapture`; `HOURWIRE_SEED=N` replays one and tells
//! its log.

mod days;
mod figures;
mod person;
mod play;
mod silence;

use figures::Figures;

use crate::seeds::{number, play};

/// Seeds of each kind that every `cargo test` plays.
const FEW: u64 = 44;

/// Plays all seeds, or the one that is asked for.
fn all<T: Send>(seeds: u64, one: impl Fn(u64) -> Result<T, String> + Sync) -> (Vec<T>, Vec<String>) {
    let seeds = number("HOURWIRE_SEED").map_or(0..seeds, |seed| seed..seed + 1);
    crate::seeds::all(seeds, |seed| one(seed).map_err(|why| format!("seed {seed}: {why}")))
}

#[test]
fn outages_are_healed_and_their_gaps_filled() {
    let seeds = number("HOURWIRE_OUTAGES").unwrap_or(FEW);
    let (told, failed) = all(seeds, |seed| play(play::outage(seed)));
    let figures = Figures::of(&told);
    println!("{figures}");
    assert!(failed.is_empty(), "{} of {seeds} failed:\n{}", failed.len(), failed.join("\n"));
    if seeds >= FEW {
        assert!(figures.median_s() <= 120, "{figures}");
        assert!(figures.most_requests() <= 6, "{figures}");
        assert!(figures.has_every_kind(), "{figures}");
    }
}

#[test]
fn what_a_person_switched_off_stays_off() {
    let seeds = number("HOURWIRE_OUTAGES").map_or(FEW / 3, |n| n / 4);
    let (told, failed) = all(seeds, |seed| play(person::decision(seed)));
    println!("{} decisions of a person, {} reversed", told.len() + failed.len(), failed.len());
    assert!(failed.is_empty(), "{} of {seeds} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn a_silent_subscription_is_found_in_time() {
    let seeds = number("HOURWIRE_OUTAGES").map_or(FEW / 3, |n| n / 4);
    let (told, failed) = all(seeds, |seed| play(silence::silent(seed)));
    let latest = told.iter().max().copied().unwrap_or_default();
    println!(
        "{} silent subscriptions, found at most {latest} s after the first read that showed it",
        told.len()
    );
    assert!(failed.is_empty(), "{} of {seeds} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn ordinary_days_raise_no_alarm() {
    let seeds = number("HOURWIRE_OUTAGES").unwrap_or(FEW / 2);
    let (told, failed) = all(seeds, |seed| play(days::ordinary(seed)));
    let changes: usize = told.iter().sum();
    println!(
        "{} ordinary days with {changes} changes, {} false alarms",
        told.len() + failed.len(),
        failed.len()
    );
    assert!(failed.is_empty(), "{} of {seeds} failed:\n{}", failed.len(), failed.join("\n"));
}
