//! Deliveries applied again, in any order and any number of times: nothing changes that has not changed.

use hourwire::cache::{Store as _, rows};
use hourwire::control::command::{Reply, Typed, Wish};
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::json;

use super::stage::{Machine, Office, Running, WORKSPACE, live};
use crate::seeds::play;
use crate::worlds::dice::Dice;

/// The tag of what was spent by the hour.
const HOURS: u8 = 0x0f;

/// Everything that is known, but for answers to commands and what regular checks spend.
pub fn known(running: &Running) -> Vec<(Vec<u8>, Vec<u8>)> {
    let answers = rows::meta("answer:");
    let answers = &answers[..answers.len() - 1];
    // Probes go on meanwhile.
    let alive = [rows::meta("alive:main"), rows::meta("alive:mirror")];
    let dump = running.store.dump().unwrap();
    let spent = [rows::bucket(&"main".into(), "")[0], HOURS];
    let same = |key: &Vec<u8>| !key.starts_with(answers) && !alive.contains(key) && !spent.contains(&key[0]);
    dump.into_iter().filter(|(key, _)| same(key)).collect()
}

/// Applies a delivery again, some times over; each time nothing changes.
pub async fn again(running: &Running, seq: u64, times: i64, seed: u64) {
    for _ in 0..times {
        let reply = running.wish(Wish::Replay { seq, dry: false }).await;
        let Reply::Done { say } = &reply else { panic!("seed {seed}: {reply:?}") };
        assert!(say.contains("nothing changed"), "seed {seed}: {say}");
    }
}

/// What is known is what was known before.
pub fn unchanged(running: &Running, before: &[(Vec<u8>, Vec<u8>)], seed: u64) {
    let after = known(running);
    let differ: Vec<String> = after
        .iter()
        .filter(|row| !before.contains(row))
        .map(|(k, v)| format!("{} {}", String::from_utf8_lossy(k), String::from_utf8_lossy(v)))
        .collect();
    assert!(differ.is_empty() && before.len() == after.len(), "seed {seed}: {differ:?}");
}

/// People at work: entries, projects and clients are made, changed within a second, and deleted.
async fn work(office: &Office, dice: &Dice) {
    let base = format!("/api/v9/workspaces/{WORKSPACE}");
    let (mut entries, mut projects) = (Vec::new(), Vec::new());
    for n in 0..dice.int(12, 40) {
        let name = format!("Name {n}");
        match dice.weighted(&[5, 4, 2, 2, 3, 1]) {
            0 => {
                let start = (office.now() - chrono::TimeDelta::hours(2)).to_rfc3339();
                let body = json!({"description": name, "workspace_id": WORKSPACE, "created_with": "web",
                    "start": start, "duration": 3600});
                let made = office.person(Method::POST, &format!("{base}/time_entries"), body).await;
                entries.extend(made["id"].as_i64());
            }
            1 if !entries.is_empty() => {
                let path = format!("{base}/time_entries/{}", dice.pick(&entries));
                let body = json!({"description": name, "workspace_id": WORKSPACE});
                office.person(Method::PUT, &path, body).await;
            }
            2 if !entries.is_empty() => {
                let id = entries.swap_remove(dice.int(0, entries.len() as i64) as usize);
                office.person(Method::DELETE, &format!("{base}/time_entries/{id}"), json!(null)).await;
            }
            3 => {
                let body = json!({"name": name, "active": true});
                let made = office.person(Method::POST, &format!("{base}/projects"), body).await;
                projects.extend(made["id"].as_i64());
            }
            4 if !projects.is_empty() => {
                let path = format!("{base}/projects/{}", dice.pick(&projects));
                office.person(Method::PUT, &path, json!({"name": name})).await;
            }
            5 if !projects.is_empty() => {
                let id = projects.swap_remove(dice.int(0, projects.len() as i64) as usize);
                office.person(Method::DELETE, &format!("{base}/projects/{id}"), json!(null)).await;
            }
            _ => {}
        }
        // Most changes come within the same second.
        if dice.chance(0.3) {
            office.pass(dice.int(1, 40).cast_unsigned()).await;
        }
    }
}

#[test]
fn replaying_any_delivery_any_number_of_times_changes_nothing() {
    for seed in 0..30 {
        play(async {
            let dice = Dice::new(seed, 53);
            let office = Office::seeded(Plan::Premium, seed);
            let running = live(&office, &Machine::new("den")).await;
            office.faults(json!({"deliveries": {"delay_s": [0, dice.float(0.1, 5.0)], "duplicate": 0.2,
                "reorder": 0.3, "deleted_payload": dice.pick(&["full", "id", "null"])}}));
            work(&office, &dice).await;
            if dice.chance(0.5) {
                running.wish(Wish::ReadNow).await;
            }
            // Doubts are settled by reads.
            office.pass(900).await;
            let last = running.kept();
            assert!(last > 5, "seed {seed}: only {last} deliveries");
            let before = known(&running);
            for _ in 0..60 {
                let seq = dice.int(1, last.cast_signed() + 1).cast_unsigned();
                again(&running, seq, dice.int(1, 4), seed).await;
            }
            let all = Wish::ReplayAll { from: 0, to: u64::MAX, filter: String::new(), dry: false };
            let reply = running.wish(all).await;
            assert!(matches!(&reply, Reply::Done { say } if say.contains("nothing changed")), "{reply:?}");
            unchanged(&running, &before, seed);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_can_be_checked_again_with_any_secret() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.track("Harbor plan").await;
    office.until("it is here", 10, || running.entries() == 1).await;
    let seq = running.kept();
    let verify = |secret: Option<&str>| Wish::Verify { seq, secret: secret.map(|s| Typed(s.into())) };
    for (secret, words) in [
        (None, "with the current secret"),
        (Some("own-test-secret-01"), "with the given secret"),
        (Some("another one"), "was not signed with that secret"),
    ] {
        let (Reply::Done { say } | Reply::Failed { reason: say }) = running.wish(verify(secret)).await else {
            panic!("no answer")
        };
        assert!(say.contains(words), "{say}");
    }
}
