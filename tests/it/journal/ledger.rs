//! The ledger: replay, compaction, backup.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hourwire::journal::{Frame, JournalError, Ledger, LedgerOptions, Op, SimDisk, Sizes, export, import};
use proptest::prelude::*;

use super::shared;

pub fn small() -> LedgerOptions {
    LedgerOptions { sizes: Sizes::small(), compact_bytes: 16 << 10 }
}

type State = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

fn apply(state: &mut State, frame: Frame) {
    for op in frame.ops {
        match op {
            Op::Put { key, value, expires } => drop(state.insert(key, (value, expires))),
            Op::Delete { key } => drop(state.remove(&key)),
        }
    }
}

fn replayed(ledger: &Ledger) -> State {
    let mut state = State::new();
    ledger
        .replay_all(&mut |_, frame| {
            apply(&mut state, frame);
            ControlFlow::Continue(())
        })
        .unwrap();
    state
}

fn alive(mut state: State, now: i64) -> State {
    state.retain(|_, (_, expires)| expires.is_none_or(|at| at > now));
    state
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let key =
        prop_oneof![(0_u8..8).prop_map(|n| vec![b'k', n]), proptest::collection::vec(any::<u8>(), 0..5)];
    let value = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..400),
        Just(br#"{"at":"2026-03-02T09:00:00Z","n":1.50}"#.to_vec()),
        Just(br#"{"at":"2026-03-02T09:00:00Z","tags":["a"]}"#.to_vec()),
    ];
    let op = prop_oneof![
        3 => (key.clone(), value, proptest::option::of(0_i64..100))
            .prop_map(|(key, value, expires)| Op::Put { key, value, expires }),
        1 => key.prop_map(|key| Op::Delete { key }),
    ];
    proptest::collection::vec(op, 0..5).prop_map(|ops| Frame { ops })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Compaction changes nothing that replay says, but for what has expired; neither does a backup.
    #[test]
    fn compaction_and_backup_equal_replay(
        frames in proptest::collection::vec(any_frame(), 1..60), compact_every in 5_usize..30, seed: u64,
    ) {
        let disk = SimDisk::new(seed);
        let (mut ledger, _) = Ledger::open(shared(&disk), small()).unwrap();
        let (mut expected, mut now) = (State::new(), 0);
        for (n, frame) in frames.iter().enumerate() {
            ledger.append(frame).unwrap();
            apply(&mut expected, frame.clone());
            if n % compact_every == compact_every - 1 {
                now += 20;
                let live = ledger.compact(now).unwrap();
                expected = alive(expected, now);
                prop_assert_eq!(live, expected.len() as u64);
                prop_assert_eq!(&replayed(&ledger), &expected);
            }
        }
        ledger.sync().unwrap();
        prop_assert_eq!(&replayed(&ledger), &expected);
        prop_assert_eq!(ledger.last_seq(), frames.len() as u64);

        let mut backup = Vec::new();
        prop_assert_eq!(export(&ledger, &mut backup).unwrap(), expected.len() as u64);
        let elsewhere = SimDisk::new(seed);
        import(&mut &backup[..], shared(&elsewhere)).unwrap();
        let (restored, _) = Ledger::open(shared(&elsewhere), small()).unwrap();
        prop_assert_eq!(&replayed(&restored), &expected);
        prop_assert_eq!(restored.last_seq(), ledger.last_seq());
        drop(ledger);
        let (ledger, recovered) = Ledger::open(shared(&disk.crash(seed)), small()).unwrap();
        prop_assert_eq!(recovered.damage, vec![]);
        prop_assert_eq!(&replayed(&ledger), &expected);
    }
}

