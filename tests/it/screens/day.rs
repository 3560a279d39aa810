//! An invented Tuesday, like the one of the mock-ups, as the engine would tell it. The clock stands still.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use hourwire::control::command::{Candidate, Certainty, SubscriptionRef};
use hourwire::control::snapshot::*;
use hourwire::control::view::*;
use hourwire::domain::health::{SubState, Wanted};
use hourwire::domain::id::{Account, Key, Service};
use hourwire::domain::mapping::{Named, SourceRef};
use hourwire::domain::quota::Source;
use hourwire::domain::word::SyncWord;

use super::{drawers, incidents};

/// 15:24:16 on that day, in Berlin.
pub fn now() -> DateTime<Utc> {
    at("15:24") + TimeDelta::seconds(17)
}

/// A local time of the day.
pub fn at(local: &str) -> DateTime<Utc> {
    format!("2026-05-12T{local}:00+02:00").parse::<DateTime<chrono::FixedOffset>>().unwrap().to_utc()
}

pub fn account(name: &str) -> Account {
    Account::from(name)
}

fn entry(
    id: i64,
    who: &str,
    span: (&str, &str),
    (project, client): (&str, &str),
    description: &str,
    word: SyncWord,
) -> Row {
    let stop = (!span.1.is_empty()).then(|| at(span.1));
    Row::Entry(EntryLine {
        key: Key::new(&account("main"), id),
        who: who.to_owned(),
        start: at(span.0),
        stop,
        project: project.to_owned(),
        client: client.to_owned(),
        description: description.to_owned(),
        tags: Vec::new(),
        billable: project != "Internal" && !project.is_empty(),
        deleted: false,
        words: vec![word],
        changed_at: stop.unwrap_or(now()),
    })
}

/// The day's entries, running ones first, then by stop.
pub fn entries() -> Vec<Row> {
    use SyncWord::*;
    let fernley = ("Fernley rebrand", "Fernley & Co");
    let harbor = ("Harbor API", "Northwind");
    let osprey = ("Osprey shop", "Osprey Cycles");
    let mut running = entry(1001, "IK", ("14:42", ""), harbor, "Retry on 429", Running);
    if let Row::Entry(line) = &mut running {
        line.start = now() - TimeDelta::seconds(42 * 60 + 17);
    }
    vec![
        entry(1000, "DM", ("15:02", ""), ("", ""), "Ops handover notes", Running),
        running,
        entry(1002, "DM", ("14:15", "15:00"), osprey, "Product grid, hover states", Synced),
        entry(1003, "IK", ("13:31", "14:42"), ("Kestrel app", "Kestrel Labs"), "Crash on login", Sending),
        entry(1004, "DM", ("13:40", "14:15"), fernley, "Logo export set", Unmapped),
        entry(1005, "DM", ("12:30", "13:05"), fernley, "Call: colour directions", Unmapped),
        entry(1006, "IK", ("11:48", "12:36"), ("Harbor site", "Northwind"), "Cookie banner copy", Synced),
        entry(1007, "DM", ("11:05", "12:00"), osprey, "Checkout icons", Synced),
        entry(1008, "IK", ("11:02", "11:48"), harbor, "Review: cursor pagination", Synced),
        entry(1009, "DM", ("10:20", "11:05"), fernley, "Type tests", Unmapped),
        entry(1010, "IK", ("09:10", "11:02"), harbor, "Rate limit headers, tests", WaitingQuota),
        entry(1011, "DM", ("08:55", "10:20"), fernley, "Moodboard, round 2", Unmapped),
        entry(
            1012,
            "IK",
            ("08:29", "09:10"),
            ("Internal", ""),
            "Inbox, plan the week",
            Skipped("rule".into()),
        ),
    ]
}

fn named(name: &str) -> Named {
    Named { id: format!("64f0{}", name.len()).into(), name: name.to_owned() }
}

fn project(id: i64, name: &str, client: &str, link: LinkWord, waiting: u32, minutes: i64) -> Row {
    Row::Project(ProjectLine {
        source: SourceRef { account: account("main"), id: id.into(), name: name.to_owned() },
        client: client.to_owned(),
        archived: false,
        gone: false,
        links: vec![link],
        waiting,
        week_s: minutes * 60,
    })
}

