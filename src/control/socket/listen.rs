//! The engine's side of the socket: accepts viewers, greets them, carries their messages, drops the slow ones.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::{SinkExt, StreamExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::guard::{ListenError, bind, is_own_peer};
use super::{GREETING, VIEWERS, body, frames};
use crate::control::link::{Door, ViewerEnd};
use crate::control::message::{FromEngine, PROTOCOL, ToEngine};

type Reads = FramedRead<OwnedReadHalf, LengthDelimitedCodec>;
type Writes = FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>;

/// How long what the engine said last may take to reach a viewer.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a viewer is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attached at once.
    pub viewers: usize,
    /// How long one frame may wait for a viewer that does not read.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { viewers: VIEWERS, patience: Duration::from_secs(5) }
    }
}

/// An open door.
#[derive(Debug)]
pub struct Listening {
    path: PathBuf,
    task: JoinHandle<()>,
    viewers: TaskTracker,
}

impl Listening {
    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until nobody is attached, for so long.
    pub async fn alone(&self, ceiling: Duration) {
        let empty = async {
            while !self.viewers.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = timeout(ceiling, empty).await;
    }

    /// Ends when the cancellation given to [`listen`] has come and every viewer has been let out.
    pub async fn ended(self) {
        let _ = self.task.await;
    }
}

/// Opens `door` on the socket `path` until `cancel`. It is bound when this returns. Needs a tokio runtime.
pub fn listen(
    path: &Path,
    door: Door,
    limits: Limits,
    cancel: CancellationToken,
) -> Result<Listening, ListenError> {
    let listener = bind(path)?;
    let inode = inode(path);
    let path = path.to_owned();
    let own = path.clone();
    let viewers = TaskTracker::new();
    let attached = viewers.clone();
    let task = tokio::spawn(async move {
        accept(&listener, &door, limits, &attached, &cancel).await;
        // An engine that started meanwhile may have put its own socket here.
        if inode.is_some() && self::inode(&own) == inode {
            let _ = fs::remove_file(&own);
        }
    });
    Ok(Listening { path, task, viewers })
}

fn inode(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|found| found.ino())
}

