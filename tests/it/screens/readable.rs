//! What has to be read is there whole: refusals, alerts, questions, the words of the help, what an upgrade would buy.

use hourwire::tui::keymap::ACTIONS;
use hourwire::tui::model::{Model, Tone};

use super::fixture::{self, with};
use super::looks::text;

const SIZES: [(u16, u16); 2] = [(60, 15), (80, 24)];

/// What stands on the screen, without its line breaks.
fn flat(model: &mut Model) -> String {
    text(model).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_refusal_is_read_whole_and_takes_no_row_of_what_it_is_about() {
    let refusal = "not done: User 5550001 already reached the limit of 1 enabled subscriptions for workspace 4440001; \
                   disable another one first, or ask an administrator for a larger plan";
    for size in SIZES {
        let mut model = fixture::model(size);
        fixture::press(&mut model, "3");
        model.say(Tone::Trouble, refusal);
        let shown = flat(&mut model);
        assert!(shown.contains(refusal), "{size:?}\n{}", text(&mut model));
        assert!(shown.contains("● active") && shown.contains("? help"), "{size:?}\n{}", text(&mut model));
        fixture::press(&mut model, "j");
        let after = text(&mut model);
        assert_eq!(after.lines().count(), usize::from(size.1));
        assert!(!after.contains("not done"), "one row again:\n{after}");
    }
}

#[test]
fn a_question_is_read_whole_with_its_price() {
    for size in SIZES {
        let mut model = with(size, |s| {
            s.subscriptions[0].description =
                "hourwire studio-in-the-harbour 0f1e 2026-05-12 140000".to_owned();
            s.subscriptions[0].state = hourwire::domain::health::SubState::Disabled;
            s.subscriptions[0].cause = "disabled again without failures: a person wants it so".to_owned();
            s.subscriptions[0].wanted = hourwire::domain::health::Wanted::Disabled;
        });
        fixture::press(&mut model, "3 R");
        let shown = flat(&mut model);
        for words in [
            "reverses: disabled again without failures: a person wants it so",
            "Enter does it",
            "≤ 7 requests",
        ] {
            assert!(shown.contains(words), "{size:?} {words}\n{}", text(&mut model));
        }
    }
}

#[test]
fn an_alert_is_read_whole_with_the_keys_it_names() {
    let say = "main: address and events and description of the subscription changed in the web page; < restores ours, \
               > takes theirs";
    for size in SIZES {
        let mut model = with(size, |s| {
            s.alerts.truncate(1);
            say.clone_into(&mut s.alerts[0].say);
            s.alerts[0].pane = 3;
        });
        fixture::press(&mut model, "!");
        assert!(flat(&mut model).contains(say), "{size:?}\n{}", text(&mut model));
    }
}

#[test]
fn what_an_upgrade_would_buy_is_read_whole() {
    for size in SIZES {
        let upgrade = "Starter would allow 2 subscriptions of 6 events, project announced too";
        let mut model = with(size, |s| upgrade.clone_into(&mut s.subscriptions[0].upgrade));
        fixture::press(&mut model, "3");
        assert!(flat(&mut model).contains(upgrade), "{size:?}\n{}", text(&mut model));
    }
}

#[test]
fn every_word_of_the_help_can_be_read() {
    for size in SIZES {
        let mut model = fixture::model(size);
        fixture::press(&mut model, "3 ?");
        let mut seen = String::new();
        for _ in 0..120 {
            seen.push_str(&flat(&mut model));
            fixture::press(&mut model, "j");
        }
        let whole = ACTIONS.iter().filter(|s| matches!(s.context.name(), "webhooks" | "global" | "list"));
        for spec in whole.filter(|s| !s.keys.is_empty()) {
            let words: Vec<&str> = spec.help.split_whitespace().collect();
            let last = words[words.len().saturating_sub(2)..].join(" ");
            assert!(seen.contains(&last), "{size:?} {}: {last}", spec.name);
        }
    }
}

#[test]
fn a_fact_that_does_not_fit_its_row_is_read_whole_when_it_is_selected() {
    for size in SIZES {
        let mut model = fixture::model(size);
        fixture::press(&mut model, "1 enter");
        fixture::press(&mut model, "j j j j");
        let shown = text(&mut model);
        assert!(
            flat(&mut model).contains("unmapped · no link, no rule and no fallback takes Fernley rebrand"),
            "{shown}"
        );
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.iter().any(|l| l.starts_with('▸') && l.contains("Clockify")), "{shown}");
    }
}

#[test]
fn what_is_at_most_so_much_says_so_in_ascii_too() {
    let mut model = fixture::model((80, 24));
    model.ascii = true;
    fixture::press(&mut model, "3");
    assert!(flat(&mut model).contains("<=2s"), "{}", text(&mut model));
    fixture::press(&mut model, "t");
    assert!(flat(&mut model).contains("<= 1 request"), "{}", text(&mut model));
}

#[test]
fn the_help_tells_what_a_cross_means_in_every_pane() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "? G");
    let shown = flat(&mut model);
    for words in [
        "linked to what is archived or gone there",
        "in Today × is deleted in Toggl",
        "subscription disabled",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}
