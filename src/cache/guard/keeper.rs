//! The keeper: the thread that opens, looks after, rebuilds and closes the store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::folder::FileMark;
use super::proof_file::{Closed, ProofFile};
use super::{Served, Shared, open, rebuild};
use crate::cache::{CacheError, CacheState, Sled, Store};

/// How long a store that is let go may take to close its file.
const LET_GO: Duration = Duration::from_secs(3);
/// Pauses after failures in a row, the last one repeated: the disk may be full, the ledger unreadable.
const PAUSES_MS: [u64; 6] = [10, 200, 1000, 3000, 10_000, 30_000];
/// A refused frame may reach the ledger's readers a moment later; after so many looks it is the caller's again.
const LOOKS_FOR_REFUSED: u32 = 5;

pub(super) struct Keeper {
    shared: Arc<Shared>,
    wake: Receiver<()>,
    checkpoint_at: Instant,
    checkpoint_seq: Option<u64>,
    /// The data file's length at the last look.
    length: u64,
}

impl Keeper {
    pub fn new(shared: Arc<Shared>, wake: Receiver<()>) -> Self {
        Self { shared, wake, checkpoint_at: Instant::now(), checkpoint_seq: None, length: 0 }
    }

    /// Runs until the guard is closed.
    pub fn run(mut self) {
        self.bring_up(false);
        while !self.shared.is_closing() {
            match self.wake.recv_timeout(self.shared.config.look_every) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.shared.live().condemned.is_some() {
                self.bring_up(true);
            }
        }
        self.close();
    }

    /// Opens, or makes anew, until a store is in service or the guard is closed.
    fn bring_up(&mut self, mut anew: bool) {
        let mut failures = 0;
        while !self.shared.is_closing() {
            let failed = self.shared.live().condemned.take();
            if let Some(failed) = failed {
                let_go(failed);
            }
            // The ledger's own code runs in there; its panic must not end the keeper.
            let attempt = catch_unwind(AssertUnwindSafe(|| self.attempt(anew)))
                .unwrap_or_else(|_| Err(CacheError::Replay("reading it panicked".into())));
            let reason = match attempt {
                Ok(()) => return,
                Err(_) if self.shared.is_closing() => return,
                Err(reason) => reason,
            };
            self.shared.note(&reason);
            // An unreadable ledger says nothing against the cache, and nothing can be rebuilt from it either.
            anew |= !matches!(reason, CacheError::Replay(_));
            let pause = PAUSES_MS[failures.min(PAUSES_MS.len() - 1)];
            failures += 1;
            // Woken early only by the closing, which the loop sees.
            let _ = self.wake.recv_timeout(Duration::from_millis(pause));
        }
    }

    fn attempt(&mut self, anew: bool) -> Result<(), CacheError> {
        if anew {
            self.shared.rebuilds.fetch_add(1, Ordering::Relaxed);
            let store = rebuild::rebuild(&self.shared)?;
            return self.serve(store, &|percent| CacheState::Rebuilding { percent });
        }
        let mut store = open::open_proved(&self.shared)?;
        let applied = store.applied_seq()?;
        if applied > (self.shared.config.ledger_end)() {
            return Err(CacheError::Damaged("it is ahead of the ledger".into()));
        }
        if applied.is_none() {
            if ProofFile::read(&self.shared.config.sled.path).is_some_and(|side| side.proof.rows() > 0) {
                return Err(CacheError::Damaged("its folder was gone or emptied".into()));
            }
            store = rebuild::fill(&self.shared, store)?;
        }
        self.serve(store, &|percent| CacheState::Opening { percent })
    }

    /// Brings a store to the ledger's end and puts it into service.
    fn serve(&mut self, store: Sled, state: &dyn Fn(u8) -> CacheState) -> Result<(), CacheError> {
        let mark = FileMark::of(&self.shared.config.sled.db_file())?;
        for look in 0.. {
            rebuild::follow(&self.shared, &store, store.applied_seq()?, state)?;
            let mut live = self.shared.live();
            if live.refused > store.applied_seq()? && look < LOOKS_FOR_REFUSED {
                drop(live);
                thread::sleep(Duration::from_millis(20));
                continue;
            }
            self.length = mark.length();
            self.checkpoint_at = Instant::now();
            live.refused = None;
            live.store = Some(Served { store: Arc::new(store), mark });
            self.shared.tell(CacheState::Ready);
            break;
        }
        Ok(())
    }

    /// The quiet look: is the file still there and whole; is a checkpoint due.
    fn look(&mut self) {
        let Some(served) = self.shared.live().store.clone() else { return };
        if let Err(reason) = self.inspect(&served) {
            self.shared.condemn(&served.store, &reason, None);
        }
    }

    fn inspect(&mut self, served: &Served) -> Result<(), CacheError> {
        served.mark.still_there()?;
        let length = served.mark.length();
        // sled shortens its file too, when its tail is free: only what is missing in it tells.
        if length < self.length {
            let before = served.store.proof();
            let found = served.store.count(&mut |_| ())?;
            if served.store.proof() != before {
                return Ok(()); // changed while it was read; the next look tries again
            }
            if !found.same_content(&before) {
                return Err(CacheError::Damaged("its file was cut".into()));
            }
        }
        self.length = length;
        let proof = served.store.proof();
        if self.checkpoint_at.elapsed() >= self.shared.config.checkpoint_every
            && proof.seq != self.checkpoint_seq
        {
            served.store.flush()?;
            self.checkpoint_at = Instant::now();
            self.checkpoint_seq = proof.seq;
            self.note_proof(ProofFile { proof, closed: None });
        }
        Ok(())
    }

    /// Leaves everything synced, with a proof that says so.
    fn close(&self) {
        let live = std::mem::take(&mut *self.shared.live());
        if let Some(failed) = live.condemned {
            let_go(failed);
        }
        let Some(served) = live.store else { return };
        if let Err(reason) = served.mark.still_there().and_then(|()| served.store.flush().map(drop)) {
            self.shared.note(&reason);
            return;
        }
        let proof = served.store.proof();
        let closed = let_go(served).then(|| Closed::of(&self.shared.config.sled.db_file())).flatten();
        self.note_proof(ProofFile { proof, closed });
    }

    fn note_proof(&self, file: ProofFile) {
        if let Err(error) = file.write(&self.shared.config.sled.path) {
            // Without it the next opening reads everything; nothing is lost.
            tracing::warn!(%error, "the proof of the cache could not be noted");
        }
    }
}

/// Drops a store on a thread of its own: a damaged one may hang. False when it took too long.
fn let_go(served: Served) -> bool {
    let (done, gone) = mpsc::channel::<()>();
    let dropping = move || {
        drop(served);
        drop(done);
    };
    // Without a thread the closure is dropped here, and the store with it.
    let _ = thread::Builder::new().name("cache-drop".into()).spawn(dropping);
    gone.recv_timeout(LET_GO) == Err(RecvTimeoutError::Disconnected)
}
