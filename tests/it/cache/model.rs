//! Rows for tests: people with a town, indexed by town, and a model of what a store must hold.

use std::collections::BTreeMap;

use hourwire::cache::{Change, Indexer, Row};
use proptest::prelude::*;

/// Tag of the test rows.
pub const ROW: u8 = 0x10;
/// Tag of the index by first byte of the value.
pub const BY_FIRST: u8 = 0x90;
/// Tag of the index by length, made only for even lengths.
pub const BY_LENGTH: u8 = 0x91;

pub const INDEXER: Indexer = |key, value| {
    let mut entries = Vec::new();
    if let Some(first) = value.first() {
        entries.push(([&[BY_FIRST, *first], key].concat(), Vec::new()));
    }
    if value.len() % 2 == 0 {
        let length = (value.len() as u32).to_be_bytes();
        entries.push(([&[BY_LENGTH], &length[..], key].concat(), length.to_vec()));
    }
    entries
};

pub fn put(id: u32, value: &[u8]) -> Change {
    Change::Put { key: key(id), value: value.to_vec() }
}

pub fn delete(id: u32) -> Change {
    Change::Delete { key: key(id) }
}

pub fn key(id: u32) -> Vec<u8> {
    [&[ROW], &id.to_be_bytes()[..]].concat()
}

/// Sequence and changes of each frame.
pub type Frames = Vec<(u64, Vec<Change>)>;

/// What a store must hold after these frames, worked out from the last value of each key alone.
pub fn expected(frames: &[(u64, Vec<Change>)]) -> Vec<Row> {
    let mut rows = BTreeMap::new();
    for change in frames.iter().flat_map(|(_, changes)| changes) {
        match change {
            Change::Put { key, value } => rows.insert(key.clone(), value.clone()),
            Change::Delete { key } => rows.remove(key),
        };
    }
    let index: Vec<_> = rows.iter().flat_map(|(key, value)| INDEXER(key, value)).collect();
    rows.extend(index);
    rows.into_iter().collect()
}

/// Frames over few keys, so that changes meet; values of all sizes around the piece limit.
pub fn frames() -> impl Strategy<Value = Frames> {
    let value = prop_oneof![
        6 => proptest::collection::vec(any::<u8>(), 0..8),
        1 => (4090usize..4100, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
        1 => (8190usize..20_000, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
    ];
    let change = prop_oneof![
        3 => (0u32..12, value).prop_map(|(id, value)| put(id, &value)),
        1 => (0u32..12).prop_map(delete),
    ];
    let frame = (1u64..4, proptest::collection::vec(change, 0..6));
    proptest::collection::vec(frame, 1..20).prop_map(|frames| {
        let mut seq = 0;
        let climb = |(step, changes)| {
            seq += step;
            (seq, changes)
        };
        frames.into_iter().map(climb).collect()
    })
}
