//! A snapshot of an engine that is well, with one of everything.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use hourwire::control::command::SubscriptionRef;
use hourwire::control::snapshot::{
    AccountLine, CacheWord, DaySummary, Deliveries, DiskLine, IncidentLine, MappingSummary, Meter, Snapshot,
    SubscriptionLine, TargetLine,
};
use hourwire::domain::health::{SubState, Wanted};
use hourwire::domain::id::{Account, RemoteId, Service};
use hourwire::domain::quota::Source;

pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).single().expect("an instant")
}

/// An engine that is well, with one of everything.
pub fn well() -> Snapshot {
    let main = Account::from("main");
    Snapshot {
        rev: 9,
        now: noon() + TimeDelta::milliseconds(812_400),
        version: "0.1.0".into(),
        started_at: noon(),
        hosted_by: "serve".into(),
        cache: CacheWord::Ready,
        percent: 100,
        cache_why: None,
        disk: DiskLine::default(),
        zone: "America/New_York".into(),
        accounts: vec![AccountLine {
            name: main.clone(),
            tag: "ME".into(),
            service: Service::Toggl,
            user: None,
            plan: None,
            trouble: None,
            why: None,
        }],
        today: DaySummary::default(),
        timers: Vec::new(),
        subscriptions: vec![SubscriptionLine {
            at: SubscriptionRef::new(&main, &RemoteId::from(20417)),
            service: Service::Toggl,
            description: "hourwire box 1a2b".into(),
            state: SubState::Active,
            since: noon(),
            checked_at: Some(noon()),
            wanted: Wanted::Enabled,
            ours: true,
            cause: String::new(),
            events: vec!["time_entry *".into()],
            address: "https://hooks.example.com/hooks/…".into(),
            last_delivery_at: None,
            today: 4,
            spark: vec![0; 12],
            latency_s: None,
            flags: None,
            facts: Vec::new(),
            latency_spark: vec![6, 5, 7, 6, 9, 6, 5, 6, 12, 6, 6, 5],
            drift: Vec::new(),
            edited_at: None,
            last_bad_at: None,
            failures: 0,
            refused: String::new(),
            secret: "····4f2a".to_owned(),
            overlap_until: None,
            plan: "1 of 1, 3 of 3 events".to_owned(),
            upgrade: String::new(),
            proposed: Vec::new(),
        }],
        public_address: true,
        listens: Some("127.0.0.1:9187".to_owned()),
        unreached: None,
        reading: None,
        meters: vec![Meter {
            service: Service::Toggl,
            account: main,
            label: "toggl org".into(),
            bucket: "org:6660001".into(),
            limit: Some(30),
            remaining: Some(22),
            reserve: 6,
            expected: 2,
            resets_at: Some(noon() + TimeDelta::seconds(2072)),
            dry_at: None,
            waiting_until: None,
            source: Source::Header,
            read_at: Some(noon() + TimeDelta::seconds(800)),
            spent: Vec::new(),
            since: None,
            hours: vec![0; 24],
            day: Vec::new(),
            synced: 0,
        }],
        strains: Vec::new(),
        on_the_way_since: None,
        targets: vec![TargetLine {
            service: Service::Clockify,
            account: Account::from("mirror"),
            counts: vec![("synced".into(), 412), ("waiting quota".into(), 3), ("skipped".into(), 6)],
            trouble: String::new(),
        }],
        incidents: vec![IncidentLine {
            began_at: None,
            id: 7,
            kind: "subscription disabled".into(),
            subscription: None,
            opened_at: noon(),
            closed_at: Some(noon() + TimeDelta::seconds(60)),
            cause: "HTTP 502 ×3".into(),
            recovered: 6,
            requests: 3,
            timeline: Vec::new(),
        }],
        jobs: Vec::new(),
        alerts: Vec::new(),
        holds: Vec::new(),
        deliveries: Deliveries { received: 120, duplicates: 3, rejected: 1, ..Deliveries::default() },
        mapping: MappingSummary::default(),
        last: None,
    }
}