/// The source projects, problems first.
pub fn projects() -> Vec<Row> {
    use LinkWord::*;
    vec![
        project(2001, "Fernley rebrand", "Fernley & Co", Unmapped, 4, 200),
        project(2002, "Harbor API", "Northwind", Same(named("Harbor API")), 0, 581),
        project(2003, "Harbor site", "Northwind", Other(named("Website 2026")), 0, 245),
        project(2004, "Kestrel app", "Kestrel Labs", Same(named("Kestrel app")), 0, 230),
        project(2005, "Osprey shop", "Osprey Cycles", Same(named("Osprey shop")), 0, 200),
        project(2006, "Internal", "", Skipped, 0, 122),
        project(2007, "Tern intranet", "Tern Group", Other(named("Tern site")), 0, 90),
        project(2008, "Lantern audit", "Lantern LLP", Fallback(named("Unsorted")), 0, 70),
        project(2009, "Heron archive", "Heron", Same(named("Heron archive")), 0, 0),
        project(2010, "Merlin deck", "Merlin", Same(named("Merlin deck")), 0, 0),
    ]
}

/// Candidates for the unmapped one.
pub fn candidates() -> Vec<Row> {
    [
        ("Fernley brand refresh", "Fernley & Co", Certainty::Likely, "same client, two words alike"),
        ("Fernley website", "Fernley & Co", Certainty::Likely, "same client, worked on in April"),
        ("Rebranding pool", "", Certainty::Weak, "one word alike"),
        ("Ferndale audit", "Ferndale LLP", Certainty::Weak, "begins alike, another client"),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (name, client, certainty, reason))| {
        Row::Candidate(Candidate {
            project: Named { id: format!("64f0c{n}").into(), name: name.to_owned() },
            client: client.to_owned(),
            certainty,
            reason: reason.to_owned(),
            archived: false,
        })
    })
    .collect()
}

/// Open work.
pub fn work() -> Vec<Row> {
    let line = |id: i64,
                what: &str,
                word: SyncWord,
                start: &str,
                project: &str,
                description: &str,
                next: Option<&str>| {
        Row::Sync(SyncLine {
            key: Key::new(&account("main"), id),
            target: account("mirror"),
            what: what.to_owned(),
            word,
            start: at(start),
            project: project.to_owned(),
            description: description.to_owned(),
            since: at("15:02"),
            next_at: next.map(at),
        })
    };
    use SyncWord::*;
    vec![
        line(1020, "change", Conflict, "08:10", "Kestrel app", "Push messages, spike", None),
        line(
            1021,
            "create",
            Failed("project is archived".into()),
            "09:20",
            "Heron archive",
            "Scan letters",
            None,
        ),
        line(1004, "create", Unmapped, "13:40", "Fernley rebrand", "Logo export set", None),
        line(1005, "create", Unmapped, "12:30", "Fernley rebrand", "Call: colour directions", None),
        line(1003, "change", Sending, "13:31", "Kestrel app", "Crash on login", Some("15:25")),
        line(1010, "create", WaitingQuota, "09:10", "Harbor API", "Rate limit headers, tests", Some("15:58")),
    ]
}

/// What happened.
pub fn log() -> Vec<Row> {
    let line = |seq: u64, time: &str, topic: &str, level: &str, say: &str| {
        Row::Log(LogLine {
            seq,
            at: at(time) + TimeDelta::seconds(16),
            topic: topic.to_owned(),
            say: say.to_owned(),
            key: None,
            level: level.to_owned(),
        })
    };
    vec![
        line(907, "15:24", "entry", "info", "Crash on login changed in Toggl: start 13:25 → 13:31"),
        line(906, "15:02", "entry", "info", "Ops handover notes started by DM"),
        line(905, "15:01", "sync", "info", "Product grid, hover states is in Clockify"),
        line(
            904,
            "14:15",
            "sync",
            "warn",
            "Logo export set waits: Fernley rebrand is not linked in Clockify",
        ),
        line(903, "02:31", "webhook", "info", "hourwire re-enabled after 27 min, 6 entries recovered"),
        line(902, "02:04", "webhook", "error", "hourwire was disabled by Toggl after HTTP 502, three times"),
    ]
}

