//! Tasks, a paid feature: reads always answer, changes need a plan.

use serde_json::{Value, json};

use super::Toggl;
use super::book::{Project, Task};
use super::envelope::{Action, Model};
use super::form::{Answer, bad, fine, gone, id_of, missing, object, premium};
use super::render;
use crate::simulator::call::{Call, Reply};

impl Toggl {
    /// Everything under `…/projects/{p}/tasks`.
    pub(super) fn project_tasks(&mut self, call: &Call, project: &Project, rest: &[&str]) -> Answer {
        if call.method != http::Method::GET && !self.paid() {
            return Err(premium("Tasks"));
        }
        match (call.method.as_str(), rest) {
            ("GET", []) => {
                let rows = self.alive(call).filter(|row| row.project == project.id);
                Ok(fine(&Value::Array(rows.map(|row| render::task(&self.book, row)).collect())))
            }
            ("GET", [id]) => Ok(fine(&render::task(&self.book, &self.one_task(project, id)?))),
            ("POST", []) => {
                let row = Task {
                    id: self.book.next_task(),
                    workspace: project.workspace,
                    project: project.id,
                    name: String::new(),
                    active: true,
                    estimated: 0,
                    user: None,
                    reference: None,
                    at: call.now,
                    deleted: None,
                };
                let row = fill(row, call)?;
                Ok(self.keep_task(row, Action::Created))
            }
            ("PUT", [id]) => {
                let row = fill(self.one_task(project, id)?, call)?;
                Ok(self.keep_task(row, Action::Updated))
            }
            ("DELETE", [id]) => {
                let mut row = self.one_task(project, id)?;
                (row.at, row.deleted) = (call.now, Some(call.now));
                for entry in self.book.entries.values_mut().filter(|entry| entry.task == Some(row.id)) {
                    (entry.task, entry.at) = (None, call.now);
                }
                self.keep_task(row, Action::Deleted);
                Ok(gone())
            }
            _ => Err(missing("Not found")),
        }
    }

    fn one_task(&self, project: &Project, id: &str) -> Result<Task, Reply> {
        let row = id.parse().ok().and_then(|id| self.book.task(id)).filter(|row| row.project == project.id);
        row.cloned().ok_or_else(|| missing("Task not found/accessible"))
    }

    fn keep_task(&mut self, row: Task, action: Action) -> Reply {
        let payload = render::task(&self.book, &row);
        let (workspace, id) = (row.workspace, row.id);
        self.book.tasks.insert(id, row);
        self.changed(Model::Task, action, workspace, id, payload.clone());
        fine(&payload)
    }

    fn alive<'a>(&'a self, call: &Call) -> impl Iterator<Item = &'a Task> + use<'a> {
        let active = match call.query("active") {
            Some("both") => None,
            Some("false") => Some(false),
            _ => Some(true),
        };
        let fits =
            move |row: &&Task| row.deleted.is_none() && active.is_none_or(|active| row.active == active);
        self.book.tasks.values().filter(fits)
    }

    /// `GET …/tasks`: a page in an envelope.
    pub(super) fn workspace_tasks(&self, call: &Call, _me: i64, workspace: i64) -> Answer {
        let size: usize = call.query("per_page").and_then(|text| text.parse().ok()).unwrap_or(50).max(1);
        let page: usize = call.query("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
        let rows: Vec<&Task> = self.alive(call).filter(|row| row.workspace == workspace).collect();
        let total = rows.len();
        let data =
            rows.into_iter().skip((page - 1) * size).take(size).map(|row| render::task(&self.book, row));
        Ok(fine(&json!({
            "data": data.collect::<Vec<_>>(), "page": page, "per_page": size, "sort_field": "name",
            "sort_order": "ASC", "total_count": total,
        })))
    }

    /// `GET /me/tasks`.
    pub(super) fn my_tasks(&self, call: &Call, _me: i64) -> Answer {
        Ok(fine(&Value::Array(self.alive(call).map(|row| render::task(&self.book, row)).collect())))
    }
}

fn fill(mut row: Task, call: &Call) -> Result<Task, Reply> {
    let body = object(call)?;
    if let Some(name) = body.get("name").and_then(Value::as_str) {
        row.name = name.trim().to_owned();
    }
    if row.name.is_empty() {
        return Err(bad("task name can't be blank"));
    }
    row.active = body.get("active").and_then(Value::as_bool).unwrap_or(row.active);
    row.estimated = body.get("estimated_seconds").and_then(Value::as_i64).unwrap_or(row.estimated);
    row.user = id_of(&body, &["user_id"]).or(row.user);
    row.reference =
        body.get("external_reference").and_then(Value::as_str).map(str::to_owned).or(row.reference);
    row.at = call.now;
    Ok(row)
}
