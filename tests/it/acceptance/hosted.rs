//! Commands where no engine runs: what is kept is told without a request, what is asked for is done, and whoever comes
//! to stay gets its turn.

use std::process::Output;
use std::time::Instant;

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use tokio::time::timeout;

use super::rig::{PATIENCE, Rig, Seat, Settings};
use crate::process::Process;

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn range() -> [String; 4] {
    let day = |days: i64| (Utc::now() + TimeDelta::days(days)).date_naive().to_string();
    ["--from".into(), day(-60), "--to".into(), day(1)]
}

fn backfill(range: &[String; 4]) -> Vec<&str> {
    std::iter::once("backfill").chain(range.iter().map(String::as_str)).collect()
}

/// Ours; the office's own are a person's.
async fn asked(rig: &Rig) -> Vec<Value> {
    rig.office.requests().await
}

/// Waits until a command hosts an engine.
async fn hosts(seat: &Seat) {
    let began = Instant::now();
    let lock = seat.state().join("engine.lock");
    while !std::fs::read_to_string(&lock).is_ok_and(|text| text.contains("\"command\"")) {
        assert!(began.elapsed() < PATIENCE, "the command never hosted an engine");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn settled_once(rig: &Rig, seat: &Seat) -> String {
    let engine = seat.serve().await;
    rig.settle().await;
    seat.subscribed().await;
    seat.until_said("all is well").await;
    let mut viewer = seat.viewer().await;
    let page = viewer.page(hourwire::control::view::ViewKind::Entries).await;
    assert_eq!(engine.stop().await, Some(0));
    let first = page.rows.iter().find_map(|row| match row {
        hourwire::control::view::Row::Entry(entry) => Some(entry.key.id.to_string()),
        _ => None,
    });
    first.expect("an entry")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_told_and_decided_without_a_request() {
    let mut rig = Rig::new(91).await;
    for _ in 0..3 {
        rig.office.create().await;
    }
    let seat = rig.engine("a", &Settings::default());
    let fresh = said(&seat.run(&["why", "1"]).await);
    assert_eq!(fresh.0, Some(3), "nothing was ever kept: {fresh:?}");
    let entry = settled_once(&rig, &seat).await;
    let before = asked(&rig).await.len();
    for (args, code, words) in [
        (vec!["why", entry.as_str()], 0, "mirror"),
        (vec!["quota"], 0, "left"),
        (vec!["sync", "status"], 0, "everything is synced"),
        (vec!["webhooks", "list"], 0, "active"),
        (vec!["webhooks", "deliveries", "--json"], 0, "{"),
        (vec!["hold", "--target", "mirror"], 0, ""),
        (vec!["status"], 3, "no engine runs"),
        (vec!["webhooks", "test"], 3, "calls our address"),
        (vec!["webhooks", "create"], 3, "calls our address"),
    ] {
        let (exit, out, err) = said(&seat.run(&args).await);
        assert_eq!(exit, Some(code), "{args:?}: {out}{err}");
        assert!(out.contains(words) || err.contains(words), "{args:?}: {out}{err}");
        assert_eq!(code == 0, err.contains("no engine runs; this is what was known"), "{args:?}: {err}");
    }
    assert_eq!(asked(&rig).await.len(), before, "{:?}", asked(&rig).await.get(before..));
    // The hold was kept: the next engine sends nothing.
    let engine = seat.serve().await;
    seat.until("the hold", |status| status["holds"][0]["target"] == "mirror").await;
    assert_eq!(engine.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_is_done_when_its_command_ends() {
    let mut rig = Rig::new(92).await;
    for _ in 0..6 {
        rig.office.create().await;
    }
    rig.office.stop().await;
    let seat = rig.engine("a", &Settings { public: false, ..Settings::default() });
    // The first start reads all history too, a second for each request.
    let done =
        said(&timeout(PATIENCE, seat.command(&backfill(&range()))).await.expect("it ends").expect("it runs"));
    assert_eq!(done.0, Some(0), "{done:?}");
    assert_eq!(rig.office.present().await, rig.office.implied().await, "{done:?}");
    assert!(!rig.office.present().await.is_empty());
    // The same again finds everything done.
    let made = |rows: &[Value]| super::rig::count(rows, "clockify", "POST", "/time-entries");
    let before = made(&asked(&rig).await);
    assert_eq!(said(&seat.run(&backfill(&range())).await).0, Some(0));
    assert_eq!(made(&asked(&rig).await), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_command_waits_for_its_turn() {
    let mut rig = Rig::new(94).await;
    for _ in 0..5 {
        rig.office.create().await;
    }
    rig.office.stop().await;
    let seat = rig.engine("a", &Settings::default());
    let range = range();
    let first = Process::start(&seat.home, &backfill(&range));
    hosts(&seat).await;
    let refused = said(&seat.run(&["webhooks", "create"]).await);
    assert!(refused.0 == Some(3) && refused.2.contains("calls our address"), "{refused:?}");
    let second = timeout(PATIENCE, seat.command(&backfill(&range))).await.expect("it ends").expect("it runs");
    let second = said(&second);
    assert_eq!(second.0, Some(0), "{second:?}");
    assert!(second.2.contains("another command (pid"), "{second:?}");
    assert_eq!(first.ended().await, Some(0), "each had its turn");
    assert_eq!(rig.office.present().await, rig.office.implied().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_named_and_no_cure_that_is_none() {
    let mut rig = Rig::new(95).await;
    rig.office.create().await;
    rig.office.stop().await;
    let wrong = Settings { public: false, clockify_token: Some("no-such-key"), ..Settings::default() };
    let seat = rig.engine("a", &wrong);
    let done = timeout(PATIENCE, seat.command(&backfill(&range()))).await.expect("it ends").expect("it runs");
    let (code, out, err) = said(&done);
    assert_eq!(code, Some(1), "{out}{err}");
    let last = err.lines().last().unwrap_or_default();
    assert!(last.contains("account mirror") && last.contains("once that is mended"), "{out}{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_comes_to_stay_takes_its_turn() {
    let mut rig = Rig::new(93).await;
    for _ in 0..12 {
        rig.office.create().await;
    }
    let seat = rig.engine("a", &Settings::default());
    let range = range();
    let mut command = Process::start(&seat.home, &backfill(&range));
    hosts(&seat).await;
    let engine = seat.serve().await;
    rig.settle().await;
    assert!(command.has_ended(), "the command left");
    let ids = rig.office.clockify_ids().await;
    assert_eq!(ids.len(), rig.office.implied().await.values().sum::<usize>(), "none twice");
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
