//! Clockify's webhook calls: requests, and every JSON form of the reference.

use std::sync::Arc;

use hourwire::domain::clockify_hook::{Event, Fate, State};
use hourwire::domain::id::RemoteId;
use hourwire::services::clockify::{Attempts, Call, Clockify, Definition};
use hourwire::services::http::{Charge, Failure};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Desk, at, token};

const BASE: &str = "https://clockify.example.test/api/v1";
const W: &str = "https://clockify.example.test/api/v1/workspaces/64f0c0ffee0000000000b001";
const HOOK: &str = "64f0c0ffee00000000011001";
const SECRET: &str = "EXAMPLEtokenEXAMPLEtokenEXAMPLE0";
const ADDRESS: &str = "https://hooks.example.test/clockify/updated";

fn clockify(desk: &Arc<Desk>) -> Clockify {
    Clockify::new(desk.clone(), BASE, token(), RemoteId::from("64f0c0ffee0000000000b001"))
}

fn hook() -> RemoteId {
    RemoteId::from(HOOK)
}

fn told() -> Value {
    json!({"id":HOOK,"name":"sync-entry-updated","userId":"64f0c0ffee0000000000a001",
        "workspaceId":"64f0c0ffee0000000000b001","url":ADDRESS,"webhookEvent":"TIME_ENTRY_UPDATED",
        "triggerSourceType":"WORKSPACE_ID","triggerSource":[],"authToken":SECRET,"enabled":true,
        "deliveryEnabled":true,"planEnabled":true})
}

fn wanted() -> Definition {
    Definition::new("sync-entry-updated", ADDRESS, Event::EntryUpdated)
}

fn sent() -> Value {
    json!({"name":"sync-entry-updated","url":ADDRESS,"webhookEvent":"TIME_ENTRY_UPDATED",
        "triggerSourceType":"WORKSPACE_ID","triggerSource":[]})
}

#[tokio::test]
async fn webhooks_are_listed_from_their_envelope_with_the_token_kept_apart() {
    let mut failed = told();
    (failed["id"], failed["deliveryEnabled"]) = (json!("64f0c0ffee00000000011002"), json!(false));
    failed["webhookEvent"] = json!("NEW_INVOICE");
    let mut bare =
        json!({"id":"64f0c0ffee00000000011003","authToken":null,"triggerSource":null,"enabled":null});
    bare["planEnabled"] = json!(false);
    let desk =
        Desk::answering(200, &[], json!({"workspaceWebhookCount":5,"webhooks":[told(), failed, bare]}));
    let answer = clockify(&desk).webhooks().await;
    assert_eq!(desk.line(), format!("GET {W}/webhooks"));
    assert!(!format!("{answer:?}").contains(SECRET));
    let list = answer.result.expect("webhooks");
    assert_eq!((list.count, list.rows.len()), (5, 3));
    let [first, second, third] = list.rows.as_slice() else { panic!("three") };
    assert_eq!((&first.id, first.url.as_str(), &first.event), (&hook(), ADDRESS, &Event::EntryUpdated));
    assert_eq!(first.auth_token.as_ref().map(|token| token.expose_secret()), Some(SECRET));
    assert_eq!(first.user_id, Some(RemoteId::from("64f0c0ffee0000000000a001")));
    assert_eq!(first.definition(), wanted());
    assert_eq!(
        (first.state(), second.state(), third.state()),
        (State::Active, State::DisabledByFailures, State::DisabledByPlan)
    );
    assert_eq!(
        (second.event.as_str(), third.auth_token.is_none(), third.name.as_str()),
        ("NEW_INVOICE", true, "")
    );
}

#[tokio::test]
async fn a_list_may_be_bare_or_empty_but_not_something_else() {
    for (body, rows) in [
        (json!([told()]), 1),
        (json!({"webhooks":[told()]}), 1),
        (json!({"workspaceWebhookCount":0,"webhooks":null}), 0),
        (json!(null), 0),
    ] {
        let desk = Desk::answering(200, &[], &body);
        let list = clockify(&desk).webhooks().await.result.expect("webhooks");
        assert_eq!((list.rows.len(), list.count), (rows, rows), "{body}");
    }
    for body in [json!({"message":"no"}), json!({"webhooks":[{}]}), json!({"webhooks":7}), json!("no")] {
        let desk = Desk::answering(200, &[], &body);
        assert!(matches!(clockify(&desk).webhooks().await.result, Err(Failure::Garbled(_))), "{body}");
    }
}

#[tokio::test]
async fn a_webhook_is_made_read_replaced_and_removed() {
    let desk = Desk::answering(201, &[], told());
    let made = clockify(&desk).create_webhook(&wanted()).await.result.expect("made");
    assert_eq!((desk.line(), desk.body()), (format!("POST {W}/webhooks"), sent()));
    assert_eq!((made.id, made.auth_token.is_some()), (hook(), true));
    let desk = Desk::answering(200, &[], told());
    assert!(clockify(&desk).webhook(&hook()).await.result.expect("a webhook").enabled);
    assert_eq!(desk.line(), format!("GET {W}/webhooks/{HOOK}"));
    let mut moved = wanted();
    moved.trigger_source_type = "PROJECT_ID".to_owned();
    moved.trigger_source = vec![RemoteId::from("64f0c0ffee0000000000c001")];
    let desk = Desk::answering(200, &[], told());
    assert!(clockify(&desk).put_webhook(&hook(), &moved).await.result.is_ok());
    let mut body = sent();
    body["triggerSourceType"] = json!("PROJECT_ID");
    body["triggerSource"] = json!(["64f0c0ffee0000000000c001"]);
    assert_eq!((desk.line(), desk.body()), (format!("PUT {W}/webhooks/{HOOK}"), body));
    let desk = Desk::answering(200, &[], "");
    assert_eq!(clockify(&desk).delete_webhook(&hook()).await.result, Ok(()));
    assert_eq!(desk.line(), format!("DELETE {W}/webhooks/{HOOK}"));
}

