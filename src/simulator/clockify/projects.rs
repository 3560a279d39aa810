//! Projects. `isPublic` goes in, `public` comes out; an update keeps some omitted fields and resets others.

use http::StatusCode;
use serde_json::Value;

use super::Clockify;
use super::catalogue::{checked_length, checked_name};
use super::hook_events::Touched;
use super::paging::{self, Page};
use super::project_wire::time_estimate;
use super::records::{Member, Project, Stamps};
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use crate::simulator::call::{Call, Reply};

/// A colour as the service takes it: `#` and exactly six hex digits.
fn checked_color(color: String) -> Outcome<String> {
    match color.strip_prefix('#') {
        Some(hex) if hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(color),
        _ => Err(refuse::domain("Color must be a hex color with six digits")),
    }
}

impl Clockify {
    pub(super) fn list_projects(&self, call: &Call) -> Outcome {
        let page = Page::of(call, 50, self.invented.list_page_cap)?;
        let hydrated = request::flag(call, "hydrated")?.unwrap_or(false);
        let mut rows = Vec::new();
        for project in self.projects.values() {
            if self.project_wanted(call, project)? && paging::name_fits(call, &project.name)? {
                rows.push(project);
            }
        }
        let tracked = self.tracked();
        let column = call.query("sort-column").unwrap_or("NAME");
        let key = |project: &&Project| match column {
            "CLIENT_NAME" => self.client_name(project.client.as_deref()).to_owned(),
            "DURATION" => {
                let spent = tracked.get(&project.id).map_or(0, chrono::TimeDelta::num_seconds);
                format!("{spent:020}")
            }
            _ => project.name.clone(),
        };
        paging::sort(call, &mut rows, |project| &project.id, key);
        Ok(page.reply(rows, |project| self.project_answer(project, &tracked, hydrated)))
    }

    fn project_wanted(&self, call: &Call, project: &Project) -> Outcome<bool> {
        let same = |name, value| request::flag(call, name).map(|flag| flag.is_none_or(|flag| flag == value));
        let contains = |name| request::flag(call, name).map(|flag| flag.unwrap_or(true));
        let by_client = match request::list(call, "clients") {
            None => true,
            Some(ids) => {
                let held = project.client.as_ref().is_some_and(|client| ids.contains(client));
                held == contains("contains-client")?
            }
        };
        let by_user = match request::list(call, "users") {
            None => true,
            Some(ids) => {
                let held = project.members.iter().any(|member| ids.contains(&member.user));
                held == contains("contains-user")?
            }
        };
        let by_access = match request::text(call, "access") {
            Some("PUBLIC") => project.public,
            Some("PRIVATE") => !project.public,
            _ => true,
        };
        let client = project.client.as_ref().and_then(|id| self.clients.get(id));
        let by_status = match (request::text(call, "client-status"), client) {
            (Some("ACTIVE"), Some(client)) => !client.archived,
            (Some("ARCHIVED"), client) => client.is_some_and(|client| client.archived),
            _ => true,
        };
        Ok(same("archived", project.archived)?
            && same("billable", project.billable)?
            && same("is-template", project.template)?
            && by_client
            && by_user
            && by_access
            && by_status)
    }

    pub(super) fn create_project(&mut self, call: &Call, who: &str) -> Outcome {
        let body = Body::of(call)?;
        let name = checked_name("Project", body.text("name")?, 2, 250)?;
        let client = self.checked_client(body.id("clientId")?)?;
        self.project_name_free(&name, client.as_deref(), None)?;
        let note = body.text("note")?;
        checked_length("note", note.as_ref(), 16384)?;
        let color =
            body.id("color")?.map_or_else(|| Ok(self.invented.default_color.to_owned()), checked_color)?;
        let tasks = body.objects("tasks")?;
        let estimate = body.get("estimate").cloned().unwrap_or(Value::Null);
        let id = self.mint(call.now);
        let project = Project {
            id: id.clone(),
            name,
            client,
            color,
            note: note.unwrap_or_default(),
            billable: body.flag("billable")?.unwrap_or(false),
            public: body.flag("isPublic")?.unwrap_or(false),
            archived: false,
            template: false,
            hourly: body.rate("hourlyRate")?,
            cost: body.rate("costRate")?,
            time_estimate: time_estimate(&estimate),
            budget_estimate: Value::Null,
            estimate_reset: Value::Null,
            members: self.first_members(&body, who)?,
            stamps: Stamps::at(call.now),
        };
        self.projects.insert(id.clone(), project);
        for task in &tasks {
            if let Err(refusal) = self.add_task(call, &id, task) {
                self.projects.remove(&id);
                self.tasks.retain(|_, task| task.project != id);
                return Err(refusal);
            }
        }
        self.announce_project(call, "NEW_PROJECT", &id);
        self.project_reply(StatusCode::CREATED, &id)
    }

