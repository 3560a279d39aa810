//! Hosting an engine in this process: lock, logs, door, ready line, and an end in order.
//!
//! What the engine is made of is handed in, so that `serve`, `demo` and tests share the frame.

use std::path::PathBuf;

use chrono::Utc;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::attach::misconfigured;
use super::exit::{Exit, Failure, Outcome};
use super::ready::Ready;
use crate::config::Paths;
use crate::config::paths::control_socket;
use crate::config::state::{EngineLock, HostedBy, LockError, LockInfo};
use crate::control::link::{Door, EngineEnd};
use crate::control::socket::{Limits, listen};
use crate::telemetry::logs;

/// What an engine gets to start with.
#[derive(Debug)]
pub struct Stage {
    /// The folders; the state folder is locked.
    pub paths: Paths,
    /// What hosts it.
    pub hosted_by: HostedBy,
    /// New viewers.
    pub arrivals: mpsc::Receiver<EngineEnd>,
    /// A door to the same list, for a viewer in this process.
    pub door: Door,
    /// Cancelled when it has to end.
    pub cancel: CancellationToken,
}

/// A started engine.
pub struct Started {
    /// Origin of the receiver.
    pub receiver: Option<String>,
    /// Address of the metrics page.
    pub metrics: Option<String>,
    /// Addresses and tokens of simulated services.
    pub simulator: Option<serde_json::Value>,
    /// Its work. Ends soon after the cancellation, or earlier by itself.
    pub work: BoxFuture<'static, Result<(), Failure>>,
}

/// Hosts an engine until `cancel` or its own end. `announce` gets the ready line once everything answers.
pub async fn host(
    paths: Paths,
    hosted_by: HostedBy,
    log: &str,
    cancel: CancellationToken,
    start: impl AsyncFnOnce(Stage) -> Result<Started, Failure>,
    announce: impl FnOnce(&Ready),
) -> Outcome {
    paths.make_state_dir().map_err(misconfigured)?;
    let control = control_socket(&paths.state_dir).map_err(misconfigured)?;
    let lock =
        EngineLock::acquire(&paths.state_dir, &lock_info(hosted_by, control.clone())).map_err(taken)?;
    let logs = logs::init(&paths.state_dir.join("logs"), log).map_err(Failure::usage)?;
    let (door, arrivals) = Door::new();
    // The door outlives the engine's work by a moment, so that its last words reach the viewers.
    let closing = CancellationToken::new();
    let listening =
        listen(&control, door.clone(), Limits::default(), closing.clone()).map_err(Failure::usage)?;

    let stage = Stage { paths, hosted_by, arrivals, door, cancel: cancel.clone() };
    let ended = match start(stage).await {
        Ok(started) => {
            announce(&Ready {
                receiver: started.receiver,
                metrics: started.metrics,
                control: Some(control.display().to_string()),
                simulator: started.simulator,
                ..Ready::now()
            });
            started.work.await
        }
        Err(failure) => Err(failure),
    };
    cancel.cancel();
    closing.cancel();
    listening.ended().await;
    drop(lock);
    drop(logs);
    ended.map(|()| Exit::Good)
}

fn lock_info(hosted_by: HostedBy, control: PathBuf) -> LockInfo {
    LockInfo {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        control,
        started_at: Utc::now(),
        hosted_by,
    }
}

fn taken(error: LockError) -> Failure {
    Failure::usage(error)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::control::message::FromEngine;
    use crate::control::socket::connect;

    fn paths(folder: &std::path::Path) -> Paths {
        Paths { config_dir: folder.join("config"), state_dir: folder.join("state") }
    }

    /// An engine that says goodbye to every viewer when it has to end.
    async fn polite(mut stage: Stage) -> Result<Started, Failure> {
        let work = async move {
            let mut viewers = Vec::new();
            loop {
                tokio::select! { biased;
                    () = stage.cancel.cancelled() => break,
                    viewer = stage.arrivals.recv() => viewers.extend(viewer),
                }
            }
            for viewer in viewers {
                let _ = viewer.to_viewer.send(FromEngine::Bye).await;
            }
            Ok(())
        };
        Ok(Started { receiver: None, metrics: None, simulator: None, work: work.boxed() })
    }

    #[tokio::test]
    async fn a_viewer_gets_in_after_the_ready_line_and_hears_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = paths(folder.path());
        let cancel = CancellationToken::new();
        let (tell, told) = tokio::sync::oneshot::channel();
        let announce = |ready: &Ready| drop(tell.send(ready.clone()));
        let hosting = host(paths.clone(), HostedBy::Serve, "off", cancel.clone(), polite, announce);
        let watching = async {
            let ready = told.await.expect("announced");
            let socket = PathBuf::from(ready.control.expect("a door"));
            let second = EngineLock::acquire(&paths.state_dir, &lock_info(HostedBy::Serve, socket.clone()));
            assert!(matches!(second, Err(LockError::Owned { .. })), "one engine a state folder");
            let mut viewer = connect(&socket, "test").await.expect("attached");
            cancel.cancel();
            assert_eq!(viewer.from_engine.recv().await, Some(FromEngine::Bye));
            socket
        };
        let (outcome, socket) = tokio::join!(hosting, watching);
        assert_eq!(outcome, Ok(Exit::Good));
        assert!(!socket.exists());
    }

    #[tokio::test]
    async fn an_engine_that_cannot_start_leaves_the_folder_free() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = paths(folder.path());
        paths.make_state_dir().expect("made");
        let busy = EngineLock::acquire(&paths.state_dir, &lock_info(HostedBy::Serve, "/none".into()));
        let refuse = async |_: Stage| Err(Failure::usage("port 8787 is in use"));
        let outcome =
            host(paths.clone(), HostedBy::Serve, "off", CancellationToken::new(), refuse, |_| ()).await;
        let failure = outcome.expect_err("the folder is taken");
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains("another engine (pid"), "{}", failure.message);
        drop(busy);
    }
}
