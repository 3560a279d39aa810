//! A stage: simulated services, the way to the receivers, and machines that start, are killed and start again.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures_util::future::BoxFuture;
use hourwire::cache::{Memory, rows};
use hourwire::domain::id::{RemoteId, Service};
use hourwire::domain::policy::{Policy, Reenable};
use hourwire::engine::seams::{Clock, ProbeFailure, Rules, Seams};
use hourwire::engine::setup::{Setup, SourceSetup};
use hourwire::engine::{Engine, Facts, Parts, Refused, catch_up};
use hourwire::journal::{Inbox, InboxOptions, InboxWriter, Ledger, LedgerOptions, SimDisk, Sizes};
use hourwire::receiver::{self, Hooks, Receiver, Refusals};
use hourwire::services::http::{Wire, WireError};
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Faults, Options, Plans, Simulator, World};
use http::{Method, Request, Response};
use rand::SeedableRng;
use rand::rngs::StdRng;
use secrecy::SecretString;
use serde_json::{Value, json};

pub use super::running::Running;

use super::books::{Book, Open};
use super::mirror::Mirror;
use super::way::{ELSEWHERE, Road, Trouble, Way};
use crate::books::Fixed;

pub const WORKSPACE: i64 = 4_440_001;
struct Line(Simulator, Arc<Way>);

impl Wire for Line {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        Box::pin(async move {
            self.1.waking().await;
            let creates =
                request.method() == Method::POST && request.uri().path().contains("/subscriptions/");
            if creates && self.1.twice.swap(false, SeqCst) {
                let _lost = self.0.call(Service::Toggl, request.clone()).await;
            }
            let answer = self.0.call(Service::Toggl, request).await;
            answer.map_err(|e| WireError::Unknown(e.to_string()))
        })
    }
}

/// The simulated services and the way.
pub struct Office {
    pub sim: Simulator,
    pub way: Arc<Way>,
    pub clock: Clock,
    /// Milliseconds for which every process stood still.
    still_ms: Arc<AtomicI64>,
}

impl Office {
    pub fn new(plan: Plan) -> Self {
        Self::of(plan, World::Empty, 7)
    }

    /// An office whose ids and draws come from a seed.
    pub fn seeded(plan: Plan, seed: u64) -> Self {
        Self::of(plan, World::Empty, seed)
    }

    pub fn of(plan: Plan, world: World, seed: u64) -> Self {
        let begin = tokio::time::Instant::now();
        let noon = Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap();
        let still_ms = Arc::new(AtomicI64::new(0));
        let still = still_ms.clone();
        let clock: Clock = Arc::new(move || {
            let awake = TimeDelta::from_std(begin.elapsed()).expect("a short test");
            noon + awake + TimeDelta::milliseconds(still.load(SeqCst))
        });
        let way = Arc::new(Way::default());
        let options = Options {
            seed,
            plan: Plans::of(plan),
            world,
            clock: clock.clone(),
            deliverer: Arc::new(Road(way.clone(), clock.clone())),
        };
        Self { sim: Simulator::new(options), way, clock, still_ms }
    }

    /// Everything stands still, as on a sleeping laptop; only the wall clocks go on.
    pub fn stand_still(&self, seconds: i64) {
        self.still_ms.fetch_add(seconds * 1_000, SeqCst);
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// A request to Toggl; a person's costs nothing, another program's costs quota.
    pub async fn ask(&self, method: Method, path: &str, body: Value, person: bool) -> Response<Bytes> {
        self.call(self.sim.access().toggl_token, method, path, body, person).await
    }

    async fn call(
        &self,
        token: String,
        method: Method,
        path: &str,
        body: Value,
        person: bool,
    ) -> Response<Bytes> {
        let pair =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{token}:api_token"));
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://toggl.test{path}"))
            .header("authorization", format!("Basic {pair}"))
            .header("content-type", "application/json");
        if person {
            request = request.header("x-simulator-person", "1");
        }
        let body = Bytes::from(if body.is_null() { String::new() } else { body.to_string() });
        self.sim.call(Service::Toggl, request.body(body).unwrap()).await.expect("an answer")
    }

    /// A person at work in the web page.
    pub async fn person(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, body, true).await;
        assert!(answer.status().is_success(), "{path}: {:?}", answer.body());
        serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
    }

