//! Keys and messages as tables: what the model becomes and what is asked for.

use hourwire::control::command::{Price, Reply, Wish};
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::control::view::{Delta, Open, ViewKind};
use hourwire::domain::mapping::MappingEdit;
use hourwire::tui::model::{Connection, List, Model, Pane, Slot};
use hourwire::tui::update::{Effect, Event};

use super::fixture;
use super::looks::text;

fn effects(model: &mut Model, key: &str) -> Vec<Effect> {
    fixture::step(model, Event::Key(key.parse().unwrap()))
}

fn commands(effects: &[Effect]) -> Vec<&Wish> {
    effects
        .iter()
        .filter_map(|e| match e {
            Effect::Send(ToEngine::Command(c)) => Some(&c.wish),
            _ => None,
        })
        .collect()
}

fn opens(effects: &[Effect]) -> Vec<&Open> {
    effects
        .iter()
        .filter_map(|e| match e {
            Effect::Send(ToEngine::Open(o)) => Some(o),
            _ => None,
        })
        .collect()
}

#[test]
fn a_connection_says_hello_first_and_asks_for_what_is_shown() {
    let mut model = fixture::bare((120, 36));
    let effects = fixture::step(&mut model, Event::Connected);
    assert!(matches!(effects[0], Effect::Send(ToEngine::Hello { protocol: PROTOCOL, .. })));
    let kinds: Vec<_> = opens(&effects).iter().map(|o| o.kind.clone()).collect();
    assert_eq!(kinds, [ViewKind::Entries, ViewKind::Entries, ViewKind::Mapping]);
    assert!(opens(&effects).iter().all(|o| o.rows <= 500));
}

#[test]
fn a_new_connection_asks_for_the_same_views_again() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "5 0 / h a r b enter");
    fixture::step(&mut model, Event::Disconnected { retry_s: 3, why: "gone".to_owned() });
    assert!(matches!(model.connection, Connection::Lost { retry_s: 3, .. }));
    assert!(text(&mut model).contains("Harbor"), "the old screen stays");
    let effects = fixture::step(&mut model, Event::Connected);
    assert!(opens(&effects).iter().any(|o| o.filter == "harb"), "{effects:?}");
    assert!(opens(&effects).iter().any(|o| o.kind == ViewKind::Sync));
}

#[test]
fn panes_tiles_zoom_and_back() {
    let mut model = fixture::model((120, 36));
    for (keys, pane, active) in [
        ("tab", Pane::Overview, Pane::Mapping),
        ("tab", Pane::Overview, Pane::Webhooks),
        ("shift-tab", Pane::Overview, Pane::Mapping),
        ("z", Pane::Overview, Pane::Mapping),
        ("z", Pane::Overview, Pane::Mapping),
        ("enter", Pane::Mapping, Pane::Mapping),
        ("esc", Pane::Overview, Pane::Mapping),
        ("7", Pane::Log, Pane::Log),
        ("0", Pane::Overview, Pane::Mapping),
    ] {
        fixture::press(&mut model, keys);
        assert_eq!((model.pane, model.active()), (pane, active), "after {keys}");
    }
}

#[test]
fn the_selection_stays_on_its_entry_when_rows_come_above() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "j j j");
    let id = model.id_at(List::Today, 3);
    let page = model.views.get(Slot::Entries).and_then(|v| v.page.clone()).unwrap();
    let mut row = fixture::entries().remove(0);
    if let hourwire::control::view::Row::Entry(line) = &mut row {
        line.key.id = 4000.into();
    }
    let delta = Delta {
        view: page.view,
        rev: page.rev + 1,
        total: page.total + 1,
        unfiltered: page.unfiltered + 1,
        at: 0,
        remove: 0,
        insert: vec![row],
    };
    fixture::say(&mut model, FromEngine::Delta(delta));
    assert_eq!(model.selected(List::Today), 4);
    assert_eq!(model.id_at(List::Today, 4), id);
    assert!(model.fresh.iter().any(|f| f.ends_with("4000")));
}

#[test]
fn a_gap_in_the_revisions_asks_again_and_an_old_page_is_not_taken_for_the_new_one() {
    let mut model = fixture::model((80, 24));
    let page = model.views.get(Slot::Entries).and_then(|v| v.page.clone()).unwrap();
    let gap = Delta {
        view: page.view,
        rev: page.rev + 2,
        total: 1,
        unfiltered: 1,
        at: 0,
        remove: 0,
        insert: Vec::new(),
    };
    let effects = fixture::step(&mut model, Event::Engine(Box::new(FromEngine::Delta(gap))));
    assert!(matches!(effects[0], Effect::Send(ToEngine::Close { view }) if view == page.view));
    assert_eq!(opens(&effects).len(), 1);
    assert!(model.is_waiting(Pane::Today));
    let late = FromEngine::Page(page.clone());
    fixture::step(&mut model, Event::Engine(Box::new(late)));
    assert!(model.is_waiting(Pane::Today), "the answer to the earlier question does not count");
}

