//! Every request stands once in the ledger of its bucket, and none that was not made.

use hourwire::control::view::{Row, ViewKind};

use super::rig::{Rig, Settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_of_a_bucket_lists_each_request_once() {
    let mut rig = Rig::new(83).await;
    for _ in 0..4 {
        rig.office.create().await;
    }
    let seat = rig.engine("a", &Settings { public: false, ..Settings::default() });
    let engine = seat.serve().await;
    rig.settle().await;
    seat.until_said("all is well").await;
    let mut viewer = seat.viewer().await;
    let bucket = format!("workspace:{}", rig.simulator["clockify"]["workspace_id"].as_str().expect("an id"));
    let page = viewer.page(ViewKind::Requests { account: "mirror".into(), bucket, hour: None }).await;
    let listed: Vec<_> = page
        .rows
        .iter()
        .filter_map(|row| match row {
            Row::Request(request) => Some(request),
            _ => None,
        })
        .collect();
    let made = rig.office.requests().await;
    let made = made.iter().filter(|row| row["service"] == "clockify").count();
    assert!(made >= 8, "{made}");
    assert_eq!(listed.len(), made, "{listed:#?}");
    assert!(listed.iter().all(|request| request.seq.is_some()), "{listed:#?}");
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
