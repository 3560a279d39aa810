//! `demo`: simulator, engine, receiver and dashboard in one process. No account, no config file, no network.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure, Outcome};
use super::host::books::{MappingOnDisk, SecretsOnDisk};
use super::host::{self, Spec};
use super::options::Global;
use super::{dashboard, signals};
use crate::config::mapping::version;
use crate::config::settings::{Hooks as Hooked, Ui};
use crate::config::state::HostedBy;
use crate::domain::mapping::{MappingEdit, Named, SourceRef};
use crate::domain::policy::{OnDelete, Policy, Reenable};
use crate::engine::setup::{MappingBook, Setup, SourceSetup, TargetSetup};
use crate::journal::system_clock;
use crate::receiver::Hooks;
use crate::services::http::ReqwestWire;
use crate::simulator::office::{OfficeOptions, Scenario, run_with};
use crate::simulator::serve::{Running, ServeOptions};
use crate::simulator::tunnel::Tunnel;
use crate::simulator::{Plans, World, serve};
use crate::telemetry::logs;
use crate::tui::connect::Once;
use crate::tui::start;

/// Days of history that the demo sends to Clockify at its first start.
const DAYS: u64 = 14;
/// How many seconds the clock of the demo's machine is ahead; only a scenario about a wrong clock sets it.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// The clock of the demo's machine.
fn clock() -> DateTime<Utc> {
    Utc::now() + TimeDelta::seconds(AHEAD.load(Ordering::Relaxed))
}

/// Sets that clock as the scenario wants it.
async fn set_clock(steps: &'static [(f64, i64)], speed: f64, cancel: CancellationToken) {
    let mut passed = 0.0;
    for (at, ahead) in steps {
        tokio::select! { biased;
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs_f64((at - passed) / speed)) => {}
        }
        passed = *at;
        AHEAD.store(*ahead, Ordering::Relaxed);
    }
}