fn sub(
    id: i64,
    service: Service,
    account_name: &str,
    description: &str,
    state: SubState,
) -> SubscriptionLine {
    SubscriptionLine {
        at: SubscriptionRef { account: account(account_name), id: id.into() },
        service,
        description: description.to_owned(),
        state,
        since: at("02:31"),
        checked_at: Some(at("15:01")),
        wanted: Wanted::Enabled,
        ours: true,
        cause: String::new(),
        events: vec!["time_entry *".into(), "project *".into(), "client *".into()],
        address: "https://hooks.example.com/hooks/toggl/····c1".to_owned(),
        last_delivery_at: Some(now() - TimeDelta::seconds(20)),
        today: 138,
        spark: vec![0, 0, 1, 8, 22, 17, 2, 0, 9, 17, 8, 9],
        latency_s: Some(0.6),
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
    }
}

fn meter(service: Service, label: &str, remaining: i64, expected: u32, reset: &str, source: Source) -> Meter {
    Meter {
        service,
        account: account(if service == Service::Toggl { "main" } else { "mirror" }),
        label: label.to_owned(),
        bucket: format!("{label}:1"),
        limit: Some(30),
        remaining: Some(remaining),
        reserve: 6,
        expected,
        resets_at: Some(at(reset)),
        dry_at: None,
        waiting_until: None,
        source,
        read_at: Some(at("15:22")),
        spent: vec![("sync".into(), 4), ("you".into(), 2), ("health".into(), 2)],
        since: Some(at(reset) - TimeDelta::hours(1)),
        hours: [0, 2, 1, 4, 8, 3].into_iter().cycle().take(24).collect(),
        day: vec![("sync".into(), 40), ("health".into(), 24), ("you".into(), 8)],
        synced: if service == Service::Clockify { 60 } else { 0 },
    }
}

