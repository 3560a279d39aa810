//! A Clockify time entry in JSON: reading every form, and the bodies of writes.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::domain::entry::TargetEntry;
use crate::domain::id::RemoteId;
use crate::domain::read::TargetRead;
use crate::services::loose::{flag_at, id, id_at, ids_at, instant_at, text_at, to_the_second};

/// Decodes one entry, plain or hydrated. `value` must be free of secrets.
pub fn read(value: Value) -> Result<TargetRead, String> {
    let id = id_at(&value, &["id", "_id"]).ok_or("a time entry without id")?;
    let interval = value.get("timeInterval").unwrap_or(&Value::Null);
    let start = instant_at(interval, "start").ok_or_else(|| format!("time entry {id} without start"))?;
    let user =
        id_or_object(&value, "userId", "user").ok_or_else(|| format!("time entry {id} without user"))?;
    Ok(TargetRead {
        user,
        project: id_or_object(&value, "projectId", "project"),
        start: to_the_second(start),
        stop: instant_at(interval, "end").map(to_the_second),
        description: text_at(&value, "description").unwrap_or_default(),
        tags: tags(&value),
        billable: flag_at(&value, "billable"),
        locked: flag_at(&value, "isLocked"),
        id,
        raw: value,
    })
}

/// An id under its own key, or inside the object of the hydrated form.
fn id_or_object(value: &Value, key: &str, object: &str) -> Option<RemoteId> {
    id_at(value, &[key]).or_else(|| value.get(object).and_then(|inner| id_at(inner, &["id", "_id"])))
}

fn tags(value: &Value) -> Vec<RemoteId> {
    let mut tags = ids_at(value, "tagIds");
    if tags.is_empty() {
        let hydrated = value.get("tags").and_then(Value::as_array);
        tags = hydrated
            .map(|list| {
                list.iter().filter_map(|tag| id(tag).or_else(|| id_at(tag, &["id", "_id"]))).collect()
            })
            .unwrap_or_default();
    }
    tags.sort();
    tags.dedup();
    tags
}

/// The body that both writes share. No key is null: a project that is left out is "none".
pub fn body(entry: &TargetEntry, tag_ids: &[RemoteId]) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("start".to_owned(), seconds(entry.start).into());
    body.insert("end".to_owned(), seconds(entry.stop).into());
    // Always said: whether leaving it out means false or the project's default is disputed.
    body.insert("billable".to_owned(), entry.billable.into());
    body.insert("description".to_owned(), entry.description.clone().into());
    if let Some(project) = &entry.project {
        body.insert("projectId".to_owned(), project.as_str().into());
    }
    body.insert("tagIds".to_owned(), tag_ids.iter().map(RemoteId::as_str).collect());
    body
}

/// The body of a replacement: ours, and what the entry has beside it.
pub fn replacement(entry: &TargetEntry, tag_ids: &[RemoteId], carried: &TargetRead) -> Map<String, Value> {
    let mut body = body(entry, tag_ids);
    let task = id_or_object(&carried.raw, "taskId", "task");
    // A task belongs to one project; in another the service would refuse it.
    if let Some(task) = task.filter(|_| carried.project == entry.project) {
        body.insert("taskId".to_owned(), task.as_str().into());
    }
    let fields = custom_fields(&carried.raw);
    if !fields.is_empty() {
        body.insert("customFields".to_owned(), fields.into());
    }
    if let Some(kind) = text_at(&carried.raw, "type").filter(|kind| kind == "REGULAR" || kind == "BREAK") {
        body.insert("type".to_owned(), kind.into());
    }
    body
}

/// Answers say `customFieldValues`, requests `customFields`; the wrong key drops the values silently.
fn custom_fields(raw: &Value) -> Vec<Value> {
    let told = raw.get("customFieldValues").or_else(|| raw.get("customFields"));
    let Some(list) = told.and_then(Value::as_array) else { return Vec::new() };
    list.iter()
        .filter_map(|field| {
            let value = field.get("value").filter(|value| !value.is_null())?;
            let mut sent = json!({ "customFieldId": id_at(field, &["customFieldId"])?, "value": value });
            let source = text_at(field, "sourceType");
            if let Some(source) =
                source.filter(|s| ["WORKSPACE", "PROJECT", "TIMEENTRY"].contains(&s.as_str()))
            {
                sent["sourceType"] = source.into();
            }
            Some(sent)
        })
        .collect()
}

/// `2026-03-02T14:00:00Z`.
pub fn seconds(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}
