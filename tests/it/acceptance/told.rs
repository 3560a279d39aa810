//! The person's command at an incident's begin and end, run by a served process; whatever it does, the engine goes on.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::rig::{PATIENCE, Rig, Seat, Settings, write_private};
use crate::process::Process;

/// Lets the subscription be removed while the engine is off: at its start an incident opens, and closes when the gap
/// is read.
async fn incident(rig: &mut Rig, seat: &Seat) -> Process {
    let engine = seat.serve().await;
    let status = seat.subscribed().await;
    assert_eq!(engine.stop().await, Some(0));
    rig.office.unsubscribe(&status["subscriptions"][0]["id"]).await;
    rig.office.create().await;
    seat.serve().await
}

/// The seat of an engine with a command.
fn seated(rig: &Rig, script: &str) -> (Seat, PathBuf) {
    // The folder is known before the settings name the script in it.
    let folder = rig.engine("a", &Settings::default()).home;
    let path = folder.join("told.sh");
    write_private(&path, script);
    let hooks = format!("\n[hooks]\nincident = \"sh {}\"\n", path.display());
    let seat = rig.engine("a", &Settings { toggl: &hooks, ..Settings::default() });
    (seat, folder)
}

async fn lines(path: &Path, many: usize) -> Vec<String> {
    let began = Instant::now();
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.lines().count() >= many {
            return text.lines().map(str::to_owned).collect();
        }
        assert!(began.elapsed() < PATIENCE, "never {many} lines: {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All log lines of the process.
fn logged(seat: &Seat) -> String {
    let files = std::fs::read_dir(seat.state().join("logs")).expect("a folder of logs");
    files.map(|file| std::fs::read_to_string(file.expect("a file").path()).unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_has_the_facts_at_the_begin_and_at_the_end() {
    let mut rig = Rig::new(71).await;
    let (seat, folder) = seated(
        &rig,
        "printf '%s\\n' \"$HOURWIRE_FACTS\" > \"$HOME/facts.$$\"\n\
         printf '%s %s\\n' \"$HOURWIRE_EVENT\" \"facts.$$\" >> \"$HOME/told\"\n",
    );
    let engine = incident(&mut rig, &seat).await;
    let told = lines(&folder.join("told"), 2).await;
    let facts: Vec<Value> = told
        .iter()
        .map(|line| {
            let (event, file) = line.split_once(' ').expect("two words");
            assert_eq!(event, "incident");
            let text = std::fs::read_to_string(folder.join(file)).expect("the facts");
            serde_json::from_str(&text).expect("JSON")
        })
        .collect();
    for (facts, happened) in facts.iter().zip(["open", "close"]) {
        assert_eq!((&facts["id"], facts["kind"].as_str()), (&Value::from(1), Some("subscription removed")));
        assert_eq!(facts["happened"], happened, "{facts}");
        assert_eq!(facts["cause"], "removed in the web page");
        assert_eq!(facts["subscription"]["account"], "main");
    }
    assert!(facts[0]["closed_at"].is_null() && facts[1]["closed_at"].is_string());
    assert_eq!(facts[1]["recovered"], 1, "{}", facts[1]);
    let steps: Vec<&str> =
        facts[1]["timeline"].as_array().expect("steps").iter().filter_map(|s| s["what"].as_str()).collect();
    assert_eq!((steps.first(), steps.last()), (Some(&"evidence"), Some(&"gap-fill")));
    let spent = facts[1]["requests"].as_u64().expect("a number");
    assert!((1..=6).contains(&spent), "{spent} requests");
    rig.settle().await;
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(std::fs::read_to_string(folder.join("told")).unwrap().lines().count(), 2, "once each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_hangs_or_fails_is_ended_and_logged_and_hurts_nobody() {
    let mut rig = Rig::new(72).await;
    // At the begin it hangs with a child of its own, at the end it fails.
    let (seat, folder) = seated(
        &rig,
        "echo begun >> \"$HOME/told\"\n\
         case \"$HOURWIRE_FACTS\" in\n\
         *'\"happened\":\"open\"'*) while sleep 0.1; do echo beat >> \"$HOME/beats\"; done & wait;;\n\
         esac\n\
         exit 3\n",
    );
    let engine = incident(&mut rig, &seat).await;
    lines(&folder.join("told"), 1).await;
    // It hangs now, and the work goes on.
    seat.subscribed().await;
    for _ in 0..5 {
        rig.office.act().await;
    }
    rig.settle().await;
    let status = seat.until("the incident ends", |s| s["incidents"][0]["closed_at"].is_string()).await;
    assert!(status["incidents"][0]["recovered"].as_u64() >= Some(1), "{status}");
    // After its time it is ended, with its children, and the next news is told.
    lines(&folder.join("told"), 2).await;
    let began = Instant::now();
    let beats = || std::fs::read_to_string(folder.join("beats")).expect("its child ran").len();
    loop {
        let before = beats();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if beats() == before {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "what the command started lives on");
    }
    while !(logged(&seat).contains("took too long") && logged(&seat).contains("the hook's command failed")) {
        assert!(began.elapsed() < PATIENCE, "it is in no log");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rig.office.create().await;
    rig.settle().await;
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_kill_cut_off_is_told_at_the_next_start_and_then_never_again() {
    let mut rig = Rig::new(74).await;
    // The first run of the command never ends; the runs after it say what happened.
    let (seat, folder) = seated(
        &rig,
        "echo began >> \"$HOME/began\"\n\
         test -e \"$HOME/again\" || sleep 300\n\
         printf '%s\\n' \"$HOURWIRE_FACTS\" | grep -o '\"happened\":\"[a-z]*\"' >> \"$HOME/told\"\n",
    );
    let engine = incident(&mut rig, &seat).await;
    lines(&folder.join("began"), 1).await;
    engine.kill().await;
    std::fs::write(folder.join("again"), "").expect("written");
    let engine = seat.serve().await;
    let both = ["\"happened\":\"open\"", "\"happened\":\"close\""];
    assert_eq!(lines(&folder.join("told"), 2).await, both);
    assert_eq!(engine.stop().await, Some(0));
    // Another start, and time enough for several looks: told is told.
    let engine = seat.serve().await;
    seat.until("it is up", |s| s["uptime_s"].as_u64() >= Some(4)).await;
    assert_eq!(lines(&folder.join("told"), 2).await, both);
    assert_eq!(engine.stop().await, Some(0));
}
