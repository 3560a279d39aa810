//! What the price line says, and when: the price of the next key, trouble, who sends, and nothing that is over.

use hourwire::control::command::{Price, Reply, Wish};
use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::control::snapshot::{ANOTHER, HoldLine, Snapshot, SubscriptionLine};
use hourwire::domain::brake::Weight;
use hourwire::domain::clockify_hook::Flags;
use hourwire::domain::health::{SubState, Wanted};
use hourwire::tui::model::{Drawer, Model, Pane, Tone};
use hourwire::tui::update::{Effect, Event};

use super::fixture::{self, with};
use super::looks::text;

fn effects(model: &mut Model, key: &str) -> Vec<Effect> {
    fixture::step(model, Event::Key(key.parse().unwrap()))
}

fn wishes(effects: &[Effect]) -> Vec<Wish> {
    let command = |e: &Effect| match e {
        Effect::Send(ToEngine::Command(c)) => Some(c.wish.clone()),
        _ => None,
    };
    effects.iter().filter_map(command).collect()
}

fn other_instance() -> HoldLine {
    HoldLine {
        id: "other:main".to_owned(),
        target: None,
        since: fixture::at("10:24"),
        reason: ANOTHER.to_owned(),
        entries: 41,
        say: "main: hourwire harbor-laptop 0f1e has a live subscription in this workspace and sends"
            .to_owned(),
        rows: Vec::new(),
        weight: Weight::default(),
    }
}