#[test]
fn filtering_keeps_the_old_page_marked_until_the_new_one_comes() {
    let mut model = fixture::model((80, 24));
    effects(&mut model, "/");
    let asked = effects(&mut model, "h");
    assert_eq!(opens(&asked)[0].filter, "h");
    assert_eq!(model.len(List::Today), 13);
    assert!(text(&mut model).contains('…'));
    fixture::answer(&mut model, asked);
    fixture::press(&mut model, "a r b");
    assert_eq!(model.len(List::Today), 4);
    assert!(text(&mut model).contains("4 of 13"));
    fixture::press(&mut model, "enter esc");
    assert_eq!(model.len(List::Today), 13);
}

#[test]
fn the_picker_prices_links_and_asks_again_for_a_weak_match() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2");
    let opened = effects(&mut model, "enter");
    let Effect::Send(ToEngine::Open(open)) = &opened[0] else { panic!("{opened:?}") };
    let page = fixture::page(open);
    let priced = fixture::step(&mut model, Event::Engine(Box::new(FromEngine::Page(page))));
    let Effect::Send(ToEngine::Command(dry)) = &priced[0] else { panic!("{priced:?}") };
    assert!(matches!(dry.wish, Wish::EditMapping { dry: true, .. }));
    let price = Price {
        creates: 4,
        moves: 0,
        requests: 4,
        left: Some(14),
        say: "links it and sends the 4 waiting".to_owned(),
    };
    fixture::say(&mut model, FromEngine::Reply { id: dry.id.clone(), reply: Reply::Price(price) });
    let shown = text(&mut model);
    assert!(
        shown.contains("Enter links it and sends the 4 waiting") && shown.contains("4 requests · 14 left")
    );

    fixture::press(&mut model, "G");
    assert!(commands(&effects(&mut model, "enter")).is_empty(), "a weak match asks");
    assert!(text(&mut model).contains("weak match · Enter again"));
    let again = effects(&mut model, "enter");
    let wishes = commands(&again);
    let Wish::EditMapping { edit: MappingEdit::LinkProject { to, from, .. }, dry: false, .. } = wishes[0]
    else {
        panic!("{wishes:?}")
    };
    assert_eq!((to.name.as_str(), *from), ("Ferndale audit", None));
    assert!(model.drawer.is_none());
    let undone = effects(&mut model, "u");
    assert_eq!(commands(&undone), [&Wish::Undo]);
}

#[test]
fn three_keys_link_the_best_guess_from_anywhere() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "7 ! enter");
    let linked = effects(&mut model, "enter");
    assert!(matches!(commands(&linked)[0], Wish::EditMapping { dry: false, .. }));
}

#[test]
fn letters_typed_in_the_picker_are_not_keys() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2 enter /");
    let typed = effects(&mut model, "c");
    assert!(typed.iter().all(
        |e| !matches!(e, Effect::Send(ToEngine::Command(c)) if matches!(c.wish, Wish::CreateProject { .. }))
    ));
    fixture::press(&mut model, "esc");
    assert!(model.drawer.is_some(), "Esc ends the typing first");
    let created = effects(&mut model, "c");
    assert!(matches!(commands(&created)[0], Wish::CreateProject { dry: true, .. }));
}

#[test]
fn a_project_that_is_linked_to_its_own_name_is_not_made_there() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2 j");
    assert!(text(&mut model).contains("▸  Harbor API            Northwind        = same name"));
    assert!(commands(&effects(&mut model, "c")).is_empty());
    assert!(text(&mut model).contains("it is linked to the one of its name already"));
    fixture::press(&mut model, "enter");
    assert!(!text(&mut model).contains("create it there"));
    assert!(commands(&effects(&mut model, "c")).is_empty());
    fixture::press(&mut model, "esc esc j");
    assert!(matches!(commands(&effects(&mut model, "c"))[0], Wish::CreateProject { dry: true, .. }));
}

