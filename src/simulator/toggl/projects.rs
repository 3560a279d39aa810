//! Projects: lists with paging, create, update, delete, bulk.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::Toggl;
use super::book::Project;
use super::bulk;
use super::envelope::{Action, Model};
use super::form::{Answer, bad, fine, id_of, ids, missing, object, premium};
use super::render;
use crate::simulator::call::{Call, Reply};

const COLORS: [&str; 8] =
    ["#0b83d9", "#9e5bd9", "#d94182", "#e36a00", "#bf7000", "#2da608", "#06a893", "#c9806b"];
const PAID: [&str; 6] = ["rate", "fixed_fee", "estimated_hours", "auto_estimates", "template", "recurring"];

/// Rows of a page: 151 unless told, 200 at most.
fn per_page(call: &Call, default: usize) -> usize {
    call.query("per_page").and_then(|text| text.parse().ok()).unwrap_or(default).clamp(1, 200)
}

fn changed_since(call: &Call) -> Option<DateTime<Utc>> {
    call.query("since")
        .and_then(|text| text.parse().ok())
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

/// Whether a text carries a true or paid value.
fn wants(value: Option<&Value>) -> bool {
    !matches!(value, None | Some(Value::Null | Value::Bool(false)))
}

impl Toggl {
    /// Everything under `…/projects`.
    pub(super) fn projects(&mut self, call: &Call, me: i64, workspace: i64, rest: &[&str]) -> Answer {
        match (call.method.as_str(), rest) {
            ("GET", []) => self.list_projects(call, me, workspace),
            ("POST", []) => self.create_project(call, workspace, me),
            ("GET", [id]) => {
                let row = self.seen_project(me, workspace, id)?;
                Ok(fine(&render::project(&self.book, &row, self.plan)))
            }
            ("PUT", [id]) => {
                let row = self.seen_project(me, workspace, id)?;
                let row = self.edit_project(row, &object(call)?, call.now)?;
                Ok(fine(&render::project(&self.book, &row, self.plan)))
            }
            ("PATCH", [ids]) => self.patch_projects(call, me, workspace, ids),
            ("DELETE", [id]) => self.delete_project(call, me, workspace, id),
            (_, [id, "tasks", rest @ ..]) => {
                let row = self.seen_project(me, workspace, id)?;
                self.project_tasks(call, &row, rest)
            }
            _ => Err(missing("Not found")),
        }
    }

    fn sees(&self, me: i64, row: &Project) -> bool {
        !row.private || self.is_admin(me)
    }

    fn seen_project(&self, me: i64, workspace: i64, id: &str) -> Result<Project, Reply> {
        let row =
            id.parse().ok().and_then(|id| self.book.project(id)).filter(|row| row.workspace == workspace);
        row.filter(|row| self.sees(me, row)).cloned().ok_or_else(|| missing("Project not found/accessible"))
    }

    /// The projects that this person sees, deleted ones only for `since`.
    pub(super) fn visible_projects(
        &self,
        me: i64,
        archived: bool,
        since: Option<DateTime<Utc>>,
    ) -> Vec<Value> {
        self.book
            .projects
            .values()
            .filter(|row| self.sees(me, row) && (archived || row.active))
            .filter(|row| match since {
                Some(since) => row.at >= since,
                None => row.deleted.is_none(),
            })
            .map(|row| render::project(&self.book, row, self.plan))
            .collect()
    }

    /// `GET /me/projects`.
    pub(super) fn my_projects(&self, call: &Call, me: i64) -> Answer {
        let archived = call.query("include_archived") == Some("true");
        Ok(fine(&Value::Array(self.visible_projects(me, archived, changed_since(call)))))
    }

    /// `GET /me/projects/paginated`.
    pub(super) fn my_projects_paginated(&self, call: &Call, me: i64) -> Answer {
        let from: i64 = call.query("start_project_id").and_then(|text| text.parse().ok()).unwrap_or(0);
        let rows = self.visible_projects(me, true, changed_since(call));
        let rows = rows.into_iter().filter(|row| row["id"].as_i64().is_some_and(|id| id >= from));
        let size = call.query("per_page").and_then(|text| text.parse().ok()).unwrap_or(201);
        Ok(fine(&Value::Array(rows.take(size).collect())))
    }

    fn list_projects(&self, call: &Call, me: i64, workspace: i64) -> Answer {
        let archived = match call.query("active") {
            Some("both") => None,
            Some("false") => Some(true),
            _ => Some(false),
        };
        let listed = |key: &str| call.query(key).filter(|text| !text.is_empty()).and_then(ids);
        let (clients, wanted) = (listed("client_ids"), listed("project_ids"));
        let name = call.query("name").or_else(|| call.query("search")).map(str::to_lowercase);
        let since = changed_since(call);
        let mut rows: Vec<&Project> = self
            .book
            .projects
            .values()
            .filter(|row| row.workspace == workspace && self.sees(me, row))
            .filter(|row| archived.is_none_or(|archived| row.active != archived))
            .filter(|row| since.map_or(row.deleted.is_none(), |since| row.at >= since))
            .filter(|row| clients.as_ref().is_none_or(|list| row.client.is_some_and(|id| list.contains(&id))))
            .filter(|row| wanted.as_ref().is_none_or(|list| list.contains(&row.id)))
            .filter(|row| name.as_ref().is_none_or(|name| row.name.to_lowercase().contains(name)))
            .collect();
        rows.sort_by_key(|row| (row.name.to_lowercase(), row.id));
        if call.query("sort_order").is_some_and(|order| order.eq_ignore_ascii_case("desc")) {
            rows.reverse();
        }
        let page: usize = call.query("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
        let size = per_page(call, 151);
        let rows = rows.into_iter().skip((page - 1) * size).take(size);
        let rows = rows.map(|row| render::project(&self.book, row, self.plan));
        Ok(fine(&Value::Array(rows.collect())))
    }

    fn create_project(&mut self, call: &Call, workspace: i64, me: i64) -> Answer {
        let body = object(call)?;
        let id = self.book.next_project();
        let row = Project {
            id,
            workspace,
            client: None,
            name: String::new(),
            private: true,
            active: true,
            billable: false,
            color: COLORS[id as usize % COLORS.len()].to_owned(),
            rate: None,
            fixed_fee: None,
            currency: "USD".into(),
            estimated: None,
            start_date: call.now.with_timezone(&self.zone(me)).format("%Y-%m-%d").to_string(),
            end_date: None,
            reference: None,
            created: call.now,
            at: call.now,
            deleted: None,
        };
        let row = self.fill_project(row, &body, call.now)?;
        self.keep_project(row.clone(), Action::Created);
        Ok(fine(&render::project(&self.book, &row, self.plan)))
    }

    fn edit_project(
        &mut self,
        row: Project,
        body: &Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Result<Project, Reply> {
        let row = self.fill_project(row, body, now)?;
        self.keep_project(row.clone(), Action::Updated);
        Ok(row)
    }

    fn keep_project(&mut self, row: Project, action: Action) {
        let payload = render::project(&self.book, &row, self.plan);
        let (workspace, id) = (row.workspace, row.id);
        self.book.projects.insert(id, row);
        self.changed(Model::Project, action, workspace, id, payload);
    }

    fn fill_project(
        &self,
        mut row: Project,
        body: &Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Result<Project, Reply> {
        if !self.paid() && (PAID.iter().any(|key| wants(body.get(*key))) || wants(body.get("billable"))) {
            return Err(premium("This project setting"));
        }
        if let Some(name) = body.get("name").and_then(Value::as_str) {
            row.name = name.trim().to_owned();
        }
        if row.name.is_empty() {
            return Err(bad("project name can't be blank"));
        }
        if ["client_id", "cid"].iter().any(|key| body.contains_key(*key)) {
            row.client = id_of(body, &["client_id", "cid"]);
            if row.client.is_some_and(|id| self.book.client(id).is_none()) {
                return Err(bad("Client not found/accessible"));
            }
        }
        let twin = |other: &Project| {
            other.id != row.id
                && other.deleted.is_none()
                && other.name == row.name
                && other.client == row.client
        };
        if self.book.projects.values().any(twin) {
            return Err(bad("Name has already been taken"));
        }
        let flag = |key: &str| body.get(key).and_then(Value::as_bool);
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        row.active = flag("active").unwrap_or(row.active);
        row.private = flag("is_private").unwrap_or(row.private);
        row.billable = flag("billable").unwrap_or(row.billable);
        if let Some(color) = text("color") {
            let hex = color.strip_prefix('#').is_some_and(|hex| {
                hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            });
            row.color = if hex { color } else { return Err(bad("color must be #rrggbb")) };
        }
        row.rate = body.get("rate").and_then(Value::as_f64).or(row.rate);
        row.fixed_fee = body.get("fixed_fee").and_then(Value::as_f64).or(row.fixed_fee);
        row.estimated =
            body.get("estimated_hours").and_then(Value::as_i64).map(|h| h * 3600).or(row.estimated);
        row.currency = text("currency").unwrap_or(row.currency);
        row.start_date = text("start_date").unwrap_or(row.start_date);
        row.end_date = text("end_date").or(row.end_date);
        row.reference = text("external_reference").or(row.reference);
        row.at = now;
        Ok(row)
    }

    fn patch_projects(&mut self, call: &Call, me: i64, workspace: i64, list: &str) -> Answer {
        let ids = bulk::bulk_ids(list)?;
        let body: Map<String, Value> =
            bulk::operations(call)?.into_iter().map(|(_, field, value)| (field, value)).collect();
        let one = |id: i64| {
            let row = self.seen_project(me, workspace, &id.to_string())?;
            self.edit_project(row, &body, call.now).map(|_| ())
        };
        let mut one = one;
        Ok(bulk::outcome(ids.into_iter().map(|id| (id, one(id))).collect()))
    }

    /// Entries lose their project, or go with it (`teDeletionMode=delete`); neither makes events of its own,
    /// but `since` shows them.
    fn delete_project(&mut self, call: &Call, me: i64, workspace: i64, id: &str) -> Answer {
        let mut row = self.seen_project(me, workspace, id)?;
        let with_entries = call.query("teDeletionMode") == Some("delete");
        let touched = |entry: &&mut super::Entry| entry.project == Some(row.id) && entry.deleted.is_none();
        for entry in self.book.entries.values_mut().filter(touched) {
            entry.at = call.now;
            if with_entries {
                entry.deleted = Some(call.now);
            } else {
                (entry.project, entry.task) = (None, None);
            }
        }
        let id = row.id;
        (row.at, row.deleted, row.active) = (call.now, Some(call.now), false);
        self.keep_project(row, Action::Deleted);
        Ok(fine(&json!(id)))
    }
}
