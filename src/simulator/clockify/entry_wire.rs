//! A time entry's three forms: as writes answer it, as reads answer it (with rates), and hydrated.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::project_wire::Tracked;
use super::records::{Entry, FieldValue, User};
use super::request::stamp;
use super::workspace::rate_wire;
use super::{Clockify, WORKSPACE_ID};

/// An ISO 8601 duration as Clockify writes it: `PT4H30M`, `PT16S`, `PT0S`.
pub(super) fn iso_duration(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    if seconds == 0 {
        return "PT0S".to_owned();
    }
    let mut text = "PT".to_owned();
    for (amount, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')] {
        if amount > 0 {
            text += &amount.to_string();
            text.push(unit);
        }
    }
    text
}

impl Clockify {
    /// The form of create, update, stop and bulk answers.
    pub(super) fn entry_wire(&self, entry: &Entry) -> Value {
        json!({
            "id": entry.id,
            "description": entry.description,
            "tagIds": entry.tags,
            "userId": entry.user,
            "billable": entry.billable,
            "taskId": entry.task,
            "projectId": entry.project,
            "workspaceId": WORKSPACE_ID,
            "timeInterval": {
                "start": stamp(entry.start),
                "end": entry.end.map(stamp),
                "duration": entry.end.map(|end| iso_duration(end - entry.start)),
            },
            "customFieldValues":
                entry.fields.iter().map(|value| self.field_value_wire(entry, value)).collect::<Vec<_>>(),
            "type": entry.kind,
            "kioskId": null,
            "isLocked": self.locked(entry),
        })
    }

    /// The form of reads: with rates.
    pub(super) fn entry_read(&self, entry: &Entry) -> Value {
        let mut wire = self.entry_wire(entry);
        let project = entry.project.as_ref().and_then(|id| self.projects.get(id));
        wire["hourlyRate"] = rate_wire(project.and_then(|project| project.hourly));
        wire["costRate"] = rate_wire(project.and_then(|project| project.cost));
        wire
    }

    /// How the entries of one answer are written; what hydration sums up is summed once.
    pub(super) fn entry_reader(&self, hydrated: bool) -> impl Fn(&Entry) -> Value {
        let tracked = hydrated.then(|| self.tracked());
        move |entry| match &tracked {
            None => self.entry_read(entry),
            Some(tracked) => self.entry_hydrated(entry, tracked),
        }
    }

    /// With the entities beside their ids.
    fn entry_hydrated(&self, entry: &Entry, tracked: &Tracked) -> Value {
        let mut wire = self.entry_read(entry);
        let project = entry.project.as_ref().and_then(|id| self.projects.get(id));
        let task = entry.task.as_ref().and_then(|id| self.tasks.get(id));
        let tags = entry.tags.iter().flatten().filter_map(|id| self.tags.get(id));
        let user = |user: &User| json!({"id": user.id, "name": user.name, "status": "ACTIVE"});
        wire["project"] = project.map_or(Value::Null, |project| self.project_wire(project, tracked));
        wire["task"] = task.map_or(Value::Null, |task| self.task_wire(task, tracked));
        wire["tags"] = tags.map(|tag| self.tag_wire(tag)).collect();
        wire["user"] = self.users.get(&entry.user).map_or(Value::Null, user);
        wire["kiosk"] = Value::Null;
        wire["approvalRequestId"] = Value::Null;
        wire
    }

    /// Everything held of an entry, with what only the simulator's own state shows.
    pub(super) fn entry_state(&self, entry: &Entry) -> Value {
        let mut wire = self.entry_read(entry);
        wire["invoiced"] = Value::Bool(entry.invoiced);
        wire["approved"] = Value::Bool(entry.approved);
        wire["createdAt"] = stamp(entry.stamps.created).into();
        wire["updatedAt"] = stamp(entry.stamps.updated).into();
        wire
    }

    fn field_value_wire(&self, entry: &Entry, value: &FieldValue) -> Value {
        let field = self.fields.get(&value.field);
        json!({
            "customFieldId": value.field,
            "timeEntryId": entry.id,
            "value": value.value,
            "name": field.map(|field| field.name.as_str()),
            "type": field.map(|field| field.kind.as_str()),
            "sourceType": value.source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_iso() {
        let cases = [(0, "PT0S"), (16, "PT16S"), (14_400, "PT4H"), (1331, "PT22M11S"), (90_061, "PT25H1M1S")];
        for (seconds, text) in cases {
            assert_eq!(iso_duration(TimeDelta::seconds(seconds)), text);
        }
    }
}
