//! The disk as viewers see it: the word for the header, and what is true of deliveries meanwhile.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::room::Room;

/// The id of the alert that a disk is short of room. It goes with its cause.
pub const DISK: &str = "disk";

/// The disk under the engine's own files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskLine {
    /// How it is.
    pub room: Room,
    /// Megabytes left, while that is little.
    pub free_mb: Option<u64>,
    /// The folder.
    pub place: String,
    /// Since when it is short of room.
    pub since: Option<DateTime<Utc>>,
}

impl DiskLine {
    /// `disk 40 MB`, `disk full`, `disk error`; `None` while there is room.
    pub fn word(&self) -> Option<String> {
        match self.room {
            Room::Enough => None,
            Room::Little => Some(format!("disk {} MB", self.free_mb.unwrap_or(0))),
            Room::Reserve | Room::Full => Some("disk full".into()),
            Room::Broken => Some("disk error".into()),
        }
    }

    /// What is true of deliveries meanwhile, of which `refused` were answered 503, and what to do. Three failures in a row disable a
    /// subscription of Toggl, which then sends nothing again: what is missed is read.
    pub fn say(&self, refused: u64) -> String {
        let kept = match self.room {
            Room::Full | Room::Broken => format!("{refused} refused, read afterwards"),
            _ => "deliveries are still kept".into(),
        };
        let cure = if self.room == Room::Broken { "look at the disk of" } else { "free space at" };
        format!("{kept} · backfill stopped · {cure} {}", self.place)
    }
}
