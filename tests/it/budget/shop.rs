//! One freelancer with everything in one process: simulator, engine on a machine, and the people around them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use hourwire::control::command::{Command, Reply, Wish};
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::control::snapshot::Snapshot;
use hourwire::domain::id::Service;
use hourwire::domain::mapping::{LinkRow, Mapping};
use hourwire::domain::policy::{OnDelete, Policy, Reenable};
use hourwire::engine::seams::Rules;
use hourwire::engine::setup::{Setup, SourceSetup, TargetSetup};
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Access, Options, Plans, Simulator, World};
use http::{Method, Request, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

pub use crate::seeds::play;

use super::wire::{Log, Watched};
use crate::worlds::adapters::{SimWire, ToReceiver};
use crate::worlds::books::{Hooks, Mappings};
use crate::worlds::counts::Counter;
use crate::worlds::dice::Dice;
use crate::worlds::furnish::{named, source_ref};
use crate::worlds::machine::{Blueprint, Machine};
use crate::worlds::net::Net;
use crate::worlds::office::{clockify, made, toggl};
use crate::worlds::time::{Time, pass};
use crate::worlds::trace::Trace;

/// Where deliveries go.
const PUBLIC: &str = "https://hooks.example.test";

/// The whole of it.
pub struct Shop {
    pub simulator: Simulator,
    pub access: Access,
    pub time: Time,
    pub net: Net,
    pub door: ToReceiver,
    pub machine: Machine,
    pub log: Log,
    pub project: i64,
    commands: u32,
}

/// How a shop is made.
#[derive(Clone, Copy)]
pub struct Terms {
    pub seed: u64,
    pub plan: Plan,
    pub webhook: bool,
    /// Midnight (UTC) of the first day.
    pub start: DateTime<Utc>,
}

/// The first day of all these lives, a Monday.
pub fn monday() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_409_600, 0).expect("a moment")
}

impl Shop {
    /// A shop of one whose engine is still off.
    pub async fn new(terms: Terms) -> Self {
        Self::of(terms, World::Empty).await
    }

    /// The same with other people in it.
    pub async fn of(terms: Terms, world: World) -> Self {
        let Terms { seed, plan, webhook, start } = terms;
        let time = Time::new(start);
        let trace = Trace::new(std::env::var_os("HOURWIRE_TRACE").is_some(), &time);
        let (counter, net) = (Counter::default(), Net::new());
        let door = ToReceiver::new(net.clone(), Dice::new(seed, 8), counter.clone(), trace.clone());
        let clock = time.clone();
        let simulator = Simulator::new(Options {
            seed,
            plan: Plans { toggl: plan, clockify_free: plan == Plan::Free },
            world,
            clock: Arc::new(move || clock.now()),
            deliverer: Arc::new(door.clone()),
        });
        let access = simulator.access();
        let home = format!("/workspaces/{}/projects", access.toggl_workspace);
        let body = json!({"name": "Harbor yard", "active": true});
        let project = made(&toggl(&simulator, &access.toggl_token, Method::POST, &home, &body).await);
        let home = format!("/workspaces/{}/projects", access.clockify_workspace);
        let body = json!({"name": "Harbor yard"});
        let there = made(&clockify(&simulator, &access.clockify_token, Method::POST, &home, &body).await);
        let project = project.parse().expect("a number");
        let target = BTreeMap::from([("mirror".into(), named(&there))]);
        let source = hourwire::domain::mapping::SourceRef { account: "main".into(), ..source_ref(project) };
        let mut mapping = Mapping::default();
        mapping.projects.push(LinkRow { source, target, from: None });
        let (mappings, hooks) = (Mappings::new(mapping), Hooks::new(Dice::new(seed, 7)));
        let log = Log::default();
        let wire = Watched {
            inner: SimWire {
                simulator: simulator.clone(),
                service: Service::Toggl,
                net: net.clone(),
                dice: Dice::new(seed, 6),
                counter: counter.clone(),
                trace: trace.clone(),
                plug: Arc::new(|_| false),
                alive: Arc::default(),
            },
            time: time.clone(),
            log: log.clone(),
        };
        let (books, secrets, keys) = (mappings, hooks.clone(), access.clone());
        let furnish: crate::worlds::machine::Furnish = Arc::new(move |alive, plug| {
            let to = |service| {
                let inner =
                    SimWire { service, plug: plug.clone(), alive: alive.clone(), ..wire.inner.clone() };
                Arc::new(Watched { inner, ..wire.clone() })
            };
            Setup {
                sources: vec![SourceSetup {
                    account: "main".into(),
                    tag: "HP".into(),
                    base_url: "http://toggl.test".into(),
                    token: SecretString::from(keys.toggl_token.clone()),
                    workspace: None,
                    zone: None,
                    managed: webhook,
                    reenable: Reenable::Evidence,
                    read_every_s: 300,
                    wire: to(Service::Toggl),
                }],
                targets: vec![TargetSetup {
                    account: "mirror".into(),
                    tag: "CL".into(),
                    base_url: "http://clockify.test/api/v1".into(),
                    token: SecretString::from(keys.clockify_token.clone()),
                    workspace: keys.clockify_workspace.as_str().into(),
                    managed: webhook,
                    on_delete: OnDelete::Retire,
                    sync_from: None,
                    wire: to(Service::Clockify),
                }],
                policy: Policy { hold_changes: 0, hold_deletions: 0, ..Policy::default() },
                public_url: webhook.then(|| PUBLIC.to_owned()),
                instance: "hourwire desk 0001".into(),
                hosted_by: "serve".into(),
                mapping: Arc::new(books.clone()),
                hooks: Arc::new(secrets.clone()),
            }
        });
        let machine = Machine::new(Blueprint {
            dice: Dice::new(seed, 4),
            engine_dice: Dice::new(seed, 5),
            time: time.clone(),
            counter,
            trace,
            rules: Rules::default(),
            hooks,
            net: net.clone(),
            public: webhook,
            furnish,
            cuts: Vec::new(),
            dark_s: 30.0,
        });
        door.lead_to(machine.clone());
        Self { simulator, access, time, net, door, machine, log, project, commands: 0 }
    }

