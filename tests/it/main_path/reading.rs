//! What is tracked in simulated Toggl ends up in simulated Clockify, exactly once, by reading alone.

use std::time::Duration;

use hourwire::domain::id::Service;
use hourwire::simulator::toggl::Plan;
use serde_json::{Value, json};

use super::rig::{Rig, track};
use crate::person::person;

#[tokio::test(start_paused = true)]
async fn what_is_tracked_arrives_by_reading_alone() {
    let rig = Rig::new(Plan::Free).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let first = track(&rig, "first", 30).await;
    track(&rig, "second", 20).await;
    track(&rig, "second", 20).await;
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(rig.there(), ["first", "second", "second"]);
    let path = format!("/api/v9/workspaces/4440001/time_entries/{first}");
    person(&rig.simulator, Service::Toggl, "PUT", &path, json!({"description": "renamed", "tags": ["x"]}))
        .await;
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(rig.there(), ["renamed", "second", "second"]);
    person(&rig.simulator, Service::Toggl, "DELETE", &path, Value::Null).await;
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(rig.there(), ["second", "second"]);
    let refused = rig.simulator.requests().iter().filter(|r| r.status >= Some(400)).count();
    assert_eq!(refused, 0, "{:?}", rig.simulator.requests());
    rig.end().await;
}
