//! Deliveries of Toggl's webhooks, in every form.

use hourwire::domain::announced::{About, Action, Announced};
use hourwire::domain::catalogue::Kind;
use hourwire::domain::id::RemoteId;
use hourwire::domain::read::SourceRead;
use hourwire::services::toggl::delivery::{NotUnderstood, parse};
use serde_json::{Value, json};

use super::at;

fn stopped() -> Value {
    json!({"event_id":7412093355218840_u64,"created_at":"2026-03-02T14:05:10.412Z","creator_id":5550001,
        "metadata":{"action":"updated","event_user_id":"5550001","model":"time_entry","model_owner_id":"5550001",
            "path":"/api/v9/workspaces/4440001/time_entries/3990000123/stop","project_id":"2220007",
            "project_is_private":"false","request_body":"{\"private\":1}","request_type":"PATCH",
            "time_entry_id":"3990000123","workspace_id":"4440001"},
        "payload":{"at":"2026-03-02T14:05:09+00:00","billable":true,"description":"Wireframes r2","duration":2709,
            "duronly":true,"id":3990000123_i64,"pid":2220007,"project_id":2220007,"server_deleted_at":null,
            "start":"2026-03-02T13:20:00Z","stop":"2026-03-02T14:05:09Z","tag_ids":null,"tags":[],"task_id":null,
            "uid":5550001,"user_id":5550001,"wid":4440001,"workspace_id":4440001},
        "subscription_id":20417,"timestamp":"2026-03-02T14:05:10.907341228Z",
        "url_callback":"https://hooks.example.com/toggl"})
}

fn parsed(body: &Value) -> Announced {
    parse(body.to_string().as_bytes()).expect("understood")
}

