//! What one frame does to a store: rows, index entries and the next proof, worked out alike for both stores.

use std::collections::BTreeMap;

use super::store::{TAG_CHUNK, TAG_INDEX, TAG_OWN};
use super::{CacheError, Change, Indexer, Proof};

/// One key that changes.
pub(super) struct Write {
    pub key: Vec<u8>,
    /// Length of the value that was there.
    pub old_len: Option<usize>,
    /// The value that will be there.
    pub new: Option<Vec<u8>>,
}

/// A frame, ready to be written as one batch.
pub(super) struct Plan {
    pub writes: Vec<Write>,
    pub proof: Proof,
}

/// Answers with the value now in the store.
type Read<'a> = dyn Fn(&[u8]) -> Result<Option<Vec<u8>>, CacheError> + 'a;

/// Works out the batch of a frame.
pub(super) fn plan(
    seq: u64,
    changes: &[Change],
    indexer: Indexer,
    before: &Proof,
    read: &Read<'_>,
) -> Result<Plan, CacheError> {
    let mut rows: BTreeMap<&[u8], Option<&[u8]>> = BTreeMap::new();
    for change in changes {
        match change.key().first() {
            Some(tag) if (TAG_OWN + 1..TAG_INDEX).contains(tag) => {}
            _ => return Err(CacheError::bad_key(change.key())),
        }
        rows.insert(
            change.key(),
            match change {
                Change::Put { value, .. } => Some(value),
                Change::Delete { .. } => None,
            },
        );
    }
    let mut proof = before.clone();
    proof.advance(seq);
    let mut writes = Vec::with_capacity(rows.len());
    let mut index: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
    for (key, new) in rows {
        let old = read(key)?;
        if old.as_deref() == new {
            continue;
        }
        if let Some(old) = &old {
            for (entry, _) in indexer(key, old) {
                index.entry(entry).or_insert(None);
            }
        }
        if let Some(new) = new {
            index.extend(indexer(key, new).into_iter().map(|(entry, value)| (entry, Some(value))));
        }
        writes.push(write(key.to_vec(), old, new.map(<[u8]>::to_vec), &mut proof));
    }
    for (key, new) in index {
        if !key.first().is_some_and(|tag| (TAG_INDEX..TAG_CHUNK).contains(tag)) {
            return Err(CacheError::bad_key(&key));
        }
        let old = read(&key)?;
        if old != new {
            writes.push(write(key, old, new, &mut proof));
        }
    }
    Ok(Plan { writes, proof })
}

fn write(key: Vec<u8>, old: Option<Vec<u8>>, new: Option<Vec<u8>>, proof: &mut Proof) -> Write {
    if let Some(old) = &old {
        proof.remove(&key, old);
    }
    if let Some(new) = &new {
        proof.add(&key, new);
    }
    Write { key, old_len: old.map(|old| old.len()), new }
}
