//! A subscription that answers PINGs and sends nothing.

use std::collections::BTreeMap;

use hourwire::simulator::toggl::Plan;
use serde_json::json;

use crate::guardian::stage::{Machine, Office, live};
use crate::worlds::dice::Dice;

/// Seconds from the first read that shows it to the word `silent`.
pub async fn silent(seed: u64) -> Result<i64, String> {
    let dice = Dice::new(seed, 41);
    let plan = *dice.pick(&[Plan::Free, Plan::Starter, Plan::Premium]);
    let office = Office::seeded(plan, seed);
    let running = live(&office, &Machine::new("den")).await;
    for n in 0..dice.int(0, 5) {
        office.track(&format!("Heard {n}")).await;
        office.pass(dice.int(1, 600).cast_unsigned()).await;
    }
    office.pass(dice.int(1, 900).cast_unsigned()).await;
    office.faults(json!({"deliveries": {"only_pings": true}}));
    let (mut made, mut shown, mut nearly, mut count) = (BTreeMap::new(), None, None, 0);
    let mut next = office.now();
    for _ in 0..4 * 3_600 {
        if office.now() >= next {
            let text = format!("Unheard {count}");
            count += 1;
            office.track(&text).await;
            made.insert(text, office.now());
            next = office.now() + chrono::TimeDelta::seconds(dice.int(30, 1_200));
        }
        office.pass(1).await;
        let now = office.now();
        if shown.is_none() {
            // What was read young may have been under way; a later read shows nothing of it.
            let texts = running.texts();
            let old = |text: &str, s: i64| made.get(text).is_some_and(|at| (now - *at).num_seconds() >= s);
            shown = texts.iter().any(|(_, text)| old(text, 121)).then_some(now);
            // Just about two minutes old when it was read, by a look each second: it may count or not.
            let perhaps = texts.iter().any(|(_, text)| old(text, 119)).then_some(now);
            nearly = nearly.or(perhaps);
            made.retain(|text, _| !texts.iter().any(|(_, t)| t == text));
        }
        if running.own().is_some_and(|own| own.silent) {
            let shown = shown.or(nearly).ok_or("silent before a read showed anything")?;
            let took = (now - shown).num_seconds();
            let open = running.incidents().iter().any(|i| i.kind == "subscription silent" && i.is_open());
            return match (took <= 600, open) {
                (true, true) => Ok(took),
                (_, false) => Err("no incident is open".into()),
                _ => Err(format!("found {took} s after the first read that showed it")),
            };
        }
    }
    Err(format!("never found on {plan:?}: {:?}", running.log()))
}
