//! Single time entries and the bulk calls.

use super::*;

#[test]
fn an_entry_is_created_read_replaced_and_deleted() {
    let mut world = World::paid();
    let project = world.clockify.add_project("Site", None, "#0b83d9", true);
    let tag = world.clockify.add_tag("copy");
    let body = json!({
        "description": "Landing page copy", "start": "2026-03-02T14:00:00.750Z", "end": "2026-03-02T15:30:00Z",
        "projectId": project, "tagIds": [tag], "billable": true,
    });
    let made = world.post("time-entries", body);
    assert_eq!(
        made["timeInterval"],
        json!({"start": "2026-03-02T14:00:00Z", "end": "2026-03-02T15:30:00Z", "duration": "PT1H30M"})
    );
    assert_eq!((&made["isLocked"], &made["type"]), (&json!(false), &json!("REGULAR")));
    assert!(made.get("hourlyRate").is_none(), "writes answer without rates");
    let path = format!("time-entries/{}", id(&made));
    assert_eq!(world.get(&path)["hourlyRate"], Value::Null);
    let replaced = world.must(200, "PUT", &path, json!({"start": "2026-03-02T14:00:00Z"}));
    for (key, expected) in [
        ("description", json!("")),
        ("projectId", Value::Null),
        ("tagIds", Value::Null),
        ("billable", json!(false)),
        ("id", made["id"].clone()),
        ("userId", json!(OWNER_ID)),
    ] {
        assert_eq!(replaced[key], expected, "{key}");
    }
    assert_eq!(replaced["timeInterval"]["end"], Value::Null, "an omitted end runs again");
    assert_eq!(world.refused("PUT", &path, json!({"end": "2026-03-02T15:00:00Z"})).0, (400, 501));
    assert_eq!(world.must(204, "DELETE", &path, Value::Null), Value::Null);
    let (refusal, message) = world.refused("DELETE", &path, Value::Null);
    assert_eq!((refusal, message.as_str()), ((400, 501), "Time entry doesn't belong to Workspace"));
}

#[test]
fn copies_and_overlaps_are_accepted() {
    let mut world = World::paid();
    let (first, second) = (world.entry(9, 11), world.entry(9, 11));
    world.entry(10, 12);
    assert_ne!(first["id"], second["id"]);
    assert_eq!(world.get(&World::mine("")).as_array().map(Vec::len), Some(3));
}

#[test]
fn archived_projects_and_tags_are_accepted_and_unknown_ones_are_not() {
    let mut world = World::paid();
    let project = world.clockify.add_project("Site", None, "#0b83d9", true);
    let other = world.clockify.add_project("Shop", None, "#0b83d9", true);
    let task = world.clockify.add_project_task(&other, "Copy");
    let tag = world.clockify.add_tag("copy");
    world.clockify.archive(&project);
    world.clockify.archive(&tag);
    let start = "2026-03-02T14:00:00Z";
    world.post("time-entries", json!({"start": start, "projectId": project, "tagIds": [tag]}));
    let cases = [
        json!({"start": start, "projectId": "64f0c0ffee00000000009999"}),
        json!({"start": start, "tagIds": [tag, "none"]}),
        json!({"start": start, "projectId": project, "taskId": task}),
        json!({"start": start, "taskId": task}),
        json!({"start": start, "customFields": [{"customFieldId": "none", "value": "x"}]}),
        json!({"start": start, "description": "d".repeat(3001)}),
    ];
    for body in cases {
        assert_eq!(world.refused("POST", "time-entries", body).0, (400, 501));
    }
    let (_, message) =
        world.refused("POST", "time-entries", json!({"start": start, "end": "2026-03-02T13:00:00Z"}));
    assert_eq!(
        message,
        "Start datetime 2026-03-02T14:00:00Z is greater than end datetime 2026-03-02T13:00:00Z."
    );
}

