//! How Toggl's refusals are sorted.

use std::sync::Arc;

use chrono::TimeDelta;
use hourwire::domain::id::RemoteId;
use hourwire::services::http::{Failure, WireError};
use hourwire::services::toggl::Toggl;

use super::{Desk, TOKEN, token};

fn toggl(desk: &Arc<Desk>) -> Toggl {
    Toggl::new(desk.clone(), "https://toggl.example.test", token())
}

/// Status, headers, body; the kind of failure on the profile, and in a workspace.
type Row<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, &'a str, &'a str);

/// The kind of failure of a call on the profile, and of one in a workspace.
async fn kinds(status: u16, headers: &[(&str, &str)], body: &str) -> (String, String) {
    let word = |failure: Failure| {
        let text = serde_json::to_string(&failure).expect("json");
        text.split('"').nth(1).unwrap_or_default().to_owned()
    };
    let desk = Desk::answering(status, headers, body);
    let own = toggl(&desk).entries_since(0).await.result.expect_err("a refusal");
    let desk = Desk::answering(status, headers, body);
    let there = toggl(&desk).projects(&RemoteId::from(4440001), 1).await.result.expect_err("a refusal");
    (word(own), word(there))
}

#[tokio::test]
async fn each_status_has_its_meaning() {
    let hourly = "\"You have hit your hourly limit for API calls. The quota will reset in 1234 seconds.\"";
    let none_left = [("x-toggl-quota-remaining", "0"), ("x-toggl-quota-resets-in", "99")];
    let some_left = [("x-toggl-quota-remaining", "12")];
    let table: &[Row] = &[
        (400, &[], "\"'since' and 'before' can not be present simultaneously\"", "refused", "refused"),
        (401, &[("x-authorization-missing", "true")], "", "auth", "auth"),
        (402, &[], hourly, "quota", "quota"),
        (402, &none_left, "\"over\"", "quota", "quota"),
        (402, &some_left, "\"Billable is a premium feature\"", "plan", "plan"),
        (402, &[], "\"Billable is a premium feature\"", "plan", "plan"),
        (403, &[], "\"Incorrect username and/or password\"", "auth", "auth"),
        (403, &[], "", "auth", "auth"),
        (403, &[], "<html>blocked</html>", "unsent", "unsent"),
        (403, &[("content-type", "text/html; charset=utf-8")], "Blocked", "unsent", "unsent"),
        (403, &[], "\"User not found/accessible for workspace\"", "auth", "forbidden"),
        (403, &[], "\"Only admins may create projects\"", "auth", "forbidden"),
        (404, &[], "\"not here\"", "missing", "missing"),
        (405, &[], "", "refused", "refused"),
        (408, &[], "", "unknown", "unknown"),
        (409, &[], "\"already stopped\"", "refused", "refused"),
        (410, &[], "", "refused", "refused"),
        (429, &[("retry-after", "3")], "", "pace", "pace"),
        (301, &[("location", "https://elsewhere.example.test")], "", "refused", "refused"),
        (500, &[], "\"oops\"", "server", "server"),
        (502, &[], "<html>", "server", "server"),
        (503, &[("retry-after", "3")], "", "server", "server"),
    ];
    for (status, headers, body, own, there) in table {
        let wanted = ((*own).to_owned(), (*there).to_owned());
        assert_eq!(kinds(*status, headers, body).await, wanted, "{status} {body}");
    }
}

#[tokio::test]
async fn waiting_times_come_from_headers_else_from_the_text() {
    let desk =
        Desk::answering(402, &[("x-toggl-quota-remaining", "0"), ("x-toggl-quota-resets-in", "99")], "\"x\"");
    let answer = toggl(&desk).quota().await;
    assert_eq!(answer.result, Err(Failure::Quota { resets_in: TimeDelta::try_seconds(99) }));
    assert_eq!(answer.told.remaining, Some(0), "a refusal tells the meter too");
    let text = "You have hit your hourly limit for API calls. The quota will reset in 1234 seconds.";
    let desk = Desk::answering(402, &[], text);
    let result = toggl(&desk).quota().await.result;
    assert_eq!(result, Err(Failure::Quota { resets_in: TimeDelta::try_seconds(1234) }));
    let desk = Desk::answering(402, &[("x-toggl-quota-remaining", "0")], "");
    assert_eq!(toggl(&desk).quota().await.result, Err(Failure::Quota { resets_in: None }));
    let desk = Desk::answering(429, &[("retry-after", "5")], "");
    let result = toggl(&desk).quota().await.result;
    assert_eq!(result, Err(Failure::Pace { retry_after: TimeDelta::try_seconds(5) }));
}

#[tokio::test]
async fn a_broken_wire_keeps_its_certainty() {
    let desk = Desk::broken(WireError::NotSent("connection refused".to_owned()));
    let answer = toggl(&desk).quota().await;
    assert_eq!((answer.status, answer.told.remaining), (None, None));
    assert!(matches!(answer.result, Err(Failure::Unsent(_))));
    let desk = Desk::broken(WireError::Unknown("reset".to_owned()));
    let failure = toggl(&desk).quota().await.result.expect_err("a failure");
    assert!(matches!(failure, Failure::Unknown(_)) && !failure.nothing_done());
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_never_sent() {
    let desk = Arc::new(Desk::default());
    let answer = toggl(&desk).entry(&RemoteId::from("1/../../me")).await;
    assert!(matches!(answer.result, Err(Failure::Unsent(_))));
    let answer = toggl(&desk).validate(&RemoteId::from(1), &RemoteId::from(2), "../../ping").await;
    assert!(matches!(answer.result, Err(Failure::Unsent(_))));
    assert_eq!(desk.count(), 0);
}

#[tokio::test]
async fn no_text_shows_the_token() {
    let desk = Desk::answering(403, &[], "\"no\"");
    let toggl = toggl(&desk);
    let answer = toggl.quota().await;
    let shown = format!("{toggl:?} {answer:?} {}", answer.result.as_ref().expect_err("a failure"));
    assert!(!shown.contains(TOKEN) && !shown.contains("MGJhZGMwZGU"), "{shown}");
    desk.only(|request| assert!(!format!("{request:?}").contains("MGJhZGMwZGU")));
}
