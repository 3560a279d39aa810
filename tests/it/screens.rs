//! The dashboard as people see it: an invented day drawn at several sizes and in several themes.

mod fixture;

use hourwire::tui::model::Model;
use hourwire::tui::screen::{Extent, Screen};
use ratatui::Terminal;

/// The frame as ANSI, for looking at it.
fn ansi(model: &mut Model) -> Vec<u8> {
    let (w, h) = model.size;
    let mut terminal = Terminal::new(Screen::new(Vec::new(), Extent::Fixed(w, h))).unwrap();
    hourwire::tui::run::draw(model, &mut terminal).unwrap();
    std::mem::take(terminal.backend_mut().writer_mut())
}

#[test]
fn dump() {
    let Ok(dir) = std::env::var("SCREENS_OUT") else { return };
    for (name, size, keys) in [
        ("overview", (120, 36), ""),
        ("overview100", (100, 30), "tab"),
        ("overview160", (170, 45), ""),
        ("today", (80, 24), "1"),
        ("today_drawer", (120, 36), "j j j enter"),
        ("mapping", (80, 24), "2 enter"),
        ("mapping_wide", (120, 36), "2"),
        ("webhooks", (80, 24), "3 enter"),
        ("quota", (80, 24), "4 enter"),
        ("quota_wide", (120, 36), "4"),
        ("sync", (80, 24), "5"),
        ("log", (80, 24), "7"),
        ("help", (80, 24), "?"),
        ("palette", (80, 24), ": t h"),
        ("search", (80, 24), "2 enter / f w"),
        ("small", (60, 15), "1"),
        ("tiny", (40, 10), ""),
    ] {
        let mut model = fixture::model(size);
        fixture::press(&mut model, keys);
        std::fs::write(format!("{dir}/{name}.ansi"), ansi(&mut model)).unwrap();
    }
}