    /// A person tracks an hour.
    pub async fn track(&self, description: &str) {
        let start = self.now() - TimeDelta::hours(2);
        let body = json!({"description": description, "workspace_id": WORKSPACE, "created_with": "web",
            "start": start.to_rfc3339(), "duration": 3600});
        self.person(Method::POST, &format!("/api/v9/workspaces/{WORKSPACE}/time_entries"), body).await;
    }

    /// A person changes an entry by its description.
    pub async fn change(&self, description: &str, change: Value) {
        let state = self.sim.state();
        let rows = state["toggl"]["time_entries"].as_array().cloned().unwrap_or_default();
        let row = rows.into_iter().find(|row| row["description"] == description).expect("the entry");
        let path = format!("/api/v9/workspaces/{WORKSPACE}/time_entries/{}", row["id"]);
        self.person(Method::PUT, &path, change).await;
    }

    /// A colleague tracks an hour; answers its id.
    pub async fn colleague_tracks(&self, description: &str) -> i64 {
        let token = self.sim.access().toggl_second_token.expect("a colleague");
        let start = self.now() - TimeDelta::hours(2);
        let body = json!({"description": description, "workspace_id": WORKSPACE, "created_with": "web",
            "start": start.to_rfc3339(), "duration": 3600});
        let path = format!("/api/v9/workspaces/{WORKSPACE}/time_entries");
        let answer = self.call(token, Method::POST, &path, body, true).await;
        let made: Value = serde_json::from_slice(answer.body()).expect("an entry");
        made["id"].as_i64().expect("an id")
    }

    /// A person switches a subscription in the web page.
    pub async fn switch(&self, id: &RemoteId, enabled: bool) {
        let path = format!("/webhooks/api/v1/subscriptions/{WORKSPACE}/{id}");
        self.person(Method::PATCH, &path, json!({ "enabled": enabled })).await;
    }

    /// A person makes a subscription of their own in the web page.
    pub async fn subscribe(&self, description: &str, enabled: bool) {
        let body = json!({"description": description, "url_callback": format!("https://{ELSEWHERE}/in"),
            "event_filters": [{"entity": "tag", "action": "created"}], "enabled": enabled});
        self.person(Method::POST, &format!("/webhooks/api/v1/subscriptions/{WORKSPACE}"), body).await;
    }

    /// What the service lists.
    pub async fn listed(&self) -> Vec<Value> {
        let path = format!("/webhooks/api/v1/subscriptions/{WORKSPACE}");
        self.person(Method::GET, &path, Value::Null).await.as_array().cloned().unwrap_or_default()
    }

    pub fn down(&self, down: bool) {
        self.trouble(down.then_some(Trouble::Status(502)));
    }

