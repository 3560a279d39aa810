//! A ledger in a vector, and a guard over it.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hourwire::cache::{CacheError, CacheState, Change, GuardConfig, Guarded, Row, SledConfig, Store};

use super::model::{Frames, INDEXER};

/// Nothing here may take this long, even on a busy machine; reaching it is a hang.
const CEILING: Duration = Duration::from_secs(60);

#[derive(Clone, Default)]
pub struct Ledger {
    pub frames: Arc<Mutex<Frames>>,
    /// After what each replay was asked for.
    pub asked: Arc<Mutex<Vec<Option<u64>>>>,
    /// Frames that a replay gives before it fails; `None`: all.
    pub fail_after: Arc<Mutex<Option<usize>>>,
    /// The first sequence still held one by one; asking for less needs the base.
    pub starts_at: Arc<Mutex<u64>>,
}

impl Ledger {
    pub fn of(frames: Frames) -> Self {
        Self { frames: Arc::new(Mutex::new(frames)), ..Self::default() }
    }

    pub fn push(&self, seq: u64, changes: Vec<Change>) {
        self.frames.lock().unwrap().push((seq, changes));
    }

    pub fn frames(&self) -> Frames {
        self.frames.lock().unwrap().clone()
    }

    pub fn config(&self, folder: &Path) -> GuardConfig {
        let (replayed, ends) = (self.clone(), self.clone());
        let mut config = GuardConfig::new(
            SledConfig::new(folder.join("cache"), 1, INDEXER),
            Arc::new(move |after, apply| {
                replayed.asked.lock().unwrap().push(after);
                if let Some(after) = after.filter(|after| after + 1 < *replayed.starts_at.lock().unwrap()) {
                    return Err(CacheError::LedgerStartsLater { after });
                }
                let fail_after = *replayed.fail_after.lock().unwrap();
                let later = replayed.frames().into_iter().filter(|(seq, _)| after.is_none_or(|a| *seq > a));
                for (number, (seq, changes)) in later.enumerate() {
                    if fail_after == Some(number) {
                        return Err(CacheError::Replay("a page of it cannot be read".into()));
                    }
                    apply(seq, changes)?;
                }
                Ok(())
            }),
            Arc::new(move || ends.frames().iter().map(|(seq, _)| *seq).max()),
        );
        config.look_every = Duration::from_millis(20);
        config
    }

    /// A guard that is ready.
    pub fn guard(&self, folder: &Path) -> Guarded {
        let guard = Guarded::start(self.config(folder)).unwrap();
        ready(&guard);
        guard
    }

    /// What the engine does: durable first, then into the cache; refused means wait and apply again.
    pub fn write(&self, guard: &Guarded, seq: u64, changes: Vec<Change>) {
        self.push(seq, changes.clone());
        let start = Instant::now();
        while let Err(error) = guard.apply(seq, &changes) {
            assert!(matches!(error, CacheError::NotReady), "{error}");
            assert!(start.elapsed() < CEILING, "no end of rebuilding: {:?}", guard.last_trouble());
            ready(guard);
        }
    }
}

/// Waits until the guard is ready.
pub fn ready(guard: &Guarded) {
    until(guard, "ready", |guard| *guard.state().borrow() == CacheState::Ready);
}

/// Waits for a condition.
pub fn until(guard: &Guarded, what: &str, holds: impl Fn(&Guarded) -> bool) {
    let start = Instant::now();
    while !holds(guard) {
        let state = *guard.state().borrow();
        assert!(start.elapsed() < CEILING, "not {what}: {state:?}, {:?}", guard.last_trouble());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Everything in the cache, read as a viewer does: what is refused is asked again.
pub fn dump(guard: &Guarded) -> Vec<Row> {
    let start = Instant::now();
    loop {
        ready(guard);
        match guard.dump() {
            Ok(rows) => return rows,
            Err(CacheError::NotReady) if start.elapsed() < CEILING => {}
            Err(error) => panic!("{error}: {:?}", guard.last_trouble()),
        }
    }
}

/// Copies a cache folder and its proof, as a kill of the process would leave them.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
