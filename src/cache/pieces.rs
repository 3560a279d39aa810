//! How a value is kept: inline in its block, or in pieces under a tag of their own.

use super::CacheError;
use super::plan::Write;
use super::store::TAG_CHUNK;

/// A page of sled holds up to 17 of its rows, and above 128 KiB it goes to a blob file that is never synced: pieces of
/// at most 4 KiB, and blocks of few values as large, keep every page below.
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

/// Puts the pieces of a large value into a batch and takes those of the old one out. Answers what is to be stored
/// under the key itself.
pub(super) fn put(batch: &mut sled::Batch, write: Write) -> (Vec<u8>, Option<Vec<u8>>) {
    let Write { key, old_len, new } = write;
    if let Some(length) = old_len.filter(|length| *length > INLINE) {
        for number in 0..count_of(length) {
            batch.remove(piece_key(&key, number));
        }
    }
    let stored = new.map(|value| {
        let inline = value.len() <= INLINE;
        let mut stored = vec![if inline { HEAD_INLINE } else { HEAD_PIECES }];
        if inline {
            stored.extend_from_slice(&value);
        } else {
            for (number, piece) in value.chunks(INLINE).enumerate() {
                batch.insert(piece_key(&key, number), piece);
            }
            stored.extend_from_slice(&(value.len() as u64).to_be_bytes());
        }
        stored
    });
    (key, stored)
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
