//! People at work at the source: through its API, with the person header, in random order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{SecondsFormat, TimeDelta};
use hourwire::domain::id::Service;
use hourwire::simulator::Simulator;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::counts::Counter;
use super::dice::Dice;
use super::source::SourceEntry;
use super::time::{Time, pass};
use super::trace::Trace;

const WORDS: [&str; 8] =
    ["Wireframes", "Review", "Copy edits", "Stand-up", "", "Größe & Maß", "Colour studies 🎨", "E-mail"];
const TAGS: [&str; 5] = ["design", "meeting", "research", "travel", "private"];

/// A person with a token.
#[derive(Clone, Debug)]
pub struct Person {
    pub token: String,
    pub id: i64,
}

/// The people and what they work on.
pub struct Office {
    pub simulator: Simulator,
    pub dice: Dice,
    pub time: Time,
    pub trace: Trace,
    pub counter: Counter,
    pub people: Vec<Person>,
    pub workspace: i64,
    pub projects: Vec<i64>,
    pub clients: Vec<i64>,
    /// Edits at most so many hours back from now.
    pub reach_h: i64,
}

/// What the office sees of its own entries.
pub trait Book {
    /// A person's entries that are not deleted: stopped ones, or running ones.
    fn alive(&self, user: i64, running: bool) -> Vec<SourceEntry>;
    /// Called after every single change at the source that touches more than one entry.
    fn observe(&mut self, state: &Value);
    /// Called after every change of one entry.
    fn observe_one(&mut self, row: &Value);
    /// Called after every deletion.
    fn observe_gone(&mut self, id: i64);
}

impl Office {
    /// One thing that somebody does, perhaps several requests within one second.
    pub async fn act(&mut self, book: &mut (dyn Book + Send)) {
        let person = self.dice.pick(&self.people.clone()).clone();
        match self.dice.weighted(&[14, 12, 24, 20, 12, 9, 3, 2, 1, 3]) {
            0 => self.start(&person, book).await,
            1 => self.stop(&person, book).await,
            2 => self.add(&person, 1, book).await,
            3 => self.edit(&person, 1, book).await,
            4 => {
                let times = self.dice.int(2, 5);
                self.edit(&person, times, book).await;
            }
            5 => self.delete(&person, book).await,
            6 => self.rename(&person, book).await,
            7 => self.new_project(&person, book).await,
            8 => self.new_client(&person, book).await,
            _ => self.add(&person, 2, book).await,
        }
    }

    /// How long nothing happens before the next act: mostly short, sometimes a lunch.
    pub fn pause(&self) -> f64 {
        match self.dice.weighted(&[15, 25, 35, 20, 5]) {
            0 => 0.0,
            1 => self.dice.float(0.05, 1.0),
            2 => self.dice.float(1.0, 12.0),
            3 => self.dice.float(12.0, 120.0),
            _ => self.dice.float(120.0, 900.0),
        }
    }

    async fn start(&self, person: &Person, book: &mut (dyn Book + Send)) {
        let mut body = self.words();
        body["created_with"] = json!("web");
        body["workspace_id"] = json!(self.workspace);
        body["start"] = json!(self.at(TimeDelta::zero()));
        body["duration"] = json!(-1);
        let path = format!("/workspaces/{}/time_entries", self.workspace);
        self.ask(person, Method::POST, &path, &body, book).await;
    }

    async fn stop(&self, person: &Person, book: &mut (dyn Book + Send)) {
        let Some(row) = book.alive(person.id, true).pop() else {
            return self.add(person, 1, book).await;
        };
        let path = format!("/workspaces/{}/time_entries/{}/stop", self.workspace, row.id);
        self.ask(person, Method::PATCH, &path, &Value::Null, book).await;
    }

