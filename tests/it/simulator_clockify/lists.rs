//! Pages, order and the window that is a wall clock.

use hourwire::simulator::clockify::NewEntry;

use super::*;

/// Adds one entry of an hour at each start.
fn add(world: &mut World, starts: &[&str]) {
    for start in starts {
        let start = at(start);
        let end = Some(start + TimeDelta::hours(1));
        let description = start.format("%dT%H:%M").to_string();
        world.clockify.add_entry(NewEntry { description, start, end, ..NewEntry::default() });
    }
}

#[test]
fn the_window_is_shifted_by_the_zone_of_the_account() {
    let starts = [
        "2026-08-07T21:59:00Z",
        "2026-08-07T22:15:00Z",
        "2026-08-08T03:59:00Z",
        "2026-08-08T04:00:00Z",
        "2026-08-08T21:59:00Z",
        "2026-08-08T22:30:00Z",
        "2026-08-09T03:59:00Z",
        "2026-08-09T04:00:00Z",
    ];
    let cases: [(chrono_tz::Tz, &str, &[&str]); 4] = [
        // The recorded probe: UTC+2 finds 22:15 of the day before and misses 22:30 of the day.
        (
            chrono_tz::Europe::Belgrade,
            "start=2026-08-08T00:00:00Z&end=2026-08-09T00:00:00Z",
            &["08T21:59", "08T04:00", "08T03:59", "07T22:15"],
        ),
        (
            chrono_tz::America::New_York,
            "start=2026-08-08T00:00:00Z&end=2026-08-09T00:00:00Z",
            &["09T03:59", "08T22:30", "08T21:59", "08T04:00"],
        ),
        // An offset in the text is honoured before its UTC reading is taken.
        (
            chrono_tz::America::New_York,
            "start=2026-08-07T20:00:00-04:00&end=2026-08-08T20:00:00-04:00",
            &["09T03:59", "08T22:30", "08T21:59", "08T04:00"],
        ),
        (
            chrono_tz::UTC,
            "start=2026-08-08T00:00:00Z&end=2026-08-09T00:00:00Z",
            &["08T22:30", "08T21:59", "08T04:00", "08T03:59"],
        ),
    ];
    for (zone, query, expected) in cases {
        let mut options = ClockifyOptions::new(7, Plan::Paid, at("2026-08-10T00:00:00Z"));
        options.time_zone = zone;
        let mut world = World::with(options);
        add(&mut world, &starts);
        let rows = world.get(&World::mine(query));
        assert_eq!(column(&rows, "description"), expected, "{zone} {query}");
    }
}

#[test]
fn the_zone_of_the_window_is_the_callers() {
    let mut world = World::paid();
    world.clockify.set_zone(OWNER_ID, chrono_tz::Asia::Tokyo);
    add(&mut world, &["2026-03-01T15:00:00Z", "2026-03-02T00:00:00Z"]);
    let rows = world.get(&World::mine("start=2026-03-02T00:00:00Z&end=2026-03-02T01:00:00Z"));
    assert_eq!(column(&rows, "description"), ["01T15:00"]);
}

#[test]
fn entries_come_newest_start_first() {
    let mut world = World::paid();
    add(
        &mut world,
        &["2026-03-01T10:00:00Z", "2026-02-01T10:00:00Z", "2027-01-01T10:00:00Z", "2026-03-02T10:00:00Z"],
    );
    let rows = world.get(&World::mine(""));
    assert_eq!(column(&rows, "description"), ["01T10:00", "02T10:00", "01T10:00", "01T10:00"]);
    assert_eq!(rows[0]["timeInterval"]["start"], "2027-01-01T10:00:00Z");
    assert_eq!(rows[3]["timeInterval"]["start"], "2026-02-01T10:00:00Z");
}

