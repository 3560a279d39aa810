//! Deliveries of Clockify's webhooks, in every form.

use hourwire::domain::announced::Action;
use hourwire::domain::catalogue::Kind;
use hourwire::domain::clockify_hook::{Event, News, Subject};
use hourwire::domain::id::RemoteId;
use hourwire::domain::read::TargetRead;
use hourwire::services::clockify::delivery::{NotUnderstood, parse};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::at;

const ENTRY: &str = "6586e3000000000000000f01";
const PROJECT: &str = "64f0c0ffee0000000000c001";

/// The captured key set of the reference.
fn flat() -> Value {
    json!({"id":ENTRY,"description":"Landing page copy","userId":"64f0c0ffee0000000000a001","billable":true,
        "projectId":PROJECT,"timeInterval":{"start":"2026-03-02T14:00:00Z","end":"2026-03-02T15:30:00Z",
        "duration":"PT1H30M"},"workspaceId":"64f0c0ffee0000000000b001","isLocked":false,"hourlyRate":null,
        "costRate":null,"customFieldValues":[],"type":"REGULAR","kioskId":null,"approvalStatus":null,
        "projectCurrency":null,"currentlyRunning":false,"project":{"name":"Acme website","id":PROJECT,
        "clientId":"64f0c0ffee0000000000d001","duration":"PT4H30M","public":true},"task":null,
        "user":{"id":"64f0c0ffee0000000000a001","name":"Sam Rivera","status":"ACTIVE"},
        "tags":[{"id":"64f0c0ffee0000000000f102","name":"b"},{"id":"64f0c0ffee0000000000f101","name":"copy"}]})
}

fn news(event: &str, body: &Value) -> News {
    parse(event, body.to_string().as_bytes()).expect("understood")
}

