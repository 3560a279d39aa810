//! What reaches the terminal: little, in one write, and the same as what was drawn.

use std::io::{self, Write};

use chrono::TimeDelta;
use hourwire::config::theme::Themes;
use hourwire::tui::model::Model;
use hourwire::tui::run::draw;
use hourwire::tui::screen::{Extent, Screen};
use hourwire::tui::theme::{Depth, Theme};
use hourwire::tui::update::Event;
use ratatui::Terminal;

use super::fixture;
use super::looks::{SHOTS, buffer};

/// Counts bytes and writes.
#[derive(Debug, Default)]
struct Counting {
    bytes: Vec<u8>,
    writes: usize,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Counted = Terminal<Screen<Counting>>;

fn terminal((w, h): (u16, u16)) -> Counted {
    Terminal::new(Screen::new(Counting::default(), Extent::Fixed(w, h))).unwrap()
}

fn frame(model: &mut Model, terminal: &mut Counted) -> Counting {
    draw(model, terminal).unwrap();
    std::mem::take(terminal.backend_mut().writer_mut())
}

fn tick(model: &mut Model, seconds: i64) {
    model.now += TimeDelta::seconds(seconds);
    fixture::step(model, Event::Tick);
}

#[test]
fn a_first_frame_is_one_write_and_an_idle_screen_is_silent() {
    let mut model = fixture::model((120, 36));
    let mut terminal = terminal(model.size);
    let first = frame(&mut model, &mut terminal);
    assert_eq!(first.writes, 1);
    assert!(first.bytes.len() < 14_000, "{}", first.bytes.len());
    for _ in 0..5 {
        let idle = frame(&mut model, &mut terminal);
        assert_eq!((idle.bytes.len(), idle.writes), (0, 0));
    }
}

/// Mean bytes of a second with so many running rows.
fn second(timers: usize, size: (u16, u16)) -> usize {
    let mut model = fixture::model(size);
    let view = model.views.get(hourwire::tui::model::Slot::Entries).unwrap();
    let mut page = fixture::page(&view.open);
    let running = page.rows[1].clone();
    page.rows.drain(..2);
    for n in 0..timers {
        let mut row = running.clone();
        if let hourwire::control::view::Row::Entry(line) = &mut row {
            line.key.id = (3000 + n as i64).into();
            line.start -= TimeDelta::seconds(n as i64 * 7);
        }
        page.rows.insert(0, row);
    }
    page.total = page.rows.len() as u32;
    fixture::say(&mut model, hourwire::control::message::FromEngine::Page(page));
    let mut terminal = terminal(size);
    frame(&mut model, &mut terminal);
    let mut all = 0;
    for _ in 0..40 {
        tick(&mut model, 1);
        let sent = frame(&mut model, &mut terminal);
        assert!(sent.writes <= 1);
        all += sent.bytes.len();
    }
    all / 40
}

#[test]
fn a_ticking_second_costs_little_and_each_further_cell_less() {
    // At 80 columns the header shows minutes, so only rows tick; at 120 the header does, too.
    for (size, header) in [((80, 24), 0), ((120, 36), 1)] {
        let costs: Vec<usize> = (1..=5).map(|timers| second(timers, size)).collect();
        for (at, cost) in costs.iter().enumerate() {
            assert!(*cost <= 60 + 16 * (at + header), "{size:?}: {costs:?}");
        }
        for pair in costs.windows(2).skip(1) {
            assert!(pair[1] - pair[0] <= 16, "{size:?}: {costs:?}");
        }
    }
}

#[test]
fn seconds_tick_only_where_they_are_seen() {
    let mut model = fixture::model((80, 24));
    buffer(&mut model);
    assert!(model.drawn.ticking);
    fixture::press(&mut model, "4");
    buffer(&mut model);
    assert!(!model.drawn.ticking);
    let mut terminal = terminal(model.size);
    frame(&mut model, &mut terminal);
    for _ in 0..20 {
        tick(&mut model, 1);
        assert_eq!(frame(&mut model, &mut terminal).bytes.len(), 0);
    }
}

#[test]
fn moving_the_selection_is_cheap() {
    let mut model = fixture::model((120, 36));
    let mut terminal = terminal(model.size);
    frame(&mut model, &mut terminal);
    fixture::press(&mut model, "j");
    frame(&mut model, &mut terminal);
    fixture::press(&mut model, "j");
    let sent = frame(&mut model, &mut terminal);
    assert!(sent.bytes.len() < 1_000, "{}", sent.bytes.len());
    assert_eq!(sent.writes, 1);
}

#[test]
fn the_terminal_shows_what_was_drawn_through_every_change() {
    for depth in [Depth::Mono, Depth::Ansi, Depth::Indexed, Depth::True] {
        let size = (120, 36);
        let mut model = fixture::model(size);
        model.themes = Theme::all(&Themes::built_in(), depth);
        let mut terminal = terminal(size);
        let mut parser = vt100::Parser::new(size.1.try_into().unwrap(), size.0.try_into().unwrap(), 0);
        for (_, _, keys) in SHOTS {
            fixture::press(&mut model, "esc esc esc 0");
            fixture::press(&mut model, keys);
            let sent = frame(&mut model, &mut terminal);
            parser.process(&sent.bytes);
            let drawn = buffer(&mut model);
            for y in 0..size.1 {
                for x in 0..size.0 {
                    let (cell, shown) = (&drawn[(x, y)], parser.screen().cell(y, x).unwrap());
                    let symbol = if shown.contents().is_empty() { " " } else { shown.contents() };
                    assert_eq!(cell.symbol(), symbol, "{keys:?} at {x},{y} {depth:?}");
                    let modifier = cell.modifier;
                    let flags = (shown.bold(), shown.dim(), shown.inverse(), shown.underline());
                    use ratatui::style::Modifier;
                    let wanted = (
                        modifier.contains(Modifier::BOLD),
                        modifier.contains(Modifier::DIM),
                        modifier.contains(Modifier::REVERSED),
                        modifier.contains(Modifier::UNDERLINED),
                    );
                    // A cell that is both bold and dim is up to the terminal.
                    if !(wanted.0 && wanted.1) {
                        assert_eq!(flags, wanted, "{keys:?} at {x},{y} {depth:?} {:?}", cell.symbol());
                    }
                    if depth == Depth::Mono {
                        assert_eq!(
                            shown.fgcolor(),
                            vt100::Color::Default,
                            "colour without colour at {x},{y}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn names_of_services_cannot_steer_the_terminal() {
    let mut model = fixture::model((120, 36));
    let view = model.views.get(hourwire::tui::model::Slot::Entries).unwrap();
    let mut page = fixture::page(&view.open);
    for row in &mut page.rows {
        if let hourwire::control::view::Row::Entry(line) = row {
            line.description = "a\u{1b}]0;owned\u{7}\u{9b}2Jb\u{202e}c\r\n".to_owned();
            line.project = "\u{1b}[2Jproject".to_owned();
        }
    }
    fixture::say(&mut model, hourwire::control::message::FromEngine::Page(page));
    let mut terminal = terminal(model.size);
    let sent = String::from_utf8(frame(&mut model, &mut terminal).bytes).unwrap();
    assert!(!sent.contains("\u{1b}]") && !sent.contains('\u{9b}') && !sent.contains('\u{202e}'));
    assert!(!sent[20..].contains("\u{1b}[2J"));
}
