//! Absence is not deletion: two complete reads some time apart are.

use std::time::Duration;

use hourwire::simulator::toggl::Plan;

use super::rig::{Rig, track};

#[tokio::test(start_paused = true)]
async fn what_two_complete_reads_do_not_show_is_gone() {
    let rig = Rig::new(Plan::Premium).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let lost = track(&rig, "lost from sight", 90).await;
    track(&rig, "stays", 60).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(rig.there(), ["lost from sight", "stays"]);
    // No tombstone, no delivery: reads merely do not show it any more.
    rig.hide(lost);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(rig.there(), ["lost from sight", "stays"], "a read of what changed proves nothing");
    rig.backfill().await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(rig.there(), ["lost from sight", "stays"], "one complete read proves nothing");
    tokio::time::sleep(Duration::from_secs(1_200)).await;
    assert_eq!(rig.there(), ["stays"], "the second one does, and it comes by itself");
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_deletes_nothing_and_is_an_alarm() {
    let rig = Rig::new(Plan::Premium).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut all = Vec::new();
    for i in 0..6 {
        all.push(track(&rig, &format!("entry {i}"), 30 + 20 * i).await);
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(rig.there().len(), 6);
    for id in all {
        rig.hide(id);
    }
    for _ in 0..3 {
        rig.backfill().await;
        tokio::time::sleep(Duration::from_secs(1_200)).await;
    }
    assert_eq!(rig.there().len(), 6);
    let alerts = &rig.engine.snapshot().expect("a snapshot").alerts;
    assert!(alerts.iter().any(|a| a.say.contains("shows nothing of 6 known entries")), "{alerts:?}");
    rig.end().await;
}