fn read(event: &str, body: &Value) -> Option<TargetRead> {
    match news(event, body).subject {
        Subject::Entry { read, .. } => read,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_flat_body_is_an_entry_as_a_read_gives_it() {
    let told = news("TIME_ENTRY_UPDATED", &flat());
    assert_eq!(told.event, Event::EntryUpdated);
    assert_eq!(told.workspace, Some(RemoteId::from("64f0c0ffee0000000000b001")));
    let Subject::Entry { id, read: Some(read) } = told.subject else { panic!("an entry") };
    assert_eq!((id, read.id.as_str()), (RemoteId::from(ENTRY), ENTRY));
    assert_eq!(read.tags, ["64f0c0ffee0000000000f101", "64f0c0ffee0000000000f102"].map(RemoteId::from));
    assert_eq!((read.project, read.billable, read.locked), (Some(RemoteId::from(PROJECT)), true, false));
    assert_eq!((read.start, read.stop), (at("2026-03-02T14:00:00Z"), Some(at("2026-03-02T15:30:00Z"))));
    assert_eq!(read.description, "Landing page copy");
}

#[test]
fn what_may_be_missing_or_in_another_form_is_understood() {
    for none in [json!(null), json!("")] {
        let mut body = flat();
        (body["projectId"], body["project"], body["tags"]) = (none, Value::Null, Value::Null);
        let read = read("NEW_TIME_ENTRY", &body).expect("an entry");
        assert_eq!((read.project, read.tags), (None, vec![]));
    }
    let mut body = flat();
    body["tags"] = json!([]);
    body["tagIds"] = json!(["64f0c0ffee0000000000f101"]);
    body["task"] = json!({"id":"54a377ddd3fcab07cfbb432a","name":"Draft"});
    let told = read("TIME_ENTRY_UPDATED", &body).expect("an entry");
    assert_eq!(told.tags, [RemoteId::from("64f0c0ffee0000000000f101")]);
    assert_eq!(told.raw["task"]["name"], "Draft");
    let mut running = flat();
    running["currentlyRunning"] = json!(true);
    running["timeInterval"] = json!({"start":"2026-03-02T14:00:00Z","end":null,"duration":null});
    assert_eq!(read("NEW_TIMER_STARTED", &running).expect("an entry").stop, None);
    let bare = json!({"id": ENTRY});
    assert_eq!(read("TIME_ENTRY_DELETED", &bare), None, "only the id is known");
    let mut token = flat();
    token["user"]["authToken"] = json!("hidden");
    assert!(!format!("{:?}", news("TIME_ENTRY_UPDATED", &token)).contains("hidden"));
}

#[test]
fn other_entities_are_items_or_only_named() {
    let project = json!({"id":PROJECT,"name":"Acme website","clientId":"","archived":true,"billable":true,
        "workspaceId":"64f0c0ffee0000000000b001"});
    let Subject::Item { kind, item: Some(item), .. } = news("PROJECT_DELETED", &project).subject else {
        panic!("an item")
    };
    assert_eq!(
        (kind, item.name.as_str(), item.archived, item.deleted),
        (Kind::Project, "Acme website", true, true)
    );
    let tag = news("NEW_TAG", &json!({"id":"64f0c0ffee0000000000f101"}));
    assert_eq!((tag.event.action(), tag.workspace), (Some(Action::Created), None));
    assert!(matches!(tag.subject, Subject::Item { kind: Kind::Tag, item: None, .. }));
    let other = news("NEW_APPROVAL_REQUEST", &json!({"status":{"state":"PENDING"}}));
    assert_eq!((other.event.as_str(), other.subject), ("NEW_APPROVAL_REQUEST", Subject::Other { id: None }));
}

#[test]
fn equal_content_has_one_digest_and_any_difference_another() {
    let digest = |event: &str, body: &Value| news(event, body).digest;
    let first = digest("TIME_ENTRY_UPDATED", &flat());
    let backwards: Map<String, Value> = flat()
        .as_object()
        .expect("an object")
        .iter()
        .rev()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    assert_eq!(digest("TIME_ENTRY_UPDATED", &Value::Object(backwards)), first);
    assert_ne!(digest("TIME_ENTRY_DELETED", &flat()), first);
    let mut edited = flat();
    edited["description"] = json!("Landing page");
    assert_ne!(digest("TIME_ENTRY_UPDATED", &edited), first);
}

#[test]
fn what_is_no_entity_is_said_to_be_none() {
    for (body, wanted) in [
        ("no", NotUnderstood::NotJson),
        ("", NotUnderstood::NotJson),
        ("[]", NotUnderstood::NotAnObject("a list")),
        ("null", NotUnderstood::NotAnObject("nothing")),
        ("{}", NotUnderstood::Lacks("entity id")),
        (r#"{"id":""}"#, NotUnderstood::Lacks("entity id")),
    ] {
        assert_eq!(parse("TIME_ENTRY_UPDATED", body.as_bytes()), Err(wanted), "{body}");
    }
}

/// Any JSON, often with the keys that the parser looks for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("2026-03-02T14:00:00Z")),
        Just(json!(ENTRY)),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let key = prop::sample::select(vec![
            "id",
            "userId",
            "user",
            "timeInterval",
            "start",
            "end",
            "tags",
            "tagIds",
            "projectId",
            "project",
            "workspaceId",
            "description",
            "billable",
            "name",
            "clientId",
            "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..9).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_and_no_bytes_make_it_panic(
        value in any_json(),
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        event in prop::sample::select(vec!["TIME_ENTRY_UPDATED", "NEW_TAG", "PROJECT_DELETED", "X", ""]),
    ) {
        let text = value.to_string();
        let told = parse(event, text.as_bytes());
        prop_assert_eq!(told.clone(), parse(event, text.as_bytes()));
        if let Ok(News { subject: Subject::Entry { id, read: Some(read) }, .. }) = told {
            prop_assert_eq!(id, read.id);
        }
        let _ = parse(event, &bytes);
    }
}