/// The end of the frame without its line breaks: a sentence that does not fit takes several rows.
fn sentence(model: &mut Model) -> String {
    let text = text(model);
    let lines: Vec<&str> = text.lines().collect();
    let end = &lines[lines.len().saturating_sub(6)..];
    end.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The row above the footer.
fn price_line(model: &mut Model) -> String {
    let text = text(model);
    text.lines().rev().nth(1).unwrap_or_default().to_owned()
}

/// Opens the picker by these keys and lets the engine tell the price.
fn priced(model: &mut Model, keys: &str) {
    let (before, last) = keys.rsplit_once(' ').unwrap();
    fixture::press(model, before);
    let opened = effects(model, last);
    let Some(Effect::Send(ToEngine::Open(open))) = opened.first() else { panic!("{opened:?}") };
    let page = fixture::page(open);
    let asked = fixture::step(model, Event::Engine(Box::new(FromEngine::Page(page))));
    let Some(Effect::Send(ToEngine::Command(dry))) = asked.first() else { panic!("{asked:?}") };
    let price = Price {
        creates: 12,
        moves: 0,
        requests: 12,
        left: Some(14),
        say: "links it and sends the 12 waiting".to_owned(),
    };
    fixture::say(model, FromEngine::Reply { id: dry.id.clone(), reply: Reply::Price(price) });
}

#[test]
fn the_way_by_the_alert_shows_the_price_before_it_sends() {
    let mut model = fixture::model((80, 24));
    priced(&mut model, "! enter");
    let shown = price_line(&mut model);
    assert!(shown.contains("sends the 12 waiting") && shown.contains("12 requests · 14 left"), "{shown}");
}

#[test]
fn a_sentence_beside_an_open_picker_leaves_the_price_in_sight() {
    for size in [(60, 15), (80, 24), (160, 40)] {
        let mut model = fixture::model(size);
        priced(&mut model, "2 enter");
        model.say(Tone::Price, "\"Ferndale audit\" is a weak match · Enter again");
        let shown = sentence(&mut model);
        assert!(shown.contains("12 entries · 12 requests · 14 left"), "{shown}");
        assert!(shown.contains("weak match · Enter again"), "{shown}");
    }
}

#[test]
fn what_was_said_goes_when_a_drawer_opens_or_closes() {
    for (before, key) in [("2", "enter"), ("2 enter", "esc"), ("1", "enter"), ("1 enter", "esc"), ("3", "d")]
    {
        let mut model = fixture::model((80, 24));
        fixture::press(&mut model, before);
        model.say(Tone::Said, "linked · 12 sent");
        fixture::press(&mut model, key);
        assert!(!text(&mut model).contains("linked · 12 sent"), "{before} {key}");
    }
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2 enter G enter");
    assert!(text(&mut model).contains("weak match"));
    fixture::press(&mut model, "enter");
    assert!(model.drawer.is_none() && !text(&mut model).contains("weak match"));
}

#[test]
fn trouble_with_an_account_comes_before_what_is_held() {
    for (trouble, said) in [("offline 10:24", "nothing is lost"), ("token refused", ":token HP to renew")] {
        for alerts in [true, false] {
            let mut model = with((80, 24), |s| {
                s.accounts[0].trouble = Some(trouble.to_owned());
                s.holds.push(other_instance());
                s.alerts.truncate(if alerts { 9 } else { 0 });
            });
            let shown = price_line(&mut model);
            assert!(shown.contains(said) && !shown.contains("to decide"), "{shown}");
            fixture::press(&mut model, "!");
            assert_eq!(matches!(model.drawer, Some(Drawer::Hold { .. })), !alerts);
        }
    }
}

#[test]
fn the_alert_of_a_refused_token_leads_to_where_it_is_renewed() {
    let refused = |s: &mut Snapshot| {
        s.accounts[0].trouble = Some("token refused".to_owned());
        let mut alert = s.alerts[0].clone();
        (alert.id, alert.pane) = (format!("token:{}", s.accounts[0].name), 7);
        alert.say = "the token is refused (HTTP 403); :token HP renews it".to_owned();
        s.alerts = vec![alert];
    };
    let mut model = with((80, 24), refused);
    let read = effects(&mut model, "!");
    assert!(matches!(wishes(&read)[..], [Wish::Acknowledge { .. }]), "{read:?}");
    let shown = text(&mut model);
    assert!(shown.contains("token HP") && shown.contains("paste the new one"), "{shown}");
    let sent = wishes(&effects(&mut model, "enter"));
    let account = model.snapshot.as_ref().expect("a snapshot").accounts[0].name.clone();
    assert_eq!(sent, [Wish::RenewToken { account, token: None }]);
    // Without the engine nothing can be renewed: the alert's pane tells the rest.
    let mut model = with((80, 24), refused);
    fixture::step(&mut model, Event::Disconnected { retry_s: 1, why: "gone".to_owned() });
    effects(&mut model, "!");
    assert!(model.palette.is_none());
}

#[test]
fn held_for_another_instance_offers_to_take_over_and_nothing_else() {
    for size in [(60, 24), (80, 24), (120, 36)] {
        let mut model = with(size, |s| s.holds.push(other_instance()));
        let shown = sentence(&mut model);
        assert!(shown.contains(":take sends from here"), "{shown}");
        fixture::press(&mut model, "!");
        let shown = text(&mut model);
        assert!(shown.contains(":take sends from here"), "{shown}");
        // Wrapped, so that the end is there too.
        assert!(shown.lines().any(|l| l.trim_end().ends_with("and sends")), "{shown}");
        let footer = shown.lines().last().unwrap_or_default();
        assert!(footer.contains("t send from here"), "{footer}");
        assert!(!footer.contains("S send") && !footer.contains("x drop"), "{footer}");
        for key in ["S", "x"] {
            assert!(wishes(&effects(&mut model, key)).is_empty() && model.question.is_none());
            assert!(text(&mut model).contains("another engine sends"));
        }
        assert_eq!(wishes(&effects(&mut model, "t")), [Wish::Take]);
    }
    let (_, mut mass) = fixture::bad_days().into_iter().find(|(name, _)| *name == "held-decide").unwrap();
    assert!(wishes(&effects(&mut mass, "t")).is_empty(), "there is nobody to take over from");
    assert!(text(&mut mass).lines().last().is_some_and(|l| l.contains("S send") && !l.contains("from here")));
}

#[test]
fn with_a_public_address_no_way_to_one_is_offered() {
    for (size, keys) in [((120, 36), "0"), ((80, 24), "3")] {
        let mut model = with(size, |s| s.subscriptions.clear());
        fixture::press(&mut model, keys);
        let shown = text(&mut model);
        assert!(shown.contains("no subscription known yet"), "{shown}");
        assert!(!shown.to_lowercase().contains("public address") && !shown.contains("three ways"), "{shown}");
        assert!(shown.contains("hook not known") && !shown.contains("no hook"), "{shown}");
    }
    // A snapshot of an engine that does not tell is taken as before.
    let mut old = serde_json::to_value(fixture::snapshot()).unwrap();
    old.as_object_mut().unwrap().remove("public_address");
    assert!(!serde_json::from_value::<Snapshot>(old).unwrap().public_address);
}

#[test]
fn webhooks_of_one_account_are_told_apart_by_their_event_where_they_stand_small() {
    let mut model = with((120, 36), |s| {
        let one = s.subscriptions[1].clone();
        let hook = |event: &str| SubscriptionLine {
            events: vec![event.to_owned()],
            ours: true,
            flags: Some(Flags { enabled: true, delivery: true, plan: true }),
            ..one.clone()
        };
        let events = ["UPDATED", "DELETED", "RESTORED", "SPLIT"].map(|e| format!("TIME_ENTRY_{e}"));
        s.subscriptions = events.iter().map(|event| hook(event)).collect();
        s.incidents.clear();
    });
    fixture::press(&mut model, "0");
    let shown = text(&mut model);
    for word in [" updated", " deleted", " restored", " split"] {
        assert!(shown.contains(word), "{shown}");
    }
}

#[test]
fn an_own_address_that_does_not_answer_is_said_everywhere_and_blamed_on_no_subscription() {
    for size in [(80, 24), (120, 36)] {
        let mut model = with(size, |s| {
            for line in &mut s.subscriptions {
                (line.state, line.ours, line.wanted) = (SubState::Active, true, Wanted::Enabled);
                line.cause.clear();
                line.drift.clear();
            }
            s.incidents.clear();
            s.unreached = Some((fixture::at("15:12"), "HTTP 502".to_owned()));
        });
        fixture::press(&mut model, "3");
        let shown = text(&mut model);
        let header = shown.lines().next().unwrap_or_default();
        assert!(header.contains("address out 15:12") && !header.contains("hook ok"), "{shown}");
        let row = shown.lines().find(|line| line.contains("● active ")).unwrap_or_default();
        let short = size.0 < 100 && row.contains("address out 15:12");
        assert!(short || row.contains("our own address does not answer since 15:12"), "{shown}");
        fixture::press(&mut model, "enter");
        let shown = text(&mut model);
        assert!(shown.contains("our own address does not answer since 15:12: HTTP 502"), "{shown}");
        assert!(!shown.contains("nothing has gone wrong here"), "{shown}");
        fixture::press(&mut model, "esc 0");
        let shown = text(&mut model);
        assert!(size.0 < 100 || shown.matches("address out 15:12").count() > 1, "{shown}");
    }
}

#[test]
fn a_running_timer_counts_in_the_day_by_the_clocks_minute() {
    let mut model = with((80, 24), |s| {
        (s.today.tracked_s, s.today.billable_s) = (0, 0);
        s.timers.truncate(1);
        s.timers[0].start = fixture::at("15:00");
    });
    for (clock, seconds, tracked) in [("15:25", 0, "0h25"), ("15:25", 59, "0h25"), ("15:26", 0, "0h26")] {
        model.now = fixture::at(clock) + chrono::TimeDelta::seconds(seconds);
        let shown = text(&mut model);
        assert!(shown.contains(&format!("{tracked} tracked · {tracked} billable")), "{shown}");
    }
    // Started in the middle of a minute it still changes with the clock.
    let mut titles = Vec::new();
    for second in [0, 29, 30, 31, 59] {
        model.now = fixture::at("15:25") + chrono::TimeDelta::seconds(second);
        if let Some(snapshot) = &mut model.snapshot {
            snapshot.timers[0].start = fixture::at("15:00") + chrono::TimeDelta::seconds(30);
        }
        titles.push(text(&mut model).lines().nth(1).map(str::to_owned));
    }
    titles.dedup();
    assert_eq!(titles.len(), 1, "{titles:?}");
}

#[test]
fn a_screen_too_small_still_tells_the_way_out() {
    for size in [(59, 14), (40, 10), (20, 5), (14, 3), (10, 2), (8, 1)] {
        let mut model = fixture::model((80, 24));
        model.size = size;
        let shown = text(&mut model);
        assert!(shown.contains("q leaves"), "{size:?}: {shown}");
        assert!(shown.contains("needs 60×15") || size.1 == 1 || size.0 < 11, "{size:?}: {shown}");
    }
}

#[test]
fn on_a_screen_too_small_only_leaving_is_done_and_a_question_waits() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut model = fixture::model((80, 24));
    model.started_engine = true;
    fixture::press(&mut model, "3 s");
    let asked = model.question.clone().expect("a new secret is asked about first");
    text(&mut model);
    fixture::step(&mut model, Event::Resize(40, 10));
    for key in ["enter", "y", "esc", "n", "1", "D", "j", ":", "/", "ctrl-z"] {
        assert_eq!(effects(&mut model, key), [], "{key}");
    }
    let click = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: 1,
        row: 3,
        modifiers: KeyModifiers::NONE,
    };
    assert_eq!(fixture::step(&mut model, Event::Mouse(click)), []);
    assert_eq!(fixture::step(&mut model, Event::Paste("y".to_owned())), []);
    assert_eq!((model.pane, &model.question), (Pane::Webhooks, &Some(asked)), "it waits unanswered");
    for key in ["q", "ctrl-c"] {
        let mut leaves = model.clone();
        assert_eq!(effects(&mut leaves, key), [Effect::Quit { stop_engine: false }], "{key}");
    }
    fixture::step(&mut model, Event::Resize(80, 24));
    assert!(matches!(wishes(&effects(&mut model, "enter")).as_slice(), [Wish::Reshape { .. }]));
}

