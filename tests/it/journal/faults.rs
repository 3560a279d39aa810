//! Disks that answer with errors, write short, or are full.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hourwire::journal::{AppendError, Fault, Frame, Inbox, InboxWriter, JournalError, Ledger, SimDisk};

use super::{all, body, ledger, open, shared, small};

/// Meets `fault` at operation 0, 1, 2, … of a life of 40 syncs. After each sync that fails the delivery is sent again,
/// as a service would.
fn at_every_operation(fault: Fault) -> BTreeMap<&'static str, usize> {
    let mut met = BTreeMap::new();
    for at in 0.. {
        let disk = SimDisk::new(at as u64);
        disk.fail_at(at, fault);
        let inbox = Inbox::open(shared(&disk), small());
        let Ok((mut inbox, _)) = inbox.or_else(|_| Inbox::open(shared(&disk), small())) else {
            panic!("operation {at} keeps the inbox from opening twice");
        };
        let mut told = Vec::new();
        for n in 1..=40 {
            for attempt in 0.. {
                let seq = inbox.append(&body(n), 0).unwrap();
                match inbox.sync() {
                    Ok(()) => {
                        told.push((seq, n));
                        break;
                    }
                    Err(error) => assert!(attempt < 2, "operation {at}, delivery {n}: {error}"),
                }
            }
        }
        match disk.operations().get(at) {
            Some(name) => *met.entry(*name).or_default() += 1,
            None => return met,
        }
        for disk in [disk.clone(), disk.crash(at as u64)] {
            let (inbox, recovered) = open(&disk);
            assert_eq!(recovered.damage, [], "{fault:?} at operation {at}");
            let stored = all(&inbox);
            assert!(
                stored.len() <= 41,
                "{fault:?} at operation {at}: one error doubles one delivery at most"
            );
            for &(seq, n) in &told {
                let found = &stored[seq as usize - 1];
                assert_eq!(
                    (found.seq, &found.payload[..]),
                    (seq, &body(n)[..]),
                    "{fault:?} at operation {at}"
                );
            }
        }
    }
    met
}

#[test]
fn one_error_anywhere_loses_nothing_acknowledged() {
    for fault in [Fault::Eio, Fault::Enospc, Fault::Short] {
        let met = at_every_operation(fault);
        for name in ["create", "write", "sync_data", "sync_dir"] {
            assert!(met.contains_key(name), "{fault:?} never met {name}: {met:?}");
        }
    }
}

#[test]
fn a_failed_sync_closes_its_file_and_rewrites_the_group() {
    let disk = SimDisk::new(1);
    let (mut inbox, _) = open(&disk);
    inbox.append(b"first", 0).unwrap();
    inbox.sync().unwrap();
    inbox.append_group(&[b"second", b"third"], 0).unwrap();
    // The group is one write, then one sync.
    disk.fail_at(disk.operations().len() + 1, Fault::Eio);
    let error = inbox.sync().unwrap_err();
    assert!(matches!(error, JournalError::SyncFailed { rewritten: true, .. }), "{error}");
    assert_eq!((inbox.last_seq(), inbox.alarms().failures), (3, 1));
    let names: Vec<_> = shared(&disk).list().unwrap().into_iter().filter(|n| n.contains(".seg")).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let (inbox, recovered) = open(&disk.crash(2));
    assert_eq!((recovered.last_seq, recovered.damage), (3, vec![]));
    assert_eq!(
        all(&inbox).iter().map(|s| s.payload.to_vec()).collect::<Vec<_>>(),
        [&b"first"[..], b"second", b"third"]
    );
}

#[test]
fn waiters_of_a_failed_group_are_told() {
    let disk = SimDisk::new(1);
    let (inbox, _) = open(&disk);
    let writer = InboxWriter::inline(Arc::new(Mutex::new(inbox)), Arc::new(|| 0));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    disk.fail_at(disk.operations().len() + 1, Fault::Eio);
    runtime.block_on(async {
        assert_eq!(writer.append(Bytes::from_static(b"x")).await, Err(AppendError::Disk));
        assert_eq!(writer.alarms().failures, 1);
        assert_eq!(writer.append(Bytes::from_static(b"x")).await, Ok(2));
    });
}

