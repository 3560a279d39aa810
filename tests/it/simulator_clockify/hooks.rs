//! Webhooks: the calls, their rules, limits by plan, tokens, and which action is which event.

use serde_json::{Value, json};

use super::*;

fn body(name: &str, event: &str) -> Value {
    json!({"name": name, "url": "https://hooks.example.test/clockify", "webhookEvent": event,
        "triggerSourceType": "WORKSPACE_ID", "triggerSource": []})
}

impl World {
    fn hook(&mut self, name: &str, event: &str) -> String {
        id(&self.post("webhooks", body(name, event)))
    }

    /// Event name and body of everything announced since the last look.
    fn announced(&mut self) -> Vec<(String, Value)> {
        let fresh = self.clockify.take_fresh();
        let sent = fresh.into_iter().filter_map(|ticket| self.clockify.attempt(ticket));
        sent.map(|outgoing| {
            let event = outgoing.headers.iter().find(|(name, _)| name == "Clockify-Webhook-Event-Type");
            (event.expect("an event").1.clone(), serde_json::from_slice(&outgoing.body).expect("JSON"))
        })
        .collect()
    }

    fn words(&mut self) -> Vec<String> {
        self.announced().into_iter().map(|(event, _)| event).collect()
    }
}

#[test]
fn a_webhook_is_made_with_a_token_and_listed_in_an_envelope() {
    let mut world = World::paid();
    let made = world.post("webhooks", body("sync-entry-updated", "TIME_ENTRY_UPDATED"));
    let keys: Vec<&str> = made.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "name",
            "userId",
            "workspaceId",
            "url",
            "webhookEvent",
            "triggerSourceType",
            "triggerSource",
            "authToken",
            "enabled",
            "deliveryEnabled",
            "planEnabled"
        ]
    );
    let token = made["authToken"].as_str().expect("a token");
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    for _ in 0..2 {
        let second = world.clockify.state()["webhooks"].as_array().expect("rows").len();
        world.hook(&format!("more {second}"), "NEW_TAG");
    }
    let list = world.get("webhooks?page=2&page-size=1");
    assert_eq!(list["workspaceWebhookCount"], 3);
    assert_eq!(list["webhooks"].as_array().expect("rows").len(), 3, "not paged");
    assert!(world.header("Last-Page").is_none());
    assert_eq!(world.get("webhooks?type=ADDON")["webhooks"], json!([]));
    let path = format!("webhooks/{}", id(&made));
    assert_eq!(world.get(&path), made);
    assert_eq!(world.must(200, "DELETE", &path, Value::Null), Value::Null);
    let gone = world.refused("GET", &path, Value::Null);
    assert_eq!(gone, ((400, 501), "Webhook doesn't belong to Workspace".to_owned()));
}

#[test]
fn names_have_their_rule_and_a_misleading_error() {
    let mut world = World::paid();
    world.hook("taken", "NEW_TAG");
    let mut nameless = body("x", "NEW_TAG");
    nameless.as_object_mut().expect("an object").remove("name");
    let refused = |world: &mut World, body: Value| world.refused("POST", "webhooks", body);
    assert_eq!(refused(&mut world, nameless), ((400, 501), "Webhook already exists".to_owned()));
    assert_eq!(
        refused(&mut world, body("taken", "NEW_TASK")),
        ((400, 501), "Webhook already exists".to_owned())
    );
    for name in ["x", &"x".repeat(31)] {
        let told = refused(&mut world, body(name, "NEW_TAG"));
        assert_eq!(told, ((400, 501), "length must be between 2 and 30".to_owned()), "{name}");
    }
    world.hook(&"x".repeat(30), "NEW_TAG");
    assert_eq!(refused(&mut world, body("odd", "TIME_ENTRY_CREATED")).0, (400, 3002));
    assert_eq!(refused(&mut world, body("user", "USER_UPDATED")).0, (400, 501));
    let mut of_user = body("user", "USER_UPDATED");
    of_user["triggerSourceType"] = json!("USER_ID");
    of_user["triggerSource"] = json!([OWNER_ID]);
    world.post("webhooks", of_user);
}

