//! Opening on the side: sled may panic, hang or open with records missing, and none of it may pass.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::Shared;
use super::proof_file::{Closed, ProofFile};
use crate::cache::{CacheError, CacheState, Proof, Sled, SledConfig};

/// Bytes of the data file that may take a second more to open. sled opened 600 MiB in one; this leaves room for a
/// slow disk.
const OPEN_BYTES_PER_S: u64 = 4 << 20;

/// A sign of life, in percent, or the end.
enum Sign<T> {
    Progress(u8),
    Done(T),
}

/// Opens the store and proves that it is complete as of its own sequence.
pub(super) fn open_proved(shared: &Shared) -> Result<Sled, CacheError> {
    let config = shared.config.sled.clone();
    let trust_clean_above = shared.config.trust_clean_above;
    let side = ProofFile::read(&config.path);
    let closed = Closed::of(&config.db_file());
    let percent = |percent| shared.tell(CacheState::Opening { percent });
    isolated(shared, percent, move |signs| {
        let store = Sled::open(&config)?;
        let proof = store.proof();
        let clean = closed.is_some() && side.as_ref().is_some_and(|s| s.closed == closed && s.proof == proof);
        if !(clean && proof.rows() > trust_clean_above) {
            let all = proof.rows().max(1);
            let found = store.count(&mut |rows| {
                // Nobody listening any more is no reason to stop reading.
                let _ = signs.send(Sign::Progress((rows * 100 / all).min(100) as u8));
            })?;
            judge(&config, &proof, &found, side.as_ref().map(|s| &s.proof))?;
        } else {
            judge(&config, &proof, &proof, None)?;
        }
        Ok(store)
    })
}

/// Opens a store that is empty or was filled a moment ago.
pub(super) fn open_unproved(shared: &Shared) -> Result<Sled, CacheError> {
    let config = shared.config.sled.clone();
    isolated(shared, |_| (), move |_| Sled::open(&config))
}

/// Compares what the store claims with what was found in it and with what was noted outside.
fn judge(
    config: &SledConfig,
    claimed: &Proof,
    found: &Proof,
    side: Option<&Proof>,
) -> Result<(), CacheError> {
    let damaged = |words: String| Err(CacheError::Damaged(words));
    if claimed.schema != config.schema {
        return damaged(format!("it has form {}, this version uses {}", claimed.schema, config.schema));
    }
    if claimed.building {
        return damaged("its last rebuild was cut off".into());
    }
    if !claimed.same_content(found) {
        return damaged(format!(
            "{} rows should be in it, {} are or some differ",
            claimed.rows(),
            found.rows()
        ));
    }
    match side {
        Some(side) if side.seq == claimed.seq && !side.building && !side.same_content(claimed) => {
            damaged("it differs from the proof noted beside it".into())
        }
        _ => Ok(()),
    }
}

/// Runs work on a thread that may be given up when it shows no progress for the limit.
fn isolated<T: Send + 'static>(
    shared: &Shared,
    progress: impl Fn(u8),
    work: impl FnOnce(&Sender<Sign<Result<T, CacheError>>>) -> Result<T, CacheError> + Send + 'static,
) -> Result<T, CacheError> {
    let path = &shared.config.sled.path;
    let size = fs::metadata(shared.config.sled.db_file()).map_or(0, |meta| meta.len());
    let limit = shared.config.open_limit + Duration::from_secs(size / OPEN_BYTES_PER_S);
    let (signs, watcher) = mpsc::channel();
    thread::Builder::new()
        .name("cache-open".into())
        .spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| work(&signs)))
                .unwrap_or_else(|_| Err(CacheError::Damaged("opening it panicked".into())));
            // When it was given up meanwhile, the store is closed here by being dropped.
            let _ = signs.send(Sign::Done(result));
        })
        .map_err(|e| CacheError::file("start a thread for", path, &e))?;
    loop {
        match watcher.recv_timeout(limit) {
            Ok(Sign::Progress(percent)) => progress(percent),
            Ok(Sign::Done(result)) => return result,
            Err(RecvTimeoutError::Timeout) => {
                return Err(CacheError::Damaged(format!(
                    "opening it made no progress in {} s",
                    limit.as_secs()
                )));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(CacheError::Damaged("opening it ended without a word".into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use super::*;
    use crate::cache::{GuardConfig, no_index};

    fn shared(limit_ms: u64) -> Shared {
        let sled = SledConfig::new("nowhere/cache", 1, no_index);
        let mut config = GuardConfig::new(sled, Arc::new(|_, _| Ok(())), Arc::new(|| None));
        config.open_limit = Duration::from_millis(limit_ms);
        Shared::new(config)
    }

    #[test]
    fn an_opening_that_hangs_is_given_up() {
        let (never, forever) = mpsc::channel::<()>();
        let result = isolated(
            &shared(20),
            |_| (),
            move |_| {
                let _ = forever.recv();
                Ok(())
            },
        );
        assert!(matches!(result, Err(CacheError::Damaged(words)) if words.contains("no progress")));
        drop(never);
    }

    #[test]
    fn an_opening_that_panics_is_damage_and_progress_is_passed_on() {
        let seen = Cell::new(0);
        let result = isolated::<()>(
            &shared(60_000),
            |percent| seen.set(percent),
            |signs| {
                signs.send(Sign::Progress(40)).unwrap();
                panic!("on purpose")
            },
        );
        assert!(matches!(result, Err(CacheError::Damaged(words)) if words.contains("panicked")));
        assert_eq!(seen.get(), 40);
    }
}
