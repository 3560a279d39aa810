//! The change feed (experimental in the service): what was created, updated or deleted in a window of at most 30 days.

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::Clockify;
use super::records::{Deleted, Stamps};
use super::refuse::{self, Outcome};
use super::request::{self, stamp};
use crate::simulator::call::{Call, Reply};

/// What the feed knows; the last three have no rows here.
const KINDS: &[&str] = &[
    "CLIENTS",
    "PROJECTS",
    "TAGS",
    "TASKS",
    "TIME_ENTRY",
    "SCHEDULED_ASSIGNMENT",
    "TIME_ENTRY_RATE",
    "TIME_ENTRY_CUSTOM_FIELD_VALUE",
];
/// Deletions show up this many seconds later.
const DELETION_DELAY_S: i64 = 60;

type Window = (DateTime<Utc>, DateTime<Utc>);

impl Clockify {
    /// `GET .../entities/created|updated|deleted`; pages count from 0 and have a `limit`.
    pub(super) fn change_feed(&self, call: &Call, feed: &str) -> Outcome {
        let kinds = request::list(call, "type").ok_or_else(|| {
            let message = "Required request parameter 'type' for method parameter type List is not present";
            refuse::with(StatusCode::BAD_REQUEST, 3000, message)
        })?;
        if let Some(kind) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(refuse::domain(format!("Document type {kind} is not supported")));
        }
        let window = window(call)?;
        let page = request::number(call, "page", 0, 0)?;
        let limit = request::number(call, "limit", 50, 1)?.min(self.invented.list_page_cap);
        let mut rows = match feed {
            "deleted" => self.deletions(&kinds, window, call.now),
            _ => self.changes(&kinds, window, feed == "created"),
        };
        rows.sort_by(|(time, a), (other, b)| {
            time.cmp(other).then_with(|| a["id"].as_str().cmp(&b["id"].as_str()))
        });
        let rows = rows.into_iter().map(|(_, row)| row).skip(page.saturating_mul(limit)).take(limit);
        let rows: Vec<Value> = rows.collect();
        // The schema wraps deletions and the guide shows a bare array; the schema is followed here.
        let body = if feed == "deleted" { json!({ "response": rows }) } else { Value::Array(rows) };
        Ok(Reply::json(StatusCode::OK, &body))
    }

    /// Rows with the time that put them into the feed. Created and updated in one window: only created.
    fn changes(&self, kinds: &[String], window: Window, created: bool) -> Vec<(DateTime<Utc>, Value)> {
        let wants = |kind: &str| kinds.iter().any(|wanted| wanted == kind);
        let mut rows = Vec::new();
        let mut offer = |kind: &str, stamps: Stamps, document: &dyn Fn() -> Value| {
            let made = within(stamps.created, window);
            let time = match created {
                true if made => stamps.created,
                false if !made && stamps.updated > stamps.created && within(stamps.updated, window) => {
                    stamps.updated
                }
                _ => return,
            };
            let mut row = document();
            row["documentType"] = kind.into();
            row["auditMetadata"] =
                json!({"createdAt": stamp(stamps.created), "updatedAt": stamp(stamps.updated)});
            rows.push((time, row));
        };
        if wants("TIME_ENTRY") {
            self.entries.values().for_each(|e| offer("TIME_ENTRY", e.stamps, &|| self.entry_read(e)));
        }
        if wants("PROJECTS") {
            let tracked = self.tracked();
            for project in self.projects.values() {
                offer("PROJECTS", project.stamps, &|| self.project_wire(project, &tracked));
            }
        }
        if wants("CLIENTS") {
            self.clients.values().for_each(|c| offer("CLIENTS", c.stamps, &|| self.client_wire(c)));
        }
        if wants("TAGS") {
            self.tags.values().for_each(|t| offer("TAGS", t.stamps, &|| self.tag_wire(t)));
        }
        if wants("TASKS") {
            let tracked = self.tracked();
            self.tasks.values().for_each(|t| offer("TASKS", t.stamps, &|| self.task_wire(t, &tracked)));
        }
        rows
    }

    /// Deletions old enough to show; what was created in the same window shows nowhere.
    fn deletions(&self, kinds: &[String], window: Window, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, Value)> {
        self.deleted
            .iter()
            .filter(|it| kinds.iter().any(|kind| kind == it.kind))
            .filter(|it| within(it.gone, window) && !within(it.created, window))
            .filter(|it| it.gone + TimeDelta::seconds(DELETION_DELAY_S) <= now)
            .map(|it| (it.gone, deleted_wire(it)))
            .collect()
    }

    /// Keeps a deleted record for the feed.
    pub(super) fn bury(
        &mut self,
        kind: &'static str,
        id: &str,
        created: DateTime<Utc>,
        gone: DateTime<Utc>,
        document: Value,
    ) {
        let bin = self.mint(gone);
        self.deleted.push(Deleted { id: id.to_owned(), bin, kind, created, gone, document });
    }
}

/// A deletion as the feed shows it.
pub(super) fn deleted_wire(it: &Deleted) -> Value {
    json!({
        "id": it.id,
        "deletionBinId": it.bin,
        "deletedAt": stamp(it.gone),
        "documentType": it.kind,
        "document": it.document,
    })
}

fn within(time: DateTime<Utc>, (from, to): Window) -> bool {
    from <= time && time <= to
}

/// The window: 30 days where a bound is missing, refused where it is longer.
fn window(call: &Call) -> Outcome<Window> {
    let bound = |name| match request::text(call, name) {
        None => Ok(None),
        Some(value) => match request::instant(value) {
            Some(time) => Ok(Some(time)),
            None => Err(refuse::query(name, value, "java.time.Instant")),
        },
    };
    let most = TimeDelta::days(30);
    let (from, to) = match (bound("start")?, bound("end")?) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, from + most),
        (None, to) => (to.unwrap_or(call.now) - most, to.unwrap_or(call.now)),
    };
    if to < from || to - from > most {
        return Err(refuse::domain("Date range must not be longer than 30 days"));
    }
    Ok((from, to))
}
