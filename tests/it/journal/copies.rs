//! Copies of a ledger that is being written to, rolled over and compacted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hourwire::journal::{Frame, Ledger, LedgerOptions, RealDisk, Sizes, copy_ledger, export, import};
use serde_json::Value;

#[test]
fn a_copy_beside_the_writer_holds_all_that_was_durable_when_it_began() {
    let home = tempfile::tempdir().unwrap();
    let from = home.path().join("ledger");
    let options = LedgerOptions { sizes: Sizes::small(), ..LedgerOptions::default() };
    let (mut ledger, _) = Ledger::open(Arc::new(RealDisk::open(&from).unwrap()), options).unwrap();
    let (durable, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let writing = {
        let (durable, over) = (durable.clone(), over.clone());
        std::thread::spawn(move || {
            let mut compactions = 0;
            for n in 1..=u64::MAX {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                ledger.append(&Frame::put(n.to_be_bytes(), vec![b'v'; (n % 700) as usize])).unwrap();
                ledger.sync().unwrap();
                durable.store(n, Ordering::SeqCst);
                if n % 150 == 0 {
                    let compacted = ledger.plan_compaction(0).unwrap().run().unwrap();
                    ledger.install(compacted).unwrap();
                    compactions += 1;
                }
            }
            compactions
        })
    };
    while durable.load(Ordering::SeqCst) < 200 {
        std::thread::yield_now();
    }
    for round in 0..25 {
        let before = durable.load(Ordering::SeqCst);
        let to = home.path().join(format!("copy-{round}"));
        if let Err(error) = copy_ledger(&from, &to) {
            // Here compactions come by the millisecond; a person would be told to try again.
            assert!(error.to_string().contains("try again"), "{error}");
            continue;
        }
        let after = durable.load(Ordering::SeqCst);
        let (copy, recovered) = Ledger::open(Arc::new(RealDisk::open(&to).unwrap()), options).unwrap();
        assert_eq!(recovered.damage, [], "round {round}");
        let mut text = Vec::new();
        let keys = export(&copy, &mut text).unwrap();
        assert!((before..=after + 1).contains(&keys), "round {round}: {before} ≤ {keys} ≤ {after} + 1");
        let head: Value = serde_json::from_slice(text.split(|b| *b == b'\n').next().unwrap()).unwrap();
        assert_eq!(head["seq"], keys, "each key came with a frame of its own, without a hole");
        let restored = Arc::new(RealDisk::open(home.path().join(format!("restored-{round}"))).unwrap());
        assert_eq!(import(&mut &text[..], restored).unwrap(), keys);
    }
    over.store(true, Ordering::Relaxed);
    assert!(writing.join().unwrap() > 0, "it was compacted meanwhile");
}
