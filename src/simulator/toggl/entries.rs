//! Time entries: reads of the person's own ones, create with auto-stop, update, stop, delete.

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::book::Entry;
use super::edit::stop_now;
use super::envelope::{Action, Model};
use super::form::{Answer, bad, fine, gone, id_of, midnight, missing, moment, object, refuse};
use super::render::{self, Style};
use super::{Toggl, rules};
use crate::simulator::call::{Call, Reply};

/// Entries that one read returns at most.
const CAP: usize = 1000;
/// What a read without parameters covers.
const RECENT: TimeDelta = TimeDelta::days(9);

impl Toggl {
    /// `GET /me/time_entries`.
    pub(super) fn my_entries(&self, call: &Call, me: i64) -> Answer {
        let since = call.query("since");
        if since.is_some() && call.query("before").is_some() {
            return Err(bad("'since' and 'before' can not be present simultaneously"));
        }
        let meta = call.query("meta") == Some("true");
        let rows = match since {
            Some(text) => self.modified_since(text, me, call.now)?,
            None => self.started_within(call, me)?,
        };
        let rows: Vec<Value> =
            rows.iter().map(|row| render::entry(&self.book, row, Style::Listed, meta)).collect();
        Ok(fine(&Value::Array(rows)))
    }

    /// Changed since, deleted ones with their tombstones included.
    fn modified_since(&self, text: &str, me: i64, now: DateTime<Utc>) -> Result<Vec<&Entry>, Reply> {
        let since = text
            .parse()
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .ok_or_else(|| bad("'since' must be a unix timestamp"))?;
        let floor = rules::floor(self.zone(me), now);
        if since < midnight(floor, self.zone(me)) {
            return Err(bad(format!("since must not be earlier than {floor}")));
        }
        Ok(self.newest(me, |entry| entry.at.timestamp() >= since.timestamp()))
    }

    fn started_within(&self, call: &Call, me: i64) -> Result<Vec<&Entry>, Reply> {
        let zone = self.zone(me);
        let floor = rules::floor(zone, call.now);
        let read = |key: &str| match call.query(key) {
            None => Ok(None),
            Some(text) => {
                moment(text, zone).map(Some).ok_or_else(|| bad(format!("{key} must be a date or RFC 3339")))
            }
        };
        let (start, end, before) = (read("start_date")?, read("end_date")?, read("before")?);
        let (from, to) = match (start, end, before) {
            (Some(start), Some(end), _) => {
                if start < midnight(floor, zone) {
                    return Err(bad(format!("start_date must not be earlier than {floor}")));
                }
                if end < start {
                    return Err(bad("end_date must not be earlier than start_date"));
                }
                (start, Some(end))
            }
            (None, None, Some(before)) => (midnight(floor, zone), Some(before)),
            (None, None, None) => (call.now - RECENT, None),
            _ => return Err(bad("start_date and end_date must be used together")),
        };
        let within = |at: DateTime<Utc>| at >= from && to.is_none_or(|to| at < to);
        Ok(self.newest(me, |entry| entry.deleted.is_none() && within(entry.start)))
    }

    /// The person's entries that pass, newest start first, cut at the cap.
    fn newest(&self, me: i64, passes: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
        let mut rows: Vec<&Entry> =
            self.book.entries.values().filter(|entry| entry.user == me && passes(entry)).collect();
        rows.sort_by_key(|entry| std::cmp::Reverse((entry.start, entry.id)));
        rows.truncate(CAP);
        rows
    }

    /// The recent entries of `me?with_related_data=true`.
    pub(super) fn recent(&self, me: i64, now: DateTime<Utc>) -> Vec<Value> {
        let rows = self.newest(me, |entry| entry.deleted.is_none() && entry.start >= now - RECENT);
        rows.iter().map(|row| render::entry(&self.book, row, Style::Listed, false)).collect()
    }

    /// `GET /me/time_entries/current`: `null` when nothing runs.
    pub(super) fn current(&self, call: &Call, me: i64) -> Answer {
        let meta = call.query("meta") == Some("true");
        let running = self.running(me).and_then(|id| self.book.entry(id));
        Ok(fine(&running.map_or(Value::Null, |row| render::entry(&self.book, row, Style::Listed, meta))))
    }

    /// `GET /me/time_entries/{id}`.
    pub(super) fn my_entry(&self, call: &Call, me: i64, id: &str) -> Answer {
        let meta = call.query("meta") == Some("true");
        let row = id.parse().ok().and_then(|id| self.book.entry(id)).filter(|row| row.user == me);
        let row = row.ok_or_else(|| missing("Time entry not found/accessible"))?;
        Ok(fine(&render::entry(&self.book, row, Style::Listed, meta)))
    }

    fn running(&self, user: i64) -> Option<i64> {
        let runs = |row: &&Entry| row.user == user && row.stop.is_none() && row.deleted.is_none();
        self.book.entries.values().find(runs).map(|row| row.id)
    }

