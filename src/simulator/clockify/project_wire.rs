//! A project on the wire, plain and hydrated, and what is computed for it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use super::entry_wire::iso_duration;
use super::records::Project;
use super::refuse::{self, Outcome};
use super::workspace::rate_wire;
use super::{Clockify, WORKSPACE_ID};
use crate::simulator::call::Reply;

/// Tracked time per id of a project or task.
pub(super) type Tracked = BTreeMap<String, TimeDelta>;

impl Clockify {
    pub(super) fn client_name(&self, client: Option<&str>) -> &str {
        client.and_then(|id| self.clients.get(id)).map_or("", |client| client.name.as_str())
    }

    /// Tracked time per project and task, running timers left out.
    pub(super) fn tracked(&self) -> Tracked {
        let mut tracked = Tracked::new();
        for entry in self.entries.values() {
            let Some(end) = entry.end else { continue };
            for id in [&entry.project, &entry.task].into_iter().flatten() {
                *tracked.entry(id.clone()).or_default() += end - entry.start;
            }
        }
        tracked
    }

    pub(super) fn project_reply(&self, status: StatusCode, id: &str) -> Outcome {
        let project = self.projects.get(id).ok_or_else(|| refuse::missing("Project"))?;
        Ok(Reply::json(status, &self.project_wire(project, &self.tracked())))
    }

    /// A project; a hydrated one carries its tasks and its client.
    pub(super) fn project_answer(&self, project: &Project, tracked: &Tracked, hydrated: bool) -> Value {
        let mut wire = self.project_wire(project, tracked);
        if hydrated {
            let tasks: Vec<Value> = self
                .tasks
                .values()
                .filter(|task| task.project == project.id)
                .map(|task| self.task_wire(task, tracked))
                .collect();
            let client = project.client.as_ref().and_then(|id| self.clients.get(id));
            wire["tasks"] = Value::Array(tasks);
            wire["client"] = client.map_or(Value::Null, |client| self.client_wire(client));
        }
        wire
    }

    pub(super) fn project_wire(&self, project: &Project, tracked: &Tracked) -> Value {
        let memberships: Vec<Value> = project
            .members
            .iter()
            .map(|member| {
                json!({
                    "userId": member.user,
                    "hourlyRate": rate_wire(member.hourly),
                    "costRate": rate_wire(member.cost),
                    "targetId": project.id,
                    "membershipType": "PROJECT",
                    "membershipStatus": "ACTIVE",
                })
            })
            .collect();
        json!({
            "id": project.id,
            "name": project.name,
            "hourlyRate": rate_wire(project.hourly),
            // A project without a client shows empty texts, not null, in captured bodies.
            "clientId": project.client.as_deref().unwrap_or(""),
            "workspaceId": WORKSPACE_ID,
            "billable": project.billable,
            "memberships": memberships,
            "color": project.color,
            "estimate": {
                "estimate": project.time_estimate["estimate"],
                "type": project.time_estimate["type"],
            },
            "archived": project.archived,
            "duration": iso_duration(tracked.get(&project.id).copied().unwrap_or_default()),
            "clientName": self.client_name(project.client.as_deref()),
            "note": project.note,
            "costRate": rate_wire(project.cost),
            "timeEstimate": project.time_estimate,
            "budgetEstimate": project.budget_estimate,
            "estimateReset": project.estimate_reset,
            "template": project.template,
            "public": project.public,
        })
    }
}

/// The time estimate that a short or long estimate of a request stands for.
pub(super) fn time_estimate(request: &Value) -> Value {
    let or = |key: &str, default: Value| match request.get(key) {
        Some(value) if !value.is_null() => value.clone(),
        _ => default,
    };
    json!({
        "estimate": or("estimate", json!("PT0S")),
        "type": or("type", json!("AUTO")),
        "resetOption": or("resetOption", Value::Null),
        "active": or("active", json!(false)),
        "includeNonBillable": or("includeNonBillable", json!(true)),
    })
}
