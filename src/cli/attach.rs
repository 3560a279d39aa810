//! Finding the running engine of a state folder, attaching to it, and starting one where none runs.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::detached::{self, Launch};
use super::exit::Failure;
use super::options::Global;
use crate::config::Paths;
use crate::config::settings::Settings;
use crate::config::state::{HostedBy, LockInfo, owner};
use crate::control::link::ViewerEnd;
use crate::control::socket::{ConnectError, connect};

/// How long an engine may take to leave when it is asked to.
const LEAVING: Duration = Duration::from_secs(15);

/// A viewer's end and the engine behind it.
#[derive(Debug)]
pub struct Attached {
    /// The end.
    pub engine: ViewerEnd,
    /// What its lock file says.
    pub owner: LockInfo,
    /// This process started it.
    pub started: bool,
}

/// The folders that the global options mean.
pub fn paths(global: &Global) -> Result<Paths, Failure> {
    Paths::find(global.config_dir.clone(), global.state_dir.clone()).map_err(Failure::usage)
}

/// The settings there, where they name an account.
pub fn settings(paths: &Paths) -> Result<Option<Settings>, Failure> {
    let found = Settings::load(&paths.config_dir).map_err(|mistakes| misconfigured(paths, mistakes))?;
    Ok(found.filter(Settings::has_accounts))
}

/// Mistakes of the files a person writes, with the folder these stand in: there may be several.
pub fn misconfigured(paths: &Paths, mistakes: impl Display) -> Failure {
    Failure::usage(format!("{mistakes}\nthe files are in {}", paths.config_dir.display()))
}

/// Attaches to the running engine; where none runs, says so (exit 3).
pub async fn running(global: &Global) -> Result<ViewerEnd, Failure> {
    let paths = paths(global)?;
    match to_owner(&paths).await? {
        Some((engine, _)) => Ok(engine),
        None => Err(nobody(&paths)),
    }
}

/// No engine runs (exit 3).
pub fn nobody(paths: &Paths) -> Failure {
    let state = paths.state_dir.display();
    Failure::unreachable(format!("no engine runs for {state}; start one with `hourwire serve`"))
}

/// Attaches to the running engine, or starts one that outlives this process and attaches to that.
pub async fn or_start(global: &Global) -> Result<Attached, Failure> {
    let paths = paths(global)?;
    take_turn(&paths).await?;
    if let Some((engine, owner)) = to_owner(&paths).await? {
        return Ok(Attached { engine, owner, started: false });
    }
    paths.make_state_dir().map_err(Failure::usage)?;
    let launch = launch(&paths, global.log.as_deref())?;
    let started = tokio::task::spawn_blocking(move || detached::start(&launch)).await;
    let started = started.map_err(|error| Failure::not_well(format!("can't start the engine: {error}")))?;
    // Whoever was faster serves just as well: only if still nobody is there does the failed start count.
    match (to_owner(&paths).await?, started) {
        (Some((engine, owner)), started) => Ok(Attached { engine, owner, started: started.is_ok() }),
        (None, Err(failure)) => Err(failure),
        (None, Ok(ready)) => Err(Failure::unreachable(format!(
            "the engine (pid {}) started and was gone again; look at its log in {}",
            ready.pid,
            paths.state_dir.display()
        ))),
    }
}

/// The engine that holds the lock; `None` when nobody does. One that is just starting or leaving gets a moment.
pub async fn to_owner(paths: &Paths) -> Result<Option<(ViewerEnd, LockInfo)>, Failure> {
    let unreadable = |error| {
        Failure::usage(format!("the lock file in {} can't be read: {error}", paths.state_dir.display()))
    };
    let patience = Instant::now() + Duration::from_secs(3);
    loop {
        let Some(owner) = owner(&paths.state_dir).map_err(unreadable)? else { return Ok(None) };
        match connect(&owner.control, &author()).await {
            Ok(engine) => return Ok(Some((engine, owner))),
            Err(ConnectError::NotRunning { .. }) if Instant::now() < patience => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(Failure::unreachable(error)),
        }
    }
}

/// Ends the engine that a command hosts for itself: what it was asked for is kept, and whoever comes now goes on with it.
pub async fn take_turn(paths: &Paths) -> Result<(), Failure> {
    match owner(&paths.state_dir) {
        Ok(Some(other)) if other.hosted_by == HostedBy::Command => stop(&other, paths).await,
        _ => Ok(()),
    }
}

/// Asks an engine to leave and waits until its lock is free. It loses nothing by it.
pub async fn stop(other: &LockInfo, paths: &Paths) -> Result<(), Failure> {
    let stays = || {
        Failure::unreachable(format!(
            "the engine (pid {}) did not stop; look at its log, or kill it",
            other.pid
        ))
    };
    let pid = i32::try_from(other.pid).ok().and_then(rustix::process::Pid::from_raw).ok_or_else(stays)?;
    match rustix::process::kill_process(pid, rustix::process::Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(_) => return Err(stays()),
    }
    let patience = Instant::now() + LEAVING;
    while owner(&paths.state_dir).ok().flatten().is_some_and(|now| now.pid == other.pid) {
        if Instant::now() > patience {
            return Err(stays());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Whether an engine speaks another protocol than this program; two builds of one version may.
pub async fn speaks_otherwise(owner: &LockInfo) -> bool {
    matches!(connect(&owner.control, &author()).await, Err(ConnectError::Unequal { .. }))
}

/// How an engine for these folders is started in the background.
pub fn launch(paths: &Paths, log: Option<&str>) -> Result<Launch, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::not_well(format!("can't find this program: {error}")))?;
    let absolute = |path: &PathBuf| {
        std::path::absolute(path)
            .map_err(|error| Failure::usage(format!("{} can't be used: {error}", path.display())))
    };
    let mut args: Vec<OsString> = vec!["--config-dir".into(), absolute(&paths.config_dir)?.into()];
    args.extend(["--state-dir".into(), absolute(&paths.state_dir)?.into()]);
    if let Some(log) = log {
        args.extend(["--log".into(), log.into()]);
    }
    args.extend(["serve".into(), "--in-background".into()]);
    let errors = paths.state_dir.join("start.log");
    Ok(Launch { program, args, errors, patience: detached::PATIENCE })
}

/// The name of this viewer, shown beside its changes: the terminal, else the process.
fn author() -> String {
    rustix::termios::ttyname(std::io::stderr(), Vec::new())
        .ok()
        .and_then(|name| name.into_string().ok())
        .map_or_else(
            || format!("pid {}", std::process::id()),
            |name| name.trim_start_matches("/dev/").to_owned(),
        )
}