#[test]
fn a_full_disk_uses_the_reserve_then_refuses_then_recovers() {
    let disk = SimDisk::new(1);
    let (mut inbox, _) = open(&disk);
    let used = |disk: &SimDisk| {
        u64::MAX - {
            disk.set_capacity(u64::MAX);
            shared(disk).free_space().unwrap()
        }
    };
    disk.set_capacity(used(&disk) + 1024);
    let mut told = 0;
    let mut reserve_seen = false;
    let error = loop {
        let seq = inbox.append(&body(told + 1), 0).unwrap();
        match inbox.sync() {
            Ok(()) => told = seq,
            Err(error) => break error,
        }
        reserve_seen |= inbox.alarms().reserve_used;
        assert!(told < 1000, "the disk never fills");
    };
    assert!(matches!(error, JournalError::NoSpace), "{error}");
    assert!(reserve_seen, "deliveries were accepted after the reserve was given up");
    assert!(inbox.alarms().dropped > 0);
    assert_eq!(inbox.last_seq(), told);
    // What is here can still be read, also by a start on the full disk.
    assert_eq!(all(&inbox).len() as u64, told);
    drop(inbox);
    let (mut inbox, recovered) = open(&disk);
    assert_eq!((recovered.last_seq, recovered.damage), (told, vec![]));
    inbox.append(&body(2), 0).unwrap();
    let small_rest = inbox.sync();
    // Room comes back.
    disk.set_capacity(u64::MAX);
    let next = inbox.append(&body(3), 0).unwrap();
    inbox.sync().unwrap();
    assert_eq!(next, told + 1 + u64::from(small_rest.is_ok()));
}

#[test]
fn what_a_full_disk_did_is_told_until_the_reserve_is_back() {
    let disk = SimDisk::new(1);
    let (inbox, _) = open(&disk);
    let clock: hourwire::journal::Clock = Arc::new(|| 0);
    let writer = InboxWriter::inline(Arc::new(Mutex::new(inbox)), clock);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let append = |n| runtime.block_on(writer.append(Bytes::from(body(n))));
    append(1).unwrap();
    assert!(!writer.alarms().is_pressed());
    disk.set_capacity(0);
    let refused = (2..200).find(|n| append(*n).is_err()).expect("the disk is full");
    assert_eq!((writer.alarms().reserve_used, writer.alarms().refusing), (true, true));
    assert_eq!(writer.reader().free_space(), Some(0));
    // Asking changes nothing while there is no room.
    writer.make_good();
    assert!(writer.alarms().refusing);
    // Room comes back, and nobody delivers: the alarm goes all the same.
    disk.set_capacity(u64::MAX);
    writer.make_good();
    assert!(!writer.alarms().is_pressed());
    append(refused).unwrap();
}

#[test]
fn a_ledger_that_cannot_sync_drops_the_frame_and_goes_on() {
    let disk = SimDisk::new(1);
    let (mut books, _) = Ledger::open(shared(&disk), ledger::small()).unwrap();
    books.append(&Frame::put("a", "1")).unwrap();
    books.sync().unwrap();
    disk.set_capacity(0);
    let mut failed = 0;
    for _ in 0..40 {
        books.append(&Frame::put("b", vec![7; 900])).unwrap();
        failed += u64::from(books.sync().is_err());
    }
    assert!(failed > 0);
    disk.set_capacity(u64::MAX);
    let seq = books.append(&Frame::put("c", "3")).unwrap();
    books.sync().unwrap();
    assert_eq!(seq, 42 - failed);
    let (books, recovered) = Ledger::open(shared(&disk.crash(1)), ledger::small()).unwrap();
    assert_eq!((recovered.last_seq, books.damage()), (seq, vec![]));
}
