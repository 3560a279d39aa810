//! A key acts on the row that was seen: no new order of a list puts another one under the bar, moved before or not.

use hourwire::control::command::{Price, Reply, Wish};
use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::control::view::{Delta, LinkWord, Row};
use hourwire::domain::mapping::MappingEdit;
use hourwire::tui::model::{Drawer, List, Model, Slot};
use hourwire::tui::update::{Effect, Event};

use super::fixture;
use super::looks::text;

fn wishes(model: &mut Model, key: &str) -> Vec<Wish> {
    sent(&fixture::step(model, Event::Key(key.parse().unwrap())))
}

fn sent(effects: &[Effect]) -> Vec<Wish> {
    let wish = |effect: &Effect| match effect {
        Effect::Send(ToEngine::Command(command)) => Some(command.wish.clone()),
        _ => None,
    };
    effects.iter().filter_map(wish).collect()
}

/// The engine tells the rows of a view anew.
fn retell(model: &mut Model, slot: Slot, change: impl FnOnce(&mut Vec<Row>)) -> Vec<Effect> {
    let page = model.views.get(slot).and_then(|view| view.page.clone()).unwrap();
    let mut rows = page.rows.clone();
    change(&mut rows);
    let delta = Delta {
        view: page.view,
        rev: page.rev + 1,
        total: rows.len() as u32,
        unfiltered: rows.len() as u32,
        at: 0,
        remove: page.rows.len() as u32,
        insert: rows,
    };
    fixture::step(model, Event::Engine(Box::new(FromEngine::Delta(delta))))
}

/// The first project is linked or left out now: it goes to the end, as what needs nobody does.
fn settle_first(rows: &mut [Row], link: LinkWord) {
    if let Row::Project(line) = &mut rows[0] {
        line.links = vec![link];
        line.waiting = 0;
    }
    rows.rotate_left(1);
}

#[test]
fn the_second_press_of_a_key_is_about_the_same_project_as_the_first() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2");
    let first = wishes(&mut model, "i");
    let [Wish::EditMapping { edit: MappingEdit::SkipProject { source }, .. }] = first.as_slice() else {
        panic!("{first:?}")
    };
    assert_eq!(source.name, "Fernley rebrand");
    retell(&mut model, Slot::Mapping, |rows| settle_first(rows, LinkWord::Skipped));
    let second = wishes(&mut model, "i");
    let [Wish::EditMapping { edit: MappingEdit::UnskipProject { source }, .. }] = second.as_slice() else {
        panic!("{second:?}")
    };
    assert_eq!(source.name, "Fernley rebrand");
}

#[test]
fn no_new_order_puts_another_row_under_the_bar_of_any_pane() {
    for (keys, list, slot) in [
        ("2", List::Mapping, Some(Slot::Mapping)),
        ("3", List::Webhooks, None),
        ("4", List::Quota, None),
        ("5", List::Sync, Some(Slot::Sync)),
        ("3 d", List::Drawer, Some(Slot::Deliveries)),
        ("4 enter", List::Drawer, Some(Slot::Requests)),
        ("2 enter", List::Drawer, Some(Slot::Candidates)),
        ("7 enter", List::Log, Some(Slot::Log)),
        ("1 enter", List::Today, Some(Slot::Entries)),
    ] {
        let mut model = fixture::model((80, 24));
        fixture::press(&mut model, keys);
        let seen = model.id_at(list, model.selected(list)).unwrap();
        match slot {
            Some(slot) => drop(retell(&mut model, slot, |rows| rows.rotate_left(1))),
            None => {
                let mut snapshot = fixture::snapshot();
                snapshot.subscriptions.reverse();
                snapshot.meters.reverse();
                fixture::say(&mut model, FromEngine::Snapshot(Box::new(snapshot)));
            }
        }
        assert_eq!(model.id_at(list, model.selected(list)), Some(seen), "after {keys}");
        assert_ne!(model.selected(list), 0, "after {keys}: the order did not change");
    }
}

