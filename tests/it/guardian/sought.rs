//! The deliveries kept raw are found by what people know of them: who, which project, words, ids, the account, the day
//! and the time.

use chrono_tz::America::New_York;
use hourwire::control::link::ViewerEnd;
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::control::view::{DeliveryLine, Open, Page, Row, ViewKind};
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use serde_json::json;

use super::stage::{Machine, Office, Running, live};

/// Somebody who looks.
pub struct Looking(ViewerEnd);

impl Looking {
    pub async fn at(running: &Running) -> Self {
        let viewer = running.enter().await;
        let hello = ToEngine::Hello { protocol: PROTOCOL, version: "0".into(), viewer: "test".into() };
        viewer.to_engine.send(hello).await.expect("the engine listens");
        Self(viewer)
    }

    pub async fn page(&mut self, kind: ViewKind, filter: &str) -> Page {
        let open = Open { view: 1, kind, filter: filter.to_owned(), offset: 0, rows: 500 };
        self.0.to_engine.send(ToEngine::Open(open)).await.expect("the engine listens");
        loop {
            if let FromEngine::Page(page) = self.0.from_engine.recv().await.expect("a page") {
                self.0.to_engine.send(ToEngine::Close { view: 1 }).await.expect("the engine listens");
                return page;
            }
        }
    }

    /// The deliveries that a filter finds.
    pub async fn found(&mut self, filter: &str) -> Vec<DeliveryLine> {
        let page = self.page(ViewKind::Deliveries, filter).await;
        let line = |row| match row {
            Row::Delivery(line) => Some(line),
            _ => None,
        };
        page.rows.into_iter().filter_map(line).collect()
    }

    async fn summaries(&mut self, filter: &str) -> Vec<String> {
        let name = |line: &DeliveryLine| line.summary.split_once(' ').map(|(_, name)| name.to_owned());
        self.found(filter).await.iter().filter_map(name).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_found_by_all_that_people_know_of_it() {
    let office = Office::of(Plan::Premium, World::Demo, 7);
    let running = live(&office, &Machine::new("den")).await;
    // Noon in UTC; the pane shows the owner's zone.
    office.pass(600).await;
    office.colleague_tracks("Type tests").await;
    let at = office.now();
    let state = office.sim.state();
    let projects = state["toggl"]["projects"].as_array().cloned().expect("projects");
    let project = projects.iter().find(|p| p["name"] == "Harbor site").expect("the project").clone();
    office.pass(4 * 3_600).await;
    office.track("Booking rules").await;
    office.change("Booking rules", json!({"project_id": project["id"]})).await;
    office.pass(30).await;
    let mut looking = Looking::at(&running).await;
    let booking = ["Booking rules", "Booking rules"];
    let id = project["id"].to_string();
    let clock = at.with_timezone(&New_York).format("%H:%M").to_string();
    let all = looking.summaries("time_entry").await.len();
    assert_eq!(all, 3);
    for filter in ["dana", "Dana Moss", "dm", &clock, "5550002"] {
        assert_eq!(looking.summaries(filter).await, ["Type tests"], "{filter}");
    }
    // Who changed it, whose it is.
    assert_eq!(looking.summaries("ida").await, booking);
    for filter in ["Harbor site", "harbor", &id] {
        assert_eq!(looking.summaries(filter).await, ["Booking rules"], "{filter}");
    }
    // What it changed is told once, by its name.
    let seq = looking.found("harbor updated").await[0].seq.expect("kept");
    let facts = looking.page(ViewKind::Delivery { seq }, "against").await.rows;
    let changes: Vec<(String, String)> = facts
        .into_iter()
        .filter_map(|row| match row {
            Row::Detail(line) => Some((line.label.trim().to_owned(), line.value)),
            _ => None,
        })
        .collect();
    assert_eq!(changes, [("project".to_owned(), "none → Harbor site".to_owned())]);
    let day = at.with_timezone(&New_York);
    for filter in [day.format("%Y-%m-%d").to_string(), day.format("%-d%b").to_string(), "main".to_owned()] {
        let found = looking.summaries(&format!("{filter} time_entry")).await;
        assert_eq!(found.len(), all, "{filter}");
    }
    for filter in ["2026-03-01", "dana harbor", "04:59", "nobody"] {
        assert_eq!(looking.summaries(filter).await, Vec::<String>::new(), "{filter}");
    }
    // A name is looked up when it is looked for.
    let renamed = format!("/api/v9/workspaces/{}/projects/{id}", super::stage::WORKSPACE);
    office.person(http::Method::PUT, &renamed, json!({"name": "Quay site"})).await;
    office.pass(30).await;
    let quay: Vec<String> = looking.summaries("quay time_entry").await;
    assert_eq!(quay, ["Booking rules"]);
}
