//! What the simulator holds, read from its own state: the source's entries and the target's.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// An entry of the source, tombstones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceEntry {
    pub id: i64,
    pub content: Content,
    pub running: bool,
    pub deleted: bool,
    /// The source's update time in whole seconds.
    pub at: i64,
}

/// What a person sees of an entry; `stop` is its start while it runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    pub user: i64,
    pub project: Option<i64>,
    pub client: Option<i64>,
    pub start: DateTime<Utc>,
    pub stop: DateTime<Utc>,
    pub description: String,
    pub tags: Vec<String>,
    pub billable: bool,
}

/// An entry of the target as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Body {
    pub user: String,
    pub project: Option<String>,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub description: String,
    pub tags: Vec<String>,
    pub billable: bool,
}

/// All entries of the source.
pub fn entries(state: &Value) -> Vec<SourceEntry> {
    let clients = clients(state);
    rows(&state["toggl"]["time_entries"]).iter().map(|row| entry(row, &clients)).collect()
}

/// The client of every project that has one.
pub fn clients(state: &Value) -> BTreeMap<i64, i64> {
    let projects = rows(&state["toggl"]["projects"]).iter();
    projects.filter_map(|row| Some((row["id"].as_i64()?, row["client_id"].as_i64()?))).collect()
}

/// One entry as the source's API shows it.
pub fn entry(row: &Value, clients: &BTreeMap<i64, i64>) -> SourceEntry {
    let project = row["project_id"].as_i64();
    let start = time(&row["start"]).unwrap_or_default();
    SourceEntry {
        id: row["id"].as_i64().unwrap_or_default(),
        content: Content {
            user: row["user_id"].as_i64().unwrap_or_default(),
            project,
            client: project.and_then(|id| clients.get(&id).copied()),
            start,
            stop: time(&row["stop"]).unwrap_or(start),
            description: row["description"].as_str().unwrap_or_default().to_owned(),
            tags: sorted(texts(&row["tags"])),
            billable: row["billable"] == true,
        },
        running: row["stop"].is_null(),
        deleted: !row["server_deleted_at"].is_null(),
        at: time(&row["at"]).unwrap_or_default().timestamp(),
    }
}

/// All stopped entries of the target.
pub fn targets(state: &Value) -> Vec<Body> {
    let clockify = &state["clockify"];
    let name = |id: &str| {
        let row = rows(&clockify["tags"]).iter().find(|row| row["id"] == id);
        row.and_then(|row| row["name"].as_str()).unwrap_or(id).to_owned()
    };
    rows(&clockify["entries"])
        .iter()
        .filter_map(|row| {
            let span = &row["timeInterval"];
            Some(Body {
                user: row["userId"].as_str()?.to_owned(),
                project: row["projectId"].as_str().map(str::to_owned),
                start: time(&span["start"])?,
                end: time(&span["end"])?,
                description: row["description"].as_str().unwrap_or_default().to_owned(),
                tags: sorted(texts(&row["tagIds"]).iter().map(|id| name(id)).collect()),
                billable: row["billable"] == true,
            })
        })
        .collect()
}

/// Ids and e-mail addresses of the source's users.
pub fn source_users(state: &Value) -> Vec<(i64, String)> {
    let users = rows(&state["toggl"]["users"]).iter();
    users.filter_map(|row| Some((row["id"].as_i64()?, row["email"].as_str()?.to_owned()))).collect()
}

/// Ids and e-mail addresses of the target's users.
pub fn target_users(state: &Value) -> Vec<(String, String)> {
    let users = rows(&state["clockify"]["users"]).iter();
    users
        .filter_map(|row| Some((row["id"].as_str()?.to_owned(), row["email"].as_str()?.to_owned())))
        .collect()
}

/// The rows of a list; none where there is no list.
pub fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|at| at.to_utc())
}

fn texts(value: &Value) -> Vec<String> {
    rows(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list.dedup();
    list
}