fn entry_of(body: &Value) -> (RemoteId, Option<SourceRead>) {
    match parsed(body).about {
        About::Entry { id, read } => (id, read),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stopped_timer_is_an_update() {
    let announced = parsed(&stopped());
    assert_eq!(announced.subscription, RemoteId::from(20417));
    assert_eq!((announced.event_id, announced.action), (7412093355218840, Some(Action::Updated)));
    assert_eq!(announced.created_at, at("2026-03-02T14:05:10.412Z"));
    assert_eq!(announced.workspace, Some(RemoteId::from(4440001)));
    assert_eq!(announced.user, Some(RemoteId::from(5550001)));
    assert!(
        !serde_json::to_string(&announced).expect("json").contains("private"),
        "request_body is not kept"
    );
    let (id, read) = entry_of(&stopped());
    let read = read.expect("a state");
    assert_eq!(
        (id, read.at, read.deleted_at),
        (RemoteId::from(3990000123), at("2026-03-02T14:05:09Z"), None)
    );
    let entry = read.entry.expect("an entry");
    assert_eq!((entry.stop, entry.tags.len()), (Some(at("2026-03-02T14:05:09Z")), 0));
}

#[test]
fn pings_have_a_code_until_validated() {
    let own = r#"{"event_id":0,"created_at":"2026-03-02T09:00:00.123456789Z","creator_id":5550001,"metadata":{"request_type":"POST","event_user_id":5550001},"payload":"ping","subscription_id":20417,"timestamp":"2026-03-02T09:00:00.123456789Z","url_callback":"https://hooks.example.com/toggl","validation_code":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","validation_code_url":"https://track.toggl.com/webhooks/api/v1/validate/4440001/20417/0f1e2d3c4b5a69788796a5b4c3d2e1f0"}"#;
    let announced = parse(own.as_bytes()).expect("understood");
    let code = Some("0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned());
    assert_eq!((announced.about, announced.action, announced.event_id), (About::Ping { code }, None, 0));
    assert_eq!(announced.user, Some(RemoteId::from(5550001)), "a number here");
    let published = r#"{"event_id":0,"created_at":"2022-06-25T03:58:10.207820267Z","creator_id":6,"metadata":{"request_type":"POST","event_user_id":6},"payload":"ping","subscription_id":6}"#;
    assert_eq!(parse(published.as_bytes()).expect("understood").about, About::Ping { code: None });
}

#[test]
fn all_forms_of_a_deletion_say_when() {
    let deletion = |payload: Value| {
        let mut body = stopped();
        body["metadata"]["action"] = json!("deleted");
        body["metadata"]["path"] = json!("/api/v9/workspaces/4440001/time_entries/3990000123");
        body["payload"] = payload;
        body
    };
    let mut full = stopped()["payload"].clone();
    let unchanged = full.clone();
    full["server_deleted_at"] = json!("2026-03-02T14:05:09+00:00");
    let (_, read) = entry_of(&deletion(full));
    let read = read.expect("a state");
    assert_eq!((read.at, read.deleted_at), (at("2026-03-02T14:05:09Z"), Some(at("2026-03-02T14:05:09Z"))));
    assert!(read.entry.is_some());
    let (_, read) = entry_of(&deletion(unchanged));
    let read = read.expect("a state");
    assert_eq!((read.at, read.deleted_at), (at("2026-03-02T14:05:10Z"), Some(at("2026-03-02T14:05:10Z"))));
    let mut missing = deletion(Value::Null);
    missing.as_object_mut().expect("object").remove("payload");
    for body in [deletion(json!({"id": 3990000123_i64})), deletion(Value::Null), missing, deletion(json!({}))]
    {
        let (id, read) = entry_of(&body);
        let read = read.expect("a deletion is a state");
        assert_eq!((id, read.entry), (RemoteId::from(3990000123), None), "{body}");
        assert_eq!(read.deleted_at, Some(at("2026-03-02T14:05:10Z")));
    }
}

#[test]
fn the_id_is_found_wherever_it_is() {
    let mut body = stopped();
    body["metadata"].as_object_mut().expect("object").remove("time_entry_id");
    body["payload"]["id"] = json!(1);
    assert_eq!(entry_of(&body).0, RemoteId::from(3990000123), "the path comes before the payload");
    body["metadata"]["path"] = json!("/api/v9/workspaces/4440001/time_entries");
    assert_eq!(entry_of(&body).0, RemoteId::from(1), "the workspace in a create's path is not the entry");
    body["metadata"]["path"] = json!("/api/v9/workspaces/4440001/time_entries/1,2,3");
    assert_eq!(entry_of(&body).0, RemoteId::from(1), "nor is a list of ids one");
    body["payload"].as_object_mut().expect("object").remove("id");
    assert_eq!(parse(body.to_string().as_bytes()), Err(NotUnderstood::Lacks("entity id")));
    body["metadata"]["time_entry_id"] = json!(42);
    assert_eq!(entry_of(&body).0, RemoteId::from(42), "numbers are as good as text");
}

#[test]
fn a_state_that_cannot_be_used_is_none() {
    let mut body = stopped();
    body["payload"] = json!({"id": 3990000123_i64, "description": "only this"});
    assert_eq!(entry_of(&body), (RemoteId::from(3990000123), None));
}

fn event(model: &str, action: &str, id: &str, payload: Value) -> Value {
    let mut metadata =
        json!({"action": action, "model": model, "event_user_id": "5550001", "workspace_id": "4440001"});
    metadata[format!("{model}_id")] = json!(id);
    json!({"event_id": "7412093355219001", "created_at": "2026-03-02T15:00:01.020Z", "metadata": metadata,
        "payload": payload, "subscription_id": "20417"})
}

#[test]
fn projects_clients_and_tags_are_items() {
    let project = json!({"id":2220008,"workspace_id":4440001,"client_id":1110003,"name":"Harbor site","active":true,
        "at":"2026-03-02T15:00:01+00:00","color":"#0b83d9","billable":true,"rate":95.0,"server_deleted_at":null});
    let announced = parsed(&event("project", "created", "2220008", project));
    assert_eq!((announced.event_id, announced.subscription), (7412093355219001, RemoteId::from(20417)));
    let About::Item { kind: Kind::Project, item: Some(item), .. } = announced.about else {
        panic!("a project")
    };
    assert_eq!((item.name.as_str(), item.client), ("Harbor site", Some(RemoteId::from(1110003))));
    let client = json!({"id":1110003,"wid":4440001,"archived":false,"name":"Harbor Co","at":"2026-03-02T15:01:40+00:00"});
    let About::Item { kind, item, .. } = parsed(&event("client", "deleted", "1110003", client)).about else {
        panic!("a client")
    };
    assert_eq!((kind, item.expect("an item").deleted), (Kind::Client, true));
    let About::Item { kind, id, item } = parsed(&event("tag", "deleted", "330011", Value::Null)).about else {
        panic!("a tag")
    };
    assert_eq!((kind, id, item), (Kind::Tag, RemoteId::from(330011), None));
    let other = parsed(&event("workspace_user", "updated", "9", json!({"id": 9}))).about;
    assert_eq!(other, About::Other { model: "workspace_user".to_owned() });
}

#[test]
fn equal_content_has_an_equal_digest_whatever_the_order() {
    let mut other_order = stopped();
    let payload = other_order["payload"].as_object().expect("object").clone();
    other_order["payload"] = Value::Object(payload.into_iter().rev().collect());
    other_order["event_id"] = json!(1);
    assert_eq!(parsed(&stopped()).digest, parsed(&other_order).digest);
    other_order["payload"]["description"] = json!("Wireframes r3");
    assert_ne!(parsed(&stopped()).digest, parsed(&other_order).digest);
}

#[test]
fn deletions_without_payload_are_told_apart_by_what_they_are_about() {
    let gone = |model: &str, id: &str| parsed(&event(model, "deleted", id, Value::Null)).digest;
    assert_eq!(gone("time_entry", "7"), gone("time_entry", "7"));
    assert_ne!(gone("time_entry", "7"), gone("time_entry", "8"));
    assert_ne!(gone("project", "7"), gone("client", "7"));
    let project = json!({"id": 7, "name": "Harbor site"});
    let digest = |action: &str| parsed(&event("project", action, "7", project.clone())).digest;
    assert_ne!(digest("created"), digest("updated"));
}

#[test]
fn nonsense_is_named_and_never_panics() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for body in ["", "nope", "{", "\u{0}", &deep] {
        assert_eq!(parse(body.as_bytes()), Err(NotUnderstood::NotJson), "{:.20}", body);
    }
    assert_eq!(parse(b"\xff\xfe"), Err(NotUnderstood::NotJson));
    assert_eq!(parse(b"[1]"), Err(NotUnderstood::NotAnObject("a list")));
    assert_eq!(parse(b"{}"), Err(NotUnderstood::Lacks("event_id")));
    assert_eq!(parse(br#"{"event_id":-1}"#), Err(NotUnderstood::Lacks("event_id")));
    for key in ["event_id", "subscription_id"] {
        let mut body = stopped();
        body.as_object_mut().expect("object").remove(key);
        assert_eq!(parse(body.to_string().as_bytes()), Err(NotUnderstood::Lacks(key)));
    }
    let whole = stopped();
    for key in whole.as_object().expect("object").keys() {
        for odd in [json!(null), json!([]), json!("x"), json!(-1.5), json!({"a": {"b": []}}), json!(true)] {
            let mut body = whole.clone();
            body[key] = odd;
            let _ = parse(body.to_string().as_bytes());
        }
    }
}

#[test]
fn a_part_of_an_entry_that_means_nothing_makes_a_dead_letter_of_it() {
    let told = |key: &str, odd: Value, action: &str| {
        let mut body = stopped();
        body["payload"][key] = odd;
        body["metadata"]["action"] = action.into();
        parse(body.to_string().as_bytes()).map(|_| ())
    };
    for (key, odd) in [
        ("description", json!(5)),
        ("description", json!(["Wireframes"])),
        ("start", json!("yesterday")),
        ("start", json!(1_772_000_000)),
        ("stop", json!({"at": 1})),
        // Before its start.
        ("stop", json!("2026-03-02T13:19:59Z")),
        ("duration", json!("long")),
    ] {
        let part = NotUnderstood::Lacks(match key {
            "description" => "description",
            "start" => "start",
            "stop" => "stop",
            _ => "duration",
        });
        assert_eq!(told(key, odd.clone(), "updated"), Err(part), "{key} {odd}");
        // A deletion holds whatever else is told of what is gone.
        assert_eq!(told(key, odd, "deleted"), Ok(()), "{key}");
    }
    for (key, usual) in [
        ("description", Value::Null),
        ("stop", Value::Null),
        ("stop", json!("")),
        ("stop", json!("2026-03-02T13:20:00Z")),
        ("duration", json!(-1)),
        ("duration", json!("2709")),
        ("duration", json!(2709.0)),
    ] {
        assert_eq!(told(key, usual.clone(), "updated"), Ok(()), "{key} {usual}");
    }
}
