//! The one place where rows change: a draft is staged over the cache, made durable in the ledger as one frame, put
//! into the cache, and only then acted on.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::cache::{CacheError, Change, KeyRange, Store, Visit, rows};
use crate::control::view::LogLine;
use crate::domain::id::{Account, Key};
use crate::domain::link::Link;
use crate::domain::word::Class;
use crate::journal::{Alarms, Compacted, Compaction, Frame, JournalError, Ledger, Op};

use super::seams::Seams;

/// Lines of the log are kept as long as raw deliveries.
const LOG_DAYS: i64 = 35;

/// Why a draft was not made durable, or a row not read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DeskError {
    /// The cache is being opened or rebuilt; ask again when it is ready.
    #[error("the cache is not ready")]
    NotReady,
    /// A row cannot be read.
    #[error("{0}")]
    Row(CacheError),
    /// The ledger cannot be written; nothing goes on before a restart.
    #[error("the ledger cannot be written: {0}; free the disk or mend it, then restart the engine")]
    Ledger(String),
    /// A part of the engine ended by itself: which, and why.
    #[error("{0} ended: {1}; nothing is lost, restart the engine")]
    Ended(String, String),
    /// A test pulled the plug.
    #[error("the plug was pulled")]
    Pulled,
}

impl From<CacheError> for DeskError {
    fn from(e: CacheError) -> Self {
        match e {
            CacheError::Row(_) | CacheError::BadKey(_) => Self::Row(e),
            _ => Self::NotReady,
        }
    }
}

impl From<JournalError> for DeskError {
    fn from(e: JournalError) -> Self {
        Self::Ledger(e.to_string())
    }
}

impl DeskError {
    /// As the error of a call.
    pub fn into_call(self) -> super::call::CallError {
        super::call::CallError::Desk(self)
    }
}

/// The result of work at the desk.
pub type Desked<T> = Result<T, DeskError>;

/// Counts of bonds by class, per target.
pub type Tally = BTreeMap<Account, [i64; Class::ALL.len()]>;

/// The ledger and the cache together.
pub struct Desk {
    ledger: Arc<Mutex<Ledger>>,
    store: Arc<dyn Store>,
    seams: Seams,
    dead: Option<DeskError>,
    dying: CancellationToken,
    log_seq: u64,
    /// Counts of bonds by class, kept in step with every frame.
    pub tally: Tally,
    /// Source entries that are not deleted, kept in step with every frame.
    pub live: i64,
}

impl Desk {
    /// A desk over a ledger and a cache.
    pub fn new(ledger: Arc<Mutex<Ledger>>, store: Arc<dyn Store>, seams: Seams) -> Self {
        Self {
            ledger,
            store,
            seams,
            dead: None,
            dying: CancellationToken::new(),
            log_seq: 0,
            tally: Tally::new(),
            live: 0,
        }
    }

    /// Reads what is kept in memory, once the cache is ready.
    pub fn warm(&mut self) -> Desked<()> {
        self.tally = self.get(&rows::meta("tally"))?.unwrap_or_default();
        let mut newest = 0;
        self.store.scan(rows::logs(), false, 1, &mut |_, value| {
            newest = rows::decode::<LogLine>(value).map_or(0, |l| l.seq);
            ControlFlow::Break(())
        })?;
        self.log_seq = newest;
        let mut live = 0;
        self.scan(rows::by_stop(), usize::MAX, &mut |_, _| {
            live += 1;
            ControlFlow::Continue(())
        })?;
        self.live = live;
        Ok(())
    }

    /// Bytes of the ledger on the disk; `None` while somebody else reads or writes it, which is not waited for.
    pub fn ledger_bytes(&self) -> Option<u64> {
        self.idle_ledger().map(|ledger| ledger.bytes())
    }

    /// The ledger's alarms, after it took its reserve back if it can; `None` while somebody else reads or writes it.
    pub fn mind_ledger(&self) -> Option<Alarms> {
        let mut ledger = self.idle_ledger()?;
        ledger.make_good();
        Some(ledger.alarms())
    }

    fn idle_ledger(&self) -> Option<MutexGuard<'_, Ledger>> {
        match self.ledger.try_lock() {
            Ok(ledger) => Some(ledger),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Our clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.seams.now()
    }

    /// What stopped the desk, if anything.
    pub fn dead(&self) -> Option<&DeskError> {
        self.dead.as_ref()
    }

    /// Cancelled once the desk is dead.
    pub fn dying(&self) -> CancellationToken {
        self.dying.clone()
    }

    fn die(&mut self, why: DeskError) -> DeskError {
        self.dying.cancel();
        self.dead.insert(why).clone()
    }

    /// A value.
    pub fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Desked<Option<T>> {
        read(self.store.as_ref(), key)
    }

    /// A bond.
    pub fn link(&self, target: &Account, source: &Key) -> Desked<Option<Link>> {
        self.get(&rows::link(target, source))
    }