    /// The creator, and whom the body names.
    fn first_members(&self, body: &Body, who: &str) -> Outcome<Vec<Member>> {
        let mut members = vec![Member { user: who.to_owned(), hourly: None, cost: None }];
        for wanted in body.objects("memberships")? {
            let Some(user) = wanted.id("userId")? else { continue };
            if !self.users.contains_key(&user) {
                return Err(refuse::missing("User"));
            }
            let hourly = wanted.rate("hourlyRate")?;
            match members.iter_mut().find(|member| member.user == user) {
                Some(member) => member.hourly = hourly,
                None => members.push(Member { user, hourly, cost: None }),
            }
        }
        Ok(members)
    }

    pub(super) fn get_project(&self, call: &Call, id: &str) -> Outcome {
        let hydrated = request::flag(call, "hydrated")?.unwrap_or(false);
        let project = self.projects.get(id).ok_or_else(|| refuse::missing("Project"))?;
        let wire = self.project_answer(project, &self.tracked(), hydrated);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    /// Omitted colour, note, archived flag, client and rates are kept; omitted `isPublic` and `billable` become false.
    pub(super) fn put_project(&mut self, call: &Call, id: &str) -> Outcome {
        let body = Body::of(call)?;
        let mut project = self.projects.get(id).cloned().ok_or_else(|| refuse::missing("Project"))?;
        project.name = checked_name("Project", body.text("name")?, 2, 250)?;
        if body.get("clientId").is_some() {
            project.client = self.checked_client(body.id("clientId")?)?;
        }
        self.project_name_free(&project.name, project.client.as_deref(), Some(id))?;
        if let Some(color) = body.id("color")? {
            project.color = checked_color(color)?;
        }
        if let Some(note) = body.text("note")? {
            checked_length("note", Some(&note), 16384)?;
            project.note = note;
        }
        project.archived = body.flag("archived")?.unwrap_or(project.archived);
        project.hourly = body.rate("hourlyRate")?.or(project.hourly);
        project.cost = body.rate("costRate")?.or(project.cost);
        project.public = body.flag("isPublic")?.unwrap_or(false);
        project.billable = body.flag("billable")?.unwrap_or(false);
        project.stamps.updated = call.now;
        self.projects.insert(id.to_owned(), project);
        self.announce_project(call, "PROJECT_UPDATED", id);
        self.project_reply(StatusCode::OK, id)
    }

    /// Only archived projects go. What happens to the entries is not known; here they stay, without project and task.
    pub(super) fn delete_project(&mut self, call: &Call, id: &str) -> Outcome {
        let project = self.projects.get(id).cloned().ok_or_else(|| refuse::missing("Project"))?;
        if !project.archived {
            return Err(refuse::domain("Cannot delete an active project"));
        }
        let wire = self.project_wire(&project, &self.tracked());
        let tasks: Vec<String> =
            self.tasks.values().filter(|task| task.project == id).map(|task| task.id.clone()).collect();
        for task in tasks {
            self.remove_task(call, &task);
        }
        self.projects.remove(id);
        for entry in self.entries.values_mut().filter(|entry| entry.project.as_deref() == Some(id)) {
            entry.project = None;
            entry.task = None;
            entry.stamps.updated = call.now;
        }
        self.bury("PROJECTS", id, project.stamps.created, call.now, wire.clone());
        let touched = Touched { project: Some(id), ..Touched::default() };
        self.announce(call, "PROJECT_DELETED", touched, |_| wire.clone());
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(super) fn announce_project(&mut self, call: &Call, event: &'static str, id: &str) {
        let touched = Touched { project: Some(id), ..Touched::default() };
        self.announce(call, event, touched, |clockify| {
            let project = clockify.projects.get(id);
            project.map_or(Value::Null, |project| clockify.project_wire(project, &clockify.tracked()))
        });
    }

    fn checked_client(&self, client: Option<String>) -> Outcome<Option<String>> {
        match client {
            Some(id) if !self.clients.contains_key(&id) => Err(refuse::missing("Client")),
            other => Ok(other),
        }
    }

    /// Names are unique per client.
    fn project_name_free(&self, name: &str, client: Option<&str>, but: Option<&str>) -> Outcome<()> {
        let taken = |project: &Project| {
            Some(project.id.as_str()) != but
                && project.client.as_deref() == client
                && self.same_name(&project.name, name)
        };
        if !self.projects.values().any(taken) {
            return Ok(());
        }
        Err(refuse::domain(match client {
            None => "Project with this name already exists".to_owned(),
            Some(_) => format!("{name} project for client {} already exists.", self.client_name(client)),
        }))
    }
}
