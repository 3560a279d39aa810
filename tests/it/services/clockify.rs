//! Clockify's API: requests, and every JSON form of the reference.

use std::sync::Arc;

use hourwire::domain::entry::TargetEntry;
use hourwire::domain::id::RemoteId;
use hourwire::domain::read::TargetRead;
use hourwire::services::clockify::{Call, Clockify};
use hourwire::services::http::{Charge, Failure};
use serde_json::{Value, json};

use super::{Desk, TOKEN, at, token};

const BASE: &str = "https://clockify.example.test/api/v1";
const W: &str = "https://clockify.example.test/api/v1/workspaces/64f0c0ffee0000000000b001";
const ENTRY: &str = "6586e3000000000000000f01";
const USER: &str = "64f0c0ffee0000000000a001";
const PROJECT: &str = "64f0c0ffee0000000000c001";
const TAG: &str = "64f0c0ffee0000000000f101";

fn clockify(desk: &Arc<Desk>) -> Clockify {
    Clockify::new(desk.clone(), BASE, token(), RemoteId::from("64f0c0ffee0000000000b001"))
}

fn answered() -> Value {
    json!({"id":ENTRY,"description":"Landing page copy","tagIds":[TAG],"userId":USER,"billable":true,
        "taskId":"54a377ddd3fcab07cfbb432a","projectId":PROJECT,"workspaceId":"64f0c0ffee0000000000b001",
        "timeInterval":{"start":"2026-03-02T14:00:00Z","end":"2026-03-02T15:30:00Z","duration":"PT1H30M"},
        "customFieldValues":[{"customFieldId":"44a687e29ae1f428e7ebe305","timeEntryId":ENTRY,"value":"42",
            "name":"Toggl ID","type":"TXT","sourceType":"TIMEENTRY"},
            {"customFieldId":"44a687e29ae1f428e7ebe306","value":null,"type":"TXT"}],
        "type":"REGULAR","kioskId":null,"isLocked":false,"authToken":"hidden"})
}

fn wanted() -> TargetEntry {
    TargetEntry {
        user: RemoteId::from(USER),
        project: Some(RemoteId::from(PROJECT)),
        start: at("2026-03-02T14:00:00Z"),
        stop: at("2026-03-02T15:30:00Z"),
        description: "Landing page copy".to_owned(),
        tags: vec!["copy".to_owned()],
        billable: true,
    }
}

async fn read(body: Value) -> Result<TargetRead, Failure> {
    let desk = Desk::answering(200, &[], body);
    clockify(&desk).entry(&RemoteId::from(ENTRY)).await.result
}

#[tokio::test]
async fn an_entry_is_read_in_every_form() {
    let desk = Desk::answering(200, &[], answered());
    let plain = clockify(&desk).entry(&RemoteId::from(ENTRY)).await.result.expect("an entry");
    assert_eq!(desk.line(), format!("GET {W}/time-entries/{ENTRY}"));
    assert_eq!(desk.header("x-api-key").as_deref(), Some(TOKEN));
    assert_eq!(
        (&plain.user, plain.project.as_ref()),
        (&RemoteId::from(USER), Some(&RemoteId::from(PROJECT)))
    );
    assert_eq!((plain.start, plain.stop), (at("2026-03-02T14:00:00Z"), Some(at("2026-03-02T15:30:00Z"))));
    assert_eq!(
        (plain.tags.as_slice(), plain.billable, plain.locked),
        (&[RemoteId::from(TAG)][..], true, false)
    );
    assert!(plain.raw.get("authToken").is_none() && plain.raw["taskId"].is_string());
    let hydrated = json!({"id":ENTRY,"description":null,"user":{"id":USER,"name":"Dana Moss"},"billable":null,
        "project":{"id":PROJECT},"task":null,"tags":[{"id":TAG,"name":"copy"},{"id":TAG}],"isLocked":true,
        "timeInterval":{"start":"2026-03-02T09:00:00.75-05:00","end":null,"duration":null}});
    let hydrated = read(hydrated).await.expect("an entry");
    assert_eq!((hydrated.project, hydrated.tags.len()), (Some(RemoteId::from(PROJECT)), 1));
    assert_eq!((hydrated.start, hydrated.stop), (at("2026-03-02T14:00:00Z"), None));
    assert_eq!((hydrated.description.as_str(), hydrated.billable, hydrated.locked), ("", false, true));
    let bare = json!({"id":ENTRY,"userId":USER,"projectId":"","tagIds":null,
        "timeInterval":{"start":"2026-03-02T14:00:00Z"}});
    let bare = read(bare).await.expect("an entry");
    assert_eq!((bare.project, bare.tags.len(), bare.stop), (None, 0, None));
    for body in [
        json!({}),
        json!(null),
        json!({"id":ENTRY,"userId":USER}),
        json!({"id":"other","userId":USER,
        "timeInterval":{"start":"2026-03-02T14:00:00Z"}}),
    ] {
        assert!(matches!(read(body.clone()).await, Err(Failure::Garbled(_))), "{body}");
    }
}

