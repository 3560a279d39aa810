//! Who is let in, what is routed, and what the quota says.

use super::*;

const UNKNOWN: &str = "64f0c0ffee00000000009999";

#[test]
fn the_three_refusals_of_a_key() {
    let mut world = World::paid();
    let key = world.key.clone();
    let good = || ("x-api-key".to_owned(), key.clone());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let cases = [
        (vec![], 1000, "Multiple or none auth tokens present"),
        (vec![good(), pair("x-addon-token", "t")], 1000, "Multiple or none auth tokens present"),
        (vec![pair("authorization", &format!("Bearer {key}"))], 1000, "Multiple or none auth tokens present"),
        (vec![pair("x-api-key", "wrong")], 4003, "Api key does not exist"),
        (vec![pair("x-addon-token", "t")], 4017, "Token is not valid"),
    ];
    for (headers, code, message) in cases {
        let mut call = world.call("GET", "/user", None);
        call.headers = headers.clone();
        assert_eq!(world.send(&call), (401, json!({"message": message, "code": code})), "{headers:?}");
    }
    assert_eq!(world.get("/user")["id"], OWNER_ID);
}

#[test]
fn a_replaced_key_is_refused_and_the_new_one_let_in() {
    let mut world = World::paid();
    world.clockify.set_token(OWNER_ID, "renewed");
    assert_eq!(world.refused("GET", "/user", Value::Null).0, (401, 4003));
    world.key = "renewed".to_owned();
    assert_eq!(world.get("/user")["id"], OWNER_ID);
}

#[test]
fn each_user_has_a_key() {
    let mut world = World::paid();
    let dana = world.clockify.add_user("Dana Moss", "dana@example.test");
    world.key = world.clockify.token_of(&dana).expect("a key").to_owned();
    assert_eq!(world.get("/user")["name"], "Dana Moss");
}

#[test]
fn unknown_paths_are_404_and_wrong_verbs_405() {
    let mut world = World::paid();
    let project = id(&world.post("projects", json!({"name": "Harbor site"})));
    let unrouted = [
        "/nothing",
        "nothing",
        "time-entries/a/b/c",
        &format!("projects/{project}/archive"),
        "entities/moved",
    ];
    for path in unrouted {
        let (refusal, message) = world.refused("PUT", path, json!({}));
        assert_eq!(refusal, (404, 3000), "{path}");
        assert!(message.starts_with("No static resource v1/"), "{message}");
    }
    let cases = [
        ("PATCH", format!("projects/{project}"), "GET,PUT,DELETE"),
        ("PATCH", "time-entries/64f0c0ffee00000000009999".to_owned(), "GET,PUT,DELETE"),
        ("GET", "time-entries".to_owned(), "POST"),
        ("PUT", format!("/workspaces/{WORKSPACE_ID}"), "GET"),
        ("DELETE", "tags".to_owned(), "GET,POST"),
    ];
    for (method, path, allow) in cases {
        let (refusal, message) = world.refused(method, &path, Value::Null);
        assert_eq!(refusal, (405, 3000), "{method} {path}");
        assert_eq!(message, format!("Request method '{method}' is not supported"));
        assert_eq!(world.header("allow"), Some(allow), "{method} {path}");
    }
}

#[test]
fn what_is_missing_is_400_and_501() {
    let mut world = World::paid();
    let project = id(&world.post("projects", json!({"name": "Harbor site"})));
    let entry = json!({"start": "2026-03-02T09:00:00Z"});
    let name = json!({"name": "Any"});
    let cases = [
        ("GET", format!("projects/{UNKNOWN}"), Value::Null, "Project"),
        ("PUT", format!("projects/{UNKNOWN}"), name.clone(), "Project"),
        ("DELETE", "projects/not-an-id".to_owned(), Value::Null, "Project"),
        ("GET", format!("projects/{UNKNOWN}/tasks"), Value::Null, "Project"),
        ("GET", format!("projects/{project}/tasks/{UNKNOWN}"), Value::Null, "Task"),
        ("GET", format!("clients/{UNKNOWN}"), Value::Null, "Client"),
        ("PUT", format!("tags/{UNKNOWN}"), name, "Tag"),
        ("GET", format!("time-entries/{UNKNOWN}"), Value::Null, "Time entry"),
        ("PUT", format!("time-entries/{UNKNOWN}"), entry.clone(), "Time entry"),
        ("DELETE", format!("time-entries/{UNKNOWN}"), Value::Null, "Time entry"),
        ("POST", format!("user/{UNKNOWN}/time-entries"), entry.clone(), "User"),
        ("GET", format!("user/{UNKNOWN}/time-entries"), Value::Null, "User"),
    ];
    for (method, path, body, noun) in cases {
        let (refusal, message) = world.refused(method, &path, body);
        assert_eq!(refusal, (400, 501), "{method} {path}");
        assert!(message.contains(&format!("{noun} doesn't belong to")), "{method} {path}: {message}");
    }
    let elsewhere = format!("/workspaces/{UNKNOWN}/tags");
    assert_eq!(world.refused("GET", &elsewhere, Value::Null).0, (403, 501));
}

