//! Small rules that several calls share: who may touch a workspace, what the plan allows, tag names to ids.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use http::StatusCode;

use super::book::Tag;
use super::envelope::{Action, Model};
use super::form::refuse;
use super::{Plan, Toggl, render};
use crate::simulator::call::Reply;

impl Toggl {
    /// The workspace id of a path, or the refusal for one that the person has nothing to do with.
    pub(super) fn workspace(&self, text: &str) -> Result<i64, Reply> {
        text.parse()
            .ok()
            .filter(|id| self.book.workspaces.contains_key(id))
            .ok_or_else(|| refuse(StatusCode::FORBIDDEN, "User does not have access to this resource."))
    }

    /// The person's zone.
    pub(super) fn zone(&self, user: i64) -> Tz {
        self.book.users.get(&user).map_or(Tz::UTC, |row| row.zone)
    }

    /// Whether the plan has paid features.
    pub(super) fn paid(&self) -> bool {
        self.plan != Plan::Free
    }

    /// The ids of tag names; unknown names become tags.
    pub(super) fn tags_named(
        &mut self,
        workspace: i64,
        names: &[String],
        user: i64,
        now: DateTime<Utc>,
    ) -> Vec<i64> {
        let mut ids = Vec::new();
        for name in names {
            let known = self
                .book
                .tags
                .values()
                .find(|tag| tag.workspace == workspace && tag.deleted.is_none() && tag.name == *name)
                .map(|tag| tag.id);
            let id = known.unwrap_or_else(|| self.add_tag(workspace, name, user, now));
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// Makes a tag and announces it.
    pub(super) fn add_tag(&mut self, workspace: i64, name: &str, user: i64, now: DateTime<Utc>) -> i64 {
        let id = self.book.next_tag();
        let tag = Tag { id, workspace, name: name.to_owned(), creator: user, at: now, deleted: None };
        let payload = render::tag(&tag);
        self.book.tags.insert(id, tag);
        self.changed(Model::Tag, Action::Created, workspace, id, payload);
        id
    }
}

/// The oldest day that `/me/time_entries` still shows, in days before today.
const FLOOR: TimeDelta = TimeDelta::days(91);

/// The oldest day that reads of the person's own entries may name.
pub(super) fn floor(zone: Tz, now: DateTime<Utc>) -> chrono::NaiveDate {
    (now - FLOOR).with_timezone(&zone).date_naive()
}
