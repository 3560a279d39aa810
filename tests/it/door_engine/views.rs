//! Snapshots, pages and deltas.

use hourwire::control::message::ToEngine;
use hourwire::control::snapshot::CacheWord;
use hourwire::control::view::{LinkWord, Row, ViewKind};
use hourwire::domain::id::{Key, Service};
use hourwire::domain::word::SyncWord;
use serde_json::{Value, json};

use super::rig::{Rig, pass};

fn count(viewer: &super::rig::Viewer, word: &str) -> u32 {
    let target = &viewer.snapshot().targets[0];
    target.counts.iter().find(|(w, _)| w == word).map_or(0, |(_, n)| *n)
}

#[tokio::test(start_paused = true)]
async fn entries_without_project_are_found_where_the_open_work_is() {
    let rig = Rig::opening(&["Harbor site"]).await;
    rig.store.set_open(true);
    let mut viewer = rig.attach("tty1").await;
    pass(30).await;
    rig.track("first", None, 30).await;
    pass(400).await;
    viewer.drain();
    let alert = &viewer.snapshot().alerts[0];
    // No row of the mapping stands for them.
    assert_eq!((alert.id.as_str(), alert.pane), ("unmapped:mirror", 5));
    assert!(alert.say.contains("1 entry without project waits for mirror"), "{alert:?}");
    // Its drawer says why it waits and what to do, before anything else.
    let rows = viewer.rows(ViewKind::Entries, "").await;
    let Some(Row::Entry(entry)) = rows.first() else { panic!("{rows:?}") };
    let facts = viewer.rows(ViewKind::Detail { key: entry.key.clone() }, "").await;
    let Some(Row::Detail(first)) = facts.first() else { panic!("{facts:?}") };
    assert_eq!(first.label, "to do");
    for words in ["has no project", "give it a project in Toggl", "[fallback] mirror in mapping.toml"] {
        assert!(first.value.contains(words), "{first:?}");
    }
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_is_greeted_before_the_cache_is_ready_and_then_sees_everything() {
    let rig = Rig::opening(&["Harbor site"]).await;
    let mut viewer = rig.attach("tty1").await;
    let page = viewer.open(1, ViewKind::Entries, "", 0, 50).await;
    assert_eq!((page.total, viewer.snapshot().cache), (0, CacheWord::Opening));
    let early = viewer.wish(hourwire::control::command::Wish::ReadNow).await;
    assert!(matches!(early, hourwire::control::command::Reply::Failed { .. }), "{early:?}");
    rig.store.set_open(true);
    pass(30).await;
    let project = rig.projects[0];
    rig.track("first", Some(project), 30).await;
    rig.track("second", None, 20).await;
    pass(400).await;
    viewer.drain();
    let snapshot = viewer.snapshot();
    assert_eq!((snapshot.cache, snapshot.percent, snapshot.reading), (CacheWord::Ready, 100, Some(300)));
    assert_eq!((snapshot.today.tracked_s, snapshot.today.without_project), (1_200, 1));
    assert_eq!(count(&viewer, "unmapped"), 2);
    assert_eq!((snapshot.mapping.unmapped, snapshot.mapping.linked), (1, 0));
    let alert = &snapshot.alerts[0];
    assert_eq!((alert.id.as_str(), alert.pane), ("unmapped:mirror", 2));
    assert!(
        alert.say.starts_with("2 entries of 1 project and of none wait for a link to mirror; "),
        "{alert:?}"
    );
    // What can't be done in Mapping is said with where it can.
    assert!(alert.say.contains("give those of none a project in Toggl"), "{alert:?}");
    assert!(alert.say.ends_with("or set [fallback] in mapping.toml"), "{alert:?}");
    let words: Vec<(String, SyncWord)> = viewer.pages[&1]
        .rows
        .iter()
        .map(|row| match row {
            Row::Entry(line) => (line.description.clone(), line.words[0].clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(words, [("second".into(), SyncWord::Unmapped), ("first".into(), SyncWord::Unmapped)]);
    let meters: Vec<&str> = snapshot.meters.iter().map(|m| m.label.as_str()).collect();
    assert_eq!(meters.len(), 3, "{meters:?}");
    assert!(meters.contains(&"toggl org") && meters.contains(&"toggl user") && meters.contains(&"clockify"));
    // A cache that fails later leaves what is shown as it is.
    let kept = viewer.pages[&1].rows.clone();
    rig.store.set_open(false);
    rig.engine.notice("rebuilding");
    pass(30).await;
    viewer.drain();
    assert_eq!(viewer.pages[&1].rows, kept);
    assert_eq!(viewer.notices, [(None, "rebuilding".to_owned())]);
    rig.store.set_open(true);
    rig.stop().await;
    viewer.drain();
    assert_eq!(viewer.heard.last(), Some(&"bye"));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_engine_sends_nothing_and_an_unequal_protocol_is_refused() {
    let rig = Rig::new().await;
    pass(30).await;
    let mut viewer = rig.attach("tty1").await;
    viewer.open(1, ViewKind::Entries, "", 0, 50).await;
    pass(30).await;
    viewer.drain();
    let before = viewer.heard.len();
    pass(120).await;
    viewer.drain();
    assert_eq!(viewer.heard.len(), before, "{:?}", viewer.heard);
    let end = rig.door.enter().await.unwrap();
    let hello = ToEngine::Hello { protocol: 999, version: "9.9".into(), viewer: "x".into() };
    end.to_engine.send(hello).await.unwrap();
    let mut from = end.from_engine;
    let answer = from.recv().await.unwrap();
    let json = serde_json::to_value(answer).unwrap();
    assert!(json["refused"]["reason"].as_str().unwrap().starts_with("the running engine"), "{json}");
    assert!(from.recv().await.is_none());
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_does_not_read_is_dropped_and_others_go_on() {
    let rig = Rig::new().await;
    pass(30).await;
    let slow = rig.attach("slow").await;
    let mut good = rig.attach("good").await;
    for _ in 0..300 {
        // Each asks for an answer that nobody takes.
        if slow.end.to_engine.send(ToEngine::Resync).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    pass(5).await;
    assert!(slow.end.to_engine.is_closed());
    good.drain();
    rig.track("still here", None, 20).await;
    pass(400).await;
    good.drain();
    assert_eq!(count(&good, "unmapped"), 1);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn windows_filters_and_details() {
    let rig = Rig::with(&["Harbor site"], &[]).await;
    pass(10).await;
    let project = rig.projects[0];
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(rig.track(&format!("work {n}"), Some(project), 400 - n * 10).await);
    }
    pass(400).await;
    let mut viewer = rig.attach("tty1").await;
    let names = |rows: &[Row]| -> Vec<String> {
        rows.iter()
            .map(|row| match row {
                Row::Entry(line) => line.description.clone(),
                Row::Sync(line) => line.description.clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let page = viewer.open(1, ViewKind::Entries, "", 5, 3).await;
    assert_eq!((page.total, page.unfiltered, page.offset), (30, 30, 5));
    assert_eq!(names(&page.rows), ["work 24", "work 23", "work 22"]);
    let page = viewer.open(1, ViewKind::Entries, "", 26, 3).await;
    assert_eq!(names(&page.rows), ["work 3", "work 2", "work 1"]);
    let page = viewer.open(1, ViewKind::Entries, "", 90, 3).await;
    assert_eq!((page.offset, names(&page.rows).len()), (27, 3));
    let page = viewer.open(1, ViewKind::Entries, "HARBOR work 2", 0, 3).await;
    assert_eq!((page.total, page.unfiltered), (12, 30));
    assert_eq!(names(&page.rows), ["work 29", "work 28", "work 27"]);
    let page = viewer.open(2, ViewKind::Sync, "", 10, 4).await;
    assert_eq!((page.total, page.rows.len()), (30, 4));
    let page = viewer.open(2, ViewKind::Sync, "unmapped harbor", 0, 500).await;
    assert_eq!(page.total, 30);
    let projects = viewer.rows(ViewKind::Mapping, "").await;
    match &projects[0] {
        Row::Project(line) => {
            assert_eq!(
                (line.waiting, line.week_s, line.links.clone()),
                (30, 18_000, vec![LinkWord::Unmapped])
            );
        }
        other => panic!("{other:?}"),
    }
    let key = Key::new(&"main".into(), ids[0]);
    let facts = viewer.rows(ViewKind::Detail { key }, "").await;
    let value = |label: &str| {
        facts.iter().find_map(|row| match row {
            Row::Detail(line) if line.label == label => Some(line.value.clone()),
            _ => None,
        })
    };
    assert_eq!(value("description").as_deref(), Some("work 0"));
    assert_eq!(value("project").as_deref(), Some("Harbor site"));
    assert_eq!(value("mirror").as_deref(), Some("unmapped"));
    let what = value("to do").expect("what a person can do");
    assert!(
        what.contains("nothing takes Harbor site to mirror: link it or leave it out in Mapping (2)"),
        "{what}"
    );
    assert_eq!(viewer.rows(ViewKind::Detail { key: Key::new(&"main".into(), 1) }, "").await, []);
    let log = viewer.open(3, ViewKind::Log, "", 0, 5).await;
    assert_eq!(log.rows.len(), 5);
    assert!(log.total >= 30);
    let next = viewer.open(3, ViewKind::Log, "", 4, 2).await;
    assert_eq!(next.rows[0], log.rows[4]);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_a_dead_letter_with_its_reason() {
    let rig = Rig::new().await;
    pass(10).await;
    let seq = rig.deliver(&json!({"nonsense": true})).await;
    let mut viewer = rig.attach("tty1").await;
    viewer.settle().await;
    let lines = viewer.rows(ViewKind::Deliveries, "").await;
    match &lines[0] {
        Row::Delivery(line) => {
            assert_eq!((line.seq, line.verdict.as_str()), (Some(seq), "dead"));
            assert!(!line.reason.is_empty());
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(viewer.snapshot().deliveries.dead, 1);
    assert!(viewer.snapshot().alerts.iter().any(|a| a.id == "dead letters" && a.pane == 3));
    rig.stop().await;
}

/// A small source of choices that is the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

async fn change(rig: &Rig, dice: &mut Dice, known: &mut Vec<i64>, projects: &[i64]) {
    let pick = |dice: &mut Dice, known: &[i64]| known[dice.below(known.len() as u64) as usize];
    let path = |id: i64| format!("/api/v9/workspaces/4440001/time_entries/{id}");
    match dice.below(5) {
        0 | 1 => {
            let project = projects.get(dice.below(3) as usize).copied();
            let text = format!("entry {}", dice.below(10));
            known.push(rig.track(&text, project, dice.below(600) as i64 + 20).await);
        }
        2 if !known.is_empty() => {
            let body = json!({"description": format!("changed {}", dice.below(100))});
            rig.person(Service::Toggl, "PUT", &path(pick(dice, known)), body).await;
        }
        3 if !known.is_empty() => {
            let body = json!({"project_id": projects[dice.below(2) as usize]});
            rig.person(Service::Toggl, "PUT", &path(pick(dice, known)), body).await;
        }
        4 if known.len() > 3 => {
            let at = dice.below(known.len() as u64) as usize;
            rig.person(Service::Toggl, "DELETE", &path(known.swap_remove(at)), Value::Null).await;
        }
        _ => {}
    }
}

/// Whatever happens, a viewer that only ever got deltas has what one gets who opens now.
#[tokio::test(start_paused = true)]
async fn deltas_lead_to_the_same_rows_as_opening_again() {
    for seed in 1..=6 {
        let rig = Rig::with(&["Harbor site", "Osprey shop"], &["Harbor site"]).await;
        pass(10).await;
        let (projects, to) = (rig.projects.clone(), rig.targets[0].clone());
        let kinds = [
            (1, ViewKind::Entries, "", 0, 8),
            (2, ViewKind::Entries, "entry", 2, 5),
            (3, ViewKind::Mapping, "", 0, 500),
            (4, ViewKind::Sync, "", 1, 6),
            (5, ViewKind::Log, "", 0, 20),
            (6, ViewKind::Sync, "harbor", 0, 500),
        ];
        let mut viewer = rig.attach("old").await;
        for (view, kind, filter, offset, rows) in &kinds {
            viewer.open(*view, kind.clone(), filter, *offset, *rows).await;
        }
        let mut dice = Dice(seed);
        let mut known = Vec::new();
        for round in 0..12 {
            for _ in 0..=dice.below(4) {
                change(&rig, &mut dice, &mut known, &projects).await;
            }
            if round == 6 {
                let row = hourwire::domain::mapping::MappingEdit::LinkProject {
                    source: hourwire::domain::mapping::SourceRef {
                        account: "main".into(),
                        id: projects[0].into(),
                        name: String::new(),
                    },
                    target: "mirror".into(),
                    to: hourwire::domain::mapping::Named { id: to.as_str().into(), name: String::new() },
                    from: None,
                };
                use hourwire::engine::setup::MappingBook;
                rig.book.edit("", &row).unwrap();
                rig.engine.reload_mapping().unwrap();
            }
            viewer.wish(hourwire::control::command::Wish::ReadNow).await;
            pass(dice.below(20) + 1).await;
            viewer.drain();
        }
        pass(60).await;
        viewer.drain();
        let mut fresh = rig.attach("new").await;
        let mut deltas = 0;
        for (view, kind, filter, offset, rows) in &kinds {
            let page = fresh.open(*view, kind.clone(), filter, *offset, *rows).await;
            let kept = &viewer.pages[view];
            assert_eq!(kept.rows, page.rows, "seed {seed}, view {view}");
            assert_eq!(
                (kept.total, kept.unfiltered, kept.offset),
                (page.total, page.unfiltered, page.offset)
            );
            deltas += viewer.heard.iter().filter(|h| **h == "delta").count();
        }
        assert!(deltas > 20, "{deltas}");
        rig.stop().await;
    }
}

/// Nobody applies while the cache is away, at a start or later; what is accepted meanwhile is counted all the same.
#[tokio::test(start_paused = true)]
async fn deliveries_that_wait_for_the_cache_are_counted() {
    let rig = Rig::opening(&["Harbor site"]).await;
    let mut viewer = rig.attach("tty1").await;
    for event in 1..=3 {
        rig.deliver(&rig.announced(event, 3_990_000_000 + event as i64, "work")).await;
    }
    pass(15).await;
    viewer.drain();
    assert_eq!(viewer.snapshot().deliveries.unapplied, 3, "before the first opening");
    rig.store.set_open(true);
    pass(30).await;
    viewer.drain();
    assert_eq!(viewer.snapshot().deliveries.unapplied, 0, "applied");
    rig.store.set_open(false);
    for event in 4..=5 {
        rig.deliver(&rig.announced(event, 3_990_000_000 + event as i64, "work")).await;
    }
    pass(15).await;
    viewer.drain();
    assert_eq!(viewer.snapshot().deliveries.unapplied, 2, "while it is rebuilt");
    rig.store.set_open(true);
    pass(30).await;
    viewer.drain();
    assert_eq!(viewer.snapshot().deliveries.unapplied, 0);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_last_that_happened_is_told_from_the_log_where_nobody_did_anything_since_the_start() {
    let rig = Rig::with(&[], &[]).await;
    pass(10).await;
    rig.track("first", None, 30).await;
    pass(400).await;
    let mut viewer = rig.attach("tty1").await;
    viewer.settle().await;
    let Row::Log(newest) = viewer.rows(ViewKind::Log, "").await.remove(0) else { panic!("no line") };
    assert_eq!(viewer.snapshot().last, Some((newest.at, newest.say)));
    rig.stop().await;
}
