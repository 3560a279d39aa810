//! The black box with a month of deliveries: from a question at the door to the page that answers it.
//!
//! `cargo bench --bench black_box`. An engine in this process over an inbox on the real disk. Drawing is not in the
//! figures. `HOURWIRE_BENCH_DELIVERIES` sets how many are kept (default 30,000). Under `cargo test` it runs small and
//! once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic)] // a program for developers

#[path = "../it/books.rs"]
mod books;
#[path = "figures.rs"]
mod figures;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use hourwire::cache::{Memory, rows};
use hourwire::control::link::{ViewerEnd, pair};
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::control::view::{Open, Page, ViewKind};
use hourwire::domain::delivery::Delivered;
use hourwire::domain::policy::Policy;
use hourwire::engine::seams::Seams;
use hourwire::engine::setup::Setup;
use hourwire::engine::{Engine, Parts, catch_up};
use hourwire::journal::{
    Frame, Inbox, InboxOptions, InboxWriter, Ledger, LedgerOptions, Op, RealDisk, SimDisk,
};
use serde_json::json;

const WORDS: [&str; 6] = ["Wireframes", "Review", "Checkout", "Estimate", "Stand-up", "Interviews"];

fn main() {
    let many = std::env::var("HOURWIRE_BENCH_DELIVERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(30_000);
    let many = if figures::is_measured() { many } else { 300 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(many));
}

/// A month of deliveries of some 1.1 KiB each.
fn fill(inbox: &mut Inbox, many: i64) {
    let begin = Utc::now() - TimeDelta::days(30);
    for n in 0..many {
        let at = begin + TimeDelta::seconds(n * 86);
        let id = 3_990_000_000 + n / 3;
        let body = json!({"event_id": 7_412_093_355_218_840_i64 + n, "created_at": at.to_rfc3339(), "creator_id": 5_550_001,
            "metadata": {"action": (if n % 3 == 0 { "created" } else { "updated" }), "event_user_id": "5550001",
                "model": "time_entry", "path": format!("/api/v9/workspaces/4440001/time_entries/{id}"),
                "request_body": "x".repeat(200), "request_type": "PUT", "time_entry_id": id.to_string(),
                "workspace_id": "4440001"},
            "payload": {"at": at.to_rfc3339(), "billable": true, "description": format!("{} {n}", WORDS[n as usize % 6]),
                "duration": 2709, "id": id, "project_id": 2_220_007, "server_deleted_at": null,
                "start": (at - TimeDelta::seconds(2709)).to_rfc3339(), "stop": at.to_rfc3339(), "tag_ids": [330_011],
                "tags": ["design"], "user_id": 5_550_001, "workspace_id": 4_440_001},
            "subscription_id": 20_417, "timestamp": at.to_rfc3339(),
            "url_callback": "https://hooks.example.com/hooks/mfrggzdfmztwq2lknnwg23tpob"});
        let headers = vec![("x-webhook-signature-256".to_owned(), format!("sha256={}", "0".repeat(64)))];
        let one = Delivered { hook: "main".into(), received_at: at, headers, body: body.to_string().into() };
        inbox.append(&one.encode(), at.timestamp_nanos_opt().unwrap()).unwrap();
    }
    inbox.sync().unwrap();
}

async fn measure(many: i64) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(RealDisk::open(folder.path().join("inbox")).unwrap());
    let (mut inbox, _) = Inbox::open(disk, InboxOptions::default()).unwrap();
    fill(&mut inbox, many);
    let bytes = inbox.reader().bytes();
    println!(
        "{many} deliveries, {:.1} MB on disk, load average {}",
        bytes as f64 / 1e6,
        figures::load_average()
    );
    let ns: hourwire::journal::Clock = Arc::new(|| Utc::now().timestamp_nanos_opt().unwrap());
    let inbox = InboxWriter::inline(Arc::new(Mutex::new(inbox)), ns);
    let (mut ledger, _) = Ledger::open(Arc::new(SimDisk::new(1)), LedgerOptions::default()).unwrap();
    // All of them were applied long ago.
    let cursor = rows::encode(&many.cast_unsigned()).unwrap();
    let ops = vec![Op::Put { key: rows::meta("cursor"), value: cursor, expires: None }];
    ledger.append(&Frame { ops }).unwrap();
    ledger.sync().unwrap();
    let ledger = Arc::new(Mutex::new(ledger));
    let store = Arc::new(Memory::new(rows::index));
    catch_up(&ledger, store.as_ref()).unwrap();
    let setup = Setup {
        sources: Vec::new(),
        targets: Vec::new(),
        policy: Policy::default(),
        public_url: None,
        instance: "hourwire den 0f1e".into(),
        hosted_by: "serve".into(),
        mapping: Arc::new(books::Fixed::default()),
        hooks: Arc::new(books::NoHooks::default()),
    };
    let parts = Parts { setup, seams: Seams::real(None), ledger, store, inbox };
    let engine = Engine::new(parts);
    let (door, arrivals) = tokio::sync::mpsc::channel(1);
    let running = tokio::spawn(engine.clone().run(arrivals));
    let (mut viewer, end) = pair();
    door.send(end).await.unwrap();
    let hello = ToEngine::Hello { protocol: PROTOCOL, version: "0".into(), viewer: "bench".into() };
    viewer.to_engine.send(hello).await.unwrap();

    let began = Instant::now();
    while ask(&mut viewer, "", 0).await.0.total < u32::try_from(many).unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("indexed after a start in {:?}, beside other work", began.elapsed());
    let mut opening = Vec::new();
    let mut typing = Vec::new();
    let mut known = Vec::new();
    let mut scrolling = Vec::new();
    for round in 0..20 {
        opening.push(ask(&mut viewer, "", 0).await.1);
        let words =
            ["e", "es", "est", "esti", "estimate", "estimate updated", "3990001 rev", "nothing holds this"];
        for word in words {
            typing.push(ask(&mut viewer, word, 0).await.1);
        }
        for word in ["2026", "2026-11-2", "05:1", "05:10", "20nov", "2220007", "main estimate", "99:99"] {
            known.push(ask(&mut viewer, word, 0).await.1);
        }
        for step in 0..10 {
            let offset = u32::try_from(many * (step + 1) / 11).unwrap() + round;
            scrolling.push(ask(&mut viewer, "", offset).await.1);
        }
    }
    figures::head();
    for (what, times) in [
        ("open", opening),
        ("type a letter of a filter", typing),
        ("type a day, a time, an id, an account", known),
        ("scroll", scrolling),
    ] {
        let mut ms: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        figures::row(what, &mut ms, "ms", "50 ms");
    }
    engine.stop();
    drop(door);
    let _ = running.await;
}

/// One question, and how long its page took.
async fn ask(viewer: &mut ViewerEnd, filter: &str, offset: u32) -> (Page, Duration) {
    let began = Instant::now();
    let open = Open { view: 1, kind: ViewKind::Deliveries, filter: filter.to_owned(), offset, rows: 300 };
    viewer.to_engine.send(ToEngine::Open(open)).await.unwrap();
    loop {
        if let FromEngine::Page(page) = viewer.from_engine.recv().await.expect("the engine stays")
            && page.view == 1
        {
            viewer.to_engine.send(ToEngine::Close { view: 1 }).await.unwrap();
            return (page, began.elapsed());
        }
    }
}
