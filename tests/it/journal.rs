//! The two logs: what they promise on a good disk; `faults` and `cuts` hold what they promise on a bad one.

mod copies;
mod cuts;
mod damage;
mod faults;
mod ledger;
mod real;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hourwire::journal::{
    Disk, Inbox, InboxOptions, InboxWriter, JournalError, Recovered, SimDisk, Sizes, Stored,
};

pub fn small() -> InboxOptions {
    InboxOptions { sizes: Sizes::small(), ..InboxOptions::default() }
}

pub fn shared(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

pub fn open(disk: &SimDisk) -> (Inbox, Recovered) {
    Inbox::open(shared(disk), small()).unwrap()
}

/// A body that names its number, of a length that varies with it.
pub fn body(n: u64) -> Vec<u8> {
    let mut body = format!("delivery {n} ").into_bytes();
    body.resize(20 + (n as usize * 37) % 900, b'.');
    body
}

pub fn all(inbox: &Inbox) -> Vec<Stored> {
    inbox.read_from(0, usize::MAX).unwrap()
}

#[test]
fn what_was_synced_is_read_back_in_order_over_many_segments() {
    let disk = SimDisk::new(1);
    let (mut inbox, recovered) = open(&disk);
    assert_eq!((recovered.last_seq, recovered.first_seq), (0, 1));
    for n in 1..=300 {
        assert_eq!(inbox.append(&body(n), n as i64 * 10).unwrap(), n);
        if n % 3 == 0 {
            inbox.sync().unwrap();
        }
    }
    let segments = disk.list().unwrap().iter().filter(|name| name.contains(".seg")).count();
    assert!(segments > 5, "{segments} segments");
    for inbox in [inbox, open(&disk).0] {
        let stored = all(&inbox);
        assert_eq!(stored.len(), 300);
        for (n, stored) in (1..).zip(&stored) {
            assert_eq!((stored.seq, stored.unix_ns, &stored.payload[..]), (n, n as i64 * 10, &body(n)[..]));
        }
        assert_eq!(inbox.read_from(250, 7).unwrap(), stored[249..256]);
        assert_eq!(inbox.read_from(301, 7).unwrap(), []);
    }
}

#[test]
fn buffered_deliveries_are_not_readable_before_the_sync() {
    let disk = SimDisk::new(1);
    let (mut inbox, _) = open(&disk);
    inbox.append_group(&[b"one", b"two"], 5).unwrap();
    assert_eq!((all(&inbox).len(), inbox.last_seq()), (0, 0));
    inbox.sync().unwrap();
    assert_eq!((all(&inbox).len(), inbox.last_seq()), (2, 2));
}

#[test]
fn a_delivery_larger_than_a_segment_has_one_of_its_own() {
    let disk = SimDisk::new(1);
    let (mut inbox, _) = open(&disk);
    let large = vec![7; 100_000];
    for payload in [&b"before"[..], &large, b"after"] {
        inbox.append(payload, 0).unwrap();
        inbox.sync().unwrap();
    }
    let (inbox, recovered) = open(&disk);
    assert_eq!(recovered.last_seq, 3);
    assert_eq!(all(&inbox)[1].payload, large);
    let (mut inbox, _) = open(&disk);
    let error = inbox.append(&vec![0; 40 << 20], 0).unwrap_err();
    assert!(matches!(error, JournalError::TooLarge { .. }), "{error}");
}

#[test]
fn retention_drops_old_or_surplus_segments_but_none_with_an_unapplied_delivery() {
    const DAY: i64 = 86_400 * 1_000_000_000;
    let disk = SimDisk::new(1);
    let options = InboxOptions { keep_bytes: 40 << 10, ..small() };
    let (mut inbox, _) = Inbox::open(shared(&disk), options).unwrap();
    for n in 1..=400_u64 {
        inbox.append(&body(n), n as i64 * DAY / 10).unwrap();
        inbox.sync().unwrap();
    }
    assert_eq!(inbox.retain(1000 * DAY, 0).unwrap(), 0, "nothing is applied");
    assert!(inbox.retain(1000 * DAY, 100).unwrap() > 0);
    let first = all(&inbox)[0].seq;
    assert!(first <= 101, "delivery 101 is not applied, the oldest kept is {first}");
    assert!(first > 50, "the oldest kept is {first}");

    // Day 40 is now; all is applied: 35 days are kept unless there is too much.
    inbox.retain(40 * DAY, 400).unwrap();
    assert!(inbox.reader().bytes() <= 60 << 10, "{}", inbox.reader().bytes());
    assert_eq!(all(&inbox).last().unwrap().seq, 400);
    let (inbox, recovered) = Inbox::open(shared(&disk), options).unwrap();
    assert_eq!(recovered.damage, []);
    assert_eq!(recovered.first_seq, all(&inbox)[0].seq);
    assert_eq!(recovered.last_seq, 400);
}

#[test]
fn young_segments_within_the_size_stay() {
    let disk = SimDisk::new(1);
    let (mut inbox, _) = open(&disk);
    for n in 1..=200 {
        inbox.append(&body(n), 0).unwrap();
        inbox.sync().unwrap();
    }
    assert_eq!(inbox.retain(34 * 86_400 * 1_000_000_000, 200).unwrap(), 0);
    assert!(inbox.retain(36 * 86_400 * 1_000_000_000, 200).unwrap() > 0);
}

#[test]
fn a_reader_reads_while_the_writer_writes() {
    let disk = SimDisk::new(1);
    let (inbox, _) = open(&disk);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (writer, thread) = InboxWriter::spawn(inbox, Arc::new(|| 42)).unwrap();
    runtime.block_on(async {
        let mut watch = writer.subscribe();
        let appends = (1..=200_u64).map(|n| {
            let writer = writer.clone();
            async move { writer.append(Bytes::from(body(n))).await }
        });
        let seqs: Vec<u64> =
            futures_util::future::join_all(appends).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
        assert_eq!(*watch.borrow_and_update(), 200);
        let stored = writer.read_from(199, 10).unwrap();
        assert_eq!((stored.len(), stored[0].unix_ns, &stored[1].payload[..]), (2, 42, &body(200)[..]));
    });
    let syncs = disk.operations().iter().filter(|op| **op == "sync_data").count();
    assert!(syncs < 100, "200 deliveries that wait together need no {syncs} syncs");
    drop(writer);
    thread.join().unwrap();
}

#[test]
fn the_inline_writer_is_durable_at_once_and_wakes_the_watcher() {
    let disk = SimDisk::new(1);
    let (inbox, _) = open(&disk);
    let writer = InboxWriter::inline(Arc::new(Mutex::new(inbox)), Arc::new(|| 7));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let watch = writer.subscribe();
        assert_eq!(writer.append(Bytes::from_static(b"x")).await, Ok(1));
        assert!(watch.has_changed().unwrap());
    });
    let (after, recovered) = open(&disk.crash(3));
    assert_eq!((recovered.last_seq, all(&after)[0].unix_ns), (1, 7));
}

#[test]
fn replay_stops_where_it_is_told() {
    let disk = SimDisk::new(1);
    let (mut ledger, _) = hourwire::journal::Ledger::open(shared(&disk), ledger::small()).unwrap();
    for n in 0..5_u8 {
        ledger.append(&hourwire::journal::Frame::put([n], [n])).unwrap();
    }
    ledger.sync().unwrap();
    let mut seen = Vec::new();
    ledger
        .replay(1, &mut |seq, _| {
            seen.push(seq);
            if seq == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, [2, 3]);
}
