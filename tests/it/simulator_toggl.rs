//! The simulated Toggl, driven by its API alone: in one process with paused time, and once over real HTTP.

mod answers;
mod deliveries;
mod entries;
mod http;
mod office;
mod reading;
mod subscriptions;
mod tunnel;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use hourwire::domain::id::Service;
use hourwire::simulator::toggl::{Plan, sign};
use hourwire::simulator::{Access, Broken, Deliverer, Options, Plans, Simulator, World};
use serde_json::{Value, json};

const SECRET: &str = "own-test-secret-01";
const HOOK: &str = "https://hooks.example.com/toggl";

/// A request that the simulator sent to the callback.
#[derive(Clone, Debug)]
struct Delivery {
    at: DateTime<Utc>,
    signature: String,
    body: Bytes,
}

impl Delivery {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn is_ping(&self) -> bool {
        self.json()["payload"] == "ping"
    }
}

/// How the callback behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// 200, and the validation code comes back.
    Echo,
    /// 200 without a body.
    Quiet,
    /// This status.
    Status(u16),
    /// No answer for so long.
    Slow(Duration),
    /// PINGs are echoed, events get 500.
    EchoThenFail,
}

#[derive(Debug)]
struct Callback {
    manner: Mutex<Manner>,
    seen: Mutex<Vec<Delivery>>,
    start: tokio::time::Instant,
}

impl Callback {
    fn now(&self) -> DateTime<Utc> {
        began() + self.start.elapsed()
    }
}

fn began() -> DateTime<Utc> {
    "2026-03-02T14:00:00.250500Z".parse().unwrap()
}

struct Door(Arc<Callback>);

impl Deliverer for Door {
    fn deliver(
        &self,
        _: String,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'static, Result<(StatusCode, Bytes), String>> {
        let callback = Arc::clone(&self.0);
        Box::pin(async move {
            let signature =
                headers.iter().find(|(name, _)| name == "X-Webhook-Signature-256").unwrap().1.clone();
            let delivery = Delivery { at: callback.now(), signature, body };
            let ping = delivery.is_ping();
            let code = delivery.json()["validation_code"].clone();
            callback.seen.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
            let manner = *callback.manner.lock().unwrap_or_else(PoisonError::into_inner);
            match manner {
                Manner::EchoThenFail if !ping => Ok((StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())),
                Manner::Echo | Manner::EchoThenFail => {
                    Ok((StatusCode::OK, Bytes::from(json!({ "validation_code": code }).to_string())))
                }
                Manner::Quiet => Ok((StatusCode::OK, Bytes::new())),
                Manner::Status(code) => Ok((StatusCode::from_u16(code).unwrap(), Bytes::new())),
                Manner::Slow(wait) => {
                    tokio::time::sleep(wait).await;
                    Ok((StatusCode::OK, Bytes::new()))
                }
            }
        })
    }
}

/// An answer, read.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {:?}", self.text))
    }

    fn good(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A simulator with a callback and a clock that follows tokio's.
struct Bench {
    simulator: Simulator,
    callback: Arc<Callback>,
    access: Access,
}

const ENTRIES: &str = "/api/v9/workspaces/4440001/time_entries";
const SUBSCRIPTIONS: &str = "/webhooks/api/v1/subscriptions/4440001";

impl Bench {
    fn new(plan: Plan, world: World) -> Self {
        let callback = Arc::new(Callback {
            manner: Mutex::new(Manner::Echo),
            seen: Mutex::default(),
            start: tokio::time::Instant::now(),
        });
        let clock = Arc::clone(&callback);
        let simulator = Simulator::new(Options {
            seed: 7,
            plan: Plans::of(plan),
            world,
            clock: Arc::new(move || clock.now()),
            deliverer: Arc::new(Door(Arc::clone(&callback))),
        });
        let access = simulator.access();
        Self { simulator, callback, access }
    }

    fn premium() -> Self {
        Self::new(Plan::Premium, World::Empty)
    }

    fn set_manner(&self, manner: Manner) {
        *self.callback.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    fn deliveries(&self) -> Vec<Delivery> {
        self.callback.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn events(&self) -> Vec<Delivery> {
        self.deliveries().into_iter().filter(|delivery| !delivery.is_ping()).collect()
    }

    async fn raw(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, Broken> {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.simulator.call(Service::Toggl, request.body(body.into()).unwrap()).await?;
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, text })
    }

    /// A program's request.
    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let auth = basic(&self.access.toggl_token);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(method, path, body, &[("Authorization", &auth)]).await.unwrap()
    }

    /// A person's request: no quota, no pace.
    async fn person(&self, method: &str, path: &str, body: Value) -> Answer {
        let token = self.access.toggl_token.clone();
        self.person_as(&token, method, path, body).await
    }

    async fn person_as(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let auth = basic(token);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(method, path, body, &[("Authorization", &auth), ("X-Simulator-Person", "1")]).await.unwrap()
    }

    /// A finished entry of ten minutes.
    async fn entry(&self, description: &str) -> Value {
        let body = json!({"created_with": "test", "workspace_id": 4_440_001, "start": "2026-03-02T13:20:00Z",
                          "duration": 600, "description": description});
        self.person("POST", ENTRIES, body).await.good()
    }

    async fn subscribe(&self, description: &str) -> Answer {
        let filters = json!([{"entity": "time_entry", "action": "*"}, {"entity": "project", "action": "*"}]);
        self.person("POST", SUBSCRIPTIONS, subscription(description, &filters)).await
    }

    async fn listed(&self) -> Vec<Value> {
        self.person("GET", SUBSCRIPTIONS, Value::Null).await.good().as_array().unwrap().clone()
    }

    fn faults(&self, text: &str) {
        self.simulator.set_faults(serde_json::from_str(text).unwrap());
    }
}

fn subscription(description: &str, filters: &Value) -> Value {
    json!({"description": description, "url_callback": HOOK, "event_filters": filters, "enabled": true,
           "secret": SECRET})
}

fn basic(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{token}:api_token")))
}

/// Lets everything happen that is due within so many seconds.
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn signed(delivery: &Delivery) -> bool {
    delivery.signature == sign(SECRET, &delivery.body)
}
