//! A mass change is one decision: what it comes to, what sending it takes, and what takes that back.

use hourwire::control::command::{Price, Reply, Wish};
use hourwire::control::snapshot::HoldLine;
use hourwire::domain::id::Service;
use hourwire::domain::mapping::{MappingEdit, Named, SourceRef};
use serde_json::{Value, json};

use super::rig::{Rig, Viewer, pass};

fn say(reply: Reply) -> String {
    match reply {
        Reply::Done { say } => say,
        Reply::Failed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn counts(viewer: &Viewer, word: &str) -> u32 {
    viewer.snapshot().targets[0].counts.iter().find(|(w, _)| w == word).map_or(0, |(_, n)| *n)
}

/// So many entries of ten minutes are sent; more than two heavy changes of one cause are held.
async fn sent(count: i64) -> (Rig, Viewer, Vec<i64>) {
    let rig = Rig::braked(2, &["Harbor site"], &["Harbor site"]).await;
    let (project, to) = (rig.projects[0], rig.targets[0].clone());
    pass(10).await;
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(rig.track(&format!("work {n}"), Some(project), 100 - n * 15).await);
    }
    pass(400).await;
    let mut viewer = rig.attach("tty1").await;
    viewer.settle().await;
    let edit = MappingEdit::LinkProject {
        source: SourceRef { account: "main".into(), id: project.into(), name: "Harbor site".into() },
        target: "mirror".into(),
        to: Named { id: to.as_str().into(), name: "Harbor site".into() },
        from: None,
    };
    let seen = viewer.snapshot().mapping.version.clone();
    viewer.wish(Wish::EditMapping { seen, edit, dry: false }).await;
    pass(60).await;
    assert_eq!(rig.there().len() as i64, count);
    (rig, viewer, ids)
}

/// Four sent entries, and what is deleted at once is more than the brake lets through.
async fn deleted_at_once() -> (Rig, Viewer, HoldLine) {
    let (rig, mut viewer, ids) = sent(4).await;
    for id in ids {
        let path = format!("/api/v9/workspaces/4440001/time_entries/{id}");
        rig.person(Service::Toggl, "DELETE", &path, Value::Null).await;
    }
    pass(400).await;
    viewer.drain();
    assert_eq!(rig.there().len(), 4, "held");
    let hold = viewer.snapshot().holds[0].clone();
    (rig, viewer, hold)
}

async fn price(viewer: &mut Viewer, hold: &str, send: bool) -> Price {
    match viewer.wish(Wish::Decide { hold: hold.into(), send, dry: true }).await {
        Reply::Price(price) => price,
        other => panic!("{other:?}"),
    }
}

async fn decide(viewer: &mut Viewer, hold: &str, send: bool) -> String {
    say(viewer.wish(Wish::Decide { hold: hold.into(), send, dry: false }).await)
}

#[tokio::test(start_paused = true)]
async fn a_mass_change_is_one_decision() {
    for send in [true, false] {
        let (rig, mut viewer, hold) = deleted_at_once().await;
        assert_eq!((counts(&viewer, "held"), viewer.snapshot().alerts.len()), (4, 1));
        assert_eq!((hold.entries, &viewer.snapshot().alerts[0].id), (4, &hold.id));
        assert!(hold.say.starts_with("4 entries would be deleted in mirror · 40 min · of "), "{}", hold.say);
        let before = rig.simulator.requests().len();
        let price = price(&mut viewer, &hold.id, send).await;
        assert_eq!(price.requests, if send { 4 } else { 0 });
        assert_eq!(price.say.contains("4 deleted in mirror · 40 min"), send, "{}", price.say);
        assert_eq!(rig.simulator.requests().len(), before, "a price costs nothing");
        assert_eq!(viewer.snapshot().holds.len(), 1, "and decides nothing");
        assert!(decide(&mut viewer, &hold.id, send).await.starts_with("4 entries"));
        pass(60).await;
        viewer.drain();
        assert_eq!(rig.there().len(), if send { 0 } else { 4 });
        assert!(viewer.snapshot().holds.is_empty() && viewer.snapshot().alerts.is_empty());
        assert!(decide(&mut viewer, &hold.id, send).await.contains("decided"));
        rig.stop().await;
    }
}

/// Deletions that are announced one after the other: each is a batch of its own.
#[tokio::test(start_paused = true)]
async fn the_figures_grow_with_every_batch_that_joins() {
    let (rig, mut viewer, ids) = sent(6).await;
    // What is sent before the brake is pulled is not held: nothing leaves meanwhile.
    viewer.wish(Wish::Hold { target: None }).await;
    for (at, id) in ids.iter().enumerate() {
        let mut body = rig.announced(900 + at as u64, *id, &format!("work {at}"));
        body["metadata"]["action"] = json!("deleted");
        body["payload"]["server_deleted_at"] = body["payload"]["at"].clone();
        body["payload"]["project_id"] = json!(rig.projects[0]);
        rig.deliver(&body).await;
        pass(61).await;
    }
    viewer.settle().await;
    let hold = viewer.snapshot().holds.iter().find(|h| h.reason == "mass change").expect("held").clone();
    assert_eq!((hold.entries, hold.weight.deleted, hold.weight.seconds), (6, 6, 3_600));
    let (first, last) = (hold.weight.first.expect("a time"), hold.weight.last.expect("a time"));
    assert_eq!((last - first).num_seconds(), 5 * 61);
    let clock = |at| viewer.snapshot().clock(at);
    let (first, last) = (clock(first), clock(last));
    assert_eq!(hold.say, format!("6 entries would be deleted in mirror · 1 h · by Ida Kern, {first}–{last}"));
    assert_eq!(hold.rows.len(), 6);
    assert!(hold.rows[0].starts_with("delete") && hold.rows[0].contains("0h10"), "{:?}", hold.rows);
    assert!(hold.rows[0].contains("Harbor site · work "), "{:?}", hold.rows);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_has_not_left_is_taken_back() {
    for send in [true, false] {
        let (rig, mut viewer, hold) = deleted_at_once().await;
        viewer.wish(Wish::Hold { target: None }).await;
        decide(&mut viewer, &hold.id, send).await;
        viewer.settle().await;
        assert_eq!(viewer.snapshot().holds.len(), 1, "only that by hand");
        let back = say(viewer.wish(Wish::Undo).await);
        assert!(back.ends_with(" · 4 entries held again"), "{back}");
        viewer.wish(Wish::Release { target: None }).await;
        pass(60).await;
        viewer.drain();
        assert_eq!((rig.there().len(), counts(&viewer, "held")), (4, 4));
        let again = &viewer.snapshot().holds;
        assert_eq!(again.len(), 1, "{again:?}");
        assert_eq!((&again[0].id, &again[0].say, &again[0].weight), (&hold.id, &hold.say, &hold.weight));
        rig.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_left_says_so_and_stands_in_nobodys_way() {
    let (rig, mut viewer, hold) = deleted_at_once().await;
    decide(&mut viewer, &hold.id, true).await;
    pass(60).await;
    let why = say(viewer.wish(Wish::Undo).await);
    assert!(
        why.starts_with("mass change of 4 entries sent cannot be undone: all of it has been sent"),
        "{why}"
    );
    let before = say(viewer.wish(Wish::Undo).await);
    assert!(before.contains("undone: ") && before.contains("linked"), "{before}");
    rig.stop().await;
}