    /// Hours of today that somebody forgot to track; twice the same is two entries.
    pub async fn add(&self, person: &Person, copies: u32, book: &mut (dyn Book + Send)) {
        let back = TimeDelta::seconds(self.dice.int(60, self.reach_h * 3600));
        let mut body = self.words();
        body["created_with"] = json!("web");
        body["workspace_id"] = json!(self.workspace);
        body["start"] = json!(self.at(back));
        body["duration"] = json!(self.dice.int(0, back.num_seconds().min(7200)));
        let path = format!("/workspaces/{}/time_entries", self.workspace);
        for _ in 0..copies {
            self.ask(person, Method::POST, &path, &body, book).await;
        }
    }

    async fn edit(&self, person: &Person, times: i64, book: &mut (dyn Book + Send)) {
        let Some(row) = self.some(book.alive(person.id, false)) else {
            return self.add(person, 1, book).await;
        };
        let path = format!("/workspaces/{}/time_entries/{}", self.workspace, row.id);
        let mut seconds = Vec::new();
        for turn in 0..times {
            if turn > 0 {
                pass(self.dice.float(0.0, 0.4)).await;
            }
            seconds.push(self.time.now().timestamp());
            let body = self.change(&row);
            self.ask(person, Method::PUT, &path, &body, book).await;
        }
        if seconds.windows(2).any(|pair| pair[0] == pair[1]) {
            self.counter.note("same-second edits");
        }
        if times > 1 && self.dice.chance(0.15) {
            self.ask(person, Method::DELETE, &path, &Value::Null, book).await;
        }
    }

    async fn delete(&self, person: &Person, book: &mut (dyn Book + Send)) {
        let Some(row) = self.some(book.alive(person.id, false)) else { return };
        let path = format!("/workspaces/{}/time_entries/{}", self.workspace, row.id);
        self.ask(person, Method::DELETE, &path, &Value::Null, book).await;
    }

    async fn rename(&self, person: &Person, book: &mut (dyn Book + Send)) {
        let path = format!("/workspaces/{}/projects/{}", self.workspace, self.dice.pick(&self.projects));
        let body = json!({"name": format!("Project {}", self.dice.int(1000, 9999))});
        self.ask(person, Method::PUT, &path, &body, book).await;
    }

    async fn new_project(&mut self, person: &Person, book: &mut (dyn Book + Send)) {
        let path = format!("/workspaces/{}/projects", self.workspace);
        let mut body = json!({"name": format!("Harbor {}", self.dice.int(1000, 9999)), "active": true});
        if !self.clients.is_empty() && self.dice.chance(0.5) {
            body["client_id"] = json!(self.dice.pick(&self.clients));
        }
        let made = self.ask(person, Method::POST, &path, &body, book).await;
        self.projects.extend(made["id"].as_i64());
    }

    async fn new_client(&mut self, person: &Person, book: &mut (dyn Book + Send)) {
        let path = format!("/workspaces/{}/clients", self.workspace);
        let body = json!({"name": format!("Northwind {}", self.dice.int(1000, 9999)), "wid": self.workspace});
        let made = self.ask(person, Method::POST, &path, &body, book).await;
        self.clients.extend(made["id"].as_i64());
    }

    fn words(&self) -> Value {
        let mut body = json!({
            "description": self.dice.pick(&WORDS),
            "billable": self.dice.chance(0.4),
            "tags": self.tags(),
        });
        if self.dice.chance(0.85) {
            body["project_id"] = json!(self.dice.pick(&self.projects));
        }
        body
    }

