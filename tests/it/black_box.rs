//! The black box over months: what is kept is bounded by age and by bytes, and stays searchable to its oldest delivery.

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use hourwire::cache::{Memory, rows};
use hourwire::control::link::{EngineEnd, ViewerEnd, pair};
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::control::view::{Open, Page, Row, ViewKind};
use hourwire::domain::delivery::Delivered;
use hourwire::domain::policy::Policy;
use hourwire::engine::seams::{Clock, Rules, Seams};
use hourwire::engine::setup::Setup;
use hourwire::engine::{Engine, Parts, catch_up};
use hourwire::journal::{
    Frame, Inbox, InboxOptions, InboxReader, InboxWriter, Ledger, LedgerOptions, Op, SimDisk, Sizes,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;

use crate::books::{Fixed, NoHooks};

const DAY: i64 = 86_400;
/// A month of 30,000.
const PER_DAY: i64 = 1_000;
/// Old ones go by whole segments: so much more than a bound may be there.
const SEGMENT: u64 = 1 << 20;
const NOON: i64 = 1_772_452_800;

/// A delivery of a day, with a word to find it by.
fn delivered(n: i64, at: DateTime<Utc>) -> Vec<u8> {
    let body = format!(
        r#"{{"event_id":{n},"created_at":"{at}","creator_id":5550001,"metadata":{{"action":"created","event_user_id":"5550001","model":"time_entry","time_entry_id":"{n}","workspace_id":"4440001"}},"payload":{{"at":"{at}","description":"Review w{n}w","duration":60,"id":{n},"start":"{at}","stop":"{at}","user_id":5550001,"workspace_id":4440001}},"subscription_id":20417,"timestamp":"{at}"}}"#,
        at = at.format("%Y-%m-%dT%H:%M:%SZ"),
    );
    Delivered { received_at: at, hook: "main".into(), headers: Vec::new(), body: body.into() }.encode()
}

/// An engine over an inbox that is filled by hand, with a clock that is set by hand.
struct Months {
    inbox: Arc<Mutex<Inbox>>,
    reader: InboxReader,
    seconds: Arc<AtomicI64>,
    made: i64,
}

struct Looking {
    engine: Arc<Engine>,
    viewer: ViewerEnd,
    /// Kept open.
    _door: mpsc::Sender<EngineEnd>,
}

impl Months {
    fn new(keep_bytes: u64) -> Self {
        let sizes = Sizes { segment: SEGMENT, first: 4 << 10, step: 64 << 10, reserve: 8 << 10 };
        let options = InboxOptions { sizes, keep_bytes, ..InboxOptions::default() };
        let (inbox, _) = Inbox::open(Arc::new(SimDisk::new(1)), options).unwrap();
        let reader = inbox.reader();
        let seconds = Arc::new(AtomicI64::new(NOON));
        Self { inbox: Arc::new(Mutex::new(inbox)), reader, seconds, made: 0 }
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.seconds.load(SeqCst), 0).unwrap()
    }

    /// Days of work.
    fn days(&mut self, days: i64) {
        let mut inbox = self.inbox.lock().unwrap();
        for _ in 0..days {
            let midnight = DateTime::from_timestamp(self.seconds.load(SeqCst), 0).unwrap();
            for n in 0..PER_DAY {
                let at = midnight + TimeDelta::seconds(n * DAY / PER_DAY);
                self.made += 1;
                inbox.append(&delivered(self.made, at), at.timestamp_nanos_opt().unwrap()).unwrap();
            }
            inbox.sync().unwrap();
            self.seconds.fetch_add(DAY, SeqCst);
        }
    }

    /// An engine that has applied all of them, and somebody who looks.
    async fn look(&self) -> Looking {
        let (mut ledger, _) = Ledger::open(Arc::new(SimDisk::new(2)), LedgerOptions::default()).unwrap();
        let cursor = rows::encode(&self.made.cast_unsigned()).unwrap();
        ledger
            .append(&Frame { ops: vec![Op::Put { key: rows::meta("cursor"), value: cursor, expires: None }] })
            .unwrap();
        ledger.sync().unwrap();
        let ledger = Arc::new(Mutex::new(ledger));
        let store = Arc::new(Memory::new(rows::index));
        catch_up(&ledger, store.as_ref()).unwrap();
        let seconds = self.seconds.clone();
        let clock: Clock = Arc::new(move || DateTime::from_timestamp(seconds.load(SeqCst), 0).unwrap());
        let of_clock = clock.clone();
        let ns: hourwire::journal::Clock = Arc::new(move || of_clock().timestamp_nanos_opt().unwrap());
        let setup = Setup {
            sources: Vec::new(),
            targets: Vec::new(),
            policy: Policy::default(),
            public_url: None,
            instance: "hourwire den 0f1e".into(),
            hosted_by: "serve".into(),
            mapping: Arc::new(Fixed::default()),
            hooks: Arc::new(NoHooks::default()),
        };
        let seams = Seams {
            clock,
            random: Arc::new(Mutex::new(StdRng::seed_from_u64(3))),
            probe: None,
            plug: Arc::new(|_| false),
            rules: Rules::default(),
        };
        let inbox = InboxWriter::inline(self.inbox.clone(), ns);
        let engine = Engine::new(Parts { setup, seams, ledger, store, inbox });
        let (door, arrivals) = mpsc::channel(1);
        tokio::spawn(engine.clone().run(arrivals));
        let (viewer, end) = pair();
        door.send(end).await.unwrap();
        let hello = ToEngine::Hello { protocol: PROTOCOL, version: "0".into(), viewer: "test".into() };
        viewer.to_engine.send(hello).await.unwrap();
        Looking { engine, viewer, _door: door }
    }
}

