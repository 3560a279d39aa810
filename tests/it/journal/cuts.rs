//! The power goes at every operation, with many ways the disk may look afterwards: nothing acknowledged is lost, frames
//! are whole or absent, the order holds, and the log goes on.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hourwire::journal::{Fault, Frame, Inbox, Ledger, Op, SimDisk, export, import};

use super::{all, body, ledger, open, shared, small};

const SEEDS: u64 = 8;

/// Runs `work` on fresh disks, cutting the power at operation 0, 1, 2, … until it gets through; `check` sees what is
/// found afterwards. Answers the names of the operations that were cut.
fn at_every_operation<T>(
    prepare: impl Fn(&SimDisk),
    work: impl Fn(&SimDisk) -> T,
    check: impl Fn(&SimDisk, &T, &str),
) -> BTreeMap<&'static str, usize> {
    let mut met = BTreeMap::new();
    for cut in 0.. {
        let disk = SimDisk::new(cut as u64);
        prepare(&disk);
        let before = disk.operations().len();
        disk.fail_at(before + cut, Fault::PowerCut);
        let told = work(&disk);
        let operations = disk.operations();
        for seed in 0..SEEDS {
            check(&disk.crash(seed), &told, &format!("cut at operation {cut}, seed {seed}"));
        }
        match operations.get(before + cut) {
            Some(name) => *met.entry(*name).or_default() += 1,
            None => return met,
        }
    }
    met
}

/// Appends groups of three until the disk fails; answers what was acknowledged.
fn fill(disk: &SimDisk) -> u64 {
    let Ok((mut inbox, recovered)) = Inbox::open(shared(disk), small()) else { return 0 };
    let mut told = recovered.last_seq;
    for n in 0..24 {
        for at in 1..=3 {
            inbox.append(&body(recovered.last_seq + n * 3 + at), 9).unwrap();
        }
        if inbox.sync().is_err() {
            break;
        }
        told = inbox.last_seq();
    }
    told
}

#[test]
fn an_inbox_keeps_what_it_acknowledged() {
    let met = at_every_operation(
        |_| (),
        fill,
        |disk, &told, when| {
            let (mut inbox, recovered) = open(disk);
            assert_eq!(recovered.damage, [], "{when}");
            assert!(recovered.last_seq >= told, "{when}: {} of {told}", recovered.last_seq);
            for (n, stored) in (1..).zip(all(&inbox)) {
                assert_eq!((stored.seq, &stored.payload[..]), (n, &body(n)[..]), "{when}");
            }
            // It goes on, also over a second cut right after the first.
            let next = inbox.append(b"next", 0).unwrap();
            inbox.sync().unwrap();
            assert_eq!(next, recovered.last_seq + 1, "{when}");
            let (inbox, again) = open(&disk.crash(1));
            assert_eq!(
                (again.last_seq, &all(&inbox)[next as usize - 1].payload[..]),
                (next, &b"next"[..]),
                "{when}"
            );
            assert_eq!(again.damage, [], "{when}");
        },
    );
    for name in ["create", "write", "sync_data", "sync_dir", "preallocate"] {
        assert!(met.contains_key(name), "{name} was never cut: {met:?}");
    }
}

#[test]
fn an_inbox_survives_a_cut_while_it_recovers_from_a_cut() {
    let met = at_every_operation(
        |_| (),
        |disk| {
            // First life: cut late. Second life on what is left: cut at the operation under test.
            let first = SimDisk::new(7);
            first.fail_at(60, Fault::PowerCut);
            let told = fill(&first);
            let second = first.crash(disk.operations().len() as u64);
            (told, second)
        },
        |_, (told, second), when| {
            for cut in 0..12 {
                let disk = second.crash(cut);
                disk.fail_at(cut as usize, Fault::PowerCut);
                let _ = Inbox::open(shared(&disk), small());
                let (inbox, recovered) = open(&disk.crash(cut));
                assert!(recovered.last_seq >= *told, "{when}, second cut {cut}");
                assert_eq!(recovered.damage, [], "{when}, second cut {cut}");
                for (n, stored) in (1..).zip(all(&inbox)) {
                    assert_eq!((stored.seq, &stored.payload[..]), (n, &body(n)[..]), "{when}");
                }
            }
        },
    );
    assert!(met.is_empty());
}

