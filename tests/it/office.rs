//! The office: people who work in Toggl's web page, played from a seed, and what their work implies for Clockify.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::web::Web;

/// Both services as a person uses them: no quota, no pace, not listed.
pub struct Office {
    web: Web,
    rng: StdRng,
    toggl: String,
    toggl_auth: String,
    workspace: i64,
    clockify: String,
    clockify_key: String,
    admin: String,
    /// Toggl projects, and the Clockify project each is linked to.
    projects: Vec<(i64, Option<String>)>,
    /// The Clockify project for all else.
    pub fallback: String,
    entries: Vec<i64>,
    /// Whether entries may be marked billable, which Toggl Free refuses.
    pub bills: bool,
    made: usize,
    /// When the creation of each stopped entry was answered, by its mark.
    pub created: BTreeMap<String, Instant>,
    /// How many of each action were played.
    pub played: BTreeMap<&'static str, usize>,
}

/// An entry as both sides have to show it: start, end, description, Clockify project, billable.
pub type Implied = (String, String, String, String, bool);

impl Office {
    /// Opens the office on simulated services of an empty world, with three projects of which two are linked.
    pub async fn open(simulator: &Value, seed: u64) -> Self {
        let text = |path: &str| {
            simulator.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path}")).to_owned()
        };
        let token = text("/toggl/token");
        let mut office = Self {
            web: Web::new(),
            rng: StdRng::seed_from_u64(seed),
            toggl: text("/toggl/api"),
            toggl_auth: format!("Basic {}", STANDARD.encode(format!("{token}:api_token"))),
            workspace: simulator["toggl"]["workspace_id"].as_i64().expect("a workspace"),
            clockify: format!("{}/workspaces/{}", text("/clockify/api"), text("/clockify/workspace_id")),
            clockify_key: text("/clockify/token"),
            admin: text("/admin"),
            projects: Vec::new(),
            fallback: String::new(),
            entries: Vec::new(),
            bills: true,
            made: 0,
            created: BTreeMap::new(),
            played: BTreeMap::new(),
        };
        office.fallback = office.clockify_project("Unsorted").await;
        for (name, linked) in [("Harbor site", true), ("Osprey shop", true), ("Northwind audit", false)] {
            let path = format!("/workspaces/{}/projects", office.workspace);
            let made = office.toggl(Method::POST, &path, Some(json!({"name": name, "active": true}))).await;
            let target = if linked { Some(office.clockify_project(name).await) } else { None };
            office.projects.push((made["id"].as_i64().expect("a project's id"), target));
        }
        office
    }

    /// A project of Toggl that is linked.
    pub fn linked(&self) -> i64 {
        self.projects.iter().find(|(_, target)| target.is_some()).expect("a linked one").0
    }

    /// The rows of `mapping.toml` for this office.
    pub fn mapping(&self) -> String {
        let mut text =
            format!("[fallback]\nmirror = {{ id = \"{}\", name = \"Unsorted\" }}\n", self.fallback);
        for (source, target) in &self.projects {
            if let Some(target) = target {
                text += &format!(
                    "\n[[project]]\nsource = {{ account = \"main\", id = {source}, name = \"linked\" }}\n\
                     target.mirror = {{ id = \"{target}\", name = \"linked\" }}\n"
                );
            }
        }
        text
    }

    /// One action of a person: most create, many change, some start, stop or delete.
    pub async fn act(&mut self) {
        let what = match self.rng.random_range(0..100) {
            _ if self.entries.len() < 3 => "create",
            0..45 => "create",
            45..80 => "change",
            80..88 => "delete",
            88..94 => "start",
            _ => "stop",
        };
        *self.played.entry(what).or_default() += 1;
        match what {
            "create" => self.create().await,
            "change" => self.change().await,
            "delete" => self.delete().await,
            "start" => self.start().await,
            _ => self.stop().await,
        }
    }

    /// Tracks one entry of the last 20 days.
    pub async fn create(&mut self) {
        let (start, stop) = self.times();
        let mark = self.mark();
        let body = json!({
            "created_with": "office", "workspace_id": self.workspace, "description": format!("{mark} first words"),
            "start": instant(start), "stop": instant(stop), "duration": (stop - start).num_seconds(),
            "project_id": self.project(), "billable": self.bill(),
        });
        let path = format!("/workspaces/{}/time_entries", self.workspace);
        let made = self.toggl(Method::POST, &path, Some(body)).await;
        self.entries.push(made["id"].as_i64().expect("an entry's id"));
        self.created.insert(mark, Instant::now());
    }

    async fn start(&mut self) {
        let mark = self.mark();
        let body = json!({
            "created_with": "office", "workspace_id": self.workspace, "description": format!("{mark} timer"),
            "start": instant(Utc::now() - TimeDelta::minutes(3)), "duration": -1, "project_id": self.project(),
        });
        let path = format!("/workspaces/{}/time_entries", self.workspace);
        let made = self.toggl(Method::POST, &path, Some(body)).await;
        self.entries.push(made["id"].as_i64().expect("an entry's id"));
    }

    /// Stops the running timer, if one runs.
    pub async fn stop(&mut self) {
        let running = self.toggl(Method::GET, "/me/time_entries/current", None).await;
        if let Some(id) = running["id"].as_i64() {
            let path = format!("/workspaces/{}/time_entries/{id}/stop", self.workspace);
            self.toggl(Method::PATCH, &path, None).await;
        }
    }

    /// Corrects one entry, now and then twice.
    pub async fn change(&mut self) {
        let id = self.entries[self.rng.random_range(0..self.entries.len())];
        let path = format!("/workspaces/{}/time_entries/{id}", self.workspace);
        let now = self.toggl(Method::GET, &format!("/me/time_entries/{id}"), None).await;
        let is_running = now["duration"].as_i64().is_some_and(|seconds| seconds < 0);
        let mut body = json!({"workspace_id": self.workspace});
        match self.rng.random_range(0..4) {
            0 => {
                let mark =
                    now["description"].as_str().and_then(|text| text.split(' ').next()).unwrap_or("#?");
                body["description"] = format!("{mark} words {}", self.rng.random_range(0..1000)).into();
            }
            1 => body["project_id"] = json!(self.project()),
            2 => body["billable"] = self.bill().into(),
            _ if is_running => body["description"] = json!(now["description"]),
            _ => {
                let (start, stop) = self.times();
                body["start"] = instant(start).into();
                body["stop"] = instant(stop).into();
                body["duration"] = (stop - start).num_seconds().into();
            }
        }
        // Two edits in one second are an ordinary move of a person who corrects a typing error.
        if self.rng.random_bool(0.3) {
            self.toggl(Method::PUT, &path, Some(body.clone())).await;
            body["project_id"] = json!(self.project());
        }
        self.toggl(Method::PUT, &path, Some(body)).await;
    }

    /// Corrects the entry that was made as the `place`th one.
    pub async fn correct(&self, place: usize, fields: Value) {
        let path = format!("/workspaces/{}/time_entries/{}", self.workspace, self.entries[place]);
        self.toggl(Method::PUT, &path, Some(fields)).await;
    }

    async fn delete(&mut self) {
        let id = self.entries.swap_remove(self.rng.random_range(0..self.entries.len()));
        let path = format!("/workspaces/{}/time_entries/{id}", self.workspace);
        self.toggl(Method::DELETE, &path, None).await;
    }

    /// What Toggl holds now implies this set in Clockify, when deletions are carried out there.
    pub async fn implied(&self) -> BTreeMap<Implied, usize> {
        let state = self.admin(Method::GET, "/state", None).await;
        let entries = state["toggl"]["time_entries"].as_array().expect("entries").iter();
        let live = entries.filter(|entry| entry["server_deleted_at"].is_null() && !entry["stop"].is_null());
        counted(live.map(|entry| {
            let project = entry["project_id"].as_i64();
            let linked = self.projects.iter().find(|(id, _)| Some(*id) == project);
            let target =
                linked.and_then(|(_, target)| target.clone()).unwrap_or_else(|| self.fallback.clone());
            let description = entry["description"].as_str().unwrap_or_default().to_owned();
            (at(&entry["start"]), at(&entry["stop"]), description, target, entry["billable"] == json!(true))
        }))
    }

    /// What Clockify holds now.
    pub async fn present(&self) -> BTreeMap<Implied, usize> {
        let state = self.admin(Method::GET, "/state", None).await;
        let entries = state["clockify"]["entries"].as_array().expect("entries").iter();
        counted(entries.map(|entry| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let times = &entry["timeInterval"];
            let (start, end) = (at(&times["start"]), at(&times["end"]));
            (
                start,
                end,
                text(&entry["description"]),
                text(&entry["projectId"]),
                entry["billable"] == json!(true),
            )
        }))
    }

    /// A call of the simulator's admin address.
    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        self.web.must(method, &format!("{}{path}", self.admin), &[], body).await
    }

    /// Removes a subscription in Toggl's web page.
    pub async fn unsubscribe(&self, id: &Value) {
        let base = self.toggl.replace("/api/v9", "/webhooks/api/v1");
        let url = format!("{base}/subscriptions/{}/{id}", self.workspace);
        let headers = [("Authorization", self.toggl_auth.as_str()), ("X-Simulator-Person", "1")];
        self.web.must(Method::DELETE, &url, &headers, None).await;
    }

    async fn toggl(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let headers = [("Authorization", self.toggl_auth.as_str()), ("X-Simulator-Person", "1")];
        self.web.must(method, &format!("{}{path}", self.toggl), &headers, body).await
    }

    async fn clockify_project(&self, name: &str) -> String {
        let headers = [("X-Api-Key", self.clockify_key.as_str()), ("X-Simulator-Person", "1")];
        let url = format!("{}/projects", self.clockify);
        let made = self.web.must(Method::POST, &url, &headers, Some(json!({"name": name}))).await;
        made["id"].as_str().expect("a project's id").to_owned()
    }

    fn bill(&mut self) -> bool {
        self.rng.random_bool(0.5) && self.bills
    }

    /// Types an entry into Clockify by hand, as it would arrive.
    pub async fn type_in_clockify(&self, entry: &Implied) {
        let (start, end, description, project, billable) = entry;
        let headers = [("X-Api-Key", self.clockify_key.as_str()), ("X-Simulator-Person", "1")];
        let url = format!("{}/time-entries", self.clockify);
        let body = json!({
            "start": start, "end": end, "description": description, "projectId": project, "billable": billable,
        });
        self.web.must(Method::POST, &url, &headers, Some(body)).await;
    }

    /// Ids of all that Clockify holds.
    pub async fn clockify_ids(&self) -> BTreeSet<String> {
        let state = self.admin(Method::GET, "/state", None).await;
        let entries = state["clockify"]["entries"].as_array().expect("entries").iter();
        entries.map(|entry| entry["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Revokes the Toggl token; from now on the office and everybody else needs the new one, which is returned.
    pub async fn reset_token(&mut self) -> String {
        let token = self.toggl(Method::POST, "/me/reset_token", None).await;
        let token = token.as_str().expect("a token").to_owned();
        self.toggl_auth = format!("Basic {}", STANDARD.encode(format!("{token}:api_token")));
        token
    }

    /// Requests that programs sent so far, oldest first.
    pub async fn requests(&self) -> Vec<Value> {
        let listed = self.admin(Method::GET, "/requests", None).await;
        listed.as_array().expect("a list").clone()
    }

    /// A mark that no other entry's description has.
    fn mark(&mut self) -> String {
        self.made += 1;
        format!("#{}", self.made)
    }

    fn project(&mut self) -> Option<i64> {
        let which = self.rng.random_range(0..=self.projects.len());
        self.projects.get(which).map(|(id, _)| *id)
    }

    /// Whole seconds inside the last 20 days.
    fn times(&mut self) -> (DateTime<Utc>, DateTime<Utc>) {
        let ago = TimeDelta::seconds(self.rng.random_range(14_400..20 * 86_400));
        let start = Utc::now() - ago;
        (start, start + TimeDelta::seconds(self.rng.random_range(60..10_800)))
    }
}

fn counted(entries: impl Iterator<Item = Implied>) -> BTreeMap<Implied, usize> {
    let mut counts = BTreeMap::new();
    for entry in entries {
        *counts.entry(entry).or_default() += 1;
    }
    counts
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// An instant of either service in one spelling.
fn at(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    DateTime::parse_from_rfc3339(text).map_or_else(|_| format!("? {text}"), |time| instant(time.to_utc()))
}
