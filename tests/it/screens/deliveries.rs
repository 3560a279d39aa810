//! The black box in the drawer: the row that is kept, the words where nothing fits, and what the keys do with a row.

use hourwire::control::command::{Typed, Wish};
use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::control::view::{DetailLine, Page, Row, ViewKind};
use hourwire::tui::model::{List, Model};
use hourwire::tui::update::{Effect, Event};

use super::day::at;
use super::fixture;
use super::looks::text;

fn effects(model: &mut Model, key: &str) -> Vec<Effect> {
    fixture::step(model, Event::Key(key.parse().unwrap()))
}

/// The pane with its deliveries open.
fn open(keys: &str) -> Model {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, &format!("3 d {keys}"));
    model
}

#[test]
fn escape_leads_back_to_the_row_that_was_opened() {
    let mut model = open("j j");
    let row = model.selected(List::Drawer);
    fixture::press(&mut model, "enter j j j");
    assert!(text(&mut model).contains("delivery 238"), "{}", text(&mut model));
    fixture::press(&mut model, "esc");
    assert_eq!((row, model.selected(List::Drawer)), (2, 2));
    // What comes above moves the bar with its delivery, as it did before it was opened.
    assert_eq!(model.selected_delivery(), Some(238));
}

#[test]
fn a_filter_that_nothing_fits_says_so_and_offers_no_replay() {
    let mut model = open("/ z z z z enter");
    let screen = text(&mut model);
    assert!(
        screen.contains("no kept delivery holds \"zzzz\"") && screen.contains("Esc shows all"),
        "{screen}"
    );
    assert!(!screen.contains("no delivery is kept yet"), "{screen}");
    assert!(!screen.contains("replay all"), "{screen}");
    let sent = effects(&mut model, "A");
    assert!(!sent.iter().any(|e| matches!(e, Effect::Send(ToEngine::Command(_)))), "{sent:?}");
    fixture::press(&mut model, "esc");
    assert!(text(&mut model).contains("replay all"));
}

#[test]
fn a_delivery_of_another_day_says_which() {
    let screen = text(&mut open(""));
    let row = |part: &str| screen.lines().find(|line| line.contains(part)).unwrap_or_default().to_owned();
    assert!(row("990 Inbox").contains("11May 05:10:16"), "{screen}");
    let today = row("time_entry updated");
    assert!(today.contains(" 15:24:16") && !today.contains("May"), "{screen}");
}

#[test]
fn one_that_was_refused_at_the_door_is_opened_and_checked_and_never_applied() {
    let mut model = open("j j j");
    assert!(text(&mut model).contains(" r17 rejected"), "{}", text(&mut model));
    let asked = effects(&mut model, "enter");
    let kinds: Vec<&ViewKind> = asked
        .iter()
        .filter_map(|e| match e {
            Effect::Send(ToEngine::Open(open)) => Some(&open.kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [&ViewKind::Refused { number: 17 }]);
    fixture::answer(&mut model, asked);
    assert!(text(&mut model).contains("delivery r17"), "{}", text(&mut model));
    let sent = effects(&mut model, "v");
    let [Effect::Send(ToEngine::Command(command))] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(command.wish, Wish::VerifyRefused { number: 17, secret: None });
    assert!(effects(&mut model, "r").is_empty());
    assert!(text(&mut model).contains("what is not believed is never applied"));
    fixture::press(&mut model, "esc");
    assert_eq!(model.selected(List::Drawer), 3);
}

fn copied(model: &mut Model) -> String {
    let effects = effects(model, "y");
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?} {}", text(model)) };
    text.clone()
}

#[test]
fn a_row_is_copied_from_the_list_and_the_whole_body_from_any_line_of_it() {
    let mut model = open("j");
    let row = copied(&mut model);
    for part in ["240", "T", "duplicate", "time_entry updated", "the event of 239 again"] {
        assert!(row.contains(part), "{part} in {row}");
    }
    fixture::press(&mut model, "j j");
    assert!(copied(&mut model).starts_with("r17"));
    let asked = effects(&mut model, "enter");
    let view = asked.iter().find_map(|e| match e {
        Effect::Send(ToEngine::Open(open)) => Some(open.view),
        _ => None,
    });
    let fact = |label: &str, value: &str| {
        Row::Detail(DetailLine { label: label.into(), value: value.into(), why: String::new() })
    };
    let raw = r#"{"a":1,"b":2}"#;
    let rows = vec![
        fact("verdict", "rejected"),
        fact("raw", raw),
        fact("body", "{"),
        fact("", "  \"a\": 1,"),
        fact("", "}"),
    ];
    let page = Page { view: view.unwrap(), rev: 1, total: 5, unfiltered: 5, offset: 0, rows };
    fixture::say(&mut model, FromEngine::Page(page));
    assert_eq!(copied(&mut model), "rejected");
    fixture::press(&mut model, "j j j");
    assert_eq!(copied(&mut model), raw);
}

/// What typing a line into the palette sends.
fn typed(model: &mut Model, line: &str) -> Vec<Wish> {
    fixture::press(model, ":");
    fixture::step(model, Event::Paste(line.to_owned()));
    let sent = effects(model, "enter");
    sent.into_iter()
        .filter_map(|e| match e {
            Effect::Send(ToEngine::Command(command)) => Some(command.wish),
            _ => None,
        })
        .collect()
}

#[test]
fn any_secret_is_tried_and_a_range_is_replayed_after_its_dry_run() {
    let mut model = open("j j");
    fixture::press(&mut model, ":");
    fixture::step(&mut model, Event::Paste("verify own-secret".to_owned()));
    let screen = text(&mut model);
    assert!(screen.contains("verify **********") && !screen.contains("own-secret"), "{screen}");
    fixture::press(&mut model, "esc");
    let given = Some(Typed("own-secret".to_owned()));
    assert_eq!(typed(&mut model, "verify own-secret"), [Wish::Verify { seq: 238, secret: given.clone() }]);
    fixture::press(&mut model, "j");
    let refused = Wish::VerifyRefused { number: 17, secret: given };
    assert_eq!(typed(&mut model, "verify own-secret"), [refused]);
    let range = |dry| Wish::ReplayAll { from: 100, to: 200, filter: String::new(), dry };
    assert_eq!(typed(&mut model, "replay 100 200"), [range(true)]);
}

#[test]
fn the_pane_tells_that_two_secrets_hold_and_until_when() {
    let mut model = fixture::model((120, 36));
    let mut snapshot = fixture::snapshot();
    snapshot.subscriptions[0].overlap_until = Some(at("14:02") + chrono::TimeDelta::days(1));
    fixture::say(&mut model, FromEngine::Snapshot(Box::new(snapshot.clone())));
    fixture::press(&mut model, "3 enter");
    let screen = text(&mut model);
    assert!(screen.contains(", the one before it too until 13 May 14:02"), "{screen}");
    snapshot.subscriptions[0].overlap_until = Some(at("14:02"));
    fixture::say(&mut model, FromEngine::Snapshot(Box::new(snapshot)));
    assert!(!text(&mut model).contains("the one before it"));
}
