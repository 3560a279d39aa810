//! Moving what was sent to where the mapping leads now: offered, priced, braked, taken back.

use hourwire::control::command::{Price, Reply, Wish};
use hourwire::domain::id::Service;
use hourwire::domain::mapping::{MappingEdit, Named, SourceRef};
use serde_json::json;

use super::rig::{Rig, Viewer, pass};

fn source(rig: &Rig) -> SourceRef {
    SourceRef { account: "main".into(), id: rig.projects[0].into(), name: "Harbor site".into() }
}

async fn link(rig: &Rig, viewer: &mut Viewer, to: usize) -> Reply {
    viewer.settle().await;
    let seen = viewer.snapshot().mapping.version.clone();
    let to = Named { id: rig.targets[to].as_str().into(), name: String::new() };
    let edit = MappingEdit::LinkProject { source: source(rig), target: "mirror".into(), to, from: None };
    viewer.wish(Wish::EditMapping { seen, edit, dry: false }).await
}

async fn price(rig: &Rig, viewer: &mut Viewer) -> Price {
    match viewer.wish(Wish::MoveSent { source: source(rig), target: "mirror".into(), dry: true }).await {
        Reply::Price(price) => price,
        other => panic!("{other:?}"),
    }
}

async fn moved(rig: &Rig, viewer: &mut Viewer) -> String {
    match viewer.wish(Wish::MoveSent { source: source(rig), target: "mirror".into(), dry: false }).await {
        Reply::Done { say } => say,
        Reply::Failed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

/// How many entries are in each of the two target projects.
fn places(rig: &Rig) -> [usize; 2] {
    let there = rig.there();
    [0, 1].map(|at| there.iter().filter(|(_, project)| *project == rig.targets[at]).count())
}

/// So many entries were sent to the first project, then the mapping changed to the second.
async fn remapped(count: i64, brake: u32) -> (Rig, Viewer) {
    let rig = Rig::braked(brake, &["Harbor site"], &["Harbor site", "Brand refresh"]).await;
    pass(10).await;
    for n in 0..count {
        rig.track(&format!("work {n}"), Some(rig.projects[0]), 400 - n * 15).await;
    }
    pass(400).await;
    let mut viewer = rig.attach("tty1").await;
    link(&rig, &mut viewer, 0).await;
    pass(60).await;
    assert_eq!(places(&rig), [count as usize, 0]);
    assert!(moved(&rig, &mut viewer).await.contains("is where the mapping leads"));
    assert!(matches!(link(&rig, &mut viewer, 1).await, Reply::Done { .. }));
    pass(60).await;
    assert_eq!(places(&rig), [count as usize, 0], "a mapping change alone moves nothing");
    (rig, viewer)
}

#[tokio::test(start_paused = true)]
async fn sent_entries_move_when_asked_and_come_back_with_undo() {
    let (rig, mut viewer) = remapped(3, 20).await;
    let before = rig.simulator.requests().len();
    let price = price(&rig, &mut viewer).await;
    assert_eq!((price.creates, price.moves, price.requests), (0, 3, 3));
    assert_eq!(price.say, "moves 3 entries of Harbor site to \"Brand refresh\"");
    assert_eq!(rig.simulator.requests().len(), before, "a price costs nothing");
    assert_eq!(moved(&rig, &mut viewer).await, "3 entries on their way · u undoes");
    pass(60).await;
    assert_eq!(places(&rig), [0, 3]);
    let made = |rig: &Rig| {
        let posts = rig.simulator.requests();
        posts.iter().filter(|r| r.method == "POST" && r.path.ends_with("/time-entries")).count()
    };
    assert_eq!(made(&rig), 3, "moved, not made again");
    // One of them is changed in Toggl to a state that routes anew: it stays where that takes it.
    let entries = rig.simulator.state();
    let id = entries["toggl"]["time_entries"]
        .as_array()
        .and_then(|e| e.iter().find(|e| e["description"] == "work 1"))
        .and_then(|e| e["id"].as_i64())
        .expect("the entry");
    let path = format!("/api/v9/workspaces/4440001/time_entries/{id}");
    rig.person(Service::Toggl, "PUT", &path, json!({"tags": ["late"], "tag_action": "add"})).await;
    pass(400).await;
    match viewer.wish(Wish::Undo).await {
        Reply::Done { say } => {
            assert_eq!(say, "undone: 3 entries moved to \"Brand refresh\" · 2 on the way back");
        }
        other => panic!("{other:?}"),
    }
    pass(60).await;
    assert_eq!(places(&rig), [2, 1]);
    assert_eq!(made(&rig), 3);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_move_above_the_brake_is_one_decision() {
    for send in [true, false] {
        let (rig, mut viewer) = remapped(4, 2).await;
        assert!(price(&rig, &mut viewer).await.say.ends_with("above 2, so held until you send it"));
        assert!(moved(&rig, &mut viewer).await.contains("held as one decision"));
        pass(60).await;
        viewer.drain();
        assert_eq!(places(&rig), [4, 0], "held");
        let hold = viewer.snapshot().holds[0].clone();
        assert_eq!((hold.entries, hold.rows.len()), (4, 4));
        if send {
            viewer.wish(Wish::Decide { hold: hold.id, send, dry: false }).await;
            pass(60).await;
            assert_eq!(places(&rig), [0, 4]);
        } else {
            // Taken back before it was decided, there is nothing left to decide.
            assert!(matches!(viewer.wish(Wish::Undo).await, Reply::Done { .. }));
            viewer.settle().await;
            assert!(viewer.snapshot().holds.is_empty(), "{:?}", viewer.snapshot().holds);
            pass(60).await;
            assert_eq!(places(&rig), [4, 0]);
            let counts = &viewer.snapshot().targets[0].counts;
            assert!(counts.contains(&("synced".into(), 4)), "{counts:?}");
        }
        rig.stop().await;
    }
}