    fn tags(&self) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..self.dice.int(0, 3) {
            let tag = match self.dice.weighted(&[8, 8, 8, 8, 2, 2]) {
                5 => format!("phase {}", self.dice.int(1, 5)),
                place => TAGS[place].to_owned(),
            };
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    fn change(&self, row: &SourceEntry) -> Value {
        match self.dice.weighted(&[30, 18, 15, 15, 12, 10]) {
            0 => json!({"description": format!("{} {}", self.dice.pick(&WORDS), self.dice.int(1, 100))}),
            1 if self.dice.chance(0.1) => json!({"project_id": null}),
            1 => json!({"project_id": self.dice.pick(&self.projects)}),
            2 => json!({"tags": self.tags()}),
            3 => json!({"billable": self.dice.chance(0.5)}),
            4 => {
                let stop = row.content.stop - TimeDelta::seconds(self.dice.int(0, 120));
                json!({"stop": stop.max(row.content.start).to_rfc3339_opts(SecondsFormat::Secs, true)})
            }
            _ => {
                let room = (row.content.stop - row.content.start).num_seconds().max(1);
                let start = row.content.start + TimeDelta::seconds(self.dice.int(0, room));
                let text = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
                json!({"start": text(start), "stop": text(row.content.stop)})
            }
        }
    }

    fn some(&self, rows: Vec<SourceEntry>) -> Option<SourceEntry> {
        let oldest = self.time.now() - TimeDelta::hours(self.reach_h);
        let recent: Vec<SourceEntry> = rows.into_iter().filter(|row| row.content.start >= oldest).collect();
        if recent.is_empty() { None } else { Some(self.dice.pick(&recent).clone()) }
    }

    fn at(&self, back: TimeDelta) -> String {
        (self.time.now() - back).to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    async fn ask(
        &self,
        person: &Person,
        method: Method,
        path: &str,
        body: &Value,
        book: &mut (dyn Book + Send),
    ) -> Value {
        let (status, answer) = toggl(&self.simulator, &person.token, method.clone(), path, body).await;
        self.trace
            .say(|| format!("office: {method} {path} {body} → {} id {}", status.as_u16(), answer["id"]));
        if !status.is_success() {
            return answer;
        }
        let one = path.contains("/time_entries/") || answer["stop"].is_string();
        match path.rsplit('/').next().and_then(|id| id.parse().ok()).filter(|_| method == Method::DELETE) {
            Some(id) => book.observe_gone(id),
            None if one => book.observe_one(&answer),
            // A new timer stops another one; a project may have moved to another client.
            None => book.observe(&self.simulator.state()),
        }
        answer
    }
}

/// A person's request to Toggl.
pub async fn toggl(
    simulator: &Simulator,
    token: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let credentials = format!("Basic {}", STANDARD.encode(format!("{token}:api_token")));
    let request = request(method, &format!("/api/v9{path}"), ("Authorization", &credentials), body);
    answer(simulator, Service::Toggl, request).await
}

/// A person's request to Clockify.
pub async fn clockify(
    simulator: &Simulator,
    token: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let request = request(method, &format!("/api/v1{path}"), ("X-Api-Key", token), body);
    answer(simulator, Service::Clockify, request).await
}

fn request(method: Method, path: &str, auth: (&str, &str), body: &Value) -> Request<Bytes> {
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    Request::builder()
        .method(method)
        .uri(path)
        .header(auth.0, auth.1)
        .header("Content-Type", "application/json")
        .header("X-Simulator-Person", "1")
        .body(bytes)
        .expect("a request of the office is well formed")
}

async fn answer(simulator: &Simulator, service: Service, request: Request<Bytes>) -> (StatusCode, Value) {
    let answer = simulator.call(service, request).await.expect("a person's request meets no fault");
    (answer.status(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
}

/// The id that an answer to a create holds.
pub fn made(answer: &(StatusCode, Value)) -> String {
    assert!(answer.0.is_success(), "the office could not furnish the world: {answer:?}");
    let id = &answer.1["id"];
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// A person's request to the webhooks of Toggl.
pub async fn webhooks(
    simulator: &Simulator,
    token: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let credentials = format!("Basic {}", STANDARD.encode(format!("{token}:api_token")));
    let request = request(method, &format!("/webhooks/api/v1{path}"), ("Authorization", &credentials), body);
    answer(simulator, Service::Toggl, request).await
}