#[test]
fn custom_fields_come_back_under_another_key_and_that_key_is_dropped_on_the_way_in() {
    let mut world = World::paid();
    let field = id(&world.post("custom-fields", json!({"name": "Toggl ID", "type": "TXT"})));
    let value = json!([{"customFieldId": field, "value": "101", "sourceType": "TIMEENTRY"}]);
    let start = "2026-03-02T14:00:00Z";
    let made = world.post("time-entries", json!({"start": start, "customFields": value}));
    let got = &made["customFieldValues"][0];
    assert_eq!((&got["customFieldId"], &got["value"]), (&json!(field), &json!("101")));
    assert_eq!(got["timeEntryId"], made["id"]);
    let wrong = world.post("time-entries", json!({"start": start, "customFieldValues": value}));
    assert_eq!(wrong["customFieldValues"], json!([]));
}

#[test]
fn a_timer_runs_until_it_is_stopped() {
    let mut world = World::paid();
    let stop = World::mine("");
    let end = json!({"end": "2026-03-02T10:00:00Z"});
    let (refusal, message) = world.refused("PATCH", &stop, end.clone());
    assert_eq!(refusal, (404, 404));
    assert!(message.starts_with("Currently running time entry doesn't exist"), "{message}");
    let timer = world.post("time-entries", json!({"start": "2026-03-02T09:00:00Z"}));
    assert_eq!(
        timer["timeInterval"],
        json!({"start": "2026-03-02T09:00:00Z", "end": null, "duration": null})
    );
    assert_eq!(column(&world.get("time-entries/status/in-progress"), "id"), [id(&timer)]);
    assert_eq!(column(&world.get(&World::mine("in-progress=true")), "id"), [id(&timer)]);
    let stopped = world.must(200, "PATCH", &stop, end);
    assert_eq!((&stopped["id"], &stopped["timeInterval"]["duration"]), (&timer["id"], &json!("PT1H")));
    assert_eq!(world.get("time-entries/status/in-progress"), json!([]));
}

#[test]
fn a_second_timer_stops_the_first() {
    let mut world = World::paid();
    let first = id(&world.post("time-entries", json!({"start": "2026-03-02T08:00:00Z"})));
    let second = id(&world.post("time-entries", json!({"start": "2026-03-02T08:30:00Z"})));
    assert_eq!(column(&world.get("time-entries/status/in-progress"), "id"), [second]);
    let first = world.get(&format!("time-entries/{first}"));
    assert_eq!(first["timeInterval"]["end"], "2026-03-02T08:30:00Z");
}

#[test]
fn required_fields_bite_at_the_end_of_an_entry() {
    let mut world = World::paid();
    let project = world.clockify.add_project("Site", None, "#0b83d9", true);
    let task = world.clockify.add_project_task(&project, "Copy");
    let tag = world.clockify.add_tag("copy");
    let settings = world.clockify.settings_mut();
    (settings.force_projects, settings.force_tasks) = (true, true);
    (settings.force_tags, settings.force_description) = (true, true);
    let full = json!({
        "start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z", "projectId": project, "taskId": task,
        "tagIds": [tag], "description": "Copy",
    });
    let made = world.post("time-entries", full.clone());
    for key in ["taskId", "tagIds", "description"] {
        let mut body = full.clone();
        body.as_object_mut().expect("an object").remove(key);
        let (refusal, message) = world.refused("POST", "time-entries", body.clone());
        assert_eq!(refusal, (400, 501), "{key}");
        assert!(
            message.contains("Project is either required field or given project is archived"),
            "{message}"
        );
        let (_, message) = world.refused("PUT", &format!("time-entries/{}", id(&made)), body);
        assert_eq!(message, "Can't save, required fields are missing or archived.", "{key}");
    }
    world.post("time-entries", json!({"start": "2026-03-02T08:00:00Z"}));
    let end = json!({"end": "2026-03-02T09:00:00Z"});
    assert_eq!(world.refused("PATCH", &World::mine(""), end).0, (400, 501));
}

#[test]
fn locked_entries_are_for_admins_only() {
    let mut world = World::paid();
    let made = id(&world.entry(8, 9));
    world.clockify.settings_mut().lock_before = Some(at("2026-03-02T12:00:00Z"));
    let path = format!("time-entries/{made}");
    assert_eq!(world.get(&path)["isLocked"], true);
    let body = json!({"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"});
    world.must(200, "PUT", &path, body.clone());
    world.clockify.set_admin(OWNER_ID, false);
    for (method, path) in [("PUT", path.as_str()), ("DELETE", path.as_str()), ("POST", "time-entries")] {
        let (refusal, message) = world.refused(method, path, body.clone());
        assert_eq!((refusal, message.as_str()), ((403, 1003), "Can't edit locked time entry."), "{method}");
    }
    let late = json!({"start": "2026-03-02T12:00:00Z", "end": "2026-03-02T13:00:00Z"});
    world.post("time-entries", late.clone());
    assert_eq!(world.refused("PUT", &path, late).0, (403, 1003), "moving it out is an edit too");
}

