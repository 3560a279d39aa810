//! Webhook subscriptions. On create, replace and enable the service calls the address first, before it answers.

use std::collections::BTreeMap;

use ::http::Method;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, Toggl, delete, no_content};
use crate::domain::id::RemoteId;
use crate::services::http::{Answer, Ask, Failure, segment};
use crate::services::loose::{flag_at, id_at, instant_at, number_at, rows, rows_at, text_at};

/// An event filter: an entity and an action, each possibly `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Filter {
    /// `time_entry`, `project`, … or `*`.
    pub entity: String,
    /// `created`, `updated`, `deleted` or `*`.
    pub action: String,
}

impl Filter {
    /// A filter from its two words.
    pub fn new(entity: &str, action: &str) -> Self {
        Self { entity: entity.to_owned(), action: action.to_owned() }
    }
}

/// A subscription as the service holds it.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: RemoteId,
    /// Its workspace.
    pub workspace: RemoteId,
    /// Who made it; it shows what this user may see.
    pub user: Option<RemoteId>,
    /// Switched on.
    pub enabled: bool,
    /// Its name, unique in the workspace.
    pub description: String,
    /// What it reports, sorted.
    pub filters: Vec<Filter>,
    /// Where it delivers.
    pub url: String,
    /// The signing secret, which the service gives in clear.
    pub secret: Option<SecretString>,
    /// When the address was validated; events flow only after that.
    pub validated_at: Option<DateTime<Utc>>,
    /// Events wait to be delivered.
    pub pending: bool,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it changed last.
    pub updated_at: Option<DateTime<Utc>>,
}

impl Subscription {
    /// The service told a secret.
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }
}

/// A subscription as it shall be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name: not empty, unique in the workspace.
    pub description: String,
    /// What it shall report: at least one, none twice.
    pub filters: Vec<Filter>,
    /// Where it shall deliver.
    pub url: String,
    /// Our own secret: the validation PING comes before the answer could tell one.
    pub secret: SecretString,
    /// Switched on.
    pub enabled: bool,
}

impl Wanted {
    fn body(&self) -> Value {
        json!({
            "url_callback": self.url,
            "event_filters": self.filters,
            "enabled": self.enabled,
            "description": self.description,
            "secret": self.secret.expose_secret(),
        })
    }
}

/// What the plan allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Enabled subscriptions in the workspace.
    pub webhooks: i64,
    /// Event filters in one subscription.
    pub filters: i64,
}

/// One row of the delivery history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The event.
    pub event_id: u64,
    /// When it happened.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was tried last.
    pub last_attempt: Option<DateTime<Utc>>,
    /// What went wrong then; can be missing though tries failed.
    pub last_error: Option<String>,
    /// Tries that failed.
    pub failed: i64,
}

impl Toggl {
    /// All subscriptions of the workspace that the token may see.
    pub async fn subscriptions(&self, workspace: &RemoteId) -> Answer<Vec<Subscription>> {
        let ask = subscriptions_path(workspace).map(Ask::get);
        self.ask(Call::Subscriptions, ask, |_, body| rows(body)?.iter().map(subscription).collect()).await
    }

    /// Makes a subscription.
    pub async fn create_subscription(&self, workspace: &RemoteId, wanted: &Wanted) -> Answer<Subscription> {
        let ask = subscriptions_path(workspace).map(|path| Ask::new(Method::POST, path).body(wanted.body()));
        self.ask(Call::CreateSubscription, ask, |_, body| subscription(&body)).await
    }

    /// Replaces a subscription. Whether that clears the validation is unknown: list again.
    pub async fn put_subscription(
        &self,
        workspace: &RemoteId,
        id: &RemoteId,
        wanted: &Wanted,
    ) -> Answer<Subscription> {
        let ask = one_path(workspace, id).map(|path| Ask::new(Method::PUT, path).body(wanted.body()));
        self.ask(Call::PutSubscription, ask, |_, body| subscription(&body)).await
    }

    /// Switches a subscription on or off.
    pub async fn set_enabled(
        &self,
        workspace: &RemoteId,
        id: &RemoteId,
        enabled: bool,
    ) -> Answer<Subscription> {
        let body = json!({ "enabled": enabled });
        let ask = one_path(workspace, id).map(|path| Ask::new(Method::PATCH, path).body(body));
        self.ask(Call::SetEnabled, ask, |_, body| subscription(&body)).await
    }

    /// Removes a subscription. List afterwards: a disabled one was once kept in spite of success.
    pub async fn delete_subscription(&self, workspace: &RemoteId, id: &RemoteId) -> Answer<()> {
        self.ask(Call::DeleteSubscription, one_path(workspace, id).map(delete), no_content).await
    }

