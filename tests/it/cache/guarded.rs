//! The guard: opening, following, rebuilding; rebuilt equals incremental.

use std::fs;
use std::time::Duration;

use hourwire::cache::{CacheError, CacheState, Change, Guarded, Memory, Store};
use proptest::prelude::*;

use super::ledger::{Ledger, copy, dump, ready, until};
use super::model::{Frames, INDEXER, delete, expected, frames, key, put};

fn hundred() -> Frames {
    (1..=100u64).map(|seq| (seq, vec![put(seq as u32 % 40, &seq.to_be_bytes())])).collect()
}

#[test]
fn without_a_folder_it_is_filled_from_the_ledger() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    let guard = ledger.guard(state.path());
    assert_eq!(dump(&guard), expected(&hundred()));
    assert_eq!(guard.applied_seq().unwrap(), Some(100));
    assert_eq!((guard.rebuilds(), guard.last_trouble()), (0, None));
}

#[test]
fn an_empty_ledger_is_an_empty_cache() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::default();
    let guard = ledger.guard(state.path());
    assert_eq!(guard.applied_seq().unwrap(), None);
    ledger.write(&guard, 1, vec![put(1, b"x")]);
    assert_eq!(dump(&guard), expected(&ledger.frames()));
}

#[test]
fn before_it_is_ready_calls_are_refused_not_kept_waiting() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    let held = ledger.frames.lock().unwrap(); // the replay waits for this
    let guard = Guarded::start({
        let (later, ends) = (ledger.clone(), 100);
        let mut config = ledger.config(state.path());
        config.replay = std::sync::Arc::new(move |_, apply| {
            later.frames().into_iter().try_for_each(|(seq, changes)| apply(seq, changes))
        });
        config.ledger_end = std::sync::Arc::new(move || Some(ends));
        config
    })
    .unwrap();
    assert!(matches!(guard.get(&key(1)), Err(CacheError::NotReady)));
    assert!(matches!(guard.apply(101, &[put(1, b"x")]), Err(CacheError::NotReady)));
    assert!(matches!(*guard.state().borrow(), CacheState::Opening { .. } | CacheState::Rebuilding { .. }));
    drop(held);
    ready(&guard);
    assert_eq!(dump(&guard), expected(&hundred()));
}

#[test]
fn what_the_cache_missed_is_followed_not_rebuilt() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    drop(ledger.guard(state.path()));
    ledger.push(101, vec![put(1, b"later"), delete(2)]);
    ledger.asked.lock().unwrap().clear();
    let guard = ledger.guard(state.path());
    assert_eq!(dump(&guard), expected(&ledger.frames()));
    assert_eq!(guard.rebuilds(), 0);
    assert_eq!(*ledger.asked.lock().unwrap(), [Some(100)]);
}

#[test]
fn a_killed_process_leaves_a_cache_that_is_followed() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    let guard = ledger.guard(state.path());
    ledger.write(&guard, 101, vec![put(7, b"seen"), put(8, &[1; 9000])]);
    let killed = tempfile::tempdir().unwrap();
    copy(state.path(), killed.path());
    ledger.write(&guard, 102, vec![delete(8)]);
    let after = ledger.guard(killed.path());
    assert_eq!(dump(&after), expected(&ledger.frames()));
}

#[test]
fn a_frame_that_came_by_replay_is_not_applied_over_later_ones() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(vec![(1, vec![put(1, b"old")]), (2, vec![put(1, b"new")])]);
    let guard = ledger.guard(state.path());
    guard.apply(1, &[put(1, b"old")]).unwrap();
    assert_eq!(guard.get(&key(1)).unwrap().as_deref(), Some(&b"new"[..]));
}

#[test]
fn a_rebuild_that_was_cut_off_is_begun_anew() {
    let state = tempfile::tempdir().unwrap();
    // A base whose frames share one sequence: after the cut, that sequence alone would look complete.
    let base: Frames = (0..5000).map(|id| (9, vec![put(id, &id.to_be_bytes())])).collect();
    let ledger = Ledger::of(base.clone());
    *ledger.fail_after.lock().unwrap() = Some(3000);
    let guard = Guarded::start(ledger.config(state.path())).unwrap();
    until(&guard, "stuck", |guard| guard.last_trouble().is_some());
    guard.close(Duration::from_secs(10));
    *ledger.fail_after.lock().unwrap() = None;
    let guard = ledger.guard(state.path());
    assert_eq!(dump(&guard), expected(&base));
}