impl Looking {
    async fn ask(&mut self, kind: ViewKind, filter: &str, offset: u32) -> Page {
        let open = Open { view: 1, kind, filter: filter.to_owned(), offset, rows: 300 };
        self.viewer.to_engine.send(ToEngine::Open(open)).await.unwrap();
        loop {
            if let FromEngine::Page(page) = self.viewer.from_engine.recv().await.expect("the engine stays") {
                self.viewer.to_engine.send(ToEngine::Close { view: 1 }).await.unwrap();
                return page;
            }
        }
    }

    /// The list once so many are indexed.
    async fn all(&mut self, many: i64) -> Page {
        for _ in 0..20_000 {
            let page = self.ask(ViewKind::Deliveries, "", 0).await;
            if i64::from(page.total) == many {
                return page;
            }
            tokio::task::yield_now().await;
        }
        panic!("never {many} deliveries: {:?}", self.ask(ViewKind::Deliveries, "", 0).await.total);
    }

    async fn found(&mut self, word: &str) -> u32 {
        self.ask(ViewKind::Deliveries, word, 0).await.total
    }
}

#[tokio::test(start_paused = true)]
async fn a_month_is_kept_and_what_is_older_goes_and_the_rest_stays_searchable() {
    let mut months = Months::new(256 << 20);
    months.days(30);
    let mut looking = months.look().await;
    assert_eq!(looking.all(30_000).await.rows.len(), 300);
    looking.engine.tidy().await;
    assert_eq!(looking.all(30_000).await.total, 30_000, "nothing of a month goes");
    let month = months.reader.bytes();
    for (word, found) in [("w1w", 1), ("w30000w", 1), ("w30001w", 0)] {
        assert_eq!(looking.found(word).await, found, "{word}");
    }
    looking.engine.stop();

    // Three weeks later.
    months.days(21);
    let mut looking = months.look().await;
    looking.all(51_000).await;
    looking.engine.tidy().await;
    let kept = months.reader.read_from(1, 1).unwrap().remove(0).seq.cast_signed();
    let oldest = kept_from(&months, kept);
    let age = months.now() - oldest;
    assert!(age >= TimeDelta::days(35), "nothing younger than 35 days goes: {age}");
    // A segment holds so many days.
    let days = (SEGMENT * 30).div_ceil(month).cast_signed() + 1;
    assert!(age <= TimeDelta::days(35 + days), "{age}, a segment is {days} days");
    assert!(months.reader.bytes() <= month * 35 / 30 + 2 * SEGMENT, "{} bytes", months.reader.bytes());
    let total = 51_000 - kept + 1;
    looking.all(total).await;
    for (n, found) in [(kept, 1), (kept - 1, 0), (1, 0), (51_000, 1)] {
        assert_eq!(looking.found(&format!("w{n}w")).await, found, "{n} of {kept} to 51000");
    }
    let last = looking.ask(ViewKind::Deliveries, "", u32::try_from(total - 1).unwrap()).await;
    assert!(matches!(last.rows.last(), Some(Row::Delivery(line)) if line.seq == Some(kept.cast_unsigned())));
    let full = looking.ask(ViewKind::Delivery { seq: kept.cast_unsigned() }, "", 0).await;
    assert!(!full.rows.is_empty(), "the oldest one opens in full");
    let gone = looking.ask(ViewKind::Delivery { seq: 1 }, "", 0).await;
    assert!(gone.rows.is_empty());
    looking.engine.stop();
}

/// When a delivery came.
fn kept_from(months: &Months, seq: i64) -> DateTime<Utc> {
    let stored = months.reader.read_from(seq.cast_unsigned(), 1).unwrap().remove(0);
    DateTime::from_timestamp_nanos(stored.unix_ns)
}

#[tokio::test(start_paused = true)]
async fn however_many_come_the_disk_use_stays_below_its_bound() {
    const BOUND: u64 = 3 * SEGMENT;
    let mut flood = Months::new(BOUND);
    for _ in 0..6 {
        flood.days(4);
        let mut looking = flood.look().await;
        looking.engine.tidy().await;
        assert!(flood.reader.bytes() <= BOUND + SEGMENT, "{} bytes", flood.reader.bytes());
        let kept = flood.reader.read_from(1, 1).unwrap().remove(0).seq.cast_signed();
        looking.all(flood.made - kept + 1).await;
        assert_eq!(looking.found(&format!("w{kept}w")).await, 1);
        looking.engine.stop();
    }
    assert!(flood.reader.read_from(1, 1).unwrap().remove(0).seq > 1, "some have gone");
}
