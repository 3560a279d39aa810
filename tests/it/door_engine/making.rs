//! Making a project in a target says what will happen, and afterwards what did.

use hourwire::control::command::{Price, Reply, Wish};
use hourwire::domain::id::RemoteId;
use hourwire::domain::mapping::{MappingEdit, Named, SourceRef};

use super::rig::{Rig, Viewer, pass};

fn source(project: i64) -> SourceRef {
    SourceRef { account: "main".into(), id: project.into(), name: "Osprey shop".into() }
}

fn create(project: i64, dry: bool) -> Wish {
    Wish::CreateProject { source: source(project), target: "mirror".into(), dry }
}

async fn price(viewer: &mut Viewer, project: i64) -> Price {
    match viewer.wish(create(project, true)).await {
        Reply::Price(price) => price,
        other => panic!("{other:?}"),
    }
}

async fn refused(viewer: &mut Viewer, wish: Wish) -> String {
    match viewer.wish(wish).await {
        Reply::Failed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

async fn link(viewer: &mut Viewer, project: i64, to: &str) {
    viewer.settle().await;
    let seen = viewer.snapshot().mapping.version.clone();
    let to = Named { id: to.into(), name: "Brand refresh".into() };
    let edit = MappingEdit::LinkProject { source: source(project), target: "mirror".into(), to, from: None };
    let done = viewer.wish(Wish::EditMapping { seen, edit, dry: false }).await;
    assert!(matches!(done, Reply::Done { .. }), "{done:?}");
}

fn made(rig: &Rig) -> usize {
    rig.simulator.requests().iter().filter(|r| r.method == "POST" && r.path.ends_with("/projects")).count()
}

fn leads_to(rig: &Rig) -> Option<RemoteId> {
    rig.book.now().projects.first().map(|row| row.target[&"mirror".into()].id.clone())
}

#[tokio::test(start_paused = true)]
async fn one_that_is_there_already_is_linked_and_called_so() {
    let rig = Rig::with(&["Osprey shop"], &["Osprey shop"]).await;
    let project = rig.projects[0];
    pass(30).await;
    let mut viewer = rig.attach("tty1").await;
    let price = price(&mut viewer, project).await;
    assert_eq!(price.say, "links the \"Osprey shop\" that mirror has already · 0 requests");
    assert_eq!((price.requests, price.creates), (0, 0));
    assert_eq!(viewer.wish_as("make", create(project, false)).await, Reply::Accepted);
    pass(60).await;
    viewer.drain();
    let (_, say) = viewer.notices.first().expect("a notice");
    assert_eq!(say, "Osprey shop linked to the \"Osprey shop\" that mirror has already · u undoes the link");
    assert_eq!((made(&rig), leads_to(&rig)), (0, Some(rig.targets[0].as_str().into())));
    let again = refused(&mut viewer, create(project, false)).await;
    assert_eq!(again, "Osprey shop is linked to \"Osprey shop\" in mirror already");
    let undone = viewer.wish(Wish::Undo).await;
    assert!(matches!(undone, Reply::Done { .. }) && leads_to(&rig).is_none(), "{undone:?}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_project_that_is_left_out_is_not_counted_as_linked() {
    let rig = Rig::with(&["Osprey shop", "Internal", "Harbor site"], &["Brand refresh"]).await;
    pass(30).await;
    let mut viewer = rig.attach("tty1").await;
    link(&mut viewer, rig.projects[0], &rig.targets[0]).await;
    viewer.settle().await;
    let seen = viewer.snapshot().mapping.version.clone();
    let edit = MappingEdit::SkipProject { source: source(rig.projects[1]) };
    viewer.wish(Wish::EditMapping { seen, edit, dry: false }).await;
    viewer.settle().await;
    let mapping = &viewer.snapshot().mapping;
    assert_eq!((mapping.linked, mapping.left_out, mapping.unmapped), (1, 1, 1));
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_replaces_a_link_says_which() {
    let rig = Rig::with(&["Osprey shop"], &["Brand refresh"]).await;
    let project = rig.projects[0];
    pass(30).await;
    let mut viewer = rig.attach("tty1").await;
    link(&mut viewer, project, &rig.targets[0]).await;
    let price = price(&mut viewer, project).await;
    assert_eq!(price.say, "makes \"Osprey shop\" in mirror and links it · in place of \"Brand refresh\"");
    assert_eq!(price.requests, 1);
    assert_eq!(viewer.wish_as("make", create(project, false)).await, Reply::Accepted);
    pass(60).await;
    viewer.drain();
    let (_, say) = viewer.notices.first().expect("a notice");
    assert_eq!(say, "Osprey shop made in mirror and linked · u undoes the link");
    assert_eq!(made(&rig), 1);
    viewer.wish(Wish::Undo).await;
    assert_eq!(leads_to(&rig), Some(rig.targets[0].as_str().into()), "the link before is back");
    rig.stop().await;
}
