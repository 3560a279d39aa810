//! The same tests over the store in memory and the store on sled.

use std::ops::ControlFlow;

use hourwire::cache::{CacheError, Change, KeyRange, Memory, Sled, SledConfig, Store};
use proptest::prelude::*;
use tempfile::TempDir;

use super::model::{BY_FIRST, Frames, INDEXER, delete, expected, frames, key, put};

fn on_sled(folder: &TempDir) -> Sled {
    Sled::open(&SledConfig::new(folder.path().join("cache"), 1, INDEXER)).unwrap()
}

/// Runs a test over both stores.
fn both(test: impl Fn(&dyn Store)) {
    test(&Memory::new(INDEXER));
    let folder = tempfile::tempdir().unwrap();
    test(&on_sled(&folder));
}

fn keys(store: &dyn Store, range: KeyRange, reverse: bool, limit: usize) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    store
        .scan(range, reverse, limit, &mut |key, _| {
            keys.push(key.to_vec());
            ControlFlow::Continue(())
        })
        .unwrap();
    keys
}

#[test]
fn an_empty_store_has_nothing_and_no_sequence() {
    both(|store| {
        assert_eq!(store.applied_seq().unwrap(), None);
        assert_eq!(store.get(&key(1)).unwrap(), None);
        assert_eq!(store.dump().unwrap(), []);
        assert_eq!(store.flush().unwrap(), None);
    });
}

#[test]
fn a_frame_sets_rows_index_and_sequence() {
    both(|store| {
        store.apply(7, &[put(1, b"abc"), put(2, b"xy")]).unwrap();
        assert_eq!(store.get(&key(1)).unwrap().as_deref(), Some(&b"abc"[..]));
        assert_eq!(store.applied_seq().unwrap(), Some(7));
        assert_eq!(keys(store, KeyRange::prefix(&[BY_FIRST, b'x']), false, 9).len(), 1);
        store.apply(9, &[put(2, b"abcd"), delete(1), delete(5)]).unwrap();
        assert_eq!(keys(store, KeyRange::prefix(&[BY_FIRST, b'x']), false, 9), Vec::<Vec<u8>>::new());
        assert_eq!(keys(store, KeyRange::prefix(&[BY_FIRST, b'a']), false, 9).len(), 1);
        assert_eq!(store.get(&key(1)).unwrap(), None);
        assert_eq!(store.flush().unwrap(), Some(9));
    });
}

#[test]
fn the_last_change_of_a_key_in_a_frame_holds() {
    both(|store| {
        store
            .apply(1, &[put(1, b"a"), delete(1), put(2, b"b"), put(2, b"c"), put(3, b"d"), delete(3)])
            .unwrap();
        let rows = [(1, vec![put(2, b"c")])];
        assert_eq!(store.dump().unwrap(), expected(&rows));
    });
}

#[test]
fn scans_keep_their_bounds_order_and_limit() {
    both(|store| {
        let changes: Vec<_> = (0..10).map(|id| put(id, &[])).collect();
        store.apply(1, &changes).unwrap();
        let of = |ids: &[u32]| ids.iter().map(|id| key(*id)).collect::<Vec<_>>();
        assert_eq!(keys(store, KeyRange::new(key(3), key(6)), false, 99), of(&[3, 4, 5]));
        assert_eq!(keys(store, KeyRange::new(key(3), key(6)), true, 99), of(&[5, 4, 3]));
        assert_eq!(keys(store, KeyRange::new(key(3), key(9)), false, 2), of(&[3, 4]));
        assert_eq!(keys(store, KeyRange::new(key(3), key(9)), true, 2), of(&[8, 7]));
        assert_eq!(keys(store, KeyRange::new(key(6), key(3)), false, 99), of(&[]));
        assert_eq!(keys(store, KeyRange::all(), false, 0), of(&[]));
        let mut seen = 0;
        store
            .scan(KeyRange::all(), false, 99, &mut |_, _| {
                seen += 1;
                if seen == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        assert_eq!(seen, 4);
    });
}

#[test]
fn a_visitor_may_read_the_store() {
    both(|store| {
        store.apply(1, &[put(1, b"one"), put(2, b"two!")]).unwrap();
        let mut values = Vec::new();
        store
            .scan(KeyRange::prefix(&[BY_FIRST]), false, 99, &mut |entry, _| {
                values.push(store.get(&entry[2..]).unwrap().unwrap());
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(values, [b"one".to_vec(), b"two!".to_vec()]);
    });
}

#[test]
fn large_values_come_back_whole_and_leave_nothing_behind() {
    both(|store| {
        for (seq, length) in [4095, 4096, 4097, 8192, 300_001, 5000, 10].into_iter().enumerate() {
            let value: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            store.apply(seq as u64, &[put(1, &value)]).unwrap();
            assert_eq!(store.get(&key(1)).unwrap().as_deref(), Some(&value[..]), "{length} bytes");
            assert_eq!(store.dump().unwrap(), expected(&[(1, vec![put(1, &value)])]));
        }
    });
}

#[test]
fn a_large_value_is_never_seen_half_changed() {
    both(|store| {
        store.apply(1, &[put(1, &vec![1; 30_000])]).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for seq in 2..60u64 {
                    let length = if seq % 3 == 0 { 9000 } else { 30_000 };
                    let change = if seq % 7 == 0 { delete(1) } else { put(1, &vec![seq as u8; length]) };
                    store.apply(seq, &[change]).unwrap();
                }
            });
            while !writer.is_finished() {
                if let Some(value) = store.get(&key(1)).unwrap() {
                    assert!(value.iter().all(|byte| *byte == value[0]), "mixed");
                }
                for (_, value) in store.dump().unwrap() {
                    assert!(value.len() < 5 || value.iter().all(|byte| *byte == value[0]), "mixed");
                }
            }
        });
    });
}

