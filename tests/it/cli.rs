//! The binary from outside: help, exit codes, and one-shot commands against an engine played by the test.

mod output;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use hourwire::config::state::{EngineLock, HostedBy, LockInfo};
use hourwire::control::command::{Price, Reply, Wish};
use hourwire::control::link::{Door, EngineEnd};
use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::control::snapshot::{IncidentStep, Snapshot};
use hourwire::control::socket::{Limits, listen};
use hourwire::control::view::{DetailLine, IncidentRow, Page, Row, ViewKind};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine_state::well;

fn hourwire(state: &Path, args: &[&str]) -> Output {
    hourwire_into(state, args, Stdio::piped())
}

fn hourwire_into(state: &Path, args: &[&str], stdout: Stdio) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hourwire"))
        .args(args)
        .env_clear()
        .env("HOME", state)
        .env("HOURWIRE_STATE_DIR", state)
        .env("HOURWIRE_CONFIG_DIR", state)
        .stdout(stdout)
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Every path of subcommands, as the help lists them.
fn commands(state: &Path, path: &[String]) -> Vec<Vec<String>> {
    let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
    args.push("--help");
    let help = text(&hourwire(state, &args).stdout);
    let mut found = vec![path.to_vec()];
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for line in listed {
        let Some(name) = line.strip_prefix("  ").and_then(|line| line.split_whitespace().next()) else {
            continue;
        };
        let is_name = line.as_bytes().get(2).is_some_and(|byte| *byte != b' ');
        if is_name && name != "help" {
            let mut deeper = path.to_vec();
            deeper.push(name.to_owned());
            found.extend(commands(state, &deeper));
        }
    }
    found
}

#[test]
fn every_command_shows_an_example_in_its_help() {
    let state = tempfile::tempdir().expect("a folder");
    let all = commands(state.path(), &[]);
    assert!(all.len() > 8, "{all:?}");
    for path in all {
        let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
        args.push("--help");
        let output = hourwire(state.path(), &args);
        let help = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{path:?}");
        let is_group = help.contains("\nCommands:") && !path.is_empty();
        assert!(is_group || help.contains("Example:\n  hourwire"), "no example in {path:?}:\n{help}");
    }
}

#[test]
fn wrong_usage_exits_2_and_says_so_on_standard_error() {
    let state = tempfile::tempdir().expect("a folder");
    for args in [
        &["no-such-command"][..],
        &["status", "--no-such-option"],
        &["status", "--log", "nonsense"],
        &["backfill", "--from", "yesterday", "--to", "2026-03-02"],
        &["backfill", "--from", "2026-03-02", "--to", "2026-03-01"],
    ] {
        let output = hourwire(state.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn without_an_engine_commands_exit_3_and_name_the_cure() {
    let state = tempfile::tempdir().expect("a folder");
    for args in [&["status", "--json"][..], &["hold"], &["sync", "status"], &["why", "1"]] {
        let output = hourwire(state.path(), args);
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        let complaint = text(&output.stderr);
        assert!(complaint.starts_with("hourwire: ") && complaint.contains("hourwire serve"), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "one sentence, no backtrace: {complaint}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn completions_know_the_commands() {
    let state = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&hourwire(state.path(), &["completions", shell]).stdout);
        assert!(script.contains("backfill") && script.contains("state-dir"), "{shell}");
    }
}

/// A socket in a state folder, announced by a lock file, with the test as engine behind it.
struct Stage {
    state: TempDir,
    arrivals: mpsc::Receiver<EngineEnd>,
    _lock: EngineLock,
    _cancel: tokio_util::sync::DropGuard,
}

fn stage() -> Stage {
    let state = tempfile::tempdir().expect("a folder");
    let socket = state.path().join("control.sock");
    let (door, arrivals) = Door::new();
    let cancel = CancellationToken::new();
    listen(&socket, door, Limits::default(), cancel.clone()).expect("listening");
    let info = LockInfo {
        pid: std::process::id(),
        version: "0.1.0".into(),
        control: socket,
        started_at: chrono::DateTime::UNIX_EPOCH,
        hosted_by: HostedBy::Serve,
    };
    let lock = EngineLock::acquire(state.path(), &info).expect("nobody else has it");
    Stage { state, arrivals, _lock: lock, _cancel: cancel.drop_guard() }
}

/// Plays an engine that answers each message with what `answer` makes of it.
async fn play(mut arrivals: mpsc::Receiver<EngineEnd>, answer: impl Fn(ToEngine) -> Option<FromEngine>) {
    while let Some(mut end) = arrivals.recv().await {
        while let Some(message) = end.from_viewer.recv().await {
            if let Some(reply) = answer(message)
                && end.to_viewer.send(reply).await.is_err()
            {
                break;
            }
        }
    }
}

async fn run_against(
    stage: Stage,
    args: &'static [&'static str],
    answer: impl Fn(ToEngine) -> Option<FromEngine>,
) -> Output {
    let Stage { state, arrivals, _lock, _cancel } = stage;
    let command = tokio::task::spawn_blocking(move || hourwire(state.path(), args));
    tokio::select! {
        output = command => output.expect("the command ended"),
        () = play(arrivals, answer) => panic!("the door closed first"),
    }
}

fn with_snapshot(message: ToEngine) -> Option<FromEngine> {
    matches!(message, ToEngine::Resync).then(|| FromEngine::Snapshot(Box::new(well())))
}

#[tokio::test]
async fn status_prints_the_object_and_exits_by_how_it_is() {
    let output = run_against(stage(), &["status", "--json"], with_snapshot).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(status["hosted_by"], "serve");
    assert_eq!(status["targets"][0]["synced"], 412);

    let output = run_against(stage(), &["status"], |message| {
        matches!(message, ToEngine::Resync).then(|| {
            let mut snapshot = well();
            snapshot.targets[0].trouble = "refuses \x1b[31mall".into();
            FromEngine::Snapshot(Box::new(snapshot))
        })
    })
    .await;
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output.stdout);
    assert!(table.contains("refuses") && !table.contains('\x1b'), "{table:?}");
}

#[tokio::test]
async fn a_wish_is_carried_and_its_answer_printed() {
    let output = run_against(stage(), &["hold", "--target", "mirror"], |message| match message {
        ToEngine::Command(command) => {
            let held =
                matches!(&command.wish, Wish::Hold { target: Some(target) } if target.as_str() == "mirror");
            assert_eq!(command.id.len(), 32);
            let reply = if held { Reply::Done { say: "mirror held".into() } } else { Reply::Accepted };
            Some(FromEngine::Reply { id: command.id, reply })
        }
        _ => None,
    })
    .await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "mirror held\n");

    let output = run_against(
        stage(),
        &["backfill", "--from", "2026-03-01", "--to", "2026-03-02", "--dry-run"],
        |message| match message {
            ToEngine::Command(command) => {
                let Wish::Backfill { dry: true, .. } = command.wish else { panic!("not a dry backfill") };
                Some(FromEngine::Reply {
                    id: command.id,
                    reply: Reply::Failed { reason: "no quota left".into() },
                })
            }
            _ => None,
        },
    )
    .await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "hourwire: no quota left\n");
}

