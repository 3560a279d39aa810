//! Every size draws, and no sequence of messages makes the model invalid.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use hourwire::control::message::FromEngine;
use hourwire::control::view::Delta;
use hourwire::tui::model::{List, Model};
use hourwire::tui::update::{Effect, Event};
use proptest::prelude::*;

use super::fixture;
use super::looks::{SHOTS, buffer};

#[test]
fn every_small_size_draws_everything() {
    for (_, _, keys) in SHOTS {
        let mut model = fixture::model((80, 24));
        fixture::press(&mut model, keys);
        for width in 0..=40 {
            for height in 0..=20 {
                model.size = (width, height);
                buffer(&mut model);
            }
        }
        for size in
            [(60, 15), (61, 16), (79, 23), (99, 29), (100, 30), (101, 31), (159, 40), (160, 40), (300, 100)]
        {
            model.size = size;
            buffer(&mut model);
        }
    }
}

#[test]
fn nothing_known_yet_draws_at_every_size() {
    let mut model = fixture::bare((80, 24));
    for size in [(0, 0), (1, 1), (59, 14), (60, 15), (80, 24), (120, 36), (300, 100)] {
        for keys in ["0", "1", "2", "3", "4", "5", "7", "?", "esc", ":", "esc"] {
            fixture::press(&mut model, keys);
            model.size = size;
            buffer(&mut model);
        }
    }
}

/// A move of the random test.
#[derive(Clone, Debug)]
enum Move {
    Key(&'static str),
    Click(u16, u16, bool),
    Wheel(u16, u16, bool),
    Resize(u16, u16),
    Snapshot(usize),
    Page(u8),
    Delta(u32, u32),
    Lost,
    Found,
    Paste,
    Tick,
}

const KEYS: &[&str] = &[
    "j",
    "k",
    "g",
    "G",
    "n",
    "N",
    "enter",
    "esc",
    "tab",
    "shift-tab",
    "z",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "7",
    "/",
    ":",
    "?",
    "!",
    "u",
    "c",
    "i",
    "x",
    "R",
    "t",
    "v",
    "X",
    "<",
    ">",
    "S",
    "[",
    "]",
    "y",
    "pagedown",
    "pageup",
    "h",
    "space",
    "backspace",
    "q",
    "s",
    "ctrl-l",
];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        8 => (0..KEYS.len()).prop_map(|k| Move::Key(KEYS[k])),
        1 => (0..130u16, 0..40u16, any::<bool>()).prop_map(|(x, y, d)| Move::Click(x, y, d)),
        1 => (0..130u16, 0..40u16, any::<bool>()).prop_map(|(x, y, d)| Move::Wheel(x, y, d)),
        1 => (0..200u16, 0..60u16).prop_map(|(w, h)| Move::Resize(w, h)),
        1 => (0..3usize).prop_map(Move::Snapshot),
        1 => any::<u8>().prop_map(Move::Page),
        1 => (0..15u32, 0..4u32).prop_map(|(at, n)| Move::Delta(at, n)),
        1 => Just(Move::Lost),
        2 => Just(Move::Found),
        1 => Just(Move::Paste),
        1 => Just(Move::Tick),
    ];
    proptest::collection::vec(one, 1..60)
}

fn mouse(kind: MouseEventKind, column: u16, row: u16) -> Event {
    Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

fn apply(model: &mut Model, step: Move) {
    let event = match step {
        Move::Key(key) => Event::Key(key.parse().unwrap()),
        Move::Click(x, y, double) => {
            if double {
                let effects = fixture::step(model, mouse(MouseEventKind::Down(MouseButton::Left), x, y));
                fixture::answer(model, effects);
            }
            mouse(MouseEventKind::Down(MouseButton::Left), x, y)
        }
        Move::Wheel(x, y, down) => {
            mouse(if down { MouseEventKind::ScrollDown } else { MouseEventKind::ScrollUp }, x, y)
        }
        Move::Resize(w, h) => Event::Resize(w, h),
        Move::Snapshot(keep) => {
            let mut snapshot = fixture::snapshot();
            snapshot.subscriptions.truncate(keep);
            snapshot.meters.truncate(keep);
            snapshot.targets.truncate(keep);
            snapshot.incidents.truncate(keep);
            Event::Engine(Box::new(FromEngine::Snapshot(Box::new(snapshot))))
        }
        Move::Page(cut) => {
            let Some(view) = model.views.get(hourwire::tui::model::Slot::Entries) else { return };
            let mut page = fixture::page(&view.open);
            page.rows.truncate(usize::from(cut % 14));
            page.total = page.rows.len() as u32;
            Event::Engine(Box::new(FromEngine::Page(page)))
        }
        Move::Delta(at, remove) => {
            let Some(view) = model.views.get(hourwire::tui::model::Slot::Entries) else { return };
            let Some(page) = &view.page else { return };
            let delta = Delta {
                view: page.view,
                rev: page.rev + 1,
                total: page.total,
                unfiltered: page.unfiltered,
                at,
                remove,
                insert: fixture::entries().into_iter().take(2).collect(),
            };
            Event::Engine(Box::new(FromEngine::Delta(delta)))
        }
        Move::Lost => Event::Disconnected { retry_s: 2, why: "gone".to_owned() },
        Move::Found => Event::Connected,
        Move::Paste => Event::Paste("harb\u{1b}[31m or\n site".to_owned()),
        Move::Tick => Event::Tick,
    };
    let effects = fixture::step(model, event);
    assert!(effects.len() < 40, "{effects:?}");
    // Leaving is refused in this test, everything else is answered.
    fixture::answer(model, effects.into_iter().filter(|e| !matches!(e, Effect::Quit { .. })).collect());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_of_messages_breaks_it(steps in moves()) {
        let mut model = fixture::model((120, 36));
        for step in steps {
            apply(&mut model, step);
            for list in [List::Today, List::Mapping, List::Webhooks, List::Quota, List::Sync, List::Log] {
                let (at, len) = (model.selected(list), model.len(list));
                prop_assert!(at < len.max(1), "{list:?}: {at} of {len}");
            }
            buffer(&mut model);
        }
    }
}
