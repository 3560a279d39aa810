//! One engine in one process, and viewers that keep their pages by deltas alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures_util::future::BoxFuture;
use hourwire::control::command::{Command, Reply, Wish};
use hourwire::control::link::{Door, ViewerEnd};
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::control::snapshot::Snapshot;
use hourwire::control::view::{Open, Page, Row, ViewKind};
use hourwire::domain::delivery::Delivered;
use hourwire::domain::id::Service;
use hourwire::domain::mapping::{Mapping, MappingEdit};
use hourwire::domain::policy::{OnDelete, Policy, Reenable};
use hourwire::domain::remap;
use hourwire::engine::seams::Seams;
use hourwire::engine::setup::{Loaded, MappingBook, Setup, SourceSetup, TargetSetup};
use hourwire::engine::{Engine, Parts, catch_up};
use hourwire::journal::{Inbox, InboxOptions, InboxWriter, Ledger, LedgerOptions, SimDisk};
use hourwire::services::http::{Wire, WireError};
use hourwire::simulator::deliver::Nowhere;
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Options, Plans, Simulator, World};
use serde_json::{Value, json};

use crate::books::NoHooks;
use crate::gate::Gate;
use crate::person::person;

/// A Tuesday morning.
pub fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 5, 12, 8, 0, 0).single().expect("an instant")
}

struct SimWire(Simulator, Service);

impl Wire for SimWire {
    fn call(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        Box::pin(
            async move { self.0.call(self.1, request).await.map_err(|_| WireError::Unknown("reset".into())) },
        )
    }
}

/// A mapping file in memory, that a person may edit behind the engine's back.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<(Mapping, u32)>>);