#[test]
fn a_slash_where_the_list_is_short_searches_all_entries() {
    for pane in ["3", "4"] {
        for slashes in ["/", "/ /"] {
            let mut model = fixture::model((80, 24));
            fixture::press(&mut model, pane);
            let from = model.pane;
            fixture::press(&mut model, slashes);
            assert_eq!((model.pane, model.came_from), (Pane::Today, Some(from)), "{pane} {slashes}");
            // Letters are text now: S and P would be keys of the pane.
            assert!(wishes(&effects(&mut model, "S")).is_empty());
            assert_eq!(model.typing.as_ref().map(|t| t.value()), Some("S"));
            fixture::press(&mut model, "esc esc");
            assert_eq!(model.pane, from);
        }
    }
}

#[test]
fn what_a_key_on_a_subscription_takes_is_a_true_upper_bound() {
    for (key, off, price) in
        [("t", false, "≤ 1 request"), ("R", true, "≤ 7 requests"), ("v", false, "≤ 2 requests")]
    {
        let mut model = with((120, 36), |s| {
            s.subscriptions.truncate(1);
            s.subscriptions[0].state = if off { SubState::Disabled } else { SubState::NotValidated };
        });
        fixture::press(&mut model, &format!("3 {key}"));
        let shown = text(&mut model);
        assert!(shown.contains(price), "{key}: {shown}");
    }
}

