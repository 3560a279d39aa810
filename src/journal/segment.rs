//! One file of a log: its name, its header and what is known of its content.
//!
//! The name repeats what the header says (`prefix-ordinal-firstseq-salt.seg`), so a damaged header loses no record.

use std::io;
use std::sync::Arc;

use super::disk::{Disk, DiskFile, read_full, write_all, zero_fill};
use super::error::JournalError;

/// Records begin here: the header has a sector of its own.
pub(super) const HEADER_BLOCK: u64 = 512;
/// The newest format known here.
pub(super) const FORMAT: u32 = 1;
const MAGIC: &[u8; 8] = b"HWJOURNL";
const HEADER: usize = 48;
/// The index remembers a position every so many bytes.
const INDEX_STEP: u64 = 32 * 1024;

/// Sizes of files in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// A segment is closed before it grows beyond this.
    pub segment: u64,
    /// Zero-filled when a segment is made; small, so that the first start is quick.
    pub first: u64,
    /// A segment grows by so much, zero-filled ahead of the records.
    pub step: u64,
    /// Held back for the day the disk is full.
    pub reserve: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { segment: 16 << 20, first: 256 << 10, step: 1 << 20, reserve: 4 << 20 }
    }
}

impl Sizes {
    /// Small files, for tests and worlds.
    pub fn small() -> Self {
        Self { segment: 16 << 10, first: 2 << 10, step: 2 << 10, reserve: 8 << 10 }
    }
}

/// What a segment's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub text: String,
    pub ordinal: u64,
    pub first_seq: u64,
    pub salt: u64,
}

impl Name {
    pub fn new(prefix: &str, ordinal: u64, first_seq: u64, salt: u64) -> Self {
        let text = format!("{prefix}-{ordinal:08}-{first_seq:016x}-{salt:016x}.seg");
        Self { text, ordinal, first_seq, salt }
    }

    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(prefix)?.strip_prefix('-')?.strip_suffix(".seg")?;
        let mut parts = rest.split('-');
        let ordinal = parts.next()?.parse().ok()?;
        let first_seq = u64::from_str_radix(parts.next()?, 16).ok()?;
        let salt = u64::from_str_radix(parts.next()?, 16).ok()?;
        parts.next().is_none().then(|| Self { text: text.to_owned(), ordinal, first_seq, salt })
    }
}

/// What a segment's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Valid { created_ns: i64 },
    Newer(u32),
    Damaged,
}

/// A segment as readers see it: only durable records count.
pub(super) struct Segment {
    pub name: Name,
    pub file: Arc<dyn DiskFile>,
    /// When it was made: no record of an older segment is newer.
    pub created_ns: i64,
    /// The last durable record; `first_seq - 1` when there is none.
    pub last_seq: u64,
    /// Where the last durable record ends; for a segment not yet scanned, where the file ends.
    pub end: u64,
    /// Bytes of the file.
    pub bytes: u64,
    index: Vec<(u64, u64)>,
}

impl Segment {
    pub fn new(name: Name, file: Arc<dyn DiskFile>, created_ns: i64, bytes: u64) -> Self {
        let last_seq = name.first_seq.saturating_sub(1);
        Self { name, file, created_ns, last_seq, end: HEADER_BLOCK, bytes, index: Vec::new() }
    }

    /// Remembers where a record is, sparsely.
    pub fn note(&mut self, seq: u64, offset: u64) {
        mark(&mut self.index, seq, offset);
    }

    /// A position at or before the record `seq`, and the sequence number expected there.
    pub fn seek(&self, seq: u64) -> (u64, u64) {
        let after = self.index.partition_point(|&(known, _)| known <= seq);
        match after.checked_sub(1).and_then(|at| self.index.get(at)) {
            Some(&(known, offset)) => (known, offset),
            None => (self.name.first_seq, HEADER_BLOCK),
        }
    }
}

/// Adds a position to an index if it is far enough from the last one.
pub(super) fn mark(index: &mut Vec<(u64, u64)>, seq: u64, offset: u64) {
    if index.last().is_none_or(|&(_, last)| offset >= last + INDEX_STEP) {
        index.push((seq, offset));
    }
}

/// Makes a segment: header and first zeros are durable, and so is its name, before a record is written.
pub(super) fn create(
    disk: &dyn Disk,
    name: &Name,
    kind: u32,
    created_ns: i64,
    bytes: u64,
) -> io::Result<Arc<dyn DiskFile>> {
    let file = disk.create(&name.text)?;
    let made = write_all(&*file, &header(name, kind, created_ns), 0)
        .and_then(|()| zero_fill(&*file, HEADER as u64, bytes))
        .and_then(|()| file.sync_data())
        .and_then(|()| disk.sync_dir());
    match made {
        Ok(()) => Ok(file),
        Err(error) => {
            // The next opening removes it if this cannot.
            let _ = disk.remove(&name.text);
            Err(error)
        }
    }
}

fn header(name: &Name, kind: u32, created_ns: i64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    header[12..16].copy_from_slice(&kind.to_le_bytes());
    header[16..24].copy_from_slice(&name.salt.to_le_bytes());
    header[24..32].copy_from_slice(&name.first_seq.to_le_bytes());
    header[32..40].copy_from_slice(&created_ns.to_le_bytes());
    let crc = crc32c::crc32c(&header[..40]);
    header[40..44].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Reads a header; its numbers must agree with the name.
pub(super) fn read_header(file: &dyn DiskFile, name: &Name, kind: u32) -> Result<Header, JournalError> {
    let mut found = [0; HEADER];
    let n = read_full(file, &mut found, 0).map_err(|e| JournalError::io("read", &name.text, e))?;
    if n < HEADER || &found[..8] != MAGIC {
        return Ok(Header::Damaged);
    }
    let u32_at = |at: usize| u32::from_le_bytes([found[at], found[at + 1], found[at + 2], found[at + 3]]);
    if u32_at(40) != crc32c::crc32c(&found[..40]) {
        return Ok(Header::Damaged);
    }
    if u32_at(8) > FORMAT {
        return Ok(Header::Newer(u32_at(8)));
    }
    let created = u64::from(u32_at(32)) | u64::from(u32_at(36)) << 32;
    let created_ns = created as i64;
    Ok(if found == header(name, kind, created_ns) { Header::Valid { created_ns } } else { Header::Damaged })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_foreign_files_are_left_alone() {
        let name = Name::new("inbox", 7, 0x1234, u64::MAX);
        assert_eq!(Name::parse("inbox", &name.text), Some(name.clone()));
        assert_eq!(Name::parse("ledger", &name.text), None);
        assert_eq!(Name::parse("inbox", "inbox-1-2.seg"), None);
        assert_eq!(Name::parse("inbox", &format!("{}.damaged", name.text)), None);
    }
}