#[test]
fn a_price_that_asks_is_confirmed_or_refused() {
    for (key, sends) in [("enter", true), ("esc", false), ("j", false)] {
        let mut model = fixture::model((80, 24));
        fixture::press(&mut model, "2");
        let created = effects(&mut model, "c");
        let Effect::Send(ToEngine::Command(command)) = &created[0] else { panic!() };
        let price =
            Price { requests: 1, say: "creates Fernley rebrand · 1 request".to_owned(), ..Price::default() };
        fixture::say(&mut model, FromEngine::Reply { id: command.id.clone(), reply: Reply::Price(price) });
        assert!(text(&mut model).contains("creates Fernley rebrand"));
        let done = effects(&mut model, key);
        let real = commands(&done).iter().any(|w| matches!(w, Wish::CreateProject { dry: false, .. }));
        assert_eq!(real, sends, "{key}");
        assert!(model.question.is_none());
    }
}

#[test]
fn a_subscription_switched_off_by_a_person_says_whose_decision_is_reversed() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "3 j");
    assert!(commands(&effects(&mut model, "R")).is_empty());
    assert!(text(&mut model).contains("reverses: by a person on 9 May"));
    let done = effects(&mut model, "enter");
    assert!(
        matches!(commands(&done)[0], Wish::Enable { subscription } if subscription.id.as_str() == "20411")
    );
}

#[test]
fn keys_that_cannot_do_anything_say_why() {
    for (keys, key, why) in
        [("3", "R", "enabled already"), ("5 j", "<", "no conflict"), ("5", "R", "only a failed entry")]
    {
        let mut model = fixture::model((80, 24));
        fixture::press(&mut model, keys);
        assert!(commands(&effects(&mut model, key)).is_empty());
        assert!(text(&mut model).contains(why), "{key}: {}", text(&mut model));
    }
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "5");
    assert!(matches!(commands(&effects(&mut model, "<"))[0], Wish::Resolve { keep_source: true, .. }));
    fixture::press(&mut model, "j");
    assert!(matches!(commands(&effects(&mut model, "R"))[0], Wish::Retry { .. }));
}

#[test]
fn without_an_engine_nothing_is_changed() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2");
    fixture::step(&mut model, Event::Disconnected { retry_s: 5, why: "gone".to_owned() });
    for key in ["u", "c", "i"] {
        assert!(effects(&mut model, key).is_empty());
        assert!(text(&mut model).contains("not connected"));
    }
}

#[test]
fn a_held_change_is_one_decision() {
    let (_, mut model) = fixture::bad_days().into_iter().find(|(name, _)| *name == "held-decide").unwrap();
    assert_eq!(model.pane, Pane::Sync);
    // `!` leads to the change and asks at once: two keys send it.
    for (key, sends) in [("x", false), ("S", true), ("!", true)] {
        let asked = effects(&mut model, key);
        let Some(Effect::Send(ToEngine::Command(command))) = asked.last() else { panic!("{asked:?}") };
        assert!(
            matches!(&command.wish, Wish::Decide { hold, send, dry: true } if hold == "h1" && *send == sends)
        );
        let price = Price {
            moves: 612,
            requests: if sends { 612 } else { 0 },
            left: Some(45),
            say: "send 612 entries held".to_owned(),
            ..Price::default()
        };
        let reply = FromEngine::Reply { id: command.id.clone(), reply: Reply::Price(price) };
        fixture::step(&mut model, Event::Engine(Box::new(reply)));
        assert_eq!(text(&mut model).contains("612 requests · 45 left"), sends, "{}", text(&mut model));
        let done = effects(&mut model, "enter");
        assert!(matches!(commands(&done)[0], Wish::Decide { send, dry: false, .. } if *send == sends));
    }
}

#[test]
fn leaving_asks_only_where_this_viewer_started_the_engine() {
    let mut model = fixture::model((80, 24));
    assert_eq!(effects(&mut model, "q"), [Effect::Quit { stop_engine: false }]);
    for (key, expected) in [
        ("enter", Some(Effect::Quit { stop_engine: false })),
        ("s", Some(Effect::Quit { stop_engine: true })),
        ("esc", None),
    ] {
        let mut model = fixture::model((80, 24));
        model.started_engine = true;
        assert!(effects(&mut model, "q").is_empty());
        assert_eq!(effects(&mut model, key).into_iter().next(), expected, "{key}");
    }
}

#[test]
fn the_palette_holds_releases_reads_and_tries_themes_on() {
    for (typed, wish) in [
        ("h o l d", Wish::Hold { target: None }),
        ("r e l e a s e", Wish::Release { target: None }),
        ("t a k e", Wish::Take),
        ("r e a d", Wish::ReadNow),
    ] {
        let mut model = fixture::model((80, 24));
        fixture::press(&mut model, &format!(": {typed}"));
        assert_eq!(commands(&effects(&mut model, "enter")), [&wish], "{typed}");
    }
    let mut model = fixture::model((80, 24));
    let before = model.styles();
    fixture::press(&mut model, ": t h e m e space n o r d");
    assert_ne!(model.styles(), before, "tried on");
    fixture::press(&mut model, "esc");
    assert_eq!(model.styles(), before, "and taken off");
    fixture::press(&mut model, ": t h e m e space n o r d");
    assert_eq!(effects(&mut model, "enter"), [Effect::SaveTheme("nord".to_owned())]);
    assert_ne!(model.styles(), before);
}

