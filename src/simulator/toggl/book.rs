//! What one Toggl world holds: people, catalogue and time entries. Plain rows; no rules.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// A person with a token.
#[derive(Clone, Debug)]
pub struct User {
    /// Id of the person.
    pub id: i64,
    /// Full name.
    pub name: String,
    /// Mail address; with the password it signs in to Track, never to Webhooks.
    pub email: String,
    /// The password that goes with the mail address.
    pub password: String,
    /// The API token, 32 hex digits.
    pub token: String,
    /// What a day is for this person.
    pub zone: Tz,
    /// True for administrators of the workspace.
    pub admin: bool,
    /// Last change of the profile.
    pub at: DateTime<Utc>,
}

/// A workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Id of the workspace.
    pub id: i64,
    /// The organization it belongs to.
    pub organization: i64,
    /// Its name.
    pub name: String,
    /// Last change.
    pub at: DateTime<Utc>,
}

/// A client of the workspace.
#[derive(Clone, Debug)]
pub struct Client {
    /// Id of the client.
    pub id: i64,
    /// Its workspace.
    pub workspace: i64,
    /// Its name.
    pub name: String,
    /// Hidden from default lists.
    pub archived: bool,
    /// Free text.
    pub notes: Option<String>,
    /// Another system's id.
    pub reference: Option<String>,
    /// Who made it.
    pub creator: i64,
    /// Last change.
    pub at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted: Option<DateTime<Utc>>,
}

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Id of the project.
    pub id: i64,
    /// Its workspace.
    pub workspace: i64,
    /// Its client.
    pub client: Option<i64>,
    /// Its name.
    pub name: String,
    /// Seen by its members and administrators only.
    pub private: bool,
    /// False when archived.
    pub active: bool,
    /// Entries are billable unless they say otherwise.
    pub billable: bool,
    /// `#rrggbb`.
    pub color: String,
    /// Currency units an hour.
    pub rate: Option<f64>,
    /// Fixed price in currency units.
    pub fixed_fee: Option<f64>,
    /// ISO code.
    pub currency: String,
    /// Planned seconds.
    pub estimated: Option<i64>,
    /// First day, `YYYY-MM-DD`.
    pub start_date: String,
    /// Last day, `YYYY-MM-DD`.
    pub end_date: Option<String>,
    /// Another system's id.
    pub reference: Option<String>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Last change.
    pub at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted: Option<DateTime<Utc>>,
}

/// A tag.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Id of the tag.
    pub id: i64,
    /// Its workspace.
    pub workspace: i64,
    /// Its name, unique there.
    pub name: String,
    /// Who made it.
    pub creator: i64,
    /// Last change.
    pub at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted: Option<DateTime<Utc>>,
}

/// A task of a project.
#[derive(Clone, Debug)]
pub struct Task {
    /// Id of the task.
    pub id: i64,
    /// Its workspace.
    pub workspace: i64,
    /// Its project.
    pub project: i64,
    /// Its name.
    pub name: String,
    /// False when done.
    pub active: bool,
    /// Planned seconds.
    pub estimated: i64,
    /// The person it is for.
    pub user: Option<i64>,
    /// Another system's id.
    pub reference: Option<String>,
    /// Last change.
    pub at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted: Option<DateTime<Utc>>,
}

/// A time entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Id of the entry.
    pub id: i64,
    /// Its workspace.
    pub workspace: i64,
    /// Whose time it is.
    pub user: i64,
    /// Its project.
    pub project: Option<i64>,
    /// Its task.
    pub task: Option<i64>,
    /// May be invoiced.
    pub billable: bool,
    /// Start, whole seconds.
    pub start: DateTime<Utc>,
    /// Stop, whole seconds; `None` while running.
    pub stop: Option<DateTime<Utc>>,
    /// Seconds; negative while running, as the client sent it.
    pub duration: i64,
    /// What was done; `None` when never given.
    pub description: Option<String>,
    /// Tag ids.
    pub tags: Vec<i64>,
    /// Last change, microseconds.
    pub at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted: Option<DateTime<Utc>>,
}

/// Everything, by id.
#[derive(Debug, Default)]
pub struct Book {
    /// People.
    pub users: BTreeMap<i64, User>,
    /// Workspaces.
    pub workspaces: BTreeMap<i64, Workspace>,
    /// Clients, deleted ones too.
    pub clients: BTreeMap<i64, Client>,
    /// Projects, deleted ones too.
    pub projects: BTreeMap<i64, Project>,
    /// Tags, deleted ones too.
    pub tags: BTreeMap<i64, Tag>,
    /// Tasks, deleted ones too.
    pub tasks: BTreeMap<i64, Task>,
    /// Time entries, deleted ones too.
    pub entries: BTreeMap<i64, Entry>,
}

/// First ids of a world; ids grow by one from here.
pub const WORKSPACE: i64 = 4_440_001;
/// The organization of every world.
pub const ORGANIZATION: i64 = 6_660_001;
/// The person whose token the ready line shows.
pub const OWNER: i64 = 5_550_001;
/// The second person of a team.
pub const COLLEAGUE: i64 = 5_550_002;

/// The id after the highest in use, or the first.
pub fn next<T>(rows: &BTreeMap<i64, T>, first: i64) -> i64 {
    rows.last_key_value().map_or(first, |(id, _)| id + 1)
}

impl Book {
    /// The id for a new client.
    pub fn next_client(&self) -> i64 {
        next(&self.clients, 1_110_001)
    }

    /// The id for a new project.
    pub fn next_project(&self) -> i64 {
        next(&self.projects, 2_220_001)
    }

    /// The id for a new tag.
    pub fn next_tag(&self) -> i64 {
        next(&self.tags, 330_011)
    }

    /// The id for a new task.
    pub fn next_task(&self) -> i64 {
        next(&self.tasks, 770_001)
    }

    /// The id for a new time entry; beyond 32 bits soon, as in the live service.
    pub fn next_entry(&self) -> i64 {
        next(&self.entries, 3_990_000_123)
    }

    /// A project that is not deleted.
    pub fn project(&self, id: i64) -> Option<&Project> {
        self.projects.get(&id).filter(|row| row.deleted.is_none())
    }

    /// A client that is not deleted.
    pub fn client(&self, id: i64) -> Option<&Client> {
        self.clients.get(&id).filter(|row| row.deleted.is_none())
    }

    /// A task that is not deleted.
    pub fn task(&self, id: i64) -> Option<&Task> {
        self.tasks.get(&id).filter(|row| row.deleted.is_none())
    }

    /// A time entry that is not deleted.
    pub fn entry(&self, id: i64) -> Option<&Entry> {
        self.entries.get(&id).filter(|row| row.deleted.is_none())
    }

    /// The names of an entry's tags, in its order.
    pub fn tag_names(&self, entry: &Entry) -> Vec<&str> {
        entry.tags.iter().filter_map(|id| self.tags.get(id)).map(|tag| tag.name.as_str()).collect()
    }
}
