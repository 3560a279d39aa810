//! The guard: what the engine holds. Opens sled on the side, proves that it is complete, follows the ledger, and
//! rebuilds it when it is missing, short or damaged, at start or while running.
//!
//! No call here waits for a rebuild: it answers [`CacheError::NotReady`] and the state can be watched. Must not know
//! what the ledger is: it is handed a [`Replayer`].

mod folder;
mod keeper;
mod open;
mod proof_file;
mod rebuild;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::{CacheError, Change, KeyRange, Sled, SledConfig, Store, Visit};
use folder::FileMark;

/// Takes the frames of a replay, oldest first.
pub type ApplyFrame<'a> = dyn FnMut(u64, Vec<Change>) -> Result<(), CacheError> + 'a;

/// Feeds the frames after a sequence (`None`: the whole ledger, base first; base frames may share a sequence) to the
/// callback and stops at its first error. Answers [`CacheError::LedgerStartsLater`] when compaction has dropped what
/// was asked for.
pub type Replayer = Arc<dyn Fn(Option<u64>, &mut ApplyFrame<'_>) -> Result<(), CacheError> + Send + Sync>;

/// The sequence of the ledger's newest frame, `None` while it is empty. A cache beyond it belongs to another ledger.
pub type LedgerEnd = Arc<dyn Fn() -> Option<u64> + Send + Sync>;

/// What the cache is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheState {
    /// It is opened, checked and brought to the ledger's end.
    Opening {
        /// Share done, 0–100.
        percent: u8,
    },
    /// It is made anew from the ledger.
    Rebuilding {
        /// Share done, 0–100.
        percent: u8,
    },
    /// It answers, and holds every frame of the ledger.
    Ready,
}

/// How to guard a cache.
#[derive(Clone)]
pub struct GuardConfig {
    /// Where and how sled is opened.
    pub sled: SledConfig,
    /// Reads the ledger.
    pub replay: Replayer,
    /// Where the ledger ends.
    pub ledger_end: LedgerEnd,
    /// How long opening may give no sign of progress, before its allowance for size.
    pub open_limit: Duration,
    /// How often the folder is looked at while all is quiet.
    pub look_every: Duration,
    /// How often the cache is synced and its proof written beside it.
    pub checkpoint_every: Duration,
    /// With more rows than this a cleanly closed, untouched cache is believed without reading it all, which would
    /// take a second per 100,000 entries. A page damaged before the close is then found when it is read.
    pub trust_clean_above: u64,
}

impl GuardConfig {
    /// The usual figures: 10 s to open, a look each second, a checkpoint each minute.
    pub fn new(sled: SledConfig, replay: Replayer, ledger_end: LedgerEnd) -> Self {
        Self {
            sled,
            replay,
            ledger_end,
            open_limit: Duration::from_secs(10),
            look_every: Duration::from_secs(1),
            checkpoint_every: Duration::from_secs(60),
            trust_clean_above: 20_000,
        }
    }
}

/// A store that outlives damage of the one inside.
///
/// The rule for a caller whose `apply` was answered with [`CacheError::NotReady`]: the frame is in the ledger, so it
/// is in the cache when the state says `Ready`; applying it again is harmless.
pub struct Guarded {
    shared: Arc<Shared>,
    wake: mpsc::Sender<()>,
    /// Closes when the keeper has ended.
    ended: Mutex<mpsc::Receiver<()>>,
}

struct Shared {
    config: GuardConfig,
    live: Mutex<Live>,
    state: watch::Sender<CacheState>,
    trouble: Mutex<Option<String>>,
    rebuilds: AtomicU64,
    closing: AtomicBool,
}

#[derive(Default)]
struct Live {
    store: Option<Served>,
    /// A store that failed, until the keeper has let it go.
    condemned: Option<Served>,
    /// The highest frame that was refused while there was no store.
    refused: Option<u64>,
}

#[derive(Clone)]
struct Served {
    store: Arc<Sled>,
    /// The file it was opened on.
    mark: FileMark,
}

