//! The ledger: all that the engine knows, as frames of puts and deletes; compacted by key.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::base::{self, Base};
use super::compaction::{Compacted, Compaction};
use super::disk::Disk;
use super::error::{Damage, JournalError, Recovered};
use super::frame::Frame;
use super::log::{Alarms, Log};
use super::merge;
use super::segment::Sizes;

const KIND: u32 = 2;
const FRAME: u8 = 2;

/// How a ledger is kept.
#[derive(Clone, Copy, Debug)]
pub struct LedgerOptions {
    /// Sizes of files.
    pub sizes: Sizes,
    /// Compaction is due when the segments hold more than this and more than the base, in bytes.
    pub compact_bytes: u64,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self { sizes: Sizes::default(), compact_bytes: 32 << 20 }
    }
}

/// Takes frames in replay order.
pub type Each<'a> = dyn FnMut(u64, Frame) -> ControlFlow<()> + 'a;

/// The ledger, open for appending: one per directory.
pub struct Ledger {
    log: Log,
    base: Option<Base>,
    options: LedgerOptions,
}

impl Ledger {
    /// Opens or begins a ledger; all segments are checked, the base when it is read.
    pub fn open(disk: Arc<dyn Disk>, options: LedgerOptions) -> Result<(Self, Recovered), JournalError> {
        let base = Base::open(&*disk)?;
        let covers = base.as_ref().map_or(0, Base::covers);
        let (log, mut recovered) = Log::open(disk, "ledger", KIND, options.sizes, (true, covers))?;
        let ledger = Self { log, base, options };
        ledger.drop_covered(covers)?;
        if let Some(base) = &ledger.base {
            base.report(&ledger.log.shared);
        }
        recovered.damage = ledger.damage();
        let oldest = ledger.log.shared.segments().first().map(|s| (s.name.text.clone(), s.name.first_seq));
        if let Some((file, first)) = oldest
            && first > covers + 1
        {
            recovered.damage.push(Damage {
                file,
                first_missing: covers + 1,
                last_missing: first - 1,
                copy: None,
            });
        }
        recovered.first_seq = covers + 1;
        Ok((ledger, recovered))
    }

    /// Hands a frame to the system; it is durable when [`Ledger::sync`] has returned, all of it or nothing. Without a
    /// sync it survives a kill, not a power cut.
    pub fn append(&mut self, frame: &Frame) -> Result<u64, JournalError> {
        let seq = self.log.append(FRAME, &frame.encode(), 0)?;
        self.log.write_through();
        Ok(seq)
    }

    /// Makes all appended frames durable with one `fdatasync`.
    ///
    /// # Errors
    /// After [`JournalError::SyncFailed`] with `rewritten` the frames are durable. After any other they are dropped and
    /// their numbers are used again: decide anew.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        let outcome = self.log.sync();
        self.log.prepare();
        outcome
    }

    /// The newest durable frame; 0 when there is none.
    pub fn last_seq(&self) -> u64 {
        self.log.durable()
    }

    /// The newest frame that only the base holds; 0 without a base.
    pub fn covers(&self) -> u64 {
        self.base.as_ref().map_or(0, Base::covers)
    }

    /// Hands out the durable frames after `after_seq`, in order.
    ///
    /// # Errors
    /// [`JournalError::Compacted`] if some of them are in the base: [`Ledger::replay_all`] into an empty cache.
    pub fn replay(&self, after_seq: u64, each: &mut Each<'_>) -> Result<(), JournalError> {
        if after_seq < self.covers() {
            return Err(JournalError::Compacted { asked: after_seq, covers: self.covers() });
        }
        let mut bad = None;
        self.log.shared.visit(after_seq + 1, &mut |_, record| match Frame::decode(record.payload) {
            Some(frame) => each(record.seq, frame),
            None => {
                bad = Some(record.seq);
                ControlFlow::Break(())
            }
        })?;
        bad.map_or(Ok(()), |seq| Err(JournalError::BadFrame { seq }))
    }

    /// Hands out everything: the base as frames of puts numbered 0 (the last one has the number the base covers, so a
    /// rebuild that was cut off is seen), then the frames after it.
    pub fn replay_all(&self, each: &mut Each<'_>) -> Result<(), JournalError> {
        if let Some(base) = &self.base {
            let mut blocks = base.blocks(&self.log.shared);
            while let Some(block) = blocks.next()? {
                if each(0, block).is_break() {
                    return Ok(());
                }
            }
            if each(base.covers(), Frame::default()).is_break() {
                return Ok(());
            }
        }
        self.replay(self.covers(), each)
    }

    /// Whether compaction pays: the segments have outgrown the limit and the base. Never while damage could not be
    /// copied aside.
    pub fn needs_compaction(&self) -> bool {
        let logged: u64 = self.log.shared.segments().iter().map(|s| s.end).sum();
        let worth = self.options.compact_bytes.max(self.base.as_ref().map_or(0, Base::bytes));
        logged > worth && self.damage().iter().all(|d| d.copy.is_some())
    }

    /// Compacts at once; what has expired at `now_unix_s` goes. Answers the number of live keys.
    pub fn compact(&mut self, now_unix_s: i64) -> Result<u64, JournalError> {
        let compacted = self.plan_compaction(now_unix_s)?.run()?;
        let entries = compacted.entries();
        self.install(compacted)?;
        Ok(entries)
    }

    /// Begins a compaction: syncs and closes the segment. [`Compaction::run`] may run on another thread, then
    /// [`Ledger::install`] ends it. One at a time.
    pub fn plan_compaction(&mut self, now_unix_s: i64) -> Result<Compaction, JournalError> {
        self.log.close_segment()?;
        Ok(Compaction {
            shared: self.log.shared.clone(),
            base: self.base.clone(),
            covers: self.log.durable(),
            now_unix_s,
        })
    }

    /// Puts the new base in place of the old one and drops the segments it covers.
    pub fn install(&mut self, compacted: Compacted) -> Result<(), JournalError> {
        self.base = Some(compacted.base.install()?);
        self.drop_covered(compacted.covers)?;
        if self.log.alarms.reserve_used {
            self.log.take_reserve();
        }
        Ok(())
    }

    /// The damage found so far; the base is checked when it is read.
    pub fn damage(&self) -> Vec<Damage> {
        self.log.shared.damage()
    }

    /// Takes the reserve back when the disk has room again.
    pub fn make_good(&mut self) {
        self.log.make_good();
    }

    /// What went wrong since the opening.
    pub fn alarms(&self) -> Alarms {
        self.log.alarms
    }

    /// Bytes on disk: base and segments.
    pub fn bytes(&self) -> u64 {
        let segments: u64 = self.log.shared.segments().iter().map(|s| s.bytes).sum();
        segments + self.base.as_ref().map_or(0, Base::bytes)
    }

    /// Every durable put that was not deleted, sorted by key, whether expired or not.
    pub(super) fn live(&self, sink: &mut merge::Sink<'_>) -> Result<(), JournalError> {
        merge::live(self.base.as_ref(), &self.log.shared, self.log.durable(), i64::MIN, sink)
    }

    fn drop_covered(&self, covers: u64) -> Result<(), JournalError> {
        let mut gone = Vec::new();
        {
            let mut segments = self.log.shared.segments();
            while segments.len() > 1 && segments.first().is_some_and(|s| s.last_seq <= covers) {
                gone.push(segments.remove(0).name.text);
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let disk = &self.log.shared.disk;
        for name in &gone {
            disk.remove(name).map_err(|e| JournalError::io("remove", name, e))?;
        }
        disk.sync_dir().map_err(|e| JournalError::io("sync", base::NAME, e))
    }
}