#[test]
fn a_replacement_has_no_switch_and_mends_nothing() {
    let mut world = World::paid();
    let hook = world.hook("sync", "TIME_ENTRY_UPDATED");
    let path = format!("webhooks/{hook}");
    let before = world.get(&path);
    fail(&mut world, 5);
    assert_eq!(world.get(&path)["deliveryEnabled"], false);
    let mut changed = body("sync two", "TIME_ENTRY_DELETED");
    changed["deliveryEnabled"] = json!(true);
    changed["enabled"] = json!(false);
    let after = world.must(200, "PUT", &path, changed);
    assert_eq!((&after["name"], &after["webhookEvent"]), (&json!("sync two"), &json!("TIME_ENTRY_DELETED")));
    assert_eq!((&after["authToken"], &after["enabled"]), (&before["authToken"], &json!(true)));
    assert_eq!(after["deliveryEnabled"], false);
}

/// Lets so many attempts at fresh events fail.
fn fail(world: &mut World, times: usize) {
    let counting = Counting { attempts: 1, disable_after: 5 };
    let (entry, now) = (id(&world.entry(8, 9)), world.now);
    world.announced();
    for _ in 0..times {
        let body = json!({"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"});
        world.must(200, "PUT", &format!("time-entries/{entry}"), body);
        for ticket in world.clockify.take_fresh() {
            world.clockify.outcome(ticket, &Err("no route".to_owned()), now, counting);
        }
    }
}

#[test]
fn a_new_token_replaces_the_old_one_at_once() {
    let mut world = World::paid();
    let hook = world.hook("sync", "NEW_TIME_ENTRY");
    let old = world.get(&format!("webhooks/{hook}"))["authToken"].clone();
    world.entry(8, 9);
    let renewed = world.must(200, "PATCH", &format!("webhooks/{hook}/token"), Value::Null);
    assert_ne!(renewed["authToken"], old);
    let ticket = world.clockify.take_fresh()[0];
    let sent = world.clockify.attempt(ticket).expect("it waits");
    let token = sent.headers.iter().find(|(name, _)| name == "Clockify-Signature").expect("a token");
    assert_eq!(renewed["authToken"], token.1);
    let ((status, code), _) = world.refused("GET", &format!("webhooks/{hook}/token"), Value::Null);
    assert_eq!((status, code, world.header("allow")), (405, 3000, Some("PATCH")));
    let dead = format!("webhooks/{hook}/generateNewToken");
    assert_eq!(world.refused("PATCH", &dead, Value::Null).0, (404, 3000));
}

#[test]
fn webhooks_are_the_business_of_owners_and_admins() {
    let mut world = World::paid();
    let other = world.clockify.add_user("Dana Moss", "dana@example.test");
    world.key = world.clockify.token_of(&other).expect("a key").to_owned();
    assert_eq!(world.refused("GET", "webhooks", Value::Null).0, (403, 501));
    assert_eq!(world.refused("POST", "webhooks", body("mine", "NEW_TAG")).0, (403, 501));
}

