//! Following the ledger: the frames after a sequence, or all of them into an empty store.

use super::proof_file::ProofFile;
use super::{Shared, folder, open};
use crate::cache::{CacheError, CacheState, Change, Sled, Store};

/// Changes that are gathered into one batch of a replay; a batch is one sync of sled's log.
const GATHER: usize = 1000;

/// Puts a bad folder aside and makes a new one from the whole ledger.
pub(super) fn rebuild(shared: &Shared) -> Result<Sled, CacheError> {
    let cache = &shared.config.sled.path;
    shared.tell(CacheState::Rebuilding { percent: 0 });
    folder::put_aside(cache)?;
    ProofFile::remove(cache);
    let store = open::open_unproved(shared)?;
    fill(shared, store)
}

/// Fills an empty store. Until the end it is marked, so that a cut-off filling is never taken for the whole. It is
/// opened anew then: what sled gathered in memory while it was filled would stay for as long as the engine runs.
pub(super) fn fill(shared: &Shared, store: Sled) -> Result<Sled, CacheError> {
    store.set_building(true)?;
    follow(shared, &store, None, &|percent| CacheState::Rebuilding { percent })?;
    store.set_building(false)?;
    store.flush()?;
    let proof = store.proof();
    ProofFile { proof: proof.clone(), closed: None }.write(&shared.config.sled.path)?;
    drop(store);
    let store = open::open_unproved(shared)?;
    if store.proof() == proof {
        Ok(store)
    } else {
        Err(CacheError::Damaged("it opened otherwise than it was filled".into()))
    }
}

/// Applies the ledger's frames after a sequence.
pub(super) fn follow(
    shared: &Shared,
    store: &Sled,
    after: Option<u64>,
    state: &dyn Fn(u8) -> CacheState,
) -> Result<(), CacheError> {
    let start = after.unwrap_or(0);
    let length = (shared.config.ledger_end)().unwrap_or(0).saturating_sub(start).max(1);
    let mut gathered = Gathered { store, seq: None, changes: Vec::new() };
    let mut take = |seq: u64, changes: Vec<Change>| {
        if shared.is_closing() {
            return Err(CacheError::NotReady);
        }
        if after.is_some_and(|after| seq <= after) {
            return Ok(());
        }
        if gathered.add(seq, changes)? {
            shared.tell(state((seq.saturating_sub(start).saturating_mul(100) / length).min(100) as u8));
        }
        Ok(())
    };
    (shared.config.replay)(after, &mut take)?;
    gathered.write()
}

/// Frames on their way into one batch. The last change of a key holds, so several frames may share one.
struct Gathered<'a> {
    store: &'a Sled,
    seq: Option<u64>,
    changes: Vec<Change>,
}

impl Gathered<'_> {
    /// True when a batch was written.
    fn add(&mut self, seq: u64, changes: Vec<Change>) -> Result<bool, CacheError> {
        self.seq = self.seq.max(Some(seq));
        self.changes.extend(changes);
        let full = self.changes.len() >= GATHER;
        if full {
            self.write()?;
        }
        Ok(full)
    }

    fn write(&mut self) -> Result<(), CacheError> {
        match self.seq.take() {
            Some(seq) => self.store.apply(seq, &std::mem::take(&mut self.changes)),
            None => Ok(()),
        }
    }
}