#[test]
fn compaction_returns_the_room_and_old_frames_can_no_longer_be_asked_for() {
    let disk = SimDisk::new(1);
    let (mut ledger, _) = Ledger::open(shared(&disk), small()).unwrap();
    for n in 0..200_u8 {
        ledger.append(&Frame::put([n % 4], vec![n; 500])).unwrap();
        ledger.sync().unwrap();
    }
    assert!(ledger.needs_compaction());
    let before = ledger.bytes();
    assert_eq!(ledger.compact(0).unwrap(), 4);
    assert!(ledger.bytes() < before / 5, "{} of {before}", ledger.bytes());
    assert!(!ledger.needs_compaction());
    let error = ledger.replay(199, &mut |_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, JournalError::Compacted { covers: 200, .. }), "{error}");
    let mut seen = Vec::new();
    assert_eq!(ledger.append(&Frame::put("x", "y")).unwrap(), 201);
    ledger.sync().unwrap();
    ledger
        .replay(200, &mut |seq, frame| {
            seen.push((seq, frame));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, [(201, Frame::put("x", "y"))]);
}

#[test]
fn the_ledger_is_appended_to_while_a_compaction_runs() {
    let disk = SimDisk::new(1);
    let (mut ledger, _) = Ledger::open(shared(&disk), small()).unwrap();
    ledger.append(&Frame::put("a", "old")).unwrap();
    ledger.append(&Frame::put("b", "old")).unwrap();
    let work = ledger.plan_compaction(0).unwrap();
    let thread = std::thread::spawn(move || work.run().unwrap());
    ledger.append(&Frame::put("a", "new")).unwrap();
    ledger.sync().unwrap();
    ledger.install(thread.join().unwrap()).unwrap();
    let state = replayed(&ledger);
    assert_eq!((&state[&b"a"[..]].0[..], &state[&b"b"[..]].0[..]), (&b"new"[..], &b"old"[..]));
    assert_eq!((ledger.covers(), ledger.last_seq()), (2, 3));
}

#[test]
fn a_frame_without_sync_survives_a_kill() {
    let disk = SimDisk::new(1);
    let (mut ledger, _) = Ledger::open(shared(&disk), small()).unwrap();
    ledger.append(&Frame::put("spend", "1")).unwrap();
    drop(ledger);
    let (ledger, recovered) = Ledger::open(shared(&disk), small()).unwrap();
    assert_eq!((recovered.last_seq, replayed(&ledger).len()), (1, 1));
    // It was told by the opening, so it is durable by now.
    for seed in 0..16 {
        let (_, recovered) = Ledger::open(shared(&disk.crash(seed)), small()).unwrap();
        assert_eq!(recovered.last_seq, 1, "seed {seed}");
    }
}

#[test]
fn a_backup_is_readable_and_a_bad_one_is_refused_whole() {
    let disk = SimDisk::new(1);
    let (mut ledger, _) = Ledger::open(shared(&disk), small()).unwrap();
    ledger.append(&Frame::put("entry/main/1", r#"{"stop":null}"#)).unwrap();
    ledger.append(&Frame::put(vec![0xff, 1], vec![0, 1])).unwrap();
    ledger.sync().unwrap();
    let mut backup = Vec::new();
    export(&ledger, &mut backup).unwrap();
    let text = String::from_utf8(backup).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], r#"{"hourwire":"ledger","format":1,"seq":2}"#);
    assert_eq!(lines[1], r#"{"key":"entry/main/1","value":{"stop":null}}"#);
    assert_eq!(lines[2], r#"{"key_base64":"/wE=","value_base64":"AAE="}"#);

    let cases = [
        (lines[..3].join("\n"), "line 4 of the backup: the backup ends too early"),
        (text.replace(lines[1], ""), "keys are missing"),
        (text.replace(lines[1], "{"), "line 2"),
        (text.replace(lines[1], lines[2]), "keys must ascend"),
        (text.replace("\"format\":1", "\"format\":2"), "newer"),
        (text.replace("ledger\"", "inbox\""), "no backup of a ledger"),
    ];
    for (bad, complaint) in cases {
        let elsewhere = SimDisk::new(1);
        let error = import(&mut bad.as_bytes(), shared(&elsewhere)).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error:?} should say {complaint:?}");
        let (ledger, recovered) = Ledger::open(shared(&elsewhere), small()).unwrap();
        assert_eq!((recovered.last_seq, replayed(&ledger).len()), (0, 0));
    }
    let error = import(&mut text.as_bytes(), shared(&disk)).unwrap_err();
    assert!(matches!(error, JournalError::NotEmpty), "{error}");
}
