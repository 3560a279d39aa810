//! The store on sled 0.34.7: one tree, every call fenced against panics, rows in blocks, large values in pieces.
//!
//! It reports damage and never repairs; that is the guard's work.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::block::{Block, unpack};
use super::fence::{Fault, fenced, fenced_plain};
use super::pieces::{Stored, count_of, piece_key, put};
use super::plan::plan;
use super::store::{TAG_CHUNK, TAG_OWN};
use super::{CacheError, Change, Indexer, KeyRange, Proof, Store, Visit};

/// sled looks at its memory limit only after 64 accesses in each of 256 shards, so pages read once pile up far beyond
/// it. A block is therefore read again, which costs microseconds on a page that is there, and counts towards the look.
const REPEAT_GET: usize = 3;
const REPEAT_SCAN: usize = 8;
const PROOF_KEY: [u8; 1] = [TAG_OWN];

/// How to open a store on sled.
#[derive(Debug, Clone)]
pub struct SledConfig {
    /// The folder; its data file is `db`.
    pub path: PathBuf,
    /// Memory for pages, in bytes.
    pub cache_capacity: u64,
    /// Version of the engine's row and index forms; a cache of another one is rebuilt.
    pub schema: u32,
    /// Makes the index entries.
    pub indexer: Indexer,
}

impl SledConfig {
    /// 4 MiB of pages; sled holds some beyond its limit.
    pub fn new(path: impl Into<PathBuf>, schema: u32, indexer: Indexer) -> Self {
        Self { path: path.into(), cache_capacity: 4 << 20, schema, indexer }
    }

    /// The data file.
    pub fn db_file(&self) -> PathBuf {
        self.path.join("db")
    }
}

/// A store on sled.
pub struct Sled {
    // An option only so that dropping it can be fenced too.
    db: Option<sled::Db>,
    indexer: Indexer,
    // Also the writer's lock: the old value is read, then the batch is written.
    proof: Mutex<Proof>,
    /// The block last looked into, packed and unpacked.
    unpacked: Mutex<(sled::IVec, Vec<u8>)>,
    // Our own handle: sled's flush starts the write-back but does not wait for the disk.
    file: File,
}

