//! Tasks of a project. An active one cannot be deleted; `status: DONE` comes first.

use http::StatusCode;
use serde_json::{Value, json};

use super::Clockify;
use super::catalogue::checked_name;
use super::entry_wire::iso_duration;
use super::hook_events::Touched;
use super::paging::{self, Page};
use super::project_wire::Tracked;
use super::records::{Stamps, Task};
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use super::workspace::rate_wire;
use crate::simulator::call::{Call, Reply};

impl Clockify {
    pub(super) fn list_tasks(&self, call: &Call, project: &str) -> Outcome {
        let page = Page::of(call, 50, self.invented.list_page_cap)?;
        self.known_project(project)?;
        let active = request::flag(call, "is-active")?;
        let mut rows = Vec::new();
        for task in self.tasks.values().filter(|task| task.project == project) {
            if active.is_none_or(|active| active != task.done) && paging::name_fits(call, &task.name)? {
                rows.push(task);
            }
        }
        paging::sort(call, &mut rows, |task| &task.id, |task| task.name.clone());
        let tracked = self.tracked();
        Ok(page.reply(rows, |task| self.task_wire(task, &tracked)))
    }

    pub(super) fn create_task(&mut self, call: &Call, project: &str) -> Outcome {
        self.known_project(project)?;
        let id = self.add_task(call, project, &Body::of(call)?)?;
        self.announce_task(call, "NEW_TASK", project, &id);
        self.task_reply(StatusCode::CREATED, project, &id)
    }

    /// Adds a task to a project that is known to exist.
    pub(super) fn add_task(&mut self, call: &Call, project: &str, body: &Body) -> Outcome<String> {
        let mut task = Task {
            id: String::new(),
            project: project.to_owned(),
            name: String::new(),
            done: false,
            assignees: Vec::new(),
            groups: Vec::new(),
            estimate: String::new(),
            budget: 0,
            billable: self.projects.get(project).is_some_and(|project| project.billable),
            hourly: body.rate("hourlyRate")?,
            cost: body.rate("costRate")?,
            stamps: Stamps::at(call.now),
        };
        let billable = task.billable;
        self.write_task(&mut task, body)?;
        task.billable = body.flag("billable")?.unwrap_or(billable);
        task.id = self.mint(call.now);
        let id = task.id.clone();
        self.tasks.insert(id.clone(), task);
        Ok(id)
    }

    /// What creating and replacing share; what a body leaves out falls back to its default.
    fn write_task(&self, task: &mut Task, body: &Body) -> Outcome<()> {
        let name = body.text("name")?;
        if !name.as_ref().is_some_and(|name| (1..=1000).contains(&name.chars().count())) {
            return Err(refuse::domain("Task name has to be between 1 and 1000 characters long"));
        }
        task.name = checked_name("Task", name, 1, 1000)?;
        let taken = |other: &Task| {
            other.id != task.id && other.project == task.project && self.same_name(&other.name, &task.name)
        };
        if self.tasks.values().any(taken) {
            return Err(refuse::domain(format!("Task with name '{}' already exists", task.name)));
        }
        let single = body.id("assigneeId")?.map(|user| vec![user]);
        task.assignees = body.texts("assigneeIds")?.or(single).unwrap_or_default();
        for user in &task.assignees {
            self.known_user(user)?;
        }
        task.groups = body.texts("userGroupIds")?.unwrap_or_default();
        task.estimate = body.text("estimate")?.unwrap_or_else(|| "PT0S".to_owned());
        task.budget = body.number("budgetEstimate")?.unwrap_or(0);
        task.done = body.word("status", &["ACTIVE", "DONE", "ALL"])?.as_deref() == Some("DONE");
        task.billable = body.flag("billable")?.unwrap_or(false);
        Ok(())
    }

    pub(super) fn get_task(&self, project: &str, id: &str) -> Outcome {
        self.task_reply(StatusCode::OK, project, id)
    }

    pub(super) fn put_task(&mut self, call: &Call, project: &str, id: &str) -> Outcome {
        let body = Body::of(call)?;
        let mut task = self.known_task(project, id)?.clone();
        self.write_task(&mut task, &body)?;
        task.stamps.updated = call.now;
        self.tasks.insert(id.to_owned(), task);
        self.announce_task(call, "TASK_UPDATED", project, id);
        self.task_reply(StatusCode::OK, project, id)
    }

    pub(super) fn put_task_rate(&mut self, call: &Call, project: &str, id: &str, rate: &str) -> Outcome {
        let amount = Body::of(call)?.number("amount")?.ok_or_else(|| refuse::domain("amount is required"))?;
        let mut task = self.known_task(project, id)?.clone();
        match rate {
            "hourly-rate" => task.hourly = Some(amount),
            _ => task.cost = Some(amount),
        }
        task.stamps.updated = call.now;
        self.tasks.insert(id.to_owned(), task);
        self.task_reply(StatusCode::OK, project, id)
    }

    pub(super) fn delete_task(&mut self, call: &Call, project: &str, id: &str) -> Outcome {
        let task = self.known_task(project, id)?;
        if !task.done {
            return Err(refuse::domain("Cannot delete an active task"));
        }
        let wire = self.task_wire(task, &self.tracked());
        self.remove_task(call, id);
        let touched = Touched { project: Some(project), task: Some(id), ..Touched::default() };
        self.announce(call, "TASK_DELETED", touched, |_| wire.clone());
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    /// Takes a task out of the world and off its entries.
    pub(super) fn remove_task(&mut self, call: &Call, id: &str) {
        let Some(task) = self.tasks.get(id) else { return };
        let (created, wire) = (task.stamps.created, self.task_wire(task, &self.tracked()));
        self.tasks.remove(id);
        for entry in self.entries.values_mut().filter(|entry| entry.task.as_deref() == Some(id)) {
            entry.task = None;
            entry.stamps.updated = call.now;
        }
        self.bury("TASKS", id, created, call.now, wire);
    }

    fn announce_task(&mut self, call: &Call, event: &'static str, project: &str, id: &str) {
        let touched = Touched { project: Some(project), task: Some(id), ..Touched::default() };
        self.announce(call, event, touched, |clockify| {
            let task = clockify.tasks.get(id);
            task.map_or(Value::Null, |task| clockify.task_wire(task, &clockify.tracked()))
        });
    }

    fn known_project(&self, id: &str) -> Outcome<()> {
        refuse::unless(self.projects.contains_key(id), || refuse::missing("Project"))
    }

    fn known_task(&self, project: &str, id: &str) -> Outcome<&Task> {
        self.known_project(project)?;
        let task = self.tasks.get(id).filter(|task| task.project == project);
        task.ok_or_else(|| refuse::domain("Task doesn't belong to Project"))
    }

    fn task_reply(&self, status: StatusCode, project: &str, id: &str) -> Outcome {
        Ok(Reply::json(status, &self.task_wire(self.known_task(project, id)?, &self.tracked())))
    }

    pub(super) fn task_wire(&self, task: &Task, tracked: &Tracked) -> Value {
        let spent = tracked.get(&task.id).copied().unwrap_or_default();
        json!({
            "id": task.id,
            "name": task.name,
            "projectId": task.project,
            "assigneeIds": task.assignees,
            "assigneeId": task.assignees.first(),
            "userGroupIds": task.groups,
            "estimate": task.estimate,
            "budgetEstimate": task.budget,
            "status": if task.done { "DONE" } else { "ACTIVE" },
            "duration": iso_duration(spent),
            "billable": task.billable,
            "hourlyRate": rate_wire(task.hourly),
            "costRate": rate_wire(task.cost),
        })
    }
}
