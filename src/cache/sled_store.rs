//! The store on sled 0.34.7: one tree, every call fenced against panics, large values in pieces.
//!
//! It reports damage and never repairs; that is the guard's work.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::fence::{Fault, fenced, fenced_plain};
use super::plan::{Write, plan};
use super::store::{TAG_CHUNK, TAG_OWN};
use super::{CacheError, Change, Indexer, KeyRange, Proof, Store, Visit};

/// A leaf of sled holds up to 17 rows, and a page above 128 KiB goes to a blob file that is never synced: rows of at
/// most 4 KiB keep every page well below.
const INLINE: usize = 4096;
const PROOF_KEY: [u8; 1] = [TAG_OWN];
const HEAD_INLINE: u8 = 0;
const HEAD_CHUNKED: u8 = 1;

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
    /// The design's figures: 16 MiB of pages.
    pub fn new(path: impl Into<PathBuf>, schema: u32, indexer: Indexer) -> Self {
        Self { path: path.into(), cache_capacity: 16 << 20, schema, indexer }
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
        Ok(Self { db: Some(db), indexer: config.indexer, proof: Mutex::new(proof), file })
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

    fn whole(&self, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, CacheError> {
        match stored.split_first() {
            Some((&HEAD_INLINE, value)) => Ok(value.to_vec()),
            Some((&HEAD_CHUNKED, length)) => {
                let length = <[u8; 8]>::try_from(length)
                    .map_err(|_| CacheError::Damaged("the head of a large value".into()))?;
                let length = u64::from_be_bytes(length) as usize;
                let mut value = Vec::new();
                for number in 0..pieces(length) {
                    let piece = fenced(|| self.db()?.get(piece_key(key, number)).map_err(Fault::from))?
                        .ok_or_else(|| CacheError::Damaged("a piece of a large value is missing".into()))?;
                    value.extend_from_slice(&piece);
                }
                if value.len() != length {
                    return Err(CacheError::Damaged("a large value has another length".into()));
                }
                Ok(value)
            }
            _ => Err(CacheError::Damaged("a value without a head".into())),
        }
    }
}

impl Store for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        if !key.first().is_some_and(|tag| (TAG_OWN + 1..TAG_CHUNK).contains(tag)) {
            return Ok(None);
        }
        match fenced(|| self.db()?.get(key).map_err(Fault::from))? {
            Some(stored) => self.whole(key, &stored).map(Some),
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
        let mut rows = fenced_plain(|| db.range(range.from..range.to))?;
        for _ in 0..limit {
            // Only sled's own step is fenced: a panic of the visitor is the caller's.
            let row = fenced_plain(|| if reverse { rows.next_back() } else { rows.next() })?;
            let Some(row) = row else { break };
            let (key, stored) = row.map_err(Fault::from)?;
            if visit(&key, &self.whole(&key, &stored)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, seq: u64, changes: &[Change]) -> Result<(), CacheError> {
        let mut proof = self.lock();
        let plan = plan(seq, changes, self.indexer, &proof, &|key| self.get(key))?;
        let mut batch = sled::Batch::default();
        for write in plan.writes {
            put(&mut batch, write);
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

fn put(batch: &mut sled::Batch, write: Write) {
    let Write { key, old_len, new } = write;
    if let Some(length) = old_len.filter(|length| *length > INLINE) {
        for number in 0..pieces(length) {
            batch.remove(piece_key(&key, number));
        }
    }
    match new {
        None => batch.remove(key),
        Some(value) if value.len() <= INLINE => {
            let mut stored = Vec::with_capacity(value.len() + 1);
            stored.push(HEAD_INLINE);
            stored.extend_from_slice(&value);
            batch.insert(key, stored);
        }
        Some(value) => {
            for (number, piece) in value.chunks(INLINE).enumerate() {
                batch.insert(piece_key(&key, number), piece);
            }
            let mut head = vec![HEAD_CHUNKED];
            head.extend_from_slice(&(value.len() as u64).to_be_bytes());
            batch.insert(key, head);
        }
    }
}

fn pieces(length: usize) -> usize {
    length.div_ceil(INLINE)
}

/// The length of the owner's key stands first, so that no piece of one key is a piece of another.
fn piece_key(key: &[u8], number: usize) -> Vec<u8> {
    let mut piece = vec![TAG_CHUNK];
    piece.extend_from_slice(&(key.len() as u32).to_be_bytes());
    piece.extend_from_slice(key);
    piece.extend_from_slice(&(number as u32).to_be_bytes());
    piece
}

fn encode(proof: &Proof) -> Result<Vec<u8>, CacheError> {
    serde_json::to_vec(proof).map_err(|e| CacheError::Damaged(format!("its proof cannot be written: {e}")))
}
