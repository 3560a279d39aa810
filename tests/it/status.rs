//! What `status` says of an engine: the object for scripts, the table for eyes, and whether all is well.

use hourwire::cli::quota::quota_table;
use hourwire::cli::status::{not_well, status_json, status_table};
use hourwire::control::snapshot::{CacheWord, DiskLine, HoldLine, JobLine, Snapshot};
use hourwire::domain::brake::Weight;
use hourwire::domain::health::{SubState, Wanted};
use hourwire::domain::id::RemoteId;
use hourwire::domain::quota::Source;
use hourwire::domain::room::Room;
use serde_json::{Value, json};

use crate::engine_state::{noon, well};

#[test]
fn every_key_is_there_under_its_name() {
    let expected = json!({
        "version": "0.1.0", "uptime_s": 812, "hosted_by": "serve", "cache": "ready", "percent": 100,
        "cache_why": null,
        "disk": {"room": "enough", "free_mb": null, "place": "", "since": null}, "unreached": null,
        "subscriptions": [{
            "service": "toggl", "account": "main", "id": 20417, "description": "hourwire box 1a2b",
            "state": "active", "since": "2026-03-02T12:00:00Z", "last_delivery_at": null, "wanted": "enabled", "events": ["time_entry *"],
            "plan": "1 of 1, 3 of 3 events",
        }],
        "deliveries": {"received": 120, "duplicates": 3, "rejected": 1, "unavailable": 0, "dead": 0, "unapplied": 0,
                       "echoes": 0, "unlinked": 0},
        "quota": [{
            "service": "toggl", "bucket": "org:6660001", "limit": 30, "remaining": 22, "resets_in_s": 1259,
            "source": "header", "age_s": 12,
        }],
        "targets": [{
            "service": "clockify", "account": "mirror", "synced": 412, "queued": 0, "sending": 0,
            "waiting_quota": 3, "unmapped": 0, "conflict": 0, "held": 0, "failed": 0, "skipped": 6,
            "running": 0, "trouble": "",
        }],
        "holds": [],
        "incidents": [{
            "id": 7, "kind": "subscription disabled", "began_at": null, "opened_at": "2026-03-02T12:00:00Z",
            "closed_at": "2026-03-02T12:01:00Z", "cause": "HTTP 502 ×3", "recovered": 6, "requests": 3,
        }],
        "on_the_way": 3,
        "needs_a_look": [],
    });
    assert_eq!(status_json(&well()), expected);
}

#[test]
fn what_is_unknown_is_null_and_states_are_the_words_of_the_screen() {
    let mut snapshot = well();
    snapshot.meters[0].remaining = None;
    snapshot.meters[0].limit = None;
    snapshot.meters[0].read_at = None;
    snapshot.meters[0].resets_at = Some(noon());
    snapshot.meters[0].source = Source::Estimate;
    snapshot.subscriptions[0].state = SubState::NotValidated;
    snapshot.subscriptions[0].at.id = RemoteId::from("64f0c0ffee0000000000b0aa");
    snapshot.incidents[0].closed_at = None;
    snapshot.cache = CacheWord::Rebuilding;
    let json = status_json(&snapshot);
    assert_eq!(
        json["quota"][0],
        json!({"service": "toggl", "bucket": "org:6660001", "limit": null, "remaining": null,
               "resets_in_s": 0, "source": "estimate", "age_s": null})
    );
    assert_eq!(json["subscriptions"][0]["state"], "not validated");
    assert_eq!(json["subscriptions"][0]["id"], "64f0c0ffee0000000000b0aa");
    assert_eq!(json["incidents"][0]["closed_at"], Value::Null);
    assert_eq!(json["cache"], "rebuilding");
}

#[test]
fn the_table_reads_at_a_glance() {
    let expected = "\
hourwire 0.1.0 (serve), up 13 min, cache ready
deliveries: 120 received, 3 duplicates, 1 rejected, 0 dead, 0 unapplied

subscriptions
  toggl  main  20417  active  no delivery yet  hourwire box 1a2b

quota
  toggl  org:6660001  22/30 left  resets in 20 min  header

targets
  clockify  mirror  412 synced, 3 waiting quota, 6 skipped

incidents
  2026-03-02 12:00  subscription disabled  HTTP 502 ×3  closed after 1 min, 6 recovered, 3 requests

3 on the way: 3 waiting quota
";
    assert_eq!(status_table(&well()), expected);
}

#[test]
fn all_is_well_once_nothing_is_on_the_way_nor_needs_a_person() {
    let mut snapshot = well();
    snapshot.targets[0].counts.push(("queued".into(), 84));
    let end = |snapshot: &Snapshot| status_table(snapshot).lines().last().unwrap_or_default().to_owned();
    assert_eq!(end(&snapshot), "87 on the way: 84 queued, 3 waiting quota");
    assert_eq!(not_well(&snapshot), Vec::<String>::new(), "nobody has to do anything");
    snapshot.targets[0].counts.push(("failed".into(), 1));
    assert_eq!(end(&snapshot), "  target mirror: 1 failed");
    snapshot.targets[0].counts = vec![("synced".into(), 412), ("skipped".into(), 6), ("running".into(), 1)];
    assert_eq!(end(&snapshot), "all is well");
}

