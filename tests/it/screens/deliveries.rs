//! The black box in the drawer: the row that is kept, the words where nothing fits, and what the keys do with a row.

use hourwire::control::command::Wish;
use hourwire::control::message::ToEngine;
use hourwire::control::view::ViewKind;
use hourwire::tui::model::{List, Model};
use hourwire::tui::update::{Effect, Event};

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
