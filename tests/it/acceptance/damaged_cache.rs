//! The cache is a function of the ledger: whatever happens to its folder costs nothing.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::Value;

use super::rig::{Rig, Seat, Settings};

#[derive(Clone, Copy, Debug)]
enum Damage {
    Deleted,
    Truncated,
    Emptied,
    PageZeroed,
    PagesZeroed,
}

const ALL: [Damage; 5] =
    [Damage::Deleted, Damage::Truncated, Damage::Emptied, Damage::PageZeroed, Damage::PagesZeroed];

fn spoil(cache: &Path, damage: Damage) {
    let file = cache.join("db");
    let size = fs::metadata(&file).expect("the cache's file").len();
    let open = || OpenOptions::new().write(true).open(&file).expect("writable");
    let zero = |at: u64| {
        let mut file = open();
        file.seek(SeekFrom::Start(at)).expect("there");
        file.write_all(&[0; 4_096]).expect("written");
    };
    match damage {
        Damage::Deleted => fs::remove_dir_all(cache).expect("removed"),
        Damage::Truncated => open().set_len(size / 2).expect("cut"),
        Damage::Emptied => open().set_len(0).expect("cut"),
        Damage::PageZeroed => zero(8_192),
        Damage::PagesZeroed => (0..size / 4_096).step_by(3).for_each(|page| zero(page * 4_096)),
    }
}

/// All but the regular checks: the subscription's at every start, and the lists of Clockify's webhooks by age.
fn spent(requests: &[Value]) -> Vec<&Value> {
    let is_check = |row: &&Value| {
        let path = row["path"].as_str().unwrap_or_default();
        path.starts_with("/webhooks/api/v1/subscriptions") || path.ends_with("/webhooks")
    };
    requests.iter().filter(|row| !is_check(row)).collect()
}

async fn known(seat: &Seat) -> Value {
    seat.until("a ready cache", |status| status["cache"] == "ready").await["targets"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_cache_comes_back_without_a_request() {
    let mut rig = Rig::new(42).await;
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    seat.subscribed().await;
    for _ in 0..25 {
        rig.office.create().await;
    }
    rig.settle().await;
    let before = seat.until("all confirmed", |status| status["targets"][0]["synced"] == 25).await["targets"]
        [0]
    .clone();
    assert_eq!(engine.stop().await, Some(0));
    let cache = seat.state().join("cache");

    for damage in ALL {
        spoil(&cache, damage);
        let asked = rig.office.requests().await.len();
        let engine = seat.serve().await;
        assert_eq!(known(&seat).await, before, "{damage:?} while stopped");
        // A change proves that the dispatcher had its chance to send what it should not.
        rig.office.change().await;
        rig.settle().await;
        seat.until("all confirmed", |status| status["targets"][0] == before).await;
        let requests = rig.office.requests().await;
        let spent = spent(&requests[asked..]);
        assert!(spent.iter().all(|row| row["method"] == "PUT"), "{damage:?} while stopped: {spent:?}");
        assert_eq!(engine.stop().await, Some(0), "{damage:?} while stopped");
    }

    for damage in ALL {
        let engine = seat.serve().await;
        known(&seat).await;
        let asked = rig.office.requests().await.len();
        spoil(&cache, damage);
        for _ in 0..4 {
            rig.office.change().await;
        }
        rig.settle().await;
        seat.until("all confirmed", |status| status["targets"][0] == before).await;
        assert_eq!(engine.stop().await, Some(0), "{damage:?} while running");
        let engine = seat.serve().await;
        assert_eq!(known(&seat).await, before, "{damage:?} while running, after the next start");
        assert_eq!(rig.office.implied().await, rig.office.present().await);
        let requests = rig.office.requests().await;
        let spent = spent(&requests[asked..]);
        assert!(spent.iter().all(|row| row["method"] == "PUT"), "{damage:?} while running: {spent:?}");
        assert_eq!(engine.stop().await, Some(0));
    }
    assert_eq!(seat.complaints(), "", "a panic says so here");
}