/// An engine that refuses every wish with the words of a service out of reach, as it is after `change`.
fn refuses(message: ToEngine, change: fn(&mut Snapshot)) -> Option<FromEngine> {
    match message {
        ToEngine::Command(command) => {
            let reason = "there is no target account `nosuch`".into();
            Some(FromEngine::Reply { id: command.id, reply: Reply::Failed { reason } })
        }
        ToEngine::Resync => {
            let mut snapshot = well();
            snapshot.accounts[0].user = Some("Ida Kern".into());
            change(&mut snapshot);
            Some(FromEngine::Snapshot(Box::new(snapshot)))
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_command_at_a_service_out_of_reach_names_it_and_exits_3() {
    let offline = |s: &mut Snapshot| {
        s.accounts[0].trouble = Some("offline 10:24".into());
        s.accounts[0].why = Some("connection refused".into());
    };
    let create = &["webhooks", "create"];
    for args in [&create[..], &["webhooks", "test"], &["webhooks", "test", "999"], &["webhooks", "enable"]] {
        let output = run_against(stage(), args, move |message| refuses(message, offline)).await;
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        let said = text(&output.stderr);
        let words = "hourwire: Toggl can't be reached for main (offline 10:24: connection refused)";
        assert!(said.starts_with(words), "{args:?}: {said}");
    }
    // Before its first answer nothing is known of the account.
    let output = run_against(stage(), create, |m| refuses(m, |s| s.accounts[0].user = None)).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("Toggl has not answered yet for main"), "{}", text(&output.stderr));
    // A refusal by a service that answers stays what it is.
    let output = run_against(stage(), create, |m| refuses(m, |_| ())).await;
    assert_eq!(output.status.code(), Some(1));
    let output = run_against(stage(), &["webhooks", "test", "999"], |m| refuses(m, |_| ())).await;
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn a_target_that_nobody_has_is_wrong_usage() {
    for args in [&["hold", "--target", "nosuch"][..], &["release", "--target", "nosuch"]] {
        let output = run_against(stage(), args, |message| refuses(message, |_| ())).await;
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = text(&output.stderr);
        assert!(said.contains("no target account `nosuch`; the targets are: mirror"), "{said}");
    }
    let output = run_against(stage(), &["hold", "--target", "mirror"], |m| refuses(m, |_| ())).await;
    assert_eq!(output.status.code(), Some(1), "a refusal of one that is there is none");
}

#[tokio::test]
async fn prices_pings_and_retries_are_told_in_json_too() {
    let told = |message| match message {
        ToEngine::Command(command) => {
            let reply = match command.wish {
                Wish::Backfill { dry: true, .. } => Reply::Price(Price {
                    creates: 4,
                    requests: 5,
                    say: "4 entries".into(),
                    ..Price::default()
                }),
                Wish::Test { .. } => Reply::Done { say: "a signed PING arrived after 0.4 s".into() },
                other => panic!("not asked for: {other:?}"),
            };
            Some(FromEngine::Reply { id: command.id, reply })
        }
        ToEngine::Open(_) => {
            Some(FromEngine::Page(Page { view: 1, rev: 1, total: 0, unfiltered: 0, offset: 0, rows: vec![] }))
        }
        other => with_snapshot(other),
    };
    for (args, expected) in [
        (
            &["backfill", "--from", "2026-03-01", "--to", "2026-03-02", "--dry-run", "--json"][..],
            json!({"creates": 4, "moves": 0, "requests": 5, "left": null, "say": "4 entries"}),
        ),
        (&["webhooks", "test", "--json"], json!({"say": "a signed PING arrived after 0.4 s"})),
        (&["sync", "retry", "--json"], json!({"sent": 0})),
    ] {
        let output = run_against(stage(), args, told).await;
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(found, expected, "{args:?}");
    }
}

#[tokio::test]
async fn why_looks_in_every_source_and_says_when_nothing_is_known() {
    let page = |rows: Vec<Row>| {
        let total = u32::try_from(rows.len()).expect("few");
        FromEngine::Page(Page { view: 1, rev: 1, total, unfiltered: total, offset: 0, rows })
    };
    let known = move |message| match message {
        ToEngine::Open(_) => Some(page(vec![Row::Detail(DetailLine {
            label: "mirror".into(),
            value: "synced".into(),
            why: "confirmed 12:00".into(),
        })])),
        _ => None,
    };
    let output = run_against(stage(), &["why", "main/77"], known).await;
    assert_eq!(text(&output.stdout), "mirror  synced  confirmed 12:00\n");

    let unknown = move |message| match message {
        ToEngine::Open(_) => Some(page(Vec::new())),
        other => with_snapshot(other),
    };
    let output = run_against(stage(), &["why", "78"], unknown).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no entry 78"));
}

#[tokio::test]
async fn incidents_are_listed_and_one_is_told_with_its_timeline() {
    let at = chrono::DateTime::from_timestamp(1_772_452_800, 0).expect("a time");
    let incident = |id: u64, closed: bool| {
        Row::Incident(IncidentRow {
            id,
            kind: "subscription disabled".into(),
            account: Some("main".into()),
            about: "ME hourwire den".into(),
            opened_at: at,
            began_at: None,
            closed_at: closed.then_some(at),
            cause: "HTTP 502 ×3".into(),
            recovered: 6,
            requests: 4,
            last: "accepted".into(),
        })
    };
    let told = move |message| {
        let rows = match message {
            ToEngine::Open(open) if open.kind == ViewKind::Incidents => {
                vec![incident(8, open.filter == "main"), incident(7, true)]
            }
            ToEngine::Open(open) if open.kind == (ViewKind::Incident { id: 7 }) => {
                vec![Row::Step(IncidentStep {
                    at,
                    what: "enable".into(),
                    answer: "accepted".into(),
                    requests: 1,
                })]
            }
            _ => return None,
        };
        let total = u32::try_from(rows.len()).expect("few");
        Some(FromEngine::Page(Page { view: 1, rev: 1, total, unfiltered: total, offset: 0, rows }))
    };
    let output = run_against(stage(), &["webhooks", "incidents"], told).await;
    assert_eq!(output.status.code(), Some(1), "one is open: {}", text(&output.stderr));
    let listed = text(&output.stdout);
    assert!(listed.contains("8  2026-03-02 12:00:00Z  open") && listed.contains("HTTP 502 ×3"), "{listed}");
    let output = run_against(stage(), &["webhooks", "incidents", "--filter", "main"], told).await;
    assert_eq!(output.status.code(), Some(0));
    let output = run_against(stage(), &["webhooks", "incidents", "7", "--json"], told).await;
    assert_eq!(output.status.code(), Some(0));
    let one: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&one["id"], &one["recovered"]), (&json!(7), &json!(6)));
    assert_eq!(one["timeline"][0]["answer"], "accepted");
    let output = run_against(stage(), &["webhooks", "incidents", "9"], told).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("there is no incident 9"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn an_engine_that_leaves_in_the_middle_is_exit_3() {
    let Stage { state, mut arrivals, _lock, _cancel } = stage();
    let command = tokio::task::spawn_blocking(move || hourwire(state.path(), &["status"]));
    drop(arrivals.recv().await.expect("the command came"));
    let output = command.await.expect("the command ended");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("left"));
}

#[test]
fn themes_are_listed_and_a_broken_one_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = hourwire(folder.path(), &["themes", "--json"]);
    let themes: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(themes.as_array().map(Vec::len), Some(10));
    std::fs::create_dir(folder.path().join("themes")).expect("made");
    std::fs::write(folder.path().join("themes/mine.toml"), "text = 12").expect("written");
    let output = hourwire(folder.path(), &["themes"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("themes/mine.toml:1"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("high-contrast"));
}

#[test]
fn the_dashboard_without_a_terminal_says_what_to_type_instead() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = hourwire(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(text(&output.stderr).contains("hourwire status"), "{}", text(&output.stderr));
}
