//! The ledger of a bucket by keys: hour by hour, one cause alone, and back.

use hourwire::control::message::ToEngine;
use hourwire::control::view::ViewKind;
use hourwire::domain::hours::hour_of;
use hourwire::tui::model::Model;
use hourwire::tui::update::{Effect, Event};

use super::fixture;
use super::looks::text;

/// What a key asks the engine to show.
fn asked(model: &mut Model, key: &str) -> Vec<(ViewKind, String)> {
    let effects = fixture::step(model, Event::Key(key.parse().unwrap()));
    let opened = effects.iter().filter_map(|effect| match effect {
        Effect::Send(ToEngine::Open(open)) => Some((open.kind.clone(), open.filter.clone())),
        _ => None,
    });
    let opened = opened.collect();
    fixture::answer(model, effects);
    opened
}

fn hour_asked(asked: &[(ViewKind, String)]) -> Option<i64> {
    match asked {
        [(ViewKind::Requests { bucket, hour, .. }, _)] => {
            assert_eq!(bucket, "clockify:1");
            *hour
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn brackets_go_by_the_hour_and_escape_leads_back_to_now() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "4");
    assert!(text(&mut model).contains("clockify, 8 spent since 14:58"));
    let now = hour_of(model.now);
    for back in 1..=3 {
        assert_eq!(hour_asked(&asked(&mut model, "[")), Some(now - back), "an hour further back");
    }
    let shown = text(&mut model);
    assert!(shown.contains("clockify, 19 spent 12:00–13:00"), "{shown}");
    assert!(shown.contains("others          12"), "who spent that hour: {shown}");
    assert_eq!(hour_asked(&asked(&mut model, "]")), Some(now - 2));
    fixture::press(&mut model, "esc");
    assert!(text(&mut model).contains("clockify, 8 spent since 14:58"), "back to the window that runs");
    assert!(asked(&mut model, "]").is_empty(), "there is nothing after it");
    assert!(text(&mut model).contains("this is the newest"));
}

#[test]
fn eight_days_of_hours_can_be_looked_at_and_no_more() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "4 enter");
    let mut steps = 0;
    while !asked(&mut model, "[").is_empty() {
        steps += 1;
        assert!(steps < 500, "there is no end");
    }
    assert_eq!(steps, 8 * 24 - 1);
    assert!(text(&mut model).contains("hours are kept for eight days"));
    assert!(text(&mut model).contains("spent 4 May 16:00–17:00"), "{}", text(&mut model));
}

#[test]
fn enter_shows_the_requests_of_one_cause_and_all_again() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "4 enter j");
    let only = asked(&mut model, "enter");
    assert!(matches!(&only[..], [(ViewKind::Requests { .. }, filter)] if filter == "sync"), "{only:?}");
    let shown = text(&mut model);
    assert!(shown.contains("503 server error") && !shown.contains("POST ping"), "{shown}");
    fixture::press(&mut model, "esc");
    assert!(text(&mut model).contains("POST ping"), "all again");
    assert!(model.in_drawer, "and still in the ledger");
    fixture::press(&mut model, "esc");
    assert!(!model.in_drawer);
}

#[test]
fn another_bucket_has_its_own_ledger() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "4 [");
    fixture::press(&mut model, "j");
    let shown = text(&mut model);
    assert!(shown.contains("toggl org, 8 spent since 15:05"), "from now on, not from that hour: {shown}");
}

#[test]
fn a_request_can_be_copied() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "4 enter");
    let copied = fixture::step(&mut model, Event::Key("y".parse().unwrap()));
    let copy = copied.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copy.is_some_and(|text| text.contains("POST ping") && text.contains("you")));
}
