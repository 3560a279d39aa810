//! The first promise on the real binary: whatever is killed and whatever fails on the way, Clockify ends with exactly
//! the set that Toggl implies.
//!
//! Small in `cargo test`; `tests/scripts/kill9.sh` runs it large. Settings: `HOURWIRE_ACTIONS`, `HOURWIRE_KILLS`,
//! `HOURWIRE_SEED`, `HOURWIRE_PACE_MS` (between two actions), `HOURWIRE_DROP` (share of deliveries lost for ever; they
//! are found by reading, which takes minutes).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::office::{Implied, Office};
use crate::process::Process;
use crate::settings::{Settings, free_port, write_private};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// Deliveries that suffer, and a Clockify that does the work and then lies about it.
fn faults(drop: f64) -> Value {
    json!({
        "deliveries": {"drop": drop, "duplicate": 0.1, "reorder": 0.1, "retry_s": [1, 3]},
        "answers": [
            {"service": "clockify", "method": "POST", "path": "/time-entries", "share": 0.1, "do": "done:500"},
            {"service": "clockify", "path": "/time-entries", "share": 0.1, "do": "lost"},
            {"service": "clockify", "path": "/time-entries", "share": 0.05, "do": "429"},
            {"service": "clockify", "path": "/time-entries", "share": 0.02, "do": "delay:5"},
        ],
    })
}

/// Waits until Clockify holds what Toggl implies; `Err` with the difference when the ceiling comes first.
async fn settle(office: &Office, engine: &mut Process, ceiling: Duration) -> Result<Duration, String> {
    let began = Instant::now();
    loop {
        assert!(!engine.has_ended(), "the engine ended by itself; its .stderr file says why");
        let (implied, present) = (office.implied().await, office.present().await);
        if implied == present {
            return Ok(began.elapsed());
        }
        if began.elapsed() > ceiling {
            return Err(difference(&implied, &present));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn difference(implied: &BTreeMap<Implied, usize>, present: &BTreeMap<Implied, usize>) -> String {
    let keys: BTreeSet<&Implied> = implied.keys().chain(present.keys()).collect();
    let lines = keys.into_iter().filter_map(|key| {
        let (want, have) = (implied.get(key).copied().unwrap_or(0), present.get(key).copied().unwrap_or(0));
        (want != have).then(|| format!("  implied {want}, present {have}: {key:?}"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Requests that a service refused because their bucket was empty already. Refusals made by a fault leave the
/// bucket as it was.
fn into_empty_buckets(requests: &[Value]) -> Vec<&Value> {
    let refused =
        |row: &&Value| matches!(row["status"].as_u64(), Some(402 | 429)) && row["remaining"] == json!(0);
    requests.iter().filter(refused).collect()
}

/// Milliseconds from the answer to a person's creation until the call that created it in Clockify, sorted.
fn waits(office: &Office, requests: &[Value], origin: (Instant, DateTime<Utc>)) -> Vec<i64> {
    let mut first: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    for row in requests {
        let is_create = row["service"] == "clockify"
            && row["method"] == "POST"
            && row["path"].as_str().is_some_and(|path| path.contains("/time-entries"))
            && !matches!(row["status"].as_u64(), Some(429 | 503));
        let mark = row["body"]["description"].as_str().and_then(|text| text.split(' ').next());
        let time = row["time"].as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        if let (true, Some(mark), Some(time)) = (is_create, mark, time) {
            first.entry(mark.to_owned()).or_insert(time.to_utc());
        }
    }
    let mut waits: Vec<i64> = office
        .created
        .iter()
        .filter_map(|(mark, made)| {
            let made = origin.1 + (*made - origin.0);
            Some((*first.get(mark)? - made).num_milliseconds().max(0))
        })
        .collect();
    waits.sort_unstable();
    waits
}

fn percentile(sorted: &[i64], share: f64) -> i64 {
    let place = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_arrives_exactly_once_whatever_is_killed() {
    let (actions, kills) = (setting("HOURWIRE_ACTIONS", 40), setting("HOURWIRE_KILLS", 4));
    let seed = setting("HOURWIRE_SEED", 7);
    let pace = Duration::from_millis(setting("HOURWIRE_PACE_MS", 30));
    let drop: f64 = std::env::var("HOURWIRE_DROP").map_or(0.0, |text| text.parse().expect("a share"));
    let mut rng = StdRng::seed_from_u64(seed ^ 0x6b69_6c6c);
    println!("{actions} actions, {kills} kills, HOURWIRE_SEED={seed}");

    let home = tempfile::tempdir().expect("a folder");
    let seed_text = seed.to_string();
    let mut simulate = Process::start(home.path(), &["simulate", "--world", "empty", "--seed", &seed_text]);
    let simulator = simulate.ready().await.simulator.expect("its services");
    let mut office = Office::open(&simulator, seed).await;
    Settings::default().write(home.path(), &simulator, free_port());
    write_private(&home.path().join("config/mapping.toml"), &office.mapping());
    let origin = (Instant::now(), Utc::now());

    let mut engine = Process::start(home.path(), &["serve"]);
    engine.ready().await;
    office.admin(Method::PUT, "/faults", Some(if kills > 0 { faults(drop) } else { json!({}) })).await;

    let mut moments: BTreeMap<u64, u32> = BTreeMap::new();
    for _ in 0..kills {
        *moments.entry(rng.random_range(0..actions)).or_default() += 1;
    }
    for action in 0..actions {
        office.act().await;
        tokio::time::sleep(pace).await;
        for _ in 0..moments.get(&action).copied().unwrap_or(0) {
            // Any instant: also in the middle of a start, when two fall on one action.
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..120))).await;
            engine.kill().await;
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..200))).await;
            engine = Process::start(home.path(), &["serve"]);
        }
    }
    office.stop().await;
    office.admin(Method::PUT, "/faults", Some(json!({}))).await;

    let ceiling = Duration::from_secs(if drop > 0.0 { 900 } else { 180 });
    let settled = settle(&office, &mut engine, ceiling).await;
    let requests = office.admin(Method::GET, "/requests", None).await;
    let requests = requests.as_array().expect("a list");
    let empty = into_empty_buckets(requests);
    let waits = waits(&office, requests, origin);
    println!(
        "played {:?}\ncreated in Toggl -> created in Clockify, downtime included: p50 {} ms, p99 {} ms, {} entries\n\
         requests {}, into exhausted buckets {}",
        office.played,
        percentile(&waits, 0.5),
        percentile(&waits, 0.99),
        waits.len(),
        requests.len(),
        empty.len(),
    );
    match settled {
        Ok(after) => println!("settled {:.1} s after the last action", after.as_secs_f64()),
        Err(difference) => panic!("HOURWIRE_SEED={seed}: Clockify is not what Toggl implies:\n{difference}"),
    }
    assert!(empty.is_empty(), "requests into exhausted buckets: {empty:?}");
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(simulate.stop().await, Some(0));
}
