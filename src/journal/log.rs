//! The one writer of a log: buffers records, writes a group with one write, makes it durable with one `fdatasync`.
//!
//! A failed sync is final for its file: the group goes into a new segment and the callers are told.

use std::io;
use std::sync::Arc;

use super::disk::{Disk, DiskFile, write_all, zero_fill};
use super::error::{JournalError, Recovered};
use super::reading::Shared;
use super::record::{self, MAX_PAYLOAD, NOTE};
use super::recovery;
use super::segment::{self, HEADER_BLOCK, Name, Segment, Sizes};

/// More than this waits for no caller: `append` syncs by itself.
const MAX_PENDING: usize = 8 * 1024 * 1024;

/// What went wrong since the opening, for the person to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    /// Syncs or writes that failed; each closed its segment.
    pub failures: u64,
    /// The disk was full and the reserve has been given up.
    pub reserve_used: bool,
    /// The newest records were dropped.
    pub refusing: bool,
    /// Records that were dropped, their callers told.
    pub dropped: u64,
}

impl Alarms {
    /// Whether looking at the disk again may mend something.
    pub fn is_pressed(&self) -> bool {
        self.reserve_used || self.refusing
    }
}

struct Active {
    file: Arc<dyn DiskFile>,
    salt: u64,
    /// Where the next record goes.
    tail: u64,
    /// The file is zero-filled up to here.
    filled: u64,
}

/// A log open for appending.
pub(super) struct Log {
    prefix: &'static str,
    kind: u32,
    sizes: Sizes,
    pub shared: Arc<Shared>,
    active: Option<Active>,
    next_ordinal: u64,
    durable: u64,
    next: u64,
    /// Encoded records that are not durable yet; the first `written` bytes are in the file.
    pending: Vec<u8>,
    written: usize,
    newest_ns: i64,
    reserve: bool,
    pub alarms: Alarms,
}

impl Log {
    /// Opens or begins a log whose files start with `prefix`; numbers up to `floor` are never used (again).
    pub fn open(
        disk: Arc<dyn Disk>,
        prefix: &'static str,
        kind: u32,
        sizes: Sizes,
        (thorough, floor): (bool, u64),
    ) -> Result<(Self, Recovered), JournalError> {
        let mut opened = recovery::open(disk, prefix, kind, thorough)?;
        let usable = opened.appendable && opened.recovered.last_seq >= floor;
        opened.recovered.last_seq = opened.recovered.last_seq.max(floor);
        let shared = Arc::new(opened.shared);
        let active = shared.segments().last().filter(|_| usable).map(|s| Active {
            file: s.file.clone(),
            salt: s.name.salt,
            tail: s.end,
            filled: s.bytes,
        });
        let durable = opened.recovered.last_seq;
        let mut log = Self {
            prefix,
            kind,
            sizes,
            shared,
            active,
            next_ordinal: opened.next_ordinal,
            durable,
            next: durable + 1,
            pending: Vec::new(),
            written: 0,
            newest_ns: 0,
            reserve: false,
            alarms: Alarms::default(),
        };
        log.take_reserve();
        if log.active.is_none() {
            // A full disk must not keep the log from being read: the first append says so.
            let _ = log.begin_segment(0);
        }
        Ok((log, opened.recovered))
    }

    /// The newest durable sequence number.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// Buffers a record; it counts when `sync` has returned.
    pub fn append(&mut self, kind: u8, payload: &[u8], unix_ns: i64) -> Result<u64, JournalError> {
        if payload.len() > MAX_PAYLOAD {
            return Err(JournalError::TooLarge { bytes: payload.len(), limit: MAX_PAYLOAD });
        }
        if self.pending.len() > MAX_PENDING {
            self.sync()?;
        }
        let seq = self.next;
        let behind = u32::try_from(seq - self.durable).unwrap_or(u32::MAX);
        let salt = self.active.as_ref().map_or(0, |a| a.salt);
        record::encode(&mut self.pending, salt, (seq, behind), unix_ns, kind, payload);
        self.next += 1;
        self.newest_ns = self.newest_ns.max(unix_ns);
        Ok(seq)
    }

