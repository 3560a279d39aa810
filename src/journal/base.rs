//! The base of the ledger: the live puts up to a sequence number, sorted by key, in checked blocks.
//!
//! It is written beside the old one, synced, and renamed over it. Its header stands at both ends, so a damaged one loses
//! nothing and a cut file is seen at once.

use std::sync::Arc;

use super::disk::{Disk, DiskFile, read_full, write_all};
use super::error::JournalError;
use super::frame::{Frame, Op};
use super::reading::Shared;
use super::record;
use super::scan::Scanner;
use super::segment::HEADER_BLOCK;

/// The name of the base.
pub(super) const NAME: &str = "ledger.base";
/// The name of a base that is being written.
const NEW: &str = "ledger.base.new";
const MAGIC: &[u8; 8] = b"HWLEDGER";
const FORMAT: u32 = 1;
const HEADER: usize = 56;
const BLOCK: u8 = 1;
const BLOCK_BYTES: usize = 64 * 1024;

/// What the header of a base says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    covers: u64,
    salt: u64,
    entries: u64,
    end: u64,
}

/// An open base.
#[derive(Clone)]
pub(super) struct Base {
    file: Arc<dyn DiskFile>,
    header: Header,
    /// The file is shorter than its header says, or one header is damaged.
    pub hurt: bool,
}

impl Base {
    /// Opens the base, if there is one, and removes one that was not finished.
    pub fn open(disk: &dyn Disk) -> Result<Option<Self>, JournalError> {
        let names = disk.list().map_err(|e| JournalError::io("list", "the directory", e))?;
        if names.iter().any(|name| name == NEW) {
            disk.remove(NEW).map_err(|e| JournalError::io("remove", NEW, e))?;
        }
        if !names.iter().any(|name| name == NAME) {
            return Ok(None);
        }
        let file = disk.open(NAME).map_err(|e| JournalError::io("open", NAME, e))?;
        let len = file.len().map_err(|e| JournalError::io("measure", NAME, e))?;
        let front = read_header(&*file, 0)?;
        let back = read_header(&*file, len.saturating_sub(HEADER as u64))?;
        let bad = |what| JournalError::BadBase { file: NAME.to_owned(), what };
        let header = front.or(back).ok_or_else(|| bad("neither of its headers is readable"))?;
        let hurt = front != back || header.end + HEADER as u64 != len;
        Ok(Some(Self { file, header, hurt }))
    }

    /// The newest sequence number whose effects are in the base.
    pub fn covers(&self) -> u64 {
        self.header.covers
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.header.end
    }

    /// Reports a damaged header or a missing end.
    pub fn report(&self, shared: &Shared) {
        if self.hurt {
            shared.report(NAME, &self.file, 1, 0);
        }
    }

    /// Its blocks, in order; damaged ones are reported to `shared` and skipped.
    pub fn blocks<'a>(&'a self, shared: &'a Shared) -> Blocks<'a> {
        let scanner = Scanner::new(&*self.file, self.header.salt, HEADER_BLOCK, self.header.end);
        Blocks { base: self, shared, scanner, expected: 1 }
    }
}

/// Reads a base block by block.
pub(super) struct Blocks<'a> {
    base: &'a Base,
    shared: &'a Shared,
    scanner: Scanner<'a>,
    expected: u64,
}

impl Blocks<'_> {
    /// The puts of the next block, sorted by key; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Frame>, JournalError> {
        let read = |e| JournalError::io("read", NAME, e);
        loop {
            if let Some(record) = self.scanner.next().map_err(read)? {
                self.expected = record.seq + 1;
                let seq = record.seq;
                return Frame::decode(record.payload).ok_or(JournalError::BadFrame { seq }).map(Some);
            }
            if self.scanner.at >= self.base.header.end {
                return Ok(None);
            }
            let found = self.scanner.find(self.expected).map_err(read)?;
            let missing_to = found.map_or(u64::MAX, |f| f.seq.saturating_sub(1));
            self.shared.report(NAME, &self.base.file, self.expected, missing_to);
            self.scanner.at = found.map_or(self.base.header.end, |f| f.offset);
        }
    }
}

