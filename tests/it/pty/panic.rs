//! A panic while the dashboard has the terminal: this test binary plays the program, as nothing in `hourwire` panics on
//! purpose.

use hourwire::tui::terminal::{Asked, Guard};

use super::terminal::Terminal;

const CHILD: &str = "HOURWIRE_TEST_PANICS";

#[test]
fn a_panic_gives_the_terminal_back_and_asks_the_loop_to_leave() {
    if std::env::var_os(CHILD).is_some() {
        plays_the_program();
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this binary");
    let name = "pty::panic::a_panic_gives_the_terminal_back_and_asks_the_loop_to_leave";
    let args = ["--exact", name, "--nocapture", "--test-threads=1"];
    let mut t = Terminal::start(program.as_os_str(), home.path(), &args, &[(CHILD, "1")]);
    t.shows(&["the loop was asked to leave"]);
    t.is_given_back();
    let raw = String::from_utf8_lossy(&t.raw).into_owned();
    let (left, report) = (raw.find("\x1b[?1049l"), raw.find("a part failed on purpose"));
    assert!(left.is_some() && left < report, "the report comes after the other screen is left");
    assert!(raw.contains("\x1b[?1049h") && raw.contains("\x1b[?1000h"), "the terminal had been taken");
    assert_eq!(t.ended(), 0);
}

fn plays_the_program() {
    let (ask, mut asked) = tokio::sync::mpsc::channel(1);
    let guard = Guard::enter(true, ask).expect("a terminal");
    let part = std::thread::spawn(|| panic!("a part failed on purpose"));
    assert!(part.join().is_err());
    if asked.try_recv() == Ok(Asked::Leave) {
        println!("the loop was asked to leave");
    }
    drop(guard);
}
