//! The simulated services behind wires that a test can bend, and an engine whose disks survive its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use hourwire::cache::{Store as _, rows};
use hourwire::control::link::Door;
use hourwire::domain::catalogue::{Item, Kind};
use hourwire::domain::id::{Account, Key, RemoteId, Service};
use hourwire::domain::link::Link;
use hourwire::domain::mapping::{Mapping, MappingEdit, Named};
use hourwire::domain::order::EntryRow;
use hourwire::domain::policy::{OnDelete, Policy, Reenable};
use hourwire::engine::seams::{Clock, Plug, Seams};
use hourwire::engine::setup::{Loaded, MappingBook, Setup, SourceSetup, TargetSetup};
use hourwire::engine::{DeskError, Engine, Parts, catch_up};
use hourwire::journal::{Inbox, InboxOptions, InboxWriter, Ledger, LedgerOptions, SimDisk};
use hourwire::services::http::{Wire, WireError};
use hourwire::simulator::deliver::Nowhere;
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Options, Plans, Simulator, World};
use http::{Request, Response};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::books::NoHooks;
use crate::gate::Gate;
use crate::person::{person, somebody};

pub const WORKSPACE: i64 = 4_440_001;

type Bend = dyn Fn(Service, &str, Response<Bytes>) -> Response<Bytes> + Send + Sync;

/// What went over the wires: when, to whom, `METHOD /path?query`.
pub type Sent = Vec<(DateTime<Utc>, Service, String)>;

/// The services and the wires to them.
#[derive(Clone)]
pub struct Services {
    pub sim: Simulator,
    pub clock: Clock,
    bend: Arc<Mutex<Option<Arc<Bend>>>>,
    lag: Arc<Mutex<Option<(String, Duration)>>>,
    sent: Arc<Mutex<Sent>>,
}

struct Line(Services, Service);

impl Wire for Line {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        Box::pin(async move {
            let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            let line = format!("{} {path}", request.method());
            self.0.sent.lock().unwrap().push((self.0.now(), self.1, line.clone()));
            let answer = self.0.sim.call(self.1, request).await;
            let answer = answer.map_err(|e| WireError::Unknown(e.to_string()))?;
            let bend = self.0.bend.lock().unwrap().clone();
            let answer = match bend {
                Some(bend) => bend(self.1, &line, answer),
                None => answer,
            };
            let lag = self.0.lag.lock().unwrap().take_if(|(part, _)| line.contains(part.as_str()));
            if let Some((_, lag)) = lag {
                tokio::time::sleep(lag).await;
            }
            Ok(answer)
        })
    }
}

impl Services {
    /// At an instant, on a Toggl plan.
    pub fn new(begin: &str, plan: Plan, world: World) -> Self {
        let began = tokio::time::Instant::now();
        let begin: DateTime<Utc> = begin.parse().unwrap();
        let clock: Clock = Arc::new(move || begin + TimeDelta::from_std(began.elapsed()).unwrap());
        let sim = Simulator::new(Options {
            seed: 1,
            plan: Plans { toggl: plan, clockify_free: false },
            world,
            clock: clock.clone(),
            deliverer: Arc::new(Nowhere),
        });
        Self { sim, clock, bend: Arc::default(), lag: Arc::default(), sent: Arc::default() }
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Changes answers on their way.
    pub fn bend(
        &self,
        bend: impl Fn(Service, &str, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) {
        *self.bend.lock().unwrap() = Some(Arc::new(bend));
    }

    /// Holds the next answer of this kind back on its way.
    pub fn lag(&self, part: &str, lag: Duration) {
        *self.lag.lock().unwrap() = Some((part.to_owned(), lag));
    }

    /// Leaves answers as they are.
    pub fn straight(&self) {
        *self.bend.lock().unwrap() = None;
    }

    pub fn sent(&self, service: Service, part: &str) -> Sent {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|(_, s, line)| *s == service && line.contains(part)).cloned().collect()
    }

    pub fn count(&self, service: Service, part: &str) -> usize {
        self.sent(service, part).len()
    }

    /// A person at work in a service's own pages.
    pub async fn person(&self, service: Service, line: &str, body: Value) -> Value {
        let (method, path) = line.split_once(' ').unwrap();
        person(&self.sim, service, method, path, body).await
    }

    /// A person tracks ten minutes that began then.
    pub async fn track(&self, text: &str, start: DateTime<Utc>, tags: &[&str]) -> Key {
        self.track_as(text, start, tags, false).await
    }

    /// `second`: the colleague.
    pub async fn track_as(&self, text: &str, start: DateTime<Utc>, tags: &[&str], second: bool) -> Key {
        let body = json!({"created_with": "a person", "workspace_id": WORKSPACE, "start": start.to_rfc3339(),
            "duration": 600, "description": text, "tags": tags});
        let path = format!("/api/v9/workspaces/{WORKSPACE}/time_entries");
        let access = self.sim.access();
        let token = if second { access.toggl_second_token.unwrap() } else { access.toggl_token };
        let made = somebody(&self.sim, Service::Toggl, &token, "POST", &path, body).await;
        Key { account: "main".into(), id: made["id"].as_i64().unwrap().into() }
    }

    pub async fn clockify_project(&self, name: &str) -> String {
        let line = format!("POST /api/v1/workspaces/{}/projects", self.sim.access().clockify_workspace);
        self.person(Service::Clockify, &line, json!({ "name": name })).await["id"].as_str().unwrap().into()
    }

    /// Descriptions in Clockify, sorted.
    pub fn there(&self) -> Vec<String> {
        let state = self.sim.state();
        let entries = state["clockify"]["entries"].as_array().cloned().unwrap_or_default();
        let mut all: Vec<String> =
            entries.iter().map(|e| e["description"].as_str().unwrap_or_default().to_owned()).collect();
        all.sort();
        all
    }
}

/// A mapping file in memory.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<(Mapping, u32)>>);

impl Book {
    /// A person edits the file so that everything goes to this project.
    pub fn fall_back(&self, id: &str) {
        let mut book = self.0.lock().unwrap();
        book.0.fallback =
            [(Account::from("mirror"), Named { id: id.into(), name: "Unsorted".into() })].into();
        book.1 += 1;
    }
}

impl MappingBook for Book {
    fn load(&self) -> Loaded {
        let book = self.0.lock().unwrap();
        Ok((book.0.clone(), format!("v{}", book.1)))
    }

