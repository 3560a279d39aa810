//! The change feed.

use super::*;

/// What a feed shows of a type between two times of 2 March.
fn rows(world: &mut World, feed: &str, kind: &str, from: &str, to: &str) -> Vec<String> {
    let path = format!("entities/{feed}?type={kind}&start=2026-03-02T{from}:00Z&end=2026-03-02T{to}:00Z");
    let body = world.get(&path);
    let rows = if feed == "deleted" { &body["response"] } else { &body };
    column(rows, "id").into_iter().map(ToOwned::to_owned).collect()
}

#[test]
fn each_change_shows_in_its_feed_only() {
    let mut world = World::paid();
    let first = id(&world.entry(6, 7));
    world.wait(1800);
    let body = json!({"start": "2026-03-02T06:00:00Z", "end": "2026-03-02T07:30:00Z"});
    world.must(200, "PUT", &format!("time-entries/{first}"), body);
    let second = id(&world.entry(7, 8));
    world.wait(60);
    world.must(200, "PUT", &format!("time-entries/{second}"), json!({"start": "2026-03-02T07:00:00Z"}));
    let entry = "TIME_ENTRY";
    assert_eq!(rows(&mut world, "created", entry, "09:00", "09:10"), [first.as_str()]);
    assert_eq!(rows(&mut world, "created", entry, "09:20", "09:40"), [second.as_str()]);
    assert_eq!(rows(&mut world, "updated", entry, "09:20", "09:40"), [first.as_str()]);
    assert_eq!(rows(&mut world, "created", entry, "09:00", "09:40"), [first.as_str(), &second]);
    assert!(
        rows(&mut world, "updated", entry, "09:00", "09:40").is_empty(),
        "created and updated: only created"
    );
    assert!(rows(&mut world, "created", "PROJECTS", "09:00", "09:40").is_empty());
    let row =
        &world.get("entities/updated?type=TIME_ENTRY&start=2026-03-02T09:20:00Z&end=2026-03-02T09:40:00Z")[0];
    assert_eq!(row["documentType"], "TIME_ENTRY");
    assert_eq!(
        row["auditMetadata"],
        json!({"createdAt": "2026-03-02T09:00:00Z", "updatedAt": "2026-03-02T09:30:00Z"})
    );
    assert_eq!(row["timeInterval"]["end"], "2026-03-02T07:30:00Z");
}

#[test]
fn deletions_show_a_minute_late() {
    let mut world = World::paid();
    let made = id(&world.entry(6, 7));
    world.wait(1800);
    world.must(204, "DELETE", &format!("time-entries/{made}"), Value::Null);
    world.wait(59);
    assert!(rows(&mut world, "deleted", "TIME_ENTRY", "09:20", "09:40").is_empty());
    world.wait(1);
    assert_eq!(rows(&mut world, "deleted", "TIME_ENTRY", "09:20", "09:40"), [made.as_str()]);
    for feed in ["created", "updated", "deleted"] {
        assert!(
            rows(&mut world, feed, "TIME_ENTRY", "09:00", "09:40").is_empty(),
            "created and deleted: {feed}"
        );
    }
    let body =
        world.get("entities/deleted?type=TIME_ENTRY&start=2026-03-02T09:20:00Z&end=2026-03-02T09:40:00Z");
    let row = &body["response"][0];
    assert_eq!(
        (&row["documentType"], &row["deletedAt"]),
        (&json!("TIME_ENTRY"), &json!("2026-03-02T09:30:00Z"))
    );
    assert_eq!(row["document"]["id"], made.as_str());
}

#[test]
fn the_catalogue_is_in_the_feed() {
    let mut world = World::paid();
    let project = id(&world.post("projects", json!({"name": "Site"})));
    let made = [
        ("PROJECTS", project.clone()),
        ("CLIENTS", id(&world.post("clients", json!({"name": "Harbor Co"})))),
        ("TAGS", id(&world.post("tags", json!({"name": "copy"})))),
        ("TASKS", id(&world.post(&format!("projects/{project}/tasks"), json!({"name": "Copy"})))),
    ];
    for (kind, id) in &made {
        assert_eq!(rows(&mut world, "created", kind, "09:00", "09:10"), [id.as_str()], "{kind}");
    }
    let both = world.get("entities/created?type=TAGS&type=CLIENTS");
    assert_eq!(both.as_array().map(Vec::len), Some(2), "the default window is the last 30 days");
}

#[test]
fn pages_count_from_zero_and_windows_are_thirty_days() {
    let mut world = World::paid();
    for number in 0..5 {
        world.clockify.add_tag(&format!("tag {number}"));
    }
    let mut count =
        |query: &str| world.get(&format!("entities/created?type=TAGS{query}")).as_array().map(Vec::len);
    assert_eq!(count("&limit=2"), Some(2));
    assert_eq!(count("&limit=2&page=2"), Some(1));
    assert_eq!(count("&limit=2&page=3"), Some(0));
    assert_eq!(count("&end=2026-03-01T00:00:00Z"), Some(0));
    let long = "entities/created?type=TAGS&start=2026-01-01T00:00:00Z&end=2026-03-01T00:00:00Z";
    assert_eq!(world.refused("GET", long, Value::Null).0, (400, 501));
    assert_eq!(world.refused("GET", "entities/created", Value::Null).0, (400, 3000));
    assert_eq!(world.refused("GET", "entities/created?type=PLANETS", Value::Null).0, (400, 501));
}