    /// Asks for a PING.
    pub async fn ping(&self, workspace: &RemoteId, id: &RemoteId) -> Answer<()> {
        let ask = pair(workspace, id).map(|pair| Ask::new(Method::POST, webhooks(&format!("/ping/{pair}"))));
        self.ask(Call::Ping, ask, no_content).await
    }

    /// Confirms a validation code. "Already validated" is success.
    pub async fn validate(&self, workspace: &RemoteId, id: &RemoteId, code: &str) -> Answer<()> {
        let ask = pair(workspace, id).and_then(|pair| {
            segment(code).map(|code| Ask::get(webhooks(&format!("/validate/{pair}/{code}"))))
        });
        let mut answer = self.ask(Call::Validate, ask, no_content).await;
        let already = |text: &str| text.to_lowercase().contains("already been validated");
        if matches!(&answer.result, Err(Failure::Refused { status: 400, text }) if already(text)) {
            answer.result = Ok(());
        }
        answer
    }

    /// What the plan allows in this workspace.
    pub async fn limits(&self, workspace: &RemoteId) -> Answer<Limits> {
        let ask = segment(workspace.as_str()).map(|id| Ask::get(webhooks(&format!("/limits/{id}"))));
        self.ask(Call::Limits, ask, |_, body| {
            let number = |key: &str| number_at(&body, key).ok_or_else(|| format!("no {key}"));
            Ok(Limits { webhooks: number("max_webhooks")?, filters: number("max_events_per_webhook")? })
        })
        .await
    }

    /// The entities that can be filtered for, each with its actions.
    pub async fn event_filters(&self) -> Answer<BTreeMap<String, Vec<String>>> {
        let ask = Ask::get(webhooks("/event_filters"));
        self.ask(Call::EventFilters, Ok(ask), |_, body| {
            serde_json::from_value(body).map_err(|_| "not a map of lists".to_owned())
        })
        .await
    }

    /// Attempted deliveries of one week, where the service still offers them; 404, 405 or 410 says that it does not.
    pub async fn history(&self, workspace: &RemoteId, id: &RemoteId, offset: u32) -> Answer<Vec<Attempt>> {
        let ask = one_path(workspace, id)
            .map(|path| Ask::get(format!("{path}/events")))
            .map(|ask| if offset == 0 { ask } else { ask.with("offset", offset) });
        self.ask(Call::History, ask, |_, mut body| {
            let list = if body.is_object() { rows_at(&mut body, "events")? } else { rows(body)? };
            list.iter().map(attempt).collect()
        })
        .await
    }
}

fn webhooks(path: &str) -> String {
    format!("/webhooks/api/v1{path}")
}

fn subscriptions_path(workspace: &RemoteId) -> Result<String, Failure> {
    Ok(webhooks(&format!("/subscriptions/{}", segment(workspace.as_str())?)))
}

fn pair(workspace: &RemoteId, id: &RemoteId) -> Result<String, Failure> {
    Ok(format!("{}/{}", segment(workspace.as_str())?, segment(id.as_str())?))
}

fn one_path(workspace: &RemoteId, id: &RemoteId) -> Result<String, Failure> {
    Ok(webhooks(&format!("/subscriptions/{}", pair(workspace, id)?)))
}

fn subscription(row: &Value) -> Result<Subscription, String> {
    let mut filters: Vec<Filter> = row
        .get("event_filters")
        .and_then(Value::as_array)
        .map(|list| {
            let filter = |each: &Value| {
                Some(Filter { entity: text_at(each, "entity")?, action: text_at(each, "action")? })
            };
            list.iter().filter_map(filter).collect()
        })
        .unwrap_or_default();
    super::entry::sort_single(&mut filters);
    Ok(Subscription {
        id: id_at(row, &["subscription_id", "id"]).ok_or("a subscription without id")?,
        workspace: id_at(row, &["workspace_id"]).ok_or("a subscription without workspace")?,
        user: id_at(row, &["user_id"]),
        enabled: flag_at(row, "enabled"),
        description: text_at(row, "description").unwrap_or_default(),
        filters,
        url: text_at(row, "url_callback").unwrap_or_default(),
        secret: text_at(row, "secret").filter(|secret| !secret.is_empty()).map(SecretString::from),
        validated_at: instant_at(row, "validated_at"),
        pending: flag_at(row, "has_pending_events"),
        created_at: instant_at(row, "created_at"),
        updated_at: instant_at(row, "updated_at"),
    })
}

fn attempt(row: &Value) -> Result<Attempt, String> {
    Ok(Attempt {
        event_id: id_at(row, &["event_id"])
            .and_then(|id| id.as_str().parse().ok())
            .ok_or("an attempt without event_id")?,
        created_at: instant_at(row, "created_at"),
        last_attempt: instant_at(row, "last_delivery_attempt"),
        last_error: text_at(row, "last_delivery_error"),
        failed: number_at(row, "failed_delivery_attempts").unwrap_or_default(),
    })
}
