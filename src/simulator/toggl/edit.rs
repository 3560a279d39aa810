//! How a body changes a time entry: times, project, tags. The same for create, update and bulk.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::Toggl;
use super::book::Entry;
use super::form::{bad, id_of, instant, number, premium};
use crate::simulator::call::Reply;

type Body = Map<String, Value>;

fn time(body: &Body, key: &str) -> Result<Option<DateTime<Utc>>, Reply> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(instant)
            .map(Some)
            .ok_or_else(|| bad(format!("{key} must be a date-time of RFC 3339 with seconds"))),
    }
}

impl Toggl {
    /// Sets the times of a new entry. `start + duration` has to be `stop` when both are given; a negative duration
    /// means running; neither makes an entry of no length.
    pub(super) fn first_times(&self, entry: &mut Entry, body: &Body) -> Result<(), Reply> {
        let start = time(body, "start")?.ok_or_else(|| bad("start is required"))?;
        let (stop, duration) = (time(body, "stop")?, body.get("duration").and_then(number));
        entry.start = start;
        match (stop, duration) {
            (None, Some(running)) if running < 0 => (entry.stop, entry.duration) = (None, running),
            (None, length) => {
                entry.duration = length.unwrap_or(0);
                entry.stop = Some(start + TimeDelta::seconds(entry.duration));
            }
            (Some(stop), length) => set_stop(entry, stop, length)?,
        }
        Ok(())
    }

    /// Changes the times of an entry; what is left out stays, and the rest follows.
    pub(super) fn next_times(&self, entry: &mut Entry, body: &Body) -> Result<(), Reply> {
        let (start, stop) = (time(body, "start")?, time(body, "stop")?);
        let duration = body.get("duration").and_then(number);
        if let Some(start) = start {
            entry.start = start;
        }
        match (stop, duration) {
            (None, Some(running)) if running < 0 => (entry.stop, entry.duration) = (None, running),
            (None, Some(length)) => {
                entry.duration = length;
                entry.stop = Some(entry.start + TimeDelta::seconds(length));
            }
            (Some(stop), length) => set_stop(entry, stop, length)?,
            (None, None) => {
                if let Some(stop) = entry.stop {
                    set_stop(entry, stop, None)?;
                }
            }
        }
        Ok(())
    }

    /// Description, project, task, billable, tags.
    pub(super) fn set_words(
        &mut self,
        entry: &mut Entry,
        body: &Body,
        me: i64,
        now: DateTime<Utc>,
    ) -> Result<(), Reply> {
        if let Some(text) = body.get("description").and_then(Value::as_str) {
            entry.description = Some(text.to_owned());
        }
        self.set_project(entry, body)?;
        if let Some(billable) = body.get("billable").and_then(Value::as_bool) {
            if billable && !entry.billable && !self.paid() {
                return Err(premium("Billable time"));
            }
            entry.billable = billable;
        }
        self.set_tags(entry, body, me, now)
    }

    fn set_project(&self, entry: &mut Entry, body: &Body) -> Result<(), Reply> {
        if ["project_id", "pid"].iter().any(|key| body.contains_key(*key)) {
            let project = id_of(body, &["project_id", "pid"]);
            if let Some(id) = project {
                self.book
                    .project(id)
                    .filter(|row| row.workspace == entry.workspace)
                    .ok_or_else(|| bad("Project not found/accessible"))?;
            }
            if project != entry.project {
                entry.task = None;
            }
            entry.project = project;
        }
        if ["task_id", "tid"].iter().any(|key| body.contains_key(*key)) {
            entry.task = id_of(body, &["task_id", "tid"]);
            if let Some(id) = entry.task {
                let task = self.book.task(id).ok_or_else(|| bad("Task not found/accessible"))?;
                if *entry.project.get_or_insert(task.project) != task.project {
                    return Err(bad("Task does not belong to the project"));
                }
            }
        }
        Ok(())
    }

    /// Names win over ids; unknown names become tags. `tag_action` adds or deletes, without it they replace.
    fn set_tags(&mut self, entry: &mut Entry, body: &Body, me: i64, now: DateTime<Utc>) -> Result<(), Reply> {
        let named = match (body.get("tags"), body.get("tag_ids")) {
            (Some(Value::Array(names)), _) => {
                let names: Vec<String> = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                self.tags_named(entry.workspace, &names, me, now)
            }
            (_, Some(Value::Array(ids))) => {
                let ids: Vec<i64> = ids.iter().filter_map(number).collect();
                let alive = |id: &i64| self.book.tags.get(id).is_some_and(|tag| tag.deleted.is_none());
                if !ids.iter().all(alive) {
                    return Err(bad("Tag not found/accessible"));
                }
                ids
            }
            _ => return Ok(()),
        };
        match body.get("tag_action").and_then(Value::as_str) {
            Some("add") => {
                let new: Vec<i64> = named.into_iter().filter(|id| !entry.tags.contains(id)).collect();
                entry.tags.extend(new);
            }
            Some("delete" | "remove") => entry.tags.retain(|id| !named.contains(id)),
            _ => entry.tags = named,
        }
        Ok(())
    }
}

/// Stops an entry at a time that has to agree with the length, when one is given.
fn set_stop(entry: &mut Entry, stop: DateTime<Utc>, length: Option<i64>) -> Result<(), Reply> {
    let between = (stop - entry.start).num_seconds();
    if between < 0 {
        return Err(bad("Stop time must be after start time"));
    }
    // A client that stops a timer may still send the running one's negative length.
    if length.is_some_and(|length| length >= 0 && length != between) {
        return Err(bad("start + duration must be equal to stop"));
    }
    (entry.stop, entry.duration) = (Some(stop), between);
    Ok(())
}

/// Stops a running entry at the server's time, never before its start.
pub(super) fn stop_now(entry: &mut Entry, now: DateTime<Utc>) {
    let stop = now.trunc_subsecs(0).max(entry.start);
    (entry.stop, entry.duration) = (Some(stop), (stop - entry.start).num_seconds());
    entry.at = now;
}
