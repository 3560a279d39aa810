//! `hourwire demo`: the tour a person takes in the first minutes.

use std::path::Path;

use rustix::process::Signal;

use super::terminal::Terminal;

fn started(home: &Path, env: &[(&str, &str)]) -> Terminal {
    let mut terminal = Terminal::hourwire(home, &["demo", "--seed", "7"], env);
    terminal.shows(&["[HP]", "1 Today", "hook ok", "Northwind", "? help"]);
    terminal
}

/// The row whose first column is the sign of the focused selection.
fn selected(screen: &vt100::Screen) -> Option<String> {
    screen.rows(0, 80).find(|row| row.starts_with('▸'))
}

#[test]
fn a_tour_of_the_panes_leaves_a_clean_terminal() {
    let home = tempfile::tempdir().expect("a folder");
    let mut t = started(home.path(), &[]);
    assert!(t.screen().alternate_screen() && t.screen().hide_cursor());
    assert!(t.screen().bracketed_paste());
    assert_ne!(t.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    for (key, title) in [
        ("3", "3 Webhooks"),
        ("4", "4 Quota"),
        ("5", "5 Sync"),
        ("7", "7 Log"),
        ("0", "1 Today"),
        ("2", "2 Mapping"),
    ] {
        t.keys(key);
        t.shows(&[title]);
    }
    t.shows(&["Tidewater pilot", "11 projects"]);
    t.until("selected the unmapped project", |s| selected(s).is_some_and(|r| r.contains("Tidewater")));
    t.keys("j");
    t.until("moved down", |s| selected(s).is_some_and(|row| !row.contains("Tidewater")));
    t.keys("k\r");
    t.shows(&["link \"Tidewater pilot\" in Clockify", "create it there"]);
    t.keys("\x1b");
    t.hides("link \"Tidewater pilot\"");
    t.keys("/harbor");
    t.until("filtered", |s| {
        let text = s.contents();
        text.contains("Harbor site") && !text.contains("Lumen")
    });
    t.keys("\x1b");
    t.shows(&["Lumen website"]);
    t.keys("?");
    t.shows(&["Move to the next row"]);
    t.keys("\x1b");
    t.hides("Move to the next row");
    t.keys(":theme nord");
    t.shows(&["theme nord"]);
    t.keys("\r");
    t.hides(":theme");
    t.keys("q");
    assert_eq!(t.ended(), 0);
    t.is_given_back();
    let left: Vec<_> = std::fs::read_dir(home.path()).expect("the folder").collect();
    assert!(left.is_empty(), "the demo left {left:?}");
}

#[test]
fn another_size_shows_the_same_at_once() {
    let home = tempfile::tempdir().expect("a folder");
    let mut t = started(home.path(), &[]);
    t.resize(120, 36);
    t.shows(&["2 Mapping", "3 Webhooks", "4 Quota"]);
    t.keys("\t");
    t.keys("z");
    t.until("zoomed", |s| !s.contents().contains("3 Webhooks") && s.contents().contains("11 projects"));
    for (cols, rows) in [(33, 9), (200, 50), (7, 3), (60, 15), (1, 1)] {
        t.resize(cols, rows);
    }
    t.resize(40, 10);
    t.shows(&["needs 60×15"]);
    t.resize(80, 24);
    t.shows(&["2 Mapping", "Tidewater pilot", "? help"]);
    t.keys("q");
    assert_eq!(t.ended(), 0);
    t.is_given_back();
}

#[test]
fn a_stopped_dashboard_gives_the_terminal_back_and_takes_it_again() {
    let home = tempfile::tempdir().expect("a folder");
    let mut t = started(home.path(), &[]);
    t.keys("5");
    t.shows(&["5 Sync"]);
    // A signal from outside, then the key.
    for stop in [None, Some("\x1a")] {
        match stop {
            None => t.signal(Signal::TSTP),
            Some(key) => t.keys(key),
        }
        t.until("left the other screen", |s| !s.alternate_screen());
        t.is_stopped();
        t.is_given_back();
        t.signal(Signal::CONT);
        t.until("came back", |s| s.alternate_screen() && s.contents().contains("5 Sync"));
        t.keys("4");
        t.shows(&["4 Quota"]);
        t.keys("5");
        t.shows(&["5 Sync"]);
    }
    t.signal(Signal::TERM);
    assert_eq!(t.ended(), 0);
    t.is_given_back();
}

#[test]
fn a_lost_terminal_ends_it() {
    let home = tempfile::tempdir().expect("a folder");
    let mut t = started(home.path(), &[]);
    t.hang_up();
    t.ended();
    let mut t = started(home.path(), &[]);
    t.signal(Signal::HUP);
    assert_eq!(t.ended(), 0);
    t.is_given_back();
}

#[test]
fn without_colour_and_with_plain_signs_it_says_the_same() {
    let home = tempfile::tempdir().expect("a folder");
    let mut t = started(home.path(), &[("NO_COLOR", "1"), ("LANG", "C")]);
    assert!(t.text().is_ascii(), "{}", t.text());
    let (rows, cols) = t.screen().size();
    let cells = (0..rows.get()).flat_map(|y| (0..cols.get()).map(move |x| (y, x)));
    let mut bold = false;
    for (y, x) in cells {
        let cell = t.screen().cell(y, x).expect("on the screen");
        assert_eq!((cell.fgcolor(), cell.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
        bold |= cell.bold();
    }
    assert!(bold, "attributes carry what colours did");
    t.keys("q");
    assert_eq!(t.ended(), 0);
    t.is_given_back();
}
