//! Deliveries of Clockify applied again, in any order and any number of times: nothing changes, nothing is asked, and no
//! story is told that did not happen.

use hourwire::control::command::{Reply, Wish};
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::json;

use super::ready;
use crate::guardian::replays::{again, known, unchanged};
use crate::guardian::stage::{Machine, Office, Running, live};
use crate::journeys::screen::Screen;
use crate::seeds::play;
use crate::worlds::dice::Dice;

/// People at work in both services on a few entries.
async fn work(office: &Office, running: &Running, dice: &Dice) {
    for n in 0..4 {
        office.track(&format!("Entry {n}")).await;
    }
    office.until("all there", 300, || running.count("synced") == 4).await;
    let mut names: Vec<String> = (0..4).map(|n| format!("Entry {n}")).collect();
    for n in 0..dice.int(6, 14) {
        let at = dice.int(0, names.len() as i64) as usize;
        match dice.weighted(&[5, 1, 2]) {
            0 => {
                let new = format!("Their words {n}");
                office.edit_there(&names[at], &new).await;
                names[at] = new;
            }
            1 if names.len() > 1 => {
                let name = names.swap_remove(at);
                let id = office.there(&name).unwrap()["id"].as_str().unwrap().to_owned();
                office.clockify(Method::DELETE, &format!("/time-entries/{id}"), json!(null)).await;
            }
            _ => {
                let body = json!({"start": "2026-03-01T09:00:00Z", "end": "2026-03-01T10:00:00Z",
                    "description": format!("Own {n}")});
                office.clockify(Method::POST, "/time-entries", body).await;
            }
        }
        office.pass(dice.int(0, 200).cast_unsigned()).await;
    }
}

fn asked(office: &Office) -> usize {
    office.requests().iter().filter(|r| r.contains("/time-entries")).count()
}

#[test]
fn replaying_any_delivery_of_clockify_changes_nothing_and_costs_nothing() {
    for seed in 0..12 {
        play(async {
            let dice = Dice::new(seed, 59);
            let office = Office::seeded(Plan::Premium, seed);
            let machine = Machine::with_mirror("den", &office).await;
            let running = live(&office, &machine).await;
            office.until("webhooks", 300, || running.hooks().len() == 7).await;
            office.faults(json!({"deliveries": {"delay_s": [0, 3.0], "duplicate": 0.2, "reorder": 0.2, "service": "clockify"}}));
            work(&office, &running, &dice).await;
            office.pass(600).await;
            if dice.chance(0.7) {
                let mut screen = Screen::of(&office, &running).await;
                screen.press("5").await;
                for _ in 0..4 {
                    screen.press(dice.pick::<&str>(&["< enter", ">", "j"])).await;
                    office.pass(20).await;
                }
            }
            office.pass(600).await;
            let (before, spent, told) = (known(&running), asked(&office), running.log().len());
            assert!(running.kept() > 8, "seed {seed}");
            for _ in 0..30 {
                let seq = dice.int(1, running.kept().cast_signed() + 1).cast_unsigned();
                let dry = running.wish(Wish::Replay { seq, dry: true }).await;
                assert!(
                    matches!(&dry, Reply::Price(p) if p.requests == 0 && p.say.contains("nothing")),
                    "seed {seed}: {dry:?}"
                );
                again(&running, seq, dice.int(1, 4), seed).await;
            }
            unchanged(&running, &before, seed);
            office.pass(120).await;
            assert_eq!(asked(&office), spent, "seed {seed}: {:?}", &running.log()[told..]);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_was_decided_for_ours_is_not_told_anew_by_its_replay() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    office.edit_there("Wireframes", "Reworded by the client").await;
    office.until("a conflict", 60, || running.count("conflict") == 1).await;
    let edit = running.kept();
    let mut screen = Screen::of(&office, &running).await;
    screen.press("5 < enter").await;
    office.until("ours", 60, || office.there("Wireframes").is_some() && running.count("synced") == 1).await;
    office.pass(60).await;
    let (spent, told) = (asked(&office), running.log().len());
    for _ in 0..3 {
        running.wish(Wish::Replay { seq: edit, dry: false }).await;
        office.pass(60).await;
    }
    let said = running.log()[told..].join("\n");
    assert_eq!(asked(&office), spent, "{said}");
    assert!(!said.contains("Wireframes"), "{said}");
}
