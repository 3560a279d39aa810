//! The wires of a world: our requests into the simulator, its deliveries into the receiver. In process, with the
//! delays and losses of a network, and dead when the machine behind them is.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hourwire::domain::id::Service;
use hourwire::engine::seams::Plug;
use hourwire::services::http::{Wire, WireError};
use hourwire::simulator::{Deliverer, Simulator};
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;

use super::counts::Counter;
use super::dice::Dice;
use super::machine::Machine;
use super::net::Net;
use super::time::pass;
use super::trace::Trace;

/// The client gives up after this, as the real transport does.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The way of one incarnation of the engine to one service.
#[derive(Clone)]
pub struct SimWire {
    pub simulator: Simulator,
    pub service: Service,
    pub net: Net,
    pub dice: Dice,
    pub counter: Counter,
    pub trace: Trace,
    pub plug: Plug,
    /// False once the power of this incarnation went.
    pub alive: Arc<AtomicBool>,
}

impl SimWire {
    /// A dead process neither sends nor hears.
    async fn while_alive(&self) {
        if !self.alive.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    async fn carry(&self, request: Request<Bytes>) -> Result<Response<Bytes>, WireError> {
        self.while_alive().await;
        pass(self.dice.float(0.002, 0.08)).await;
        self.while_alive().await;
        if !self.net.out() {
            return Err(WireError::NotSent("no route to host".into()));
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let sent = self.simulator.call(self.service, request);
        let answer = tokio::time::timeout(TIMEOUT, sent).await;
        if (self.plug)("answer under way") {
            std::future::pending::<()>().await;
        }
        let answer = match answer {
            Err(_) => Err(WireError::Unknown("no answer in 30 s".into())),
            Ok(Err(broken)) => Err(WireError::Unknown(broken.to_string())),
            Ok(Ok(_)) if !self.net.out() => Err(WireError::Unknown("connection reset".into())),
            Ok(Ok(answer)) => Ok(answer),
        };
        pass(self.dice.float(0.002, 0.08)).await;
        self.while_alive().await;
        self.count(&method, &path, &answer);
        answer
    }

    fn count(&self, method: &Method, path: &str, answer: &Result<Response<Bytes>, WireError>) {
        let status = answer.as_ref().ok().map(Response::status);
        self.trace.say(|| match answer {
            Ok(answer) => format!("  {} {method} {path} → {}", self.service, answer.status().as_u16()),
            Err(error) => format!("  {} {method} {path} → {error}", self.service),
        });
        match status {
            Some(StatusCode::PAYMENT_REQUIRED) => self.counter.note("402"),
            Some(StatusCode::TOO_MANY_REQUESTS) => self.counter.note("429"),
            _ => {}
        }
        if self.service != Service::Clockify || !path.contains("/time-entries") {
            return;
        }
        let what = match *method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::DELETE => "delete",
            _ => return,
        };
        match status {
            Some(status) if status.is_success() => self.counter.note(what),
            None => self.counter.note(&format!("uncertain {what}")),
            Some(status) if status.is_server_error() => self.counter.note(&format!("uncertain {what}")),
            Some(_) => {}
        }
    }
}

impl Wire for SimWire {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        Box::pin(self.carry(request))
    }
}

/// Which states of entries a delivery has brought: (entry, second), or (entry, nothing) for its deletion.
pub type Brought = BTreeSet<(i64, Option<i64>)>;

/// The way of the services to whatever incarnation of the receiver runs.
#[derive(Clone)]
pub struct ToReceiver {
    shared: Arc<Doorstep>,
}

struct Doorstep {
    /// Set once the machine stands; the simulator is made before it.
    machine: Mutex<Option<Machine>>,
    net: Net,
    dice: Dice,
    counter: Counter,
    trace: Trace,
    events: Mutex<BTreeSet<i64>>,
    brought: Mutex<Brought>,
}

impl ToReceiver {
    /// A way that leads nowhere yet.
    pub fn new(net: Net, dice: Dice, counter: Counter, trace: Trace) -> Self {
        let (machine, events, brought) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Doorstep { machine, net, dice, counter, trace, events, brought }) }
    }

    /// Leads to this machine from now on.
    pub fn lead_to(&self, machine: Machine) {
        *self.shared.machine.lock().unwrap_or_else(PoisonError::into_inner) = Some(machine);
    }

    /// What has been delivered.
    pub fn brought(&self) -> Brought {
        self.shared.brought.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Doorstep {
    async fn post(
        &self,
        url: &str,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), String> {
        pass(self.dice.float(0.001, 0.05)).await;
        if !self.net.tunnel() {
            return Ok((StatusCode::BAD_GATEWAY, Bytes::new()));
        }
        let machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(machine) = machine else { return Err("connection refused".into()) };
        let request = headers
            .into_iter()
            .fold(Request::builder().method(Method::POST).uri(url), |one, (k, v)| one.header(k, v));
        let request = request.body(body.clone()).map_err(|error| error.to_string())?;
        let answer = machine.receive(request).await.map(|answer| (answer.status(), answer.into_body()));
        pass(self.dice.float(0.001, 0.05)).await;
        let outcome = answer.as_ref().map_or_else(Clone::clone, |(status, _)| status.to_string());
        self.trace.say(|| format!("  delivery → {outcome}: {}", told(&body)));
        if answer.as_ref().is_ok_and(|(status, _)| status.is_success()) {
            self.note(&body);
        }
        answer
    }

    fn note(&self, body: &[u8]) {
        let Ok(event) = serde_json::from_slice::<Value>(body) else { return };
        let Some(id) = event["event_id"].as_i64().filter(|id| *id != 0) else { return };
        if !self.events.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            self.counter.note("duplicate delivery");
        }
        let metadata = &event["metadata"];
        let Some(entry) = metadata["time_entry_id"].as_str().and_then(|id| id.parse().ok()) else { return };
        let at =
            event["payload"]["at"].as_str().and_then(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok());
        let second = if metadata["action"] == "deleted" { None } else { at.map(|at| at.timestamp()) };
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).insert((entry, second));
    }
}

fn told(body: &[u8]) -> String {
    let event: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let metadata = &event["metadata"];
    format!(
        "{} {} {} at {} “{}”",
        metadata["action"],
        metadata["model"],
        event["payload"]["id"],
        event["payload"]["at"],
        event["payload"]["description"]
    )
}

impl Deliverer for ToReceiver {
    fn deliver(
        &self,
        url: String,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'static, Result<(StatusCode, Bytes), String>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.post(&url, headers, body).await })
    }
}
