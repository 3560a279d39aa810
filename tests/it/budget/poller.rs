//! The client that this program is measured against: once a minute it asks what changed and sends that on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use hourwire::domain::id::Service;
use hourwire::services::http::Wire;
use http::{Method, Request};
use serde_json::{Value, json};

use super::shop::Shop;
use super::wire::Watched;
use crate::worlds::adapters::SimWire;
use crate::worlds::counts::Counter;
use crate::worlds::dice::Dice;
use crate::worlds::time::pass;
use crate::worlds::trace::Trace;

/// One such client.
pub struct Poller {
    wire: Watched,
    token: String,
    key: String,
    home: String,
    since: DateTime<Utc>,
    /// What changed and is not in the target, newest state.
    dirty: BTreeMap<i64, Value>,
    there: BTreeMap<i64, String>,
    next: DateTime<Utc>,
}

impl Poller {
    /// A client that begins now.
    pub fn new(shop: &Shop) -> Self {
        use base64::Engine as _;
        let token = format!("{}:api_token", shop.access.toggl_token);
        let wire = Watched {
            inner: SimWire {
                simulator: shop.simulator.clone(),
                service: Service::Toggl,
                net: shop.net.clone(),
                dice: Dice::new(1, 9),
                counter: Counter::default(),
                trace: Trace::new(false, &shop.time),
                plug: Arc::new(|_| false),
                alive: Arc::new(true.into()),
            },
            time: shop.time.clone(),
            log: shop.log.clone(),
        };
        Self {
            wire,
            token: format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(token)),
            key: shop.access.clockify_token.clone(),
            home: format!("/api/v1/workspaces/{}/time-entries", shop.access.clockify_workspace),
            since: shop.time.now(),
            dirty: BTreeMap::new(),
            there: BTreeMap::new(),
            next: shop.time.now(),
        }
    }

    /// Polls every minute until a moment.
    pub async fn until(&mut self, shop: &mut Shop, at: DateTime<Utc>) {
        while self.next <= at {
            pass((self.next - shop.time.now()).num_milliseconds().max(0) as f64 / 1e3).await;
            self.next = shop.time.now() + TimeDelta::minutes(1);
            self.turn(shop).await;
        }
        pass((at - shop.time.now()).num_milliseconds().max(0) as f64 / 1e3).await;
    }

    async fn turn(&mut self, shop: &Shop) {
        let now = shop.time.now();
        let since = self.since.timestamp() - 60;
        let path = format!("/api/v9/me/time_entries?since={since}");
        if let Some(Value::Array(rows)) = self.ask(Service::Toggl, Method::GET, &path, &Value::Null).await {
            self.since = now;
            for row in rows.into_iter().filter(|row| row["stop"].is_string()) {
                let id = row["id"].as_i64().unwrap_or_default();
                self.dirty.insert(id, row);
            }
        }
        let known: BTreeSet<i64> = self.dirty.keys().copied().collect();
        for id in known {
            let row = &self.dirty[&id];
            let time = |key: &str| row[key].as_str().and_then(|t| t.parse::<DateTime<Utc>>().ok());
            let text = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            let body = json!({
                "start": time("start").map(text), "end": time("stop").map(text),
                "description": row["description"], "billable": false,
            });
            let (method, path) = match self.there.get(&id) {
                Some(there) => (Method::PUT, format!("{}/{there}", self.home)),
                None => (Method::POST, self.home.clone()),
            };
            // A poor client: what fails is tried again in a minute, whatever the reason.
            let Some(made) = self.ask(Service::Clockify, method, &path, &body).await else { break };
            if let Some(there) = made["id"].as_str() {
                self.there.insert(id, there.to_owned());
                self.dirty.remove(&id);
            }
        }
    }

    async fn ask(&self, service: Service, method: Method, path: &str, body: &Value) -> Option<Value> {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let auth = match service {
            Service::Toggl => ("Authorization", &self.token),
            Service::Clockify => ("X-Api-Key", &self.key),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(auth.0, auth.1)
            .header("Content-Type", "application/json")
            .body(bytes)
            .expect("a request");
        let wire = Watched { inner: SimWire { service, ..self.wire.inner.clone() }, ..self.wire.clone() };
        let answer = wire.call(request).await.ok()?;
        answer.status().is_success().then(|| serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }
}
