//! A v9 time entry in JSON, as lists, answers and deliveries show it, into a `SourceRead`.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::domain::entry::Entry;
use crate::domain::id::RemoteId;
use crate::domain::read::SourceRead;
use crate::services::loose::{flag_at, id_at, instant_at, number_at, rows, text_at, to_the_second};

/// Decodes one entry of an answer. An object without id is an error: it must not vanish silently.
pub fn read(value: &Value) -> Result<SourceRead, String> {
    let id = id_at(value, &["id"]).ok_or("a time entry without id")?;
    let entry = content(value);
    let at = instant_at(value, "at")
        .or_else(|| deleted(value))
        .or_else(|| entry.as_ref().map(|entry| entry.stop.unwrap_or(entry.start)))
        .ok_or_else(|| format!("time entry {id} without a time of change"))?;
    Ok(SourceRead { id, at: to_the_second(at), entry, deleted_at: deleted(value).map(to_the_second) })
}

/// Decodes a list of entries; `null` is empty.
pub fn reads(value: Value) -> Result<Vec<SourceRead>, String> {
    rows(value)?.iter().map(read).collect()
}

/// When the object says that it was deleted.
pub fn deleted(value: &Value) -> Option<DateTime<Utc>> {
    instant_at(value, "server_deleted_at").or_else(|| instant_at(value, "deleted_at"))
}

/// The content, if owner, workspace and start are there.
pub fn content(value: &Value) -> Option<Entry> {
    let start = to_the_second(instant_at(value, "start")?);
    Some(Entry {
        workspace: id_at(value, &["workspace_id", "wid"])?,
        user: id_at(value, &["user_id", "uid"])?,
        project: id_at(value, &["project_id", "pid"]),
        start,
        stop: stop(value, start),
        description: text_at(value, "description").unwrap_or_default(),
        tags: names(value.get("tags")),
        billable: flag_at(value, "billable"),
    })
}

/// The part of an entry that is there and means nothing: applied as far as it goes, it would be money that nobody
/// tracked. What is absent or `null` is no nonsense.
pub fn nonsense(value: &Value) -> Option<&'static str> {
    let is_there =
        |key: &str| value.get(key).is_some_and(|part| !part.is_null() && part.as_str() != Some(""));
    let is_number = |part: &Value| {
        part.is_number() || part.as_str().is_some_and(|text| text.trim().parse::<f64>().is_ok())
    };
    let (start, stop) = (instant_at(value, "start"), instant_at(value, "stop"));
    if is_there("start") && start.is_none() {
        Some("start")
    } else if is_there("stop") && stop.is_none_or(|stop| start.is_some_and(|start| stop < start)) {
        Some("stop")
    } else if is_there("duration") && !value.get("duration").is_some_and(is_number) {
        Some("duration")
    } else if is_there("description") && text_at(value, "description").is_none() {
        Some("description")
    } else {
        None
    }
}

/// `stop`, else start plus a length; a negative length (−1 or about −start) is a running timer.
fn stop(value: &Value, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Some(stop) = instant_at(value, "stop") {
        return Some(to_the_second(stop));
    }
    let seconds = number_at(value, "duration").filter(|seconds| *seconds >= 0)?;
    TimeDelta::try_seconds(seconds).and_then(|length| start.checked_add_signed(length))
}

/// Tag names, sorted and single; `null` is none.
fn names(list: Option<&Value>) -> Vec<String> {
    let mut names: Vec<String> = list
        .and_then(Value::as_array)
        .map(|list| {
            list.iter()
                .filter_map(|tag| tag.as_str().map(str::to_owned).or_else(|| text_at(tag, "name")))
                .collect()
        })
        .unwrap_or_default();
    sort_single(&mut names);
    names
}

/// Sorts and drops what comes twice.
pub fn sort_single<T: Ord>(list: &mut Vec<T>) {
    list.sort();
    list.dedup();
}

/// The id of an answer's entry must be the one that was asked about, when one was.
pub fn expect_id(read: SourceRead, wanted: &RemoteId) -> Result<SourceRead, String> {
    if read.id == *wanted { Ok(read) } else { Err(format!("entry {} instead of {wanted}", read.id)) }
}