/// Counts of the only target in place of the day's.
fn counted(counts: &[(&str, u32)], ago: i64) -> Model {
    with((80, 24), |s| {
        s.targets[0].counts = counts.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect();
        s.on_the_way_since = Some(fixture::now() - chrono::TimeDelta::seconds(ago));
    })
}

#[test]
fn the_header_says_sync_ok_only_when_nothing_is_left_to_say() {
    for (counts, ago, word) in [
        (&[("synced", 412), ("skipped", 6), ("running", 1)][..], 0, "sync ok"),
        (&[("queued", 232)], 0, "232 queued"),
        (&[("queued", 3), ("sending", 2)], 60, "3 queued"),
        (&[("sending", 2)], 60, "2 sending"),
        (&[("queued", 3), ("sending", 2)], 2, "sync ok"),
        (&[("queued", 300), ("waiting quota", 75)], 60, "75 waiting quota"),
        (&[("queued", 300), ("failed", 8)], 60, "8 failed"),
        (&[("queued", 300), ("unmapped", 4)], 60, "4 unmapped"),
    ] {
        let mut model = counted(counts, ago);
        let header = text(&mut model).lines().next().unwrap_or_default().to_owned();
        assert!(header.contains(&format!("  {word}  ")), "{counts:?}: {header}");
    }
}

