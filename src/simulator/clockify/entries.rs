//! Single time entries: create, read, replace, delete, stop, duplicate. Nothing is idempotent, overlaps and copies
//! are accepted, an `Idempotency-Key` is not looked at.

use http::StatusCode;

use super::Clockify;
use super::entry_rules::Written;
use super::records::{Entry, Stamps};
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use crate::simulator::call::{Call, Reply};

/// The refusal of a create that lacks a required field; the recorded text names the project whatever is missing.
const INCOMPLETE_CREATE: &str = "Time entry couldn't be created. Project is either required field or given \
     project is archived. Please check required fields.";
/// The same on update and stop.
const INCOMPLETE_UPDATE: &str = "Can't save, required fields are missing or archived.";

impl Clockify {
    /// Creates an entry of `owner`; without an end it starts a timer, which may still be incomplete.
    pub(super) fn create_entry(&mut self, call: &Call, who: &str, owner: &str) -> Outcome {
        self.check_owner(who, owner)?;
        if request::text(call, "from-entry").is_some_and(|id| !self.entries.contains_key(id)) {
            return Ok(Reply::empty(StatusCode::NOT_FOUND));
        }
        let written = Written::of(&Body::of(call)?)?;
        self.check_written(&written)?;
        let entry = written.into_entry(String::new(), owner, call.now);
        if let Some(end) = entry.end {
            if self.settings.stopwatch_only {
                let message = "Manual time tracking disabled on this workspace";
                return Err(refuse::with(StatusCode::FORBIDDEN, 4030, message));
            }
            if !self.complete(&entry) {
                return Err(refuse::domain(INCOMPLETE_CREATE));
            }
            if entry.start > end {
                return Err(refuse::domain("Start datetime is greater than end datetime."));
            }
        }
        self.check_lock(who, &entry)?;
        Ok(self.insert_entry(call, entry))
    }

    /// Puts a new entry into the world under a new id and answers 201.
    fn insert_entry(&mut self, call: &Call, mut entry: Entry) -> Reply {
        let mut stopped = Vec::new();
        if entry.end.is_none() && self.invented.second_timer_stops_first {
            let running = |other: &&mut Entry| other.user == entry.user && other.end.is_none();
            for other in self.entries.values_mut().filter(running) {
                other.end = Some(entry.start.max(other.start));
                other.stamps.updated = call.now;
                stopped.push(other.clone());
            }
        }
        entry.id = self.mint(call.now);
        entry.stamps = Stamps::at(call.now);
        let wire = self.entry_wire(&entry);
        self.entries.insert(entry.id.clone(), entry.clone());
        for other in stopped {
            self.announce_entry(call, "TIMER_STOPPED", &other);
        }
        let event = if entry.end.is_some() { "NEW_TIME_ENTRY" } else { "NEW_TIMER_STARTED" };
        self.announce_entry(call, event, &entry);
        Reply::json(StatusCode::CREATED, &wire)
    }

    pub(super) fn get_entry(&self, call: &Call, id: &str) -> Outcome {
        let hydrated = request::flag(call, "hydrated")?.unwrap_or(false);
        let entry = self.known_entry(id)?;
        Ok(Reply::json(StatusCode::OK, &self.entry_reader(hydrated)(entry)))
    }

    /// Replaces an entry: what the body leaves out is lost.
    pub(super) fn put_entry(&mut self, call: &Call, who: &str, id: &str) -> Outcome {
        let body = Body::of(call)?;
        let entry = self.replaced(call, who, id, &body)?;
        let wire = self.entry_wire(&entry);
        self.entries.insert(entry.id.clone(), entry.clone());
        self.announce_entry(call, "TIME_ENTRY_UPDATED", &entry);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    /// The entry as a full body makes it, after all checks, not yet stored.
    pub(super) fn replaced(&self, call: &Call, who: &str, id: &str, body: &Body) -> Outcome<Entry> {
        let mut entry = self.known_entry(id)?.clone();
        self.check_owner(who, &entry.user)?;
        self.check_lock(who, &entry)?;
        let written = Written::of(body)?;
        if written.start.is_none() {
            return Err(refuse::domain("start is required"));
        }
        self.check_written(&written)?;
        written.replace(&mut entry, call.now);
        self.check_lock(who, &entry)?;
        if entry.end.is_some() && !self.complete(&entry) {
            return Err(refuse::domain(INCOMPLETE_UPDATE));
        }
        Ok(entry)
    }

    pub(super) fn delete_entry(&mut self, call: &Call, who: &str, id: &str) -> Outcome {
        let entry = self.known_entry(id)?.clone();
        self.check_owner(who, &entry.user)?;
        self.check_lock(who, &entry)?;
        self.remove_entry(call, &entry);
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    /// Takes an entry out of the world; the change feed remembers it.
    pub(super) fn remove_entry(&mut self, call: &Call, entry: &Entry) {
        self.entries.remove(&entry.id);
        let document = self.entry_read(entry);
        self.bury("TIME_ENTRY", &entry.id, entry.stamps.created, call.now, document);
        self.announce_entry(call, "TIME_ENTRY_DELETED", entry);
    }

    /// Stops the running timer; the required fields bite here.
    pub(super) fn stop_timer(&mut self, call: &Call, who: &str, user: &str) -> Outcome {
        self.check_owner(who, user)?;
        let end = Body::of(call)?.instant("end")?.ok_or_else(|| refuse::domain("end is required"))?;
        let running = self.entries.values().find(|entry| entry.user == user && entry.end.is_none());
        let Some(mut entry) = running.cloned() else {
            let message = "Currently running time entry doesn't exist on workspace";
            return Err(refuse::with(StatusCode::NOT_FOUND, 404, message));
        };
        self.check_lock(who, &entry)?;
        if entry.start > end {
            let (start, end) = (request::stamp(entry.start), request::stamp(end));
            let message = format!("Start datetime {start} is greater than end datetime {end}.");
            return Err(refuse::domain(message));
        }
        if !self.complete(&entry) {
            return Err(refuse::domain(INCOMPLETE_UPDATE));
        }
        entry.end = Some(end);
        entry.stamps.updated = call.now;
        let wire = self.entry_wire(&entry);
        self.entries.insert(entry.id.clone(), entry.clone());
        self.announce_entry(call, "TIMER_STOPPED", &entry);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    /// A second entry with the same content.
    pub(super) fn duplicate_entry(&mut self, call: &Call, who: &str, user: &str, id: &str) -> Outcome {
        self.check_owner(who, user)?;
        let entry = self.known_entry(id)?.clone();
        if entry.user != user {
            return Err(refuse::missing("Time entry"));
        }
        let copy = Entry { invoiced: false, approved: false, ..entry };
        self.check_lock(who, &copy)?;
        Ok(self.insert_entry(call, copy))
    }

    pub(super) fn known_entry(&self, id: &str) -> Outcome<&Entry> {
        self.entries.get(id).ok_or_else(|| refuse::missing("Time entry"))
    }
}
