//! Toggl Track: API v9, Reports v3 search and Webhooks v1 as one synchronous state machine.
//!
//! Takes calls and gives replies; what has to travel (PINGs, deliveries) is handed out for others to carry.
//! It must not read a clock, open a socket or know of the program under test.

mod book;
mod bulk;
mod clients;
mod deliveries;
mod edit;
mod entries;
mod envelope;
mod form;
mod history;
mod people;
mod plan;
mod projects;
mod render;
mod reports;
mod routes;
mod rules;
mod state;
mod subscriptions;
mod tags;
mod tasks;
mod validation;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::StatusCode;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

pub use book::{
    Book, COLLEAGUE, Client, Entry, ORGANIZATION, OWNER, Project, Tag, Task, User, WORKSPACE, Workspace,
};
pub use deliveries::{CALLBACK_TIMEOUT, Ticket, Verdict};
pub use envelope::{sign, spoil};
pub use form::midnight;
pub use plan::{Plan, REMAINING, RESETS_IN};
pub use validation::Ask;

use crate::simulator::call::{Call, Reply};
pub use deliveries::Hooks;
use envelope::Change;
use plan::{Bucket, Quota};

/// Which of Toggl's APIs a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `/api/v9`.
    Track,
    /// `/reports/api/v3`.
    Reports,
    /// `/webhooks/api/v1`.
    Webhooks,
}

impl Api {
    /// Every API.
    pub const ALL: [Self; 3] = [Self::Track, Self::Reports, Self::Webhooks];

    /// The start of its paths.
    pub fn base(self) -> &'static str {
        match self {
            Self::Track => "/api/v9",
            Self::Reports => "/reports/api/v3",
            Self::Webhooks => "/webhooks/api/v1",
        }
    }
}

/// What is unknown about the live service and therefore settable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// What a `deleted` event carries.
    pub deleted_payload: DeletedPayload,
    /// How many filters one with a `*` counts for.
    pub wildcard_cost: u32,
    /// Whether the delivery history of 2022 is still there.
    pub history: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { deleted_payload: DeletedPayload::Full, wildcard_cost: 1, history: false }
    }
}

/// The payload of a `deleted` event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeletedPayload {
    /// The whole object with `server_deleted_at`.
    #[default]
    Full,
    /// Only its id.
    Id,
    /// `null`.
    Null,
}

/// How far a call has come.
#[derive(Debug)]
pub enum Step {
    /// Answered.
    Done(Reply),
    /// The callback has to be asked first; then [`Toggl::asked`] gives the answer.
    Ask(Box<Ask>),
}

/// A call's step, and the bucket that it concerned.
#[derive(Debug)]
pub struct Handled {
    /// How far it has come.
    pub step: Step,
    /// The name of the bucket.
    pub bucket: Option<String>,
    /// Calls left in it.
    pub remaining: Option<i64>,
}

/// The simulated service.
#[derive(Debug)]
pub struct Toggl {
    book: Book,
    plan: Plan,
    quota: Quota,
    pub(super) hooks: Hooks,
    habits: Habits,
    changes: Vec<Change>,
    webhooks_url: String,
    rng: StdRng,
}

