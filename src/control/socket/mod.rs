//! The door over a Unix socket: length-prefixed JSON frames of the same messages that go through it in memory.
//!
//! Carries and guards, decides nothing: the engine never waits for a viewer, and a viewer that does not read is
//! dropped and has to attach again.

mod connect;
mod guard;
mod listen;

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio_util::codec::LengthDelimitedCodec;

pub use connect::{ConnectError, connect};
pub use guard::ListenError;
pub use listen::{Limits, Listening, listen};

/// The longest frame in bytes, either way.
pub const FRAME: usize = 1024 * 1024;

/// How many viewers may be attached over the socket at once.
pub const VIEWERS: usize = 16;

/// How long the other side may take for its first message.
const GREETING: Duration = Duration::from_secs(5);

/// Four bytes of length, big-endian, then that many bytes of JSON.
fn frames() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(FRAME).new_codec()
}

/// A message as the body of a frame; `None` when it does not fit into one.
fn body(message: &impl Serialize) -> Option<Bytes> {
    let bytes = serde_json::to_vec(message).ok()?;
    (bytes.len() <= FRAME).then(|| Bytes::from(bytes))
}
