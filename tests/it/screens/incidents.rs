//! The ledger of incidents and the timelines: every line within reach, the newest in sight, what is cut told in full.

use hourwire::control::snapshot::IncidentStep;
use hourwire::control::view::{IncidentRow, Row};
use hourwire::tui::model::Model;

use super::day::{account, at};
use super::fixture;
use super::looks::text;

/// The incidents of the invented day, newest first: one goes on, one is of a webhook that is gone since.
pub fn ledger() -> Vec<Row> {
    let line = |id: u64, kind: &str, of: &str, about: &str, span: (&str, Option<&str>), cause: &str| {
        Row::Incident(IncidentRow {
            id,
            kind: kind.to_owned(),
            account: Some(account(of)),
            about: about.to_owned(),
            opened_at: at(span.0),
            began_at: None,
            closed_at: span.1.map(at),
            cause: cause.to_owned(),
            recovered: if span.1.is_some() { 6 } else { 0 },
            requests: 4,
            last: "since 01:47: 6 entries recovered, 0 missing".to_owned(),
        })
    };
    vec![
        line(
            8,
            "subscription disabled",
            "main",
            "HP hourwire",
            ("14:58", None),
            "hourly quota spent; again at 16:05, right after the reset that the service named",
        ),
        line(
            7,
            "subscription disabled",
            "main",
            "HP hourwire",
            ("02:04", Some("02:31")),
            "HTTP 502, three times",
        ),
        line(
            6,
            "webhook disabled",
            "mirror",
            "CL updated",
            ("01:00", Some("01:20")),
            "deliveries failed too often",
        ),
    ]
}

/// A timeline of many lines, the last of which says how it stands.
pub fn steps() -> Vec<Row> {
    let step = |n: u32| {
        let (what, answer) = match n {
            0 => ("last good", "a delivery, signed".to_owned()),
            19 => {
                ("waits", "hourly quota spent; again at 16:05, for the bucket of the organization".to_owned())
            }
            n => ("probe", format!("HTTP 502, look {n}")),
        };
        let what = what.to_owned();
        Row::Step(IncidentStep {
            at: at("14:58") + chrono::TimeDelta::seconds(i64::from(n)),
            what,
            answer,
            requests: 0,
        })
    };
    (0..20).map(step).collect()
}

/// With an open incident of the first subscription, as long as that timeline.
fn with_open(size: (u16, u16)) -> Model {
    let timeline = steps().into_iter().filter_map(|row| match row {
        Row::Step(step) => Some(step),
        _ => None,
    });
    fixture::with(size, |s| {
        s.incidents[0].closed_at = None;
        s.incidents[0].timeline = timeline.collect();
    })
}

#[test]
fn all_incidents_of_all_accounts_are_one_key_away_and_their_timelines_two() {
    for size in [(60, 15), (80, 24), (120, 36)] {
        let mut model = fixture::model(size);
        fixture::press(&mut model, "3 i");
        let shown = text(&mut model);
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in ["3 of all accounts", "open", "HTTP 502", "HP hourwire", "the service named"] {
            assert!(flat.contains(words), "{size:?} {words}:\n{shown}");
        }
        fixture::press(&mut model, "j enter");
        let shown = text(&mut model);
        assert!(shown.contains("incident 7, disabled") && shown.contains("closed"), "{size:?}\n{shown}");
        // Back on the same line, and out again to the subscription's own drawer.
        fixture::press(&mut model, "esc");
        assert_eq!(model.selected_incident().map(|row| row.id), Some(7));
        fixture::press(&mut model, "esc");
        assert!(!model.in_drawer && text(&mut model).contains("hourwire"));
    }
}

#[test]
fn the_ledger_is_filtered_and_says_when_nothing_fits() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "3 i / m i r r o r enter");
    let shown = text(&mut model);
    assert!(shown.contains("incidents /mirror") && shown.contains("1 of them"), "{shown}");
    assert!(!shown.contains("HTTP 502"), "{shown}");
    fixture::press(&mut model, "esc / z z enter");
    assert!(text(&mut model).contains("nothing holds \"zz\" · Esc shows all"));
    fixture::press(&mut model, "esc");
    assert!(text(&mut model).contains("3 of all accounts"));
}

#[test]
fn a_long_timeline_shows_its_newest_line_and_counts_the_others() {
    for (size, keys) in
        [((80, 24), "3 enter"), ((60, 15), "3 enter"), ((80, 24), "3 i enter"), ((60, 15), "3 i enter")]
    {
        let mut model = with_open(size);
        fixture::press(&mut model, keys);
        let shown = text(&mut model);
        assert!(shown.contains("waits") && shown.contains("more above"), "{size:?} {keys}:\n{shown}");
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("for the bucket of the organization"), "whole: {size:?} {keys}:\n{shown}");
        fixture::press(&mut model, "g");
        let shown = text(&mut model);
        assert!(shown.contains("last good") && shown.contains("more below"), "{size:?} {keys}:\n{shown}");
    }
}

#[test]
fn what_happened_to_a_subscription_that_was_deleted_since_is_not_lost() {
    let mut model = fixture::with((80, 24), |s| s.subscriptions[0].at.id = 30_001.into());
    fixture::press(&mut model, "3 enter");
    let shown = text(&mut model);
    assert!(shown.contains("incident 7") && shown.contains("6 recovered"), "{shown}");
}
