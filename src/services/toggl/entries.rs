//! Time entries: reading the token's own, and the writes behind the timer keys.

use ::http::Method;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::{Call, Toggl, delete, entry, no_content, number, track};
use crate::domain::id::RemoteId;
use crate::domain::read::SourceRead;
use crate::services::http::{Answer, Ask, Failure, segment};

/// An end of a range of starts: a day of the user's zone, or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A day, as the profile's zone has it.
    Day(NaiveDate),
    /// An instant.
    At(DateTime<Utc>),
}

impl From<NaiveDate> for Edge {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<DateTime<Utc>> for Edge {
    fn from(instant: DateTime<Utc>) -> Self {
        Self::At(instant)
    }
}

impl Edge {
    fn text(self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::At(instant) => seconds(instant),
        }
    }
}

/// A new entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Start.
    pub start: DateTime<Utc>,
    /// End; `None` starts a timer (and stops the one that runs).
    pub stop: Option<DateTime<Utc>>,
    /// Free text.
    pub description: String,
    /// The project, if any.
    pub project: Option<RemoteId>,
    /// Tag names; unknown ones are created.
    pub tags: Vec<String>,
    /// Left out when `None`: the Free plan refuses the key.
    pub billable: Option<bool>,
}

/// What shall change in an entry; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Start.
    pub start: Option<DateTime<Utc>>,
    /// End.
    pub stop: Option<DateTime<Utc>>,
    /// Free text.
    pub description: Option<String>,
    /// The project, or none.
    pub project: Option<Option<RemoteId>>,
    /// All tag names.
    pub tags: Option<Vec<String>>,
    /// Whether it is billable.
    pub billable: Option<bool>,
}

impl Toggl {
    /// Own entries of all workspaces changed since a moment (Unix seconds), deleted ones included. At most 1000, and
    /// not older than about 80 days.
    pub async fn entries_since(&self, since: i64) -> Answer<Vec<SourceRead>> {
        let ask = Ask::get(track("/me/time_entries")).with("since", since);
        self.ask(Call::EntriesSince, Ok(ask), |_, body| entry::reads(body)).await
    }

    /// Own entries that start in a range, newest first, at most 1000 without paging; not older than about 90 days.
    pub async fn entries_between(
        &self,
        start: impl Into<Edge>,
        end: impl Into<Edge>,
    ) -> Answer<Vec<SourceRead>> {
        let ask = Ask::get(track("/me/time_entries"))
            .with("start_date", start.into().text())
            .with("end_date", end.into().text());
        self.ask(Call::EntriesBetween, Ok(ask), |_, body| entry::reads(body)).await
    }

    /// One own entry.
    pub async fn entry(&self, id: &RemoteId) -> Answer<SourceRead> {
        let ask = segment(id.as_str()).map(|id| Ask::get(track(&format!("/me/time_entries/{id}"))));
        self.ask(Call::Entry, ask, |_, body| entry::expect_id(entry::read(&body)?, id)).await
    }

    /// The running entry, if one runs (`null`, or a 404 of older servers).
    pub async fn current(&self) -> Answer<Option<SourceRead>> {
        let ask = Ask::get(track("/me/time_entries/current"));
        let mut answer = self
            .ask(Call::Current, Ok(ask), |_, body| match body {
                Value::Null => Ok(None),
                body => entry::read(&body).map(Some),
            })
            .await;
        if matches!(answer.result, Err(Failure::Missing(_))) {
            answer.result = Ok(None);
        }
        answer
    }

    /// Creates an entry or starts a timer.
    pub async fn create_entry(&self, workspace: &RemoteId, draft: &Draft) -> Answer<SourceRead> {
        let mut body = json!({
            "created_with": "hourwire",
            "workspace_id": number(workspace),
            "start": seconds(draft.start),
            // A timer needs −1: without length and end the service makes an entry of no length.
            "duration": draft.stop.map_or(-1, |stop| (seconds_of(stop) - seconds_of(draft.start)).max(0)),
            "description": draft.description,
            "tags": draft.tags,
        });
        if let Value::Object(map) = &mut body {
            put(map, "stop", draft.stop.map(seconds));
            put(map, "project_id", draft.project.as_ref().map(number));
            put(map, "billable", draft.billable);
        }
        let ask = entries_path(workspace).map(|path| Ask::new(Method::POST, path).body(body));
        self.ask(Call::CreateEntry, ask, |_, body| entry::read(&body)).await
    }

    /// Changes some fields of an entry.
    pub async fn update_entry(
        &self,
        workspace: &RemoteId,
        id: &RemoteId,
        change: &Change,
    ) -> Answer<SourceRead> {
        let mut body = Map::new();
        body.insert("workspace_id".to_owned(), number(workspace));
        put(&mut body, "start", change.start.map(seconds));
        put(&mut body, "stop", change.stop.map(seconds));
        put(&mut body, "description", change.description.clone());
        put(
            &mut body,
            "project_id",
            change.project.as_ref().map(|id| id.as_ref().map_or(Value::Null, number)),
        );
        put(&mut body, "tags", change.tags.clone());
        put(&mut body, "billable", change.billable);
        let ask = entry_path(workspace, id).map(|path| Ask::new(Method::PUT, path).body(Value::Object(body)));
        self.ask(Call::UpdateEntry, ask, |_, body| entry::expect_id(entry::read(&body)?, id)).await
    }

    /// Stops a timer. HTTP 409 (refused) means that it was stopped already.
    pub async fn stop_entry(&self, workspace: &RemoteId, id: &RemoteId) -> Answer<SourceRead> {
        let ask = entry_path(workspace, id).map(|path| Ask::new(Method::PATCH, format!("{path}/stop")));
        self.ask(Call::StopEntry, ask, |_, body| entry::expect_id(entry::read(&body)?, id)).await
    }

    /// Deletes an entry.
    pub async fn delete_entry(&self, workspace: &RemoteId, id: &RemoteId) -> Answer<()> {
        self.ask(Call::DeleteEntry, entry_path(workspace, id).map(delete), no_content).await
    }
}

fn entries_path(workspace: &RemoteId) -> Result<String, Failure> {
    Ok(track(&format!("/workspaces/{}/time_entries", segment(workspace.as_str())?)))
}

fn entry_path(workspace: &RemoteId, id: &RemoteId) -> Result<String, Failure> {
    Ok(format!("{}/{}", entries_path(workspace)?, segment(id.as_str())?))
}

/// `2026-03-02T13:20:00Z`: a time without seconds was once refused.
fn seconds(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn seconds_of(instant: DateTime<Utc>) -> i64 {
    instant.timestamp()
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}