#[test]
fn bad_queries_are_3000_and_bad_bodies_3002() {
    let mut world = World::paid();
    let project = id(&world.post("projects", json!({"name": "Harbor site"})));
    let (refusal, message) =
        world.refused("GET", &format!("projects/{project}/tasks?is-active=maybe"), Value::Null);
    assert_eq!(refusal, (400, 3000));
    assert!(
        message.starts_with("Method parameter 'is-active': Failed to convert value of type"),
        "{message}"
    );
    assert!(message.contains("maybe"), "{message}");
    assert_eq!(world.refused("GET", "tags?page=one", Value::Null).0, (400, 3000));
    let start = "2026-03-02T09:00:00Z";
    let bodies = [
        json!({"start": start, "type": "LUNCH"}),
        json!({"start": start, "billable": "yes"}),
        json!({"start": "yesterday"}),
        json!({"start": start, "tagIds": "a"}),
        json!([]),
    ];
    for body in bodies {
        assert_eq!(world.refused("POST", "time-entries", body.clone()).0, (400, 3002), "{body}");
    }
    let (_, message) = world.refused("POST", "time-entries", json!({"start": start, "type": "LUNCH"}));
    assert!(message.contains("REGULAR, BREAK"), "the words are listed: {message}");
    let mut torn = world.call("POST", "time-entries", None);
    torn.body = Bytes::from_static(b"{\"start\":");
    assert_eq!(world.send(&torn).1["code"], 3002);
}

#[test]
fn free_is_thirty_in_rolling_sixty_minutes() {
    let mut world = World::new(Plan::Free);
    let start = world.now;
    for _ in 0..30 {
        world.get("tags");
        world.wait(60);
    }
    let left = |world: &World| world.clockify.remaining(world.now).expect("a bucket");
    assert_eq!(left(&world), (format!("workspace:{WORKSPACE_ID}"), 0));
    for _ in 0..5 {
        let (status, body) = world.ask("GET", "tags", Value::Null);
        assert_eq!((status, body["message"].as_str()), (429, Some("Too many requests")));
        assert!(body["code"].is_i64());
        assert_eq!(world.header("retry-after"), None);
    }
    world.now = start + TimeDelta::seconds(3599);
    assert_eq!(world.ask("GET", "tags", Value::Null).0, 429);
    // The refused ones did not count, so the first of the thirty leaves exactly one place.
    world.now = start + TimeDelta::hours(1);
    assert_eq!(left(&world).1, 1);
    world.get("tags");
    world.clockify.settings_mut().retry_after = true;
    assert_eq!(world.ask("GET", "tags", Value::Null).0, 429);
    assert_eq!(world.header("retry-after"), Some("60"));
}

#[test]
fn refused_credentials_cost_nothing_and_refused_content_does() {
    let mut world = World::new(Plan::Free);
    let key = std::mem::replace(&mut world.key, "wrong".to_owned());
    world.ask("GET", "/user", Value::Null);
    world.key = key;
    assert_eq!(world.clockify.remaining(world.now).expect("a bucket").1, 30);
    world.ask("GET", "tags/none", Value::Null);
    assert_eq!(world.clockify.remaining(world.now).expect("a bucket").1, 29);
}

#[test]
fn paid_is_fifty_a_second() {
    let mut world = World::new(Plan::Paid);
    for _ in 0..50 {
        world.get("tags");
    }
    assert_eq!(world.ask("GET", "tags", Value::Null).0, 429);
    world.wait(1);
    world.get("tags");
    assert_eq!(world.clockify.remaining(world.now).expect("a bucket").1, 49);
}

#[test]
fn a_person_in_the_web_page_spends_nothing() {
    let mut world = World::new(Plan::Free);
    for _ in 0..30 {
        world.get("tags");
    }
    world.person = true;
    world.post("tags", json!({"name": "copy"}));
    assert_eq!(world.clockify.remaining(world.now).expect("a bucket").1, 0);
}

#[test]
fn the_plan_shows_and_changes_the_limit() {
    let mut world = World::new(Plan::Free);
    let workspace = world.get(&format!("/workspaces/{WORKSPACE_ID}"));
    assert_eq!(workspace["featureSubscriptionType"], "FREE");
    world.clockify.set_plan(true);
    let workspace = &world.get("/workspaces")[0];
    assert_eq!(workspace["featureSubscriptionType"], "STANDARD_2021");
    assert!(workspace["features"].as_array().expect("a list").contains(&json!("CUSTOM_FIELDS")));
    assert_eq!(world.clockify.remaining(world.now).expect("a bucket").1, 48);
}

#[test]
fn equal_seeds_and_calls_give_equal_worlds() {
    let run = |seed| {
        let mut world = World::with(ClockifyOptions::new(seed, Plan::Paid, at("2026-03-02T09:00:00Z")));
        world.post("tags", json!({"name": "copy"}));
        world.entry(9, 10);
        (world.clockify.token().to_owned(), world.clockify.state())
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3).0, run(4).0);
}