impl Toggl {
    /// A service that holds `book`; the same seed makes the same ids, codes and secrets.
    pub fn new(seed: u64, plan: Plan, book: Book) -> Self {
        Self {
            book,
            plan,
            quota: Quota::default(),
            hooks: Hooks::default(),
            habits: Habits::default(),
            changes: Vec::new(),
            webhooks_url: "https://track.toggl.com/webhooks/api/v1".into(),
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// What it holds.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The plan in force.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Changes the plan; subscriptions beyond its limit are disabled, newest first.
    pub fn set_plan(&mut self, plan: Plan, now: DateTime<Utc>) {
        self.plan = plan;
        self.disable_surplus(now);
    }

    /// Sets what is unknown about the live service.
    pub fn set_habits(&mut self, habits: Habits) {
        self.habits = habits;
    }

    /// The address that `validation_code_url` starts with.
    pub fn set_webhooks_url(&mut self, url: String) {
        self.webhooks_url = url;
    }

    /// Takes a call.
    pub fn handle(&mut self, api: Api, call: &Call) -> Handled {
        let (user, bucket) = match self.admit(api, call) {
            Ok(admitted) => admitted,
            Err((reply, bucket)) => return self.handled(Step::Done(reply), bucket, call),
        };
        let step = match api {
            Api::Track => Step::Done(self.track(call, user).unwrap_or_else(|refusal| refusal)),
            Api::Reports => Step::Done(self.reports(call, user).unwrap_or_else(|refusal| refusal)),
            Api::Webhooks => self.webhooks(call, user).unwrap_or_else(Step::Done),
        };
        self.announce(api, call, user);
        self.handled(step, bucket, call)
    }

    /// A refusal in this service's form, for a fault that asks for it.
    pub fn fault(&self, api: Api, call: &Call, status: StatusCode) -> Reply {
        match status {
            StatusCode::PAYMENT_REQUIRED => {
                let bucket = self.user_of(api, call).ok().and_then(|user| self.bucket(api, call, user));
                let left = bucket.map(|bucket| self.quota.left(bucket, self.plan, call.now));
                plan::exhausted(left.map_or(3600, |left| left.resets_in))
            }
            StatusCode::TOO_MANY_REQUESTS => plan::too_fast(),
            other => form::refuse(other, other.canonical_reason().unwrap_or("Error")),
        }
    }

    /// Who may call, and what it costs: 401, 403, 429 and 402 in this order; a refused call costs nothing.
    fn admit(&mut self, api: Api, call: &Call) -> Result<(i64, Option<Bucket>), (Reply, Option<Bucket>)> {
        if routes::is_open(api, call) {
            return Ok((0, None));
        }
        let user = self.user_of(api, call).map_err(|refusal| (refusal, None))?;
        let bucket = self.bucket(api, call, user);
        if !call.person {
            let token = self.book.users.get(&user).map(|row| row.token.clone()).unwrap_or_default();
            self.quota.pace(&token, call.now).map_err(|refusal| (refusal, bucket))?;
            if let Some(bucket) = bucket {
                self.quota.charge(bucket, self.plan, call.now).map_err(|refusal| (refusal, Some(bucket)))?;
            }
        }
        Ok((user, bucket))
    }

    fn bucket(&self, api: Api, call: &Call, user: i64) -> Option<Bucket> {
        let segments = call.segments();
        let own = api == Api::Track && (segments.first() == Some(&"me") || segments == ["workspaces"]);
        Some(if own { Bucket::User(user) } else { Bucket::Organization(ORGANIZATION, user) })
    }

    /// The person behind the Basic credentials.
    fn user_of(&self, api: Api, call: &Call) -> Result<i64, Reply> {
        let Some(header) = call.header("authorization") else {
            return Err(Reply::empty(StatusCode::UNAUTHORIZED).with("X-Authorization-Missing", true));
        };
        let pair = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, code)| STANDARD.decode(code.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let (name, password) = pair.as_deref().and_then(|pair| pair.split_once(':')).unwrap_or_default();
        let fits = |row: &&User| {
            (row.token == name && password == "api_token")
                || (api != Api::Webhooks && row.email == name && row.password == password)
        };
        match self.book.users.values().find(fits) {
            Some(row) => Ok(row.id),
            None => Err(form::refuse(StatusCode::FORBIDDEN, "Incorrect username and/or password")),
        }
    }

    /// Adds the headers that every answer carries.
    fn handled(&mut self, step: Step, bucket: Option<Bucket>, call: &Call) -> Handled {
        let charged = bucket.filter(|_| !call.person);
        let left = charged.map(|bucket| self.quota.left(bucket, self.plan, call.now));
        let mut extra = vec![
            ("X-Toggl-Request-Id".to_owned(), self.request_id()),
            ("X-Service-Level".to_owned(), "GREEN".to_owned()),
            ("Cache-Control".to_owned(), "no-cache, private, no-store, must-revalidate".to_owned()),
        ];
        if let Some(left) = left {
            extra.push((plan::REMAINING.to_owned(), left.remaining.max(0).to_string()));
            extra.push((plan::RESETS_IN.to_owned(), left.resets_in.to_string()));
        }
        let step = match step {
            Step::Done(reply) => Step::Done(dressed(reply, extra)),
            Step::Ask(mut ask) => {
                ask.headers = extra;
                Step::Ask(ask)
            }
        };
        let remaining = left.map(|left| left.remaining.max(0));
        Handled { step, bucket: charged.map(Bucket::name), remaining }
    }

    fn request_id(&mut self) -> String {
        let hex = format!("{:032x}", self.rng.random::<u128>());
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    fn is_admin(&self, user: i64) -> bool {
        self.book.users.get(&user).is_some_and(|row| row.admin)
    }
}

/// Adds headers that the reply does not have yet. A 402 for a missing feature never carries `Remaining: 0`,
/// which is how clients tell it from the quota's.
fn dressed(mut reply: Reply, extra: Vec<(String, String)>) -> Reply {
    let feature = reply.status == StatusCode::PAYMENT_REQUIRED && reply.header(plan::REMAINING).is_none();
    for (name, value) in extra {
        let confusing = feature && name == plan::REMAINING && value == "0";
        if reply.header(&name).is_none() && !confusing {
            reply.headers.push((name, value));
        }
    }
    reply
}