/// The whole product against the built-in simulator: no account, no config file, no network
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hourwire demo --speed 4")]
pub struct Demo {
    /// Without dashboard; the first line on standard output says where everything is
    #[arg(long)]
    pub headless: bool,
    /// What happens: office, calm, free, free-blind, free-upgrade, clock-skew, or to the webhook: webhook-502, -unvalidated,
    /// -silent, -rights, -plan, -quota, -name, -secret, -drift, to Clockify's: webhook-downgrade, webhook-clockify-502, webhook-clockify-drift,
    /// or clockify-edit: somebody edits an entry there
    #[arg(long, value_name = "NAME", default_value = "office")]
    pub scenario: String,
    /// How fast people work; 2 is twice as fast
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub speed: f64,
    /// Equal seeds make equal worlds
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

impl Default for Demo {
    fn default() -> Self {
        Self { headless: false, scenario: "office".into(), speed: 1.0, seed: 1 }
    }
}

/// Runs until the person leaves, or until a signal comes.
pub async fn run(global: &Global, options: &Demo) -> Outcome {
    let Some(scenario) = Scenario::named(&options.scenario) else {
        let known: Vec<&str> = Scenario::names().collect();
        return Err(Failure::usage(format!(
            "--scenario {}: choose one of {}",
            options.scenario,
            known.join(", ")
        )));
    };
    if !(options.speed > 0.0 && options.speed <= 1_000.0) {
        return Err(Failure::usage("--speed: choose a number above 0 and up to 1000"));
    }
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if !options.headless && !terminal {
        return Err(Failure::usage(
            "the demo's dashboard needs a terminal; without one: `hourwire demo --headless`",
        ));
    }
    let folder = Folder::new(global.state_dir.clone())?;
    let _logs = logs::init(&folder.path.join("logs"), global.log_level("info")).map_err(Failure::usage)?;
    let cancel = signals::cancelled_by_signals()?;
    let outcome = play(global, options, scenario, &folder.path, cancel.clone()).await;
    cancel.cancel();
    outcome
}

async fn play(
    global: &Global,
    options: &Demo,
    scenario: Scenario,
    folder: &Path,
    cancel: CancellationToken,
) -> Outcome {
    let world = ServeOptions {
        listen: None,
        tls: None,
        world: World::Demo,
        plan: Plans::of(scenario.plan()),
        seed: options.seed,
    };
    let services = serve::start(world, cancel.clone()).await.map_err(Failure::not_well)?;
    let receiver = host::bind(([127, 0, 0, 1], 0).into(), "the receiver").await?;
    let metrics = host::bind(([127, 0, 0, 1], 0).into(), "the metrics").await?;
    let address = receiver.local_addr().map_err(Failure::not_well)?;
    let tunnel = Tunnel::start(address, cancel.clone()).await.map_err(Failure::not_well)?;
    let mut spec = spec(folder, &services, tunnel.url())?;
    spec.receiver = Some(receiver);
    spec.metrics = Some(metrics);
    let hosted = host::start(spec, cancel.clone()).await?;
    let work = OfficeOptions { seed: options.seed, speed: options.speed, scenario };
    tokio::spawn(set_clock(scenario.clock(), options.speed, cancel.clone()));
    let breaker = Arc::new(move |bad| tunnel.set_down(bad));
    tokio::spawn(run_with(services.simulator.clone(), work, breaker, cancel.clone()));
    if options.headless {
        let mut ready = hosted.ready.clone();
        ready.simulator = Some(services.ready);
        ready.print();
        cancel.cancelled().await;
    } else {
        let viewer =
            hosted.door.enter().await.ok_or_else(|| Failure::not_well("the engine ended at once"))?;
        let look = start::Options {
            ui: dashboard::ui(global, Ui::default()),
            viewer_started_engine: false,
            ids: dashboard::ids(),
            save_theme: None,
            clock: Some(clock),
        };
        start::run(look, Once::new(viewer), folder)
            .await
            .map_err(|e| Failure::not_well(format!("the terminal failed: {e}")))?;
    }
    cancel.cancel();
    hosted.ended().await?;
    Ok(Exit::Good)
}

/// The defaults, but for checks so often that nobody who watches a demo waits for one.
pub fn policy() -> Policy {
    Policy { check_every_s: 45, ..Policy::default() }
}

fn spec(folder: &Path, services: &Running, public_url: String) -> Result<Spec, Failure> {
    let hooks = Arc::new(Hooks::new(system_clock()));
    let secrets = SecretsOnDisk::open(folder.to_path_buf(), "demo", hooks.clone()).map_err(Failure::usage)?;
    let access = &services.access;
    let wire = |base: &str| ReqwestWire::for_base(base).map(Arc::new).map_err(Failure::not_well);
    let (toggl, clockify) = (services.toggl.clone(), services.clockify.clone());
    let mapping = MappingOnDisk { config_dir: folder.to_path_buf() };
    link_by_name(&mapping, &services.simulator.state())?;
    let setup = Setup {
        sources: vec![SourceSetup {
            account: "main".into(),
            tag: "HP".into(),
            wire: wire(&toggl)?,
            base_url: toggl,
            token: access.toggl_token.clone().into(),
            workspace: Some(access.toggl_workspace.into()),
            zone: None,
            managed: true,
            reenable: Reenable::Evidence,
            read_every_s: 300,
        }],
        targets: vec![TargetSetup {
            account: "mirror".into(),
            tag: "CL".into(),
            wire: wire(&clockify)?,
            base_url: clockify,
            token: access.clockify_token.clone().into(),
            workspace: access.clockify_workspace.as_str().into(),
            managed: true,
            on_delete: OnDelete::Retire,
            sync_from: Some(services.simulator.now().date_naive() - chrono::Days::new(DAYS)),
        }],
        policy: policy(),
        public_url: Some(public_url),
        instance: format!("hourwire demo {}", secrets.instance()),
        hosted_by: HostedBy::Demo.as_str().to_owned(),
        mapping: Arc::new(mapping),
        hooks: Arc::new(secrets),
    };
    Ok(Spec {
        state_dir: folder.to_path_buf(),
        setup,
        hooks,
        receiver: None,
        metrics: None,
        hosted_by: HostedBy::Demo,
        asks: true,
        config_dir: Some(folder.to_path_buf()),
        settings: None,
        commands: Hooked::default(),
        clock,
    })
}

/// Links every project whose name stands on both sides; what is left over is the demo's unmapped project.
fn link_by_name(mapping: &MappingOnDisk, state: &Value) -> Result<(), Failure> {
    let rows = |service: &str| state[service]["projects"].as_array().cloned().unwrap_or_default();
    let theirs = rows("clockify");
    let mut found = mapping.load().map_or_else(|_| version(""), |(_, found)| found);
    for ours in rows("toggl") {
        let Some(name) = ours["name"].as_str() else { continue };
        let Some(there) = theirs.iter().find(|p| p["name"].as_str() == Some(name)) else { continue };
        let source = SourceRef {
            account: "main".into(),
            id: ours["id"].as_i64().unwrap_or_default().into(),
            name: name.to_owned(),
        };
        let to = Named { id: there["id"].as_str().unwrap_or_default().into(), name: name.to_owned() };
        let edit = MappingEdit::LinkProject { source, target: "mirror".into(), to, from: None };
        (_, found) = mapping.edit(&found, &edit).map_err(Failure::not_well)?;
    }
    Ok(())
}

/// The demo's folder: the chosen one, or a fresh one that is removed at the end.
struct Folder {
    path: PathBuf,
    ours: bool,
}

impl Folder {
    fn new(chosen: Option<PathBuf>) -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt;
        let ours = chosen.is_none();
        let path = chosen.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("hourwire-demo-{:016x}", rand::random::<u64>()))
        });
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|e| {
            Failure::usage(format!("{} can't be made: {e}; choose another --state-dir", path.display()))
        })?;
        Ok(Self { path, ours })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.ours {
            // What is left in a temporary folder is the system's to clean.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
