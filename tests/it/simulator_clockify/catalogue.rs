//! Projects, clients, tags, tasks, custom fields and users.

use super::*;

#[test]
fn ids_begin_with_the_unix_second_of_creation() {
    let mut world = World::paid();
    let tag = id(&world.post("tags", json!({"name": "copy"})));
    let second = id(&world.post("tags", json!({"name": "design"})));
    assert_eq!(tag.len(), 24);
    assert!(tag.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{tag}");
    assert_eq!(i64::from_str_radix(&tag[..8], 16).expect("hex"), world.now.timestamp());
    assert_ne!(tag, second);
}

#[test]
fn an_idempotency_key_is_ignored() {
    let mut world = World::paid();
    let mut call = world.call("POST", "time-entries", Some(json!({"start": "2026-03-02T08:00:00Z"})));
    call.headers.push(("idempotency-key".to_owned(), "one".to_owned()));
    let (first, second) = (world.send(&call).1, world.send(&call).1);
    assert_ne!(first["id"], second["id"]);
}

#[test]
fn names_are_reserved_until_deleted() {
    let mut world = World::paid();
    for (noun, message) in [
        ("tags", "Tag with name Harbor already exists"),
        ("clients", "Client with name 'Harbor' already exists"),
        ("projects", "Project with this name already exists"),
    ] {
        let body = json!({"name": "Harbor"});
        let made = id(&world.post(noun, body.clone()));
        assert_eq!(world.refused("POST", noun, body.clone()), ((400, 501), message.to_owned()), "{noun}");
        let path = format!("{noun}/{made}");
        world.must(200, "PUT", &path, json!({"name": "Harbor", "archived": true}));
        assert_eq!(world.refused("POST", noun, body.clone()).0, (400, 501), "{noun}, archived");
        let deleted = world.must(200, "DELETE", &path, Value::Null);
        assert_eq!(deleted["id"], made.as_str());
        assert_eq!(world.refused("GET", &path, Value::Null).0, (400, 501));
        assert_ne!(id(&world.post(noun, body)), made);
    }
}

#[test]
fn project_names_are_unique_per_client() {
    let mut world = World::paid();
    let client = world.clockify.add_client("Harbor Co");
    world.post("projects", json!({"name": "Site"}));
    world.post("projects", json!({"name": "Site", "clientId": client}));
    let (_, message) = world.refused("POST", "projects", json!({"name": "Site", "clientId": client}));
    assert_eq!(message, "Site project for client Harbor Co already exists.");
}

#[test]
fn names_have_their_limits() {
    let mut world = World::paid();
    let project = id(&world.post("projects", json!({"name": "Harbor site"})));
    let tasks = format!("projects/{project}/tasks");
    let long = |length| "n".repeat(length);
    let cases = [
        ("projects", "x".to_owned()),
        ("projects", long(251)),
        ("clients", long(101)),
        ("tags", long(101)),
        ("tags", "a<b".to_owned()),
        ("clients", "a>b".to_owned()),
        (&tasks, String::new()),
        (&tasks, long(1001)),
    ];
    for (path, name) in cases {
        assert_eq!(world.refused("POST", path, json!({"name": name})).0, (400, 501), "{path} {}", name.len());
    }
    world.post("projects", json!({"name": long(250)}));
    world.post("tags", json!({"name": long(100)}));
    world.post(&tasks, json!({"name": long(1000)}));
    let color = json!({"name": "Red", "color": "#f00"});
    assert_eq!(world.refused("POST", "projects", color).0, (400, 501));
}

#[test]
fn the_active_cannot_be_deleted_but_tags_can() {
    let mut world = World::paid();
    let project = id(&world.post("projects", json!({"name": "Harbor site"})));
    let client = id(&world.post("clients", json!({"name": "Harbor Co"})));
    let task = id(&world.post(&format!("projects/{project}/tasks"), json!({"name": "Copy"})));
    let tag = id(&world.post("tags", json!({"name": "copy"})));
    for (path, noun) in [
        (format!("projects/{project}"), "project"),
        (format!("clients/{client}"), "client"),
        (format!("projects/{project}/tasks/{task}"), "task"),
    ] {
        let (refusal, message) = world.refused("DELETE", &path, Value::Null);
        assert_eq!((refusal, message), ((400, 501), format!("Cannot delete an active {noun}")));
    }
    let path = format!("projects/{project}/tasks/{task}");
    world.must(200, "PUT", &path, json!({"name": "Copy", "status": "DONE"}));
    assert_eq!(world.must(200, "DELETE", &path, Value::Null)["status"], "DONE");
    world.must(200, "DELETE", &format!("tags/{tag}"), Value::Null);
}

#[test]
fn public_goes_in_as_is_public() {
    let mut world = World::paid();
    let project = world.post("projects", json!({"name": "Harbor site", "isPublic": true, "public": false}));
    assert_eq!(project["public"], true);
    assert!(project.get("isPublic").is_none());
    assert_eq!((&project["clientId"], &project["clientName"]), (&json!(""), &json!("")));
}

#[test]
fn a_project_update_keeps_some_omitted_fields_and_resets_others() {
    let mut world = World::paid();
    let client = world.clockify.add_client("Harbor Co");
    let full = json!({
        "name": "Harbor site", "clientId": client, "isPublic": true, "billable": true, "color": "#0b83d9",
        "note": "Retainer", "hourlyRate": {"amount": 12500}, "costRate": {"amount": 4000},
    });
    let made = world.post("projects", full);
    let path = format!("projects/{}", id(&made));
    world.must(
        200,
        "PUT",
        &path,
        json!({"name": "Harbor site", "archived": true, "isPublic": true, "billable": true}),
    );
    let after = world.must(200, "PUT", &path, json!({"name": "Harbor"}));
    let table = [
        ("name", json!("Harbor")),
        ("color", json!("#0b83d9")),
        ("note", json!("Retainer")),
        ("archived", json!(true)),
        ("clientId", json!(client)),
        ("clientName", json!("Harbor Co")),
        ("hourlyRate", json!({"amount": 12500, "currency": "USD"})),
        ("costRate", json!({"amount": 4000, "currency": "USD"})),
        ("public", json!(false)),
        ("billable", json!(false)),
    ];
    for (key, expected) in table {
        assert_eq!(after[key], expected, "{key}");
    }
    assert_eq!(world.get(&path), after);
    let cleared = world.must(200, "PUT", &path, json!({"name": "Harbor", "clientId": ""}));
    assert_eq!(cleared["clientId"], "");
}

#[test]
fn a_client_update_clears_omitted_addresses_and_keeps_the_currency() {
    let mut world = World::paid();
    let extra = json!({"name": "Harbor Co", "email": "a@example.test", "ccEmails": ["b@example.test"],
        "currencyId": "64f0c0ffee0000000000e002", "currencyCode": "EUR"});
    let made = world.post("clients", extra);
    assert_eq!(made["ccEmails"], Value::Null, "ignored on create");
    assert_eq!(made["currencyCode"], "USD", "ignored on create");
    let path = format!("clients/{}", id(&made));
    let set = json!({"name": "Harbor Co", "ccEmails": ["b@example.test"], "archived": true,
        "currencyId": "64f0c0ffee0000000000e002"});
    let set = world.must(200, "PUT", &path, set);
    assert_eq!((&set["ccEmails"], &set["currencyCode"]), (&json!(["b@example.test"]), &json!("EUR")));
    let after = world.must(200, "PUT", &path, json!({"name": "Harbor Co"}));
    assert_eq!((&after["ccEmails"], &after["currencyCode"]), (&Value::Null, &json!("EUR")));
    assert_eq!(after["archived"], false);
    let four = json!({"name": "Harbor Co", "ccEmails": ["a@e.test", "b@e.test", "c@e.test", "d@e.test"]});
    let (_, message) = world.refused("PUT", &path, four);
    assert_eq!(message, "Number of additional emails must be less than 3");
}

#[test]
fn archiving_a_client_can_take_its_projects_along() {
    let mut world = World::paid();
    let client = world.clockify.add_client("Harbor Co");
    let project = world.clockify.add_project("Site", Some(&client), "#0b83d9", true);
    let task = world.clockify.add_project_task(&project, "Copy");
    let path = format!("clients/{client}?archive-projects=true&mark-tasks-as-done=true");
    world.must(200, "PUT", &path, json!({"name": "Harbor Co", "archived": true}));
    assert_eq!(world.get(&format!("projects/{project}"))["archived"], true);
    assert_eq!(world.get(&format!("projects/{project}/tasks/{task}"))["status"], "DONE");
}

#[test]
fn a_tag_renamed_without_archived_is_active_again() {
    let mut world = World::paid();
    let path = format!("tags/{}", id(&world.post("tags", json!({"name": "copy"}))));
    world.must(200, "PUT", &path, json!({"name": "copy", "archived": true}));
    assert_eq!(world.must(200, "PUT", &path, json!({"name": "texts"}))["archived"], false);
}

#[test]
fn default_lists_hold_archived_rows() {
    let mut world = World::paid();
    for noun in ["tags", "clients", "projects"] {
        world.post(noun, json!({"name": "Beta"}));
        let old = id(&world.post(noun, json!({"name": "Alpha"})));
        world.must(200, "PUT", &format!("{noun}/{old}"), json!({"name": "Alpha", "archived": true}));
        let cases = [
            (String::new(), vec!["Alpha", "Beta"]),
            ("?archived=false".to_owned(), vec!["Beta"]),
            ("?archived=true".to_owned(), vec!["Alpha"]),
            ("?sort-order=DESCENDING".to_owned(), vec!["Beta", "Alpha"]),
            ("?name=alp".to_owned(), vec!["Alpha"]),
        ];
        for (query, expected) in cases {
            let rows = world.get(&format!("{noun}{query}"));
            assert_eq!(column(&rows, "name"), expected, "{noun}{query}");
        }
    }
    assert_eq!(world.get("tags?name=alp&strict-name-search=true"), json!([]));
    assert_eq!(column(&world.get("tags?name=Alpha&strict-name-search=true"), "name"), ["Alpha"]);
}

#[test]
fn projects_are_found_by_client_user_and_flags() {
    let mut world = World::paid();
    let client = world.clockify.add_client("Harbor Co");
    let dana = world.clockify.add_user("Dana Moss", "dana@example.test");
    world.clockify.add_project("Northwind", None, "#0b83d9", false);
    let site = world.clockify.add_project("Site", Some(&client), "#0b83d9", true);
    world.must(200, "POST", &format!("projects/{site}/memberships"), json!({"userIds": [dana]}));
    world.must(200, "PATCH", &format!("projects/{site}/template"), json!({"isTemplate": true}));
    let cases = [
        (format!("clients={client}"), vec!["Site"]),
        (format!("clients={client}&contains-client=false"), vec!["Northwind"]),
        (format!("users={dana}"), vec!["Site"]),
        ("billable=false".to_owned(), vec!["Northwind"]),
        ("is-template=true".to_owned(), vec!["Site"]),
        ("access=PRIVATE".to_owned(), vec![]),
        ("sort-column=CLIENT_NAME".to_owned(), vec!["Northwind", "Site"]),
    ];
    for (query, expected) in cases {
        assert_eq!(column(&world.get(&format!("projects?{query}")), "name"), expected, "{query}");
    }
}

#[test]
fn rates_belong_to_members_not_to_projects() {
    let mut world = World::paid();
    let project = world.clockify.add_project("Site", None, "#0b83d9", true);
    let rate = json!({"amount": 9900});
    assert_eq!(world.refused("PUT", &format!("projects/{project}/hourly-rate"), rate.clone()).0, (404, 3000));
    let after = world.must(200, "PUT", &format!("projects/{project}/users/{OWNER_ID}/hourly-rate"), rate);
    assert_eq!(after["memberships"][0]["hourlyRate"], json!({"amount": 9900, "currency": "USD"}));
}

#[test]
fn tasks_live_in_their_project() {
    let mut world = World::paid();
    let project = world.clockify.add_project("Site", None, "#0b83d9", true);
    let path = format!("projects/{project}/tasks");
    let task = world.post(&path, json!({"name": "Copy", "billable": false, "assigneeIds": [OWNER_ID]}));
    assert_eq!((&task["status"], &task["billable"]), (&json!("ACTIVE"), &json!(false)));
    let (_, message) = world.refused("POST", &path, json!({"name": "Copy"}));
    assert_eq!(message, "Task with name 'Copy' already exists");
    world.must(200, "PUT", &format!("{path}/{}", id(&task)), json!({"name": "Copy", "status": "DONE"}));
    world.post(&path, json!({"name": "Design"}));
    assert_eq!(column(&world.get(&format!("{path}?is-active=true")), "name"), ["Design"]);
    assert_eq!(column(&world.get(&format!("{path}?is-active=false")), "name"), ["Copy"]);
    assert_eq!(column(&world.get(&path), "name"), ["Copy", "Design"]);
}

#[test]
fn custom_fields_are_paid_and_unpaged() {
    let mut world = World::paid();
    for number in 0..3 {
        world.post("custom-fields", json!({"name": format!("Toggl ID {number}"), "type": "TXT"}));
    }
    assert_eq!(world.get("custom-fields?page=9&page-size=1").as_array().map(Vec::len), Some(3));
    assert_eq!(world.header("last-page"), None);
    assert_eq!(world.refused("POST", "custom-fields", json!({"name": "Any", "type": "WORD"})).0, (400, 3002));
    world.clockify.set_plan(false);
    assert_eq!(world.ask("GET", "custom-fields", Value::Null).0, 403);
}

#[test]
fn users_are_listed_with_their_zone() {
    let mut world = World::paid();
    world.clockify.add_user("Dana Moss", "dana@example.test");
    let users = world.get("users");
    assert_eq!(column(&users, "name"), ["Dana Moss", "Ida Kern"]);
    assert_eq!(world.header("last-page"), Some("true"));
    assert_eq!(users[0]["settings"]["timeZone"], "America/New_York");
    assert_eq!(column(&world.get("users?email=DANA"), "name"), ["Dana Moss"]);
    assert_eq!(world.get("users?status=PENDING"), json!([]));
    assert_eq!(world.get("/user?include-memberships=true")["memberships"][0]["targetId"], WORKSPACE_ID);
}
