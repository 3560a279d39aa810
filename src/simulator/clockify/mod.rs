//! A stand-in for Clockify's API v1 and its detailed report: one workspace, a synchronous deterministic state machine.
//!
//! It does what the reference records of the live service, habits included: catalogue PUTs with mixed omission
//! rules, the list window shifted by the account's zone, no idempotency. What the service keeps to itself stands in
//! [`Invented`]. It knows no socket, no clock and no faults; its deliveries are carried elsewhere.

mod auth;
mod catalogue;
mod clients;
mod entries;
mod entry_bulk;
mod entry_list;
mod entry_rules;
mod entry_wire;
mod feed;
mod fields;
mod hook_courier;
mod hook_events;
mod hook_log;
mod hook_plan;
mod hook_wire;
mod hooks;
mod invented;
mod paging;
mod project_parts;
mod project_wire;
mod projects;
mod quota;
mod records;
mod refuse;
mod reports;
mod request;
mod route;
mod seed;
mod tags;
mod tasks;
mod users;
mod window;
mod workspace;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::StatusCode;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng, distr::Alphanumeric};
use serde_json::{Value, json};

pub use self::hook_courier::{Counting, Ticket, spoil};
pub use self::hooks::{Hook, Hooks};
pub use self::invented::Invented;
pub use self::seed::NewEntry;
pub use self::workspace::Settings;

use self::quota::Quota;
use self::records::{Client, Deleted, Entry, Field, Project, Tag, Task, User};
use crate::simulator::call::{Call, Reply};

/// The id of the one workspace.
pub const WORKSPACE_ID: &str = "64f0c0ffee0000000000b001";
/// The id of the user that owns the token.
pub const OWNER_ID: &str = "64f0c0ffee0000000000a001";

/// What the workspace pays for, as far as the API behaves differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// A newly made Free workspace: 30 requests in rolling 60 minutes, few features.
    Free,
    /// Any paid plan: 50 requests a second, all features.
    Paid,
}

/// How a world starts.
#[derive(Clone, Debug)]
pub struct ClockifyOptions {
    /// Decides token and ids; equal seeds and calls give equal worlds.
    pub seed: u64,
    /// The plan of the workspace.
    pub plan: Plan,
    /// The service's clock at the start.
    pub now: DateTime<Utc>,
    /// The zone of the accounts; it shifts the window of the entry list.
    pub time_zone: Tz,
    /// What had to be made up.
    pub invented: Invented,
}

impl ClockifyOptions {
    /// Options with the zone of the reference's account, `America/New_York`.
    pub fn new(seed: u64, plan: Plan, now: DateTime<Utc>) -> Self {
        Self { seed, plan, now, time_zone: chrono_tz::America::New_York, invented: Invented::default() }
    }
}

/// The simulated service.
#[derive(Debug)]
pub struct Clockify {
    plan: Plan,
    settings: Settings,
    invented: Invented,
    zone: Tz,
    /// The newest time seen, for what is added between calls.
    now: DateTime<Utc>,
    machine: u64,
    minted: u64,
    quota: Quota,
    users: BTreeMap<String, User>,
    clients: BTreeMap<String, Client>,
    projects: BTreeMap<String, Project>,
    tags: BTreeMap<String, Tag>,
    tasks: BTreeMap<String, Task>,
    entries: BTreeMap<String, Entry>,
    fields: BTreeMap<String, Field>,
    deleted: Vec<Deleted>,
    pub(super) hooks: Hooks,
}

impl Clockify {
    /// An empty world: one workspace, one user, nothing else.
    pub fn new(options: ClockifyOptions) -> Self {
        let mut random = StdRng::seed_from_u64(options.seed);
        let machine = random.random::<u64>() & 0xff_ffff_ffff;
        let key: String = random.sample_iter(Alphanumeric).take(48).map(char::from).collect();
        let owner = User {
            id: OWNER_ID.to_owned(),
            name: "Ida Kern".to_owned(),
            email: "ida@example.test".to_owned(),
            key,
            zone: options.time_zone,
            admin: true,
        };
        Self {
            plan: options.plan,
            settings: Settings::default(),
            invented: options.invented,
            zone: options.time_zone,
            now: options.now,
            machine,
            minted: 0,
            quota: Quota::default(),
            users: BTreeMap::from([(owner.id.clone(), owner)]),
            clients: BTreeMap::new(),
            projects: BTreeMap::new(),
            tags: BTreeMap::new(),
            tasks: BTreeMap::new(),
            entries: BTreeMap::new(),
            fields: BTreeMap::new(),
            deleted: Vec::new(),
            hooks: Hooks::new(options.seed),
        }
    }

