//! The narrow trait that both stores fulfil, so that sled can be exchanged and worlds run in memory.

use std::ops::ControlFlow;

use super::CacheError;

/// The tag of the cache's own rows.
pub(super) const TAG_OWN: u8 = 0x00;
/// The first tag of index entries.
pub(super) const TAG_INDEX: u8 = 0x80;
/// The tag of the pieces of large values.
pub(super) const TAG_CHUNK: u8 = 0xff;

/// One change of a ledger frame. Several changes of one key in a frame: the last one holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The row is now this.
    Put {
        /// Full key, tag first (`0x01..=0x7f`).
        key: Vec<u8>,
        /// Any bytes, of any length.
        value: Vec<u8>,
    },
    /// The row is gone. Deleting an absent row is no error.
    Delete {
        /// Full key, tag first.
        key: Vec<u8>,
    },
}

impl Change {
    /// The key that the change is about.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Takes key and value of a row; breaking ends the scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Makes the index entries of one row: keys (tag `0x80..=0xfe`) and values. Pure; every index key must contain what
/// identifies its row, so that no two rows ever make the same one.
pub type Indexer = fn(key: &[u8], value: &[u8]) -> Vec<Row>;

/// The indexer of a store without indexes.
pub fn no_index(_key: &[u8], _value: &[u8]) -> Vec<Row> {
    Vec::new()
}

/// A range of keys in byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// First key, inclusive.
    pub from: Vec<u8>,
    /// Last key, exclusive.
    pub to: Vec<u8>,
}

impl KeyRange {
    /// From `from`, inclusive, to `to`, exclusive.
    pub fn new(from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) -> Self {
        Self { from: from.into(), to: to.into() }
    }

    /// All keys that start with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { from: prefix.to_vec(), to: after_prefix(prefix) }
    }

    /// All rows and index entries.
    pub fn all() -> Self {
        Self { from: vec![TAG_OWN + 1], to: vec![TAG_CHUNK] }
    }

    /// The same range without the cache's own tags; `None` when nothing can be in it.
    pub(super) fn visible(&self) -> Option<Self> {
        let all = Self::all();
        let from = self.from.clone().max(all.from);
        let to = self.to.clone().min(all.to);
        (from < to).then_some(Self { from, to })
    }
}

/// The first key after all keys with this prefix.
fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return end;
        }
    }
    vec![TAG_CHUNK]
}

/// An ordered byte store that follows the ledger. One writer; any number of readers.
pub trait Store: Send + Sync {
    /// The value of a row or an index entry.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError>;

    /// Visits at most `limit` rows of the range in key order (or its reverse) until the visitor breaks. Memory shows
    /// the moment of the call; sled may show a batch that lands while it runs. After an error, forget what was seen.
    fn scan(
        &self,
        range: KeyRange,
        reverse: bool,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), CacheError>;

    /// Applies one frame with its index entries as one batch; `applied_seq` becomes `seq` unless it is beyond.
    /// Applying the newest frame once more changes nothing.
    fn apply(&self, seq: u64, changes: &[Change]) -> Result<(), CacheError>;

    /// The sequence of the newest frame applied; `None` before the first.
    fn applied_seq(&self) -> Result<Option<u64>, CacheError>;

    /// Writes everything to the disk so that it survives a power cut, and returns the sequence that is now safe.
    /// Needed only before ledger segments are dropped, and at the end.
    fn flush(&self) -> Result<Option<u64>, CacheError>;

    /// Every row and index entry in key order: the canonical form that tests compare.
    fn dump(&self) -> Result<Vec<Row>, CacheError> {
        let mut rows = Vec::new();
        self.scan(KeyRange::all(), false, usize::MAX, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_successor() {
        assert_eq!(KeyRange::prefix(&[3, 7]).to, [3, 8]);
        assert_eq!(KeyRange::prefix(&[3, 0xff, 0xff]).to, [4]);
        assert_eq!(KeyRange::prefix(&[]), KeyRange::new(vec![], vec![TAG_CHUNK]));
    }

    #[test]
    fn own_tags_are_never_in_sight() {
        assert_eq!(KeyRange::new(vec![], vec![0xff, 1]).visible(), Some(KeyRange::all()));
        assert_eq!(KeyRange::new(vec![5], vec![5]).visible(), None);
        assert_eq!(KeyRange::new(vec![0], vec![0, 9]).visible(), None);
    }
}