#[test]
fn trouble_is_the_last_word() {
    let mut snapshot = well();
    snapshot.deliveries.dead = 1;
    let text = status_table(&snapshot);
    assert!(text.ends_with("needs a look\n  1 deliveries could not be read (dead letters)\n"), "{text}");
}

#[test]
fn a_full_disk_is_named_with_what_became_of_deliveries_and_the_cure() {
    let mut snapshot = well();
    snapshot.cache = CacheWord::Rebuilding;
    snapshot.percent = 0;
    snapshot.cache_why = Some("no space left on device".into());
    snapshot.deliveries.unavailable = 906;
    let place = "/var/lib/hourwire".to_owned();
    snapshot.disk = DiskLine { room: Room::Full, free_mb: Some(0), place, since: Some(noon()) };
    let text = status_table(&snapshot);
    for part in [
        "906 answered 503 (what is missed is read afterwards)",
        "disk full: 906 refused, read afterwards · backfill stopped · free space at /var/lib/hourwire",
        "the cache is not ready yet (0 %): no space left on device",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let json = status_json(&snapshot);
    assert_eq!(json["deliveries"]["unavailable"], 906);
    assert_eq!(
        json["disk"],
        json!({"room": "full", "free_mb": 0, "place": "/var/lib/hourwire", "since": "2026-03-02T12:00:00Z"})
    );
    assert_eq!(json["cache_why"], "no space left on device");
}

#[test]
fn json_explains_the_exit_code_and_tells_of_holds_and_running_timers() {
    let mut snapshot = well();
    snapshot.targets[0].counts.push(("running".into(), 2));
    snapshot.targets[0].trouble = "held 02:47".into();
    snapshot.holds.push(HoldLine {
        id: "hand:mirror".into(),
        target: Some("mirror".into()),
        since: noon(),
        reason: "by hand".into(),
        entries: 4,
        say: "4 entries wait".into(),
        rows: Vec::new(),
        weight: Weight::default(),
    });
    let weight = Weight { retired: 3, seconds: 5_400, last: Some(noon()), ..Weight::default() };
    let mass = HoldLine { id: "mass1".into(), weight, ..snapshot.holds[0].clone() };
    let change = &status_json(&Snapshot { holds: vec![mass], ..snapshot.clone() })["holds"][0]["change"];
    assert_eq!((&change["retired"], &change["seconds"]), (&json!(3), &json!(5_400)));
    assert_eq!((&change["first"], &change["last"]), (&json!(null), &json!("2026-03-02T12:00:00Z")));
    let json = status_json(&snapshot);
    assert_eq!(json["targets"][0]["running"], 2);
    assert_eq!(json["targets"][0]["trouble"], "held 02:47");
    assert_eq!(
        json["holds"],
        json!([{"id": "hand:mirror", "target": "mirror", "since": "2026-03-02T12:00:00Z", "reason": "by hand",
                "entries": 4, "say": "4 entries wait"}])
    );
    assert_eq!(
        json["needs_a_look"],
        json!(["target mirror: held 02:47", "mirror held (by hand): 4 entries wait"])
    );
}

#[test]
fn a_well_engine_has_no_trouble_and_each_trouble_counts() {
    assert_eq!(not_well(&well()), Vec::<String>::new());
    let spoil: [fn(&mut Snapshot); 5] = [
        |s| s.cache = CacheWord::Opening,
        |s| s.subscriptions[0].state = SubState::Disabled,
        |s| s.incidents[0].closed_at = None,
        |s| s.targets[0].counts.push(("failed".into(), 1)),
        |s| s.deliveries.dead = 2,
    ];
    for (which, spoil) in spoil.iter().enumerate() {
        let mut snapshot = well();
        spoil(&mut snapshot);
        assert_eq!(not_well(&snapshot).len(), 1, "spoilt by {which}");
    }
}

#[test]
fn a_subscription_a_person_switched_off_is_well() {
    let mut snapshot = well();
    snapshot.subscriptions[0].state = SubState::Disabled;
    snapshot.subscriptions[0].wanted = Wanted::Disabled;
    assert!(not_well(&snapshot).is_empty());
}

#[test]
fn queued_work_counts_its_requests_in_words() {
    for (cost, said) in [(1, "  1 request  "), (3, "  3 requests  ")] {
        let mut snapshot = well();
        snapshot.jobs.push(JobLine {
            id: "read:main".to_owned(),
            name: "backfill 1 Nov–3 Nov".to_owned(),
            done: 0,
            total: None,
            state: "reading".to_owned(),
            cost: Some(cost),
            when: "now".to_owned(),
            pausable: true,
            paused: false,
        });
        let table = quota_table(&snapshot);
        assert!(table.contains(said), "{table}");
    }
}
