//! A normal working life as a list of moments: people track and correct, another program shares the token, the person
//! asks for something now and then, and on some days something is down.

use chrono::{DateTime, Datelike, TimeDelta, Utc, Weekday};

use crate::worlds::dice::Dice;

/// What happens at a moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A timer starts; the entry has this number.
    Start(u32),
    /// It stops.
    Stop(u32),
    /// Minutes tracked by hand.
    Add(u32, i64),
    /// A correction: a new text, or also a new end.
    Edit(u32, bool),
    /// A key that reads now.
    ReadNow,
    /// A key that tests the subscription.
    Ping,
    /// The other program reads the running timer.
    OtherUser,
    /// The other program reads the projects.
    OtherOrg,
    /// The way to the services is closed or opened.
    Net(bool),
    /// The way to the receiver is closed or opened.
    Tunnel(bool),
    /// The target fails or works.
    Target(bool),
    /// The machine loses power for a moment.
    Power,
    /// Three months of history are wanted.
    Backfill,
}

/// One day's moments, in order. `number` counts entries on.
pub fn day(dice: &Dice, midnight: DateTime<Utc>, index: i64, number: &mut u32) -> Vec<(DateTime<Utc>, Act)> {
    let mut acts = Vec::new();
    let at = |minutes: f64| midnight + TimeDelta::milliseconds((minutes * 60_000.0) as i64);
    let weekend = matches!(midnight.weekday(), Weekday::Sat | Weekday::Sun);
    if !weekend {
        work(dice, &at, number, &mut acts);
        for _ in 0..2 {
            acts.push((at(dice.float(560.0, 1_050.0)), Act::ReadNow));
        }
        acts.push((at(dice.float(560.0, 1_050.0)), Act::Ping));
    }
    other(dice, &at, weekend, &mut acts);
    let mut between = |from: f64, to: f64, down: Act, up: Act| {
        acts.push((at(from), down));
        acts.push((at(to), up));
    };
    match index % 5 {
        1 => between(660.0, 680.0, Act::Net(false), Act::Net(true)),
        2 => between(840.0, 870.0, Act::Tunnel(false), Act::Tunnel(true)),
        3 => between(600.0, 615.0, Act::Target(false), Act::Target(true)),
        4 => acts.push((at(900.0), Act::Power)),
        _ => {}
    }
    if index == 1 {
        acts.push((at(570.0), Act::Backfill));
    }
    acts.sort_by_key(|(at, _)| *at);
    acts
}

/// 8 to 15 entries from nine to six, most by timer, many corrected later.
fn work(
    dice: &Dice,
    at: &impl Fn(f64) -> DateTime<Utc>,
    number: &mut u32,
    acts: &mut Vec<(DateTime<Utc>, Act)>,
) {
    let entries = dice.int(8, 16);
    let slot = 540.0 / entries as f64;
    for place in 0..entries {
        let begin = 540.0 + slot * place as f64 + dice.float(0.0, 3.0);
        let length = dice.float(slot * 0.4, slot * 0.9);
        let this = *number;
        *number += 1;
        if dice.chance(0.7) {
            acts.push((at(begin), Act::Start(this)));
            acts.push((at(begin + length), Act::Stop(this)));
        } else {
            acts.push((at(begin + length), Act::Add(this, length as i64)));
        }
        for chance in [0.4, 0.15] {
            if dice.chance(chance) {
                let later = begin + length + dice.float(0.3, 90.0);
                acts.push((at(later), Act::Edit(this, dice.chance(0.3))));
            }
        }
    }
}

/// A menu-bar timer on the same token: it looks every eight minutes while somebody works, which is all that a user's
/// bucket bears beside a read every five; on some afternoons it reads the projects again and again.
fn other(
    dice: &Dice,
    at: &impl Fn(f64) -> DateTime<Utc>,
    weekend: bool,
    acts: &mut Vec<(DateTime<Utc>, Act)>,
) {
    let (from, to) = if weekend { (600.0, 660.0) } else { (480.0, 1_140.0) };
    let mut minute = from;
    while minute < to {
        acts.push((at(minute), Act::OtherUser));
        if dice.chance(0.3) {
            acts.push((at(minute + 1.0), Act::OtherOrg));
        }
        minute += dice.float(7.0, 9.0);
    }
    if !weekend && dice.chance(0.3) {
        let begin = dice.float(700.0, 900.0);
        for turn in 0..10 {
            acts.push((at(begin + f64::from(turn)), Act::OtherOrg));
        }
    }
}
