//! The PING and the two ways to validate an address: echoing the code, or calling the URL that carries it.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::deliveries::Subscription;
use super::envelope::{ping_body, signed};
use super::form::{Answer, bad, fine, missing};
use super::{Step, Toggl, dressed};
use crate::simulator::call::Reply;
use crate::simulator::deliver::Outgoing;

/// Why the callback is asked.
#[derive(Debug)]
pub(super) enum Reason {
    /// A new subscription, which goes again when the callback fails.
    Create,
    /// A replaced one, which becomes what it was when the callback fails.
    Replace(Box<Subscription>),
    /// A disabled one, which stays disabled when the callback fails.
    Enable,
    /// A person's test: the answer does not depend on the callback.
    Test,
}

/// A PING that has to be sent before its call is answered.
#[derive(Debug)]
pub struct Ask {
    /// The PING.
    pub ping: Outgoing,
    subscription: i64,
    reason: Reason,
    /// Headers of the answer to come.
    pub(super) headers: Vec<(String, String)>,
}

impl Toggl {
    pub(super) fn ask(&mut self, id: i64, reason: Reason, now: DateTime<Utc>) -> Result<Step, Reply> {
        let Some(row) = self.hooks.subscriptions.get(&id) else { return Err(missing("Not found")) };
        let ping = signed(&row.url, &row.secret, ping_body(row, &self.webhooks_url, now));
        Ok(Step::Ask(Box::new(Ask { ping, subscription: id, reason, headers: Vec::new() })))
    }

    /// `POST /ping/{w}/{s}`: also for disabled ones and for those not validated.
    pub(super) fn ping(&mut self, id: i64, now: DateTime<Utc>) -> Result<Step, Reply> {
        self.ask(id, Reason::Test, now)
    }

    /// The answer of a call whose PING has come back, or has not. PINGs never count as failed attempts.
    pub fn asked(
        &mut self,
        ask: Ask,
        result: Result<(StatusCode, Vec<u8>), String>,
        now: DateTime<Utc>,
    ) -> Reply {
        let reply = self.decide(ask.subscription, ask.reason, result, now);
        dressed(reply, ask.headers)
    }

    fn decide(
        &mut self,
        id: i64,
        reason: Reason,
        result: Result<(StatusCode, Vec<u8>), String>,
        now: DateTime<Utc>,
    ) -> Reply {
        let Some(row) = self.hooks.subscriptions.get_mut(&id) else {
            return missing(format!("subscription {id} was not found"));
        };
        let failure = match result {
            Ok((status, body)) if status.is_success() => {
                echo(row, &body, now);
                None
            }
            Ok((status, _)) => Some(format!(
                "URL endpoint {} responded with status {} instead of 2xx",
                row.url,
                status.as_u16()
            )),
            Err(error) => Some(format!("URL endpoint {} request failed with error: {error}", row.url)),
        };
        let url = row.url.clone();
        match (reason, failure) {
            (Reason::Test, _) => return fine(&json!({"status": "OK"})),
            (Reason::Create, Some(text)) => {
                self.hooks.subscriptions.remove(&id);
                return bad(text);
            }
            (Reason::Replace(before), Some(text)) => {
                self.hooks.subscriptions.insert(id, *before);
                return bad(text);
            }
            (Reason::Enable, Some(text)) => return bad(text),
            (Reason::Create, None) => row.draft = false,
            (Reason::Replace(before), None) => {
                row.updated = now;
                if row.enabled != before.enabled || url != before.url {
                    row.failures = 0;
                }
                if !row.enabled {
                    self.hooks.disable(id, now);
                }
            }
            (Reason::Enable, None) => {
                (row.enabled, row.failures, row.updated) = (true, 0, now);
            }
        }
        fine(&self.hooks.subscriptions.get(&id).map_or(Value::Null, |row| self.subscription_row(row)))
    }

    /// `GET /validate/{w}/{s}/{code}`.
    pub(super) fn validate(&mut self, workspace: &str, id: &str, code: &str, now: DateTime<Utc>) -> Answer {
        let unknown = || {
            bad(format!(
                "subscription {id} for workspace {workspace} and validation code '{code}' was not found"
            ))
        };
        let row = id.parse().ok().and_then(|id: i64| self.hooks.subscriptions.get_mut(&id));
        let row = row
            .filter(|row| row.workspace.to_string() == workspace && row.code == code)
            .ok_or_else(unknown)?;
        if row.validated.is_some() {
            return Err(bad(format!("subscription {id} has already been validated")));
        }
        (row.validated, row.updated) = (Some(now), now);
        Ok(fine(&json!("OK")))
    }
}

/// The synchronous way: a 2xx whose JSON body carries the code.
fn echo(row: &mut Subscription, body: &[u8], now: DateTime<Utc>) {
    let code = serde_json::from_slice::<Value>(body).ok();
    let code = code.as_ref().and_then(|value| value.get("validation_code")).and_then(Value::as_str);
    if row.validated.is_none() && code == Some(row.code.as_str()) {
        (row.validated, row.updated) = (Some(now), now);
    }
}