#[tokio::test]
async fn a_create_is_clean_and_without_nulls() {
    let body = json!({"start":"2026-03-02T14:00:00Z","end":"2026-03-02T15:30:00Z","billable":true,
        "description":"Landing page copy","projectId":PROJECT,"tagIds":[TAG]});
    let desk = Desk::answering(201, &[], answered());
    let made = clockify(&desk).create_entry(&wanted(), true, &[RemoteId::from(TAG)]).await;
    assert_eq!((made.status, made.result.expect("made").id), (Some(201), RemoteId::from(ENTRY)));
    assert_eq!((desk.line(), desk.body()), (format!("POST {W}/time-entries"), body));
    let desk = Desk::answering(201, &[], answered());
    let mut other = wanted();
    (other.project, other.user) = (None, RemoteId::from("64f0c0ffee0000000000a002"));
    assert!(clockify(&desk).create_entry(&other, false, &[]).await.result.is_ok());
    assert_eq!(desk.line(), format!("POST {W}/user/64f0c0ffee0000000000a002/time-entries"));
    let body = desk.body();
    assert!(body.get("projectId").is_none() && body["tagIds"] == json!([]), "{body}");
}

#[tokio::test]
async fn a_replacement_carries_what_is_not_ours() {
    let carried = read(answered()).await.expect("an entry");
    let desk = Desk::answering(200, &[], answered());
    let id = RemoteId::from(ENTRY);
    assert!(clockify(&desk).update_entry(&id, &carried, &wanted(), &[]).await.result.is_ok());
    assert_eq!(desk.line(), format!("PUT {W}/time-entries/{ENTRY}"));
    assert_eq!(
        desk.body(),
        json!({"start":"2026-03-02T14:00:00Z","end":"2026-03-02T15:30:00Z","billable":true,
            "description":"Landing page copy","projectId":PROJECT,"tagIds":[],"taskId":"54a377ddd3fcab07cfbb432a",
            "customFields":[{"customFieldId":"44a687e29ae1f428e7ebe305","value":"42","sourceType":"TIMEENTRY"}],
            "type":"REGULAR"})
    );
    let mut moved = wanted();
    moved.project = Some(RemoteId::from("64f0c0ffee0000000000c002"));
    let desk = Desk::answering(200, &[], answered());
    assert!(clockify(&desk).update_entry(&id, &carried, &moved, &[]).await.result.is_ok());
    assert_eq!(desk.body().get("taskId"), None, "a task does not move to another project");
    let mut odd = carried.clone();
    odd.raw = json!({"type": "HOLIDAY", "customFieldValues": null, "taskId": null});
    let desk = Desk::answering(200, &[], answered());
    assert!(clockify(&desk).update_entry(&id, &odd, &wanted(), &[]).await.result.is_ok());
    let body = desk.body();
    assert!(["type", "customFields", "taskId"].iter().all(|key| body.get(key).is_none()), "{body}");
}

#[tokio::test]
async fn a_list_says_when_it_ends() {
    let list = |headers: &'static [(&'static str, &'static str)], rows: usize, size: u32| async move {
        let desk = Desk::answering(200, headers, Value::from(vec![answered(); rows]));
        let (from, to) = (at("2026-03-01T00:00:00Z"), at("2026-03-04T02:00:00Z"));
        let page = clockify(&desk).list_entries(&RemoteId::from(USER), from, to, 2, size).await;
        (desk.line(), page.result.expect("a page"))
    };
    let (line, page) = list(&[("last-page", "false")], 2, 2).await;
    let query = "start=2026-03-01T00%3A00%3A00Z&end=2026-03-04T02%3A00%3A00Z&page=2&page-size=2";
    assert_eq!(line, format!("GET {W}/user/{USER}/time-entries?{query}"));
    assert_eq!((page.rows.len(), page.last), (2, false));
    assert!(list(&[("Last-Page", "true")], 2, 2).await.1.last);
    assert!(list(&[], 1, 2).await.1.last, "short");
    assert!(list(&[], 0, 2).await.1.last, "empty");
}

#[tokio::test]
async fn a_delete_has_two_good_answers() {
    for (status, body) in [(204, Value::Null), (200, answered())] {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let desk = Desk::answering(status, &[], body);
        assert_eq!(clockify(&desk).delete_entry(&RemoteId::from(ENTRY)).await.result, Ok(()));
        assert_eq!(desk.line(), format!("DELETE {W}/time-entries/{ENTRY}"));
    }
}