#[test]
fn approved_entries_are_for_nobody() {
    let mut world = World::paid();
    let made = id(&world.entry(8, 9));
    world.clockify.approve_entry(&made);
    let path = format!("time-entries/{made}");
    assert_eq!(world.get(&path)["isLocked"], true);
    assert_eq!(world.refused("DELETE", &path, Value::Null).0, (403, 1003));
}

#[test]
fn stopwatch_only_refuses_what_has_an_end() {
    let mut world = World::paid();
    world.clockify.settings_mut().stopwatch_only = true;
    let workspace = world.get(&format!("/workspaces/{WORKSPACE_ID}"));
    assert_eq!(workspace["workspaceSettings"]["timeTrackingMode"], "STOPWATCH_ONLY");
    let body = json!({"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"});
    let (refusal, message) = world.refused("POST", "time-entries", body);
    assert_eq!(refusal, (403, 4030));
    assert!(message.starts_with("Manual time tracking disabled"), "{message}");
    world.post("time-entries", json!({"start": "2026-03-02T08:00:00Z"}));
}

#[test]
fn writing_for_others_is_paid_and_for_admins() {
    let mut world = World::paid();
    let dana = world.clockify.add_user("Dana Moss", "dana@example.test");
    let theirs = format!("user/{dana}/time-entries");
    let body = json!({"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"});
    assert_eq!(world.post(&theirs, body.clone())["userId"], dana.as_str());
    world.clockify.set_plan(false);
    assert_eq!(world.ask("POST", &theirs, body.clone()).0, 403);
    world.post(&World::mine(""), body.clone());
    world.clockify.set_plan(true);
    world.key = world.clockify.token_of(&dana).expect("a key").to_owned();
    assert_eq!(world.refused("POST", &World::mine(""), body.clone()).0, (403, 501));
    world.post(&theirs, body);
    let (status, empty) = world.ask("POST", &format!("{theirs}?from-entry=none"), json!({}));
    assert_eq!((status, empty), (404, Value::Null));
}

#[test]
fn bulk_replace_is_all_or_nothing() {
    let mut world = World::paid();
    let (first, second) = (id(&world.entry(8, 9)), id(&world.entry(9, 10)));
    let row = |id: &str, hour: u32| json!({"id": id, "start": format!("2026-03-02T{hour:02}:00:00Z"), "end": "2026-03-02T20:00:00Z"});
    let path = World::mine("");
    let before = world.get(&path);
    let mut partial = row(&second, 11);
    partial.as_object_mut().expect("an object").remove("end");
    let cases = [
        (json!([]), 501),
        (json!({}), 3002),
        (json!([row(&first, 10), partial]), 501),
        (json!([row(&first, 10), row("none", 11)]), 501),
    ];
    for (body, code) in cases {
        assert_eq!(world.refused("PUT", &path, body.clone()).0, (400, code), "{body}");
    }
    assert_eq!(world.get(&path), before);
    let after = world.must(200, "PUT", &path, json!([row(&first, 10), row(&second, 11)]));
    assert_eq!(column(&after, "id"), [first.as_str(), &second]);
    assert_eq!(after[0]["billable"], false, "a replacement loses what it omits");
    assert!(after[0].get("user").is_none());
    let hydrated = world.must(200, "PUT", &World::mine("hydrated=true"), json!([row(&first, 10)]));
    assert_eq!(hydrated[0]["user"]["name"], "Ida Kern");
}

