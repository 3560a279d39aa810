//! Lists of time entries: a user's, newest start first, and the running timers of the workspace.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Clockify;
use super::paging::Page;
use super::records::Entry;
use super::refuse::{self, Outcome};
use super::request;
use super::window::in_zone;
use crate::simulator::call::Call;

/// The filters of the list, read once.
struct Filter {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    description: Option<String>,
    project: Option<String>,
    task: Option<String>,
    tags: Option<Vec<String>>,
    with_project: bool,
    with_task: bool,
    /// From `get-week-before`: only entries with a project or a task.
    with_either: bool,
    running: bool,
}

impl Filter {
    fn of(call: &Call, zone: Tz) -> Outcome<Self> {
        let owned = |name| request::text(call, name).map(ToOwned::to_owned);
        let flag = |name| request::flag(call, name).map(|flag| flag.unwrap_or(false));
        let (mut from, mut to) = (bound(call, "start", zone)?, bound(call, "end", zone)?);
        let week = bound(call, "get-week-before", zone)?;
        if let Some(end) = week {
            (from, to) = (Some(end - TimeDelta::days(7)), Some(end));
        }
        Ok(Self {
            from,
            to,
            description: owned("description").map(|text| text.to_lowercase()),
            project: owned("project"),
            task: owned("task"),
            tags: request::list(call, "tags"),
            with_project: flag("project-required")?,
            with_task: flag("task-required")?,
            with_either: week.is_some(),
            running: flag("in-progress")?,
        })
    }

    /// The window holds starts from `start` on and before `end`.
    fn takes(&self, entry: &Entry) -> bool {
        self.from.is_none_or(|from| entry.start >= from)
            && self.to.is_none_or(|to| entry.start < to)
            && self.description.as_ref().is_none_or(|part| entry.description.to_lowercase().contains(part))
            && self.project.as_ref().is_none_or(|id| entry.project.as_ref() == Some(id))
            && self.task.as_ref().is_none_or(|id| entry.task.as_ref() == Some(id))
            && self.tags.as_ref().is_none_or(|ids| entry.tags.iter().flatten().any(|tag| ids.contains(tag)))
            && (!self.with_project || entry.project.is_some())
            && (!self.with_task || entry.task.is_some())
            && (!self.with_either || entry.project.is_some() || entry.task.is_some())
            && (!self.running || entry.end.is_none())
    }
}

/// A bound of the window: the UTC reading of what was sent, read again as a wall clock in the account's zone.
fn bound(call: &Call, name: &str, zone: Tz) -> Outcome<Option<DateTime<Utc>>> {
    match request::text(call, name) {
        None => Ok(None),
        Some(value) => match request::wall_clock(value) {
            Some(wall) => Ok(Some(in_zone(wall, zone))),
            None => Err(refuse::query(name, value, "java.time.Instant")),
        },
    }
}

impl Clockify {
    /// `GET .../user/{id}/time-entries`. The zone of the window is the caller's.
    pub(super) fn list_entries(&self, call: &Call, who: &str, user: &str) -> Outcome {
        self.known_user(user)?;
        let page = Page::of(call, 50, self.invented.list_page_cap)?;
        let hydrated = request::flag(call, "hydrated")?.unwrap_or(false);
        let zone = self.users.get(who).map_or(self.zone, |user| user.zone);
        let filter = Filter::of(call, zone)?;
        let mut rows: Vec<&Entry> =
            self.entries.values().filter(|entry| entry.user == user && filter.takes(entry)).collect();
        rows.sort_by(|a, b| (b.start, &b.id).cmp(&(a.start, &a.id)));
        Ok(page.reply(rows, self.entry_reader(hydrated)))
    }

    /// `GET .../time-entries/status/in-progress`: ten a page unless said.
    pub(super) fn running_timers(&self, call: &Call) -> Outcome {
        let page = Page::of(call, 10, self.invented.running_page_cap)?;
        let mut rows: Vec<&Entry> = self.entries.values().filter(|entry| entry.end.is_none()).collect();
        rows.sort_by(|a, b| (b.start, &b.id).cmp(&(a.start, &a.id)));
        Ok(page.reply(rows, self.entry_reader(false)))
    }
}