#[test]
fn an_unreadable_ledger_does_not_cost_the_cache() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    drop(ledger.guard(state.path()));
    ledger.push(101, vec![put(1, b"later")]);
    *ledger.fail_after.lock().unwrap() = Some(0);
    let guard = Guarded::start(ledger.config(state.path())).unwrap();
    until(&guard, "stuck", |guard| guard.last_trouble().is_some());
    *ledger.fail_after.lock().unwrap() = None;
    assert_eq!(dump(&guard), expected(&ledger.frames()));
    assert_eq!(guard.rebuilds(), 0);
}

#[test]
fn a_panic_while_the_ledger_is_read_is_tried_again() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    let mut config = ledger.config(state.path());
    let replay = std::sync::Arc::clone(&config.replay);
    let first = std::sync::atomic::AtomicBool::new(true);
    config.replay = std::sync::Arc::new(move |after, apply| {
        assert!(!first.swap(false, std::sync::atomic::Ordering::Relaxed), "on purpose");
        replay(after, apply)
    });
    let guard = Guarded::start(config).unwrap();
    assert_eq!(dump(&guard), expected(&hundred()));
}

#[test]
fn a_ledger_compacted_past_the_cache_means_a_rebuild() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    drop(ledger.guard(state.path()));
    // Compaction dropped the deletion of row 3 and everything before.
    let compacted: Frames = vec![(300, vec![put(1, b"kept")]), (301, vec![put(2, b"kept")])];
    *ledger.frames.lock().unwrap() = compacted.clone();
    *ledger.starts_at.lock().unwrap() = 300;
    let guard = ledger.guard(state.path());
    assert_eq!(dump(&guard), expected(&compacted));
    assert_eq!(guard.rebuilds(), 1);
}

#[test]
fn a_cache_ahead_of_its_ledger_is_rebuilt() {
    let state = tempfile::tempdir().unwrap();
    drop(Ledger::of(hundred()).guard(state.path()));
    let restored = Ledger::of(hundred()[..50].to_vec());
    let guard = restored.guard(state.path());
    assert_eq!(dump(&guard), expected(&restored.frames()));
    assert!(guard.last_trouble().unwrap().contains("ahead"));
}

#[test]
fn another_schema_is_a_rebuild() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    drop(ledger.guard(state.path()));
    let mut config = ledger.config(state.path());
    config.sled.schema = 2;
    config.sled.indexer = hourwire::cache::no_index;
    let guard = Guarded::start(config).unwrap();
    let rows: Vec<_> = expected(&hundred()).into_iter().filter(|(key, _)| key[0] < 0x80).collect();
    assert_eq!(dump(&guard), rows);
    assert_eq!(guard.rebuilds(), 1);
}

#[test]
fn a_mistaken_key_is_refused_and_costs_nothing() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    let guard = ledger.guard(state.path());
    let bad = Change::Put { key: vec![0xff], value: vec![] };
    assert!(matches!(guard.apply(101, &[bad]), Err(CacheError::BadKey(_))));
    assert_eq!(*guard.state().borrow(), CacheState::Ready);
    assert_eq!(guard.applied_seq().unwrap(), Some(100));
}

#[test]
fn a_clean_end_is_believed_only_while_the_file_is_untouched() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(hundred());
    drop(ledger.guard(state.path()));
    let mut config = ledger.config(state.path());
    config.trust_clean_above = 0;
    let guard = Guarded::start(config.clone()).unwrap();
    assert_eq!(dump(&guard), expected(&hundred()));
    assert_eq!(guard.rebuilds(), 0);
    drop(guard);
    let db = config.sled.db_file();
    let bytes = fs::read(&db).unwrap();
    fs::write(&db, &bytes[..bytes.len() / 3]).unwrap();
    let guard = Guarded::start(config).unwrap();
    assert_eq!(dump(&guard), expected(&hundred()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn rebuilt_equals_incremental(frames in frames(), cut in 0usize..20) {
        let state = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(frames[..cut.min(frames.len())].to_vec());
        let memory = Memory::new(INDEXER);
        let guard = ledger.guard(state.path());
        for (seq, changes) in &frames[cut.min(frames.len())..] {
            ledger.write(&guard, *seq, changes.clone());
        }
        for (seq, changes) in &frames {
            memory.apply(*seq, changes).unwrap();
        }
        let incremental = dump(&guard);
        prop_assert_eq!(&incremental, &memory.dump().unwrap());
        drop(guard);
        fs::remove_dir_all(state.path().join("cache")).unwrap();
        let guard = ledger.guard(state.path());
        prop_assert_eq!(dump(&guard), incremental);
    }
}