#[tokio::test]
async fn user_and_workspace_are_read() {
    let user = json!({"id":USER,"email":"dana@example.test","name":"Dana Moss","activeWorkspace":"64f0c0ffee0000000000b001",
        "defaultWorkspace":"64f0c0ffee0000000000b001","settings":{"timeZone":"America/New_York"},"status":"ACTIVE"});
    let desk = Desk::answering(200, &[], user);
    let profile = clockify(&desk).user().await.result.expect("a profile");
    assert_eq!(
        (desk.line(), profile.zone.as_deref()),
        (format!("GET {BASE}/user"), Some("America/New_York"))
    );
    assert_eq!((profile.user.id, profile.user.archived), (RemoteId::from(USER), false));
    let workspace = json!({"id":"64f0c0ffee0000000000b001","name":"Kern","featureSubscriptionType":"FREE",
        "features":["CUSTOM_FIELDS"],"workspaceSettings":{"forceProjects":true,"lockTimeEntries":"2026-02-01T00:00:00Z",
        "timeTrackingMode":"STOPWATCH_ONLY"}});
    let desk = Desk::answering(200, &[], workspace);
    let told = clockify(&desk).workspace().await.result.expect("a workspace");
    assert_eq!(desk.line(), format!("GET {W}"));
    assert!(told.is_free() && told.has("custom_fields") && !told.has("INVOICING"));
    assert!(told.force_projects && !told.force_tags && told.stopwatch_only);
    assert_eq!(told.locked_before, Some(at("2026-02-01T00:00:00Z")));
    let desk =
        Desk::answering(200, &[], json!({"id":"b","featureSubscriptionType":"PRO","workspaceSettings":null}));
    assert!(!clockify(&desk).workspace().await.result.expect("a workspace").is_free());
}

#[tokio::test]
async fn the_catalogue_is_read_and_extended() {
    let rows = json!([{"id":PROJECT,"name":"Harbor site","clientId":"","color":"#03A9F4","archived":true,"billable":true,
        "public":true},{"id":"64f0c0ffee0000000000c002","name":"Osprey","clientId":"64f0c0ffee0000000000d001"}]);
    let desk = Desk::answering(200, &[("last-page", "true")], rows);
    let page = clockify(&desk).projects(1).await.result.expect("a page");
    assert_eq!(desk.line(), format!("GET {W}/projects?page=1&page-size=200"));
    assert_eq!((page.rows[0].client.clone(), page.rows[0].archived, page.last), (None, true, true));
    assert_eq!(page.rows[1].client, Some(RemoteId::from("64f0c0ffee0000000000d001")));
    let users = json!([{"id":USER,"name":"Dana Moss","email":"dana@example.test","status":"INACTIVE","settings":null}]);
    let desk = Desk::answering(200, &[], users);
    let page = clockify(&desk).users(1).await.result.expect("a page");
    assert_eq!(desk.line(), format!("GET {W}/users?page=1&page-size=200&include-roles=false"));
    assert!(page.rows[0].archived && !page.rows[0].deleted);
    let desk = Desk::answering(200, &[], "[]");
    assert!(clockify(&desk).clients(3).await.result.expect("a page").last);
    assert_eq!(desk.line(), format!("GET {W}/clients?page=3&page-size=200"));
    let desk = Desk::answering(200, &[], "null");
    assert!(clockify(&desk).tags_by_name("deleted in Toggl", true).await.result.expect("tags").is_empty());
    assert_eq!(desk.line(), format!("GET {W}/tags?name=deleted%20in%20Toggl&strict-name-search=true"));
    let desk = Desk::answering(201, &[], json!({"id":TAG,"name":"copy","archived":false}));
    assert_eq!(clockify(&desk).create_tag("copy").await.result.expect("a tag").id, RemoteId::from(TAG));
    assert_eq!((desk.line(), desk.body()), (format!("POST {W}/tags"), json!({"name": "copy"})));
    let desk = Desk::answering(201, &[], json!({"id":PROJECT,"name":"Osprey"}));
    assert!(clockify(&desk).create_project("Osprey", None, true, Some("#03A9F4")).await.result.is_ok());
    assert_eq!((desk.line(), desk.body()["color"].clone()), (format!("POST {W}/projects"), json!("#03A9F4")));
    assert!(desk.body().get("clientId").is_none());
    let desk = Desk::answering(201, &[], json!({"id":"64f0c0ffee0000000000d001","name":"Northwind"}));
    assert!(clockify(&desk).create_client("Northwind").await.result.is_ok());
    assert_eq!((desk.line(), desk.body()), (format!("POST {W}/clients"), json!({"name": "Northwind"})));
}

#[test]
fn every_call_is_charged_to_the_workspace() {
    assert_eq!((Call::User.charge(), Call::CreateEntry.charge()), (Charge::Workspace, Charge::Workspace));
}