    /// Sets what is wrong with the way.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        self.way.set(trouble);
    }

    pub fn faults(&self, faults: Value) {
        let faults: Faults = serde_json::from_value(faults).unwrap();
        self.sim.set_faults(faults);
    }

    /// Requests that a program sent, as `METHOD path`.
    pub fn requests(&self) -> Vec<String> {
        self.sim.requests().iter().map(|r| format!("{} {}", r.method, r.path)).collect()
    }

    /// Requests that a program sent, with time and answer, for messages of failing tests.
    pub fn asked(&self) -> Vec<String> {
        let line = |r: &hourwire::simulator::listing::Asked| {
            format!("{} {} {} {:?} {:?}", r.time.format("%H:%M:%S"), r.method, r.path, r.status, r.remaining)
        };
        self.sim.requests().iter().map(line).collect()
    }

    pub fn count(&self, part: &str) -> usize {
        self.requests().iter().filter(|r| r.contains(part)).count()
    }

    /// Waits for a condition in simulated time; answers how many seconds it took.
    pub async fn until(&self, what: &str, ceiling_s: i64, mut is_so: impl FnMut() -> bool) -> i64 {
        let begin = self.now();
        loop {
            if is_so() {
                return (self.now() - begin).num_seconds();
            }
            assert!(self.now() - begin < TimeDelta::seconds(ceiling_s), "{what}: not in {ceiling_s} s");
            // Long waits look less often.
            tokio::time::sleep(Duration::from_millis(if ceiling_s > 1_000 { 10_000 } else { 200 })).await;
        }
    }

    /// Lets simulated time pass, to see that nothing happens.
    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

/// A person's settings and files on one machine; they survive kills.
#[derive(Clone)]
pub struct Machine {
    pub host: String,
    pub instance: String,
    pub reenable: Reenable,
    pub policy: Policy,
    /// It has a public address and makes a subscription; else it reads.
    pub managed: bool,
    /// The public address leads to this machine.
    pub reached: bool,
    /// The target, if it has one.
    pub mirror: Option<Mirror>,
    ledger: SimDisk,
    inbox: SimDisk,
    pub book: Arc<Book>,
    /// The frame at which the plug is pulled, counted over guard writes; 0 is never.
    pub plug: Arc<AtomicUsize>,
}

impl Machine {
    pub fn new(name: &str) -> Self {
        Self {
            host: format!("{name}.example.test"),
            instance: format!("hourwire {name} 0f1e"),
            reenable: Reenable::Evidence,
            policy: Policy::default(),
            managed: true,
            reached: true,
            mirror: None,
            ledger: SimDisk::new(1),
            inbox: SimDisk::new(2),
            book: Arc::new(Book::default()),
            plug: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// A machine that sends to Clockify.
    pub async fn with_mirror(name: &str, office: &Office) -> Self {
        Self { mirror: Some(Mirror::new(office).await), ..Self::new(name) }
    }

    /// Another machine with a copy of this one's state folder and settings, but not its address.
    pub fn copied(&self, name: &str) -> Self {
        Self {
            instance: format!("hourwire {name} 0f1e"),
            reached: false,
            ledger: self.ledger.crash(3),
            inbox: self.inbox.crash(4),
            plug: Arc::new(AtomicUsize::new(0)),
            ..self.clone()
        }
    }

    pub fn start(&self, office: &Office) -> Running {
        let clock = office.clock.clone();
        let ns: hourwire::journal::Clock =
            Arc::new(move || clock().timestamp_nanos_opt().expect("this century"));
        let hooks = Arc::new(Hooks::new(ns.clone()));
        self.book.publish(&hooks);
        if let Some(mirror) = &self.mirror {
            mirror.places.publish(&hooks);
        }
        let options = InboxOptions { sizes: Sizes::small(), ..InboxOptions::default() };
        let (inbox, _) = Inbox::open(Arc::new(self.inbox.clone()), options).unwrap();
        let inbox = InboxWriter::inline(Arc::new(Mutex::new(inbox)), ns.clone());
        let refusals = Arc::new(Refusals::new(hooks.clone(), ns.clone()));
        let receiver = Arc::new(Receiver::new(refusals.clone(), inbox.clone(), ns));
        let refusing = receiver.clone();
        if self.reached {
            office.way.receivers.lock().unwrap().insert(self.host.clone(), receiver);
        }
        let options = LedgerOptions { sizes: Sizes::small(), ..LedgerOptions::default() };
        let (ledger, _) = Ledger::open(Arc::new(self.ledger.clone()), options).unwrap();
        let ledger = Arc::new(Mutex::new(ledger));
        let store = Arc::new(Memory::new(rows::index));
        catch_up(&ledger, store.as_ref()).unwrap();
        let setup = self.setup(office, hooks);
        let seams = self.seams(office);
        let reader = inbox.clone();
        let engine = Engine::new(Parts { setup, seams, ledger, store: store.clone(), inbox });
        let refused = move || refusals.list().into_iter().map(refused).collect();
        engine.know(Facts {
            refused: Some(Arc::new(refused)),
            rejected: Some(Arc::new(move || refusing.rejected())),
            ..Facts::default()
        });
        let (door, arrivals) = tokio::sync::mpsc::channel(1);
        let task = tokio::spawn(engine.clone().run(arrivals));
        Running { engine, store, inbox: reader, task, door, host: self.host.clone() }
    }

    fn seams(&self, office: &Office) -> Seams {
        let (way, host, clock) = (office.way.clone(), self.host.clone(), office.clock.clone());
        let reached = self.reached;
        let probe = move || -> BoxFuture<'static, Result<(), ProbeFailure>> {
            let (way, host, clock) = (way.clone(), host.clone(), clock.clone());
            Box::pin(async move {
                way.waking().await;
                let bad = |kind, say: String| Err(ProbeFailure { kind, say });
                match way.trouble(clock()) {
                    Some(Trouble::Status(code)) => return bad("status", format!("HTTP {code}")),
                    Some(Trouble::Broken(kind, say)) => return bad(kind, say.into()),
                    Some(Trouble::Slow(s)) => tokio::time::sleep(Duration::from_secs(s)).await,
                    _ => {}
                }
                let there = reached && way.receivers.lock().unwrap().contains_key(&host);
                if there { Ok(()) } else { bad("connection", "connection refused".into()) }
            })
        };
        let plug = self.plug.clone();
        let pull = move |point: &'static str| {
            point.starts_with("guard ")
                && point != "guard probe"
                && plug.load(SeqCst) > 0
                && plug.fetch_sub(1, SeqCst) == 1
        };
        Seams {
            clock: office.clock.clone(),
            random: Arc::new(Mutex::new(StdRng::seed_from_u64(3))),
            probe: Some(Arc::new(probe)),
            plug: Arc::new(pull),
            rules: Rules::default(),
        }
    }

