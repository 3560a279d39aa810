//! The main job in one process: what is tracked in simulated Toggl ends up in simulated Clockify, exactly once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures_util::future::BoxFuture;
use hourwire::cache::Memory;
use hourwire::cache::rows;
use hourwire::control::link::Door;
use hourwire::domain::id::{Account, RemoteId, Service};
use hourwire::domain::mapping::{Mapping, MappingEdit, Named};
use hourwire::domain::policy::{OnDelete, Policy, Reenable};
use hourwire::engine::seams::Seams;
use hourwire::engine::setup::{Hook, HookBook, Loaded, MappingBook, Setup, SourceSetup, TargetSetup};
use hourwire::engine::{Engine, Parts, catch_up};
use hourwire::journal::{Inbox, InboxOptions, InboxWriter, Ledger, LedgerOptions, SimDisk};
use hourwire::services::http::{Wire, WireError};
use hourwire::simulator::deliver::Nowhere;
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Options, Plans, Simulator, World};
use serde_json::{Value, json};

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 5, 12, 8, 0, 0).unwrap()
}

struct SimWire(Simulator, Service);

impl Wire for SimWire {
    fn call(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        Box::pin(
            async move { self.0.call(self.1, request).await.map_err(|_| WireError::Unknown("reset".into())) },
        )
    }
}

struct Book(Mapping);

impl MappingBook for Book {
    fn load(&self) -> Loaded {
        Ok((self.0.clone(), "1".into()))
    }

    fn edit(&self, _edit: &MappingEdit) -> Result<(Mapping, String), String> {
        Err("not here".into())
    }
}

struct NoHooks;

impl HookBook for NoHooks {
    fn hook(&self, _: &Account, _: &RemoteId) -> Result<Hook, String> {
        Err("no hooks".into())
    }

    fn bind(&self, _: &Account, _: &RemoteId) -> Result<(), String> {
        Ok(())
    }

    fn secrets(&self, _: &Account) -> Vec<(&'static str, secrecy::SecretString)> {
        Vec::new()
    }

    fn rotate(&self, _: &Account, _: i64) -> Result<secrecy::SecretString, String> {
        Err("no file here".into())
    }

    fn accept(&self, _: &Account, _: secrecy::SecretString, _: i64) -> Result<(), String> {
        Err("no file here".into())
    }

    fn label(&self, account: &Account) -> String {
        account.to_string()
    }
}

struct Rig {
    simulator: Simulator,
    engine: Arc<Engine>,
    task: tokio::task::JoinHandle<()>,
}

async fn person(simulator: &Simulator, service: Service, method: &str, path: &str, body: Value) -> Value {
    let access = simulator.access();
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("http://sim{path}"))
        .header("X-Simulator-Person", "1")
        .header("Content-Type", "application/json");
    request = match service {
        Service::Toggl => {
            use base64::Engine as _;
            let basic =
                base64::engine::general_purpose::STANDARD.encode(format!("{}:api_token", access.toggl_token));
            request.header("Authorization", format!("Basic {basic}"))
        }
        Service::Clockify => request.header("X-Api-Key", access.clockify_token),
    };
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let answer = simulator.call(service, request.body(body).unwrap()).await.unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {} {:?}", answer.status(), answer.body());
    serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
}

impl Rig {
    async fn new(plan: Plan) -> Self {
        let began = tokio::time::Instant::now();
        let clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> =
            Arc::new(move || start() + TimeDelta::from_std(began.elapsed()).unwrap());
        let simulator = Simulator::new(Options {
            seed: 1,
            plan: Plans { toggl: plan, clockify_free: false },
            world: World::Empty,
            clock: clock.clone(),
            deliverer: Arc::new(Nowhere),
        });
        let access = simulator.access();
        let project = person(
            &simulator,
            Service::Clockify,
            "POST",
            &format!("/api/v1/workspaces/{}/projects", access.clockify_workspace),
            json!({"name": "Unsorted"}),
        )
        .await;
        let fallback = Named { id: project["id"].as_str().unwrap().into(), name: "Unsorted".into() };
        let mapping =
            Mapping { fallback: BTreeMap::from([("mirror".into(), fallback)]), ..Mapping::default() };
        let setup = Setup {
            sources: vec![SourceSetup {
                account: "main".into(),
                tag: "ME".into(),
                base_url: "http://sim".into(),
                token: access.toggl_token.clone().into(),
                workspace: None,
                zone: None,
                managed: true,
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
                on_delete: OnDelete::Delete,
                sync_from: Some("2026-05-01".parse().unwrap()),
                wire: Arc::new(SimWire(simulator.clone(), Service::Clockify)),
            }],
            policy: Policy { hold_changes: 0, hold_deletions: 0, ..Policy::default() },
            public_url: None,
            instance: "hourwire test 0001".into(),
            hosted_by: "command".into(),
            mapping: Arc::new(Book(mapping)),
            hooks: Arc::new(NoHooks),
        };
        let disk = Arc::new(SimDisk::new(1));
        let (ledger, _) = Ledger::open(disk.clone(), LedgerOptions::default()).unwrap();
        let (inbox, _) = Inbox::open(disk, InboxOptions::default()).unwrap();
        let ledger = Arc::new(Mutex::new(ledger));
        let store = Arc::new(Memory::new(rows::index));
        catch_up(&ledger, store.as_ref()).unwrap();
        let seams = Seams { clock, ..Seams::real(None) };
        let ns: hourwire::journal::Clock = Arc::new(|| 0);
        let engine = Engine::new(Parts {
            setup,
            seams,
            ledger,
            store,
            inbox: InboxWriter::inline(Arc::new(Mutex::new(inbox)), ns),
        });
        let running = engine.clone();
        let task = tokio::spawn(async move { running.run(Door::new().1).await.unwrap() });
        Self { simulator, engine, task }
    }

    /// Descriptions in simulated Clockify, sorted.
    fn there(&self) -> Vec<String> {
        let state = self.simulator.state();
        let mut all: Vec<String> = state["clockify"]["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["description"].as_str().unwrap_or_default().to_owned())
            .collect();
        all.sort();
        all
    }
}

async fn track(rig: &Rig, text: &str, minutes_ago: i64) -> i64 {
    let begin = rig.simulator.now() - TimeDelta::minutes(minutes_ago);
    let body = json!({"created_with": "a person", "workspace_id": 4440001, "start": begin.to_rfc3339(), "duration": 600, "description": text});
    person(&rig.simulator, Service::Toggl, "POST", "/api/v9/workspaces/4440001/time_entries", body).await["id"]
        .as_i64()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_tracked_arrives_by_reading_alone() {
    let rig = Rig::new(Plan::Free).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let first = track(&rig, "first", 30).await;
    track(&rig, "second", 20).await;
    track(&rig, "second", 20).await;
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(rig.there(), ["first", "second", "second"]);
    let path = format!("/api/v9/workspaces/4440001/time_entries/{first}");
    person(&rig.simulator, Service::Toggl, "PUT", &path, json!({"description": "renamed", "tags": ["x"]}))
        .await;
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(rig.there(), ["renamed", "second", "second"]);
    person(&rig.simulator, Service::Toggl, "DELETE", &path, Value::Null).await;
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(rig.there(), ["second", "second"]);
    rig.engine.stop();
    rig.task.await.unwrap();
    let refused = rig.simulator.requests().iter().filter(|r| r.status >= Some(400)).count();
    assert_eq!(refused, 0, "{:?}", rig.simulator.requests());
}