#[test]
fn a_row_beyond_the_window_is_selected_once_its_window_comes() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "7");
    let page = model.views.get(Slot::Log).and_then(|view| view.page.clone()).unwrap();
    let more = Delta {
        view: page.view,
        rev: page.rev + 1,
        total: 900,
        unfiltered: 900,
        at: 0,
        remove: 0,
        insert: Vec::new(),
    };
    fixture::say(&mut model, FromEngine::Delta(more));
    // The engine takes its time with the window.
    fixture::step(&mut model, Event::Key("G".parse().unwrap()));
    assert_eq!(model.selected(List::Log), 899);
    retell(&mut model, Slot::Entries, |rows| rows.rotate_left(1));
    assert_eq!(model.selected(List::Log), 899, "it is not here yet, and not forgotten");
}

#[test]
fn making_a_project_closes_the_picker_and_the_bar_stays_on_it() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2 enter");
    let asked = fixture::step(&mut model, Event::Key("c".parse().unwrap()));
    let Effect::Send(ToEngine::Command(dry)) = &asked[0] else { panic!("{asked:?}") };
    let price =
        Price { requests: 38, say: "makes \"Fernley rebrand\" in mirror".to_owned(), ..Price::default() };
    fixture::say(&mut model, FromEngine::Reply { id: dry.id.clone(), reply: Reply::Price(price) });
    let made = wishes(&mut model, "enter");
    assert!(matches!(made.as_slice(), [Wish::CreateProject { dry: false, .. }]), "{made:?}");
    assert!(model.drawer.is_none(), "its candidates and their prices are of no use any more");
    retell(&mut model, Slot::Mapping, |rows| settle_first(rows, LinkWord::Skipped));
    assert_eq!(model.selected_project().map(|p| p.source.name.as_str()), Some("Fernley rebrand"));
}

#[test]
fn the_table_points_to_the_project_of_the_open_picker_and_its_price_is_never_an_old_one() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2");
    let opened = fixture::step(&mut model, Event::Key("enter".parse().unwrap()));
    let Effect::Send(ToEngine::Open(open)) = &opened[0] else { panic!("{opened:?}") };
    let page = FromEngine::Page(fixture::page(open));
    let asked = fixture::step(&mut model, Event::Engine(Box::new(page)));
    let Effect::Send(ToEngine::Command(dry)) = &asked[0] else { panic!("{asked:?}") };
    let price = Price {
        creates: 37,
        requests: 37,
        say: "links it and sends the 37 waiting".to_owned(),
        ..Price::default()
    };
    fixture::say(&mut model, FromEngine::Reply { id: dry.id.clone(), reply: Reply::Price(price) });
    assert!(text(&mut model).contains("37 requests"));
    let again = retell(&mut model, Slot::Mapping, |rows| settle_first(rows, LinkWord::Skipped));
    let shown = text(&mut model);
    assert!(shown.lines().any(|l| l.starts_with('›') && l.contains("Fernley rebrand")), "{shown}");
    assert!(!shown.contains("37 requests"), "{shown}");
    let price = sent(&again);
    assert!(matches!(price.as_slice(), [Wish::EditMapping { dry: true, .. }]), "asked again: {price:?}");
    // Another one's change of the mapping is a reason, too.
    let mut snapshot = fixture::snapshot();
    snapshot.mapping.version = "another".to_owned();
    let message = Event::Engine(Box::new(FromEngine::Snapshot(Box::new(snapshot))));
    let price = sent(&fixture::step(&mut model, message));
    let [Wish::EditMapping { seen, dry: true, .. }] = price.as_slice() else { panic!("{price:?}") };
    assert_eq!(seen, "another");
    assert!(matches!(&model.drawer, Some(Drawer::Picker(p)) if p.source.name == "Fernley rebrand"));
}
