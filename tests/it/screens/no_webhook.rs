//! The Webhooks pane of somebody without a public address, and keys there that could do nothing.

use hourwire::control::command::SubscriptionRef;
use hourwire::control::message::ToEngine;
use hourwire::domain::clockify_hook::wanted;
use hourwire::domain::health::SubState;
use hourwire::domain::id::Service;
use hourwire::tui::model::{Model, Pane};
use hourwire::tui::update::{Effect, Event};

use super::fixture::{self, with};
use super::looks::text;

fn read_only(size: (u16, u16)) -> Model {
    with(size, |s| {
        s.subscriptions.clear();
        s.incidents.clear();
        s.public_address = false;
        s.reading = Some(300);
        s.meters[2].bucket = "user:5550001".to_owned();
    })
}

fn flat(model: &mut Model) -> String {
    text(model).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn it_says_what_reading_takes_and_gives_three_commands_that_can_be_typed() {
    for size in [(60, 15), (80, 24), (120, 36)] {
        let mut model = read_only(size);
        fixture::press(&mut model, "3");
        let shown = text(&mut model);
        let whole = flat(&mut model);
        for words in [
            "Toggl HP",
            "every 5 min",
            "Reading takes 12 of the 30 requests an hour",
            "caddy reverse-proxy --from hooks.example.com --to 127.0.0.1:9187",
            "cloudflared tunnel --url http://127.0.0.1:9187",
            "ssh -N -R 127.0.0.1:9187:127.0.0.1:9187 you@hooks.example.com",
            "public_url = \"https://hooks.example.com\"",
        ] {
            assert!(whole.contains(words), "{size:?} {words}\n{shown}");
        }
        assert!(whole.contains("[receiver] in hourwire.toml") || size.0 < 80, "{shown}");
        let lines: Vec<&str> = shown.lines().collect();
        let body = &lines[2..lines.len() - 2];
        assert!(body.iter().all(|line| !line.contains('…')), "{size:?}\n{shown}");
        assert!(!shown.contains("8787"), "{shown}");
    }
}

#[test]
fn what_could_not_be_delivered_is_not_made_and_the_reason_is_said_at_once() {
    let mut model = read_only((80, 24));
    fixture::press(&mut model, "3");
    assert!(!text(&mut model).contains("c create"));
    fixture::press(&mut model, "c");
    assert!(model.question.is_none());
    assert!(flat(&mut model).contains("set public_url under [receiver] in hourwire.toml first"));
    fixture::press(&mut model, "enter");
    assert!(flat(&mut model).contains("there is no more to it than stands here"));
}

#[test]
fn the_tile_that_promises_the_ways_opens_them() {
    let mut model = read_only((120, 36));
    fixture::press(&mut model, "tab tab");
    assert!(text(&mut model).contains("Enter shows three ways to one"));
    fixture::press(&mut model, "enter");
    assert_eq!(model.pane, Pane::Webhooks);
    assert!(text(&mut model).contains("cloudflared tunnel"));
}

#[test]
fn no_webhook_is_offered_to_a_target_that_has_them_all() {
    let target = |missing: usize| {
        let mut model = with((80, 24), |s| {
            let mut line = s.subscriptions[0].clone();
            line.service = Service::Clockify;
            let events = wanted(usize::MAX);
            let lines = events[missing..].iter().map(|event| {
                line.at = SubscriptionRef::new(&"mirror".into(), &event.as_str().into());
                line.events = vec![event.as_str().to_owned()];
                (line.state, line.ours) = (SubState::Active, true);
                line.clone()
            });
            s.subscriptions = lines.collect();
        });
        fixture::press(&mut model, "3");
        model
    };
    let mut all = target(0);
    assert!(!text(&mut all).contains("c create"));
    fixture::press(&mut all, "c");
    assert!(all.question.is_none() && flat(&mut all).contains("all webhooks that are wanted there are made"));
    let mut some = target(1);
    assert!(text(&mut some).contains("c create"));
    let effects = fixture::step(&mut some, Event::Key("c".parse().unwrap()));
    assert!(!effects.iter().any(|e| matches!(e, Effect::Send(ToEngine::Command(_)))));
    assert!(some.question.is_some());
}
