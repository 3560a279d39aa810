//! What viewers ask for.

use hourwire::control::command::{Reply, Wish};
use hourwire::control::view::{Row, ViewKind};
use hourwire::domain::id::{Key, Service};
use hourwire::domain::mapping::{MappingEdit, Named, SourceRef};
use hourwire::domain::word::SyncWord;
use hourwire::engine::setup::MappingBook;
use serde_json::{Value, json};

use super::rig::{Rig, Viewer, pass};

fn link(project: i64, to: &str) -> MappingEdit {
    MappingEdit::LinkProject {
        source: SourceRef { account: "main".into(), id: project.into(), name: "Harbor site".into() },
        target: "mirror".into(),
        to: Named { id: to.into(), name: "Harbor site".into() },
        from: None,
    }
}

fn say(reply: &Reply) -> &str {
    match reply {
        Reply::Done { say } => say,
        Reply::Failed { reason } => reason,
        Reply::Price(price) => &price.say,
        Reply::Accepted => "accepted",
    }
}

fn failed(reply: &Reply) -> &str {
    assert!(matches!(reply, Reply::Failed { .. }), "{reply:?}");
    say(reply)
}

struct Ready {
    rig: Rig,
    viewer: Viewer,
    project: i64,
    to: String,
}

/// Two entries wait for a link of their project.
async fn ready() -> Ready {
    let rig = Rig::with(&["Harbor site", "Osprey shop"], &["Harbor site", "Brand refresh"]).await;
    let (project, to) = (rig.projects[0], rig.targets[0].clone());
    pass(10).await;
    rig.track("first", Some(project), 30).await;
    rig.track("second", Some(project), 20).await;
    pass(400).await;
    let mut viewer = rig.attach("tty1").await;
    viewer.settle().await;
    Ready { rig, viewer, project, to }
}

async fn edit(viewer: &mut Viewer, edit: MappingEdit, dry: bool) -> Reply {
    viewer.settle().await;
    let seen = viewer.snapshot().mapping.version.clone();
    viewer.wish(Wish::EditMapping { seen, edit, dry }).await
}

fn counts(viewer: &Viewer, word: &str) -> u32 {
    viewer.snapshot().targets[0].counts.iter().find(|(w, _)| w == word).map_or(0, |(_, n)| *n)
}

