//! Several time entries in one request: bulk replace, bulk delete, batch read, invoiced marks. Each is all or nothing.

use http::StatusCode;
use serde_json::Value;

use super::Clockify;
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use crate::simulator::call::{Call, Reply};

impl Clockify {
    /// `PUT .../user/{id}/time-entries`: full entries with `id`; the live server wants `start` and `end` too.
    pub(super) fn put_entries(&mut self, call: &Call, who: &str, user: &str) -> Outcome {
        self.check_owner(who, user)?;
        let hydrated = request::flag(call, "hydrated")?.unwrap_or(false);
        let Some(Value::Array(bodies)) = call.json() else {
            return Err(refuse::body(
                "JSON parse error: Cannot deserialize value of type `java.util.ArrayList`",
            ));
        };
        if bodies.is_empty() {
            return Err(refuse::domain("must contain at least 1 time entry"));
        }
        let mut entries = Vec::with_capacity(bodies.len());
        for body in bodies {
            let Value::Object(body) = body else {
                return Err(refuse::body("JSON parse error: Cannot deserialize time entry"));
            };
            let body = Body(body);
            for key in ["id", "start", "end"] {
                if body.get(key).is_none() {
                    return Err(refuse::domain(format!("{key} is required")));
                }
            }
            let id = body.text("id")?.unwrap_or_default();
            let entry = self.replaced(call, who, &id, &body)?;
            if entry.user != user {
                return Err(refuse::missing("Time entry"));
            }
            entries.push(entry);
        }
        for entry in &entries {
            self.entries.insert(entry.id.clone(), entry.clone());
            self.announce_entry(call, "TIME_ENTRY_UPDATED", entry);
        }
        let wires = if hydrated {
            entries.iter().map(self.entry_reader(true)).collect()
        } else {
            entries.iter().map(|entry| self.entry_wire(entry)).collect()
        };
        Ok(Reply::json(StatusCode::OK, &Value::Array(wires)))
    }

    /// `DELETE .../user/{id}/time-entries?time-entry-ids=…`: answers with what was deleted.
    pub(super) fn delete_entries(&mut self, call: &Call, who: &str, user: &str) -> Outcome {
        self.check_owner(who, user)?;
        let ids = request::list(call, "time-entry-ids");
        let mut ids = ids.ok_or_else(|| refuse::domain("time-entry-ids is required"))?;
        ids.sort();
        ids.dedup();
        let mut entries = Vec::with_capacity(ids.len());
        for id in &ids {
            let entry = self.known_entry(id)?.clone();
            if entry.user != user {
                return Err(refuse::missing("Time entry"));
            }
            self.check_lock(who, &entry)?;
            entries.push(entry);
        }
        let wires: Vec<Value> = entries.iter().map(|entry| self.entry_wire(entry)).collect();
        for entry in &entries {
            self.remove_entry(call, entry);
        }
        Ok(Reply::json(StatusCode::OK, &Value::Array(wires)))
    }

    /// `POST .../time-entries/batch`: reads entries by ids, in the order asked; unknown ids are left out.
    pub(super) fn read_batch(&self, call: &Call) -> Outcome {
        let body = Body::of(call)?;
        let hydrated = body.flag("hydrated")?.unwrap_or(false);
        let ids = body.texts("timeEntryIds")?.unwrap_or_default();
        if ids.is_empty() {
            return Err(refuse::domain("timeEntryIds must not be empty"));
        }
        let found = ids.iter().filter_map(|id| self.entries.get(id));
        let wires = found.map(self.entry_reader(hydrated)).collect();
        Ok(Reply::json(StatusCode::OK, &Value::Array(wires)))
    }

    /// `PATCH .../time-entries/invoiced`: an empty 200.
    pub(super) fn set_invoiced(&mut self, call: &Call) -> Outcome {
        let body = Body::of(call)?;
        let ids = body.texts("timeEntryIds")?.ok_or_else(|| refuse::domain("timeEntryIds is required"))?;
        let invoiced = body.flag("invoiced")?.ok_or_else(|| refuse::domain("invoiced is required"))?;
        for id in &ids {
            self.known_entry(id)?;
        }
        for id in &ids {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.invoiced = invoiced;
                entry.stamps.updated = call.now;
            }
        }
        Ok(Reply::empty(StatusCode::OK))
    }
}
