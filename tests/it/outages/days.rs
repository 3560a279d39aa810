//! Ordinary days: people work, deliveries are late, doubled or out of order, an attempt fails here and there, the
//! engine is restarted. None of this is an incident.

use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::play::{change, difference};
use crate::guardian::stage::{Machine, Office, live};
use crate::guardian::way::Trouble;
use crate::worlds::dice::Dice;

/// How many changes the day had.
pub async fn ordinary(seed: u64) -> Result<usize, String> {
    let dice = Dice::new(seed, 43);
    let plan = *dice.pick(&[Plan::Free, Plan::Starter, Plan::Premium]);
    let office = Office::seeded(plan, seed);
    let machine = Machine::new("den");
    let mut running = live(&office, &machine).await;
    let late = dice.float(0.1, 40.0);
    office.faults(json!({"deliveries": {
        "delay_s": [0, late], "duplicate": dice.float(0.0, 0.3), "reorder": dice.float(0.0, 0.3),
        "history": dice.chance(0.5)}}));
    let until = office.now() + chrono::TimeDelta::hours(dice.int(6, 24));
    let mut changes = 0;
    while office.now() < until {
        // Work comes in bursts, with pauses between them.
        for _ in 0..dice.int(1, 9) {
            change(&office, &dice, changes).await;
            changes += 1;
            office.pass(dice.int(0, 200).cast_unsigned()).await;
        }
        match dice.weighted(&[10, 1, 1]) {
            1 => {
                running.kill(&office).await;
                office.pass(dice.int(0, 4).cast_unsigned()).await;
                running = machine.start(&office);
            }
            2 => {
                office.trouble(Some(Trouble::Status(502)));
                office.pass(dice.int(1, 4).cast_unsigned()).await;
                office.trouble(None);
            }
            _ => {}
        }
        office.pass(dice.int(0, 3_600).cast_unsigned()).await;
    }
    office.pass(3_600).await;
    let (incidents, log) = (running.incidents(), running.log());
    if !incidents.is_empty() || running.own().is_none_or(|own| own.silent) || !running.is_well() {
        return Err(format!("on {plan:?}: {incidents:?}\n  {}", log.join("\n  ")));
    }
    if office.count("PATCH /webhooks") > 0 {
        return Err(format!("something was enabled: {:?}", office.asked()));
    }
    match difference(&office, &running).await {
        Some(said) => Err(said),
        None => Ok(changes),
    }
}
