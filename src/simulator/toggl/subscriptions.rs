//! Webhook subscriptions: list, create, replace, switch, delete, and what a body may say.

use chrono::{DateTime, Utc};
use rand::Rng;
use rand::distr::Alphanumeric;
use serde_json::{Map, Value, json};

use super::deliveries::Subscription;
use super::form::{Answer, bad, fine, micros, missing, object};
use super::validation::Reason;
use super::{Step, Toggl};
use crate::simulator::call::{Call, Reply};

const ENTITIES: [&str; 9] = [
    "client",
    "project",
    "project_group",
    "project_user",
    "tag",
    "task",
    "time_entry",
    "workspace",
    "workspace_user",
];
const ACTIONS: [&str; 3] = ["created", "updated", "deleted"];

/// `GET /event_filters`.
pub fn event_filters() -> Reply {
    let map: Map<String, Value> =
        ENTITIES.iter().map(|entity| ((*entity).to_owned(), json!(ACTIONS))).collect();
    fine(&Value::Object(map))
}

/// What a create or replace asks for.
struct Wanted {
    url: String,
    description: String,
    filters: Vec<(String, String)>,
    enabled: bool,
    secret: Option<String>,
}

impl Toggl {
    /// `GET /limits/{w}`.
    pub(super) fn webhook_limits(&self) -> Reply {
        let (subscriptions, filters) = self.plan.webhooks();
        fine(&json!({"max_webhooks": subscriptions, "max_events_per_webhook": filters}))
    }

    /// The id of a path, when this person may see it: administrators all, others their own.
    pub(super) fn subscription(&self, workspace: i64, text: &str, me: i64) -> Result<i64, Reply> {
        let row = text.parse().ok().and_then(|id: i64| self.hooks.subscriptions.get(&id));
        row.filter(|row| row.workspace == workspace && !row.draft && (row.user == me || self.is_admin(me)))
            .map(|row| row.id)
            .ok_or_else(|| missing(format!("subscription {text} for workspace {workspace} was not found")))
    }

    /// `GET /subscriptions/{w}`.
    pub(super) fn list_subscriptions(&self, workspace: i64, me: i64) -> Reply {
        let rows =
            self.hooks.subscriptions.values().filter(|row| {
                row.workspace == workspace && !row.draft && (row.user == me || self.is_admin(me))
            });
        fine(&Value::Array(rows.map(|row| self.subscription_row(row)).collect()))
    }

    /// The object of the API; the secret is shown in clear, as the live service does.
    pub(super) fn subscription_row(&self, row: &Subscription) -> Value {
        let filters: Vec<Value> =
            row.filters.iter().map(|(entity, action)| json!({"entity": entity, "action": action})).collect();
        json!({
            "subscription_id": row.id, "workspace_id": row.workspace, "user_id": row.user, "enabled": row.enabled,
            "description": row.description, "event_filters": filters, "url_callback": row.url,
            "secret": row.secret, "validated_at": row.validated.map(micros),
            "has_pending_events": self.hooks.pending(row.id) > 0, "created_at": micros(row.created),
            "updated_at": micros(row.updated),
        })
    }

    /// `POST /subscriptions/{w}`: kept only when the callback answers 2xx.
    pub(super) fn create_subscription(
        &mut self,
        call: &Call,
        workspace: i64,
        me: i64,
    ) -> Result<Step, Reply> {
        let wanted = self.wanted(call, workspace, None)?;
        if wanted.enabled {
            self.room_for_one(workspace, me, None)?;
        }
        self.hooks.last_subscription += 1;
        let row = Subscription {
            id: self.hooks.last_subscription,
            workspace,
            user: me,
            enabled: wanted.enabled,
            description: wanted.description,
            filters: wanted.filters,
            url: wanted.url,
            secret: wanted.secret.unwrap_or_else(|| self.secret()),
            validated: None,
            code: self.code(),
            created: call.now,
            updated: call.now,
            failures: 0,
            draft: true,
        };
        let id = row.id;
        self.hooks.subscriptions.insert(id, row);
        self.ask(id, Reason::Create, call.now)
    }

    /// `PUT /subscriptions/{w}/{s}`: replaces everything; a new address has to be validated anew, a left-out secret
    /// stays.
    pub(super) fn replace_subscription(&mut self, call: &Call, id: i64) -> Result<Step, Reply> {
        let Some(before) = self.hooks.subscriptions.get(&id).cloned() else {
            return Err(missing("Not found"));
        };
        let wanted = self.wanted(call, before.workspace, Some(id))?;
        if wanted.enabled && !before.enabled {
            self.room_for_one(before.workspace, before.user, Some(id))?;
        }
        let mut row = before.clone();
        if row.url != wanted.url {
            row.validated = None;
            row.code = self.code();
        }
        row.url = wanted.url;
        row.description = wanted.description;
        row.filters = wanted.filters;
        row.enabled = wanted.enabled;
        row.secret = wanted.secret.unwrap_or(row.secret);
        self.hooks.subscriptions.insert(id, row);
        self.ask(id, Reason::Replace(Box::new(before)), call.now)
    }