impl Book {
    pub fn now(&self) -> Mapping {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

impl MappingBook for Book {
    fn load(&self) -> Loaded {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((book.0.clone(), format!("v{}", book.1)))
    }

    fn edit(&self, _: &str, edit: &MappingEdit) -> Result<(Mapping, String), String> {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *book = (remap::apply(&book.0, edit), book.1 + 1);
        Ok((book.0.clone(), format!("v{}", book.1)))
    }
}

/// The engine and everything around it.
pub struct Rig {
    pub simulator: Simulator,
    pub engine: Arc<Engine>,
    pub book: Book,
    pub door: Door,
    pub inbox: InboxWriter,
    pub store: Arc<Gate>,
    /// Projects in Toggl.
    pub projects: Vec<i64>,
    /// Projects in Clockify.
    pub targets: Vec<String>,
    task: tokio::task::JoinHandle<()>,
}

impl Rig {
    pub async fn new() -> Self {
        Self::with(&[], &[]).await
    }

    /// With a cache that is still being opened.
    pub async fn opening(source: &[&str]) -> Self {
        Self::start(0, source, &[], false).await
    }

    /// With these projects in Toggl and in Clockify before the engine reads the catalogues.
    pub async fn with(source: &[&str], target: &[&str]) -> Self {
        Self::start(0, source, target, true).await
    }

    /// With a brake at so many changes of one cause, and at so many announced deletions.
    pub async fn braked(hold: u32, source: &[&str], target: &[&str]) -> Self {
        Self::start(hold, source, target, true).await
    }

    async fn start(hold: u32, source: &[&str], target: &[&str], open: bool) -> Self {
        let began = tokio::time::Instant::now();
        let clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> =
            Arc::new(move || start() + TimeDelta::from_std(began.elapsed()).unwrap_or_default());
        let simulator = Simulator::new(Options {
            seed: 1,
            plan: Plans { toggl: Plan::Premium, clockify_free: false },
            world: World::Empty,
            clock: clock.clone(),
            deliverer: Arc::new(Nowhere),
        });
        let access = simulator.access();
        let book = Book::default();
        let setup = Setup {
            sources: vec![SourceSetup {
                account: "main".into(),
                tag: "ME".into(),
                base_url: "http://sim".into(),
                token: access.toggl_token.clone().into(),
                workspace: None,
                zone: None,
                managed: false,
                reenable: Reenable::Evidence,
                read_every_s: 300,
                wire: Arc::new(SimWire(simulator.clone(), Service::Toggl)),
            }],
            targets: vec![TargetSetup {
                account: "mirror".into(),
                tag: "CL".into(),
                base_url: "http://sim/api/v1".into(),
                token: access.clockify_token.clone().into(),
                workspace: access.clockify_workspace.as_str().into(),
                managed: false,
                on_delete: OnDelete::Delete,
                sync_from: Some("2026-05-01".parse().expect("a day")),
                wire: Arc::new(SimWire(simulator.clone(), Service::Clockify)),
            }],
            policy: Policy { hold_changes: hold, hold_deletions: hold, ..Policy::default() },
            public_url: None,
            instance: "hourwire test 0001".into(),
            hosted_by: "command".into(),
            mapping: Arc::new(book.clone()),
            hooks: Arc::new(NoHooks::default()),
        };
        let disk = Arc::new(SimDisk::new(1));
        let (ledger, _) = Ledger::open(disk.clone(), LedgerOptions::default()).expect("a ledger");
        let (inbox, _) = Inbox::open(disk, InboxOptions::default()).expect("an inbox");
        let ledger = Arc::new(Mutex::new(ledger));
        let store = Arc::new(Gate::new());
        catch_up(&ledger, store.as_ref()).expect("caught up");
        let nanos = clock.clone();
        let ns: hourwire::journal::Clock = Arc::new(move || nanos().timestamp_nanos_opt().unwrap_or(0));
        let inbox = InboxWriter::inline(Arc::new(Mutex::new(inbox)), ns);
        let seams = Seams { clock, ..Seams::real(None) };
        let mut projects = Vec::new();
        for name in source {
            projects.push(toggl_project(&simulator, name).await);
        }
        let mut targets = Vec::new();
        for name in target {
            targets.push(clockify_project(&simulator, name).await);
        }
        let engine = Engine::new(Parts { setup, seams, ledger, store: store.clone(), inbox: inbox.clone() });
        store.set_open(open);
        let (door, arrivals) = Door::new();
        let running = engine.clone();
        let task = tokio::spawn(async move { running.run(arrivals).await.expect("a good end") });
        Self { simulator, engine, book, door, inbox, store, projects, targets, task }
    }

    pub async fn person(&self, service: Service, method: &str, path: &str, body: Value) -> Value {
        person(&self.simulator, service, method, path, body).await
    }

    pub async fn track(&self, text: &str, project: Option<i64>, minutes_ago: i64) -> i64 {
        let begin = self.simulator.now() - TimeDelta::minutes(minutes_ago);
        let body = json!({
            "created_with": "a person", "workspace_id": 4440001, "start": begin.to_rfc3339(), "duration": 600,
            "description": text, "project_id": project,
        });
        let path = "/api/v9/workspaces/4440001/time_entries";
        self.person(Service::Toggl, "POST", path, body).await["id"].as_i64().expect("an id")
    }

    /// An entry as a webhook announces it.
    pub fn announced(&self, event: u64, id: i64, text: &str) -> Value {
        let (now, begin) = (self.simulator.now(), self.simulator.now() - TimeDelta::minutes(20));
        json!({
            "event_id": event, "created_at": now.to_rfc3339(), "creator_id": 5550001, "subscription_id": 20417,
            "metadata": {"action": "updated", "model": "time_entry", "event_user_id": "5550001",
                "time_entry_id": id.to_string(), "workspace_id": "4440001", "request_body": "{}"},
            "payload": {"at": now.to_rfc3339(), "billable": false, "description": text, "duration": 600, "id": id,
                "project_id": null, "server_deleted_at": null, "start": begin.to_rfc3339(),
                "stop": (begin + TimeDelta::minutes(10)).to_rfc3339(), "tags": [], "user_id": 5550001,
                "workspace_id": 4440001},
            "timestamp": now.to_rfc3339(), "url_callback": "https://hooks.example.com/hooks/x",
        })
    }

    /// A delivery with a right signature, as the receiver would keep it.
    pub async fn deliver(&self, body: &Value) -> u64 {
        let one = Delivered {
            hook: "main".into(),
            received_at: self.simulator.now(),
            headers: Vec::new(),
            body: Bytes::from(body.to_string()),
        };
        self.inbox.append(Bytes::from(one.encode())).await.expect("appended")
    }

    /// Descriptions and projects in simulated Clockify, sorted.
    pub fn there(&self) -> Vec<(String, String)> {
        let state = self.simulator.state();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let entries = state["clockify"]["entries"].as_array().expect("entries");
        let mut all: Vec<(String, String)> =
            entries.iter().map(|e| (text(&e["description"]), text(&e["projectId"]))).collect();
        all.sort();
        all
    }

    pub async fn attach(&self, name: &str) -> Viewer {
        let end = self.door.enter().await.expect("a way in");
        let viewer = Viewer {
            end,
            snapshot: None,
            pages: BTreeMap::new(),
            notices: Vec::new(),
            heard: Vec::new(),
            ids: 0,
            name: name.to_owned(),
        };
        viewer
            .send(ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: name.into() })
            .await;
        viewer
    }

    pub async fn stop(self) {
        self.engine.stop();
        self.task.await.expect("a quiet end");
    }
}

async fn toggl_project(simulator: &Simulator, name: &str) -> i64 {
    let body = json!({"name": name, "active": true});
    let made = person(simulator, Service::Toggl, "POST", "/api/v9/workspaces/4440001/projects", body).await;
    made["id"].as_i64().expect("an id")
}

async fn clockify_project(simulator: &Simulator, name: &str) -> String {
    let path = format!("/api/v1/workspaces/{}/projects", simulator.access().clockify_workspace);
    let made = person(simulator, Service::Clockify, "POST", &path, json!({"name": name})).await;
    made["id"].as_str().expect("an id").to_owned()
}

/// Lets simulated seconds pass.
pub async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// A viewer as the dashboard is one: what it has is what it was told.
pub struct Viewer {
    pub end: ViewerEnd,
    pub snapshot: Option<Snapshot>,
    pub pages: BTreeMap<u32, Page>,
    pub notices: Vec<(Option<String>, String)>,
    /// The kinds of messages that came, in order.
    pub heard: Vec<&'static str>,
    ids: u32,
    name: String,
}

impl Viewer {
    pub async fn send(&self, message: ToEngine) {
        self.end.to_engine.send(message).await.expect("the engine listens");
    }