    /// Answers a call of the main API; the path is what follows `/api/v1`.
    pub fn handle(&mut self, call: &Call) -> Reply {
        self.now = call.now;
        self.admit(call).and_then(|who| self.route(call, &who)).unwrap_or_else(|refusal| refusal)
    }

    /// Answers a call of the reports host; the path is what follows `/v1` or `/report/v1`.
    pub fn handle_reports(&mut self, call: &Call) -> Reply {
        self.now = call.now;
        self.admit(call).and_then(|who| self.route_reports(call, &who)).unwrap_or_else(|refusal| refusal)
    }

    /// A refusal in the service's form, for injected faults: message and numeric code.
    pub fn fault(&self, status: StatusCode) -> Reply {
        match status {
            StatusCode::TOO_MANY_REQUESTS => self.over_quota(60),
            StatusCode::BAD_REQUEST => refuse::domain("TIMEENTRY with ID 'unknown' not found"),
            StatusCode::FORBIDDEN => refuse::with(status, 501, "Access Denied"),
            other => {
                refuse::with(other, i64::from(other.as_u16()), other.canonical_reason().unwrap_or("Error"))
            }
        }
    }

    /// The owner's API key.
    pub fn token(&self) -> &str {
        self.users.get(OWNER_ID).map_or("", |owner| owner.key.as_str())
    }

    /// Changes the plan; what was spent in the last hour counts against the new limit, and webhooks get or lose places.
    pub fn set_plan(&mut self, paid: bool) {
        self.plan = if paid { Plan::Paid } else { Plan::Free };
        self.apply_plan();
    }

    /// The plan in force.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// How long a delivery waits for its answer.
    pub fn callback_timeout(&self) -> Duration {
        Duration::from_secs(self.invented.receiver_timeout_s)
    }

    /// How many webhooks get deliveries.
    pub fn receiving(&self) -> usize {
        self.hooks.rows.values().filter(|hook| hook.receives()).count()
    }

    /// The settings of the workspace, which in the service are changed in the web page only.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// The quota bucket and the requests left in its window that ends at `now`.
    pub fn remaining(&self, now: DateTime<Utc>) -> Option<(String, i64)> {
        Some((format!("workspace:{WORKSPACE_ID}"), self.quota.remaining(self.plan, now).max(0)))
    }

    /// Everything held, with the fields that no call shows.
    pub fn state(&self) -> Value {
        let tracked = self.tracked();
        let all = |rows: Vec<Value>| Value::Array(rows);
        json!({
            "workspace_id": WORKSPACE_ID,
            "plan": if self.plan == Plan::Paid { "paid" } else { "free" },
            "workspace": self.workspace_wire(),
            "users": all(self.users.values().map(|user| self.user_wire(user, true)).collect()),
            "clients": all(self.clients.values().map(|client| self.client_wire(client)).collect()),
            "projects": all(self.projects.values().map(|project| self.project_wire(project, &tracked)).collect()),
            "tags": all(self.tags.values().map(|tag| self.tag_wire(tag)).collect()),
            "tasks": all(self.tasks.values().map(|task| self.task_wire(task, &tracked)).collect()),
            "custom_fields": all(self.fields.values().map(|field| self.field_wire(field)).collect()),
            "entries": all(self.entries.values().map(|entry| self.entry_state(entry)).collect()),
            "webhooks": all(self.hooks.rows.values().map(|hook| self.hook_state(hook)).collect()),
            "webhook_events": all(self.hooks.events.values().map(hook_wire::event_state).collect()),
            "deleted": all(self.deleted.iter().map(feed::deleted_wire).collect()),
        })
    }

    /// A new ObjectId: creation time in Unix seconds, the seed's part, a counter.
    fn mint(&mut self, now: DateTime<Utc>) -> String {
        self.minted += 1;
        format!("{:08x}{:010x}{:06x}", now.timestamp() as u32, self.machine, self.minted & 0xff_ffff)
    }
}