/// Frame `n` puts two keys to the same value, so that half a frame shows.
fn frame(n: u64) -> Frame {
    let value = format!("{n:<200}").into_bytes();
    let twin = |side: u8| Op::Put { key: vec![side, (n % 5) as u8], value: value.clone(), expires: None };
    Frame { ops: vec![twin(b'l'), twin(b'r'), Op::Delete { key: vec![b'x', (n % 7) as u8] }] }
}

fn state(ledger: &Ledger) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut state = BTreeMap::new();
    ledger
        .replay_all(&mut |_, frame| {
            for op in frame.ops {
                match op {
                    Op::Put { key, value, .. } => drop(state.insert(key, value)),
                    Op::Delete { key } => drop(state.remove(&key)),
                }
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    state
}

fn implied(through: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut state = BTreeMap::new();
    for n in 1..=through {
        for op in frame(n).ops {
            match op {
                Op::Put { key, value, .. } => drop(state.insert(key, value)),
                Op::Delete { key } => drop(state.remove(&key)),
            }
        }
    }
    state
}

/// Appends frames, compacting in between, until the disk fails; answers the last acknowledged frame.
fn keep_books(disk: &SimDisk) -> u64 {
    let Ok((mut ledger, recovered)) = Ledger::open(shared(disk), ledger::small()) else { return 0 };
    let mut told = recovered.last_seq;
    for n in told + 1..=40 {
        ledger.append(&frame(n)).unwrap();
        if n % 2 == 0 {
            if ledger.sync().is_err() {
                break;
            }
            told = ledger.last_seq();
        }
        if n % 13 == 0 {
            if ledger.compact(0).is_err() {
                break;
            }
            told = ledger.last_seq();
        }
    }
    told
}

#[test]
fn a_ledger_keeps_whole_frames_through_compaction() {
    let met = at_every_operation(
        |_| (),
        keep_books,
        |disk, &told, when| {
            let (ledger, recovered) = Ledger::open(shared(disk), ledger::small()).unwrap();
            assert_eq!(recovered.damage, [], "{when}");
            assert!((told..=40).contains(&recovered.last_seq), "{when}: {} of {told}", recovered.last_seq);
            assert_eq!(state(&ledger), implied(recovered.last_seq), "{when}");
            drop(ledger);
            assert_eq!(keep_books(disk), 40, "{when}");
            let (ledger, recovered) = Ledger::open(shared(&disk.crash(5)), ledger::small()).unwrap();
            assert_eq!((recovered.last_seq, recovered.damage), (40, vec![]), "{when}");
            assert_eq!(state(&ledger), implied(40), "{when}");
        },
    );
    for name in ["create", "write", "sync_data", "sync_dir", "rename", "remove"] {
        assert!(met.contains_key(name), "{name} was never cut: {met:?}");
    }
}

#[test]
fn a_restore_is_whole_or_not_there() {
    let source = SimDisk::new(0);
    assert_eq!(keep_books(&source), 40);
    let (ledger, _) = Ledger::open(shared(&source), ledger::small()).unwrap();
    let mut backup = Vec::new();
    export(&ledger, &mut backup).unwrap();
    let met = at_every_operation(
        |_| (),
        |disk| import(&mut &backup[..], shared(disk)).is_ok(),
        |disk, &told, when| {
            let (ledger, recovered) = Ledger::open(shared(disk), ledger::small()).unwrap();
            let found = state(&ledger);
            assert_eq!(recovered.damage, [], "{when}");
            assert!(!told || !found.is_empty(), "{when}");
            assert!(found.is_empty() || (found == implied(40) && recovered.last_seq == 40), "{when}");
        },
    );
    assert!(met.contains_key("rename"), "{met:?}");
}