#[test]
fn copying_goes_through_the_terminal_and_is_cleaned() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "7");
    let copied = effects(&mut model, "y");
    let [Effect::Copy(text)] = copied.as_slice() else { panic!("{copied:?}") };
    assert!(text.contains("Crash on login") && !text.chars().any(char::is_control), "{text:?}");
}

#[test]
fn pasted_text_is_text() {
    let mut model = fixture::model((80, 24));
    assert!(fixture::step(&mut model, Event::Paste("q\n".to_owned())).is_empty());
    fixture::press(&mut model, "/");
    let asked = fixture::step(&mut model, Event::Paste("har\nbor\u{1b}".to_owned()));
    assert_eq!(opens(&asked).last().map(|o| o.filter.as_str()), Some("har bor "));
}

#[test]
fn a_delivery_is_replayed_after_its_price_and_a_refused_one_never() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "3 d j j");
    let asked = effects(&mut model, "r");
    assert_eq!(commands(&asked), [&Wish::Replay { seq: 238, dry: true }]);
    let Effect::Send(ToEngine::Command(command)) = &asked[0] else { panic!() };
    let price = Price { say: "changes nothing · Enter applies it".to_owned(), ..Price::default() };
    fixture::say(&mut model, FromEngine::Reply { id: command.id.clone(), reply: Reply::Price(price) });
    assert_eq!(commands(&effects(&mut model, "enter")), [&Wish::Replay { seq: 238, dry: false }]);
    fixture::press(&mut model, "j");
    assert!(commands(&effects(&mut model, "r")).is_empty());
    assert!(text(&mut model).contains("refused at the door"));
}

#[test]
fn a_range_of_history_is_counted_before_it_is_sent() {
    let mut model = fixture::model((80, 24));
    let mut keys: Vec<String> = vec![":".to_owned()];
    keys.extend(
        "backfill 2026-03-01 2026-03-31"
            .chars()
            .map(|c| if c == ' ' { "space".into() } else { c.to_string() }),
    );
    fixture::press(&mut model, &keys.join(" "));
    let asked = effects(&mut model, "enter");
    assert!(matches!(commands(&asked)[0], Wish::Backfill { dry: true, .. }), "{asked:?}");
    let Effect::Send(ToEngine::Command(command)) = &asked[0] else { panic!() };
    let price = Price { say: "140 entries · 140 requests".to_owned(), ..Price::default() };
    fixture::say(&mut model, FromEngine::Reply { id: command.id.clone(), reply: Reply::Price(price) });
    assert!(matches!(commands(&effects(&mut model, "enter"))[0], Wish::Backfill { dry: false, .. }));
}

#[test]
fn previews_follow_the_selection_and_do_not_hold_escape_back() {
    let mut model = fixture::model((120, 36));
    fixture::press(&mut model, "tab tab enter");
    assert_eq!(model.pane, Pane::Webhooks);
    assert!(text(&mut model).contains("incident 7"));
    fixture::press(&mut model, "j");
    assert!(text(&mut model).contains("crm-old ━") || text(&mut model).contains("─ crm-old"));
    fixture::press(&mut model, "k enter");
    assert!(model.in_drawer);
    fixture::press(&mut model, "esc");
    assert!(!model.in_drawer && model.drawer.is_some());
    fixture::press(&mut model, "esc");
    assert_eq!(model.pane, Pane::Overview);
    assert!(model.drawer.is_none());
}

#[test]
fn reading_an_alert_says_so_to_the_engine() {
    let mut model = fixture::model((80, 24));
    let jumped = effects(&mut model, "!");
    assert!(commands(&jumped).contains(&&Wish::Acknowledge { alert: "unmapped".to_owned() }));
    assert_eq!(model.pane, Pane::Mapping);
    assert_eq!(model.came_from, Some(Pane::Overview));
    let Some(Effect::Send(ToEngine::Command(read))) = jumped.last() else { panic!("{jumped:?}") };
    let reply = Reply::Done { say: "marked as read".to_owned() };
    fixture::say(&mut model, FromEngine::Reply { id: read.id.clone(), reply });
    assert!(text(&mut model).contains("4 entries wait"), "the answer does not cover the alert");
}