    fn edit(&self, _: &str, _: &MappingEdit) -> Result<(Mapping, String), String> {
        Err("no edit here".into())
    }
}

/// One state folder and the files of its person.
pub struct Folder {
    pub ledger: SimDisk,
    pub inbox: SimDisk,
    pub book: Book,
    pub hooks: NoHooks,
    pub setup: Setup,
    pub plug: Plug,
}

impl Folder {
    pub fn new(services: &Services) -> Self {
        let access = services.sim.access();
        let (book, hooks) = (Book::default(), NoHooks::default());
        let setup = Setup {
            sources: vec![SourceSetup {
                account: "main".into(),
                tag: "ME".into(),
                base_url: "http://sim".into(),
                token: access.toggl_token.into(),
                workspace: None,
                zone: None,
                managed: false,
                reenable: Reenable::Evidence,
                read_every_s: 300,
                wire: Arc::new(Line(services.clone(), Service::Toggl)),
            }],
            targets: vec![TargetSetup {
                account: "mirror".into(),
                tag: "CL".into(),
                base_url: "http://sim/api/v1".into(),
                token: access.clockify_token.into(),
                workspace: access.clockify_workspace.as_str().into(),
                managed: false,
                on_delete: OnDelete::Delete,
                sync_from: None,
                wire: Arc::new(Line(services.clone(), Service::Clockify)),
            }],
            policy: Policy { hold_changes: 0, hold_deletions: 0, ..Policy::default() },
            public_url: None,
            instance: "hourwire den 0f1e".into(),
            hosted_by: "serve".into(),
            mapping: Arc::new(book.clone()),
            hooks: Arc::new(hooks.clone()),
        };
        let (ledger, inbox) = (SimDisk::new(1), SimDisk::new(2));
        Self { ledger, inbox, book, hooks, setup, plug: Arc::new(|_| false) }
    }

    pub fn start(&self, services: &Services) -> Running {
        let options = LedgerOptions::default();
        let (ledger, _) = Ledger::open(Arc::new(self.ledger.clone()), options).unwrap();
        let (inbox, _) = Inbox::open(Arc::new(self.inbox.clone()), InboxOptions::default()).unwrap();
        let ledger = Arc::new(Mutex::new(ledger));
        let store = Arc::new(Gate::new());
        catch_up(&ledger, store.as_ref()).unwrap();
        let clock = services.clock.clone();
        let ns: hourwire::journal::Clock = Arc::new(move || clock().timestamp_nanos_opt().unwrap());
        let inbox = InboxWriter::inline(Arc::new(Mutex::new(inbox)), ns);
        let seams = Seams {
            clock: services.clock.clone(),
            random: Arc::new(Mutex::new(StdRng::seed_from_u64(3))),
            plug: self.plug.clone(),
            ..Seams::real(None)
        };
        let setup = self.setup.clone();
        let engine = Engine::new(Parts { setup, seams, ledger, store: store.clone(), inbox: inbox.clone() });
        let (door, arrivals) = Door::new();
        let task = tokio::spawn(engine.clone().run(arrivals));
        Running { engine, store, inbox, door, task }
    }
}

/// An engine at work.
pub struct Running {
    pub engine: Arc<Engine>,
    pub store: Arc<Gate>,
    pub inbox: InboxWriter,
    pub door: Door,
    pub task: tokio::task::JoinHandle<Result<(), DeskError>>,
}

impl Running {
    /// kill -9.
    pub async fn kill(self) {
        self.task.abort();
        self.engine.stop();
        let _ = self.task.await;
    }

    pub fn get<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Option<T> {
        self.store.get(key).unwrap().map(|bytes| rows::decode(&bytes).unwrap())
    }

    pub fn item(&self, account: &str, kind: Kind, id: &RemoteId) -> Option<Item> {
        self.get(&rows::item(&account.into(), kind, id))
    }

    pub fn entry(&self, key: &Key) -> Option<EntryRow> {
        self.get(&rows::entry(key))
    }

    /// The word of an entry towards the target.
    pub fn word(&self, key: &Key) -> String {
        let link: Option<Link> = self.get(&rows::link(&"mirror".into(), key));
        link.map_or_else(|| "unknown".into(), |l| l.word(false).to_string())
    }

    pub fn alerts(&self) -> Vec<String> {
        self.engine.snapshot().map(|s| s.alerts.iter().map(|a| a.say.clone()).collect()).unwrap_or_default()
    }
}

/// Lets simulated seconds pass.
pub async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
