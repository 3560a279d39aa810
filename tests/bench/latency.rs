//! From the arrival of a delivery until its request reaches Clockify, at 20 deliveries a second.
//!
//! `cargo bench --bench latency`. `simulate` and `serve` run as processes of their own on loopback; people create
//! entries in simulated Toggl at an even pace, which delivers each at once. The arrival is the time that the inbox
//! notes, the request that of the simulator's listing (whole milliseconds). `HOURWIRE_BENCH_RATE` sets the pace,
//! `HOURWIRE_BENCH_SECONDS` how long (default 20 each).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic)] // a program for developers

#[path = "figures.rs"]
mod figures;
#[allow(dead_code)]
#[path = "../it/office.rs"]
mod office;
#[allow(dead_code)]
#[path = "../it/process.rs"]
mod process;
#[path = "../it/settings.rs"]
mod settings;
#[path = "stage.rs"]
mod stage;
#[allow(dead_code)]
#[path = "../it/web.rs"]
mod web;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use hourwire::journal::{Inbox, InboxOptions, RealDisk};
use reqwest::Method;
use serde_json::{Value, json};

use figures::{head, row, share};
use process::Process;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default).max(1)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let measured = figures::is_measured();
    let rate = setting("HOURWIRE_BENCH_RATE", 20);
    let seconds = if measured { setting("HOURWIRE_BENCH_SECONDS", 20) } else { 1 };
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    println!("{rate} deliveries a second for {seconds} s, load average {}", figures::load_average());

    let mut simulate = Process::start(home, &["simulate", "--world", "empty", "--plan", "premium"]);
    let simulator = simulate.ready().await.simulator.unwrap();
    let office = office::Office::open(&simulator, 1).await;
    stage::configure(home, &simulator, &office, true);
    let mut engine = Process::start(home, &["serve"]);
    engine.ready().await;

    // The first ones wait for the subscription, and make the ground of the day known.
    let person = Person::new(&simulator);
    tokio::time::sleep(Duration::from_secs(6)).await;
    for n in 0..10 {
        person.track(&format!("warm-{n}")).await;
    }
    arrived(&office, 10).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    let count = rate * seconds;
    let mut beat = tokio::time::interval(Duration::from_secs_f64(1.0 / rate as f64));
    let mut sent = tokio::task::JoinSet::new();
    for n in 0..count {
        beat.tick().await;
        let person = person.clone();
        sent.spawn(async move { person.track(&format!("mark-{n}")).await });
    }
    sent.join_all().await;
    let requests = arrived(&office, 10 + count as usize).await;
    engine.stop().await;
    simulate.stop().await;

    let came = arrivals(&home.join("state/inbox"));
    let mut waits: Vec<f64> = requests
        .iter()
        .filter_map(|(mark, left)| {
            mark.starts_with("mark-").then_some(())?;
            Some((*left - *came.get(mark)?).num_microseconds()? as f64 / 1000.0)
        })
        .collect();
    head();
    println!("{} of {count} entries", waits.len());
    row("delivery to Clockify: median and worst", &mut waits, "ms", "");
    row("delivery to Clockify: p99", &mut [share(&mut waits, 0.99)], "ms", "<= 50");
    println!("load average {}", figures::load_average());
}

/// Somebody who tracks in Toggl's web page.
#[derive(Clone)]
struct Person {
    web: web::Web,
    url: String,
    auth: String,
    workspace: Value,
}

impl Person {
    fn new(simulator: &Value) -> Self {
        let workspace = simulator["toggl"]["workspace_id"].clone();
        let token = simulator["toggl"]["token"].as_str().unwrap();
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{token}:api_token"));
        let api = simulator["toggl"]["api"].as_str().unwrap();
        let url = format!("{api}/workspaces/{workspace}/time_entries");
        Self { web: web::Web::new(), url, auth: format!("Basic {basic}"), workspace }
    }

    async fn track(&self, mark: &str) {
        let start = Utc::now() - TimeDelta::minutes(10);
        let body = json!({
            "created_with": "bench", "workspace_id": self.workspace, "description": mark, "duration": 60,
            "start": start.to_rfc3339_opts(SecondsFormat::Secs, true),
        });
        let headers = [("Authorization", self.auth.as_str()), ("X-Simulator-Person", "1")];
        self.web.must(Method::POST, &self.url, &headers, Some(body)).await;
    }
}

/// Waits until Clockify was asked to create so many entries; when, by their marks.
async fn arrived(office: &office::Office, count: usize) -> BTreeMap<String, DateTime<Utc>> {
    for _ in 0..240 {
        let rows = office.admin(Method::GET, "/requests", None).await;
        let mut created = BTreeMap::new();
        for row in rows.as_array().unwrap() {
            let is_create = row["service"] == "clockify" && row["method"] == "POST";
            let mark = row["body"]["description"].as_str();
            let time = row["time"].as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
            if let (true, Some(mark), Some(time)) = (is_create, mark, time) {
                created.entry(mark.to_owned()).or_insert(time.to_utc());
            }
        }
        if created.len() >= count {
            return created;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("not everything came to Clockify");
}

/// When each entry's delivery was noted in the inbox.
fn arrivals(folder: &Path) -> BTreeMap<String, DateTime<Utc>> {
    let (inbox, _) = Inbox::open(Arc::new(RealDisk::open(folder).unwrap()), InboxOptions::default()).unwrap();
    let mut came = BTreeMap::new();
    let mut next = 1;
    loop {
        let stored = inbox.read_from(next, 500).unwrap();
        let Some(last) = stored.last() else { return came };
        next = last.seq + 1;
        for delivery in &stored {
            let text = String::from_utf8_lossy(&delivery.payload);
            let mark = text.split("mark-").nth(1).map(|rest| {
                let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
                format!("mark-{number}")
            });
            if let Some(mark) = mark {
                came.entry(mark).or_insert(DateTime::from_timestamp_nanos(delivery.unix_ns));
            }
        }
    }
}