    /// Visits at most `limit` rows in key order.
    pub fn scan(&self, range: KeyRange, limit: usize, visit: &mut Visit<'_>) -> Desked<()> {
        Ok(self.store.scan(range, false, limit, visit)?)
    }

    /// Visits at most `limit` rows from the last key back.
    pub fn scan_back(&self, range: KeyRange, limit: usize, visit: &mut Visit<'_>) -> Desked<()> {
        Ok(self.store.scan(range, true, limit, visit)?)
    }

    /// The source keys that an index range names.
    pub fn named(&self, range: KeyRange, limit: usize) -> Desked<Vec<Key>> {
        let mut keys = Vec::new();
        self.scan(range, limit, &mut |_, value| {
            keys.extend(rows::named_by(value));
            ControlFlow::Continue(())
        })?;
        Ok(keys)
    }

    /// The source keys that the first `limit` rows of an index range name, and where the range goes on behind them.
    pub fn named_after(&self, range: &KeyRange, limit: usize) -> Desked<(Vec<Key>, Option<Vec<u8>>)> {
        let mut keys = Vec::new();
        let mut after = None;
        self.scan(range.clone(), limit, &mut |key, value| {
            keys.extend(rows::named_by(value));
            // The smallest key behind this one.
            after = Some([key, &[0]].concat());
            ControlFlow::Continue(())
        })?;
        Ok((keys, after))
    }

