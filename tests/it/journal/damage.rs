//! Files that somebody or something changed: nothing is lost silently.

use std::ops::ControlFlow;

use hourwire::journal::{Damage, Disk, Frame, Inbox, JournalError, Ledger, Op, SimDisk};

use super::{all, body, ledger, open, shared, small};

fn segments(disk: &SimDisk) -> Vec<String> {
    disk.list()
        .unwrap()
        .into_iter()
        .filter(|name| name.contains(".seg") && !name.contains("damaged"))
        .collect()
}

fn filled(disk: &SimDisk, groups: u64, group: u64) {
    let (mut inbox, _) = open(disk);
    for n in 0..groups {
        for at in 1..=group {
            inbox.append(&body(n * group + at), 0).unwrap();
        }
        inbox.sync().unwrap();
    }
}

/// The place of a delivery's body in the file that holds it.
fn place(disk: &SimDisk, n: u64) -> (String, usize) {
    let wanted = body(n);
    for name in segments(disk) {
        let content = disk.content(&name).unwrap();
        if let Some(at) = content.windows(wanted.len()).position(|window| window == wanted) {
            return (name, at);
        }
    }
    panic!("delivery {n} is nowhere");
}

#[test]
fn corruption_in_the_newest_segment_is_reported_kept_aside_and_read_around() {
    // Also in the last group, whose records no later one vouches for.
    for (groups, group, hit) in [(10, 1, 4), (10, 1, 10), (1, 10, 4), (1, 10, 10), (3, 3, 8)] {
        let disk = SimDisk::new(1);
        filled(&disk, groups, group);
        let (name, at) = place(&disk, hit);
        disk.flip(&name, at);
        let (mut inbox, recovered) = open(&disk);
        let copy = Some(format!("{name}.damaged"));
        let damage = Damage { file: name.clone(), first_missing: hit, last_missing: hit, copy };
        assert_eq!(recovered.damage, [damage], "{groups} groups of {group}, hit {hit}");
        assert_eq!(disk.content(&format!("{name}.damaged")), disk.content(&name));
        let expected: Vec<u64> = (1..=groups * group).filter(|n| *n != hit).collect();
        assert_eq!(all(&inbox).iter().map(|s| s.seq).collect::<Vec<_>>(), expected);
        // The number of a lost delivery is never given away again.
        assert_eq!(inbox.append(b"next", 0).unwrap(), groups * group + 1);
        inbox.sync().unwrap();
        let (inbox, recovered) = open(&disk);
        assert_eq!(all(&inbox).len(), expected.len() + 1);
        assert_eq!(recovered.last_seq, groups * group + 1);
        assert_eq!(inbox.reader().verify().unwrap().len(), 1);
    }
}

#[test]
fn corruption_in_an_older_segment_is_found_by_reading() {
    let disk = SimDisk::new(1);
    filled(&disk, 100, 1);
    assert!(segments(&disk).len() > 2);
    let (name, at) = place(&disk, 7);
    disk.flip(&name, at + 3);
    let (inbox, recovered) = open(&disk);
    assert_eq!(recovered.damage, [], "an old segment is not read at the start");
    assert_eq!(inbox.read_from(5, 4).unwrap().iter().map(|s| s.seq).collect::<Vec<_>>(), [5, 6, 8, 9]);
    let found = inbox.reader().damage();
    assert_eq!((found.len(), found[0].first_missing, found[0].last_missing), (1, 7, 7));
    assert!(found[0].copy.is_some());
}

#[test]
fn a_zeroed_page_and_a_damaged_header_are_reported() {
    let disk = SimDisk::new(1);
    filled(&disk, 100, 1);
    let names = segments(&disk);
    let page = disk.open(&names[0]).unwrap();
    page.write_at(&[0; 4096], 4096).unwrap();
    disk.open(&names[1]).unwrap().write_at(&[0; 48], 0).unwrap();
    disk.open(names.last().unwrap()).unwrap().write_at(&[9; 48], 0).unwrap();
    let (inbox, recovered) = open(&disk);
    assert_eq!(recovered.damage.len(), 2, "{:?}", recovered.damage);
    let damage = inbox.reader().verify().unwrap();
    assert_eq!(damage.len(), 3, "{damage:?}");
    let lost = damage.iter().map(|d| d.last_missing + 1 - d.first_missing).sum::<u64>();
    assert!(lost > 0);
    assert_eq!(all(&inbox).len() as u64 + lost, 100);
    assert_eq!(recovered.last_seq, 100);
}

