//! The simulated Clockify, call by call: what the reference records of the live service.

mod access;
mod catalogue;
mod entries;
mod feed;
mod hook_deliveries;
mod hooks;
mod lists;
mod reports;
mod shapes;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use hourwire::simulator::call::{Call, Reply};
use hourwire::simulator::clockify::{Clockify, ClockifyOptions, Counting, OWNER_ID, Plan, WORKSPACE_ID};
use http::Method;
use serde_json::{Value, json};

/// An instant of a test.
fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect(text)
}

/// A simulated workspace and a hand to call it with.
struct World {
    clockify: Clockify,
    now: DateTime<Utc>,
    key: String,
    person: bool,
    last: Option<Reply>,
}

impl World {
    fn new(plan: Plan) -> Self {
        Self::with(ClockifyOptions::new(7, plan, at("2026-03-02T09:00:00Z")))
    }

    /// A paid workspace, which no test of behaviour can exhaust.
    fn paid() -> Self {
        let mut world = Self::new(Plan::Paid);
        world.person = true;
        world
    }

    fn with(options: ClockifyOptions) -> Self {
        let now = options.now;
        let clockify = Clockify::new(options);
        let key = clockify.token().to_owned();
        Self { clockify, now, key, person: false, last: None }
    }

    fn wait(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
    }

    /// A call below the workspace when the path starts without a slash.
    fn call(&self, method: &str, path: &str, body: Option<Value>) -> Call {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = match path.strip_prefix('/') {
            Some(_) => path.to_owned(),
            None => format!("/workspaces/{WORKSPACE_ID}/{path}"),
        };
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.to_owned(), value.to_owned())
        };
        Call {
            method: Method::from_bytes(method.as_bytes()).expect(method),
            path,
            query: query.split('&').filter(|part| !part.is_empty()).map(pair).collect(),
            headers: vec![("x-api-key".to_owned(), self.key.clone())],
            body: body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string())),
            person: self.person,
            now: self.now,
        }
    }

    fn send(&mut self, call: &Call) -> (u16, Value) {
        let reply = self.clockify.handle(call);
        let value = if reply.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&reply.body).expect("an answer with a body is JSON")
        };
        let status = reply.status.as_u16();
        self.last = Some(reply);
        (status, value)
    }

    fn ask(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = (!body.is_null()).then_some(body);
        let call = self.call(method, path, body);
        self.send(&call)
    }

    /// Asks and demands the status.
    fn must(&mut self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let (got, value) = self.ask(method, path, body);
        assert_eq!(got, status, "{method} {path}: {value}");
        value
    }

    fn get(&mut self, path: &str) -> Value {
        self.must(200, "GET", path, Value::Null)
    }

    fn post(&mut self, path: &str, body: Value) -> Value {
        self.must(201, "POST", path, body)
    }

    /// Asks for what must be refused: `(status, code)` and the message.
    fn refused(&mut self, method: &str, path: &str, body: Value) -> ((u16, i64), String) {
        let (status, value) = self.ask(method, path, body);
        let code =
            value["code"].as_i64().unwrap_or_else(|| panic!("{method} {path} was not refused: {value}"));
        ((status, code), value["message"].as_str().expect("a message").to_owned())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.last.as_ref().and_then(|reply| reply.header(name))
    }

    /// An entry of the owner from hour to hour of 2 March.
    fn entry(&mut self, from: u32, to: u32) -> Value {
        let body = json!({
            "description": "Landing page copy",
            "start": format!("2026-03-02T{from:02}:00:00Z"),
            "end": format!("2026-03-02T{to:02}:00:00Z"),
            "billable": true,
        });
        self.post("time-entries", body)
    }

    /// The path of the owner's entries, with a query.
    fn mine(query: &str) -> String {
        format!("user/{OWNER_ID}/time-entries?{query}")
    }
}

/// The texts of one key over an array.
fn column<'a>(rows: &'a Value, key: &str) -> Vec<&'a str> {
    rows.as_array().expect("an array").iter().map(|row| row[key].as_str().unwrap_or("")).collect()
}

/// The id of an answer.
fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}
