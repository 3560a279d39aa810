//! A person switches the subscription off, at a good moment or a bad one. It stays off until a person says otherwise.

use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::play::{change, difference, wait};
use crate::guardian::stage::{Machine, Office, Running, live};
use crate::guardian::way::Trouble;
use crate::worlds::dice::Dice;

/// Draws a person's decision and plays it.
pub async fn decision(seed: u64) -> Result<(), String> {
    let dice = Dice::new(seed, 37);
    let plan = *dice.pick(&[Plan::Free, Plan::Starter, Plan::Premium]);
    let office = Office::seeded(plan, seed);
    office.faults(json!({"deliveries": {"history": dice.chance(0.5)}}));
    let machine = Machine::new("den");
    let mut running = live(&office, &machine).await;
    for n in 0..dice.int(0, 4) {
        change(&office, &dice, n as usize).await;
        office.pass(dice.int(1, 60).cast_unsigned()).await;
    }
    office.pass(dice.int(20, 1_500).cast_unsigned()).await;
    let story = seed % 5;
    let kept = kept(&office, &machine, &mut running, story, &dice).await;
    if super::number("HOURWIRE_SEED").is_some() {
        println!("{}\n{}", running.log().join("\n"), office.asked().join("\n"));
    }
    kept.map_err(|why| format!("story {story} on {plan:?}: {why}\n  {}", running.log().join("\n  ")))
}

async fn changes(office: &Office, dice: &Dice) {
    for n in 0..dice.int(1, 5) {
        office.pass(dice.int(1, 90).cast_unsigned()).await;
        change(office, dice, 100 + n as usize).await;
    }
}

async fn out(office: &Office, dice: &Dice) {
    let broken = Trouble::Broken("connection", "connection refused");
    office.trouble(Some(*dice.pick(&[Trouble::Status(502), broken, Trouble::Slow(20)])));
}

async fn kept(
    office: &Office,
    machine: &Machine,
    running: &mut Running,
    story: u64,
    dice: &Dice,
) -> Result<(), String> {
    let id = running.own().ok_or("no subscription")?.id;
    let enabled = || async { office.listed().await.iter().any(|s| s["enabled"] == true) };
    match story {
        // All is well.
        0 => office.switch(&id, false).await,
        // An outage follows in which work goes on.
        1 => {
            office.switch(&id, false).await;
            office.pass(dice.int(1, 400).cast_unsigned()).await;
            out(office, dice).await;
            changes(office, dice).await;
            office.pass(dice.int(20, 600).cast_unsigned()).await;
            office.trouble(None);
        }
        // In an outage in which nothing had changed yet.
        2 => {
            out(office, dice).await;
            office.pass(dice.int(1, 300).cast_unsigned()).await;
            office.switch(&id, false).await;
            changes(office, dice).await;
            office.pass(dice.int(1, 300).cast_unsigned()).await;
            office.trouble(None);
        }
        // Some time after an outage was healed.
        3 => {
            out(office, dice).await;
            office.pass(dice.int(1, 40).cast_unsigned()).await;
            office.track("Missed").await;
            office.pass(dice.int(60, 400).cast_unsigned()).await;
            office.trouble(None);
            let healed = |r: &Running| r.is_well() && r.incidents().iter().any(|i| i.closed_at.is_some());
            if !wait(office, 7_200, || healed(running)).await {
                return Err("the outage before was not healed".into());
            }
            office.pass(dice.int(30, 40_000).cast_unsigned()).await;
            office.switch(&id, false).await;
        }
        // While the engine does not run.
        _ => {
            running.stop(office).await;
            office.pass(dice.int(1, 400).cast_unsigned()).await;
            office.switch(&id, false).await;
            changes(office, dice).await;
            office.pass(dice.int(1, 4_000).cast_unsigned()).await;
            *running = machine.start(office);
        }
    }
    let before = office.count("PATCH /webhooks");
    changes(office, dice).await;
    for _ in 0..dice.int(4, 30) {
        office.pass(900).await;
        if enabled().await {
            return Err("a person's decision was reversed".into());
        }
    }
    if office.count("PATCH /webhooks") != before {
        return Err("it was tried to reverse it".into());
    }
    if let Some(said) = difference(office, running).await {
        return Err(format!("reading does not keep up: {said}"));
    }
    office.switch(&id, true).await;
    if !wait(office, 7_200, || running.is_well() && running.incidents().iter().all(|i| i.closed_at.is_some()))
        .await
    {
        return Err(format!("enabled by a person, and still open: {:?}", running.incidents()));
    }
    difference(office, running).await.map_or(Ok(()), Err)
}