fn read_header(file: &dyn DiskFile, at: u64) -> Result<Option<Header>, JournalError> {
    let mut found = [0; HEADER];
    let n = read_full(file, &mut found, at).map_err(|e| JournalError::io("read", NAME, e))?;
    let u32_at = |at: usize| u32::from_le_bytes([found[at], found[at + 1], found[at + 2], found[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    if n < HEADER || &found[..8] != MAGIC || u32_at(12) != crc32c::crc32c(&sealed_part(&found)) {
        return Ok(None);
    }
    if u32_at(8) > FORMAT {
        return Err(JournalError::NewerFormat { file: NAME.to_owned(), found: u32_at(8), known: FORMAT });
    }
    Ok(Some(Header { covers: u64_at(16), salt: u64_at(24), entries: u64_at(32), end: u64_at(40) }))
}

/// A header without its checksum.
fn sealed_part(header: &[u8; HEADER]) -> [u8; HEADER] {
    let mut part = *header;
    part[12..16].fill(0);
    part
}

fn encode_header(header: Header) -> [u8; HEADER] {
    let mut out = [0; HEADER];
    out[..8].copy_from_slice(MAGIC);
    out[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    out[16..24].copy_from_slice(&header.covers.to_le_bytes());
    out[24..32].copy_from_slice(&header.salt.to_le_bytes());
    out[32..40].copy_from_slice(&header.entries.to_le_bytes());
    out[40..48].copy_from_slice(&header.end.to_le_bytes());
    let crc = crc32c::crc32c(&out);
    out[12..16].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Writes a new base; the keys must come in ascending order.
pub(super) struct BaseWriter {
    disk: Arc<dyn Disk>,
    file: Arc<dyn DiskFile>,
    header: Header,
    blocks: u64,
    block: Frame,
    block_bytes: usize,
}

impl BaseWriter {
    /// Begins a base beside the old one.
    pub fn begin(disk: Arc<dyn Disk>, covers: u64) -> Result<Self, JournalError> {
        if disk.list().is_ok_and(|names| names.iter().any(|name| name == NEW)) {
            disk.remove(NEW).map_err(|e| JournalError::io("remove", NEW, e))?;
        }
        let file = disk.create(NEW).map_err(|e| JournalError::io("create", NEW, e))?;
        let header = Header { covers, salt: disk.random(), entries: 0, end: HEADER_BLOCK };
        Ok(Self { disk, file, header, blocks: 0, block: Frame::default(), block_bytes: 0 })
    }

    /// Adds a put.
    pub fn put(&mut self, key: &[u8], value: &[u8], expires: Option<i64>) -> Result<(), JournalError> {
        self.block.ops.push(Op::Put { key: key.into(), value: value.into(), expires });
        self.block_bytes += key.len() + value.len() + 16;
        self.header.entries += 1;
        if self.block_bytes >= BLOCK_BYTES { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> Result<(), JournalError> {
        if self.block.ops.is_empty() {
            return Ok(());
        }
        self.blocks += 1;
        let mut bytes = Vec::with_capacity(self.block_bytes + 64);
        record::encode(&mut bytes, self.header.salt, (self.blocks, 0), 0, BLOCK, &self.block.encode());
        write_all(&*self.file, &bytes, self.header.end).map_err(|e| JournalError::io("write", NEW, e))?;
        self.header.end += bytes.len() as u64;
        self.block.ops.clear();
        self.block_bytes = 0;
        Ok(())
    }

    /// Finishes the file and makes its content durable; it is not the base yet.
    pub fn finish(mut self) -> Result<NewBase, JournalError> {
        self.end_block()?;
        let header = encode_header(self.header);
        write_all(&*self.file, &header, self.header.end)
            .and_then(|()| write_all(&*self.file, &header, 0))
            .and_then(|()| self.file.sync_data())
            .map_err(|e| JournalError::io("write", NEW, e))?;
        Ok(NewBase { disk: self.disk, base: Base { file: self.file, header: self.header, hurt: false } })
    }

    /// Gives up.
    pub fn abandon(self) {
        let _ = self.disk.remove(NEW);
    }
}

/// A whole base that has not taken its place yet.
pub(super) struct NewBase {
    disk: Arc<dyn Disk>,
    base: Base,
}

impl NewBase {
    /// Its number of entries.
    pub fn entries(&self) -> u64 {
        self.base.header.entries
    }

    /// Takes the place of the old base, durably.
    pub fn install(self) -> Result<Base, JournalError> {
        self.disk.rename(NEW, NAME).map_err(|e| JournalError::io("rename", NEW, e))?;
        self.disk.sync_dir().map_err(|e| JournalError::io("sync", "the directory", e))?;
        Ok(self.base)
    }
}