    /// Starts a draft.
    pub fn draft(&self) -> Draft<'_> {
        Draft {
            store: self.store.as_ref(),
            staged: BTreeMap::new(),
            tally: self.tally.clone(),
            live: self.live,
            log_seq: self.log_seq,
            now: self.seams.now(),
        }
    }

    /// Stages, makes durable and applies one frame. `point` names the write for tests that pull the plug before it
    /// and after it. An empty draft writes nothing.
    pub fn write<T>(
        &mut self,
        point: &'static str,
        fill: impl FnOnce(&mut Draft<'_>) -> Desked<T>,
    ) -> Desked<T> {
        let mut draft = self.draft();
        let out = fill(&mut draft)?;
        let finished = draft.finish();
        self.commit(point, finished)?;
        Ok(out)
    }

    /// Makes a finished draft durable and applies it.
    pub fn commit(&mut self, point: &'static str, finished: Finished) -> Desked<()> {
        if let Some(dead) = &self.dead {
            return Err(dead.clone());
        }
        let Finished { mut staged, tally, live, log_seq } = finished;
        if staged.is_empty() {
            return Ok(());
        }
        self.pull(point)?;
        if tally != self.tally {
            staged.insert(rows::meta("tally"), Staged { value: Some(rows::encode(&tally)?), expires: None });
        }
        let seq = match self.append(&staged) {
            Ok(seq) => seq,
            Err(e) => return Err(self.die(e)),
        };
        self.tally = tally;
        self.live = live;
        self.log_seq = log_seq;
        self.pull("ledger")?;
        let changes: Vec<Change> = staged
            .into_iter()
            .map(|(key, s)| match s.value {
                Some(value) => Change::Put { key, value },
                None => Change::Delete { key },
            })
            .collect();
        // The frame is durable: a cache that fails now is rebuilt from the ledger, nothing is lost.
        if let Err(e) = self.store.apply(seq, &changes) {
            tracing::warn!(error = %e, seq, "the cache did not take a frame; it follows from the ledger");
        }
        self.pull("cache")
    }

    fn append(&self, staged: &BTreeMap<Vec<u8>, Staged>) -> Desked<u64> {
        let ops = staged
            .iter()
            .map(|(key, s)| match &s.value {
                Some(value) => Op::Put { key: key.clone(), value: value.clone(), expires: s.expires },
                None => Op::Delete { key: key.clone() },
            })
            .collect();
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = ledger.append(&Frame { ops })?;
        if self.seams.rules.journal_sync {
            match ledger.sync() {
                // The file failed, but the group stands, synced, in a new one.
                Ok(()) | Err(JournalError::SyncFailed { rewritten: true, .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(seq)
    }

    fn pull(&mut self, point: &'static str) -> Desked<()> {
        if (self.seams.plug)(point) {
            return Err(self.die(DeskError::Pulled));
        }
        Ok(())
    }

    /// Plans a rewrite of the ledger without what is gone, when it is worth it.
    pub fn plan_tidy(&mut self) -> Desked<Option<Compaction>> {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if !ledger.needs_compaction() {
            return Ok(None);
        }
        Ok(Some(ledger.plan_compaction(self.seams.now().timestamp())?))
    }

    /// Puts the rewritten ledger in place.
    pub fn install(&mut self, compacted: Compacted) -> Desked<()> {
        Ok(self.ledger.lock().unwrap_or_else(PoisonError::into_inner).install(compacted)?)
    }
}

#[derive(Clone, Debug)]
struct Staged {
    value: Option<Vec<u8>>,
    expires: Option<i64>,
}

fn read<T: DeserializeOwned>(store: &dyn Store, key: &[u8]) -> Desked<Option<T>> {
    match store.get(key)? {
        Some(bytes) => Ok(Some(rows::decode(&bytes)?)),
        None => Ok(None),
    }
}

/// A frame of the ledger as changes of the cache.
pub fn changes_of(frame: Frame) -> Vec<Change> {
    let change = |op| match op {
        Op::Put { key, value, .. } => Change::Put { key, value },
        Op::Delete { key } => Change::Delete { key },
    };
    frame.ops.into_iter().map(change).collect()
}

/// A draft that borrows nothing any more.
pub struct Finished {
    staged: BTreeMap<Vec<u8>, Staged>,
    tally: Tally,
    live: i64,
    log_seq: u64,
}

/// Rows staged over the cache; nobody else sees them until they are durable.
pub struct Draft<'a> {
    store: &'a dyn Store,
    staged: BTreeMap<Vec<u8>, Staged>,
    tally: Tally,
    live: i64,
    log_seq: u64,
    /// Our clock when the draft began.
    pub now: DateTime<Utc>,
}

impl Draft<'_> {
    /// A value, staged or stored.
    pub fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Desked<Option<T>> {
        match self.staged.get(key) {
            Some(Staged { value: Some(bytes), .. }) => Ok(Some(rows::decode(bytes)?)),
            Some(_) => Ok(None),
            None => read(self.store, key),
        }
    }

    /// Stages a value.
    pub fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) -> Desked<()> {
        self.staged.insert(key, Staged { value: Some(rows::encode(value)?), expires: None });
        Ok(())
    }

    /// Stages a value that may be forgotten after `keep`.
    pub fn put_for<T: Serialize>(&mut self, key: Vec<u8>, value: &T, keep: TimeDelta) -> Desked<()> {
        let expires = Some((self.now + keep).timestamp());
        self.staged.insert(key, Staged { value: Some(rows::encode(value)?), expires });
        Ok(())
    }

    /// Stages the removal of a row.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.staged.insert(key, Staged { value: None, expires: None });
    }

    /// Stages the removal of a row if it is there.
    pub fn delete_if_there(&mut self, key: Vec<u8>) -> Desked<()> {
        if self.staged.contains_key(&key) || self.store.get(&key)?.is_some() {
            self.delete(key);
        }
        Ok(())
    }

    /// Stages the removal of all rows of a range.
    pub fn delete_range(&mut self, range: KeyRange) -> Desked<()> {
        let mut keys = Vec::new();
        self.store.scan(range, false, usize::MAX, &mut |key, _| {
            keys.push(key.to_vec());
            ControlFlow::Continue(())
        })?;
        for key in keys {
            self.delete(key);
        }
        Ok(())
    }

    /// Notes that a source entry came to life (1) or ended (-1).
    pub fn count_live(&mut self, by: i64) {
        self.live += by;
    }

    /// A bond, staged or stored.
    pub fn link(&self, target: &Account, source: &Key) -> Desked<Option<Link>> {
        self.get(&rows::link(target, source))
    }

    /// Stages a bond and keeps the counts in step. `since` moves when its class changes.
    pub fn put_link(&mut self, target: &Account, source: &Key, mut link: Link) -> Desked<()> {
        let key = rows::link(target, source);
        let old: Option<Link> = self.get(&key)?;
        if old.as_ref() == Some(&link) {
            return Ok(());
        }
        let class = link.class();
        let counts = self.tally.entry(target.clone()).or_default();
        if let Some(old) = &old {
            counts[old.class() as usize] -= 1;
            if old.class() != class {
                link.since = self.now;
            }
        }
        counts[class as usize] += 1;
        self.put(key, &link)
    }

    /// The source entry that holds a target's id, staged or stored.
    pub fn holder(&self, target: &Account, id: &crate::domain::id::RemoteId) -> Desked<Option<Key>> {
        let key = rows::by_target_id(target, id);
        Ok(self.store.get(&key)?.as_deref().and_then(rows::named_by))
    }

    /// Ends the staging.
    pub fn finish(self) -> Finished {
        Finished { staged: self.staged, tally: self.tally, live: self.live, log_seq: self.log_seq }
    }

    /// Adds a line to the log.
    pub fn say(&mut self, topic: &str, level: &str, say: impl Into<String>, key: Option<&Key>) -> Desked<()> {
        self.log_seq += 1;
        let line = LogLine {
            seq: self.log_seq,
            at: self.now,
            topic: topic.to_owned(),
            say: say.into(),
            key: key.cloned(),
            level: level.to_owned(),
        };
        self.put_for(rows::log(self.log_seq), &line, TimeDelta::days(LOG_DAYS))
    }
}