impl Guarded {
    /// Starts opening on a thread of its own and returns at once.
    pub fn start(config: GuardConfig) -> Result<Self, CacheError> {
        let (wake, woken) = mpsc::channel();
        let (ending, ended) = mpsc::channel::<()>();
        let path = config.sled.path.clone();
        let shared = Arc::new(Shared::new(config));
        let keeper = keeper::Keeper::new(Arc::clone(&shared), woken);
        thread::Builder::new()
            .name("cache".into())
            .spawn(move || {
                keeper.run();
                drop(ending);
            })
            .map_err(|e| CacheError::file("start a thread for", path, &e))?;
        Ok(Self { shared, wake, ended: Mutex::new(ended) })
    }

    /// The state, to be read or awaited.
    pub fn state(&self) -> watch::Receiver<CacheState> {
        self.shared.state.subscribe()
    }

    /// Why the cache was last rebuilt or could not be, since the start.
    pub fn last_trouble(&self) -> Option<String> {
        self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Rebuilds begun since the start.
    pub fn rebuilds(&self) -> u64 {
        self.shared.rebuilds.load(Ordering::Relaxed)
    }

    /// Syncs, writes the proof as cleanly closed and ends; waits at most `limit`. Dropping does the same within 5 s.
    pub fn close(&self, limit: Duration) {
        self.shared.closing.store(true, Ordering::Relaxed);
        self.wake_keeper();
        // Ends by the limit or by the closing of the channel; both are fine.
        let _ = self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(limit);
    }

    fn wake_keeper(&self) {
        // The keeper ends only after `close`, and then nobody is waiting for it.
        let _ = self.wake.send(());
    }

    /// Runs a call on the store in service; its failure takes the store out of service.
    fn with<T>(
        &self,
        frame: Option<u64>,
        call: impl FnOnce(&Sled) -> Result<T, CacheError>,
    ) -> Result<T, CacheError> {
        let served = {
            let mut live = self.shared.live();
            match &live.store {
                Some(served) => served.clone(),
                None => {
                    live.refused = live.refused.max(frame);
                    return Err(CacheError::NotReady);
                }
            }
        };
        let result = match frame {
            Some(_) => served.mark.still_there().and_then(|()| call(&served.store)),
            None => call(&served.store),
        };
        match result {
            Err(error @ (CacheError::Damaged(_) | CacheError::File { .. })) => {
                if self.shared.condemn(&served.store, &error, frame) {
                    self.wake_keeper();
                }
                Err(CacheError::NotReady)
            }
            other => other,
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.close(Duration::from_secs(5));
    }
}

impl Store for Guarded {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        self.with(None, |store| store.get(key))
    }

    fn scan(
        &self,
        range: KeyRange,
        reverse: bool,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), CacheError> {
        self.with(None, |store| store.scan(range, reverse, limit, visit))
    }

    fn apply(&self, seq: u64, changes: &[Change]) -> Result<(), CacheError> {
        self.with(Some(seq), |store| {
            // A frame that a replay already brought, perhaps with later ones, must not undo those.
            if store.applied_seq()?.is_some_and(|applied| seq < applied) {
                return Ok(());
            }
            store.apply(seq, changes)
        })
    }

    fn applied_seq(&self) -> Result<Option<u64>, CacheError> {
        self.with(None, Store::applied_seq)
    }

    fn flush(&self) -> Result<Option<u64>, CacheError> {
        self.with(None, Store::flush)
    }
}

impl Shared {
    fn new(config: GuardConfig) -> Self {
        Self {
            config,
            live: Mutex::default(),
            state: watch::Sender::new(CacheState::Opening { percent: 0 }),
            trouble: Mutex::default(),
            rebuilds: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, state: CacheState) {
        self.state.send_if_modified(|now| {
            let changed = *now != state;
            *now = state;
            changed
        });
    }

    fn note(&self, reason: &CacheError) {
        tracing::warn!(%reason, "the cache is not usable");
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_string());
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Takes a failed store out of service. False when somebody else already did.
    fn condemn(&self, store: &Arc<Sled>, reason: &CacheError, frame: Option<u64>) -> bool {
        let mut live = self.live();
        live.refused = live.refused.max(frame);
        if !live.store.as_ref().is_some_and(|served| Arc::ptr_eq(&served.store, store)) {
            return false;
        }
        live.condemned = live.store.take();
        self.tell(CacheState::Rebuilding { percent: 0 });
        drop(live);
        self.note(reason);
        true
    }
}
