//! Hosting an engine: journals, cache, receiver, door and metrics put together. `serve` and `demo` differ only in
//! what they hand in.

pub mod books;
mod engine_thread;
mod hook_command;
mod incident_watch;
mod quota_watch;
mod settings;
pub mod wiring;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::engine_thread::Receiving;
use super::exit::Failure;
use super::ready::Ready;
use crate::config::paths::control_socket;
use crate::config::settings::{Hooks as Commands, Settings};
use crate::config::state::{EngineLock, HostedBy, LockInfo};
use crate::control::link::Door;
use crate::control::socket;
use crate::engine::setup::Setup;
use crate::journal::{Disk, Inbox, InboxOptions, InboxWriter, RealDisk, system_clock};
use crate::receiver::{self, Hooks, Receiver, Refusals};
use crate::telemetry::metrics::{self, Metrics};

/// What is hosted.
pub struct Spec {
    /// The folder of the engine's own files; it exists.
    pub state_dir: PathBuf,
    /// Accounts, policy, books; its hook book publishes to `hooks`.
    pub setup: Setup,
    /// The table of hooks that the receiver believes.
    pub hooks: Arc<Hooks>,
    /// Where deliveries arrive; `None` runs without a receiver.
    pub receiver: Option<TcpListener>,
    /// Where `/metrics` is served.
    pub metrics: Option<TcpListener>,
    /// Who hosts it.
    pub hosted_by: HostedBy,
    /// The services are asked and sent to; else only what is kept can be read and decided.
    pub asks: bool,
    /// The folder whose mapping file is watched.
    pub config_dir: Option<PathBuf>,
    /// What `hourwire.toml` said, where there is one to follow.
    pub settings: Option<Settings>,
    /// Commands that run when something happens.
    pub commands: Commands,
    /// The wall clock: the system's, but in a demo of a wrong one.
    pub clock: fn() -> DateTime<Utc>,
}

/// A hosted engine.
pub struct Hosted {
    /// Addresses, for the ready line.
    pub ready: Ready,
    /// The way in for viewers of this process.
    pub door: Door,
    /// Ends everything when cancelled.
    pub cancel: CancellationToken,
    ending: oneshot::Receiver<Result<(), String>>,
    sockets: socket::Listening,
    _lock: EngineLock,
}

impl Hosted {
    /// Waits until at most this process is attached, for so long.
    pub async fn alone(&self, ceiling: Duration) {
        self.sockets.alone(ceiling).await;
    }

    /// Waits until the engine has ended and every viewer has been let out; the error is one sentence.
    pub async fn ended(self) -> Result<(), Failure> {
        let outcome = self.ending.await;
        self.sockets.ended().await;
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(say)) => Err(Failure::not_well(say)),
            Err(_) => {
                Err(Failure::not_well("the engine panicked; the log says where. Nothing is lost: restart it"))
            }
        }
    }
}

/// Starts everything. The receiver answers and the door is open when this returns; the cache may still be opening.
pub async fn start(mut spec: Spec, cancel: CancellationToken) -> Result<Hosted, Failure> {
    let control = control_socket(&spec.state_dir).map_err(Failure::usage)?;
    let info = LockInfo {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        control: control.clone(),
        started_at: Utc::now(),
        hosted_by: spec.hosted_by,
    };
    let lock = EngineLock::acquire(&spec.state_dir, &info).map_err(Failure::usage)?;
    let inbox_disk: Arc<dyn Disk> =
        Arc::new(RealDisk::open(spec.state_dir.join("inbox")).map_err(Failure::usage)?);
    let (inbox, recovered) = Inbox::open(inbox_disk, InboxOptions::default()).map_err(Failure::usage)?;
    tracing::info!(?recovered, "inbox open");
    let (inbox, _writer) = InboxWriter::spawn(inbox, system_clock()).map_err(Failure::not_well)?;
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
    let mut ready = Ready { control: Some(control.display().to_string()), ..Ready::now() };
    let refusals = Arc::new(Refusals::new(spec.hooks.clone(), system_clock()));
    let receiver = Arc::new(
        Receiver::new(refusals.clone(), inbox.clone(), system_clock())
            .observed_by(wiring::observe(metrics.clone())),
    );
    let mut address = None;
    if let Some(listener) = spec.receiver.take() {
        address = listener.local_addr().ok();
        ready.receiver = address.map(|a| format!("http://{a}"));
        let listener = listener.into_std().map_err(Failure::not_well)?;
        receiver::spawn(listener, receiver.clone(), cancel.clone()).map_err(Failure::not_well)?;
    }
    if let Some(listener) = spec.metrics.take() {
        ready.metrics = listener.local_addr().ok().map(|a| format!("http://{a}/metrics"));
        tokio::spawn(metrics::serve(listener, metrics.clone(), cancel.clone()));
    }
    let (door, arrivals) = Door::new();
    let sockets = socket::listen(&control, door.clone(), socket::Limits::default(), cancel.clone())
        .map_err(Failure::usage)?;
    let (ended, ending) = oneshot::channel();
    let receiving = Receiving { receiver, refusals, address };
    engine_thread::start(spec, inbox, receiving, metrics, arrivals, cancel.clone(), ended)?;
    Ok(Hosted { ready, door, cancel, ending, sockets, _lock: lock })
}

/// Listens on an address; `setting` names what a person may change.
pub async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|e| {
        Failure::usage(format!(
            "{setting} = \"{address}\": {e}; choose another address, or stop what uses this one"
        ))
    })
}
