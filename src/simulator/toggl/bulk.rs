//! `PATCH …/{ids}`: JSON-patch operations on up to a hundred rows, each row for itself.

use serde_json::{Map, Value, json};

use super::Toggl;
use super::form::{Answer, bad, fine, ids};
use crate::simulator::call::{Call, Reply};

/// Rows that one call may name.
const MOST: usize = 100;
const FIELDS: [&str; 9] =
    ["description", "start", "stop", "duration", "tags", "tag_ids", "project_id", "task_id", "billable"];

/// The ids of a bulk path.
pub(super) fn bulk_ids(text: &str) -> Result<Vec<i64>, Reply> {
    let ids = ids(text).ok_or_else(|| bad("Invalid ids"))?;
    if ids.len() > MOST { Err(bad(format!("The maximum number of ids is {MOST}"))) } else { Ok(ids) }
}

/// The operations of a body as `(op, field, value)`.
pub(super) fn operations(call: &Call) -> Result<Vec<(String, String, Value)>, Reply> {
    let Some(Value::Array(list)) = call.json() else { return Err(bad("JSON is not valid")) };
    let read = |one: &Value| {
        let op = one.get("op")?.as_str().filter(|op| ["add", "remove", "replace"].contains(op))?;
        let field = one.get("path")?.as_str()?.strip_prefix('/')?;
        Some((op.to_owned(), field.to_owned(), one.get("value").cloned().unwrap_or(Value::Null)))
    };
    list.iter().map(|one| read(one).ok_or_else(|| bad("Invalid patch operation"))).collect()
}

/// The answer of a bulk call.
pub(super) fn outcome(results: Vec<(i64, Result<(), Reply>)>) -> Reply {
    let (mut success, mut failure) = (Vec::new(), Vec::new());
    for (id, result) in results {
        match result {
            Ok(()) => success.push(json!(id)),
            Err(reply) => {
                let text = serde_json::from_slice::<String>(&reply.body).unwrap_or_default();
                failure.push(json!({"id": id, "message": text}));
            }
        }
    }
    fine(&json!({"success": success, "failure": failure}))
}

impl Toggl {
    /// `PATCH …/time_entries/{ids}`.
    pub(super) fn patch_entries(&mut self, call: &Call, me: i64, workspace: i64, list: &str) -> Answer {
        let ids = bulk_ids(list)?;
        let operations = operations(call)?;
        if let Some((_, field, _)) = operations.iter().find(|(_, field, _)| !FIELDS.contains(&field.as_str()))
        {
            return Err(bad(format!("Invalid patch path '/{field}'")));
        }
        let results = ids.into_iter().map(|id| (id, self.patch_entry(call, me, workspace, id, &operations)));
        Ok(outcome(results.collect()))
    }

    fn patch_entry(
        &mut self,
        call: &Call,
        me: i64,
        workspace: i64,
        id: i64,
        operations: &[(String, String, Value)],
    ) -> Result<(), Reply> {
        let entry = self.editable(me, workspace, id)?;
        let mut body = Map::new();
        for (op, field, value) in operations {
            let value = match (op.as_str(), field.as_str()) {
                ("remove", "description") => Value::String(String::new()),
                ("remove", "tags" | "tag_ids") => value.clone(),
                ("remove", _) => Value::Null,
                _ => value.clone(),
            };
            if field.starts_with("tag") {
                let action = match op.as_str() {
                    "add" => "add",
                    "remove" => "delete",
                    _ => "replace",
                };
                body.insert("tag_action".into(), action.into());
            }
            body.insert(field.clone(), value);
        }
        self.apply(entry, &body, me, call.now).map(|_| ())
    }
}