#[test]
fn bulk_delete_answers_with_what_went() {
    let mut world = World::paid();
    let ids = [id(&world.entry(8, 9)), id(&world.entry(9, 10)), id(&world.entry(10, 11))];
    let path = |ids: &[&str]| {
        World::mine(&ids.iter().map(|id| format!("time-entry-ids={id}")).collect::<Vec<_>>().join("&"))
    };
    assert_eq!(world.refused("DELETE", &path(&[&ids[0], "none"]), Value::Null).0, (400, 501));
    assert_eq!(world.refused("DELETE", &path(&[]), Value::Null).0, (400, 501));
    let gone = world.must(200, "DELETE", &path(&[&ids[0], &ids[1]]), Value::Null);
    assert_eq!(column(&gone, "id"), [ids[0].as_str(), &ids[1]]);
    assert_eq!(column(&world.get(&World::mine("")), "id"), [ids[2].as_str()]);
}

#[test]
fn batch_read_duplicate_and_invoiced() {
    let mut world = World::paid();
    let made = world.entry(8, 9);
    let (status, rows) =
        world.ask("POST", "time-entries/batch", json!({"timeEntryIds": [made["id"], "none"]}));
    assert_eq!((status, column(&rows, "id")), (200, vec![made["id"].as_str().expect("an id")]));
    let copy = world.post(&format!("user/{OWNER_ID}/time-entries/{}/duplicate", id(&made)), Value::Null);
    assert_ne!(copy["id"], made["id"]);
    assert_eq!(copy["timeInterval"], made["timeInterval"]);
    let body = json!({"timeEntryIds": [copy["id"]], "invoiced": true});
    assert_eq!(world.must(200, "PATCH", "time-entries/invoiced", body), Value::Null);
    let state = world.clockify.state();
    let invoiced: Vec<bool> =
        state["entries"].as_array().expect("entries").iter().map(|e| e["invoiced"] == true).collect();
    assert_eq!(invoiced, [false, true]);
}

#[test]
fn hydrated_entries_carry_their_entities() {
    let mut world = World::paid();
    let client = world.clockify.add_client("Harbor Co");
    let project = world.clockify.add_project("Site", Some(&client), "#0b83d9", true);
    let task = world.clockify.add_project_task(&project, "Copy");
    let tag = world.clockify.add_tag("copy");
    let body = json!({"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z", "projectId": project,
        "taskId": task, "tagIds": [tag]});
    let made = id(&world.post("time-entries", body));
    let entry = world.get(&format!("time-entries/{made}?hydrated=true"));
    assert_eq!(entry["project"]["clientName"], "Harbor Co");
    assert_eq!(entry["project"]["duration"], "PT1H");
    assert_eq!(entry["task"]["name"], "Copy");
    assert_eq!(entry["tags"][0]["name"], "copy");
    assert_eq!(entry["user"]["id"], OWNER_ID);
    assert_eq!(entry["projectId"], project.as_str(), "the ids stay");
    assert!(world.get(&World::mine(""))[0].get("project").is_none());
}

#[test]
fn a_deleted_tag_or_project_leaves_its_entries() {
    let mut world = World::paid();
    let project = world.clockify.add_project("Site", None, "#0b83d9", true);
    let tag = world.clockify.add_tag("copy");
    let body = json!({"start": "2026-03-02T08:00:00Z", "projectId": project, "tagIds": [tag]});
    let made = id(&world.post("time-entries", body));
    world.clockify.archive(&project);
    world.must(200, "DELETE", &format!("projects/{project}"), Value::Null);
    world.must(200, "DELETE", &format!("tags/{tag}"), Value::Null);
    let entry = world.get(&format!("time-entries/{made}"));
    assert_eq!((&entry["projectId"], &entry["tagIds"]), (&Value::Null, &json!([])));
}

#[test]
fn a_timer_in_a_locked_period_is_not_stopped_by_a_regular_user() {
    let mut world = World::paid();
    world.post("time-entries", json!({"start": "2026-03-02T08:00:00Z"}));
    world.clockify.settings_mut().lock_before = Some(at("2026-03-02T12:00:00Z"));
    world.clockify.set_admin(OWNER_ID, false);
    let end = json!({"end": "2026-03-02T09:00:00Z"});
    assert_eq!(world.refused("PATCH", &World::mine(""), end).0, (403, 1003));
}

#[test]
fn faults_speak_the_services_form() {
    let world = World::paid();
    for status in [400, 403, 429, 500, 503] {
        let reply = world.clockify.fault(http::StatusCode::from_u16(status).expect("a status"));
        let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert_eq!(reply.status.as_u16(), status);
        assert!(body["message"].is_string() && body["code"].is_i64(), "{body}");
    }
}
