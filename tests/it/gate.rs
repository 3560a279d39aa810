//! A cache that may be busy with itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use hourwire::cache::{CacheError, Change, KeyRange, Memory, Store, Visit, rows};

/// A cache in memory that answers while it is open; what the engine writes goes in always.
pub struct Gate {
    inner: Memory,
    open: AtomicBool,
    shut_at: Mutex<Option<Vec<u8>>>,
}

impl Gate {
    /// An open one.
    pub fn new() -> Self {
        Self { inner: Memory::new(rows::index), open: AtomicBool::new(true), shut_at: Mutex::default() }
    }

    pub fn is_open(&self) -> bool {
        self.open.load(SeqCst)
    }

    /// Lets everybody wait, or no longer.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, SeqCst);
    }

    /// Shuts itself as soon as this row is asked for.
    pub fn shut_at(&self, key: Vec<u8>) {
        *self.shut_at.lock().unwrap() = Some(key);
    }

    fn ask(&self) -> Result<&Memory, CacheError> {
        if self.is_open() { Ok(&self.inner) } else { Err(CacheError::NotReady) }
    }
}

impl Store for Gate {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        if self.shut_at.lock().unwrap().take_if(|at| at == key).is_some() {
            self.set_open(false);
        }
        self.ask()?.get(key)
    }

    fn scan(
        &self,
        range: KeyRange,
        back: bool,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), CacheError> {
        self.ask()?.scan(range, back, limit, visit)
    }

    fn apply(&self, seq: u64, changes: &[Change]) -> Result<(), CacheError> {
        self.inner.apply(seq, changes)
    }

    fn applied_seq(&self) -> Result<Option<u64>, CacheError> {
        self.inner.applied_seq()
    }

    fn flush(&self) -> Result<Option<u64>, CacheError> {
        self.inner.flush()
    }
}
