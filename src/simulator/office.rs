//! People at work, for the demo: they start, stop, edit and forget, through the same API as everybody.
//!
//! Their requests carry the person header, so the quota of the program under test stays what it is.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{SecondsFormat, TimeDelta};
use http::{Method, Request};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::faults::Faults;
use super::options::PlanChange;
use super::scenes::{Act, SCENES, Scene, happen};
use super::seam::Simulator;
use super::toggl::Plan;
use super::worlds::WORDS;
use crate::domain::id::Service;

/// What happens while the demo runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Scenario {
    /// Events every few seconds; one subscription goes bad and heals within the first two minutes.
    #[default]
    Office,
    /// An event now and then, and nothing goes wrong.
    Calm,
    /// Free plans, and another program on the same token spends the same thirty requests an hour.
    Free,
    /// The same, and the service tells no numbers with its answers.
    FreeBlind,
    /// The same, and after a while the plan is raised.
    FreeUpgrade,
    /// The same, and the clock of the machine under test is wrong: it is set ahead, back, and right again.
    ClockSkew,
    /// Something happens to the webhook.
    Scene(Scene),
}

/// The scenarios without scenes, by the name of `--scenario`.
const PLAIN: [(&str, Scenario); 6] = [
    ("office", Scenario::Office),
    ("calm", Scenario::Calm),
    ("free", Scenario::Free),
    ("free-blind", Scenario::FreeBlind),
    ("free-upgrade", Scenario::FreeUpgrade),
    ("clock-skew", Scenario::ClockSkew),
];

impl Scenario {
    /// The names for `--scenario`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PLAIN.iter().map(|(name, _)| *name).chain(SCENES.iter().map(|scene| scene.name))
    }

    /// The scenario of a name.
    pub fn named(name: &str) -> Option<Self> {
        let plain = PLAIN.iter().find(|(n, _)| *n == name).map(|(_, scenario)| *scenario);
        plain.or_else(|| Scene::named(name).map(Self::Scene))
    }

    /// Shortest and longest pause between events, in seconds.
    fn beat(self) -> (f64, f64) {
        match self {
            Self::Office | Self::Scene(_) => (2.0, 5.0),
            Self::Calm => (10.0, 25.0),
            Self::Free | Self::FreeBlind | Self::FreeUpgrade | Self::ClockSkew => (6.0, 14.0),
        }
    }

    /// The plan at the start.
    pub fn plan(self) -> Plan {
        if self.is_shared() { Plan::Free } else { Plan::Premium }
    }

    /// Another program uses the token too.
    fn is_shared(self) -> bool {
        matches!(self, Self::Free | Self::FreeBlind | Self::FreeUpgrade | Self::ClockSkew)
    }

    /// How wrong the clock of the machine under test is: from so many seconds of the office on, by so many seconds.
    pub fn clock(self) -> &'static [(f64, i64)] {
        if self == Self::ClockSkew { &CLOCK } else { &[] }
    }
}

/// How the office works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfficeOptions {
    /// Decides who does what.
    pub seed: u64,
    /// 2 is twice as fast.
    pub speed: f64,
    /// What happens.
    pub scenario: Scenario,
}

/// Three hours ahead, then one behind, then right again.
const CLOCK: [(f64, i64); 3] = [(45.0, 3 * 3_600), (150.0, -3_600), (240.0, 0)];
/// Events after which a plan is raised.
const RAISED_AFTER: u32 = 12;
/// How long a subscription has been healthy before it goes bad, in seconds of the office.
const HEALTHY_FIRST: f64 = 25.0;
/// How long the address stays bad: until the subscription is disabled, and so long that whoever asks it every 20
/// seconds has seen it. However fast people work, services and programs keep their own pace.
const BAD: (Duration, Duration) = (Duration::from_secs(25), Duration::from_secs(60));
/// For so long people behind an address that went bad only add what nobody touches again: it is what proves that
/// nothing was delivered.
const CAREFUL: Duration = Duration::from_secs(120);

/// Where the one outage stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outage {
    /// No subscription receives events yet.
    Waiting,
    /// It goes bad at this moment.
    Due(Instant),
    /// Deliveries fail since then.
    Bad(Instant),
    /// Over, or none in this scenario.
    Over,
}

/// Makes the way to the callback bad (`true`) or good again.
pub type Breaker = Arc<dyn Fn(bool) + Send + Sync>;