    /// Takes one message in; false when the door is closed.
    fn take(&mut self, message: FromEngine) -> Option<(String, Reply)> {
        match message {
            FromEngine::Welcome { protocol, .. } => assert_eq!(protocol, PROTOCOL),
            FromEngine::Refused { reason, .. } => panic!("{reason}"),
            FromEngine::Snapshot(snapshot) => {
                self.heard.push("snapshot");
                let size = serde_json::to_vec(&snapshot).map_or(0, |json| json.len());
                assert!(size < 256 * 1024, "{size} bytes");
                self.snapshot = Some(*snapshot);
            }
            FromEngine::Page(page) => {
                self.heard.push("page");
                self.pages.insert(page.view, page);
            }
            FromEngine::Delta(delta) => {
                self.heard.push("delta");
                let page = self.pages.get_mut(&delta.view).expect("a page to change");
                assert_eq!(delta.rev, page.rev + 1, "no gap");
                let at = delta.at as usize;
                page.rows.splice(at..at + delta.remove as usize, delta.insert);
                (page.rev, page.total, page.unfiltered) = (delta.rev, delta.total, delta.unfiltered);
            }
            FromEngine::Reply { id, reply } => return Some((id, reply)),
            FromEngine::Notice { id, say, .. } => self.notices.push((id, say)),
            FromEngine::Bye => self.heard.push("bye"),
        }
        None
    }

    /// Takes in everything that has come.
    pub fn drain(&mut self) {
        while let Ok(message) = self.end.from_engine.try_recv() {
            assert!(self.take(message).is_none(), "an answer that nobody waits for");
        }
    }

    /// Lets things settle and takes in what came.
    pub async fn settle(&mut self) {
        pass(2).await;
        self.drain();
    }

    pub fn snapshot(&self) -> &Snapshot {
        self.snapshot.as_ref().expect("a snapshot")
    }

    /// Opens a view and waits for its page.
    pub async fn open(&mut self, view: u32, kind: ViewKind, filter: &str, offset: u32, rows: u32) -> Page {
        self.pages.remove(&view);
        self.send(ToEngine::Open(Open { view, kind, filter: filter.into(), offset, rows })).await;
        while !self.pages.contains_key(&view) {
            let message = self.end.from_engine.recv().await.expect("the door is open");
            assert!(self.take(message).is_none(), "an answer that nobody waits for");
        }
        self.pages[&view].clone()
    }

    /// The rows of a kind, asked for once.
    pub async fn rows(&mut self, kind: ViewKind, filter: &str) -> Vec<Row> {
        let page = self.open(99, kind, filter, 0, 500).await;
        self.send(ToEngine::Close { view: 99 }).await;
        page.rows
    }

    pub async fn wish(&mut self, wish: Wish) -> Reply {
        self.ids += 1;
        let id = format!("{}-{}", self.name, self.ids);
        self.wish_as(&id, wish).await
    }

    pub async fn wish_as(&mut self, id: &str, wish: Wish) -> Reply {
        self.send(ToEngine::Command(Command { id: id.to_owned(), wish })).await;
        loop {
            let message = self.end.from_engine.recv().await.expect("the door is open");
            if let Some((of, reply)) = self.take(message) {
                assert_eq!(of, id);
                return reply;
            }
        }
    }
}
