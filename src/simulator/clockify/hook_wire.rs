//! Webhooks, their logs and the bodies of deliveries as Clockify writes them.

use serde_json::{Value, json};

use super::entry_wire::iso_duration;
use super::hook_courier::{Event, Fate};
use super::hooks::Hook;
use super::records::{Entry, Project};
use super::request::stamp;
use super::{Clockify, WORKSPACE_ID};

impl Clockify {
    pub(super) fn hook_wire(&self, hook: &Hook) -> Value {
        json!({
            "id": hook.id,
            "name": hook.name,
            "userId": hook.user,
            "workspaceId": WORKSPACE_ID,
            "url": hook.url,
            "webhookEvent": hook.event,
            "triggerSourceType": hook.trigger,
            "triggerSource": hook.sources,
            "authToken": hook.token,
            "enabled": hook.enabled,
            "deliveryEnabled": hook.delivery,
            "planEnabled": hook.plan,
        })
    }

    /// Everything held of a webhook, without its token.
    pub(super) fn hook_state(&self, hook: &Hook) -> Value {
        let mut wire = self.hook_wire(hook);
        if let Value::Object(map) = &mut wire {
            map.shift_remove("authToken");
        }
        wire["failures"] = hook.failures.into();
        wire
    }

    /// The body of a time entry's delivery: flat and hydrated, tags as objects, no `tagIds` and no `taskId`.
    pub(super) fn entry_delivery(&self, entry: &Entry) -> Value {
        let read = self.entry_read(entry);
        let project = entry.project.as_ref().and_then(|id| self.projects.get(id));
        let task = entry.task.as_ref().and_then(|id| self.tasks.get(id));
        let user = self.users.get(&entry.user);
        let tracked = self.tracked();
        let spent = |project: &Project| tracked.get(&project.id).copied().unwrap_or_default();
        let tags: Vec<Value> = entry
            .tags
            .iter()
            .flatten()
            .filter_map(|id| self.tags.get(id))
            .map(|tag| self.tag_wire(tag))
            .collect();
        json!({
            "id": entry.id,
            "description": entry.description,
            "userId": entry.user,
            "billable": entry.billable,
            "projectId": entry.project,
            "timeInterval": read["timeInterval"],
            "workspaceId": WORKSPACE_ID,
            "isLocked": read["isLocked"],
            "hourlyRate": read["hourlyRate"],
            "costRate": read["costRate"],
            "customFieldValues": read["customFieldValues"],
            "type": entry.kind,
            "kioskId": null,
            "approvalStatus": if entry.approved { json!("APPROVED") } else { Value::Null },
            "projectCurrency": null,
            "currentlyRunning": entry.end.is_none(),
            "project": project.map(|project| self.project_in_delivery(project, &iso_duration(spent(project)))),
            "task": task.map(|task| self.task_wire(task, &tracked)),
            "user": user.map(|user| json!({"id": user.id, "name": user.name, "status": "ACTIVE"})),
            "tags": tags,
        })
    }

    fn project_in_delivery(&self, project: &Project, duration: &str) -> Value {
        let estimate = &project.time_estimate;
        json!({
            "name": project.name,
            "clientId": project.client.as_deref().unwrap_or(""),
            "workspaceId": WORKSPACE_ID,
            "billable": project.billable,
            "estimate": {"estimate": estimate["estimate"], "type": estimate["type"]},
            "color": project.color,
            "archived": project.archived,
            "clientName": self.client_name(project.client.as_deref()),
            "duration": duration,
            "note": project.note,
            "activeEstimate": "NONE",
            "timeEstimate": {"includeNonBillable": true, "estimate": 0, "type": "AUTO", "resetOption": null},
            "budgetEstimate": null,
            "estimateReset": null,
            "id": project.id,
            "public": project.public,
            "template": project.template,
        })
    }
}

/// A row of `logs`: one attempt. Its time has a fraction and an offset with a colon, in one of the two forms described.
pub(super) fn log_wire(event: &Event, attempt: &super::hook_courier::Attempt) -> Value {
    json!({
        "id": attempt.id,
        "webhookId": event.hook,
        "webhookEventStatusId": event.id,
        "requestBody": event.body,
        "responseBody": attempt.answer,
        "statusCode": attempt.code,
        "respondedAt": attempt.at.format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
    })
}

/// A row of `statuses`: an event with its latest attempt. Its time is in the other form.
pub(super) fn status_wire(event: &Event) -> Option<Value> {
    let latest = event.attempts.last()?;
    Some(json!({
        "id": event.id,
        "webhookId": event.hook,
        "webhookLogId": latest.id,
        "status": fate_word(event.fate),
        "statusCode": latest.code,
        "respondedAt": latest.at.format("%Y-%m-%d %H:%M:%S %z").to_string(),
        "retryCount": event.attempts.len() - 1,
        "requestBody": event.body,
        "responseBody": latest.answer,
    }))
}

/// An event for `/state`.
pub(super) fn event_state(event: &Event) -> Value {
    json!({
        "id": event.id,
        "webhookId": event.hook,
        "event": event.word,
        "status": fate_word(event.fate),
        "attempts": event.attempts.len(),
        "createdAt": stamp(event.made),
    })
}

pub(super) fn fate_word(fate: Fate) -> &'static str {
    match fate {
        Fate::New => "NEW",
        Fate::Retrying => "RETRYING",
        Fate::Succeeded => "SUCCEEDED",
        Fate::Failed => "FAILED",
    }
}