#[test]
fn free_allows_three_paid_ten_a_user_and_a_change_of_plan_keeps_the_oldest() {
    let mut world = World::new(Plan::Free);
    world.person = true;
    let flags = |world: &mut World| -> Vec<bool> {
        let list = world.get("webhooks");
        let rows = list["webhooks"].as_array().expect("rows");
        rows.iter().map(|row| row["planEnabled"] == json!(true)).collect()
    };
    for number in 0..3 {
        world.hook(&format!("hook {number}"), "NEW_TAG");
    }
    assert_eq!(world.refused("POST", "webhooks", body("one more", "NEW_TAG")).0, (403, 501));
    world.clockify.set_plan(true);
    for number in 3..10 {
        let event = if number == 3 { "NEW_INVOICE" } else { "TIME_ENTRY_UPDATED" };
        world.hook(&format!("hook {number}"), event);
        world.wait(1);
    }
    assert_eq!(world.refused("POST", "webhooks", body("one more", "NEW_TAG")).0, (403, 501));
    let first = id(&world.get("webhooks")["webhooks"][0]);
    world.clockify.set_plan(false);
    assert_eq!(flags(&mut world), [true, true, true, false, false, false, false, false, false, false]);
    world.must(200, "DELETE", &format!("webhooks/{first}"), Value::Null);
    assert_eq!(flags(&mut world)[..4], [true, true, false, true], "an invoice is no matter of Free");
    let invoice = id(&world.get("webhooks")["webhooks"][2]);
    world.must(200, "PUT", &format!("webhooks/{invoice}"), body("hook 3", "NEW_TAG"));
    assert_eq!(flags(&mut world)[..4], [true, true, true, false], "a tag is, and it is older");
    world.clockify.set_plan(true);
    assert!(flags(&mut world).iter().all(|on| *on), "an upgrade re-enables");
}

#[test]
fn another_administrator_has_ten_of_their_own() {
    let mut world = World::paid();
    for number in 0..10 {
        world.hook(&format!("hook {number}"), "NEW_TAG");
    }
    let other = world.clockify.add_user("Dana Moss", "dana@example.test");
    world.clockify.set_admin(&other, true);
    world.key = world.clockify.token_of(&other).expect("a key").to_owned();
    for number in 10..20 {
        world.hook(&format!("hook {number}"), "NEW_TAG");
    }
    assert_eq!(world.refused("POST", "webhooks", body("one more", "NEW_TAG")).0, (403, 501));
    assert_eq!(world.get("webhooks")["workspaceWebhookCount"], 20, "all are seen by every administrator");
}

#[test]
fn logs_are_searched_by_post_and_pages_count_from_nought() {
    let mut world = World::paid();
    let hook = world.hook("sync", "TIME_ENTRY_UPDATED");
    fail(&mut world, 4);
    let path = |part: &str| format!("webhooks/{hook}/{part}");
    let ((status, code), _) = world.refused("GET", &path("logs"), Value::Null);
    assert_eq!((status, code, world.header("allow")), (405, 3000, Some("POST")));
    let page =
        |world: &mut World, query: &str| world.must(200, "POST", &path(query), json!({"status": "FAILED"}));
    let (first, second) = (page(&mut world, "logs?page=0&size=3"), page(&mut world, "logs?page=1&size=3"));
    assert_eq!((first.as_array().map(Vec::len), second.as_array().map(Vec::len)), (Some(3), Some(1)));
    assert!(first[0]["respondedAt"].as_str().expect("a time").ends_with(".000+00:00"));
    assert_eq!(world.must(200, "POST", &path("logs"), json!({"status": "SUCCEEDED"})), json!([]));
    let later = json!({"from": "2026-03-02T09:00:01Z"});
    assert_eq!(world.must(200, "POST", &path("logs"), later), json!([]));
    let statuses = world.get(&path("statuses?statuses=FAILED&size=1"));
    assert_eq!(
        (statuses[0]["status"].as_str(), statuses[0]["retryCount"].as_i64()),
        (Some("FAILED"), Some(0))
    );
    assert!(statuses[0]["respondedAt"].as_str().expect("a time").ends_with(" +0000"));
    assert_eq!(world.refused("GET", &path("statuses?statuses=LOST"), Value::Null).0, (400, 3000));
}

#[test]
fn a_surplus_may_be_made_disabled_instead_of_refused() {
    let mut options = ClockifyOptions::new(7, Plan::Free, at("2026-03-02T09:00:00Z"));
    options.invented.surplus_webhook_is_refused = false;
    let mut world = World::with(options);
    for number in 0..4 {
        world.hook(&format!("hook {number}"), "NEW_TAG");
    }
    world.post("tags", json!({"name": "design"}));
    assert_eq!(world.words(), ["NEW_TAG"; 3], "the fourth is disabled by the plan");
}