    /// Tracks minutes in the past as a person, silently to the program where it is off.
    pub async fn track(&self, text: &str, start: DateTime<Utc>, minutes: i64) -> Value {
        let body = json!({
            "created_with": "web", "workspace_id": self.access.toggl_workspace, "description": text,
            "project_id": self.project, "start": start.to_rfc3339_opts(SecondsFormat::Secs, true),
            "duration": minutes * 60,
        });
        self.person(Method::POST, "", &body).await
    }

    /// The same by the second person.
    pub async fn colleague_tracks(&self, text: &str, start: DateTime<Utc>, minutes: i64) {
        let token = self.access.toggl_second_token.as_deref().expect("somebody else");
        let workspace = self.access.toggl_workspace;
        let body = json!({
            "created_with": "web", "workspace_id": workspace, "description": text, "duration": minutes * 60,
            "project_id": self.project, "start": start.to_rfc3339_opts(SecondsFormat::Secs, true),
        });
        let path = format!("/workspaces/{workspace}/time_entries");
        let (status, answer) = toggl(&self.simulator, token, Method::POST, &path, &body).await;
        assert!(status.is_success(), "the colleague could not work: {status} {answer}");
    }

    /// A person's request about time entries of the source.
    pub async fn person(&self, method: Method, rest: &str, body: &Value) -> Value {
        let path = format!("/workspaces/{}/time_entries{rest}", self.access.toggl_workspace);
        let (status, answer) = toggl(&self.simulator, &self.access.toggl_token, method, &path, body).await;
        assert!(status.is_success(), "the person could not work: {status} {answer}");
        answer
    }

    /// A request of another program with the same token; its status.
    pub async fn other(&self, path: &str) -> StatusCode {
        use base64::Engine as _;
        let token = format!("{}:api_token", self.access.toggl_token);
        let basic = base64::engine::general_purpose::STANDARD.encode(token);
        let request = Request::builder()
            .uri(format!("/api/v9{path}"))
            .header("Authorization", format!("Basic {basic}"))
            .body(Bytes::new())
            .expect("a request");
        self.simulator.call(Service::Toggl, request).await.expect("an answer").status()
    }

    /// Asks the engine for something at the door and waits for its answer.
    pub async fn command(&mut self, wish: Wish) -> Reply {
        self.commands += 1;
        let id = format!("c{}", self.commands);
        let mut viewer = self.machine.enter().await.expect("an engine runs");
        let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "desk".into() };
        viewer.to_engine.send(hello).await.expect("the engine listens");
        let command = ToEngine::Command(Command { id: id.clone(), wish });
        viewer.to_engine.send(command).await.expect("the engine listens");
        loop {
            match viewer.from_engine.recv().await {
                Some(FromEngine::Reply { id: of, reply }) if of == id => return reply,
                Some(_) => {}
                None => panic!("the engine left before it answered"),
            }
        }
    }

    /// What a screen would show.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.machine.engine().and_then(|engine| engine.snapshot()).expect("the engine is ready")
    }

    /// Waits until something holds, at most so many simulated seconds.
    pub async fn until(&self, seconds: f64, what: &str, holds: impl Fn(&Snapshot) -> bool) {
        let mut waited = 0.0;
        while !self.machine.engine().and_then(|e| e.snapshot()).is_some_and(|s| holds(&s)) {
            assert!(waited < seconds, "not within {seconds} s: {what}");
            pass(1.0).await;
            waited += 1.0;
        }
    }

    /// A day of history.
    pub fn back(&self, days: i64) -> NaiveDate {
        (self.time.now() - TimeDelta::days(days)).date_naive()
    }
}
