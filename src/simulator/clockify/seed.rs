//! Building worlds without spending requests: what is added here was there before the program looked.

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::Clockify;
use super::project_wire::time_estimate;
use super::records::{Client, Entry, Member, Project, Stamps, Tag, Task, User};

/// A time entry to add to a world.
#[derive(Clone, Debug, Default)]
pub struct NewEntry {
    /// The user; the owner of the token when empty.
    pub user: String,
    /// The description.
    pub description: String,
    /// The project's id.
    pub project: Option<String>,
    /// The id of a task of that project.
    pub task: Option<String>,
    /// Tag ids.
    pub tags: Vec<String>,
    /// The billable flag.
    pub billable: bool,
    /// The start; cut to whole seconds.
    pub start: DateTime<Utc>,
    /// The end; none runs.
    pub end: Option<DateTime<Utc>>,
}

impl Clockify {
    /// Adds a user with a key of its own (see [`Clockify::token_of`]), in the zone of the other accounts.
    pub fn add_user(&mut self, name: &str, email: &str) -> String {
        let number = self.users.len() + 1;
        let id = format!("64f0c0ffee0000000000a{number:03x}");
        let key = format!("{:010x}{number:038x}", self.machine);
        let (name, email) = (name.to_owned(), email.to_owned());
        let user = User { id: id.clone(), name, email, key, zone: self.zone, admin: false };
        self.users.insert(id.clone(), user);
        id
    }

    /// Renames the owner of the token.
    pub fn set_owner(&mut self, name: &str, email: &str) {
        if let Some(owner) = self.users.get_mut(super::OWNER_ID) {
            name.clone_into(&mut owner.name);
            email.clone_into(&mut owner.email);
        }
    }

    /// Makes a user an admin or a regular user, who may not edit locked entries nor write for others.
    pub fn set_admin(&mut self, user: &str, admin: bool) {
        if let Some(user) = self.users.get_mut(user) {
            user.admin = admin;
        }
    }

    /// Sets the zone of a user's account.
    pub fn set_zone(&mut self, user: &str, zone: Tz) {
        if let Some(user) = self.users.get_mut(user) {
            user.zone = zone;
        }
    }

    /// A user's API key.
    pub fn token_of(&self, user: &str) -> Option<&str> {
        self.users.get(user).map(|user| user.key.as_str())
    }

    /// Replaces a user's API key, as deleting the old one does: calls with it are refused from now on.
    pub fn set_token(&mut self, user: &str, key: &str) {
        if let Some(user) = self.users.get_mut(user) {
            key.clone_into(&mut user.key);
        }
    }

    /// Adds a client.
    pub fn add_client(&mut self, name: &str) -> String {
        let id = self.mint(self.now);
        let client = Client { id: id.clone(), name: name.to_owned(), ..Client::blank(self.now) };
        self.clients.insert(id.clone(), client);
        id
    }

    /// Adds a public project of a client (by id), with the owner as its member.
    pub fn add_project(&mut self, name: &str, client: Option<&str>, color: &str, billable: bool) -> String {
        let id = self.mint(self.now);
        let project = Project {
            id: id.clone(),
            name: name.to_owned(),
            client: client.map(ToOwned::to_owned),
            color: color.to_owned(),
            note: String::new(),
            billable,
            public: true,
            archived: false,
            template: false,
            hourly: None,
            cost: None,
            time_estimate: time_estimate(&Value::Null),
            budget_estimate: Value::Null,
            estimate_reset: Value::Null,
            members: vec![Member { user: super::OWNER_ID.to_owned(), hourly: None, cost: None }],
            stamps: Stamps::at(self.now),
        };
        self.projects.insert(id.clone(), project);
        id
    }

    /// Archives a client, project or tag, whichever has this id.
    pub fn archive(&mut self, id: &str) {
        if let Some(client) = self.clients.get_mut(id) {
            client.archived = true;
        }
        if let Some(project) = self.projects.get_mut(id) {
            project.archived = true;
        }
        if let Some(tag) = self.tags.get_mut(id) {
            tag.archived = true;
        }
    }

    /// Adds a tag.
    pub fn add_tag(&mut self, name: &str) -> String {
        let id = self.mint(self.now);
        let tag =
            Tag { id: id.clone(), name: name.to_owned(), archived: false, stamps: Stamps::at(self.now) };
        self.tags.insert(id.clone(), tag);
        id
    }

    /// Adds an active task to a project.
    pub fn add_project_task(&mut self, project: &str, name: &str) -> String {
        let id = self.mint(self.now);
        let task = Task {
            id: id.clone(),
            project: project.to_owned(),
            name: name.to_owned(),
            done: false,
            assignees: Vec::new(),
            groups: Vec::new(),
            estimate: "PT0S".to_owned(),
            budget: 0,
            billable: self.projects.get(project).is_some_and(|project| project.billable),
            hourly: None,
            cost: None,
            stamps: Stamps::at(self.now),
        };
        self.tasks.insert(id.clone(), task);
        id
    }

    /// Adds a time entry as if it had been made when it ended (or started, when it runs).
    pub fn add_entry(&mut self, new: NewEntry) -> String {
        let (start, end) = (new.start.trunc_subsecs(0), new.end.map(|end| end.trunc_subsecs(0)));
        let made = end.unwrap_or(start).min(self.now);
        let id = self.mint(made);
        let user = if new.user.is_empty() { super::OWNER_ID.to_owned() } else { new.user };
        let entry = Entry {
            id: id.clone(),
            user,
            description: new.description,
            project: new.project,
            task: new.task,
            tags: Some(new.tags),
            billable: new.billable,
            start,
            end,
            fields: Vec::new(),
            kind: "REGULAR".to_owned(),
            invoiced: false,
            approved: false,
            stamps: Stamps::at(made),
        };
        self.entries.insert(id.clone(), entry);
        id
    }

    /// Approves an entry, which locks it for everybody.
    pub fn approve_entry(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.approved = true;
        }
    }
}
