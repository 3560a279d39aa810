//! Toggl's Webhooks API.

use std::sync::Arc;

use hourwire::domain::id::RemoteId;
use hourwire::services::http::Failure;
use hourwire::services::toggl::{Filter, Toggl, Wanted};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Desk, at, token};

const BASE: &str = "https://toggl.example.test";
const HOOKS: &str = "https://toggl.example.test/webhooks/api/v1";
const SECRET: &str = "k3JQ0fZsYb7hT2nVxA9d";

fn toggl(desk: &Arc<Desk>) -> Toggl {
    Toggl::new(desk.clone(), BASE, token())
}

fn ws() -> RemoteId {
    RemoteId::from(4440001)
}

fn id() -> RemoteId {
    RemoteId::from(20417)
}

fn told() -> Value {
    json!({"subscription_id":20417,"workspace_id":4440001,"user_id":5550001,"enabled":true,
        "description":"hourwire host 0f1e","event_filters":[{"entity":"time_entry","action":"*"},
        {"entity":"project","action":"*"}],"url_callback":"https://hooks.example.com/hooks/x","secret":SECRET,
        "validated_at":null,"has_pending_events":false,"created_at":"2026-03-02T09:00:00.118204Z"})
}

fn wanted() -> Wanted {
    Wanted {
        description: "hourwire host 0f1e".to_owned(),
        filters: vec![Filter::new("time_entry", "*"), Filter::new("project", "*")],
        url: "https://hooks.example.com/hooks/x".to_owned(),
        secret: SecretString::from(SECRET),
        enabled: true,
    }
}

#[tokio::test]
async fn subscriptions_are_listed_with_their_secret_kept_apart() {
    let mut second = told();
    second["subscription_id"] = json!("20418");
    second["validated_at"] = json!("2026-03-02T09:00:01Z");
    second["secret"] = json!("");
    second["event_filters"] = json!(null);
    let desk = Desk::answering(200, &[], json!([told(), second]));
    let answer = toggl(&desk).subscriptions(&ws()).await;
    assert_eq!(desk.line(), format!("GET {HOOKS}/subscriptions/4440001"));
    assert!(!format!("{answer:?}").contains(SECRET));
    let list = answer.result.expect("subscriptions");
    assert_eq!((&list[0].id, list[0].enabled, list[0].pending), (&id(), true, false));
    assert_eq!(list[0].validated_at, None);
    assert_eq!(list[0].secret.as_ref().map(|secret| secret.expose_secret()), Some(SECRET));
    assert_eq!(list[0].filters, [Filter::new("project", "*"), Filter::new("time_entry", "*")]);
    assert_eq!(list[1].id, RemoteId::from(20418));
    assert!(!list[1].has_secret() && list[1].filters.is_empty());
    assert_eq!(list[1].validated_at, Some(at("2026-03-02T09:00:01Z")));
    let desk = Desk::answering(200, &[], "null");
    assert!(toggl(&desk).subscriptions(&ws()).await.result.expect("none").is_empty());
}

#[tokio::test]
async fn create_and_replace_send_the_whole_definition() {
    let body = json!({"url_callback":"https://hooks.example.com/hooks/x","event_filters":[
        {"entity":"time_entry","action":"*"},{"entity":"project","action":"*"}],"enabled":true,
        "description":"hourwire host 0f1e","secret":SECRET});
    let desk = Desk::answering(200, &[], told());
    assert_eq!(toggl(&desk).create_subscription(&ws(), &wanted()).await.result.expect("made").id, id());
    assert_eq!((desk.line(), desk.body()), (format!("POST {HOOKS}/subscriptions/4440001"), body.clone()));
    let desk = Desk::answering(200, &[], told());
    assert!(toggl(&desk).put_subscription(&ws(), &id(), &wanted()).await.result.is_ok());
    assert_eq!((desk.line(), desk.body()), (format!("PUT {HOOKS}/subscriptions/4440001/20417"), body));
    assert!(!format!("{:?}", wanted()).contains(SECRET));
}

