//! Damage as in the measurements of sled 0.34.7: cut, zeroed, overwritten, deleted; at rest and in use. Nothing may
//! be lost, no panic and no hang may reach the caller.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;

use hourwire::cache::Store;
use tempfile::TempDir;

use super::ledger::{Ledger, copy, dump, ready, until};
use super::model::{BY_FIRST, Frames, ROW, delete, expected, key, put};

const KIB: u64 = 1024;

/// Rows in several segments, with overwrites, deletions and values in pieces.
fn many() -> Frames {
    (1..=600u64)
        .map(|seq| {
            let id = seq as u32;
            let size = if seq % 50 == 0 { 20_000 } else { 300 + (seq as usize * 37) % 900 };
            let mut changes = vec![put(id, &vec![seq as u8; size]), put(id % 90, &seq.to_be_bytes())];
            if seq % 7 == 0 {
                changes.push(delete(id / 2));
            }
            (seq, changes)
        })
        .collect()
}

/// A closed cache of these frames, made once: written frame by frame and reopened, as in ordinary days.
fn image() -> &'static TempDir {
    static IMAGE: OnceLock<TempDir> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let state = tempfile::tempdir().unwrap();
        let ledger = Ledger::default();
        for part in many().chunks(250) {
            let guard = ledger.guard(state.path());
            for (seq, changes) in part {
                ledger.write(&guard, *seq, changes.clone());
            }
        }
        state
    })
}

/// Damages a copy at rest, opens it and checks that everything is there and that writing goes on.
fn at_rest(what: &str, damage: impl Fn(&Path)) {
    let state = tempfile::tempdir().unwrap();
    copy(image().path(), state.path());
    damage(&state.path().join("cache"));
    let ledger = Ledger::of(many());
    let guard = ledger.guard(state.path());
    assert!(dump(&guard) == expected(&many()), "{what}: {:?}", guard.last_trouble());
    ledger.write(&guard, 601, vec![put(5, b"after"), delete(6)]);
    assert!(dump(&guard) == expected(&ledger.frames()), "{what}, afterwards: {:?}", guard.last_trouble());
}

fn db(cache: &Path) -> (File, u64) {
    let file = File::options().read(true).write(true).open(cache.join("db")).unwrap();
    let length = file.metadata().unwrap().len();
    (file, length)
}

fn cut(cache: &Path, bytes: u64) {
    let (file, length) = db(cache);
    file.set_len(length.saturating_sub(bytes)).unwrap();
}

fn overwrite(cache: &Path, at: u64, bytes: &[u8]) {
    db(cache).0.write_all_at(bytes, at).unwrap();
}

/// Places spread over the file, at page borders.
fn pages(cache: &Path, count: u64) -> Vec<u64> {
    let pages = db(cache).1 / (4 * KIB);
    (0..count).map(|n| (pages * n / count) * 4 * KIB).collect()
}

#[test]
fn a_cut_file_is_noticed() {
    for kib in [1, 2, 4, 8, 16, 33, 64, 512, 1024] {
        at_rest(&format!("cut by {kib} KiB"), |cache| cut(cache, kib * KIB));
    }
    at_rest("cut by a byte", |cache| cut(cache, 1));
    at_rest("cut to nothing", |cache| cut(cache, u64::MAX));
}

#[test]
fn a_zeroed_page_is_noticed() {
    for at in pages(&image().path().join("cache"), 12) {
        at_rest(&format!("zeroes at {at}"), |cache| overwrite(cache, at, &[0; 4096]));
    }
}

#[test]
fn garbage_is_noticed() {
    let garbage: Vec<u8> = (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for at in pages(&image().path().join("cache"), 6) {
        at_rest(&format!("garbage at {at}"), |cache| overwrite(cache, at + 100, &garbage));
    }
    at_rest("a flipped bit", |cache| overwrite(cache, 70_000, &[0x55]));
    at_rest("all garbage", |cache| fs::write(cache.join("db"), &garbage).unwrap());
    at_rest("a strange conf", |cache| fs::write(cache.join("conf"), b"segment_size: 7\n").unwrap());
    at_rest("a strange snapshot", |cache| {
        for entry in fs::read_dir(cache).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("snap.") {
                fs::write(entry.path(), &garbage).unwrap();
            }
        }
    });
}

#[test]
fn missing_parts_are_made_again() {
    at_rest("no folder", |cache| fs::remove_dir_all(cache).unwrap());
    at_rest("no file", |cache| fs::remove_file(cache.join("db")).unwrap());
    at_rest("a file for a folder", |cache| {
        fs::remove_dir_all(cache).unwrap();
        fs::write(cache, b"not a folder").unwrap();
    });
    at_rest("no proof", |cache| fs::remove_file(cache.with_extension("proof")).unwrap());
    at_rest("a strange proof", |cache| fs::write(cache.with_extension("proof"), b"{}").unwrap());
}

/// Changes rows behind the cache's back, as a page that was lost in silence would.
fn tamper(what: &str, change: impl Fn(&sled::Db)) {
    at_rest(what, |cache| {
        let db = sled::open(cache).unwrap();
        change(&db);
        db.flush().unwrap();
    });
    let state = tempfile::tempdir().unwrap();
    copy(image().path(), state.path());
    change(&sled::open(state.path().join("cache")).unwrap());
    let guard = Ledger::of(many()).guard(state.path());
    assert_eq!(guard.rebuilds(), 1, "{what} was not noticed");
}

