//! One engine beside the simulator in one process and in paused time, by reading alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc};
use futures_util::future::BoxFuture;
use hourwire::cache::Memory;
use hourwire::cache::rows;
use hourwire::control::command::{Command, Wish};
use hourwire::control::link::Door;
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::domain::id::Service;
use hourwire::domain::mapping::{Mapping, Named};
use hourwire::domain::policy::{OnDelete, Policy, Reenable};
use hourwire::engine::seams::Seams;
use hourwire::engine::setup::{Setup, SourceSetup, TargetSetup};
use hourwire::engine::{Engine, Parts, catch_up};
use hourwire::journal::{Inbox, InboxOptions, InboxWriter, Ledger, LedgerOptions, SimDisk};
use hourwire::services::http::{Wire, WireError};
use hourwire::simulator::deliver::Nowhere;
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Options, Plans, Simulator, World};
use serde_json::{Value, json};

use crate::books::{Fixed, NoHooks};
use crate::person::person;

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 5, 12, 8, 0, 0).unwrap()
}

/// Entries that reads of Toggl do not show.
type Hidden = Arc<Mutex<BTreeSet<i64>>>;

struct SimWire(Simulator, Service, Hidden);

impl Wire for SimWire {
    fn call(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        Box::pin(async move {
            let answer = self.0.call(self.1, request).await;
            let answer = answer.map_err(|_| WireError::Unknown("reset".into()))?;
            let (head, body) = answer.into_parts();
            let body = match serde_json::from_slice(&body) {
                Ok(Value::Array(mut rows)) => {
                    let hidden = self.2.lock().unwrap();
                    rows.retain(|row| row["id"].as_i64().is_none_or(|id| !hidden.contains(&id)));
                    Bytes::from(Value::Array(rows).to_string())
                }
                _ => body,
            };
            Ok(http::Response::from_parts(head, body))
        })
    }
}

/// The engine and what it works on.
pub struct Rig {
    pub simulator: Simulator,
    pub engine: Arc<Engine>,
    task: tokio::task::JoinHandle<()>,
    door: Door,
    hidden: Hidden,
}

impl Rig {
    /// A running engine on an empty world.
    pub async fn new(plan: Plan) -> Self {
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
        let hidden = Hidden::default();
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
                wire: Arc::new(SimWire(simulator.clone(), Service::Toggl, hidden.clone())),
            }],
            targets: vec![TargetSetup {
                account: "mirror".into(),
                tag: "CL".into(),
                base_url: "http://sim/api/v1".into(),
                token: access.clockify_token.clone().into(),
                workspace: access.clockify_workspace.as_str().into(),
                managed: false,
                on_delete: OnDelete::Delete,
                sync_from: Some("2026-05-01".parse().unwrap()),
                wire: Arc::new(SimWire(simulator.clone(), Service::Clockify, hidden.clone())),
            }],
            policy: Policy { hold_changes: 0, hold_deletions: 0, ..Policy::default() },
            public_url: None,
            instance: "hourwire test 0001".into(),
            hosted_by: "command".into(),
            mapping: Arc::new(Fixed(mapping)),
            hooks: Arc::new(NoHooks::default()),
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
        let (door, arrivals) = Door::new();
        let task = tokio::spawn(async move { running.run(arrivals).await.unwrap() });
        Self { simulator, engine, task, door, hidden }
    }

    /// Replaces the faults of the services.
    pub fn faults(&self, faults: Value) {
        self.simulator.set_faults(serde_json::from_value(faults).unwrap());
    }

    /// From now on no read of Toggl shows this entry.
    pub fn hide(&self, entry: i64) {
        self.hidden.lock().unwrap().insert(entry);
    }

    /// A person asks for the days around today.
    pub async fn backfill(&self) {
        let today = self.simulator.now().date_naive();
        let wish = Wish::Backfill { from: today - Days::new(3), to: today + Days::new(1), dry: false };
        let mut viewer = self.door.enter().await.unwrap();
        let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "ida".into() };
        viewer.to_engine.send(hello).await.unwrap();
        let command = Command { id: today.to_string(), wish };
        viewer.to_engine.send(ToEngine::Command(command)).await.unwrap();
        while !matches!(viewer.from_engine.recv().await.unwrap(), FromEngine::Reply { .. }) {}
    }

    /// Stops the engine; nothing it did was refused for quota.
    pub async fn end(self) {
        self.engine.stop();
        self.task.await.unwrap();
        let dry = self.simulator.requests().iter().filter(|r| matches!(r.status, Some(402 | 429))).count();
        assert_eq!(dry, 0, "{:?}", self.simulator.requests());
    }

    /// Descriptions in simulated Clockify, sorted.
    pub fn there(&self) -> Vec<String> {
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

/// Tracks ten minutes that began some minutes ago; answers the entry's id.
pub async fn track(rig: &Rig, text: &str, minutes_ago: i64) -> i64 {
    let begin = rig.simulator.now() - TimeDelta::minutes(minutes_ago);
    let body = json!({"created_with": "a person", "workspace_id": 4440001, "start": begin.to_rfc3339(), "duration": 600, "description": text});
    person(&rig.simulator, Service::Toggl, "POST", "/api/v9/workspaces/4440001/time_entries", body).await["id"]
        .as_i64()
        .unwrap()
}
