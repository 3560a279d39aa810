//! A list longer than any window: every window of it, from either end, is a part of one order.

use chrono::TimeDelta;
use hourwire::cache::{Change, Store, rows};
use hourwire::control::view::{Row, ViewKind};
use hourwire::domain::entry::Entry;
use hourwire::domain::id::Key;
use hourwire::domain::link::{Link, Wish};
use hourwire::domain::order::{EntryRow, Stamp};
use hourwire::domain::word::SyncWord;

use super::rig::{Rig, pass, start};

const MANY: i64 = 1_730;

fn changes(project: i64) -> Vec<Change> {
    let one = |n: i64| {
        let begin = start() - TimeDelta::minutes(n * 7 + 60);
        let key = Key::new(&"main".into(), 1_000_000 + n);
        let entry = Entry {
            workspace: "4440001".into(),
            user: "5550001".into(),
            project: (n % 2 == 0).then(|| project.into()),
            start: begin,
            stop: Some(begin + TimeDelta::minutes(7)),
            description: format!("page {n}"),
            tags: if n % 3 == 0 { vec!["Design".into()] } else { vec![] },
            billable: true,
        };
        let row = EntryRow {
            entry: Some(entry),
            at: begin,
            stamp: Stamp::Read { started: begin },
            deleted: None,
            doubt: None,
            seen_at: begin,
        };
        let link = Link::new(Wish::Wait(SyncWord::Skipped("before sync_from".into())), begin);
        [
            Change::Put { key: rows::entry(&key), value: rows::encode(&row).unwrap() },
            Change::Put { key: rows::link(&"mirror".into(), &key), value: rows::encode(&link).unwrap() },
        ]
    };
    (0..MANY).flat_map(one).collect()
}

fn numbers(rows: &[Row]) -> Vec<i64> {
    rows.iter()
        .map(|row| match row {
            Row::Entry(line) => line.description.trim_start_matches("page ").parse().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_window_is_a_part_of_one_order() {
    let rig = Rig::opening(&["Harbor site"]).await;
    rig.store.apply(1, &changes(rig.projects[0])).unwrap();
    rig.store.set_open(true);
    pass(20).await;
    let mut viewer = rig.attach("tty1").await;
    for offset in [0, 1, 499, 864, 865, 866, 1_229, 1_230] {
        let page = viewer.open(1, ViewKind::Entries, "", offset, 500).await;
        let expected: Vec<i64> = (i64::from(offset)..(i64::from(offset) + 500).min(MANY)).collect();
        assert_eq!((page.total, numbers(&page.rows)), (1_730, expected), "from {offset}");
    }
    for (filter, keeps) in [
        ("harbor", (|n| n % 2 == 0) as fn(i64) -> bool),
        ("HARBOR design", |n| n % 6 == 0),
        ("ik", |_| true),
        ("zebra", |_| false),
        ("page 17", |n| n.to_string().contains("17")),
    ] {
        let expected: Vec<i64> = (0..MANY).filter(|n| keeps(*n)).collect();
        let page = viewer.open(2, ViewKind::Entries, filter, 3, 500).await;
        let shown: Vec<i64> = expected.iter().copied().skip(3).take(500).collect();
        assert_eq!((page.total as usize, page.unfiltered), (expected.len(), 1_730), "{filter}");
        assert_eq!(numbers(&page.rows), if expected.len() > 3 { shown } else { vec![] }, "{filter}");
    }
    rig.stop().await;
}
