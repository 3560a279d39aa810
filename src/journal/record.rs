//! The form of one record: `len u32 | crc32c u32 | seq u64 | unix_ns i64 | behind u32 | kind u8 | 3 zeros | payload`,
//! little-endian, padded to 8 bytes. `len` counts what follows the checksum, so it is never 0; 0 means the end.
//!
//! The checksum covers the segment's salt, `len` and everything after itself, so stale bytes never look valid.
//! `behind` is the distance to the newest record that was durable when this one was written. It tells a torn group (some
//! sectors of one unfinished write survived) from corruption of what had been durable.

use std::ops::Range;

/// The kind of a note: written behind the newest record after a sync, not synced itself, overwritten by the next
/// record. It says that everything up to its number is durable.
pub(super) const NOTE: u8 = 0;
/// Bytes before the payload.
pub(super) const HEAD: usize = 32;
/// Bytes of `len` and checksum, which `len` does not count.
const PREFIX: usize = 8;
/// The largest payload.
pub(super) const MAX_PAYLOAD: usize = 32 * 1024 * 1024;

/// What the first bytes of a record say; not checked yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    len: u32,
    crc: u32,
    pub seq: u64,
    pub unix_ns: i64,
    pub behind: u32,
    pub kind: u8,
}

impl Head {
    /// Reads a head; `None` where no record can begin.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; HEAD] = bytes.get(..HEAD)?.try_into().ok()?;
        let len = u32_at(head, 0);
        let fits = (HEAD - PREFIX..=HEAD - PREFIX + MAX_PAYLOAD).contains(&(len as usize));
        fits.then(|| Self {
            len,
            crc: u32_at(head, 4),
            seq: u64_at(head, 8),
            unix_ns: u64_at(head, 16) as i64,
            behind: u32_at(head, 24),
            kind: head[28],
        })
    }

    /// Bytes of the record with its padding.
    pub fn size(&self) -> usize {
        (PREFIX + self.len as usize).next_multiple_of(8)
    }

    /// Where the payload lies in the record.
    pub fn payload(&self) -> Range<usize> {
        HEAD..PREFIX + self.len as usize
    }

    /// Whether the bytes of a whole record carry the right checksum.
    pub fn is_sealed(&self, salt: u64, record: &[u8]) -> bool {
        record.get(..PREFIX + self.len as usize).is_some_and(|bytes| checksum(salt, bytes) == self.crc)
    }
}

/// Appends one record to `buffer`.
pub(super) fn encode(
    buffer: &mut Vec<u8>,
    salt: u64,
    (seq, behind): (u64, u32),
    unix_ns: i64,
    kind: u8,
    payload: &[u8],
) {
    let start = buffer.len();
    let len = (HEAD - PREFIX + payload.len()) as u32;
    buffer.extend_from_slice(&len.to_le_bytes());
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&seq.to_le_bytes());
    buffer.extend_from_slice(&unix_ns.to_le_bytes());
    buffer.extend_from_slice(&behind.to_le_bytes());
    buffer.extend_from_slice(&[kind, 0, 0, 0]);
    buffer.extend_from_slice(payload);
    seal(&mut buffer[start..], salt);
    buffer.resize(buffer.len().next_multiple_of(8), 0);
}

/// Gives every record of a buffer the checksum for another salt.
pub(super) fn reseal(mut records: &mut [u8], salt: u64) {
    while let Some(head) = Head::parse(records) {
        let end = head.payload().end.min(records.len());
        seal(&mut records[..end], salt);
        let size = head.size().min(records.len());
        records = &mut records[size..];
    }
}

/// The heads of the records in a buffer that this process made, with their offsets.
pub(super) fn heads(records: &[u8]) -> impl Iterator<Item = (usize, Head)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let head = Head::parse(records.get(at..)?)?;
        let offset = at;
        at += head.size();
        Some((offset, head))
    })
}

fn seal(record: &mut [u8], salt: u64) {
    let crc = checksum(salt, record);
    record[4..PREFIX].copy_from_slice(&crc.to_le_bytes());
}

fn checksum(salt: u64, record: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&salt.to_le_bytes()), &record[..4]);
    crc32c::crc32c_append(crc, &record[PREFIX..])
}

fn u32_at(bytes: &[u8; HEAD], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8; HEAD], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_reads_back_and_no_flipped_bit_is_accepted(
            salt: u64, seq: u64, behind: u32, unix_ns: i64, kind: u8,
            payload in proptest::collection::vec(any::<u8>(), 0..200), bit: usize,
        ) {
            let mut buffer = Vec::new();
            encode(&mut buffer, salt, (seq, behind), unix_ns, kind, &payload);
            let head = Head::parse(&buffer).unwrap();
            prop_assert_eq!(buffer.len(), head.size());
            prop_assert!(head.is_sealed(salt, &buffer));
            prop_assert!(!head.is_sealed(salt ^ 1, &buffer));
            prop_assert_eq!(
                (head.seq, head.behind, head.unix_ns, head.kind, &buffer[head.payload()]),
                (seq, behind, unix_ns, kind, &payload[..])
            );
            let bit = bit % (head.payload().end * 8);
            buffer[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!Head::parse(&buffer).is_some_and(|head| head.is_sealed(salt, &buffer)));
        }

        #[test]
        fn resealing_moves_a_group_to_another_segment(payloads in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..50), 1..8)) {
            let mut moved = Vec::new();
            let mut fresh = Vec::new();
            for (seq, payload) in (1..).zip(&payloads) {
                encode(&mut moved, 7, (seq, 1), 0, 1, payload);
                encode(&mut fresh, 8, (seq, 1), 0, 1, payload);
            }
            reseal(&mut moved, 8);
            prop_assert_eq!(moved, fresh);
        }
    }
}
