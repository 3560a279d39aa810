//! A viewer's side of the socket.

use std::io;
use std::path::{Path, PathBuf};

use futures_util::{SinkExt, StreamExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::codec::{FramedRead, FramedWrite};

use super::guard::{is_own_peer, is_trusted};
use super::{GREETING, body, frames};
use crate::control::link::{QUEUE, ViewerEnd};
use crate::control::message::{FromEngine, PROTOCOL, ToEngine};

/// Why a viewer could not attach.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens.
    #[error("no engine answers on {path}; start one with `hourwire` or `hourwire serve`")]
    NotRunning {
        /// The socket.
        path: PathBuf,
    },
    /// The socket or its owner is another user's, or it is no socket.
    #[error("{path} is not a socket of an engine of yours; remove it or choose another --state-dir")]
    Foreign {
        /// The socket.
        path: PathBuf,
    },
    /// The engine said no.
    #[error("{reason}")]
    Refused {
        /// Its reason, with what to do.
        reason: String,
    },
    /// It speaks another protocol.
    #[error("{reason}")]
    Unequal {
        /// Which side is older, and what to do.
        reason: String,
    },
    /// It accepted and then said nothing that makes sense.
    #[error("the engine on {path} does not answer; look at its log, or stop and start it")]
    Silent {
        /// The socket.
        path: PathBuf,
    },
    /// The system failed.
    #[error("can't attach to {path}: {source}")]
    Failed {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Attaches to the engine on `path` under the name `viewer` (the author of its changes). The handshake is done
/// when this returns; the end closes when the engine leaves or drops this viewer.
pub async fn connect(path: &Path, viewer: &str) -> Result<ViewerEnd, ConnectError> {
    let not_running = || ConnectError::NotRunning { path: path.to_owned() };
    let silent = || ConnectError::Silent { path: path.to_owned() };
    match is_trusted(path) {
        Ok(true) => {}
        Ok(false) => return Err(not_running()),
        Err(_) => return Err(ConnectError::Foreign { path: path.to_owned() }),
    }
    let stream = UnixStream::connect(path).await.map_err(|source| match source.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => not_running(),
        _ => ConnectError::Failed { path: path.to_owned(), source },
    })?;
    if !is_own_peer(&stream) {
        return Err(ConnectError::Foreign { path: path.to_owned() });
    }
    let (read, write) = stream.into_split();
    let mut reads = FramedRead::new(read, frames());
    let mut writes = FramedWrite::new(write, frames());
    let hello = ToEngine::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").into(),
        viewer: viewer.to_owned(),
    };
    let hello = body(&hello).ok_or_else(silent)?;
    writes.send(hello).await.map_err(|source| match source.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => not_running(),
        _ => ConnectError::Failed { path: path.to_owned(), source },
    })?;
    let answer = match timeout(GREETING, reads.next()).await {
        Ok(Some(Ok(frame))) => serde_json::from_slice(&frame).map_err(|_| silent())?,
        // One that is leaving closes what it has not yet greeted.
        Ok(None | Some(Err(_))) => return Err(not_running()),
        Err(_) => return Err(silent()),
    };
    match answer {
        FromEngine::Welcome { protocol: PROTOCOL, .. } => {}
        FromEngine::Refused { reason, protocol: Some(_) } => return Err(ConnectError::Unequal { reason }),
        FromEngine::Refused { reason, protocol: None } => return Err(ConnectError::Refused { reason }),
        _ => return Err(silent()),
    }

    let (to_engine, mut outgoing) = mpsc::channel::<ToEngine>(QUEUE);
    let (incoming, from_engine) = mpsc::channel(QUEUE);
    // Two tasks, so that commands still in the queue go out when the viewer has dropped its end.
    tokio::spawn(async move {
        while let Some(message) = outgoing.recv().await {
            let Some(frame) = body(&message) else {
                tracing::warn!("a command is longer than a frame and was not sent");
                continue;
            };
            if writes.send(frame).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some(Ok(frame)) = reads.next().await {
            let Ok(message) = serde_json::from_slice(&frame) else {
                tracing::warn!("the engine sent a message that can't be read");
                return;
            };
            if incoming.send(message).await.is_err() {
                return;
            }
        }
    });
    Ok(ViewerEnd { to_engine, from_engine })
}