#[test]
fn silent_loss_is_noticed_by_the_proof() {
    let first_of = |db: &sled::Db, tag: u8| db.scan_prefix([tag]).next().unwrap().unwrap().0;
    tamper("a block of rows less", |db| drop(db.remove(first_of(db, ROW)).unwrap()));
    tamper("a block of the index less", |db| drop(db.remove(first_of(db, BY_FIRST)).unwrap()));
    tamper("a block more", |db| drop(db.insert(key(9999), b"\0new".as_slice()).unwrap()));
    tamper("a piece less", |db| drop(db.remove(first_of(db, 0xff)).unwrap()));
    tamper("an empty block", |db| drop(db.insert(first_of(db, ROW), b"").unwrap()));
    tamper("a block with another end", |db| {
        let at = first_of(db, ROW);
        let mut packed = db.get(&at).unwrap().unwrap().to_vec();
        *packed.last_mut().unwrap() ^= 1;
        db.insert(at, packed).unwrap();
    });
    tamper("two blocks swapped", |db| {
        let mut blocks = db.scan_prefix([ROW]).map(|row| row.unwrap());
        let ((a, x), (b, y)) = (blocks.next().unwrap(), blocks.next().unwrap());
        assert_ne!(x, y);
        db.insert(a, y).unwrap();
        db.insert(b, x).unwrap();
    });
    tamper("no proof row", |db| drop(db.remove([0]).unwrap()));
    tamper("a strange proof row", |db| drop(db.insert([0], b"{}").unwrap()));
}

#[test]
fn a_proof_that_disagrees_with_the_one_beside_it_is_not_believed() {
    let state = tempfile::tempdir().unwrap();
    copy(image().path(), state.path());
    let side = state.path().join("cache.proof");
    let mut other: serde_json::Value = serde_json::from_slice(&fs::read(&side).unwrap()).unwrap();
    other["proof"]["hash"] = 1.into();
    fs::write(&side, other.to_string()).unwrap();
    let guard = Ledger::of(many()).guard(state.path());
    assert_eq!(guard.rebuilds(), 1, "{:?}", guard.last_trouble());
    assert!(dump(&guard) == expected(&many()));
}

/// Damages the folder of a running cache, then writes and reads on.
fn in_use(what: &str, damage: impl Fn(&Path)) {
    let state = tempfile::tempdir().unwrap();
    copy(image().path(), state.path());
    let ledger = Ledger::of(many());
    let mut config = ledger.config(state.path());
    config.sled.cache_capacity = 1 << 16; // little memory, so that pages are read again
    let guard = hourwire::cache::Guarded::start(config).unwrap();
    ready(&guard);
    damage(&state.path().join("cache"));
    for seq in 601..700u64 {
        ledger.write(&guard, seq, vec![put(seq as u32 % 300, &seq.to_be_bytes()), delete(seq as u32 / 3)]);
    }
    assert!(dump(&guard) == expected(&ledger.frames()), "{what}: {:?}", guard.last_trouble());
    drop(guard);
    let mut config = ledger.config(state.path());
    config.trust_clean_above = 0;
    let guard = hourwire::cache::Guarded::start(config).unwrap();
    assert!(dump(&guard) == expected(&ledger.frames()), "{what}, reopened: {:?}", guard.last_trouble());
}

#[test]
fn damage_in_use_costs_nothing() {
    in_use("deleted", |cache| fs::remove_dir_all(cache).unwrap());
    in_use("replaced", |cache| {
        fs::remove_dir_all(cache).unwrap();
        copy(&image().path().join("cache"), cache);
    });
    in_use("cut", |cache| cut(cache, 64 * KIB));
    in_use("emptied", |cache| cut(cache, u64::MAX));
    for at in pages(&image().path().join("cache"), 4) {
        in_use(&format!("zeroes at {at}"), |cache| overwrite(cache, at, &[0; 4096]));
    }
    in_use("all zeroes", |cache| {
        let length = db(cache).1;
        overwrite(cache, 0, &vec![0; length as usize]);
    });
}

/// A cleanly closed cache is believed by the looks of its file; what is wrong inside is then met while reading.
#[test]
fn damage_that_leaves_no_sign_on_the_file_is_met_when_read() {
    for at in pages(&image().path().join("cache"), 40) {
        let state = tempfile::tempdir().unwrap();
        copy(image().path(), state.path());
        let cache = state.path().join("cache");
        let ledger = Ledger::of(many());
        let mut config = ledger.config(state.path());
        config.trust_clean_above = 0;
        drop(hourwire::cache::Guarded::start(config.clone()).unwrap());
        let modified = db(&cache).0.metadata().unwrap().modified().unwrap();
        overwrite(&cache, at, &[0; 4096]);
        db(&cache).0.set_modified(modified).unwrap();
        let guard = hourwire::cache::Guarded::start(config).unwrap();
        assert!(dump(&guard) == expected(&many()), "zeroes at {at}: {:?}", guard.last_trouble());
    }
}

#[test]
fn a_folder_deleted_in_a_quiet_hour_comes_back_by_itself() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(many());
    let guard = ledger.guard(state.path());
    fs::remove_dir_all(state.path().join("cache")).unwrap();
    until(&guard, "rebuilt", |guard| guard.rebuilds() == 1);
    ready(&guard);
    assert!(state.path().join("cache/db").exists());
    assert_eq!(guard.get(&key(600)).unwrap().map(|value| value.len()), Some(20_000));
    assert!(dump(&guard) == expected(&many()));
}

#[test]
fn one_bad_folder_is_kept_to_look_at() {
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::of(many());
    for _ in 0..2 {
        drop(ledger.guard(state.path()));
        cut(&state.path().join("cache"), 600 * KIB);
    }
    drop(ledger.guard(state.path()));
    let names: Vec<_> = fs::read_dir(state.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    let bad = names.iter().filter(|name| name.to_string_lossy().starts_with("cache.bad-")).count();
    assert_eq!(bad, 1, "{names:?}");
}