impl Sled {
    /// Opens or creates the store. Proves nothing yet; see [`Sled::count`].
    pub fn open(config: &SledConfig) -> Result<Self, CacheError> {
        let db = open_db(config)?;
        let proof = match fenced(|| db.get(PROOF_KEY))? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| CacheError::Damaged(format!("its proof row: {e}")))?,
            None => Proof { schema: config.schema, ..Proof::default() },
        };
        let path = config.db_file();
        let file = File::open(&path).map_err(|e| CacheError::file("open", path, &e))?;
        Ok(Self {
            db: Some(db),
            indexer: config.indexer,
            proof: Mutex::new(proof),
            unpacked: Mutex::default(),
            file,
        })
    }

    /// The proof that the last batch carried.
    pub fn proof(&self) -> Proof {
        self.lock().clone()
    }

    /// Marks the content as unfinished, or as the whole ledger.
    pub(super) fn set_building(&self, building: bool) -> Result<(), CacheError> {
        let mut proof = self.lock();
        let next = Proof { building, ..proof.clone() };
        fenced(|| self.db()?.insert(PROOF_KEY, encode(&next)?).map_err(Fault::from))?;
        *proof = next;
        Ok(())
    }

    /// Reads everything and returns what is really there, to be compared with [`Sled::proof`]. `progress` is told
    /// the rows read so far, now and then. Call it while nobody writes.
    pub fn count(&self, progress: &mut dyn FnMut(u64)) -> Result<Proof, CacheError> {
        let mut found = Proof::default();
        let mut rows = 0;
        self.scan(KeyRange::all(), false, usize::MAX, &mut |key, value| {
            found.add(key, value);
            rows += 1;
            if rows % 1024 == 0 {
                progress(rows);
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn db(&self) -> Result<&sled::Db, CacheError> {
        self.db.as_ref().ok_or(CacheError::NotReady)
    }

    fn lock(&self) -> MutexGuard<'_, Proof> {
        self.proof.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The block that holds a key if anything does: its own key, and its rows as they are packed.
    fn block_of(&self, key: &[u8]) -> Result<Option<(sled::IVec, sled::IVec)>, CacheError> {
        let first = &key[..key.len().min(1)];
        fenced(|| self.db()?.range(first..=key).next_back().transpose().map_err(Fault::from))
    }

    /// A row as it is stored now: its value, unless that is in pieces.
    fn read(&self, key: &[u8]) -> Result<Option<Stored>, CacheError> {
        match self.block_of(key)? {
            Some((_, packed)) => self.find(packed, key),
            None => Ok(None),
        }
    }

    /// A row of a block. Neighbours are often asked for one after another, so the last block stays unpacked.
    fn find(&self, packed: sled::IVec, key: &[u8]) -> Result<Option<Stored>, CacheError> {
        let mut last = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != packed || packed.is_empty() {
            *last = (sled::IVec::default(), unpack(&packed)?);
            last.0 = packed;
        }
        Block::find(&last.1, key)?.map(|stored| Stored::parse(&stored)).transpose()
    }

    /// Reads a block for the sake of sled's accounts alone.
    fn touch(&self, key: &[u8]) -> Result<(), CacheError> {
        fenced(|| self.db()?.contains_key(key).map_err(Fault::from)).map(drop)
    }

    /// A value, put together. The proof as argument stands for the writer's lock: pieces change under it.
    fn assemble(&self, key: &[u8], _lock: &Proof) -> Result<Option<Vec<u8>>, CacheError> {
        let length = match self.read(key)? {
            Some(Stored::Pieces(length)) => length,
            Some(Stored::Inline(value)) => return Ok(Some(value)),
            None => return Ok(None),
        };
        let mut value = Vec::new();
        for number in 0..count_of(length) {
            let piece = fenced(|| self.db()?.get(piece_key(key, number)).map_err(Fault::from))?
                .ok_or_else(|| CacheError::Damaged("a piece of a large value is missing".into()))?;
            value.extend_from_slice(&piece);
        }
        if value.len() != length {
            return Err(CacheError::Damaged("a large value has another length".into()));
        }
        Ok(Some(value))
    }
}

impl Store for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        if !key.first().is_some_and(|tag| (TAG_OWN + 1..TAG_CHUNK).contains(tag)) {
            return Ok(None);
        }
        let Some((at, packed)) = self.block_of(key)? else { return Ok(None) };
        for _ in 0..REPEAT_GET {
            self.touch(&at)?;
        }
        match self.find(packed, key)? {
            Some(Stored::Inline(value)) => Ok(Some(value)),
            Some(Stored::Pieces(_)) => self.assemble(key, &self.lock()),
            None => Ok(None),
        }
    }

    fn scan(
        &self,
        range: KeyRange,
        reverse: bool,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), CacheError> {
        let Some(range) = range.visible() else { return Ok(()) };
        let db = self.db()?;
        let first = self.block_of(&range.from)?.map_or_else(|| range.from.clone(), |(at, _)| at.to_vec());
        let mut blocks = fenced_plain(|| db.range(first..range.to.clone()))?;
        let mut left = limit;
        // A block that is split meanwhile may show its upper rows twice.
        let mut last: Option<Vec<u8>> = None;
        while left > 0 {
            // Only sled's own step is fenced: a panic of the visitor is the caller's.
            let block = fenced_plain(|| if reverse { blocks.next_back() } else { blocks.next() })?;
            let Some(block) = block else { break };
            let (at, packed) = block.map_err(Fault::from)?;
            for _ in 0..REPEAT_SCAN {
                self.touch(&at)?;
            }
            let mut rows = Block::decode(&packed)?.into_rows();
            if reverse {
                rows.reverse();
            }
            for (key, stored) in rows {
                let is_new = last.as_ref().is_none_or(|last| if reverse { key < *last } else { key > *last });
                if !is_new || key < range.from || key >= range.to {
                    continue;
                }
                if left == 0 {
                    break;
                }
                left -= 1;
                let value = match Stored::parse(&stored)? {
                    Stored::Inline(value) => Some(value),
                    Stored::Pieces(_) => self.assemble(&key, &self.lock())?,
                };
                // Deleted since the step: then it is not there to be seen.
                if value.is_some_and(|value| visit(&key, &value).is_break()) {
                    return Ok(());
                }
                last = Some(key);
            }
        }
        Ok(())
    }

    fn apply(&self, seq: u64, changes: &[Change]) -> Result<(), CacheError> {
        let mut proof = self.lock();
        let plan = plan(seq, changes, self.indexer, &proof, &|key| self.assemble(key, &proof))?;
        let mut batch = sled::Batch::default();
        let mut blocks: BTreeMap<Vec<u8>, Block> = BTreeMap::new();
        for write in plan.writes {
            let (key, stored) = put(&mut batch, write);
            let (at, packed) = match self.block_of(&key)? {
                Some((at, packed)) => (at.to_vec(), Some(packed)),
                None => (key[..key.len().min(1)].to_vec(), None),
            };
            let block = match blocks.entry(at) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(place) => {
                    place.insert(packed.map(|packed| Block::decode(&packed)).transpose()?.unwrap_or_default())
                }
            };
            block.set(key, stored);
        }
        for (at, block) in blocks {
            let parts = block.encode(&at);
            if parts.is_empty() {
                batch.remove(at);
            }
            for (at, packed) in parts {
                batch.insert(at, packed);
            }
        }
        batch.insert(&PROOF_KEY, encode(&plan.proof)?);
        fenced(|| self.db()?.apply_batch(batch).map_err(Fault::from))?;
        *proof = plan.proof;
        Ok(())
    }

    fn applied_seq(&self) -> Result<Option<u64>, CacheError> {
        Ok(self.lock().seq)
    }

    fn flush(&self) -> Result<Option<u64>, CacheError> {
        let seq = self.lock().seq;
        fenced(|| self.db()?.flush().map_err(Fault::from))?;
        self.file.sync_data().map_err(|e| CacheError::Damaged(format!("its file cannot be synced: {e}")))?;
        Ok(seq)
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        // sled flushes when it is dropped; on a damaged file that may panic as well.
        if let Some(db) = self.db.take()
            && let Err(error) = fenced_plain(move || drop(db))
        {
            tracing::debug!(%error, "closing the cache");
        }
    }
}

fn open_db(config: &SledConfig) -> Result<sled::Db, CacheError> {
    // sled frees its lock in a background thread: a store closed a moment ago may still hold it.
    let mut patience = 40;
    loop {
        let opened = fenced(|| {
            sled::Config::new()
                .path(&config.path)
                .cache_capacity(config.cache_capacity)
                .mode(sled::Mode::LowSpace)
                .flush_every_ms(Some(500))
                .open()
        });
        match opened {
            Err(CacheError::Damaged(words)) if patience > 0 && words.contains("could not acquire lock") => {
                patience -= 1;
                thread::sleep(Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

fn encode(proof: &Proof) -> Result<Vec<u8>, CacheError> {
    serde_json::to_vec(proof).map_err(|e| CacheError::Damaged(format!("its proof cannot be written: {e}")))
}