/// What every viewer has.
pub fn snapshot() -> Snapshot {
    let mut off = sub(20411, Service::Toggl, "main", "crm-old", SubState::Disabled);
    off.wanted = Wanted::Disabled;
    off.ours = false;
    off.cause = "by a person on 9 May, left alone".to_owned();
    off.last_delivery_at = Some(at("10:00") - TimeDelta::days(3));
    off.today = 0;
    let step = |time: &str, what: &str, answer: &str, requests| IncidentStep {
        at: at(time),
        what: what.to_owned(),
        answer: answer.to_owned(),
        requests,
    };
    let ours = sub(20417, Service::Toggl, "main", "hourwire", SubState::Active);
    let incident = IncidentLine {
        began_at: None,
        id: 7,
        kind: "subscription disabled".to_owned(),
        subscription: Some(ours.at.clone()),
        opened_at: at("02:04"),
        closed_at: Some(at("02:31")),
        cause: "HTTP 502, three times".to_owned(),
        recovered: 6,
        requests: 4,
        timeline: vec![
            step("01:57", "last good", "a delivery, signed, on the way for 0.6 s", 0),
            step("02:04", "evidence", "Toggl: last of 3 failed attempts, HTTP 502", 1),
            step("02:30", "probe", "own public address answers, 3 of 3, 41 ms", 0),
            step("02:31", "enable", "accepted; the ping came back signed after 0.4 s", 1),
            step("02:31", "confirm", "listed as active and validated", 1),
            step("02:31", "gap-fill", "since 01:47: 6 entries recovered, 0 missing", 1),
        ],
    };
    Snapshot {
        rev: 1,
        now: now(),
        version: "0.1.0".to_owned(),
        started_at: at("08:00"),
        hosted_by: "serve".to_owned(),
        cache: CacheWord::Ready,
        percent: 100,
        cache_why: None,
        disk: DiskLine::default(),
        zone: "Europe/Berlin".to_owned(),
        accounts: vec![
            AccountLine {
                name: account("main"),
                tag: "HP".to_owned(),
                service: Service::Toggl,
                user: Some("Ida Kern".to_owned()),
                plan: Some("free".to_owned()),
                trouble: None,
                why: None,
            },
            AccountLine {
                name: account("mirror"),
                tag: "CL".to_owned(),
                service: Service::Clockify,
                user: Some("Ida Kern".to_owned()),
                plan: Some("free".to_owned()),
                trouble: None,
                why: None,
            },
        ],
        today: DaySummary {
            day: NaiveDate::from_ymd_opt(2026, 5, 12),
            tracked_s: 10 * 3600 + 18 * 60,
            billable_s: 9 * 3600 + 37 * 60,
            without_project: 1,
        },
        timers: vec![
            Timer {
                key: Key::new(&account("main"), 1001),
                who: "IK".to_owned(),
                own: true,
                start: now() - TimeDelta::seconds(42 * 60 + 17),
                project: "Harbor API".to_owned(),
                description: "Retry on 429".to_owned(),
                billable: true,
            },
            Timer {
                key: Key::new(&account("main"), 1000),
                who: "DM".to_owned(),
                own: false,
                start: at("15:02"),
                project: String::new(),
                description: "Ops handover notes".to_owned(),
                billable: false,
            },
        ],
        subscriptions: vec![ours, off],
        public_address: true,
        listens: Some("127.0.0.1:9187".to_owned()),
        unreached: None,
        reading: None,
        meters: vec![
            meter(Service::Clockify, "clockify", 14, 5, "15:58", Source::Estimate),
            meter(Service::Toggl, "toggl org", 22, 4, "16:05", Source::Header),
            meter(Service::Toggl, "toggl user", 27, 1, "16:12", Source::Header),
        ],
        strains: Vec::new(),
        on_the_way_since: None,
        targets: vec![TargetLine {
            service: Service::Clockify,
            account: account("mirror"),
            counts: [
                ("synced", 412),
                ("queued", 0),
                ("sending", 1),
                ("waiting quota", 1),
                ("unmapped", 4),
                ("conflict", 0),
                ("held", 0),
                ("failed", 0),
                ("skipped", 6),
            ]
            .map(|(word, n)| (word.to_owned(), n))
            .to_vec(),
            trouble: String::new(),
        }],
        incidents: vec![incident],
        jobs: vec![JobLine {
            name: "backfill 1 Apr–30 Apr".to_owned(),
            done: 120,
            total: Some(340),
            state: "waiting quota".to_owned(),
            cost: Some(9),
            when: "after 15:58, from the rest".to_owned(),
            id: "read:main".to_owned(),
            pausable: true,
            paused: false,
        }],
        alerts: vec![
            Alert {
                id: "unmapped".to_owned(),
                since: at("08:55"),
                say: "Fernley rebrand is not linked in Clockify: 4 entries wait · Enter picks a project"
                    .to_owned(),
                pane: 2,
            },
            Alert {
                id: "incident-7".to_owned(),
                since: at("13:05"),
                say: "hourwire was disabled from 02:04 to 02:31; 6 entries recovered".to_owned(),
                pane: 3,
            },
        ],
        holds: Vec::new(),
        deliveries: Deliveries { received: 241, duplicates: 3, rejected: 0, ..Deliveries::default() },
        mapping: MappingSummary {
            version: "v41".to_owned(),
            unmapped: 1,
            linked: 11,
            left_out: 0,
            alert: None,
        },
        last: Some((
            now(),
            "Crash on login changed in Toggl: start 13:25 → 13:31. Clockify is being told.".to_owned(),
        )),
    }
}

/// The page for a question.
pub fn page(open: &Open) -> Page {
    let all = match &open.kind {
        ViewKind::Entries => entries(),
        ViewKind::Mapping => projects(),
        ViewKind::Sync => work(),
        ViewKind::Log => log(),
        ViewKind::Candidates { .. } => candidates(),
        ViewKind::Detail { .. } | ViewKind::Delivery { .. } | ViewKind::Refused { .. } => drawers::detail(),
        ViewKind::Deliveries => drawers::deliveries(),
        ViewKind::Incidents => incidents::ledger(),
        ViewKind::Incident { .. } => incidents::steps(),
        ViewKind::Requests { hour, .. } => drawers::requests(*hour),
    };
    let unfiltered = all.len() as u32;
    let holds = |row: &Row| {
        let text = serde_json::to_string(row).unwrap().to_lowercase();
        open.filter.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
    };
    let rows: Vec<Row> = all.into_iter().filter(holds).collect();
    let total = rows.len() as u32;
    let rows = rows.into_iter().skip(open.offset as usize).take(open.rows as usize).collect();
    Page { view: open.view, rev: 1, total, unfiltered, offset: open.offset, rows }
}