#[test]
fn each_action_is_its_event() {
    let mut world = World::paid();
    for event in
        ["NEW_TIMER_STARTED", "TIMER_STOPPED", "NEW_TIME_ENTRY", "TIME_ENTRY_UPDATED", "TIME_ENTRY_DELETED"]
    {
        world.hook(event, event);
    }
    let first = id(&world.entry(8, 9));
    assert_eq!(world.words(), ["NEW_TIME_ENTRY"]);
    let timer = json!({"start": "2026-03-02T08:30:00Z", "description": "Planning"});
    let running = id(&world.post("time-entries", timer.clone()));
    assert_eq!(world.words(), ["NEW_TIMER_STARTED"]);
    let edit = json!({"start": "2026-03-02T08:31:00Z", "description": "Planning"});
    world.must(200, "PUT", &format!("time-entries/{running}"), edit);
    assert_eq!(world.words(), ["TIME_ENTRY_UPDATED"]);
    world.must(
        200,
        "PATCH",
        &format!("user/{OWNER_ID}/time-entries"),
        json!({"end": "2026-03-02T08:59:00Z"}),
    );
    assert_eq!(world.words(), ["TIMER_STOPPED"], "and no new entry");
    world.post("time-entries", timer.clone());
    world.post("time-entries", timer);
    assert_eq!(world.words(), ["NEW_TIMER_STARTED", "TIMER_STOPPED", "NEW_TIMER_STARTED"]);
    world.post(&format!("user/{OWNER_ID}/time-entries/{first}/duplicate"), Value::Null);
    assert_eq!(world.words(), ["NEW_TIME_ENTRY"]);
    let bulk: Vec<Value> = [&first, &running]
        .map(|id| json!({"id": id, "start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"}))
        .to_vec();
    world.must(200, "PUT", &format!("user/{OWNER_ID}/time-entries"), json!(bulk));
    assert_eq!(world.words(), ["TIME_ENTRY_UPDATED"; 2]);
    world.must(204, "DELETE", &format!("time-entries/{first}"), Value::Null);
    let told = world.announced();
    assert_eq!((told.len(), told[0].0.as_str(), &told[0].1["id"]), (1, "TIME_ENTRY_DELETED", &json!(first)));
    assert_eq!(told[0].1["timeInterval"]["start"], "2026-03-02T08:00:00Z", "the whole entry");
    world.must(400, "DELETE", &format!("time-entries/{first}"), Value::Null);
    assert!(world.words().is_empty(), "what is refused is not announced");
}

#[test]
fn the_catalogue_has_events_of_its_own() {
    let mut world = World::paid();
    for (number, event) in [
        "NEW_CLIENT",
        "CLIENT_UPDATED",
        "NEW_PROJECT",
        "PROJECT_UPDATED",
        "PROJECT_DELETED",
        "NEW_TAG",
        "TAG_DELETED",
        "NEW_TASK",
        "TASK_UPDATED",
        "TASK_DELETED",
    ]
    .iter()
    .enumerate()
    {
        world.hook(&format!("hook {number}"), event);
    }
    let client = id(&world.post("clients", json!({"name": "Harbor Co"})));
    world.must(200, "PUT", &format!("clients/{client}"), json!({"name": "Harbor"}));
    let project = id(&world.post("projects", json!({"name": "Harbor site", "clientId": client})));
    let task = id(&world.post(&format!("projects/{project}/tasks"), json!({"name": "Draft"})));
    let path = format!("projects/{project}/tasks/{task}");
    world.must(200, "PUT", &path, json!({"name": "Draft", "status": "DONE"}));
    world.must(200, "DELETE", &path, Value::Null);
    world.must(200, "PUT", &format!("projects/{project}"), json!({"name": "Harbor site", "archived": true}));
    world.must(200, "DELETE", &format!("projects/{project}"), Value::Null);
    let tag = id(&world.post("tags", json!({"name": "design"})));
    world.must(200, "DELETE", &format!("tags/{tag}"), Value::Null);
    let told = world.announced();
    let words: Vec<&str> = told.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(
        words,
        [
            "NEW_CLIENT",
            "CLIENT_UPDATED",
            "NEW_PROJECT",
            "NEW_TASK",
            "TASK_UPDATED",
            "TASK_DELETED",
            "PROJECT_UPDATED",
            "PROJECT_DELETED",
            "NEW_TAG",
            "TAG_DELETED"
        ]
    );
    assert_eq!((&told[2].1["name"], &told[2].1["clientName"]), (&json!("Harbor site"), &json!("Harbor")));
    assert_eq!((&told[7].1["id"], &told[7].1["archived"]), (&json!(project), &json!(true)));
}