async fn accept(
    listener: &UnixListener,
    door: &Door,
    limits: Limits,
    viewers: &TaskTracker,
    cancel: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.viewers));
    loop {
        let arrived = tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            arrived = listener.accept() => arrived,
        };
        match arrived {
            Ok((stream, _)) if is_own_peer(&stream) => {
                let place = Arc::clone(&places).try_acquire_owned().ok();
                viewers.spawn(serve(stream, door.clone(), place, limits.patience, cancel.clone()));
            }
            Ok(_) => tracing::warn!("a process of another user knocked at the control socket"),
            Err(error) => {
                // Out of file descriptors: accepting again at once would spin.
                tracing::warn!(%error, "the control socket could not accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    viewers.close();
    viewers.wait().await;
}

async fn serve(
    stream: UnixStream,
    door: Door,
    place: Option<OwnedSemaphorePermit>,
    patience: Duration,
    cancel: CancellationToken,
) {
    let (read, write) = stream.into_split();
    let mut reads = FramedRead::new(read, frames());
    let mut writes = FramedWrite::new(write, frames());
    let greeting = match timeout(GREETING, reads.next()).await {
        Ok(Some(Ok(frame))) => greet(&frame, place.is_some()),
        _ => return,
    };
    let hello = match greeting {
        Ok(hello) => hello,
        Err((reason, protocol)) => {
            send(&mut writes, &FromEngine::Refused { reason, protocol }, patience).await;
            return;
        }
    };
    let welcome = FromEngine::Welcome { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").into() };
    if !send(&mut writes, &welcome, patience).await {
        return;
    }
    let Some(ViewerEnd { to_engine, mut from_engine }) = door.enter().await else {
        // It left between the greeting and the door; without a goodbye it would look as if it had fallen.
        send(&mut writes, &FromEngine::Bye, patience).await;
        return;
    };
    // An engine that leaves takes no hello, and its goodbye is on its way.
    let _ = to_engine.send(hello).await;
    let incoming = carry_in(&mut reads, to_engine);
    let outgoing = carry_out(&mut writes, &mut from_engine, patience);
    tokio::pin!(outgoing);
    tokio::select! {
        biased;
        () = &mut outgoing => return,
        () = incoming => {}
        () = cancel.cancelled() => {}
    }
    // The engine is leaving, or takes no more: its last words still go out.
    let _ = timeout(LAST_WORDS, outgoing).await;
}

/// Why a viewer is refused, and our protocol where that is the reason.
type Refusal = (String, Option<u32>);

/// The first message of a viewer, or why it is refused. Read by hand: a `Hello` of another protocol may have
/// another shape, and must still get an answer that names the older side.
fn greet(frame: &[u8], has_place: bool) -> Result<ToEngine, Refusal> {
    let value: serde_json::Value = serde_json::from_slice(frame).unwrap_or_default();
    let Some(theirs) = value.pointer("/hello/protocol").and_then(serde_json::Value::as_u64) else {
        return Err(("the first message is no hello; attach with `hourwire`".into(), None));
    };
    if theirs != u64::from(PROTOCOL) {
        let version =
            value.pointer("/hello/version").and_then(serde_json::Value::as_str).unwrap_or("unknown");
        return Err((unequal(theirs, version), Some(PROTOCOL)));
    }
    if !has_place {
        let say = "as many viewers as the engine takes are attached already; leave one with q";
        return Err((say.into(), None));
    }
    serde_json::from_value(value)
        .map_err(|error| (format!("the hello can't be read ({error}); update hourwire"), None))
}

fn unequal(theirs: u64, version: &str) -> String {
    let (ours, pid) = (env!("CARGO_PKG_VERSION"), std::process::id());
    if theirs < u64::from(PROTOCOL) {
        format!(
            "this program ({version}, protocol {theirs}) is older than the running engine ({ours}, protocol \
             {PROTOCOL}): update it, or stop the engine with `kill {pid}` and start this version"
        )
    } else {
        format!(
            "the running engine ({ours}, protocol {PROTOCOL}) is older than this program ({version}, protocol \
             {theirs}): restart the engine: `kill {pid}`, then run hourwire again"
        )
    }
}

async fn carry_in(reads: &mut Reads, to_engine: mpsc::Sender<ToEngine>) {
    while let Some(frame) = reads.next().await {
        let message = match frame {
            Ok(frame) => serde_json::from_slice(&frame),
            // It left without reading all that was for it.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return,
            Err(error) => {
                tracing::warn!(%error, "a viewer sent a frame that can't be taken; it is dropped");
                return;
            }
        };
        match message {
            Ok(message) => {
                // Waits when the engine is behind: that slows this viewer alone.
                if to_engine.send(message).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a viewer sent a message that can't be read; it is dropped");
                return;
            }
        }
    }
}

async fn carry_out(writes: &mut Writes, from_engine: &mut mpsc::Receiver<FromEngine>, patience: Duration) {
    while let Some(message) = from_engine.recv().await {
        // Said already, before the viewer was announced.
        if matches!(message, FromEngine::Welcome { .. }) {
            continue;
        }
        if !send(writes, &message, patience).await {
            return;
        }
    }
}

/// Sends one message; false when the viewer is gone or does not read.
async fn send(writes: &mut Writes, message: &FromEngine, patience: Duration) -> bool {
    let frame = body(message).or_else(|| {
        tracing::warn!("a message for a viewer is longer than a frame; the viewer is told");
        body(&FromEngine::Notice {
            at: Utc::now(),
            say: "too much for one page: filter, or ask for fewer rows".into(),
            id: None,
        })
    });
    let Some(frame) = frame else { return false };
    match timeout(patience, writes.send(frame)).await {
        Ok(sent) => sent.is_ok(),
        Err(_) => {
            tracing::warn!("a viewer did not read in time; it is dropped and has to attach again");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PROTOCOL, greet};

    fn hello(protocol: u32) -> Vec<u8> {
        format!(r#"{{"hello":{{"protocol":{protocol},"version":"9.9.9","viewer":"tty1"}}}}"#).into_bytes()
    }

    #[test]
    fn the_older_side_is_named() {
        let (engine_older, protocol) = greet(&hello(PROTOCOL + 1), true).expect_err("refused");
        assert!(engine_older.starts_with("the running engine"), "{engine_older}");
        assert!(engine_older.contains("restart the engine"), "{engine_older}");
        assert_eq!(protocol, Some(PROTOCOL));
        let (viewer_older, _) = greet(&hello(PROTOCOL - 1), true).expect_err("refused");
        let begin = format!("this program (9.9.9, protocol {}) is older", PROTOCOL - 1);
        assert!(viewer_older.starts_with(&begin), "{viewer_older}");
    }

    #[test]
    fn a_full_house_and_a_wrong_first_word_are_refused() {
        assert!(greet(&hello(PROTOCOL), true).is_ok());
        let (full, protocol) = greet(&hello(PROTOCOL), false).expect_err("refused");
        assert!(full.contains("viewers") && protocol.is_none());
        assert!(greet(b"\"resync\"", true).expect_err("refused").0.contains("no hello"));
        assert!(greet(b"GET / HTTP/1.1", true).is_err());
    }
}