#[test]
fn the_caches_own_tags_are_refused_and_nothing_of_the_frame_is_written() {
    both(|store| {
        for key in [vec![], vec![0x00], vec![0x80, 1], vec![0xff]] {
            let frame = [put(1, b"x"), Change::Put { key, value: vec![] }];
            assert!(matches!(store.apply(3, &frame), Err(CacheError::BadKey(_))));
        }
        assert_eq!(store.applied_seq().unwrap(), None);
        assert_eq!(store.dump().unwrap(), []);
        assert_eq!(store.get(&[0x00]).unwrap(), None);
        assert_eq!(store.get(&[]).unwrap(), None);
    });
}

#[test]
fn an_index_entry_under_a_wrong_tag_is_refused() {
    let store = Memory::new(|key, _| vec![(key.to_vec(), vec![])]);
    assert!(matches!(store.apply(1, &[put(1, b"x")]), Err(CacheError::BadKey(_))));
}

#[test]
fn a_cold_start_of_many_rows_is_one_batch() {
    both(|store| {
        let changes: Vec<_> = (0..5000).map(|id| put(id, &id.to_be_bytes())).collect();
        store.apply(1, &changes).unwrap();
        assert_eq!(store.dump().unwrap(), expected(&[(1, changes)]));
    });
}

#[test]
fn sled_keeps_everything_over_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let frames: Frames = (1..200).map(|seq| (seq, vec![put(seq as u32 % 50, &[seq as u8; 700])])).collect();
    let store = on_sled(&folder);
    for (seq, changes) in &frames {
        store.apply(*seq, changes).unwrap();
    }
    store.flush().unwrap();
    drop(store);
    let store = on_sled(&folder);
    assert_eq!(store.applied_seq().unwrap(), Some(199));
    assert_eq!(store.dump().unwrap(), expected(&frames));
    assert!(store.count(&mut |_| ()).unwrap().same_content(&store.proof()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_hold_what_the_frames_imply(frames in frames()) {
        let folder = tempfile::tempdir().unwrap();
        let (memory, sled) = (Memory::new(INDEXER), on_sled(&folder));
        for (seq, changes) in &frames {
            memory.apply(*seq, changes).unwrap();
            sled.apply(*seq, changes).unwrap();
        }
        prop_assert_eq!(memory.dump().unwrap(), expected(&frames));
        prop_assert_eq!(sled.dump().unwrap(), expected(&frames));
        prop_assert_eq!(sled.proof().rows(), expected(&frames).len() as u64);
        prop_assert!(memory.proof().same_content(&sled.proof()));
        prop_assert!(sled.count(&mut |_| ()).unwrap().same_content(&sled.proof()));
    }

    #[test]
    fn the_newest_frame_may_be_applied_again(frames in frames()) {
        let store = Memory::new(INDEXER);
        for (seq, changes) in &frames {
            store.apply(*seq, changes).unwrap();
            store.apply(*seq, changes).unwrap();
        }
        prop_assert_eq!(store.dump().unwrap(), expected(&frames));
    }
}