#[tokio::test]
async fn a_token_is_renewed() {
    let mut renewed = told();
    renewed["authToken"] = json!("another");
    let desk = Desk::answering(200, &[], renewed);
    let webhook = clockify(&desk).rotate_webhook_token(&hook()).await.result.expect("a webhook");
    assert_eq!((desk.line(), desk.body()), (format!("PATCH {W}/webhooks/{HOOK}/token"), Value::Null));
    assert_eq!(webhook.auth_token.expect("a token").expose_secret(), "another");
}

#[tokio::test]
async fn the_log_is_searched_by_post_and_read_in_both_time_forms() {
    let row = |id: &str, when: &str| {
        json!({"id":id,"webhookId":HOOK,"webhookEventStatusId":"6818c52b391aca499bf8dafc","requestBody":"{\"id\":\"e\"}",
            "responseBody":"no","statusCode":502,"respondedAt":when})
    };
    let rows = json!([row("65e5b854fe0dfa24f1528ef0", "2024-03-04T12:02:28.125+00:00"),
        row("65e5b854fe0dfa24f1528ef1", "2025-02-02 12:02:28 +0000"), {"id":"65e5b854fe0dfa24f1528ef2","statusCode":0}]);
    let desk = Desk::answering(200, &[], rows);
    let window = (at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z"));
    let page =
        clockify(&desk).webhook_logs(&hook(), window, Attempts::Failed, 0, 3).await.result.expect("a page");
    assert_eq!(desk.line(), format!("POST {W}/webhooks/{HOOK}/logs?page=0&size=3"));
    assert_eq!(
        desk.body(),
        json!({"from":"2026-03-01T00:00:00Z","to":"2026-03-02T00:00:00Z","sortByNewest":true,
        "status":"FAILED"})
    );
    assert_eq!(page.rows[0].responded_at, Some(at("2024-03-04T12:02:28.125Z")));
    assert_eq!(page.rows[1].responded_at, Some(at("2025-02-02T12:02:28Z")));
    assert_eq!((page.rows[0].status_code, page.rows[2].status_code), (Some(502), None));
    assert_eq!(
        (page.rows[0].request_body.as_str(), page.rows[2].request_body.as_str()),
        (r#"{"id":"e"}"#, "")
    );
    assert!(!page.last, "a full page may have a next one");
}

#[tokio::test]
async fn statuses_tell_where_each_event_stands() {
    let rows = json!([{"id":"69807d47b209426e67302a42","webhookId":HOOK,"webhookLogId":"69807e04b209426e67302a57",
        "status":"RETRYING","statusCode":502,"respondedAt":"2025-02-02 12:02:28 +0000","retryCount":2,
        "requestBody":"{}","responseBody":""},{"id":"69807d47b209426e67302a43","status":"LOST"}]);
    let desk = Desk::answering(200, &[], rows);
    let page =
        clockify(&desk).webhook_statuses(&hook(), Some(Fate::Retrying), 1, 50).await.result.expect("a page");
    assert_eq!(desk.line(), format!("GET {W}/webhooks/{HOOK}/statuses?page=1&size=50&statuses=RETRYING"));
    assert_eq!((page.rows[0].fate, page.rows[0].retries, page.last), (Some(Fate::Retrying), 2, true));
    assert_eq!((page.rows[1].fate, page.rows[1].retries), (None, 0));
    let desk = Desk::answering(200, &[], "[]");
    assert!(
        clockify(&desk).webhook_statuses(&hook(), None, 0, 50).await.result.expect("a page").rows.is_empty()
    );
    assert_eq!(desk.line(), format!("GET {W}/webhooks/{HOOK}/statuses?page=0&size=50"));
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_missing_and_a_bad_name_is_refused() {
    let gone = json!({"message":"Webhook doesn't belong to Workspace","code":501});
    let desk = Desk::answering(400, &[], &gone);
    assert!(matches!(clockify(&desk).delete_webhook(&hook()).await.result, Err(Failure::Missing(_))));
    let desk = Desk::answering(400, &[], &gone);
    assert!(matches!(clockify(&desk).webhooks().await.result, Err(Failure::Refused { .. })));
    for text in ["length must be between 2 and 30", "Webhook already exists"] {
        let desk = Desk::answering(400, &[], json!({"message":text,"code":501}));
        let failure = clockify(&desk).create_webhook(&wanted()).await.result.expect_err("a refusal");
        assert_eq!(failure, Failure::Refused { status: 400, text: text.to_owned() });
    }
    let desk = Desk::answering(403, &[], json!({"message":"Access Denied","code":501}));
    assert!(
        matches!(clockify(&desk).webhooks().await.result, Err(Failure::Forbidden(_))),
        "not an administrator"
    );
}

#[test]
fn webhook_calls_cost_the_workspace_like_all_others() {
    for call in [Call::Webhooks, Call::CreateWebhook, Call::WebhookLogs] {
        assert_eq!(call.charge(), Charge::Workspace);
    }
}