#[tokio::test(start_paused = true)]
async fn a_link_has_its_price_first_and_releases_what_waits() {
    let Ready { rig, mut viewer, project, to } = ready().await;
    let before = rig.simulator.requests().len();
    match edit(&mut viewer, link(project, &to), true).await {
        Reply::Price(price) => {
            assert_eq!((price.creates, price.moves, price.requests), (2, 0, 2));
            assert_eq!(price.say, "links it and sends the 2 waiting");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(rig.simulator.requests().len(), before, "a price costs nothing");
    assert!(rig.book.now().projects.is_empty());
    let done = edit(&mut viewer, link(project, &to), false).await;
    assert_eq!(say(&done), "Harbor site: linked to \"Harbor site\" · 2 queued · u undoes");
    pass(60).await;
    viewer.drain();
    assert_eq!(rig.there(), [("first".into(), to.clone()), ("second".into(), to.clone())]);
    assert_eq!((counts(&viewer, "synced"), counts(&viewer, "unmapped")), (2, 0));
    assert!(viewer.snapshot().alerts.is_empty());
    let again = edit(&mut viewer, link(project, &to), false).await;
    assert!(say(&again).contains("already"), "{again:?}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_an_edit_names_the_project() {
    let Ready { rig, mut viewer, project, to } = ready().await;
    edit(&mut viewer, link(project, &to), false).await;
    pass(60).await;
    let source = || SourceRef { account: "main".into(), id: project.into(), name: String::new() };
    let unlink = || MappingEdit::UnlinkProject { source: source(), target: "mirror".into(), from: None };
    assert_eq!(say(&edit(&mut viewer, unlink(), true).await), "unlinks Harbor site");
    assert_eq!(say(&edit(&mut viewer, unlink(), false).await), "unlinked: Harbor site · u undoes");
    let skip = MappingEdit::SkipProject { source: source() };
    assert_eq!(say(&edit(&mut viewer, skip, false).await), "left out: Harbor site · u undoes");
    let take = MappingEdit::UnskipProject { source: source() };
    assert_eq!(say(&edit(&mut viewer, take, false).await), "taken in again: Harbor site · u undoes");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn undo_brings_the_mapping_back_and_moves_nothing_that_was_sent() {
    let Ready { rig, mut viewer, project, to } = ready().await;
    edit(&mut viewer, link(project, &to), false).await;
    pass(60).await;
    let mut other = rig.attach("tty2").await;
    assert!(failed(&other.wish(Wish::Undo).await).contains("nothing of yours"));
    let undone = viewer.wish(Wish::Undo).await;
    assert_eq!(say(&undone), "undone: Harbor site linked · 2 entries already sent stay where they are");
    assert!(rig.book.now().projects.is_empty());
    rig.track("third", Some(project), 10).await;
    pass(400).await;
    viewer.drain();
    assert_eq!(rig.there().len(), 2, "what was sent stays, what comes waits");
    assert_eq!((counts(&viewer, "synced"), counts(&viewer, "unmapped")), (2, 1));
    assert!(failed(&viewer.wish(Wish::Undo).await).contains("nothing of yours"));
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_row_changed_by_another_is_refused_with_both_values_and_other_rows_are_merged() {
    let Ready { rig, mut viewer, project, to } = ready().await;
    let (second, other) = (rig.projects[1], rig.targets[1].clone());
    let seen = viewer.snapshot().mapping.version.clone();
    let theirs = MappingEdit::LinkProject {
        source: SourceRef { account: "main".into(), id: project.into(), name: "Harbor site".into() },
        target: "mirror".into(),
        to: Named { id: other.as_str().into(), name: "Brand refresh".into() },
        from: None,
    };
    rig.book.edit("", &theirs).unwrap();
    let clash = Wish::EditMapping { seen: seen.clone(), edit: link(project, &to), dry: false };
    let reason = viewer.wish(clash).await;
    let reason = failed(&reason);
    assert!(reason.contains("\"Brand refresh\"") && reason.contains("\"Harbor site\""), "{reason}");
    let merged = MappingEdit::LinkProject {
        source: SourceRef { account: "main".into(), id: second.into(), name: "Osprey shop".into() },
        target: "mirror".into(),
        to: Named { id: to.as_str().into(), name: "Harbor site".into() },
        from: None,
    };
    let done = viewer.wish(Wish::EditMapping { seen, edit: merged, dry: false }).await;
    assert!(matches!(done, Reply::Done { .. }), "{done:?}");
    assert_eq!(rig.book.now().projects.len(), 2);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_repeated_id_gets_the_same_answer_and_nothing_happens_twice() {
    let Ready { rig, mut viewer, project, to } = ready().await;
    let seen = viewer.snapshot().mapping.version.clone();
    let wish = Wish::EditMapping { seen, edit: link(project, &to), dry: false };
    let first = viewer.wish_as("same", wish.clone()).await;
    let version = rig.book.load().unwrap().1;
    assert_eq!(viewer.wish_as("same", wish).await, first);
    assert_eq!(rig.book.load().unwrap().1, version);
    let undone = viewer.wish_as("undo", Wish::Undo).await;
    assert_eq!(viewer.wish_as("undo", Wish::Undo).await, undone);
    assert!(rig.book.now().projects.is_empty());
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_project_is_made_in_the_target_linked_and_told() {
    let rig = Rig::with(&["Fernley rebrand"], &[]).await;
    let project = rig.projects[0];
    pass(10).await;
    rig.track("logo", Some(project), 30).await;
    pass(400).await;
    let mut viewer = rig.attach("tty1").await;
    let source = SourceRef { account: "main".into(), id: project.into(), name: "Fernley rebrand".into() };
    let create = |dry| Wish::CreateProject { source: source.clone(), target: "mirror".into(), dry };
    match viewer.wish(create(true)).await {
        Reply::Price(price) => assert_eq!((price.creates, price.requests), (1, 2)),
        other => panic!("{other:?}"),
    }
    assert_eq!(viewer.wish_as("make", create(false)).await, Reply::Accepted);
    pass(60).await;
    viewer.drain();
    let (id, say) = viewer.notices.first().expect("a notice");
    assert_eq!(id.as_deref(), Some("make"));
    assert_eq!(say, "Fernley rebrand made in mirror and linked · 1 queued · u undoes the link");
    assert_eq!(rig.there().len(), 1);
    let asked = rig.simulator.requests();
    let made = asked.iter().filter(|r| r.method == "POST" && r.path.ends_with("/projects")).count();
    assert_eq!(made, 1);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_hold_stops_sending_until_it_is_released() {
    let Ready { rig, mut viewer, project, to } = ready().await;
    assert!(failed(&viewer.wish(Wish::Hold { target: Some("nowhere".into()) }).await).contains("mirror"));
    viewer.wish(Wish::Hold { target: None }).await;
    let done = edit(&mut viewer, link(project, &to), false).await;
    assert_eq!(say(&done), "Harbor site: linked to \"Harbor site\" · 2 held · u undoes");
    pass(60).await;
    viewer.drain();
    assert_eq!(rig.there(), []);
    assert_eq!((counts(&viewer, "held"), viewer.snapshot().holds[0].entries), (2, 2));
    assert!(viewer.snapshot().targets[0].trouble.starts_with("held "));
    assert_eq!(viewer.snapshot().holds[0].say, "nothing is sent to any target until `release`");
    let lines = viewer.rows(ViewKind::Sync, "").await;
    assert!(matches!(&lines[0], Row::Sync(l) if l.word == SyncWord::Held("by hand".into())), "{lines:?}");
    let released = viewer.wish(Wish::Release { target: None }).await;
    assert!(matches!(released, Reply::Done { .. }), "{released:?}");
    pass(60).await;
    viewer.drain();
    assert_eq!(rig.there().len(), 2);
    assert!(viewer.snapshot().holds.is_empty());
    let reply = viewer.wish(Wish::Release { target: None }).await;
    assert_eq!(failed(&reply), "no target is held by hand");
    viewer.wish(Wish::Undo).await;
    viewer.settle().await;
    assert_eq!(viewer.snapshot().holds.len(), 1, "the release was the last change");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_entry_can_be_sent_again() {
    let Ready { rig, mut viewer, project, to } = ready().await;
    let faults = json!({"answers": [{"service": "clockify", "method": "POST", "path": "/time-entries", "do": "status:403"}]});
    rig.simulator.set_faults(serde_json::from_value(faults).unwrap());
    edit(&mut viewer, link(project, &to), false).await;
    pass(60).await;
    viewer.drain();
    assert_eq!(counts(&viewer, "failed"), 2);
    assert!(viewer.snapshot().alerts.iter().any(|a| a.id == "failed:mirror" && a.pane == 5));
    rig.simulator.set_faults(hourwire::simulator::Faults::default());
    let keys: Vec<Key> = viewer
        .rows(ViewKind::Sync, "failed")
        .await
        .into_iter()
        .map(|row| match row {
            Row::Sync(line) => line.key,
            other => panic!("{other:?}"),
        })
        .collect();
    for source in keys.clone() {
        let reply = viewer.wish(Wish::Retry { target: "mirror".into(), source }).await;
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    }
    pass(60).await;
    viewer.drain();
    assert_eq!((rig.there().len(), counts(&viewer, "synced")), (2, 2));
    let again = Wish::Retry { target: "mirror".into(), source: keys[0].clone() };
    assert!(failed(&viewer.wish(again).await).contains("synced"));
    let none = Wish::Retry { target: "mirror".into(), source: Key::new(&"main".into(), 1) };
    assert!(failed(&viewer.wish(none).await).contains("not known"));
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn history_is_priced_and_read() {
    let Ready { rig, mut viewer, project, to } = ready().await;
    edit(&mut viewer, link(project, &to), false).await;
    let day = |text: &str| text.parse().unwrap();
    let backfill = |from: &str, to: &str, dry| Wish::Backfill { from: day(from), to: day(to), dry };
    assert!(failed(&viewer.wish(backfill("2026-05-02", "2026-05-01", true)).await).contains("swap"));
    assert!(failed(&viewer.wish(backfill("2027-05-02", "2027-05-03", true)).await).contains("future"));
    rig.track("long ago", Some(project), 60 * 24 * 30).await;
    match viewer.wish(backfill("2026-04-01", "2026-04-30", true)).await {
        Reply::Price(price) => assert_eq!((price.creates, price.requests), (0, 1), "nothing is known yet"),
        other => panic!("{other:?}"),
    }
    pass(400).await;
    assert_eq!(rig.there().len(), 2, "before sync_from");
    match viewer.wish(backfill("2026-04-01", "2026-04-30", true)).await {
        Reply::Price(price) => assert_eq!((price.creates, price.requests), (1, 2)),
        other => panic!("{other:?}"),
    }
    let planned = viewer.wish(backfill("2026-04-01", "2026-04-30", false)).await;
    // The estimate was the question; what it comes to is told where it is done.
    assert_eq!(say(&planned), "backfill 1 Apr 2026–30 Apr 2026 planned · Quota shows how far it is");
    pass(120).await;
    assert_eq!(rig.there().len(), 3);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn alerts_can_be_read_and_come_back_when_more_comes() {
    let Ready { rig, mut viewer, project, .. } = ready().await;
    assert_eq!(viewer.snapshot().alerts.len(), 1);
    viewer.wish(Wish::Acknowledge { alert: "unmapped:mirror".into() }).await;
    viewer.settle().await;
    assert!(viewer.snapshot().alerts.is_empty());
    assert!(failed(&viewer.wish(Wish::Acknowledge { alert: "x".into() }).await).contains("over"));
    rig.track("third", Some(project), 10).await;
    pass(400).await;
    viewer.drain();
    assert_eq!(viewer.snapshot().alerts.len(), 1);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_replay_changes_nothing_that_has_not_changed() {
    let Ready { rig, mut viewer, .. } = ready().await;
    let seq = rig.deliver(&rig.announced(7, 3990009999, "from the webhook")).await;
    viewer.settle().await;
    let shown = |viewer: &Viewer| (counts(viewer, "unmapped"), viewer.snapshot().deliveries.dead);
    assert_eq!(shown(&viewer), (3, 0));
    let before = viewer.rows(ViewKind::Log, "").await;
    match viewer.wish(Wish::Replay { seq, dry: true }).await {
        Reply::Price(price) => assert!(price.say.contains("nothing"), "{}", price.say),
        other => panic!("{other:?}"),
    }
    let reply = viewer.wish(Wish::Replay { seq, dry: false }).await;
    assert!(say(&reply).contains("nothing changed"), "{reply:?}");
    assert_eq!(viewer.rows(ViewKind::Log, "").await, before);
    let lines = viewer.rows(ViewKind::Deliveries, "accepted").await;
    assert!(matches!(&lines[0], Row::Delivery(l) if l.about == "time_entry updated"), "{lines:?}");
    let seq = rig.deliver(&json!({"nonsense": true})).await;
    viewer.settle().await;
    assert_eq!(shown(&viewer), (3, 1));
    assert!(failed(&viewer.wish(Wish::Replay { seq, dry: false }).await).contains("still cannot be used"));
    assert!(failed(&viewer.wish(Wish::Replay { seq: 77, dry: true }).await).contains("not kept"));
    assert!(
        failed(&viewer.wish(Wish::Decide { hold: "mass1".into(), send: true, dry: false }).await)
            .contains("decided")
    );
    assert!(failed(&viewer.wish(Wish::Take).await).contains("no other engine"));
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stop_is_answered_before_the_engine_leaves() {
    let Ready { rig, mut viewer, .. } = ready().await;
    let reply = viewer.wish(Wish::StopEngine).await;
    assert_eq!(say(&reply), "the engine stops");
    rig.stop().await;
    viewer.drain();
    assert_eq!(viewer.heard.last(), Some(&"bye"));
}

/// An entry of ours is deleted in Clockify by somebody and then changed in Toggl.
#[tokio::test(start_paused = true)]
async fn a_conflict_is_decided_for_either_side() {
    for keep_source in [true, false] {
        let Ready { rig, mut viewer, project, to } = ready().await;
        edit(&mut viewer, link(project, &to), false).await;
        pass(60).await;
        let lines = viewer.rows(ViewKind::Entries, "first").await;
        let Row::Entry(line) = &lines[0] else { panic!("{lines:?}") };
        let source = line.key.clone();
        let state = rig.simulator.state();
        let entries = state["clockify"]["entries"].as_array().unwrap();
        let there = entries.iter().find(|e| e["description"] == "first").unwrap();
        let workspace = rig.simulator.access().clockify_workspace;
        let path = format!("/api/v1/workspaces/{workspace}/time-entries/{}", there["id"].as_str().unwrap());
        rig.person(Service::Clockify, "DELETE", &path, Value::Null).await;
        let path = format!("/api/v9/workspaces/4440001/time_entries/{}", source.id);
        rig.person(Service::Toggl, "PUT", &path, json!({"description": "first, better"})).await;
        pass(400).await;
        viewer.drain();
        assert_eq!(counts(&viewer, "conflict"), 1);
        let resolve = Wish::Resolve { target: "mirror".into(), source, keep_source, dry: false };
        let reply = viewer.wish(resolve.clone()).await;
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
        pass(400).await;
        viewer.drain();
        let texts: Vec<String> = rig.there().into_iter().map(|(text, _)| text).collect();
        let expected = if keep_source { vec!["first, better", "second"] } else { vec!["second"] };
        assert_eq!(
            (texts, counts(&viewer, "conflict")),
            (expected.iter().map(|t| (*t).to_owned()).collect(), 0)
        );
        assert!(failed(&viewer.wish(resolve).await).contains("no conflict"));
        rig.stop().await;
    }
}
