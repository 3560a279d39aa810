//! Webhooks: the calls that make, change and remove them. Owners and administrators only; no call switches one on
//! or off.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::StatusCode;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng, distr::Alphanumeric};

use super::Clockify;
use super::hook_courier::{Event, Ticket};
use super::hook_events::{EVENTS, TRIGGERS};
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use crate::simulator::call::{Call, Reply};

/// A webhook.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its id.
    pub id: String,
    /// Its name, unique in the workspace.
    pub name: String,
    /// Who made it.
    pub user: String,
    /// Where it delivers.
    pub url: String,
    /// The one event that it reports.
    pub event: String,
    /// What kind of ids `sources` holds.
    pub trigger: String,
    /// What it is limited to.
    pub sources: Vec<String>,
    /// What every delivery carries.
    pub token: String,
    /// Switched on; only the web page changes it.
    pub enabled: bool,
    /// False after too many failures.
    pub delivery: bool,
    /// False where the plan has no room for it.
    pub plan: bool,
    /// Failed attempts in a row.
    pub failures: u32,
}

impl Hook {
    /// Deliveries leave for it.
    pub fn receives(&self) -> bool {
        self.enabled && self.delivery && self.plan
    }
}

/// Webhooks, and what was or is to be delivered to them.
#[derive(Debug)]
pub struct Hooks {
    /// By id, which is the order of their making.
    pub rows: BTreeMap<String, Hook>,
    /// Events by their number.
    pub(super) events: BTreeMap<u64, Event>,
    /// Events that nobody carries yet.
    pub(super) fresh: Vec<Ticket>,
    /// The number of the newest event.
    pub(super) last: u64,
    rng: StdRng,
}

impl Hooks {
    /// None yet. Tokens have a stream of their own, so that making one changes no other value.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rows: BTreeMap::new(),
            events: BTreeMap::new(),
            fresh: Vec::new(),
            last: 0,
            rng: StdRng::seed_from_u64(seed ^ 0x00c1_0c41_f700),
        }
    }

    /// 32 letters and digits, as seen in the field.
    pub fn new_token(&mut self) -> String {
        (&mut self.rng).sample_iter(Alphanumeric).take(32).map(char::from).collect()
    }
}

/// What a body says of a webhook.
struct Written {
    name: String,
    url: String,
    event: String,
    trigger: String,
    sources: Vec<String>,
}

