//! Webhooks: one event each, with a static token that comes back in every delivery. Owners and administrators only.
//!
//! No call switches a webhook on or off. One whose delivery failed too often is cured by deleting and making it anew.

use ::http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Call, Clockify};
use crate::domain::clockify_hook::{Event, Flags, State};
use crate::domain::id::RemoteId;
use crate::services::http::{Answer, Ask, Failure, segment};
use crate::services::loose::{flag_at, id_at, ids_at, number_at, rows, rows_at, text_at};

/// What a webhook is limited to when it is not limited: all of its workspace.
const WHOLE_WORKSPACE: &str = "WORKSPACE_ID";

/// A webhook as the service holds it.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: RemoteId,
    /// Its name.
    pub name: String,
    /// Where it delivers.
    pub url: String,
    /// What it reports.
    pub event: Event,
    /// What kind of ids `trigger_source` holds, as in `WORKSPACE_ID`.
    pub trigger_source_type: String,
    /// The ids that it is limited to; empty for the whole workspace.
    pub trigger_source: Vec<RemoteId>,
    /// The token that every delivery carries. The service gives it in clear.
    pub auth_token: Option<SecretString>,
    /// Switched on.
    pub enabled: bool,
    /// False when delivery failed too often.
    pub delivery_enabled: bool,
    /// False when the plan has no room for it.
    pub plan_enabled: bool,
    /// Who made it.
    pub user_id: Option<RemoteId>,
}

impl Webhook {
    /// Its three switches.
    pub fn flags(&self) -> Flags {
        Flags { enabled: self.enabled, delivery: self.delivery_enabled, plan: self.plan_enabled }
    }

    /// It tells of the whole workspace.
    pub fn is_of_whole_workspace(&self) -> bool {
        self.trigger_source_type == WHOLE_WORKSPACE && self.trigger_source.is_empty()
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.flags().state()
    }

    /// Its definition, to replace it with one thing changed.
    pub fn definition(&self) -> Definition {
        Definition {
            name: self.name.clone(),
            url: self.url.clone(),
            event: self.event.clone(),
            trigger_source_type: self.trigger_source_type.clone(),
            trigger_source: self.trigger_source.clone(),
        }
    }
}

/// All webhooks of the workspace that the token may see.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// How many the workspace has, also those that are not shown.
    pub count: usize,
    /// Those that are shown.
    pub rows: Vec<Webhook>,
}

/// A webhook as it shall be. The service has no more to set: no switch, no token of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name, 2 to 30 characters. Leaving it out is answered with a misleading "already exists".
    pub name: String,
    /// Where it shall deliver.
    pub url: String,
    /// What it shall report.
    pub event: Event,
    /// What kind of ids `trigger_source` holds.
    pub trigger_source_type: String,
    /// The ids that it is limited to.
    pub trigger_source: Vec<RemoteId>,
}

impl Definition {
    /// A webhook for an event in the whole workspace.
    pub fn new(name: &str, url: &str, event: Event) -> Self {
        Self {
            name: name.to_owned(),
            url: url.to_owned(),
            event,
            trigger_source_type: WHOLE_WORKSPACE.to_owned(),
            trigger_source: Vec::new(),
        }
    }

    fn body(&self) -> Value {
        json!({
            "name": self.name,
            "url": self.url,
            "webhookEvent": self.event.as_str(),
            "triggerSourceType": self.trigger_source_type,
            "triggerSource": self.trigger_source.iter().map(RemoteId::as_str).collect::<Vec<_>>(),
        })
    }
}

impl Clockify {
    /// All webhooks. The service knows no pages here.
    pub async fn webhooks(&self) -> Answer<Webhooks> {
        let ask = self.under("/webhooks").map(Ask::get);
        self.ask(Call::Webhooks, ask, |_, mut body| {
            let told =
                number_at(&body, "workspaceWebhookCount").and_then(|count| usize::try_from(count).ok());
            let list = match body.get("webhooks") {
                Some(_) => rows_at(&mut body, "webhooks")?,
                None => rows(body)?,
            };
            let list = list.iter().map(webhook).collect::<Result<Vec<_>, _>>()?;
            Ok(Webhooks { count: told.unwrap_or(0).max(list.len()), rows: list })
        })
        .await
    }

    /// One webhook.
    pub async fn webhook(&self, id: &RemoteId) -> Answer<Webhook> {
        self.ask(Call::Webhook, self.hook(id, "").map(Ask::get), |_, body| webhook(&body)).await
    }

    /// Makes a webhook, with a token of the service's. It is active at once: there is no handshake.
    ///
    /// A failure that is not [`Failure::nothing_done`] may have made it: list before making another.
    pub async fn create_webhook(&self, wanted: &Definition) -> Answer<Webhook> {
        let ask = self.under("/webhooks").map(|path| Ask::new(Method::POST, path).body(wanted.body()));
        self.ask(Call::CreateWebhook, ask, |_, body| webhook(&body)).await
    }

    /// Replaces a webhook's definition. Whether that switches a failed delivery on again is not known.
    pub async fn put_webhook(&self, id: &RemoteId, wanted: &Definition) -> Answer<Webhook> {
        let ask = self.hook(id, "").map(|path| Ask::new(Method::PUT, path).body(wanted.body()));
        self.ask(Call::PutWebhook, ask, |_, body| webhook(&body)).await
    }

    /// Removes a webhook. On a repeated delete, missing is success.
    pub async fn delete_webhook(&self, id: &RemoteId) -> Answer<()> {
        let ask = self.hook(id, "").map(|path| Ask::new(Method::DELETE, path));
        self.ask(Call::DeleteWebhook, ask, |_, _| Ok(())).await
    }

    /// Gives a webhook a new token. The old one is invalid at once: deliveries under way may still carry it.
    pub async fn rotate_webhook_token(&self, id: &RemoteId) -> Answer<Webhook> {
        let ask = self.hook(id, "/token").map(|path| Ask::new(Method::PATCH, path));
        self.ask(Call::RotateWebhookToken, ask, |_, body| webhook(&body)).await
    }

    pub(super) fn hook(&self, id: &RemoteId, rest: &str) -> Result<String, Failure> {
        self.under(&format!("/webhooks/{}{rest}", segment(id.as_str())?))
    }
}

/// Reads a webhook. A switch that is missing counts as on: only a plain "off" is news.
fn webhook(row: &Value) -> Result<Webhook, String> {
    let on = |key: &str| row.get(key).is_none_or(Value::is_null) || flag_at(row, key);
    Ok(Webhook {
        id: id_at(row, &["id"]).ok_or("a webhook without id")?,
        name: text_at(row, "name").unwrap_or_default(),
        url: text_at(row, "url").unwrap_or_default(),
        event: Event::of(&text_at(row, "webhookEvent").unwrap_or_default()),
        trigger_source_type: text_at(row, "triggerSourceType").unwrap_or_else(|| WHOLE_WORKSPACE.to_owned()),
        trigger_source: ids_at(row, "triggerSource"),
        auth_token: text_at(row, "authToken").filter(|token| !token.is_empty()).map(SecretString::from),
        enabled: on("enabled"),
        delivery_enabled: on("deliveryEnabled"),
        plan_enabled: on("planEnabled"),
        user_id: id_at(row, &["userId"]),
    })
}
