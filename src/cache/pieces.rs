//! How a value is kept under its key in sled: inline, or in pieces under a tag of their own.

use super::CacheError;
use super::plan::Write;
use super::store::TAG_CHUNK;

/// A leaf of sled holds up to 17 rows, and a page above 128 KiB goes to a blob file that is never synced: rows of at
/// most 4 KiB keep every page well below.
const INLINE: usize = 4096;
const HEAD_INLINE: u8 = 0;
const HEAD_PIECES: u8 = 1;

/// What stands under the key of a row.
pub(super) enum Stored {
    Inline(Vec<u8>),
    /// The length of a value that is kept in pieces.
    Pieces(usize),
}

impl Stored {
    pub fn parse(stored: &[u8]) -> Result<Self, CacheError> {
        let damaged = || CacheError::Damaged("a value without a head".into());
        match stored.split_first() {
            Some((&HEAD_INLINE, value)) => Ok(Self::Inline(value.to_vec())),
            Some((&HEAD_PIECES, length)) => {
                let length = <[u8; 8]>::try_from(length).map_err(|_| damaged())?;
                usize::try_from(u64::from_be_bytes(length)).map(Self::Pieces).map_err(|_| damaged())
            }
            _ => Err(damaged()),
        }
    }
}

/// Adds one write to a batch; pieces of the old value go.
pub(super) fn put(batch: &mut sled::Batch, write: Write) {
    let Write { key, old_len, new } = write;
    if let Some(length) = old_len.filter(|length| *length > INLINE) {
        for number in 0..count_of(length) {
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
            let mut head = vec![HEAD_PIECES];
            head.extend_from_slice(&(value.len() as u64).to_be_bytes());
            batch.insert(key, head);
        }
    }
}

/// Pieces of a value of this length that is not kept inline.
pub(super) fn count_of(length: usize) -> usize {
    length.div_ceil(INLINE)
}

/// The key of one piece. The length of the owner's key stands first, so that no piece of one key is a piece of
/// another.
pub(super) fn piece_key(key: &[u8], number: usize) -> Vec<u8> {
    let mut piece = vec![TAG_CHUNK];
    piece.extend_from_slice(&(key.len() as u32).to_be_bytes());
    piece.extend_from_slice(key);
    piece.extend_from_slice(&(number as u32).to_be_bytes());
    piece
}
