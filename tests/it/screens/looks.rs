//! Snapshots of the screens, as text and with their styles. `SCREENS_OUT=DIR` writes them as ANSI, to be looked at.

use hourwire::config::theme::Themes;
use hourwire::tui::model::Model;
use hourwire::tui::run::draw;
use hourwire::tui::screen::{Extent, Screen};
use hourwire::tui::theme::{Depth, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::fixture;

/// What is drawn for a model.
pub fn buffer(model: &mut Model) -> Buffer {
    let (w, h) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(w, h)).unwrap();
    let mut drawn = None;
    terminal.draw(|frame| drawn = Some(hourwire::tui::view::view(model, frame))).unwrap();
    model.drawn = drawn.unwrap();
    terminal.backend().buffer().clone()
}

/// The lines of a frame without their trailing blanks.
pub fn text(model: &mut Model) -> String {
    let buf = buffer(model);
    let width = usize::from(buf.area.width.max(1));
    let lines = buf.content.chunks(width).map(|row| {
        let line: String = row.iter().map(|c| c.symbol()).collect();
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Writes a frame as ANSI into the folder `SCREENS_OUT`, if that is set, in the theme `SCREENS_THEME`.
fn to_look_at(name: &str, model: &mut Model) {
    let Ok(dir) = std::env::var("SCREENS_OUT") else { return };
    let mut model = model.clone();
    model.themes = Theme::all(&Themes::built_in(), Depth::True);
    model.theme = Theme::find(&model.themes, &std::env::var("SCREENS_THEME").unwrap_or_default());
    let (w, h) = model.size;
    let mut terminal = Terminal::new(Screen::new(Vec::new(), Extent::Fixed(w, h))).unwrap();
    draw(&mut model, &mut terminal).unwrap();
    std::fs::write(format!("{dir}/{name}.ansi"), terminal.backend().writer()).unwrap();
}

/// Runs of equal style per line: from–to and the style.
fn styles(model: &mut Model) -> String {
    let buf = buffer(model);
    let width = usize::from(buf.area.width.max(1));
    let mut out = String::new();
    for (y, row) in buf.content.chunks(width).enumerate() {
        let mut from = 0;
        for x in 1..=row.len() {
            if x == row.len() || row[x].style() != row[from].style() {
                let plain = row[from].style() == row[0].style() && from == 0 && x == row.len();
                let s = row[from].style();
                let blank = row[from..x].iter().all(|c| c.symbol() == " ") && s.add_modifier.is_empty();
                if !plain && !blank {
                    let word: String = row[from..x].iter().map(|c| c.symbol()).collect();
                    let colors = format!("{:?}/{:?}", s.fg.unwrap_or_default(), s.bg.unwrap_or_default());
                    let line = format!("{y:>2} {:?} {colors} {:?}\n", word.trim_end(), s.add_modifier);
                    out.push_str(&line);
                }
                from = x;
            }
        }
    }
    out
}

fn themed(size: (u16, u16), keys: &str, theme: &str, ascii: bool) -> Model {
    let depth = if theme == "mono" { Depth::Mono } else { Depth::Ansi };
    let mut model = fixture::model(size);
    model.themes = Theme::all(&Themes::built_in(), depth);
    model.theme = Theme::find(&model.themes, theme);
    model.ascii = ascii;
    fixture::press(&mut model, keys);
    model
}

/// The shots: name, size, keys that lead there.
pub const SHOTS: &[(&str, (u16, u16), &str)] = &[
    ("overview-120x36", (120, 36), ""),
    ("overview-100x30", (100, 30), "tab"),
    ("overview-170x45", (170, 45), ""),
    ("overview-drawer-120x36", (120, 36), "j j j j enter"),
    ("today-80x24", (80, 24), "1 n"),
    ("today-60x15", (60, 15), ""),
    ("today-40x10", (40, 10), ""),
    ("mapping-120x36", (120, 36), "2"),
    ("mapping-60x15", (60, 15), "2"),
    ("picker-80x24", (80, 24), "2 enter"),
    ("picker-search-80x24", (80, 24), "2 enter / f w"),
    ("webhooks-120x36", (120, 36), "3"),
    ("webhooks-60x15", (60, 15), "3"),
    ("incident-80x24", (80, 24), "3 enter G"),
    ("incidents-80x24", (80, 24), "3 i"),
    ("timeline-60x15", (60, 15), "3 i enter"),
    ("deliveries-80x24", (80, 24), "3 d j j"),
    ("quota-120x36", (120, 36), "4"),
    ("quota-60x15", (60, 15), "4"),
    ("ledger-80x24", (80, 24), "4 enter"),
    ("sync-80x24", (80, 24), "5"),
    ("sync-drawer-120x36", (120, 36), "5 enter"),
    ("log-80x24", (80, 24), "7"),
    ("log-drawer-80x24", (80, 24), "7 j enter"),
    ("help-80x24", (80, 24), "?"),
    ("palette-80x24", (80, 24), ": t h e m"),
    ("filter-80x24", (80, 24), "1 / h a r b"),
    ("leave-80x24", (80, 24), "q"),
];

#[test]
fn every_shot_is_as_it_was() {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        for (name, size, keys) in SHOTS {
            let mut model = themed(*size, "", "terminal", false);
            model.started_engine = *name == "leave-80x24";
            fixture::press(&mut model, keys);
            to_look_at(name, &mut model);
            insta::assert_snapshot!(*name, text(&mut model));
        }
    });
}

#[test]
fn the_bad_days_are_as_they_were() {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        for (name, mut model) in super::fixture::bad_days() {
            to_look_at(&format!("bad-{name}"), &mut model);
            insta::assert_snapshot!(format!("bad-{name}"), text(&mut model));
        }
    });
}

#[test]
fn styles_of_the_overview_in_three_themes() {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        for theme in ["terminal", "light", "mono"] {
            let mut model = themed((120, 36), "", theme, false);
            insta::assert_snapshot!(format!("styles-{theme}"), styles(&mut model));
        }
    });
}

#[test]
fn ascii_screens_hold_nothing_else() {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        for (name, size, keys) in SHOTS {
            let mut model = themed(*size, keys, "mono", true);
            let text = text(&mut model);
            assert!(text.is_ascii(), "{name}:\n{text}");
            if ["overview-120x36", "today-80x24", "picker-80x24"].contains(name) {
                insta::assert_snapshot!(format!("ascii-{name}"), text);
            }
        }
    });
}

#[test]
fn without_colour_the_selection_and_every_state_can_still_be_read() {
    let mut model = themed((120, 36), "", "mono", false);
    let buf = buffer(&mut model);
    let reversed =
        buf.content.iter().filter(|c| c.modifier.contains(ratatui::style::Modifier::REVERSED)).count();
    assert_eq!(reversed, 120, "one bar across the focused selection");
    assert!(buf.content.iter().all(|c| c.fg == ratatui::style::Color::Reset));
    let text = text(&mut model);
    for word in [
        "unmapped",
        "sending",
        "waiting quota",
        "skipped (rule)",
        "● active",
        "× disabled",
        "▸!",
        "━ 1 Today",
    ] {
        assert!(text.contains(word), "{word}\n{text}");
    }
}
