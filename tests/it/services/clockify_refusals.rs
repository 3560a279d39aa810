//! How Clockify's refusals are sorted.

use std::sync::Arc;

use chrono::TimeDelta;
use hourwire::domain::entry::TargetEntry;
use hourwire::domain::id::RemoteId;
use hourwire::services::clockify::Clockify;
use hourwire::services::http::Failure;
use serde_json::{Value, json};

use super::{Desk, TOKEN, at, token};

fn clockify(desk: &Arc<Desk>) -> Clockify {
    let base = "https://clockify.example.test/api/v1";
    Clockify::new(desk.clone(), base, token(), RemoteId::from("64f0c0ffee0000000000b001"))
}

fn word(failure: Failure) -> String {
    let text = serde_json::to_string(&failure).expect("json");
    text.split('"').nth(1).unwrap_or_default().to_owned()
}

/// The kind of failure of a create, a delete and a list.
async fn kinds(status: u16, body: &Value) -> [String; 3] {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let entry = TargetEntry {
        user: RemoteId::from("a"),
        project: None,
        start: at("2026-03-02T14:00:00Z"),
        stop: at("2026-03-02T15:00:00Z"),
        description: String::new(),
        tags: vec![],
        billable: false,
    };
    let desk = Desk::answering(status, &[], &body);
    let create = clockify(&desk).create_entry(&entry, true, &[]).await.result.expect_err("a refusal");
    let desk = Desk::answering(status, &[], &body);
    let delete = clockify(&desk).delete_entry(&RemoteId::from("e1")).await.result.expect_err("a refusal");
    let desk = Desk::answering(status, &[], &body);
    let list = clockify(&desk).projects(1).await.result.expect_err("a refusal");
    [word(create), word(delete), word(list)]
}

#[tokio::test]
async fn each_refusal_has_its_meaning() {
    let told = |code: i64, message: &str| json!({ "message": message, "code": code });
    for (status, body, create, delete, list) in [
        (401, told(1000, "Multiple or none auth tokens present"), "auth", "auth", "auth"),
        (401, told(4003, "Api key does not exist"), "auth", "auth", "auth"),
        (403, told(4019, "Verify your e-mail"), "auth", "auth", "auth"),
        (406, told(406, "banned"), "auth", "auth", "auth"),
        (403, told(1003, "Can't edit locked time entry."), "forbidden", "forbidden", "forbidden"),
        (403, told(4030, "Manual time tracking disabled"), "forbidden", "forbidden", "forbidden"),
        (403, told(501, "Access Denied"), "forbidden", "forbidden", "forbidden"),
        (403, told(501, "Your subscription plan does not include this feature."), "plan", "plan", "plan"),
        (403, Value::Null, "forbidden", "forbidden", "forbidden"),
        (400, told(501, "Time entry doesn't belong to Workspace"), "refused", "missing", "refused"),
        (
            400,
            json!({"message": "TIMEENTRY with id X doesn't belong to WORKSPACE with id Y", "code": "501"}),
            "refused",
            "missing",
            "refused",
        ),
        (400, told(501, "TIMEENTRY with ID 'X' not found"), "unknown", "missing", "refused"),
        (400, told(501, "Project doesn't belong to Workspace"), "refused", "refused", "refused"),
        (
            400,
            told(
                501,
                "Time entry couldn't be created. Project is either required field or given project is archived.",
            ),
            "refused",
            "refused",
            "refused",
        ),
        (400, told(3000, "Method parameter 'start'"), "refused", "refused", "refused"),
        (404, told(3000, "No static resource v1/workspaces/x"), "refused", "refused", "refused"),
        (404, Value::Null, "missing", "missing", "missing"),
        (405, told(3000, "Request method 'GET' is not supported"), "refused", "refused", "refused"),
        (408, Value::Null, "unknown", "unknown", "unknown"),
        (429, json!({"message": "Too many requests"}), "pace", "pace", "pace"),
        (500, told(501, "oops"), "server", "server", "server"),
        (502, Value::Null, "server", "server", "server"),
    ] {
        assert_eq!(kinds(status, &body).await, [create, delete, list], "{status} {body}");
    }
}

#[tokio::test]
async fn on_the_free_plan_too_many_means_the_hour() {
    let desk = Desk::answering(429, &[("retry-after", "120")], "");
    let result = clockify(&desk).on_free_plan(true).projects(1).await.result;
    assert_eq!(result, Err(Failure::Quota { resets_in: TimeDelta::try_seconds(120) }));
    let desk = Desk::answering(429, &[("retry-after", "2")], "");
    let result = clockify(&desk).projects(1).await.result;
    assert_eq!(result, Err(Failure::Pace { retry_after: TimeDelta::try_seconds(2) }));
}

#[tokio::test]
async fn a_web_page_in_between_says_nothing_of_the_key() {
    let desk =
        Desk::answering(403, &[("content-type", "text/html")], "<!DOCTYPE html><title>Blocked</title>");
    let failure = clockify(&desk).user().await.result.expect_err("a refusal");
    assert!(matches!(&failure, Failure::Unsent(say) if say.contains("proxy")), "{failure:?}");
}

#[tokio::test]
async fn the_profile_refused_is_the_token_refused() {
    let desk = Desk::answering(403, &[], "");
    assert!(matches!(clockify(&desk).user().await.result, Err(Failure::Auth { status: 403, .. })));
}

#[tokio::test]
async fn no_text_shows_the_key() {
    let desk = Desk::answering(401, &[], json!({"message": "Api key does not exist", "code": 4003}));
    let clockify = clockify(&desk);
    let answer = clockify.user().await;
    let shown = format!("{clockify:?} {answer:?} {}", answer.result.as_ref().expect_err("a failure"));
    assert!(!shown.contains(TOKEN), "{shown}");
    desk.only(|request| assert!(!format!("{request:?}").contains(TOKEN)));
}