impl Clockify {
    /// `GET .../webhooks`: an envelope, whole whatever page is asked for.
    pub(super) fn list_hooks(&self, call: &Call, who: &str) -> Outcome {
        self.needs_admin(who)?;
        // All of them are made by users; there is no add-on here.
        let shown = matches!(request::text(call, "type"), None | Some("USER_CREATED"));
        let rows: Vec<_> =
            self.hooks.rows.values().filter(|_| shown).map(|row| self.hook_wire(row)).collect();
        let wire = serde_json::json!({"workspaceWebhookCount": self.hooks.rows.len(), "webhooks": rows});
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(super) fn create_hook(&mut self, call: &Call, who: &str) -> Outcome {
        self.needs_admin(who)?;
        let written = self.written_hook(call, None)?;
        let room = self.has_room_for_hook(who);
        if !room && self.invented.surplus_webhook_is_refused {
            return Err(refuse::with(StatusCode::FORBIDDEN, 501, self.invented.webhook_limit_message));
        }
        let (id, token) = (self.mint(call.now), self.hooks.new_token());
        let hook = Hook {
            id: id.clone(),
            name: written.name,
            user: who.to_owned(),
            url: written.url,
            plan: room && self.plan_has(&written.event),
            event: written.event,
            trigger: written.trigger,
            sources: written.sources,
            token,
            enabled: true,
            delivery: true,
            failures: 0,
        };
        let wire = self.hook_wire(&hook);
        self.hooks.rows.insert(id, hook);
        Ok(Reply::json(StatusCode::CREATED, &wire))
    }

    pub(super) fn get_hook(&self, who: &str, id: &str) -> Outcome {
        self.needs_admin(who)?;
        Ok(Reply::json(StatusCode::OK, &self.hook_wire(self.known_hook(id)?)))
    }

    /// The body of a create, without a switch. Whether it mends a failed delivery is not known; here it does not.
    pub(super) fn put_hook(&mut self, call: &Call, who: &str, id: &str) -> Outcome {
        self.needs_admin(who)?;
        let mut hook = self.known_hook(id)?.clone();
        let written = self.written_hook(call, Some(id))?;
        (hook.name, hook.url) = (written.name, written.url);
        (hook.event, hook.trigger, hook.sources) = (written.event, written.trigger, written.sources);
        if self.invented.replacing_mends_delivery {
            (hook.delivery, hook.failures) = (true, 0);
        }
        self.hooks.rows.insert(id.to_owned(), hook);
        // Another event may need, or no longer need, a feature of a paid plan.
        self.apply_plan();
        self.get_hook(who, id)
    }

    pub(super) fn delete_hook(&mut self, who: &str, id: &str) -> Outcome {
        self.needs_admin(who)?;
        self.known_hook(id)?;
        self.hooks.rows.remove(id);
        self.hooks.events.retain(|_, event| event.hook != id);
        // The place that it leaves goes to the oldest that had none.
        self.apply_plan();
        Ok(Reply::empty(StatusCode::OK))
    }

    /// `PATCH .../token`: the old token is invalid at once.
    pub(super) fn renew_hook_token(&mut self, who: &str, id: &str) -> Outcome {
        self.needs_admin(who)?;
        let mut hook = self.known_hook(id)?.clone();
        hook.token = self.hooks.new_token();
        let wire = self.hook_wire(&hook);
        self.hooks.rows.insert(id.to_owned(), hook);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(super) fn known_hook(&self, id: &str) -> Outcome<&Hook> {
        self.hooks.rows.get(id).ok_or_else(|| refuse::missing("Webhook"))
    }

    pub(super) fn needs_admin(&self, who: &str) -> Outcome<()> {
        refuse::unless(self.is_admin(who), || refuse::with(StatusCode::FORBIDDEN, 501, "Access Denied"))
    }

    fn written_hook(&self, call: &Call, but: Option<&str>) -> Outcome<Written> {
        let body = Body::of(call)?;
        // A missing name is answered like a taken one, as recorded.
        let exists = || refuse::domain("Webhook already exists");
        let name = body.text("name")?.ok_or_else(exists)?;
        if !(2..=30).contains(&name.chars().count()) {
            return Err(refuse::domain("length must be between 2 and 30"));
        }
        let required = |key: &str| refuse::domain(format!("{key} is required"));
        let url = body.id("url")?.ok_or_else(|| required("url"))?;
        let event = body.word("webhookEvent", EVENTS)?.ok_or_else(|| required("webhookEvent"))?;
        let trigger =
            body.word("triggerSourceType", TRIGGERS)?.ok_or_else(|| required("triggerSourceType"))?;
        let sources = body.texts("triggerSource")?.ok_or_else(|| required("triggerSource"))?;
        let of_users = matches!(event.as_str(), "USER_EMAIL_CHANGED" | "USER_UPDATED");
        if of_users && (trigger != "USER_ID" || sources.is_empty()) {
            return Err(refuse::domain("Trigger source has to contain at least one user"));
        }
        let taken = |hook: &&Hook| Some(hook.id.as_str()) != but && hook.name == name;
        refuse::unless(!self.hooks.rows.values().any(|hook| taken(&hook)), exists)?;
        Ok(Written { name, url, event, trigger, sources })
    }

    /// Adds a webhook of the owner that was there before all others.
    pub fn plant_hook(&mut self, name: &str, event: &str, age: chrono::TimeDelta) -> String {
        let made: DateTime<Utc> = self.now - age;
        let (id, token) = (self.mint(made), self.hooks.new_token());
        let hook = Hook {
            id: id.clone(),
            name: name.to_owned(),
            user: super::OWNER_ID.to_owned(),
            url: "https://crm.example.com/in".to_owned(),
            event: event.to_owned(),
            trigger: "WORKSPACE_ID".to_owned(),
            sources: Vec::new(),
            token,
            enabled: true,
            delivery: true,
            plan: true,
            failures: 0,
        };
        self.hooks.rows.insert(id.clone(), hook);
        self.apply_plan();
        id
    }
}
