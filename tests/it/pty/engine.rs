//! `hourwire` alone: it starts an engine that outlives it, attaches, and asks about it when it leaves.

use std::path::Path;
use std::time::{Duration, Instant};

use hourwire::config::state::owner;
use rustix::process::{Pid, Signal, kill_process};

use super::terminal::{CEILING, Terminal};
use crate::acceptance::rig::{Rig, Settings, write_private};
use crate::process::Process;

/// Ends the engine of a folder when the test is over, whatever became of it.
struct Tidy<'a>(&'a Path);

impl Drop for Tidy<'_> {
    fn drop(&mut self) {
        let Some(pid) = engine(self.0).and_then(|pid| Pid::from_raw(pid.cast_signed())) else { return };
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// The process that holds the state folder.
fn engine(state: &Path) -> Option<u32> {
    owner(state).ok().flatten().map(|owner| owner.pid)
}

fn is_free(state: &Path) {
    let end = Instant::now() + CEILING;
    while engine(state).is_some() {
        assert!(Instant::now() < end, "the engine stays");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_asks_about_the_engine_that_this_viewer_started() {
    let rig = Rig::new(61).await;
    let seat = rig.engine("a", &Settings::default());
    let state = seat.state();
    let _tidy = Tidy(&state);
    let mut t = Terminal::hourwire(&seat.home, &[], &[]);
    t.shows(&["hook ok", "? help"]);
    t.keys("q");
    t.shows(&["Enter keeps the engine running", "s stop it"]);
    t.keys("\x1b");
    t.hides("Enter keeps the engine running");
    t.keys("q\r");
    assert_eq!(t.ended(), 0);
    t.is_given_back();
    let kept = engine(&state).expect("the engine runs on");

    // Somebody else's engine is not asked about.
    let mut t = Terminal::hourwire(&seat.home, &[], &[]);
    t.shows(&["hook ok", "? help"]);
    t.keys("q");
    assert_eq!(t.ended(), 0);
    assert_eq!(engine(&state), Some(kept));
    let pid = Pid::from_raw(kept.cast_signed()).expect("a pid");
    kill_process(pid, Signal::TERM).expect("signalled");
    is_free(&state);

    let mut t = Terminal::hourwire(&seat.home, &[], &[]);
    t.shows(&["hook ok", "? help"]);
    t.keys("q");
    t.shows(&["s stop it"]);
    t.keys("s");
    assert_eq!(t.ended(), 0);
    t.is_given_back();
    is_free(&state);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_up_leaves_the_engine_running() {
    let rig = Rig::new(62).await;
    let seat = rig.engine("a", &Settings::default());
    let state = seat.state();
    let _tidy = Tidy(&state);
    let mut t = Terminal::hourwire(&seat.home, &[], &[]);
    t.shows(&["hook ok", "? help"]);
    let kept = engine(&state);
    t.signal(Signal::HUP);
    assert_eq!(t.ended(), 0);
    t.is_given_back();
    assert!(kept.is_some() && engine(&state) == kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_theme_chosen_on_the_screen_is_kept_in_the_settings() {
    let rig = Rig::new(63).await;
    let seat = rig.engine("a", &Settings::default());
    let path = seat.home.join("config/hourwire.toml");
    let before =
        std::fs::read_to_string(&path).expect("the settings") + "\n# mine\n[ui]\nmouse = false # no\n";
    write_private(&path, &before);
    let _engine = seat.serve().await;
    let dark = [("COLORTERM", "truecolor")];
    let mut t = Terminal::hourwire(&seat.home, &[], &dark);
    t.shows(&["hook ok", "? help"]);
    let colours = |t: &Terminal| {
        let cell = |x| t.screen().cell(0, x).expect("on the screen");
        (cell(2).fgcolor(), cell(2).bgcolor())
    };
    let plain = colours(&t);
    t.keys(":theme nord\r");
    t.shows(&["theme nord, kept in hourwire.toml"]);
    let nord = colours(&t);
    assert_ne!(nord, plain);
    t.keys("q");
    assert_eq!(t.ended(), 0);
    let after = std::fs::read_to_string(&path).expect("the settings");
    assert_eq!(after, before.clone() + "theme = \"nord\"\n");
    let mut t = Terminal::hourwire(&seat.home, &[], &dark);
    t.shows(&["hook ok", "? help"]);
    assert_eq!(colours(&t), nord);
    t.keys("q");
    assert_eq!(t.ended(), 0);
    t.is_given_back();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_runs_needs_no_configuration_to_be_looked_at() {
    let home = tempfile::tempdir().expect("a folder");
    let state = home.path().join("state");
    let shown = state.display().to_string();
    let mut demo = Process::start(home.path(), &["demo", "--headless", "--seed", "7", "--state-dir", &shown]);
    demo.ready().await;
    assert!(!home.path().join("config").exists(), "there is no configuration");
    let mut t = Terminal::hourwire(home.path(), &["--state-dir", &shown], &[]);
    t.shows(&["[HP]", "1 Today", "? help"]);
    t.keys("q");
    assert_eq!(t.ended(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_was_killed_is_started_again_but_not_one_that_was_stopped() {
    let rig = Rig::new(64).await;
    let seat = rig.engine("a", &Settings::default());
    let state = seat.state();
    let _tidy = Tidy(&state);
    let mut t = Terminal::hourwire(&seat.home, &[], &[]);
    t.shows(&["hook ok", "? help"]);
    let first = engine(&state).expect("an engine");
    kill_process(Pid::from_raw(first.cast_signed()).expect("a pid"), Signal::KILL).expect("signalled");
    t.shows(&["engine lost", "starting it again"]);
    t.hides("engine lost");
    t.shows(&["hook ok"]);
    let second = engine(&state).expect("another engine");
    assert_ne!(second, first);

    kill_process(Pid::from_raw(second.cast_signed()).expect("a pid"), Signal::TERM).expect("signalled");
    t.shows(&["the engine was stopped", "E starts it again"]);
    is_free(&state);
    t.keys("E");
    t.shows(&["hook ok"]);
    t.hides("engine lost");
    assert!(engine(&state).is_some_and(|third| third != second));
    t.keys("q");
    t.shows(&["s stop it"]);
    t.keys("s");
    assert_eq!(t.ended(), 0);
    is_free(&state);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_engine_is_started_by_a_key_alone() {
    let rig = Rig::new(65).await;
    let seat = rig.engine("a", &Settings::default());
    let state = seat.state();
    let _tidy = Tidy(&state);
    let served = seat.serve().await;
    let mut t = Terminal::hourwire(&seat.home, &[], &[]);
    t.shows(&["hook ok", "? help"]);
    let first = engine(&state).expect("an engine");
    kill_process(Pid::from_raw(first.cast_signed()).expect("a pid"), Signal::KILL).expect("signalled");
    t.shows(&["engine lost", "`hourwire serve` or E starts it"]);
    assert_eq!(engine(&state), None);
    t.keys(":start eng\r");
    t.shows(&["hook ok"]);
    t.hides("engine lost");
    assert!(engine(&state).is_some_and(|second| second != first));
    t.keys("qs");
    assert_eq!(t.ended(), 0);
    is_free(&state);
    drop(served);
}
