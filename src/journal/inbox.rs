//! The inbox: verified raw deliveries in the order they came, kept by age.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::disk::Disk;
use super::error::{Damage, JournalError, Recovered};
use super::log::{Alarms, Log};
use super::reading::Shared;
use super::segment::Sizes;

const KIND: u32 = 1;
const DELIVERY: u8 = 1;
/// A read answers with at most so many bytes (and at least one record).
const READ_BYTES: usize = 8 * 1024 * 1024;

/// How an inbox is kept.
#[derive(Clone, Copy, Debug)]
pub struct InboxOptions {
    /// Sizes of files.
    pub sizes: Sizes,
    /// Whole segments older than this may go, in seconds (default: 35 days).
    pub keep_s: i64,
    /// The oldest segments may go while all together are larger than this, in bytes (default: 256 MiB).
    pub keep_bytes: u64,
}

impl Default for InboxOptions {
    fn default() -> Self {
        Self { sizes: Sizes::default(), keep_s: 35 * 86_400, keep_bytes: 256 << 20 }
    }
}

/// A durable delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its sequence number, from 1 without holes.
    pub seq: u64,
    /// When it was appended, Unix nanoseconds.
    pub unix_ns: i64,
    /// What was appended.
    pub payload: Bytes,
}

/// The inbox, open for appending: one per directory.
pub struct Inbox {
    log: Log,
    options: InboxOptions,
}

impl Inbox {
    /// Opens or begins an inbox. Only the newest segment is read, so this takes milliseconds; damage in older ones
    /// shows when they are read, or by [`InboxReader::verify`].
    ///
    /// An intake cursor above [`Recovered::last_seq`] belongs to another inbox: it must fall back to `last_seq`.
    pub fn open(disk: Arc<dyn Disk>, options: InboxOptions) -> Result<(Self, Recovered), JournalError> {
        let (log, recovered) = Log::open(disk, "inbox", KIND, options.sizes, (false, 0))?;
        Ok((Self { log, options }, recovered))
    }

    /// Buffers a delivery; it is durable when [`Inbox::sync`] has returned. Answers its sequence number.
    pub fn append(&mut self, payload: &[u8], unix_ns: i64) -> Result<u64, JournalError> {
        self.log.append(DELIVERY, payload, unix_ns)
    }

    /// Buffers several deliveries; answers the number of the last one.
    pub fn append_group(&mut self, payloads: &[&[u8]], unix_ns: i64) -> Result<u64, JournalError> {
        let mut last = self.last_seq();
        for payload in payloads {
            last = self.append(payload, unix_ns)?;
        }
        Ok(last)
    }

    /// Makes what was appended durable with one write and one `fdatasync`.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        let outcome = self.log.sync();
        self.log.prepare();
        outcome
    }

    /// As [`Inbox::sync`], but leaves what can wait to [`Inbox::prepare`].
    pub(super) fn sync_first(&mut self) -> Result<(), JournalError> {
        self.log.sync()
    }

    /// What can wait until the waiters are answered.
    pub(super) fn prepare(&mut self) {
        self.log.prepare();
    }

    /// The newest durable sequence number; 0 when there is none.
    pub fn last_seq(&self) -> u64 {
        self.log.durable()
    }

    /// Up to `max` durable deliveries from `seq` on (from the oldest kept one, if `seq` is gone).
    pub fn read_from(&self, seq: u64, max: usize) -> Result<Vec<Stored>, JournalError> {
        read_from(&self.log.shared, seq, max)
    }

    /// A handle that reads while this one writes.
    pub fn reader(&self) -> InboxReader {
        InboxReader { shared: self.log.shared.clone(), options: self.options }
    }

    /// Drops whole old segments; see [`InboxReader::retain`].
    pub fn retain(&mut self, now_unix_ns: i64, applied_through: u64) -> Result<u64, JournalError> {
        let removed = self.reader().retain(now_unix_ns, applied_through)?;
        if removed > 0 && self.log.alarms.reserve_used {
            self.log.take_reserve();
        }
        Ok(removed)
    }

    /// Takes the reserve back when the disk has room again.
    pub fn make_good(&mut self) {
        self.log.make_good();
    }

    /// What went wrong since the opening.
    pub fn alarms(&self) -> Alarms {
        self.log.alarms
    }
}

/// Reads durable deliveries without waiting for the writer.
#[derive(Clone)]
pub struct InboxReader {
    shared: Arc<Shared>,
    options: InboxOptions,
}

impl InboxReader {
    /// As [`Inbox::read_from`].
    pub fn read_from(&self, seq: u64, max: usize) -> Result<Vec<Stored>, JournalError> {
        read_from(&self.shared, seq, max)
    }

    /// The newest durable sequence number.
    pub fn last_seq(&self) -> u64 {
        self.shared.segments().last().map_or(0, |s| s.last_seq)
    }

    /// Drops whole segments from the oldest on: those older than 35 days, and those beyond 256 MiB; never one with a
    /// delivery after `applied_through`, never the one being written. Answers how many went.
    pub fn retain(&self, now_unix_ns: i64, applied_through: u64) -> Result<u64, JournalError> {
        let oldest_ns = now_unix_ns.saturating_sub(self.options.keep_s.saturating_mul(1_000_000_000));
        let mut gone = Vec::new();
        {
            let mut segments = self.shared.segments();
            let mut total: u64 = segments.iter().map(|s| s.bytes).sum();
            while let [first, second, ..] = segments.as_slice() {
                // Nothing in a segment is newer than the making of the next one.
                let old = second.created_ns < oldest_ns;
                if first.last_seq > applied_through || !(old || total > self.options.keep_bytes) {
                    break;
                }
                total -= first.bytes;
                gone.push(segments.remove(0).name.text);
            }
        }
        for name in &gone {
            self.shared.disk.remove(name).map_err(|e| JournalError::io("remove", name, e))?;
        }
        if !gone.is_empty() {
            self.shared.disk.sync_dir().map_err(|e| JournalError::io("sync", "the directory", e))?;
        }
        Ok(gone.len() as u64)
    }

    /// Reads everything through and answers all damage found since the opening.
    pub fn verify(&self) -> Result<Vec<Damage>, JournalError> {
        self.shared.visit(0, &mut |_, _| ControlFlow::Continue(()))?;
        Ok(self.damage())
    }

    /// The damage found so far. What it names is gone; everything else is still read.
    pub fn damage(&self) -> Vec<Damage> {
        self.shared.damage()
    }

    /// Bytes that the disk still has room for; `None` when it does not tell.
    pub fn free_space(&self) -> Option<u64> {
        self.shared.disk.free_space().ok()
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.shared.segments().iter().map(|s| s.bytes).sum()
    }
}

fn read_from(shared: &Shared, seq: u64, max: usize) -> Result<Vec<Stored>, JournalError> {
    let mut stored = Vec::new();
    let mut bytes = 0;
    if max > 0 {
        shared.visit(seq, &mut |_, record| {
            bytes += record.payload.len();
            let payload = Bytes::copy_from_slice(record.payload);
            stored.push(Stored { seq: record.seq, unix_ns: record.unix_ns, payload });
            if stored.len() >= max || bytes >= READ_BYTES {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
    }
    Ok(stored)
}