#[tokio::test]
async fn the_small_calls_have_their_addresses() {
    let desk = Desk::answering(200, &[], told());
    assert!(toggl(&desk).set_enabled(&ws(), &id(), true).await.result.expect("switched").enabled);
    assert_eq!(desk.line(), format!("PATCH {HOOKS}/subscriptions/4440001/20417"));
    assert_eq!(desk.body(), json!({"enabled": true}));
    let desk = Desk::answering(200, &[], told());
    assert!(toggl(&desk).delete_subscription(&ws(), &id()).await.result.is_ok());
    assert_eq!(desk.line(), format!("DELETE {HOOKS}/subscriptions/4440001/20417"));
    let desk = Desk::answering(200, &[], json!({"status": "whatever"}));
    assert!(toggl(&desk).ping(&ws(), &id()).await.result.is_ok());
    assert_eq!((desk.line(), desk.body()), (format!("POST {HOOKS}/ping/4440001/20417"), Value::Null));
    let desk = Desk::answering(200, &[], json!({"max_webhooks": 1, "max_events_per_webhook": "3"}));
    let limits = toggl(&desk).limits(&ws()).await.result.expect("limits");
    assert_eq!((desk.line(), limits.webhooks, limits.filters), (format!("GET {HOOKS}/limits/4440001"), 1, 3));
    let desk = Desk::answering(200, &[], json!({"client": ["created"], "time_entry": ["created", "*"]}));
    let filters = toggl(&desk).event_filters().await.result.expect("filters");
    assert_eq!(desk.line(), format!("GET {HOOKS}/event_filters"));
    assert_eq!(filters["time_entry"], ["created", "*"]);
}

#[tokio::test]
async fn validating_twice_is_success() {
    for (status, body, good) in [
        (200, "\"OK\"", true),
        (400, "\"subscription 20417 has already been validated\"", true),
        (400, "\"subscription 20417 for workspace 4440001 and validation code 'a' was not found\"", false),
    ] {
        let desk = Desk::answering(status, &[], body);
        assert_eq!(toggl(&desk).validate(&ws(), &id(), "0f1e2d3c").await.result.is_ok(), good, "{body}");
        assert_eq!(desk.line(), format!("GET {HOOKS}/validate/4440001/20417/0f1e2d3c"));
    }
}

#[tokio::test]
async fn a_failing_address_is_a_refusal_in_words() {
    let text = "URL endpoint https://hooks.example.com/hooks/x responded with status 502 instead of 2xx";
    let desk = Desk::answering(400, &[], Value::from(text));
    let result = toggl(&desk).set_enabled(&ws(), &id(), true).await.result;
    assert_eq!(result.expect_err("refused"), Failure::Refused { status: 400, text: text.to_owned() });
}

#[tokio::test]
async fn the_history_is_read_or_not_offered() {
    let body = json!({"total":1,"events":[{"event_id":7412093355218840_u64,"created_at":"2026-03-02T14:05:09.412Z",
        "creator_id":5550001,"metadata":{},"payload":{},"consumer_id":20417,
        "last_delivery_attempt":"2026-03-02T14:05:10.205984Z","last_delivery_error":null,"failed_delivery_attempts":3}]});
    let desk = Desk::answering(200, &[], body);
    let rows = toggl(&desk).history(&ws(), &id(), 0).await.result.expect("rows");
    assert_eq!(desk.line(), format!("GET {HOOKS}/subscriptions/4440001/20417/events"));
    assert_eq!((rows[0].event_id, rows[0].failed, &rows[0].last_error), (7412093355218840, 3, &None));
    assert_eq!(rows[0].last_attempt, Some(at("2026-03-02T14:05:10.205984Z")));
    let desk = Desk::answering(200, &[], json!({"total": 0, "events": null}));
    assert_eq!(toggl(&desk).history(&ws(), &id(), 50).await.result, Ok(vec![]));
    assert_eq!(desk.line(), format!("GET {HOOKS}/subscriptions/4440001/20417/events?offset=50"));
    let desk = Desk::answering(404, &[], "\"not found\"");
    assert!(matches!(toggl(&desk).history(&ws(), &id(), 0).await.result, Err(Failure::Missing(_))));
}