    /// `PATCH /subscriptions/{w}/{s}`: only `enabled`. Enabling asks the callback first, disabling does not.
    pub(super) fn switch_subscription(&mut self, call: &Call, id: i64) -> Result<Step, Reply> {
        let body = object(call)?;
        let enabled =
            body.get("enabled").and_then(Value::as_bool).ok_or_else(|| bad("enabled must be a boolean"))?;
        let Some(row) = self.hooks.subscriptions.get(&id) else { return Err(missing("Not found")) };
        let (workspace, user, before) = (row.workspace, row.user, row.enabled);
        if !enabled {
            self.hooks.disable(id, call.now);
            let row = self.hooks.subscriptions.get(&id).map(|row| self.subscription_row(row));
            return Ok(Step::Done(fine(&json!(row))));
        }
        if !before {
            self.room_for_one(workspace, user, Some(id))?;
            if let Some(row) = self.hooks.subscriptions.get(&id) {
                // Not documented for this call; taken to be as for the others.
                self.room_for_filters(&row.filters)?;
            }
        }
        self.ask(id, Reason::Enable, call.now)
    }

    /// `DELETE /subscriptions/{w}/{s}`: answers with what it was.
    pub(super) fn delete_subscription(&mut self, id: i64, now: DateTime<Utc>) -> Reply {
        let row = self.hooks.subscriptions.get(&id).map(|row| {
            let mut out = self.subscription_row(row);
            out["deleted_at"] = micros(now).into();
            out
        });
        self.hooks.forget_all(id);
        self.hooks.subscriptions.remove(&id);
        fine(&json!(row))
    }

    /// The plan's limit counts enabled subscriptions of the workspace.
    fn room_for_one(&self, workspace: i64, user: i64, own: Option<i64>) -> Result<(), Reply> {
        let most = self.plan.webhooks().0;
        let others = self.hooks.subscriptions.values();
        let taken =
            others.filter(|row| row.workspace == workspace && row.enabled && Some(row.id) != own).count();
        if taken >= most {
            return Err(bad(format!(
                "User {user} already reached the limit of {most} enabled subscriptions for workspace {workspace}"
            )));
        }
        Ok(())
    }

    fn wanted(&self, call: &Call, workspace: i64, own: Option<i64>) -> Result<Wanted, Reply> {
        let body = object(call)?;
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let description = text("description");
        if description.trim().is_empty() {
            return Err(bad("Subscription description must not be empty"));
        }
        let url = text("url_callback");
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(bad(format!("URL endpoint {url} is not a valid URL")));
        }
        let filters = self.filters(&body)?;
        let twin = |row: &Subscription| {
            Some(row.id) != own && row.workspace == workspace && row.description == description
        };
        if self.hooks.subscriptions.values().any(twin) {
            let text = format!(
                "Subscription description '{description}' is already in use for workspace {workspace}"
            );
            return Err(bad(text));
        }
        let enabled = body.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        let secret = Some(text("secret")).filter(|secret| !secret.is_empty());
        Ok(Wanted { url, description, filters, enabled, secret })
    }

    /// The filters of a body: names are checked for their letters only, as the live service does.
    fn filters(&self, body: &Map<String, Value>) -> Result<Vec<(String, String)>, Reply> {
        let list = match body.get("event_filters") {
            Some(Value::Array(list)) if !list.is_empty() => list,
            _ => return Err(bad("The list of event filters must not be empty")),
        };
        let mut out: Vec<(String, String)> = Vec::new();
        for filter in list {
            let part = |key: &str| filter.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (entity, action) = (part("entity"), part("action"));
            for (field, value) in [("entity", &entity), ("action", &action)] {
                if value.is_empty() {
                    return Err(bad(format!("The {field} field of an event filter must be non-empty")));
                }
                let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if value != "*" && !plain {
                    return Err(bad(format!(
                        "The value '{value}' for the filter {field} can only contain letters, numbers and '_' or be '*'"
                    )));
                }
            }
            if action != "*" && !ACTIONS.contains(&action.as_str()) {
                return Err(bad(format!("Invalid value '{action}' for event filter action")));
            }
            if out.contains(&(entity.clone(), action.clone())) {
                return Err(bad(format!(
                    "The following event filter appears more than once: {entity} {action}"
                )));
            }
            out.push((entity, action));
        }
        self.room_for_filters(&out)?;
        Ok(out)
    }

    /// The plan's limit counts the filters of one subscription, a wildcard by its price.
    fn room_for_filters(&self, filters: &[(String, String)]) -> Result<(), Reply> {
        let most = self.plan.webhooks().1;
        let cost = |(entity, action): &(String, String)| {
            if entity == "*" || action == "*" { self.habits.wildcard_cost } else { 1 }
        };
        let total: u32 = filters.iter().map(cost).sum();
        if total > most {
            return Err(bad(format!(
                "The limit of {most} event filters for your subscription has been exceeded with {total} filters"
            )));
        }
        Ok(())
    }

    /// Twenty letters and digits, as the service makes them.
    fn secret(&mut self) -> String {
        (0..20).map(|_| char::from(self.rng.sample(Alphanumeric))).collect()
    }

    fn code(&mut self) -> String {
        format!("{:032x}", self.rng.random::<u128>())
    }

    /// `GET …/events`: the delivery history of a subscription that the person may see.
    pub(super) fn history(&self, call: &Call, workspace: i64, id: &str, me: i64) -> Answer {
        let id = self.subscription(workspace, id, me)?;
        self.delivery_history(call, id)
    }
}
