//! Rows in blocks: neighbours in key order share one row of sled, compressed. sled keeps some 330 bytes in memory for
//! each of its pages, loaded or not, and puts 9 to 16 rows on a page, so half a million index entries of their own
//! would cost more than all else that the engine holds.
//!
//! A block stands under a key not above its first row's and holds every row up to the next block's key; the first
//! block of a tag stands under the tag alone. Knows bytes only; must not touch sled.

use super::CacheError;

/// Bytes of a block before compression; one that grows beyond is split. Even incompressible blocks keep a page of sled,
/// up to 17 of them, below the 128 KiB from which it would go to a file that is never synced.
const FULL: usize = 7 * 1024;
/// No block is near this large; a length beyond it is damage, not to be allocated.
const ABSURD: usize = 1 << 20;

/// The rows of one block in key order, each with what is stored for it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Block {
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    /// A row was added behind all others, as happens when history is read in order.
    appended: bool,
}

impl Block {
    /// Reads a block.
    pub fn decode(packed: &[u8]) -> Result<Self, CacheError> {
        let plain = unpack(packed)?;
        let mut rows = Vec::new();
        let mut reader = Reader { rest: &plain, key: Vec::new() };
        while let Some(stored) = reader.next()? {
            rows.push((reader.key.clone(), stored.to_vec()));
        }
        Ok(Self { rows, appended: false })
    }

    /// What is stored for one key in a block that is unpacked.
    pub fn find(plain: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        let mut reader = Reader { rest: plain, key: Vec::new() };
        while let Some(stored) = reader.next()? {
            if reader.key == key {
                return Ok(Some(stored.to_vec()));
            }
        }
        Ok(None)
    }

    /// The rows in key order.
    pub fn into_rows(self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.rows
    }

    /// Sets or removes a row.
    pub fn set(&mut self, key: Vec<u8>, stored: Option<Vec<u8>>) {
        match (self.rows.binary_search_by(|(there, _)| there.cmp(&key)), stored) {
            (Ok(place), Some(stored)) => self.rows[place].1 = stored,
            (Ok(place), None) => drop(self.rows.remove(place)),
            (Err(place), Some(stored)) => {
                self.appended |= place == self.rows.len();
                self.rows.insert(place, (key, stored));
            }
            (Err(_), None) => {}
        }
    }

    /// The block as it is to be stored under `at`, split when it has grown too large; nothing when it is empty.
    pub fn encode(&self, at: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let total: usize = self.rows.iter().map(|(key, stored)| key.len() + stored.len()).sum();
        // In order, full blocks are left behind; else halves, which have room for what comes between.
        let even = if self.appended { FULL } else { total / total.div_ceil(FULL).max(1) + 1 };
        let mut blocks = Vec::new();
        let (mut start, mut bytes) = (0, 0);
        for (place, (key, stored)) in self.rows.iter().enumerate() {
            let more = key.len() + stored.len();
            if place > start && (bytes + more > FULL || bytes >= even) {
                blocks.push(pack(&self.rows[start..place]));
                (start, bytes) = (place, 0);
            }
            bytes += more;
        }
        if start < self.rows.len() {
            blocks.push(pack(&self.rows[start..]));
        }
        if let Some((first, _)) = blocks.first_mut() {
            *first = at.to_vec();
        }
        blocks
    }
}

/// One block under the key of its first row.
fn pack(rows: &[(Vec<u8>, Vec<u8>)]) -> (Vec<u8>, Vec<u8>) {
    let mut plain = Vec::with_capacity(FULL);
    let mut before: &[u8] = &[];
    for (key, stored) in rows {
        let shared = key.iter().zip(before).take_while(|(a, b)| a == b).count();
        for length in [shared, key.len() - shared, stored.len()] {
            push_length(&mut plain, length);
        }
        plain.extend_from_slice(&key[shared..]);
        plain.extend_from_slice(stored);
        before = key;
    }
    (rows[0].0.clone(), lz4_flex::block::compress_prepend_size(&plain))
}

/// Decompresses a block.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, CacheError> {
    let size = packed.first_chunk::<4>().map(|size| u32::from_le_bytes(*size) as usize);
    if size.is_none_or(|size| size > ABSURD) {
        return Err(damaged());
    }
    lz4_flex::block::decompress_size_prepended(packed).map_err(|_| damaged())
}