#[test]
fn a_webhook_may_be_limited_to_some_ids() {
    let mut world = World::paid();
    let project = id(&world.post("projects", json!({"name": "Harbor site"})));
    let tag = id(&world.post("tags", json!({"name": "design"})));
    for (name, kind, source) in [
        ("project", "PROJECT_ID", project.as_str()),
        ("tag", "TAG_ID", &tag),
        ("user", "USER_ID", OWNER_ID),
        ("nobody", "USER_ID", "64f0c0ffee0000000000a0ff"),
        ("all", "WORKSPACE_ID", WORKSPACE_ID),
    ] {
        let mut body = body(name, "NEW_TIME_ENTRY");
        (body["triggerSourceType"], body["triggerSource"]) = (json!(kind), json!([source]));
        world.post("webhooks", body);
    }
    world.entry(8, 9);
    assert_eq!(world.words().len(), 2, "user and workspace");
    let body = json!({"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z", "projectId": project,
        "tagIds": [tag]});
    world.post("time-entries", body);
    assert_eq!(world.words().len(), 4, "all but the stranger's");
}

#[test]
fn the_body_is_flat_and_hydrated() {
    let mut world = World::paid();
    let client = id(&world.post("clients", json!({"name": "Acme"})));
    let project =
        id(&world.post("projects", json!({"name": "Acme website", "clientId": client, "billable": true})));
    let task = id(&world.post(&format!("projects/{project}/tasks"), json!({"name": "Draft"})));
    let tag = id(&world.post("tags", json!({"name": "copy"})));
    world.hook("sync", "NEW_TIME_ENTRY");
    world.hook("start", "NEW_TIMER_STARTED");
    let entry = json!({"start": "2026-03-02T14:00:00Z", "end": "2026-03-02T15:30:00Z", "projectId": project,
        "taskId": task, "tagIds": [tag], "description": "Landing page copy", "billable": true});
    world.post("time-entries", entry);
    let told = world.announced().remove(0).1;
    let keys: Vec<&str> = told.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "description",
            "userId",
            "billable",
            "projectId",
            "timeInterval",
            "workspaceId",
            "isLocked",
            "hourlyRate",
            "costRate",
            "customFieldValues",
            "type",
            "kioskId",
            "approvalStatus",
            "projectCurrency",
            "currentlyRunning",
            "project",
            "task",
            "user",
            "tags"
        ]
    );
    assert_eq!((&told["project"]["clientName"], &told["task"]["name"]), (&json!("Acme"), &json!("Draft")));
    assert_eq!((&told["tags"][0]["name"], &told["user"]["name"]), (&json!("copy"), &json!("Ida Kern")));
    assert_eq!(told["timeInterval"]["duration"], "PT1H30M");
    world.post("time-entries", json!({"start": "2026-03-02T08:30:00Z"}));
    let timer = world.announced().remove(0).1;
    assert_eq!((&timer["currentlyRunning"], &timer["timeInterval"]["end"]), (&json!(true), &Value::Null));
    assert_eq!(
        (&timer["projectId"], &timer["project"], &timer["tags"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
}