/// Plays people at work until told to stop. The outage happens inside the simulator: deliveries fail on their way.
pub async fn run(simulator: Simulator, options: OfficeOptions, stop: CancellationToken) {
    let inside = simulator.clone();
    let breaker: Breaker = Arc::new(move |bad| inside.set_failing(if bad { 1.0 } else { 0.0 }));
    run_with(simulator, options, breaker, stop).await;
}

/// The same with an outage of the caller's making, for example of a [`super::tunnel::Tunnel`].
pub async fn run_with(
    simulator: Simulator,
    options: OfficeOptions,
    breaker: Breaker,
    stop: CancellationToken,
) {
    if options.scenario == Scenario::FreeBlind {
        simulator.set_faults(Faults { hide_quota: true, ..simulator.faults() });
    }
    let mut office = Office {
        rng: StdRng::seed_from_u64(options.seed ^ 0x000f_f1ce),
        speed: if options.speed > 0.0 { options.speed } else { 1.0 },
        scenario: options.scenario,
        events: 0,
        outage: if options.scenario == Scenario::Office { Outage::Waiting } else { Outage::Over },
        healthy: None,
        acts: 0,
        bad: None,
        breaker,
        simulator,
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = office.work() => {}
    }
    if matches!(office.outage, Outage::Bad(_)) {
        (office.breaker)(false);
    }
}

struct Office {
    simulator: Simulator,
    breaker: Breaker,
    rng: StdRng,
    speed: f64,
    scenario: Scenario,
    events: u32,
    outage: Outage,
    /// Since when a subscription receives events, and how many acts of the scene have happened.
    healthy: Option<Instant>,
    acts: usize,
    /// When the way to the address went bad, and whether it still is.
    bad: Option<(Instant, bool)>,
}

impl Office {
    async fn work(&mut self) {
        loop {
            let (least, most) = self.scenario.beat();
            let pause = self.rng.random_range(least..most);
            let pause = if self.is_cut_off() { Duration::from_secs_f64(pause) } else { self.scaled(pause) };
            tokio::time::sleep(pause).await;
            self.weather();
            self.scene();
            self.event().await;
            if self.scenario.is_shared() {
                self.other_program().await;
            }
        }
    }

    /// A menu-bar timer with the same token: it looks at the running timer, now and then at the projects.
    async fn other_program(&mut self) {
        self.events += 1;
        if self.scenario == Scenario::FreeUpgrade && self.events == RAISED_AFTER {
            self.simulator.set_plan(PlanChange { toggl: Some(Plan::Premium), clockify: None });
        }
        let access = self.simulator.access();
        let mut paths = vec!["/me/time_entries/current".to_owned()];
        if self.events.is_multiple_of(3) {
            paths.push(format!("/workspaces/{}/projects", access.toggl_workspace));
        }
        for path in paths {
            self.send(&access.toggl_token, Method::GET, &path, &Value::Null, false).await;
        }
    }

