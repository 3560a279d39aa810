//! What the workspace holds, as plain records; how they look on the wire is said beside each noun.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::workspace::CURRENCIES;

/// When a record was made and last changed; only the change feed shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamps {
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

impl Stamps {
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { created: now, updated: now }
    }
}

#[derive(Clone, Debug)]
pub(super) struct User {
    pub id: String,
    pub name: String,
    pub email: String,
    pub key: String,
    pub zone: Tz,
    /// Owners and admins may edit locked entries and write for others.
    pub admin: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Client {
    pub id: String,
    pub name: String,
    pub email: Option<String>,
    pub address: Option<String>,
    pub note: Option<String>,
    pub cc_emails: Option<Vec<String>>,
    /// Id and code.
    pub currency: (&'static str, &'static str),
    pub archived: bool,
    pub stamps: Stamps,
}

impl Client {
    /// A client without name and id.
    pub fn blank(now: DateTime<Utc>) -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            email: None,
            address: None,
            note: None,
            cc_emails: None,
            currency: CURRENCIES[0],
            archived: false,
            stamps: Stamps::at(now),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub user: String,
    pub hourly: Option<i64>,
    pub cost: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct Project {
    pub id: String,
    pub name: String,
    pub client: Option<String>,
    pub color: String,
    pub note: String,
    pub billable: bool,
    pub public: bool,
    pub archived: bool,
    pub template: bool,
    pub hourly: Option<i64>,
    pub cost: Option<i64>,
    pub time_estimate: Value,
    pub budget_estimate: Value,
    pub estimate_reset: Value,
    pub members: Vec<Member>,
    pub stamps: Stamps,
}

#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub id: String,
    pub name: String,
    pub archived: bool,
    pub stamps: Stamps,
}

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub id: String,
    pub project: String,
    pub name: String,
    pub done: bool,
    pub assignees: Vec<String>,
    pub groups: Vec<String>,
    pub estimate: String,
    pub budget: i64,
    pub billable: bool,
    pub hourly: Option<i64>,
    pub cost: Option<i64>,
    pub stamps: Stamps,
}

/// The value of a custom field on an entry.
#[derive(Clone, Debug)]
pub(super) struct FieldValue {
    pub field: String,
    pub value: Value,
    pub source: String,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub id: String,
    pub user: String,
    pub description: String,
    pub project: Option<String>,
    pub task: Option<String>,
    /// `None` shows as null: no `tagIds` came with the write.
    pub tags: Option<Vec<String>>,
    pub billable: bool,
    pub start: DateTime<Utc>,
    pub end: Option<DateTime<Utc>>,
    pub fields: Vec<FieldValue>,
    /// `REGULAR` or `BREAK`.
    pub kind: String,
    pub invoiced: bool,
    /// Approved entries are locked for everybody.
    pub approved: bool,
    pub stamps: Stamps,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub status: String,
    pub entity: String,
    pub description: Option<String>,
    pub placeholder: Option<String>,
    pub allowed: Vec<String>,
    pub default: Value,
    pub required: bool,
    pub admin_only: bool,
}

/// A deleted record, kept for the change feed.
#[derive(Clone, Debug)]
pub(super) struct Deleted {
    pub id: String,
    pub bin: String,
    pub kind: &'static str,
    pub created: DateTime<Utc>,
    pub gone: DateTime<Utc>,
    pub document: Value,
}
