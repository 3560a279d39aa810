//! What is there before the office opens: projects on both sides, the first mapping, hours typed by hand.

use std::collections::BTreeMap;

use hourwire::domain::mapping::{LinkRow, Mapping, Named, Rule, SourceRef, Then, When};
use hourwire::simulator::{Access, Simulator};
use http::Method;
use serde_json::{Value, json};

use super::dice::Dice;
use super::model::{SOURCE, TARGET};
use super::office::{clockify, made, toggl};
use super::script::Script;
use super::source::{Body, rows};

/// Projects on both sides.
pub struct Ground {
    pub source: Vec<i64>,
    pub target: Vec<String>,
    pub clients: Vec<i64>,
}

/// Makes the projects of an empty world, or finds those of a furnished one.
pub async fn ground(simulator: &Simulator, script: &Script) -> Ground {
    let access = simulator.access();
    if script.colleague {
        let state = simulator.state();
        let ids = |list: &Value| -> Vec<String> {
            rows(list)
                .iter()
                .map(|row| row["id"].as_str().map_or(row["id"].to_string(), str::to_owned))
                .collect()
        };
        let number =
            |list: &Value| -> Vec<i64> { ids(list).iter().filter_map(|id| id.parse().ok()).collect() };
        let (toggl, clockify) = (&state["toggl"], &state["clockify"]);
        return Ground {
            source: number(&toggl["projects"]).into_iter().take(5).collect(),
            target: ids(&clockify["projects"]).into_iter().take(5).collect(),
            clients: number(&toggl["clients"]),
        };
    }
    let mut ground = Ground { source: Vec::new(), target: Vec::new(), clients: Vec::new() };
    let home = format!("/workspaces/{}", access.toggl_workspace);
    let body = json!({"name": "Osprey Cycles", "wid": access.toggl_workspace});
    let client =
        made(&toggl(simulator, &access.toggl_token, Method::POST, &format!("{home}/clients"), &body).await);
    ground.clients.extend(client.parse::<i64>());
    for (place, name) in ["Osprey shop", "Harbor site", "Studio admin", "Tidewater pilot"].iter().enumerate()
    {
        let mut body = json!({"name": name, "active": true});
        if place < 2 {
            body["client_id"] = json!(ground.clients[0]);
        }
        let answer =
            toggl(simulator, &access.toggl_token, Method::POST, &format!("{home}/projects"), &body).await;
        ground.source.extend(made(&answer).parse::<i64>());
    }
    for name in ["Unsorted", "Osprey shop", "Harbor site", "Studio admin"] {
        let path = format!("/workspaces/{}/projects", access.clockify_workspace);
        let answer =
            clockify(simulator, &access.clockify_token, Method::POST, &path, &json!({ "name": name })).await;
        ground.target.push(made(&answer));
    }
    ground
}

/// The first mapping: some projects linked, a rule, perhaps a fallback.
pub fn mapping(dice: &Dice, script: &Script, ground: &Ground) -> Mapping {
    let mut mapping = Mapping::default();
    if script.fallback {
        mapping.fallback = to(&ground.target[0]);
    }
    for (place, source) in ground.source.iter().take(3).enumerate() {
        let target = &ground.target[1 + place];
        mapping.projects.push(LinkRow { source: source_ref(*source), target: to(target), from: None });
    }
    if dice.chance(0.2) {
        let from = script.start.with_timezone(&chrono_tz::America::New_York).date_naive();
        let target = dice.pick(&ground.target);
        mapping.projects.push(LinkRow {
            source: source_ref(ground.source[0]),
            target: to(target),
            from: Some(from),
        });
    }
    if script.private_rule {
        let when = When { account: Some(SOURCE.into()), tag: Some("private".into()), ..When::default() };
        mapping.rules.push(Rule { when, then: Then::Skip });
    }
    mapping
}

/// A source project as the mapping names it.
pub fn source_ref(id: i64) -> SourceRef {
    SourceRef { account: SOURCE.into(), id: id.into(), name: String::new() }
}

fn to(id: &str) -> BTreeMap<hourwire::domain::id::Account, Named> {
    BTreeMap::from([(TARGET.into(), named(id))])
}

/// A project of the target as the mapping names it.
pub fn named(id: &str) -> Named {
    Named { id: id.into(), name: String::new() }
}

/// Somebody types an entry into the target by hand, without its tags.
pub async fn type_in(simulator: &Simulator, access: &Access, body: &Body) {
    let entry = json!({
        "start": body.start.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "end": body.end.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "description": body.description,
        "projectId": body.project,
        "billable": body.billable,
    });
    let path = format!("/workspaces/{}/time-entries", access.clockify_workspace);
    made(&clockify(simulator, &access.clockify_token, Method::POST, &path, &entry).await);
}
