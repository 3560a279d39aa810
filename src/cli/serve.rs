//! `serve`: engine and receiver without a dashboard.

use std::net::SocketAddr;
use std::sync::Arc;

use chrono::Utc;
use clap::Args;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::attach::misconfigured;
use super::exit::{Exit, Failure, Outcome};
use super::host::books::{MappingOnDisk, SecretsOnDisk};
use super::host::{self, Spec};
use super::options::Global;
use super::{attach, detached, signals};
use crate::config::paths::Paths;
use crate::config::settings::{Settings, Webhook, mistake};
use crate::config::state::HostedBy;
use crate::engine::setup::{Setup, SourceSetup, TargetSetup};
use crate::journal::system_clock;
use crate::receiver::Hooks;
use crate::services::http::{ReqwestWire, Wire};
use crate::telemetry::{logs, redact::Redactor};

/// Engine and receiver without a dashboard
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hourwire serve --state-dir /var/lib/hourwire")]
pub struct Serve {
    /// Leave this terminal: run on in a session of its own, say so, and return
    #[arg(long)]
    pub detached: bool,
    /// Set for the process that `--detached` starts
    #[arg(long, hide = true, conflicts_with = "detached")]
    pub in_background: bool,
}

/// Runs until a signal comes.
pub async fn run(global: &Global, options: &Serve) -> Outcome {
    if options.detached {
        return detached(global).await;
    }
    if options.in_background {
        // A session of its own: a hang-up of the terminal that started it is none of its business.
        let _ = rustix::process::setsid();
    }
    let paths = attach::paths(global)?;
    let Some(settings) = attach::settings(&paths)? else {
        return Err(Failure::usage(format!(
            "{} names no account; write it and mapping.toml as the README shows, or run `hourwire demo`",
            paths.settings().display()
        )));
    };
    paths.make_state_dir().map_err(Failure::usage)?;
    let _logs = logs::init(&paths.state_dir.join("logs"), global.log_level(settings.log.level.as_str()))
        .map_err(Failure::usage)?;
    let hosted_by = if options.in_background { HostedBy::Detached } else { HostedBy::Serve };
    let cancel = signals::cancelled_by_signals()?;
    attach::take_turn(&paths).await?;
    let spec = spec(&paths, &settings, hosted_by).await?;
    let hosted = host::start(spec, cancel).await?;
    hosted.ready.print();
    hosted.ended().await?;
    Ok(Exit::Good)
}

/// Starts the same in the background, prints its ready line and returns.
async fn detached(global: &Global) -> Outcome {
    let paths = attach::paths(global)?;
    paths.make_state_dir().map_err(Failure::usage)?;
    let launch = attach::launch(&paths, global.log.as_deref())?;
    let ready = tokio::task::spawn_blocking(move || detached::start(&launch)).await;
    ready.map_err(|error| Failure::not_well(format!("can't start the engine: {error}")))??.print();
    Ok(Exit::Good)
}

/// Everything that an engine of these settings is made of.
pub async fn spec(paths: &Paths, settings: &Settings, hosted_by: HostedBy) -> Result<Spec, Failure> {
    // An engine that runs already is the clearer news than its ports in use.
    if let Ok(Some(owner)) = crate::config::state::owner(&paths.state_dir) {
        return Err(Failure::usage(format!(
            "another engine (pid {}) owns {}; attach with `hourwire`, or stop it first",
            owner.pid,
            paths.state_dir.display()
        )));
    }
    // A command leaves the addresses to the engine that comes after it.
    let (mut receiver, mut metrics) = (None, None);
    if hosted_by != HostedBy::Command {
        receiver = Some(listen(paths, "listen", settings.receiver.listen).await?);
        if let Some(address) = settings.receiver.metrics_listen {
            metrics = Some(listen(paths, "metrics_listen", address).await?);
        }
    }
    let hooks = Arc::new(Hooks::new(system_clock()));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host = host.split('.').next().unwrap_or("host");
    let secrets =
        SecretsOnDisk::open(paths.state_dir.clone(), host, hooks.clone()).map_err(Failure::usage)?;
    let instance = format!("hourwire {host} {}", secrets.instance());
    let mut sources = Vec::new();
    for (account, toggl) in &settings.toggl {
        let token = toggl.token.resolve().await.map_err(|why| misconfigured(paths, why))?;
        Redactor::global().register(token.expose_secret());
        sources.push(SourceSetup {
            account: account.clone(),
            tag: toggl.tag.clone(),
            wire: wire(&toggl.base_url)?,
            base_url: toggl.base_url.clone(),
            token,
            workspace: toggl.workspace_id.clone(),
            zone: toggl.zone,
            managed: toggl.webhook == Webhook::Managed,
            reenable: toggl.reenable,
            read_every_s: toggl.read_every_s(),
        });
    }
    let mut targets = Vec::new();
    for (account, clockify) in &settings.clockify {
        let token = clockify.token.resolve().await.map_err(|why| misconfigured(paths, why))?;
        Redactor::global().register(token.expose_secret());
        let Some(workspace) = clockify.workspace_id.clone() else {
            let what = format!("[clockify.{account}] needs workspace_id");
            let cure = "it stands in the address of Clockify's settings page";
            let tables = ["clockify", account.as_str()];
            return Err(misconfigured(
                paths,
                mistake(&paths.config_dir, &tables, "workspace_id", &what, cure),
            ));
        };
        targets.push(TargetSetup {
            account: account.clone(),
            tag: clockify.tag.clone(),
            wire: wire(&clockify.base_url)?,
            base_url: clockify.base_url.clone(),
            token,
            workspace,
            managed: clockify.webhook == Webhook::Managed,
            on_delete: clockify.on_delete,
            sync_from: clockify.sync_from,
        });
    }
    Ok(Spec {
        state_dir: paths.state_dir.clone(),
        setup: Setup {
            sources,
            targets,
            policy: settings.policy.clone(),
            public_url: settings.receiver.public_url.clone(),
            instance,
            hosted_by: hosted_by.as_str().to_owned(),
            mapping: Arc::new(MappingOnDisk { config_dir: paths.config_dir.clone() }),
            hooks: Arc::new(secrets),
        },
        hooks,
        receiver,
        metrics,
        hosted_by,
        asks: true,
        config_dir: Some(paths.config_dir.clone()),
        settings: Some(settings.clone()),
        clock: Utc::now,
        commands: settings.hooks.clone(),
    })
}

/// Listens on an address of `[receiver]`; a failure names the line.
async fn listen(paths: &Paths, key: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let what = format!("`{key}` in [receiver] can't listen on {address}: {error}");
        let cure = "choose another address, or stop what uses this one";
        misconfigured(paths, mistake(&paths.config_dir, &["receiver"], key, &what, cure))
    })
}

fn wire(base: &str) -> Result<Arc<dyn Wire>, Failure> {
    let wire = ReqwestWire::for_base(base).map_err(Failure::usage)?;
    Ok(Arc::new(wire))
}