    fn scaled(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds / self.speed)
    }

    /// Takes the way to the address down, or up again.
    fn set_way(&mut self, bad: bool) {
        (self.breaker)(bad);
        let since = self.bad.filter(|_| !bad).map_or_else(Instant::now, |(since, _)| since);
        self.bad = Some((since, bad));
    }

    /// Deliveries are lost because of the way, and nobody has mended it yet.
    fn is_cut_off(&self) -> bool {
        self.bad
            .is_some_and(|(since, bad)| since.elapsed() < CAREFUL && (bad || self.simulator.receiving() == 0))
    }

    /// Lets the acts of the scene happen that are due, in seconds of the clock.
    fn scene(&mut self) {
        let Scenario::Scene(scene) = self.scenario else { return };
        if self.healthy.is_none() && self.simulator.receiving() > 0 {
            self.healthy = Some(Instant::now());
        }
        let Some(healthy) = self.healthy else { return };
        while let Some((at, act)) = scene.acts.get(self.acts) {
            if Instant::now() < healthy + Duration::from_secs_f64(*at) {
                return;
            }
            self.acts += 1;
            if let Act::Way(bad) = act {
                self.set_way(*bad);
            }
            happen(&self.simulator, *act);
        }
    }

    /// Lets one subscription go bad once, until Toggl has disabled it.
    fn weather(&mut self) {
        let now = Instant::now();
        let receiving = self.simulator.receiving() > 0;
        self.outage = match self.outage {
            Outage::Waiting if receiving => Outage::Due(now + self.scaled(HEALTHY_FIRST)),
            Outage::Due(at) if now >= at => {
                self.set_way(true);
                Outage::Bad(now)
            }
            Outage::Bad(since) if now >= since + if receiving { BAD.1 } else { BAD.0 } => {
                self.set_way(false);
                Outage::Over
            }
            other => other,
        };
    }

    async fn event(&mut self) {
        let access = self.simulator.access();
        if self.is_cut_off() {
            return self.add_earlier(&access.toggl_token, access.toggl_workspace).await;
        }
        let tokens: Vec<String> =
            [Some(access.toggl_token), access.toggl_second_token].into_iter().flatten().collect();
        let token = tokens[self.rng.random_range(0..tokens.len())].clone();
        let workspace = access.toggl_workspace;
        let running = self.ask(&token, Method::GET, "/me/time_entries/current", &Value::Null).await;
        match (running["id"].as_i64(), self.rng.random_range(0..10)) {
            (None, 0..=6) | (Some(_), 0..=2) => self.start(&token, workspace).await,
            (Some(id), 3..=5) => {
                let path = format!("/workspaces/{workspace}/time_entries/{id}/stop");
                self.ask(&token, Method::PATCH, &path, &Value::Null).await;
            }
            (_, 7) => self.add_earlier(&token, workspace).await,
            _ => self.edit(&token, workspace).await,
        }
    }

    async fn start(&mut self, token: &str, workspace: i64) {
        let now = self.simulator.now().to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut body =
            json!({"created_with": "web", "workspace_id": workspace, "start": now, "duration": -1});
        self.describe(token, &mut body).await;
        self.ask(token, Method::POST, &format!("/workspaces/{workspace}/time_entries"), &body).await;
    }

    /// Half an hour of this morning that somebody forgot to track.
    async fn add_earlier(&mut self, token: &str, workspace: i64) {
        let back = TimeDelta::minutes(self.rng.random_range(45..240));
        let start = (self.simulator.now() - back).to_rfc3339_opts(SecondsFormat::Secs, true);
        let seconds = self.rng.random_range(10..40) * 60;
        let mut body =
            json!({"created_with": "web", "workspace_id": workspace, "start": start, "duration": seconds});
        self.describe(token, &mut body).await;
        self.ask(token, Method::POST, &format!("/workspaces/{workspace}/time_entries"), &body).await;
    }

    /// Rewords or moves one of the last entries.
    async fn edit(&mut self, token: &str, workspace: i64) {
        let recent = self.ask(token, Method::GET, "/me/time_entries", &Value::Null).await;
        let finished: Vec<i64> = recent
            .as_array()
            .into_iter()
            .flatten()
            .filter(|row| !row["stop"].is_null())
            .filter_map(|row| row["id"].as_i64())
            .take(6)
            .collect();
        if finished.is_empty() {
            return;
        }
        let id = finished[self.rng.random_range(0..finished.len())];
        let mut body = json!({});
        self.describe(token, &mut body).await;
        self.ask(token, Method::PUT, &format!("/workspaces/{workspace}/time_entries/{id}"), &body).await;
    }

    /// Mostly a description and a project; sometimes one is forgotten.
    async fn describe(&mut self, token: &str, body: &mut Value) {
        body["description"] = json!(WORDS[self.rng.random_range(0..WORDS.len())]);
        let projects = self.ask(token, Method::GET, "/me/projects", &Value::Null).await;
        let ids: Vec<i64> =
            projects.as_array().into_iter().flatten().filter_map(|row| row["id"].as_i64()).collect();
        if !ids.is_empty() && self.rng.random_bool(0.92) {
            body["project_id"] = json!(ids[self.rng.random_range(0..ids.len())]);
        }
    }

    async fn ask(&self, token: &str, method: Method, path: &str, body: &Value) -> Value {
        self.send(token, method, path, body, true).await
    }

    /// A request of a person in the web page, or of another program that pays for it.
    async fn send(&self, token: &str, method: Method, path: &str, body: &Value, person: bool) -> Value {
        let credentials = STANDARD.encode(format!("{token}:api_token"));
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v9{path}"))
            .header("Authorization", format!("Basic {credentials}"))
            .header("Content-Type", "application/json");
        let request = if person { request.header("X-Simulator-Person", "1") } else { request };
        let Ok(request) = request.body(bytes) else { return Value::Null };
        match self.simulator.call(Service::Toggl, request).await {
            Ok(answer) => serde_json::from_slice(answer.body()).unwrap_or(Value::Null),
            Err(_) => Value::Null,
        }
    }
}
