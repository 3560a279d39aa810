//! A mapping file that is taken away or cut off drops no link: the last good version holds, and nothing is written over it.

use hourwire::control::command::{Reply, Wish};
use hourwire::domain::mapping::{MappingEdit, SourceRef};

use super::rig::{Rig, Seat, Settings, write_private};

/// Asks for a project to be left out, and answers why it is not.
async fn refused(rig: &Rig, seat: &Seat, id: &str) -> String {
    let source = SourceRef { account: "main".into(), id: rig.office.linked().into(), name: "x".into() };
    let edit = MappingEdit::SkipProject { source };
    let mut viewer = seat.viewer().await;
    match viewer.wish(id, Wish::EditMapping { seen: String::new(), edit, dry: false }).await {
        Reply::Failed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_that_is_taken_away_or_cut_off_loses_no_link() {
    let mut rig = Rig::new(71).await;
    let seat = rig.engine("a", &Settings::default());
    let mapping = seat.home.join("config/mapping.toml");
    let linked = std::fs::read_to_string(&mapping).expect("the mapping");
    let engine = seat.serve().await;
    seat.subscribed().await;
    seat.until_said("all is well").await;

    std::fs::remove_file(&mapping).expect("removed");
    seat.until_said("mapping.toml is missing").await;
    assert!(refused(&rig, &seat, "1").await.contains("mapping.toml is missing: put it back"));
    assert!(!mapping.exists(), "no key writes over what is gone");
    for _ in 0..4 {
        rig.office.create().await;
    }
    rig.settle().await;

    assert_eq!(engine.stop().await, Some(0));
    let engine = seat.serve().await;
    seat.until_said("mapping.toml is missing").await;
    seat.subscribed().await;
    for _ in 0..4 {
        rig.office.create().await;
    }
    rig.settle().await;

    write_private(&mapping, &linked);
    seat.until_said("all is well").await;
    write_private(&mapping, "");
    seat.until_said("mapping.toml is empty").await;
    assert!(refused(&rig, &seat, "2").await.contains("mapping.toml is empty: put its links back"));
    assert_eq!(std::fs::read_to_string(&mapping).expect("still there"), "");
    rig.office.create().await;
    rig.settle().await;

    // A person who wants no links says so.
    write_private(&mapping, "# nothing is linked\n");
    seat.until_said("all is well").await;
    rig.office.create().await;
    seat.until("it waits for a link", |status| status["targets"][0]["unmapped"] == 1).await;
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