fn damaged() -> CacheError {
    CacheError::Damaged("a block of rows cannot be read".into())
}

/// Seven bits a byte, lowest first.
fn push_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// Walks through a block; `key` is that of the row last read.
struct Reader<'a> {
    rest: &'a [u8],
    key: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<&'a [u8]>, CacheError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (shared, suffix, stored) = (self.length()?, self.length()?, self.length()?);
        if shared > self.key.len() {
            return Err(damaged());
        }
        self.key.truncate(shared);
        let suffix = self.take(suffix)?;
        self.key.extend_from_slice(suffix);
        self.take(stored).map(Some)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CacheError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    fn length(&mut self) -> Result<usize, CacheError> {
        let mut length = 0;
        for place in 0..4 {
            let (&byte, rest) = self.rest.split_first().ok_or_else(damaged)?;
            self.rest = rest;
            length |= usize::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(length);
            }
        }
        Err(damaged())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(number: usize) -> (Vec<u8>, Vec<u8>) {
        (format!("k{number:06}").into_bytes(), vec![number as u8; 700])
    }

    /// Every block holds its rows from its key up to the next block's key.
    fn rows_of(blocks: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut all = Vec::new();
        for (place, (at, packed)) in blocks.iter().enumerate() {
            let rows = Block::decode(packed).unwrap().into_rows();
            assert!(rows.iter().all(|(key, _)| key >= at));
            if let Some((next, _)) = blocks.get(place + 1) {
                assert!(rows.iter().all(|(key, _)| key < next));
            }
            all.extend(rows);
        }
        all
    }

    #[test]
    fn rows_in_order_fill_their_blocks_and_others_leave_room() {
        let mut ordered = Block::default();
        for number in 0..100 {
            let (key, stored) = row(number);
            ordered.set(key, Some(stored));
        }
        let full = ordered.encode(b"k");
        assert_eq!(full.len(), 100usize.div_ceil(FULL / 707));
        assert_eq!(rows_of(&full), (0..100).map(row).collect::<Vec<_>>());

        let mut between = Block { appended: false, ..Block::decode(&full[0].1).unwrap() };
        let (key, stored) = row(3);
        between.set([key.as_slice(), b"x"].concat(), Some(stored));
        let halves: Vec<usize> = between
            .encode(b"k")
            .iter()
            .map(|(_, packed)| Block::decode(packed).unwrap().into_rows().len())
            .collect();
        assert_eq!(halves, [6, 5]);
    }

    #[test]
    fn an_empty_block_is_not_stored() {
        let mut block = Block::default();
        block.set(b"k1".to_vec(), Some(vec![1]));
        block.set(b"k1".to_vec(), None);
        assert!(block.encode(b"k").is_empty());
    }

    #[test]
    fn nonsense_is_damage_and_allocates_nothing() {
        for packed in [&b""[..], b"\xff\xff\xff\xff", b"\x09\x00\x00\x00", b"\x02\x00\x00\x00\x20\x01\x01"] {
            assert!(matches!(Block::decode(packed), Err(CacheError::Damaged(_))), "{packed:?}");
        }
    }

    proptest! {
        #[test]
        fn a_block_is_what_a_map_is(
            changes in proptest::collection::vec(
                (proptest::collection::vec(0u8..3, 0..5), proptest::option::of(0usize..9_000)), 0..40),
        ) {
            let (mut block, mut map) = (Block::default(), std::collections::BTreeMap::new());
            for (key, length) in changes {
                let stored = length.map(|length| vec![key.len() as u8; length]);
                block.set(key.clone(), stored.clone());
                match stored {
                    Some(stored) => drop(map.insert(key, stored)),
                    None => drop(map.remove(&key)),
                }
            }
            let blocks = block.encode(b"");
            prop_assert_eq!(rows_of(&blocks), map.clone().into_iter().collect::<Vec<_>>());
            for (key, stored) in map {
                let holder = blocks.iter().rev().find(|(at, _)| *at <= key).unwrap();
                prop_assert_eq!(Block::find(&unpack(&holder.1).unwrap(), &key).unwrap(), Some(stored));
            }
        }

        #[test]
        fn reading_nonsense_never_panics(packed in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Block::decode(&packed);
        }
    }
}
