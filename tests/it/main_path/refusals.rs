//! What a target refuses for good is said on the entry, tried no more, and holds up nothing else.

use std::time::Duration;

use hourwire::domain::id::Service;
use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::rig::{Rig, track};
use crate::person::person;

/// Requests that the program sent to Clockify, by method and part of the path.
fn sent(rig: &Rig, method: &str, part: &str) -> usize {
    let requests = rig.simulator.requests();
    requests
        .iter()
        .filter(|r| r.service == Service::Clockify && r.method == method && r.path.contains(part))
        .count()
}

/// Entries that are synced, and that failed.
fn words(rig: &Rig) -> (u32, u32) {
    let snapshot = rig.engine.snapshot().expect("a snapshot");
    let count =
        |word: &str| snapshot.targets[0].counts.iter().find(|(w, _)| w == word).map_or(0, |(_, n)| *n);
    (count("synced"), count("failed"))
}

async fn change(rig: &Rig, id: i64, what: serde_json::Value) {
    let path = format!("/api/v9/workspaces/4440001/time_entries/{id}");
    person(&rig.simulator, Service::Toggl, "PUT", &path, what).await;
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_is_refused_fails_its_entry_and_no_other() {
    let rig = Rig::new(Plan::Premium).await;
    let no = json!({"service": "clockify", "method": "POST", "path": "/tags", "do": "status:400"});
    rig.faults(json!({ "answers": [no] }));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let marked = track(&rig, "with a tag", 40).await;
    change(&rig, marked, json!({"tags": ["billed later"]})).await;
    track(&rig, "without", 20).await;
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert_eq!(rig.there(), ["without"]);
    assert_eq!(words(&rig), (1, 1));
    assert_eq!(sent(&rig, "POST", "/tags"), 1, "refused for good is not tried again");
    rig.faults(json!({}));
    change(&rig, marked, json!({"tags": ["another"]})).await;
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert_eq!(rig.there(), ["with a tag", "without"], "a change at the source is a new chance");
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn time_that_may_not_be_read_gets_nothing_and_says_so() {
    let rig = Rig::new(Plan::Premium).await;
    let no = json!({"service": "clockify", "method": "GET", "path": "/time-entries", "do": "status:404"});
    rig.faults(json!({ "answers": [no] }));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let id = track(&rig, "unseen", 40).await;
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert_eq!(rig.there(), Vec::<String>::new(), "what is there already could be doubled");
    assert_eq!(words(&rig), (0, 1));
    assert!(sent(&rig, "GET", "/time-entries") <= 2, "refused for good is not asked again");
    rig.faults(json!({}));
    change(&rig, id, json!({"description": "seen"})).await;
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert_eq!(rig.there(), ["seen"]);
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_tag_without_an_answer_is_tried_ever_less_often() {
    let rig = Rig::new(Plan::Premium).await;
    let no = json!({"service": "clockify", "method": "POST", "path": "/tags", "do": "status:503"});
    rig.faults(json!({ "answers": [no] }));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let marked = track(&rig, "with a tag", 40).await;
    change(&rig, marked, json!({"tags": ["slow"]})).await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let tries = sent(&rig, "POST", "/tags");
    assert!((3..=30).contains(&tries), "{tries} tries in an hour");
    rig.faults(json!({}));
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert_eq!(rig.there(), ["with a tag"]);
    rig.end().await;
}