#[test]
fn a_torn_tail_is_cut_off_without_alarm() {
    let disk = SimDisk::new(1);
    filled(&disk, 5, 1);
    let (mut inbox, _) = open(&disk);
    inbox.append_group(&[&body(6), &body(7)], 0).unwrap();
    // The write is done, the sync never comes; then the first of the two is torn.
    disk.fail_at(disk.operations().len() + 1, hourwire::journal::Fault::PowerCut);
    inbox.sync().unwrap_err();
    let found = (0..64).map(|seed| open(&disk.crash(seed)));
    let mut torn = 0;
    for (inbox, recovered) in found {
        assert_eq!(recovered.damage, []);
        assert!((5..=7).contains(&recovered.last_seq));
        torn += u64::from(recovered.torn_bytes > 0);
        assert_eq!(all(&inbox).len() as u64, recovered.last_seq);
    }
    assert!(torn > 10, "only {torn} of 64 cuts tore the tail");
}

#[test]
fn what_was_cut_off_never_comes_back() {
    let disk = SimDisk::new(1);
    filled(&disk, 1, 1);
    let (mut inbox, _) = open(&disk);
    // Larger than a sector each, so that a cut may keep the second and lose the first.
    inbox.append_group(&[&[b'a'; 600], &[b'b'; 600]], 0).unwrap();
    disk.fail_at(disk.operations().len() + 1, hourwire::journal::Fault::PowerCut);
    inbox.sync().unwrap_err();
    let mut kept_second = 0;
    for seed in 0..64 {
        let disk = disk.crash(seed);
        let holds = |disk: &SimDisk| {
            let files = segments(disk).into_iter().filter_map(|name| disk.content(&name));
            files.into_iter().any(|content| content.windows(600).any(|window| window == [b'b'; 600]))
        };
        let second = holds(&disk);
        let (mut inbox, recovered) = open(&disk);
        if recovered.last_seq > 1 {
            continue;
        }
        kept_second += u64::from(second);
        inbox.append(&[b'c'; 600], 0).unwrap();
        inbox.sync().unwrap();
        for again in 0..8 {
            let (inbox, recovered) = open(&disk.crash(again));
            assert_eq!(
                (recovered.last_seq, &all(&inbox)[1].payload[..]),
                (2, &[b'c'; 600][..]),
                "seed {seed}"
            );
        }
    }
    assert!(kept_second > 3, "only {kept_second} of 64 cuts kept the second without the first");
}

#[test]
fn a_newer_format_is_refused() {
    let disk = SimDisk::new(1);
    filled(&disk, 2, 1);
    let name = &segments(&disk)[0];
    let mut header = disk.content(name).unwrap()[..48].to_vec();
    header[8] = 9;
    let crc = crc32c::crc32c(&header[..40]);
    header[40..44].copy_from_slice(&crc.to_le_bytes());
    disk.open(name).unwrap().write_at(&header, 0).unwrap();
    let error = Inbox::open(shared(&disk), small()).err().unwrap();
    assert!(matches!(error, JournalError::NewerFormat { found: 9, .. }), "{error}");
    assert!(error.to_string().contains("newer"), "{error}");
}

#[test]
fn a_lost_segment_of_the_ledger_is_reported() {
    let disk = SimDisk::new(1);
    let (mut books, _) = Ledger::open(shared(&disk), ledger::small()).unwrap();
    for n in 0..60_u8 {
        books.append(&Frame::put([n], vec![n; 700])).unwrap();
        books.sync().unwrap();
    }
    let names = segments(&disk);
    assert!(names.len() > 2);
    disk.remove(&names[0]).unwrap();
    let (_, recovered) = Ledger::open(shared(&disk), ledger::small()).unwrap();
    assert_eq!((recovered.damage.len(), recovered.damage[0].first_missing), (1, 1));
}

#[test]
fn a_damaged_base_is_reported_copied_and_read_around() {
    let disk = SimDisk::new(1);
    let (mut books, _) = Ledger::open(shared(&disk), ledger::small()).unwrap();
    for n in 0..200_u8 {
        books.append(&Frame::put([n], vec![n; 1000])).unwrap();
    }
    books.sync().unwrap();
    books.compact(0).unwrap();
    disk.flip("ledger.base", 90_000);
    let (books, recovered) = Ledger::open(shared(&disk), ledger::small()).unwrap();
    assert_eq!(recovered.damage, [], "the base is checked when it is read");
    let mut keys = 0;
    books
        .replay_all(&mut |_, frame| {
            keys += frame.ops.iter().filter(|op| matches!(op, Op::Put { .. })).count();
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!((100..200).contains(&keys), "{keys}");
    assert_eq!(books.damage().len(), 1);
    assert!(disk.content("ledger.base.damaged").is_some());

    // Cut short, it is seen at the start.
    let content = disk.content("ledger.base").unwrap();
    disk.remove("ledger.base").unwrap();
    disk.create("ledger.base").unwrap().write_at(&content[..content.len() - 5000], 0).unwrap();
    let (_, recovered) = Ledger::open(shared(&disk), ledger::small()).unwrap();
    assert_eq!(recovered.damage.len(), 1);
}
