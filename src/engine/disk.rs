//! The disk under the two logs: what they met, how much room is left, and since when it is short. Looks only; history
//! and dispatcher stop by themselves.

use chrono::{DateTime, Utc};

use crate::control::snapshot::{Alert, DISK, DiskLine};
use crate::domain::room::Room;
use crate::journal::Alarms;

use super::Engine;
use super::state::State;

/// What is shown of the room left, in megabytes: bytes would change with every delivery.
const MEGABYTE: u64 = 1 << 20;

/// What the last look found.
#[derive(Debug, Default)]
pub struct Disk {
    /// How it is.
    pub room: Room,
    free: Option<u64>,
    since: Option<DateTime<Utc>>,
    /// The ledger's alarms when it was last asked.
    ledger: Alarms,
}

impl Engine {
    /// Looks at the disk now; the logs take their reserves back when there is room again. Tells viewers of a change.
    pub fn mind_disk(&self) -> (Room, Option<u64>) {
        let (before, now, free) = {
            let mut state = self.state();
            let before = state.disk.room;
            self.look_at_disk(&mut state);
            (before, state.disk.room, state.disk.free)
        };
        if before != now {
            if now.is_short() {
                tracing::error!(
                    room = now.as_str(),
                    free,
                    place = self.disk_place(),
                    "the disk is short of room"
                );
            } else {
                tracing::info!(free, "the disk has room again");
            }
            self.touch_work();
            self.wakes.pull.notify_waiters();
        }
        (now, free)
    }

    pub(super) fn look_at_disk(&self, state: &mut State) {
        let inbox = self.inbox.alarms();
        if inbox.is_pressed() {
            self.inbox.make_good();
        }
        state.disk.ledger = state.desk.mind_ledger().unwrap_or(state.disk.ledger);
        state.disk.free = self.inbox.reader().free_space();
        state.disk.room = Room::of(state.disk.free, met(inbox).max(met(state.disk.ledger)));
        let now = self.seams.now();
        state.disk.since = state.disk.room.is_short().then(|| state.disk.since.unwrap_or(now));
    }

    fn disk_place(&self) -> String {
        self.lobby.facts().state_dir.unwrap_or_default()
    }

    /// The disk as viewers see it.
    pub(super) fn disk_line(&self, state: &State) -> DiskLine {
        let short = state.disk.room.is_short();
        DiskLine {
            room: state.disk.room,
            free_mb: state.disk.free.filter(|_| short).map(|free| free / MEGABYTE),
            place: self.disk_place(),
            since: state.disk.since,
        }
    }
}

/// The alert of a disk that is short of room.
pub fn alert(disk: &DiskLine, refused: u64) -> Option<Alert> {
    let say = format!("{}: {}", disk.word()?, disk.say(refused));
    Some(Alert { id: DISK.into(), since: disk.since?, say, pane: 7 })
}

fn met(alarms: Alarms) -> Room {
    match alarms {
        Alarms { refusing: true, reserve_used: true, .. } => Room::Full,
        Alarms { refusing: true, .. } => Room::Broken,
        Alarms { reserve_used: true, .. } => Room::Reserve,
        _ => Room::Enough,
    }
}
