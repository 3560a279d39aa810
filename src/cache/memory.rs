//! The in-memory twin: deterministic, for worlds and tests, and the yardstick for the store on sled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::plan::plan;
use super::{CacheError, Change, Indexer, KeyRange, Proof, Store, Visit};

#[derive(Clone, Default)]
struct Content {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    proof: Proof,
}

/// A store in memory.
pub struct Memory {
    indexer: Indexer,
    // Shared, so that a scan keeps its moment without holding the lock while it visits.
    content: Mutex<Arc<Content>>,
}

impl Memory {
    /// An empty store.
    pub fn new(indexer: Indexer) -> Self {
        Self { indexer, content: Mutex::default() }
    }

    /// The proof of what is in it.
    pub fn proof(&self) -> Proof {
        self.content().proof.clone()
    }

    fn content(&self) -> MutexGuard<'_, Arc<Content>> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.content().rows.get(key).cloned())
    }

    fn scan(
        &self,
        range: KeyRange,
        reverse: bool,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), CacheError> {
        let Some(range) = range.visible() else { return Ok(()) };
        let moment = Arc::clone(&self.content());
        let rows = moment.rows.range(range.from..range.to);
        let mut step = |(key, value): (&Vec<u8>, &Vec<u8>)| visit(key, value);
        let _broken = if reverse {
            rows.rev().take(limit).try_for_each(&mut step)
        } else {
            rows.take(limit).try_for_each(&mut step)
        };
        Ok(())
    }

    fn apply(&self, seq: u64, changes: &[Change]) -> Result<(), CacheError> {
        let mut content = self.content();
        let read = |key: &[u8]| Ok(content.rows.get(key).cloned());
        let plan = plan(seq, changes, self.indexer, &content.proof, &read)?;
        let content = Arc::make_mut(&mut content);
        for write in plan.writes {
            match write.new {
                Some(value) => content.rows.insert(write.key, value),
                None => content.rows.remove(&write.key),
            };
        }
        content.proof = plan.proof;
        Ok(())
    }

    fn applied_seq(&self) -> Result<Option<u64>, CacheError> {
        Ok(self.content().proof.seq)
    }

    fn flush(&self) -> Result<Option<u64>, CacheError> {
        self.applied_seq()
    }
}
