//! The messages through the door.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::command::{Command, Reply};
use super::snapshot::Snapshot;
use super::view::{Delta, Open, Page};

/// The protocol's version; unequal versions are refused with a text that names the older side. Raised with every release
/// in which a message, a row or a wish has another shape: half-understood rows would show what is not so.
pub const PROTOCOL: u32 = 3;

/// From a viewer to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToEngine {
    /// First message.
    Hello {
        /// [`PROTOCOL`] of the viewer.
        protocol: u32,
        /// The viewer's program version.
        version: String,
        /// A name for the author of changes, for example the terminal.
        viewer: String,
    },
    /// Opens or replaces a view.
    Open(Open),
    /// Closes a view.
    Close {
        /// The viewer's number for it.
        view: u32,
    },
    /// Do something.
    Command(Command),
    /// Send a full snapshot and all pages again.
    Resync,
}

/// From the engine to a viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromEngine {
    /// Answer to `Hello`.
    Welcome {
        /// [`PROTOCOL`] of the engine.
        protocol: u32,
        /// The engine's program version.
        version: String,
    },
    /// The door stays closed; one sentence why.
    Refused {
        /// The reason, and what to do.
        reason: String,
        /// [`PROTOCOL`] of the engine, where that is the reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<u32>,
    },
    /// The whole state.
    Snapshot(Box<Snapshot>),
    /// A window of a view.
    Page(Page),
    /// A change inside a window.
    Delta(Delta),
    /// The answer to a command.
    Reply {
        /// The command's id.
        id: String,
        /// The answer.
        reply: Reply,
    },
    /// Something for the price line.
    Notice {
        /// When.
        at: DateTime<Utc>,
        /// One sentence.
        say: String,
        /// The command it belongs to, if one.
        id: Option<String>,
    },
    /// The engine is leaving.
    Bye,
}