    fn setup(&self, office: &Office, hooks: Arc<Hooks>) -> Setup {
        let source = SourceSetup {
            account: "main".into(),
            tag: "ME".into(),
            base_url: "https://toggl.test".into(),
            token: SecretString::from(office.sim.access().toggl_token),
            workspace: None,
            zone: None,
            managed: self.managed,
            reenable: self.reenable,
            read_every_s: 300,
            wire: Arc::new(Line(office.sim.clone(), office.way.clone())),
        };
        Setup {
            sources: vec![source],
            targets: self.mirror.iter().map(|mirror| mirror.setup(office)).collect(),
            policy: self.policy.clone(),
            public_url: self.managed.then(|| format!("https://{}", self.host)),
            instance: self.instance.clone(),
            hosted_by: "serve".into(),
            mapping: self.mirror.as_ref().map_or_else(|| Arc::new(Fixed::default()) as _, Mirror::mapping),
            hooks: Arc::new(Open {
                book: self.book.clone(),
                places: self.mirror.as_ref().map(|mirror| mirror.places.clone()),
                hooks,
                clock: office.clock.clone(),
            }),
        }
    }
}

fn refused((label, found): (String, receiver::Refused)) -> (String, Refused) {
    let at = DateTime::from_timestamp_nanos(found.unix_ns);
    (label, Refused { in_a_row: found.in_a_row, at, why: found.reason.as_str().to_owned() })
}

/// A machine with a live subscription.
pub async fn live(office: &Office, machine: &Machine) -> Running {
    let running = machine.start(office);
    office.until("a live subscription", 60, || running.is_well()).await;
    running
}
