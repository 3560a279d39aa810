//! Finding the running engine of a state folder and attaching to it.

use std::path::PathBuf;

use serde::Deserialize;

use super::exit::Failure;
use super::options::Global;
use crate::control::link::ViewerEnd;
use crate::control::socket::{ConnectError, connect};

/// What a client needs of the lock file in the state folder.
#[derive(Deserialize)]
struct Lock {
    control: PathBuf,
}

/// Attaches to the running engine; where none runs, says so (exit 3).
pub async fn running(global: &Global) -> Result<ViewerEnd, Failure> {
    let socket = socket(global)?;
    connect(&socket, &author()).await.map_err(refused)
}

/// Why attaching failed, as the end of a command.
pub fn refused(error: ConnectError) -> Failure {
    Failure::unreachable(error)
}

fn socket(global: &Global) -> Result<PathBuf, Failure> {
    let state = state_dir(global)?;
    let missing = || {
        Failure::unreachable(format!(
            "no engine runs for {}; start one with `hourwire serve`",
            state.display()
        ))
    };
    let text = std::fs::read(state.join("engine.lock")).map_err(|_| missing())?;
    let lock: Lock = serde_json::from_slice(&text).map_err(|_| missing())?;
    Ok(lock.control)
}

fn state_dir(global: &Global) -> Result<PathBuf, Failure> {
    use etcetera::BaseStrategy;
    let given = global
        .state_dir
        .clone()
        .or_else(|| std::env::var_os("HOURWIRE_STATE_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from));
    if let Some(given) = given {
        return Ok(given);
    }
    let xdg = etcetera::base_strategy::Xdg::new().map_err(Failure::usage)?;
    Ok(xdg.state_dir().unwrap_or_else(|| xdg.home_dir().join(".local/state")).join("hourwire"))
}

/// The name of this viewer, shown beside its changes: the terminal, else the process.
pub fn author() -> String {
    rustix::termios::ttyname(std::io::stderr(), Vec::new())
        .ok()
        .and_then(|name| name.into_string().ok())
        .map_or_else(
            || format!("pid {}", std::process::id()),
            |name| name.trim_start_matches("/dev/").to_owned(),
        )
}
