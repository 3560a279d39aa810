//! The detailed report.

use hourwire::simulator::clockify::NewEntry;

use super::*;

fn report(world: &mut World, body: Value) -> (u16, Value) {
    let call = world.call("POST", "reports/detailed", Some(body));
    let reply = world.clockify.handle_reports(&call);
    (reply.status.as_u16(), serde_json::from_slice(&reply.body).expect("JSON"))
}

fn body(from: &str, to: &str, more: Value) -> Value {
    let mut body =
        json!({"dateRangeStart": from, "dateRangeEnd": to, "detailedFilter": {"page": 1, "pageSize": 200}});
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

/// Two users, three entries and a running timer on 8 August.
fn world() -> (World, String, String) {
    let mut world = World::with(ClockifyOptions::new(7, Plan::Paid, at("2026-08-10T00:00:00Z")));
    let client = world.clockify.add_client("Harbor Co");
    let project = world.clockify.add_project("Site", Some(&client), "#0b83d9", true);
    let dana = world.clockify.add_user("Dana Moss", "dana@example.test");
    let tag = world.clockify.add_tag("copy");
    let mut add = |user: &str, start: &str, minutes: Option<i64>, project: Option<&String>| {
        let start = at(start);
        world.clockify.add_entry(NewEntry {
            user: user.to_owned(),
            description: "Landing page copy".to_owned(),
            project: project.cloned(),
            tags: vec![tag.clone()],
            billable: project.is_some(),
            start,
            end: minutes.map(|minutes| start + TimeDelta::minutes(minutes)),
            ..NewEntry::default()
        });
    };
    add("", "2026-08-08T02:00:00Z", Some(60), Some(&project));
    add(&dana, "2026-08-08T12:00:00Z", Some(30), None);
    add("", "2026-08-09T02:00:00Z", Some(90), Some(&project));
    add("", "2026-08-08T13:00:00Z", None, None);
    (world, dana, project)
}

fn starts(report: &Value) -> Vec<&str> {
    let rows = report["timeentries"].as_array().expect("rows");
    rows.iter().map(|row| row["timeInterval"]["start"].as_str().expect("a start")).collect()
}

#[test]
fn one_request_covers_all_users_in_the_zone_it_names() {
    let (mut world, _, _) = world();
    let (from, to) = ("2026-08-08T00:00:00.000Z", "2026-08-08T23:59:59.999Z");
    let (status, utc) = report(&mut world, body(from, to, json!({"timeZone": "UTC"})));
    assert_eq!(status, 200);
    assert_eq!(starts(&utc), ["2026-08-08T12:00:00Z", "2026-08-08T02:00:00Z"], "no running timer");
    let total = &utc["totals"][0];
    assert_eq!((&total["totalTime"], &total["totalBillableTime"]), (&json!(5400), &json!(3600)));
    assert_eq!(total["entriesCount"], 2);
    let row = &utc["timeentries"][1];
    for (key, expected) in [
        ("userName", json!("Ida Kern")),
        ("projectName", json!("Site")),
        ("clientName", json!("Harbor Co")),
        ("billable", json!(true)),
        ("taskId", Value::Null),
    ] {
        assert_eq!(row[key], expected, "{key}");
    }
    assert_eq!((&row["timeInterval"]["duration"], &row["tags"][0]["name"]), (&json!(3600), &json!("copy")));
    let (_, york) = report(&mut world, body(from, to, json!({"timeZone": "America/New_York"})));
    assert_eq!(starts(&york), ["2026-08-08T22:00:00-04:00", "2026-08-08T08:00:00-04:00"]);
    let (_, default) = report(&mut world, body(from, to, json!({})));
    assert_eq!(starts(&default), starts(&york), "the account's zone where none is named");
}

#[test]
fn the_report_is_filtered_sorted_and_paged() {
    let (mut world, dana, project) = world();
    let (from, to) = ("2026-08-08T00:00:00Z", "2026-08-10T00:00:00Z");
    let cases = [
        (json!({}), 3),
        (json!({"users": {"ids": [dana], "contains": "CONTAINS"}}), 1),
        (json!({"users": {"ids": [dana], "contains": "DOES_NOT_CONTAIN"}}), 2),
        (json!({"projects": {"ids": [project]}}), 2),
        (json!({"billable": false}), 1),
        (json!({"description": "nothing"}), 0),
        (json!({"detailedFilter": {"page": 2, "pageSize": 2}}), 1),
        (json!({"detailedFilter": {"page": 3, "pageSize": 2}}), 0),
    ];
    for (more, count) in cases {
        let mut body = body(from, to, more.clone());
        body["timeZone"] = "UTC".into();
        assert_eq!(starts(&report(&mut world, body).1).len(), count, "{more}");
    }
    let more = json!({"timeZone": "UTC", "sortOrder": "ASCENDING"});
    let (_, sorted) = report(&mut world, body(from, to, more));
    assert_eq!(starts(&sorted)[0], "2026-08-08T02:00:00Z");
}

#[test]
fn free_plans_get_thirty_one_days_and_pay_for_each_report() {
    let (mut world, _, _) = world();
    world.clockify.set_plan(false);
    let month = body("2026-07-10T00:00:00Z", "2026-08-10T00:00:00Z", json!({"timeZone": "UTC"}));
    assert_eq!(report(&mut world, month.clone()).0, 200);
    let longer = body("2026-07-09T00:00:00Z", "2026-08-10T00:00:00Z", json!({"timeZone": "UTC"}));
    let (status, refusal) = report(&mut world, longer.clone());
    assert_eq!((status, &refusal["code"]), (400, &json!(501)));
    assert_eq!(world.clockify.remaining(world.now).expect("a bucket").1, 28);
    for _ in 0..28 {
        report(&mut world, month.clone());
    }
    assert_eq!(report(&mut world, month).0, 429);
    world.clockify.set_plan(true);
    assert_eq!(report(&mut world, longer).0, 200);
}

#[test]
fn both_addresses_serve_it() {
    let (mut world, _, _) = world();
    let body = body("2026-08-08T00:00:00Z", "2026-08-09T00:00:00Z", json!({}));
    for base in ["", "/v1", "/report/v1"] {
        let path = format!("{base}/workspaces/{WORKSPACE_ID}/reports/detailed");
        let call = world.call("POST", &path, Some(body.clone()));
        assert_eq!(world.clockify.handle_reports(&call).status.as_u16(), 200, "{path}");
    }
    let path = format!("/report/v1/workspaces/{WORKSPACE_ID}/reports/detailed");
    world.must(200, "POST", &path, body);
    let get = world.call("GET", &path, None);
    assert_eq!(world.clockify.handle_reports(&get).status.as_u16(), 405);
}