#[test]
fn quota_is_not_calm_while_changes_wait_for_it() {
    let title = |model: &mut Model| {
        fixture::press(model, "4");
        text(model).lines().nth(1).unwrap_or_default().to_owned()
    };
    let mut model = counted(&[("synced", 412), ("sending", 3)], 0);
    assert!(title(&mut model).contains(" calm "), "{}", text(&mut model));
    let mut model = counted(&[("synced", 412), ("waiting quota", 75)], 0);
    assert!(title(&mut model).contains(" 75 wait for quota "), "{}", text(&mut model));
}

#[test]
fn what_was_read_of_and_still_stands_is_gone_to_and_named() {
    let read = |change: fn(&mut Snapshot)| {
        let mut model = with((80, 24), |s| {
            (s.alerts, s.holds) = (Vec::new(), Vec::new());
            s.targets[0].counts = vec![("synced".to_owned(), 412)];
            s.subscriptions.retain(SubscriptionLine::is_well);
            change(s);
        });
        fixture::press(&mut model, "!");
        model
    };
    for (change, pane, said) in [
        (
            (|s| s.targets[0].counts.push(("failed".to_owned(), 24))) as fn(&mut Snapshot),
            Pane::Sync,
            "no unread alert · 24 failed in Sync",
        ),
        (
            |s| s.targets[0].counts.push(("unmapped".to_owned(), 4)),
            Pane::Mapping,
            "no unread alert · 4 unmapped in Mapping",
        ),
        (
            |s| s.accounts[0].trouble = Some("offline 08:47".to_owned()),
            Pane::Overview,
            "no unread alert · HP offline 08:47",
        ),
        (|_| {}, Pane::Overview, "nothing needs a person"),
    ] {
        let mut model = read(change);
        assert_eq!(model.pane, pane, "{said}");
        assert!(sentence(&mut model).contains(said), "{}", text(&mut model));
    }
    let mut model = read(|s| s.targets[0].counts.push(("failed".to_owned(), 24)));
    assert!(model.selected_sync().is_some_and(|row| row.word.needs_person()), "{}", text(&mut model));
}

#[test]
fn what_happened_on_another_day_has_its_day() {
    let told =
        |at| price_line(&mut with((80, 24), |s| s.last = Some((at, "Scan letters new in Toggl".to_owned()))));
    let today = fixture::at("09:12");
    assert!(told(today).starts_with(" 09:12  Scan letters"), "{}", told(today));
    let before = told(today - chrono::TimeDelta::days(3));
    assert!(before.starts_with(" 9 May 09:12  Scan letters"), "{before}");
}
