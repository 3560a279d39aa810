//! A state folder that holds years of synced entries, written through the ledger.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use hourwire::cache::rows;
use hourwire::domain::catalogue::{Item, Kind};
use hourwire::domain::entry::{Entry, TargetEntry};
use hourwire::domain::id::{Account, Key, RemoteId};
use hourwire::domain::link::{Link, There, Wish};
use hourwire::domain::order::{EntryRow, Stamp};
use hourwire::domain::read::TargetRead;
use hourwire::domain::route::{By, Inputs, Route, Routed};
use hourwire::domain::word::{Class, SyncWord};
use hourwire::journal::{Frame, Ledger, LedgerOptions, Op, RealDisk};
use serde::Serialize;
use serde_json::json;

const WORDS: [&str; 8] = [
    "Wireframes",
    "Review with client",
    "Copy edits",
    "Checkout flow",
    "Estimate for phase two",
    "Stand-up",
    "Page templates",
    "Research interviews",
];
/// Source projects in the books.
const PROJECTS: i64 = 40;
/// Rows of one frame.
const FRAME: usize = 500;
const USER: &str = "5550001";
const TARGET_USER: &str = "64f0c0ffee0000000000a001";

fn main_account() -> Account {
    "main".into()
}

fn mirror() -> Account {
    "mirror".into()
}

fn open(state: &Path) -> Ledger {
    let disk = Arc::new(RealDisk::open(state.join("ledger")).expect("its folder"));
    Ledger::open(disk, LedgerOptions::default()).expect("the ledger").0
}

/// Adds this many synced entries, the newest ending an hour ago, and compacts as the engine itself does in time.
/// Answers the bytes of the ledger.
pub fn fill(state: &Path, count: usize) -> u64 {
    let mut ledger = open(state);
    let now = Utc::now().trunc_subsecs(0);
    let mut ops = Vec::new();
    for n in 0..PROJECTS {
        let item = Item::new(Kind::Project, RemoteId::from(7_000_000 + n), format!("Osprey shop {n}"));
        ops.push(put(rows::item(&main_account(), Kind::Project, &item.id), &item));
    }
    for n in 0..count {
        let key = Key::new(&main_account(), 900_000_000 + n as i64);
        // Some 24 entries a day, as five people make them.
        let stop = now - TimeDelta::hours(1) - TimeDelta::minutes(60 * n as i64);
        let entry = entry(n, stop - TimeDelta::minutes(25 + n as i64 % 60), Some(stop));
        ops.push(put(rows::entry(&key), &row(entry.clone(), stop)));
        ops.push(put(rows::link(&mirror(), &key), &synced(n, &entry, stop)));
        if ops.len() >= FRAME {
            append(&mut ledger, &mut ops);
        }
    }
    tally(&mut ops, count, 0);
    append(&mut ledger, &mut ops);
    ledger.sync().expect("durable");
    ledger.compact(now.timestamp()).expect("compacted");
    ledger.bytes()
}

/// Lets this many timers run besides `count` synced entries.
pub fn run_timers(state: &Path, count: usize, timers: usize) {
    let mut ledger = open(state);
    let mut ops = Vec::new();
    for n in 0..timers {
        let key = Key::new(&main_account(), 990_000_000 + n as i64);
        let start = Utc::now().trunc_subsecs(0) - TimeDelta::seconds(3_725 + 700 * n as i64);
        let mut entry = entry(n, start, None);
        // Somebody else's: the header shows the own one only.
        entry.user = RemoteId::from(5_550_010 + n as i64);
        ops.push(put(rows::entry(&key), &row(entry, start)));
        ops.push(put(rows::link(&mirror(), &key), &Link::new(Wish::Wait(SyncWord::Running), start)));
    }
    tally(&mut ops, count, timers);
    append(&mut ledger, &mut ops);
    ledger.sync().expect("durable");
}

/// The words of the newest entry, by which a screen with rows is known.
pub fn newest() -> &'static str {
    WORDS[0]
}

fn tally(ops: &mut Vec<Op>, synced: usize, running: usize) {
    let mut counts = [0_i64; Class::ALL.len()];
    counts[Class::Synced as usize] = synced as i64;
    counts[Class::Running as usize] = running as i64;
    ops.push(put(rows::meta("tally"), &BTreeMap::from([(mirror(), counts)])));
}

fn append(ledger: &mut Ledger, ops: &mut Vec<Op>) {
    ledger.append(&Frame { ops: std::mem::take(ops) }).expect("appended");
}

fn put<T: Serialize>(key: Vec<u8>, value: &T) -> Op {
    Op::Put { key, value: rows::encode(value).expect("encoded"), expires: None }
}

fn entry(n: usize, start: DateTime<Utc>, stop: Option<DateTime<Utc>>) -> Entry {
    Entry {
        workspace: RemoteId::from(4_440_001),
        user: USER.into(),
        project: Some(RemoteId::from(7_000_000 + n as i64 % PROJECTS)),
        start,
        stop,
        description: format!("{} {n}", WORDS[n % WORDS.len()]),
        tags: if n.is_multiple_of(4) { vec!["design".into()] } else { Vec::new() },
        billable: !n.is_multiple_of(3),
    }
}

fn row(entry: Entry, at: DateTime<Utc>) -> EntryRow {
    let stamp = Stamp::Delivery { created_at: at, event_id: at.timestamp() as u64 };
    EntryRow { entry: Some(entry), at, stamp, deleted: None, doubt: None, seen_at: at }
}

fn synced(n: usize, entry: &Entry, stop: DateTime<Utc>) -> Link {
    let id = RemoteId(format!("65a0{n:020x}"));
    let project = RemoteId("64f0c0ffee0000000000c0ff".into());
    let there = TargetEntry {
        user: TARGET_USER.into(),
        project: Some(project.clone()),
        start: entry.start,
        stop,
        description: entry.description.clone(),
        tags: entry.tags.clone(),
        billable: entry.billable,
    };
    let raw = json!({
        "id": id, "description": entry.description, "tagIds": [], "userId": TARGET_USER, "billable": entry.billable,
        "taskId": null, "projectId": project, "workspaceId": "64f0c0ffee0000000000b001",
        "timeInterval": {"start": entry.start, "end": stop, "duration": "PT25M"}, "customFieldValues": [],
        "type": "REGULAR", "kioskId": null, "hourlyRate": {"amount": 0, "currency": "USD"},
        "costRate": {"amount": 0, "currency": "USD"}, "isLocked": false,
    });
    let carried = TargetRead {
        id: id.clone(),
        user: TARGET_USER.into(),
        project: Some(project.clone()),
        start: entry.start,
        stop: Some(stop),
        description: entry.description.clone(),
        tags: Vec::new(),
        billable: entry.billable,
        locked: false,
        raw,
    };
    let mut link = Link::new(Wish::Present(there.clone()), stop);
    link.route = Some(Route {
        to: Routed::To(project),
        by: Some(By::Fallback),
        version: "0123456789abcdef".into(),
        inputs: Inputs::of(entry, None, chrono_tz::UTC),
    });
    link.there = Some(There { id, entry: there, at: stop, adopted: false, carried });
    link.echoes = vec![0x1234_5678_9abc_def0 ^ n as u64];
    link
}