    /// Hands buffered records to the system without making them durable: they survive a kill, not a power cut. A
    /// failure shows at the next `sync`.
    pub fn write_through(&mut self) {
        let _ = self.write();
    }

    /// Makes all appended records durable. [`Log::prepare`] should follow.
    ///
    /// # Errors
    /// [`JournalError::SyncFailed`] and [`JournalError::NoSpace`]; they say what became of the records.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        let wrote = !self.pending.is_empty();
        let Err(mut error) = self.write_and_commit() else {
            self.alarms.refusing &= !wrote;
            return Ok(());
        };
        if is_full(&error) && self.give_up_reserve() {
            match self.write_and_commit() {
                Ok(()) => {
                    self.alarms.refusing = false;
                    return Ok(());
                }
                Err(again) => error = again,
            }
        }
        self.alarms.failures += 1;
        if !is_full(&error) && self.write_and_commit().is_ok() {
            return Err(JournalError::SyncFailed { rewritten: true, source: error });
        }
        self.drop_pending();
        self.alarms.refusing = true;
        // Also where there was no room for a reserve from the start.
        self.alarms.reserve_used |= is_full(&error);
        Err(if is_full(&error) {
            JournalError::NoSpace
        } else {
            JournalError::SyncFailed { rewritten: false, source: error }
        })
    }

    /// Closes the segment, so that the next record begins a new one. Everything must be durable.
    pub fn close_segment(&mut self) -> Result<(), JournalError> {
        self.sync()?;
        if self.active.as_ref().is_some_and(|a| a.tail > HEADER_BLOCK) {
            self.active = None;
            self.begin_segment(0).map_err(|e| JournalError::io("begin a segment of", self.prefix, e))?;
        }
        Ok(())
    }

    /// Work for when nobody waits: leaves a note of what is durable, and zero-fills ahead.
    pub fn prepare(&mut self) {
        let (durable, clean) = (self.durable, self.pending.is_empty());
        let Some(active) = &mut self.active else { return };
        if clean {
            note_durable(active, durable);
        }
        if active.filled - active.tail < self.sizes.step / 2 && active.filled < self.sizes.segment {
            let to = (active.filled + self.sizes.step).min(self.sizes.segment.max(active.filled));
            if zero_fill(&*active.file, active.filled, to).is_ok() {
                active.filled = to;
            }
        }
    }

    fn write_and_commit(&mut self) -> io::Result<()> {
        self.write()?;
        self.commit()
    }

    /// Writes what is pending and not written yet.
    fn write(&mut self) -> io::Result<()> {
        if self.written == self.pending.len() {
            return Ok(());
        }
        let more = (self.pending.len() - self.written) as u64;
        if self.active.as_ref().is_some_and(|a| a.tail > HEADER_BLOCK && a.tail + more > self.sizes.segment) {
            // What is not durable yet moves along into the new segment.
            self.retire();
        }
        if self.active.is_none() {
            self.begin_segment(self.pending.len() as u64)?;
        }
        let Some(active) = &mut self.active else { return Err(io::ErrorKind::NotFound.into()) };
        let end = active.tail + (self.pending.len() - self.written) as u64;
        if end > active.filled
            && let Err(error) = grow(active, end, self.sizes)
        {
            if !is_full(&error) {
                self.retire();
            }
            return Err(error);
        }
        if let Err(error) = write_all(&*active.file, &self.pending[self.written..], active.tail) {
            self.retire();
            return Err(error);
        }
        active.tail = end;
        self.written = self.pending.len();
        Ok(())
    }

    /// Makes what is written durable.
    fn commit(&mut self) -> io::Result<()> {
        let Some(active) = self.active.as_ref().filter(|_| self.written > 0) else { return Ok(()) };
        if let Err(error) = active.file.sync_data() {
            self.retire();
            return Err(error);
        }
        let start = active.tail - self.written as u64;
        if let Some(segment) = self.shared.segments().last_mut() {
            for (offset, head) in record::heads(&self.pending[..self.written]) {
                segment.note(head.seq, start + offset as u64);
                segment.last_seq = head.seq;
                self.durable = head.seq;
            }
            segment.end = active.tail;
            segment.bytes = active.filled;
        }
        self.pending.drain(..self.written);
        self.written = 0;
        Ok(())
    }

    /// Leaves the file for good: what is not durable goes into a new segment.
    fn retire(&mut self) {
        self.active = None;
        self.written = 0;
    }

    fn drop_pending(&mut self) {
        if self.written > 0 {
            // What was written before the failure may still become durable.
            let _ = self.commit();
        }
        if self.written > 0 {
            self.retire();
        }
        self.alarms.dropped += self.next - self.durable - 1;
        self.pending.clear();
        self.written = 0;
        self.next = self.durable + 1;
    }

    /// Begins a segment for the first record that is not durable, with room for `bytes`.
    fn begin_segment(&mut self, bytes: u64) -> io::Result<()> {
        let name = Name::new(self.prefix, self.next_ordinal, self.durable + 1, self.shared.disk.random());
        self.next_ordinal += 1;
        let filled = self.sizes.first.max(HEADER_BLOCK + bytes);
        let file = segment::create(&*self.shared.disk, &name, self.kind, self.newest_ns, filled)?;
        record::reseal(&mut self.pending, name.salt);
        self.active = Some(Active { file: file.clone(), salt: name.salt, tail: HEADER_BLOCK, filled });
        self.shared.segments().push(Segment::new(name, file, self.newest_ns, filled));
        Ok(())
    }

    fn reserve_name(&self) -> String {
        format!("{}.reserve", self.prefix)
    }

    /// Holds room back, if there is room.
    pub fn take_reserve(&mut self) {
        let (disk, name) = (&self.shared.disk, self.reserve_name());
        let taken = match disk.open(&name) {
            Ok(file) => file.preallocate(self.sizes.reserve),
            Err(_) => disk.create(&name).and_then(|file| {
                file.preallocate(self.sizes.reserve).inspect_err(|_| {
                    let _ = disk.remove(&name);
                })
            }),
        };
        self.reserve = taken.is_ok();
        self.alarms.reserve_used &= !self.reserve;
    }

    /// Takes the reserve back once there is room for more than it, so that it does not come and go with each record.
    pub fn make_good(&mut self) {
        let roomy =
            || self.shared.disk.free_space().is_ok_and(|free| free >= self.sizes.reserve.saturating_mul(2));
        if !self.alarms.is_pressed() || !roomy() {
            return;
        }
        self.take_reserve();
        self.alarms.refusing &= !self.reserve;
    }

    fn give_up_reserve(&mut self) -> bool {
        let had = std::mem::take(&mut self.reserve);
        if had {
            self.alarms.reserve_used = true;
            let _ = self.shared.disk.remove(&self.reserve_name());
            let _ = self.shared.disk.sync_dir();
        }
        had
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Zero-fills ahead of the records; on a nearly full disk only as far as needed.
fn grow(active: &mut Active, end: u64, sizes: Sizes) -> io::Result<()> {
    let ahead = (active.filled + sizes.step).min(sizes.segment).max(end);
    let filled = match zero_fill(&*active.file, active.filled, ahead) {
        Err(error) if is_full(&error) => zero_fill(&*active.file, active.filled, end).map(|()| end)?,
        other => other.map(|()| ahead)?,
    };
    active.filled = filled;
    Ok(())
}

/// Leaves a note behind the last record. It is not synced: it helps to tell corruption from a torn tail after a kill.
fn note_durable(active: &Active, durable: u64) {
    let mut note = Vec::with_capacity(record::HEAD);
    record::encode(&mut note, active.salt, (durable, 0), 0, NOTE, &[]);
    if active.tail + note.len() as u64 <= active.filled {
        let _ = active.file.write_at(&note, active.tail);
    }
}
