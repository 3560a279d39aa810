//! The variants of journey 4 with the process killed at each of the guardian's writes: what is known and done in the end
//! is what it would have been.

use std::sync::atomic::Ordering::SeqCst;

use hourwire::simulator::scenes::{Act, happen};
use hourwire::simulator::toggl::Plan;

use super::webhook::play;
use crate::guardian::stage::{Machine, Office, Running, live};

/// A variant, what it comes to, and requests that must not have been sent for it.
struct Variant {
    name: &'static str,
    end: fn(&Running) -> bool,
    never: &'static str,
    within_s: i64,
}

fn drifted(running: &Running) -> bool {
    let fields: Vec<String> =
        running.own().into_iter().flat_map(|own| own.drift).map(|drift| drift.field).collect();
    fields == ["events", "name"] && running.incidents().is_empty()
}

const VARIANTS: [Variant; 4] = [
    Variant {
        name: "webhook-unvalidated",
        end: |r| {
            let incidents = r.incidents();
            r.is_well() && incidents.len() == 1 && incidents[0].closed_at.is_some()
        },
        never: "PATCH /webhooks",
        within_s: 900,
    },
    Variant {
        name: "webhook-silent",
        end: |r| r.own().is_some_and(|own| own.silent) && r.incidents().len() == 1,
        never: "PATCH /webhooks",
        within_s: 1_450,
    },
    Variant {
        name: "webhook-plan",
        end: |r| {
            let told = r.own().is_some_and(|own| !own.enabled && own.cause.starts_with("plan limit"));
            told && r.incidents().len() == 1
        },
        never: "PATCH /webhooks",
        within_s: 1_800,
    },
    Variant { name: "webhook-drift", end: drifted, never: "PUT /webhooks", within_s: 900 },
];

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_step_of_a_variant_comes_to_the_same_end() {
    for variant in VARIANTS {
        let mut survived = 0;
        for cut in 1..40 {
            let office = Office::new(Plan::Premium);
            let machine = Machine::new("den");
            let mut running = live(&office, &machine).await;
            // In the scenario the silence ends after a while, and a kill makes us hear it later.
            let is_silence = variant.name == "webhook-silent";
            let people = play(&office, if is_silence { "calm" } else { variant.name });
            office.pass(25).await;
            if is_silence {
                happen(&office.sim, Act::OnlyPings(true));
            }
            machine.plug.store(cut, SeqCst);
            for _ in 0..variant.within_s {
                office.pass(1).await;
                if machine.plug.load(SeqCst) == 0 || (variant.end)(&running) {
                    break;
                }
            }
            let reached = machine.plug.swap(0, SeqCst) == 0;
            running.kill(&office).await;
            running = machine.start(&office);
            let name = variant.name;
            for _ in 0..variant.within_s {
                if (variant.end)(&running) {
                    break;
                }
                office.pass(1).await;
            }
            assert!(
                (variant.end)(&running),
                "{name}, cut {cut}: {:#?}\n{:#?}",
                running.log(),
                office.asked()
            );
            drop(people);
            assert_eq!(office.count(variant.never), 0, "{name}, cut {cut}: {:?}", running.log());
            if !reached {
                break;
            }
            survived += 1;
        }
        assert!((1..39).contains(&survived), "{}: {survived} steps were cut", variant.name);
    }
}
