//! What a written time entry must satisfy: references, lengths, required fields, locks, stopwatch mode.

use chrono::{DateTime, SubsecRound, Utc};
use http::StatusCode;

use super::Clockify;
use super::catalogue::checked_length;
use super::records::{Entry, FieldValue, Stamps};
use super::refuse::{self, Outcome};
use super::request::{Body, stamp};
use serde_json::Value;

/// A time entry as a body writes it. Keys that no request has (`customFieldValues` among them) are dropped silently.
pub(super) struct Written {
    pub description: String,
    pub start: Option<DateTime<Utc>>,
    pub end: Option<DateTime<Utc>>,
    project: Option<String>,
    task: Option<String>,
    tags: Option<Vec<String>>,
    billable: bool,
    fields: Vec<FieldValue>,
    kind: String,
}

impl Written {
    pub fn of(body: &Body) -> Outcome<Self> {
        let mut fields = Vec::new();
        for field in body.objects("customFields")? {
            let id = field.id("customFieldId")?;
            fields.push(FieldValue {
                field: id.ok_or_else(|| refuse::domain("customFieldId is required"))?,
                value: field.get("value").cloned().unwrap_or(Value::Null),
                source: field
                    .word("sourceType", &["WORKSPACE", "PROJECT", "TIMEENTRY"])?
                    .unwrap_or_else(|| "TIMEENTRY".to_owned()),
            });
        }
        Ok(Self {
            description: body.text("description")?.unwrap_or_default(),
            start: body.instant("start")?,
            end: body.instant("end")?,
            project: body.id("projectId")?,
            task: body.id("taskId")?,
            tags: body.texts("tagIds")?,
            billable: body.flag("billable")?.unwrap_or(false),
            fields,
            kind: body.word("type", &["REGULAR", "BREAK"])?.unwrap_or_else(|| "REGULAR".to_owned()),
        })
    }

    /// Makes it an entry of a user; a missing start is now.
    pub fn into_entry(self, id: String, user: &str, now: DateTime<Utc>) -> Entry {
        Entry {
            id,
            user: user.to_owned(),
            description: self.description,
            project: self.project,
            task: self.task,
            tags: self.tags,
            billable: self.billable,
            start: self.start.unwrap_or_else(|| now.trunc_subsecs(0)),
            end: self.end,
            fields: self.fields,
            kind: self.kind,
            invoiced: false,
            approved: false,
            stamps: Stamps::at(now),
        }
    }

    /// Replaces all of an entry that a body can say; what the body left out is lost.
    pub fn replace(self, entry: &mut Entry, now: DateTime<Utc>) {
        let old = entry.clone();
        *entry = self.into_entry(old.id, &old.user, now);
        entry.invoiced = old.invoiced;
        entry.approved = old.approved;
        entry.stamps.created = old.stamps.created;
    }
}

impl Clockify {
    /// Refuses what no setting can allow: bad times, lengths, and ids that are not of this workspace. Archived
    /// projects and tags are accepted, as recorded.
    pub(super) fn check_written(&self, written: &Written) -> Outcome<()> {
        checked_length("description", Some(&written.description), 3000)?;
        if let (Some(start), Some(end)) = (written.start, written.end)
            && start > end
        {
            let message =
                format!("Start datetime {} is greater than end datetime {}.", stamp(start), stamp(end));
            return Err(refuse::domain(message));
        }
        if written.project.as_ref().is_some_and(|id| !self.projects.contains_key(id)) {
            return Err(refuse::missing("Project"));
        }
        if let Some(id) = &written.task {
            let task = self.tasks.get(id);
            if task.is_none_or(|task| Some(&task.project) != written.project.as_ref()) {
                return Err(refuse::domain("Task doesn't belong to Project"));
            }
        }
        if written.tags.iter().flatten().any(|id| !self.tags.contains_key(id)) {
            return Err(refuse::missing("Tag"));
        }
        if written.fields.len() > 50 {
            return Err(refuse::domain("Number of custom fields must be between 0 and 50"));
        }
        if written.fields.iter().any(|value| !self.fields.contains_key(&value.field)) {
            return Err(refuse::missing("Custom field"));
        }
        Ok(())
    }

    /// Whether an entry has all that the workspace requires.
    pub(super) fn complete(&self, entry: &Entry) -> bool {
        let settings = &self.settings;
        !(settings.force_projects && entry.project.is_none()
            || settings.force_tasks && entry.task.is_none()
            || settings.force_tags && entry.tags.as_ref().is_none_or(Vec::is_empty)
            || settings.force_description && entry.description.is_empty())
    }

    /// Whether an entry is shown as locked.
    pub(super) fn locked(&self, entry: &Entry) -> bool {
        entry.approved || self.settings.lock_before.is_some_and(|before| entry.start < before)
    }

    /// 403/1003 for locked entries; owners and admins may still edit a locked period, nobody an approved entry.
    pub(super) fn check_lock(&self, who: &str, entry: &Entry) -> Outcome<()> {
        if entry.approved || self.locked(entry) && !self.is_admin(who) {
            return Err(refuse::with(StatusCode::FORBIDDEN, 1003, "Can't edit locked time entry."));
        }
        Ok(())
    }

    /// Writing for somebody else is a paid feature of admins.
    pub(super) fn check_owner(&self, who: &str, owner: &str) -> Outcome<()> {
        self.known_user(owner)?;
        if who == owner {
            return Ok(());
        }
        self.needs_paid_plan()?;
        let denied = || refuse::with(StatusCode::FORBIDDEN, 501, "Access Denied");
        refuse::unless(self.is_admin(who), denied)
    }
}