#[test]
fn pages_end_with_last_page() {
    let mut world = World::paid();
    for number in 0..120 {
        world.clockify.add_tag(&format!("tag {number:03}"));
    }
    let cases = [
        ("", 50, "false", Some("tag 000")),
        ("page=2", 50, "false", Some("tag 050")),
        ("page=3", 20, "true", Some("tag 100")),
        ("page=4", 0, "true", None),
        ("page=99999999999", 0, "true", None),
        ("page-size=120", 120, "true", Some("tag 000")),
        ("page-size=40&page=3", 40, "true", Some("tag 080")),
        ("page-size=40&page=2", 40, "false", Some("tag 040")),
        ("page-size=999999", 120, "true", Some("tag 000")),
    ];
    for (query, count, last, first) in cases {
        let rows = world.get(&format!("tags?{query}"));
        let names = column(&rows, "name");
        assert_eq!((names.len(), names.first().copied()), (count, first), "{query}");
        assert_eq!(world.header("Last-Page"), Some(last), "{query}");
    }
    assert_eq!(world.refused("GET", "tags?page=0", Value::Null).0, (400, 501));
    assert_eq!(world.refused("GET", "tags?page-size=0", Value::Null).0, (400, 501));
}

#[test]
fn page_sizes_are_cut_to_the_cap() {
    let mut options = ClockifyOptions::new(7, Plan::Paid, at("2026-03-02T09:00:00Z"));
    options.invented.list_page_cap = 3;
    let mut world = World::with(options);
    add(&mut world, &["2026-03-01T10:00:00Z"; 5]);
    assert_eq!(world.get(&World::mine("page-size=5000")).as_array().map(Vec::len), Some(3));
    assert_eq!(world.get(&World::mine("page-size=5000&page=2")).as_array().map(Vec::len), Some(2));
    assert_eq!(world.header("last-page"), Some("true"));
}

#[test]
fn running_timers_are_ten_a_page() {
    let mut world = World::paid();
    for number in 0..12 {
        let user = world.clockify.add_user(&format!("User {number}"), &format!("u{number}@example.test"));
        let start = at("2026-03-02T08:00:00Z") + TimeDelta::minutes(number);
        world.clockify.add_entry(NewEntry { user, start, ..NewEntry::default() });
    }
    let rows = world.get("time-entries/status/in-progress");
    assert_eq!(rows.as_array().map(Vec::len), Some(10));
    assert_eq!(rows[0]["timeInterval"]["start"], "2026-03-02T08:11:00Z");
    assert_eq!(world.header("last-page"), Some("false"));
    assert_eq!(world.get("time-entries/status/in-progress?page=2").as_array().map(Vec::len), Some(2));
}

#[test]
fn entries_are_filtered() {
    let mut world = World::paid();
    let project = world.clockify.add_project("Site", None, "#0b83d9", true);
    let task = world.clockify.add_project_task(&project, "Copy");
    let (copy, design) = (world.clockify.add_tag("copy"), world.clockify.add_tag("design"));
    let add = |world: &mut World,
               description: &str,
               project: Option<&String>,
               task: Option<&String>,
               tags: &[&String]| {
        let start = at("2026-03-01T10:00:00Z");
        world.clockify.add_entry(NewEntry {
            description: description.to_owned(),
            project: project.cloned(),
            task: task.cloned(),
            tags: tags.iter().map(|tag| (*tag).clone()).collect(),
            start,
            end: Some(start + TimeDelta::hours(1)),
            ..NewEntry::default()
        });
    };
    add(&mut world, "Alpha", None, None, &[]);
    add(&mut world, "Beta", Some(&project), None, &[&copy]);
    add(&mut world, "Gamma", Some(&project), Some(&task), &[&copy, &design]);
    let cases = [
        ("description=ET".to_owned(), vec!["Beta"]),
        (format!("project={project}"), vec!["Gamma", "Beta"]),
        (format!("task={task}"), vec!["Gamma"]),
        (format!("tags={design}"), vec!["Gamma"]),
        (format!("tags={copy}&tags={design}"), vec!["Gamma", "Beta"]),
        ("project-required=true".to_owned(), vec!["Gamma", "Beta"]),
        ("task-required=true".to_owned(), vec!["Gamma"]),
        ("get-week-before=2026-03-02T00:00:00Z".to_owned(), vec!["Gamma", "Beta"]),
        ("get-week-before=2026-03-12T00:00:00Z".to_owned(), vec![]),
        ("in-progress=true".to_owned(), vec![]),
    ];
    for (query, expected) in cases {
        let rows = world.get(&World::mine(&query));
        assert_eq!(column(&rows, "description"), expected, "{query}");
    }
    assert_eq!(world.refused("GET", &World::mine("start=monday"), Value::Null).0, (400, 3000));
}
