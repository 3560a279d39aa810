//! Where viewers and their commands meet: seats, answers that are remembered, notices for the price line.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::control::command::Reply;
use crate::control::snapshot::CacheWord;
use crate::domain::delivery::Rejected;
use crate::domain::id::Service;
use crate::domain::quota::Cause;

use super::Engine;
use super::renew::TokenBook;

/// An answer is remembered this long.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);
/// Notices that a viewer may be behind.
const NOTICES: usize = 64;

/// The cache's state and how far it is, 0 to 100.
pub type CacheFacts = (CacheWord, u8);

/// The receiver's counts since its start: received (copies included), byte-exact copies, rejected.
pub type Counts = (u64, u64, u64);
/// What was refused at the door under the address of a hook. A stranger who knows the address can cause it: it is
/// shown, and never a reason to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Since the last delivery that was believed.
    pub in_a_row: u32,
    /// When the newest came.
    pub at: DateTime<Utc>,
    /// Why, in words.
    pub why: String,
}

/// Asks another part.
type Asking<T> = Option<Arc<dyn Fn() -> T + Send + Sync>>;

/// What other parts of the process know and viewers are shown.
#[derive(Clone, Default)]
pub struct Facts {
    /// The receiver's counts; absent where nothing receives.
    pub receiver: Asking<Counts>,
    /// The newest rejected deliveries, newest first.
    pub rejected: Asking<Vec<Arc<Rejected>>>,
    /// What was refused since the start, by the label of its hook.
    pub refused: Asking<BTreeMap<String, Refused>>,
    /// Deliveries answered 503 since the start: believed, and not kept.
    pub unavailable: Asking<u64>,
    /// How far the cache is.
    pub cache: Asking<CacheFacts>,
    /// Why the cache was last made anew, or could not be.
    pub cache_trouble: Asking<Option<String>>,
    /// The folder of the engine's own files, for sentences.
    pub state_dir: Option<String>,
    /// Where deliveries are taken on this machine, for sentences.
    pub listens: Option<String>,
    /// Where tokens come from; absent where there is no settings file.
    pub tokens: Option<Arc<dyn TokenBook>>,
}

/// Bytes on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalBytes {
    /// Of the inbox.
    pub inbox: u64,
    /// Of the ledger; `None` while it is read or written.
    pub ledger: Option<u64>,
}

/// Who made a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The viewer's name.
    pub name: String,
    /// Its place, unique for each attachment.
    pub seat: String,
}

/// One sentence for the price line of one viewer, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: DateTime<Utc>,
    /// The sentence.
    pub say: String,
    /// The command it belongs to.
    pub id: Option<String>,
    /// The seat it is for; `None` is everybody.
    pub seat: Option<String>,
}

/// Answers by command id.
pub type Remembered = BTreeMap<String, (DateTime<Utc>, Reply)>;

/// The lobby.
pub struct Lobby {
    /// When the engine started.
    pub started_at: DateTime<Utc>,
    seats: AtomicU64,
    remembered: Mutex<Remembered>,
    notices: broadcast::Sender<Notice>,
    facts: Mutex<Facts>,
}

impl Lobby {
    /// An empty lobby.
    pub fn new(started_at: DateTime<Utc>) -> Self {
        Self {
            started_at,
            seats: AtomicU64::new(0),
            remembered: Mutex::default(),
            notices: broadcast::Sender::new(NOTICES),
            facts: Mutex::default(),
        }
    }

    /// A place that nobody had before, across restarts too.
    pub fn seat(&self) -> String {
        let number = self.seats.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number}", self.started_at.timestamp_millis())
    }

    /// The answers of the last hour. Held while a command is carried out, so that one id is never carried out twice.
    pub fn remembered(&self, now: DateTime<Utc>) -> MutexGuard<'_, Remembered> {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.retain(|_, (at, _)| *at + REMEMBERED > now);
        remembered
    }

    /// What other parts know.
    pub fn facts(&self) -> Facts {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hears notices from now on.
    pub fn hear(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }
}

impl Engine {
    /// Tells the engine whom to ask about receiver and cache.
    pub fn know(&self, facts: Facts) {
        *self.lobby.facts.lock().unwrap_or_else(PoisonError::into_inner) = facts;
        self.touch();
    }

    /// The receiver's counts since its start, where it is not asked through [`Engine::know`].
    pub fn note_deliveries(&self, received: u64, duplicates: u64, rejected: u64) {
        let counts = (received, duplicates, rejected);
        let mut facts = self.lobby.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.receiver.as_ref().is_none_or(|known| known() != counts) {
            facts.receiver = Some(Arc::new(move || counts));
            drop(facts);
            self.touch();
        }
    }

    /// How many viewers are attended to.
    pub fn viewers(&self) -> usize {
        self.lobby.notices.receiver_count()
    }

    /// Requests sent since the start, by service, cause and outcome.
    pub fn requests(&self) -> BTreeMap<(Service, Cause, &'static str), u64> {
        self.state().counts.requests.clone()
    }

    /// What the two logs take on the disk.
    pub fn journal_bytes(&self) -> JournalBytes {
        JournalBytes { inbox: self.inbox.reader().bytes(), ledger: self.state().desk.ledger_bytes() }
    }

    /// Says one sentence on every viewer's price line.
    pub fn notice(&self, say: &str) {
        self.tell(None, None, say);
    }

    /// Says one sentence on the price line of the viewer that asked, or of all.
    pub(super) fn tell(&self, to: Option<&Author>, id: Option<&str>, say: impl Into<String>) {
        let notice = Notice {
            at: self.seams.now(),
            say: say.into(),
            id: id.map(str::to_owned),
            seat: to.map(|a| a.seat.clone()),
        };
        // Without viewers nobody hears it; the log has it.
        let _ = self.lobby.notices.send(notice);
    }
}