    /// `POST /workspaces/{w}/time_entries`, and the unscoped form with the workspace in the body alone.
    pub(super) fn create_entry(&mut self, call: &Call, me: i64, place: Option<i64>) -> Answer {
        let body = object(call)?;
        if body.get("created_with").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(bad("created_with needs to be provided and be a valid string"));
        }
        let named = id_of(&body, &["workspace_id", "wid"]).ok_or_else(|| bad("workspace_id is required"))?;
        let workspace = self.workspace(&named.to_string())?;
        if place.is_some_and(|place| place != workspace) {
            return Err(bad("workspace_id of the body is not the one of the path"));
        }
        let user = id_of(&body, &["user_id", "uid"]).unwrap_or(me);
        if user != me && !(self.is_admin(me) && self.book.users.contains_key(&user)) {
            return Err(refuse(StatusCode::FORBIDDEN, "Only administrators may track time for others"));
        }
        let mut entry = Entry {
            id: self.book.next_entry(),
            workspace,
            user,
            project: None,
            task: None,
            billable: false,
            start: call.now,
            stop: None,
            duration: 0,
            description: None,
            tags: Vec::new(),
            at: call.now,
            deleted: None,
        };
        self.first_times(&mut entry, &body)?;
        self.set_words(&mut entry, &body, me, call.now)?;
        if entry.stop.is_none() {
            self.stop_running(user, None, call.now);
        }
        let unsized_ = entry.stop == Some(entry.start) && body.get("duration").is_none_or(Value::is_null);
        let mut out = render::entry(&self.book, &entry, Style::Created, call.query("meta") == Some("true"));
        if unsized_ && body.get("stop").is_none_or(Value::is_null) {
            // Recorded: without duration and stop the answer has no stop; later reads show it at the start.
            out["stop"] = Value::Null;
        }
        self.put(entry, Action::Created);
        Ok(fine(&out))
    }

    /// Keeps the entry and announces it.
    pub(super) fn put(&mut self, entry: Entry, action: Action) {
        let payload = render::entry_payload(&self.book, &entry);
        let (workspace, id) = (entry.workspace, entry.id);
        self.book.entries.insert(id, entry);
        self.changed(Model::TimeEntry, action, workspace, id, payload);
    }

    /// Whoever starts a timer stops the one that runs, at the time of the request.
    pub(super) fn stop_running(&mut self, user: i64, except: Option<i64>, now: DateTime<Utc>) {
        let running = self.running(user).filter(|id| Some(*id) != except).and_then(|id| self.book.entry(id));
        if let Some(mut entry) = running.cloned() {
            stop_now(&mut entry, now);
            self.put(entry, Action::Updated);
        }
    }

    /// An entry that this person may change.
    pub(super) fn editable(&self, me: i64, workspace: i64, id: i64) -> Result<Entry, Reply> {
        let row = self.book.entry(id).filter(|row| row.workspace == workspace);
        let row = row.filter(|row| row.user == me || self.is_admin(me));
        row.cloned().ok_or_else(|| missing("Time entry not found/accessible"))
    }

    fn editable_text(&self, me: i64, workspace: i64, id: &str) -> Result<Entry, Reply> {
        let id = id.parse().map_err(|_| bad("Invalid time entry id"))?;
        self.editable(me, workspace, id)
    }

    /// `PUT …/time_entries/{id}`: a partial update, also the way some clients stop a timer.
    pub(super) fn update_entry(&mut self, call: &Call, me: i64, workspace: i64, id: &str) -> Answer {
        let entry = self.editable_text(me, workspace, id)?;
        let body = object(call)?;
        let entry = self.apply(entry, &body, me, call.now)?;
        let meta = call.query("meta") == Some("true");
        Ok(fine(&render::entry(&self.book, &entry, Style::Answered, meta)))
    }

    /// Changes an entry as a body says and announces it.
    pub(super) fn apply(
        &mut self,
        mut entry: Entry,
        body: &serde_json::Map<String, Value>,
        me: i64,
        now: DateTime<Utc>,
    ) -> Result<Entry, Reply> {
        self.next_times(&mut entry, body)?;
        self.set_words(&mut entry, body, me, now)?;
        entry.at = now;
        if entry.stop.is_none() {
            self.stop_running(entry.user, Some(entry.id), now);
        }
        self.put(entry.clone(), Action::Updated);
        Ok(entry)
    }

    /// `PATCH …/time_entries/{id}/stop`.
    pub(super) fn stop_entry(&mut self, call: &Call, me: i64, workspace: i64, id: &str) -> Answer {
        let mut entry = self.editable_text(me, workspace, id)?;
        if entry.stop.is_some() {
            return Err(refuse(StatusCode::CONFLICT, "Time entry already stopped"));
        }
        stop_now(&mut entry, call.now);
        self.put(entry.clone(), Action::Updated);
        Ok(fine(&render::entry(&self.book, &entry, Style::Answered, false)))
    }

    /// `DELETE …/time_entries/{id}`: a tombstone stays for `since`.
    pub(super) fn delete_entry(&mut self, call: &Call, me: i64, workspace: i64, id: &str) -> Answer {
        let mut entry = self.editable_text(me, workspace, id)?;
        (entry.at, entry.deleted) = (call.now, Some(call.now));
        self.put(entry, Action::Deleted);
        Ok(gone())
    }

    /// Every entry for `/state`.
    pub(super) fn all_entries(&self) -> Value {
        let rows = self.book.entries.values();
        json!(rows.map(|row| render::entry(&self.book, row, Style::Listed, false)).collect::<Vec<_>>())
    }
}
