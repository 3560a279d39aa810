//! Rows as the JSON that Toggl sends: key order, nulls, omissions and time forms as recorded.

use serde_json::{Map, Value, json};

use super::book::{Book, Client, Entry, Project, Tag, Task};
use super::form::{micros, offset, zulu};
use super::plan::Plan;

/// Which of the recorded forms a time entry takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Lists, current and single reads: `+00:00`, empty lists.
    Listed,
    /// The answer to a create: `Z`, null instead of empty lists.
    Created,
    /// The answer to a stop or an update: `Z`, empty lists.
    Answered,
}

/// A time entry of the API.
pub fn entry(book: &Book, entry: &Entry, style: Style, meta: bool) -> Value {
    let time = if style == Style::Listed { offset } else { zulu };
    let bare = style == Style::Created && entry.tags.is_empty();
    let mut out = json!({
        "id": entry.id, "workspace_id": entry.workspace, "project_id": entry.project, "task_id": entry.task,
        "billable": entry.billable, "start": time(entry.start), "stop": entry.stop.map(time),
        "duration": entry.duration, "description": entry.description,
        "tags": if bare { Value::Null } else { json!(book.tag_names(entry)) },
        "tag_ids": if bare { Value::Null } else { json!(entry.tags) },
        "duronly": true, "at": micros(entry.at), "server_deleted_at": entry.deleted.map(offset),
        "user_id": entry.user, "uid": entry.user, "wid": entry.workspace,
    });
    if let Value::Object(map) = &mut out {
        put(map, "pid", entry.project);
        put(map, "tid", entry.task);
        if meta {
            add_names(book, entry, map);
        }
    }
    out
}

fn put<T: Into<Value>>(map: &mut Map<String, Value>, key: &str, value: Option<T>) {
    if let Some(value) = value {
        map.insert(key.into(), value.into());
    }
}

fn add_names(book: &Book, entry: &Entry, map: &mut Map<String, Value>) {
    if let Some(project) = entry.project.and_then(|id| book.projects.get(&id)) {
        let client = project.client.and_then(|id| book.clients.get(&id));
        put(map, "client_name", client.map(|row| row.name.clone()));
        put(map, "project_name", Some(project.name.clone()));
        put(map, "project_color", Some(project.color.clone()));
        put(map, "project_active", Some(project.active));
        put(map, "project_billable", Some(project.billable));
    }
    put(map, "task_name", entry.task.and_then(|id| book.tasks.get(&id)).map(|row| row.name.clone()));
    put(map, "user_name", book.users.get(&entry.user).map(|row| row.name.clone()));
    put(map, "user_avatar_url", Some("https://example.com/a.png"));
}

/// A time entry as the payload of a delivery: alphabetical, `at` in whole seconds, no names.
pub fn entry_payload(book: &Book, entry: &Entry) -> Value {
    let mut map = Map::new();
    map.insert("at".into(), offset(entry.at).into());
    map.insert("billable".into(), entry.billable.into());
    map.insert("description".into(), json!(entry.description));
    map.insert("duration".into(), entry.duration.into());
    map.insert("duronly".into(), true.into());
    map.insert("id".into(), entry.id.into());
    put(&mut map, "pid", entry.project);
    map.insert("project_id".into(), json!(entry.project));
    map.insert("server_deleted_at".into(), json!(entry.deleted.map(offset)));
    map.insert("start".into(), zulu(entry.start).into());
    map.insert("stop".into(), json!(entry.stop.map(zulu)));
    map.insert("tag_ids".into(), if entry.tags.is_empty() { Value::Null } else { json!(entry.tags) });
    map.insert("tags".into(), json!(book.tag_names(entry)));
    map.insert("task_id".into(), json!(entry.task));
    put(&mut map, "tid", entry.task);
    for (key, id) in [
        ("uid", entry.user),
        ("user_id", entry.user),
        ("wid", entry.workspace),
        ("workspace_id", entry.workspace),
    ] {
        map.insert(key.into(), id.into());
    }
    Value::Object(map)
}

/// A project; `plan` decides whether the paid keys carry values.
pub fn project(book: &Book, row: &Project, plan: Plan) -> Value {
    let seconds: i64 = book
        .entries
        .values()
        .filter(|entry| entry.project == Some(row.id) && entry.deleted.is_none() && entry.stop.is_some())
        .map(|entry| entry.duration)
        .sum();
    let paid = plan != Plan::Free;
    let status = match (row.deleted.is_some(), row.active) {
        (true, _) => "deleted",
        (false, true) => "active",
        (false, false) => "archived",
    };
    let mut out = json!({
        "id": row.id, "workspace_id": row.workspace, "client_id": row.client, "name": row.name,
        "is_private": row.private, "active": row.active, "at": offset(row.at), "created_at": offset(row.created),
        "server_deleted_at": row.deleted.map(offset), "color": row.color, "billable": row.billable,
        "template": if paid { json!(false) } else { Value::Null },
        "auto_estimates": if paid { json!(false) } else { Value::Null },
        "estimated_hours": row.estimated.map(|seconds| seconds / 3600), "estimated_seconds": row.estimated,
        "rate": row.rate.map(amount), "rate_last_updated": null,
        "currency": if paid { json!(row.currency) } else { Value::Null },
        "recurring": false, "template_id": null, "recurring_parameters": null, "fixed_fee": row.fixed_fee.map(amount),
        "actual_hours": seconds / 3600, "actual_seconds": seconds, "tasks_count": null, "can_track_time": true,
        "start_date": row.start_date, "status": status, "wid": row.workspace, "cid": row.client,
        "is_shared": false, "pinned": false,
    });
    if let Value::Object(map) = &mut out {
        put(map, "end_date", row.end_date.clone());
        put(map, "external_reference", row.reference.clone());
    }
    out
}

/// A whole amount is written without a fraction, as recorded (`"rate":95`).
fn amount(value: f64) -> Value {
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

/// A client: only `wid`, never `workspace_id`.
pub fn client(row: &Client) -> Value {
    let mut out = json!({
        "id": row.id, "wid": row.workspace, "archived": row.archived, "name": row.name, "at": offset(row.at),
        "creator_id": row.creator,
    });
    if let Value::Object(map) = &mut out {
        put(map, "notes", row.notes.clone());
        put(map, "external_reference", row.reference.clone());
        put(map, "server_deleted_at", row.deleted.map(offset));
    }
    out
}

/// A tag.
pub fn tag(row: &Tag) -> Value {
    let mut out = json!({
        "id": row.id, "workspace_id": row.workspace, "name": row.name, "at": micros(row.at),
        "creator_id": row.creator,
    });
    if let Value::Object(map) = &mut out {
        put(map, "deleted_at", row.deleted.map(micros));
    }
    out
}

/// A task; `tracked_seconds` is milliseconds, as the service documents it.
pub fn task(book: &Book, row: &Task) -> Value {
    let seconds: i64 = book
        .entries
        .values()
        .filter(|entry| entry.task == Some(row.id) && entry.deleted.is_none() && entry.stop.is_some())
        .map(|entry| entry.duration)
        .sum();
    json!({
        "id": row.id, "name": row.name, "workspace_id": row.workspace, "project_id": row.project,
        "user_id": row.user, "active": row.active, "at": offset(row.at), "estimated_seconds": row.estimated,
        "tracked_seconds": seconds * 1000, "recurring": false, "rate": null, "rate_last_updated": null,
        "external_reference": row.reference, "toggl_accounts_id": null,
    })
}
