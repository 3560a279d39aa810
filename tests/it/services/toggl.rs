//! Toggl's Track API: requests, and every JSON form of the reference.

use std::sync::Arc;

use hourwire::domain::catalogue::Kind;
use hourwire::domain::id::RemoteId;
use hourwire::services::http::{Charge, Failure};
use hourwire::services::toggl::{Call, Change, Cursor, Draft, Search, Toggl};
use serde_json::{Value, json};

use super::{Desk, TOKEN, at, token};

const BASE: &str = "https://toggl.example.test";

fn toggl(desk: &Arc<Desk>) -> Toggl {
    Toggl::new(desk.clone(), BASE, token())
}

fn ws() -> RemoteId {
    RemoteId::from(4440001)
}

fn listed() -> Value {
    json!({"id":3990000123_i64,"workspace_id":4440001,"project_id":2220007,"task_id":null,"billable":true,
        "start":"2026-03-02T13:20:00+00:00","stop":"2026-03-02T14:05:09+00:00","duration":2709,
        "description":"Wireframes r2","tags":["review","design","design"],"tag_ids":[330011],"duronly":true,
        "at":"2026-03-02T14:05:09.412207Z","server_deleted_at":null,"user_id":5550001,"uid":5550001,"wid":4440001,
        "pid":2220007,"client_name":"Harbor Co","project_name":"Harbor site"})
}

#[tokio::test]
async fn since_is_one_request_with_credential_and_meter() {
    let desk = Desk::answering(
        200,
        &[
            ("x-toggl-quota-remaining", "20"),
            ("x-toggl-quota-resets-in", "1855"),
            ("x-toggl-request-id", "4f1c"),
            ("date", "Mon, 02 Mar 2026 14:05:09 GMT"),
        ],
        json!([listed()]),
    );
    let answer = toggl(&desk).entries_since(1772460000).await;
    assert_eq!(desk.line(), format!("GET {BASE}/api/v9/me/time_entries?since=1772460000"));
    // base64("0badc0de…:api_token")
    let basic = "Basic MGJhZGMwZGUwYmFkYzBkZTBiYWRjMGRlMGJhZGMwZGU6YXBpX3Rva2Vu";
    assert_eq!(desk.header("authorization").as_deref(), Some(basic));
    assert!(desk.header("user-agent").is_some_and(|agent| agent.starts_with("hourwire/")));
    assert_eq!(desk.header("content-type"), None);
    assert_eq!(answer.told.remaining, Some(20));
    assert_eq!(answer.told.resets_in.map(|left| left.num_seconds()), Some(1855));
    assert_eq!(answer.told.date, Some(at("2026-03-02T14:05:09Z")));
    assert_eq!((answer.status, answer.request_id.as_deref()), (Some(200), Some("4f1c")));
    let reads = answer.result.expect("reads");
    let entry = reads[0].entry.as_ref().expect("an entry");
    assert_eq!(reads[0].id, RemoteId::from(3990000123));
    assert_eq!(reads[0].at, at("2026-03-02T14:05:09Z"), "cut to the second");
    assert_eq!(reads[0].deleted_at, None);
    assert_eq!((entry.start, entry.stop), (at("2026-03-02T13:20:00Z"), Some(at("2026-03-02T14:05:09Z"))));
    assert_eq!((&entry.workspace, &entry.user), (&ws(), &RemoteId::from(5550001)));
    assert_eq!(entry.project, Some(RemoteId::from(2220007)));
    assert_eq!(entry.tags, ["design", "review"]);
    assert!(entry.billable);
}

#[tokio::test]
async fn an_entry_is_read_in_every_form() {
    let change = |keys: Value| {
        let mut row = listed();
        for (key, value) in keys.as_object().expect("object") {
            row[key] = value.clone();
        }
        row
    };
    let read = |row: Value| async move {
        let desk = Desk::answering(200, &[], json!([row]));
        toggl(&desk).entries_since(0).await.result.expect("decodes").remove(0)
    };
    let running = read(change(json!({"stop": null, "duration": -1772457600_i64}))).await;
    assert!(running.entry.expect("entry").is_running());
    let running = read(change(json!({"stop": null, "duration": -1}))).await;
    assert!(running.entry.expect("entry").is_running());
    let by_length = read(change(json!({"stop": null, "duration": 60}))).await;
    assert_eq!(by_length.entry.expect("entry").stop, Some(at("2026-03-02T13:21:00Z")));
    let none = read(change(json!({"stop": null, "duration": 0}))).await;
    assert_eq!(none.entry.expect("entry").stop, Some(at("2026-03-02T13:20:00Z")), "no length is not a timer");
    let bare = json!({"tags": null, "description": null, "project_id": null, "pid": null, "billable": null});
    let bare = read(change(bare)).await.entry.expect("entry");
    assert_eq!(
        (bare.tags.len(), bare.description.as_str(), bare.project, bare.billable),
        (0, "", None, false)
    );
    let odd = json!({"id": "3990000123", "start": "2026-03-02T08:20:00.59-05:00", "user_id": "5550001"});
    let odd = read(change(odd)).await;
    assert_eq!(odd.id, RemoteId::from(3990000123));
    assert_eq!(odd.entry.expect("entry").start, at("2026-03-02T13:20:00Z"));
    let gone = read(change(json!({"server_deleted_at": "2026-03-02T15:00:00+00:00"}))).await;
    assert_eq!(gone.deleted_at, Some(at("2026-03-02T15:00:00Z")));
    assert!(gone.entry.is_some(), "a tombstone keeps its fields");
    let legacy = json!({"id": 7, "wid": 4440001, "uid": 5550001, "pid": 2220007, "at": "2026-03-02T14:05:09+00:00",
        "start": "2026-03-02T13:20:00Z", "stop": "2026-03-02T14:05:09Z"});
    let legacy = read(legacy).await.entry.expect("entry");
    assert_eq!((legacy.workspace, legacy.project), (ws(), Some(RemoteId::from(2220007))));
    let unknown = read(json!({"id": 7, "at": "2026-03-02T14:05:09Z"})).await;
    assert_eq!(unknown.entry, None);
}

#[tokio::test]
async fn lists_may_be_null_and_nonsense_is_garbled() {
    let since = |body: &'static str| async move {
        let desk = Desk::answering(200, &[], body);
        toggl(&desk).entries_since(0).await.result
    };
    assert_eq!(since("null").await, Ok(vec![]));
    assert_eq!(since("[]").await, Ok(vec![]));
    for body in
        ["{", "\"no\"", "[{\"start\":\"2026-03-02T13:20:00Z\"}]", "[1]", "<html>", "{\"message\":\"x\"}"]
    {
        assert!(matches!(since(body).await, Err(Failure::Garbled(_))), "{body}");
    }
}

#[tokio::test]
async fn a_cold_start_reads_everything_at_once_and_no_secret() {
    let body = json!({"id":5550001,"api_token":TOKEN,"email":"ida@example.test","fullname":"Ida Kern",
        "timezone":"Europe/Berlin","default_workspace_id":4440001,"oauth_providers":["google"],
        "workspaces":[{"id":4440001,"organization_id":6660001,"name":"Kern","premium":true,"business_ws":false,
            "admin":true,"api_token":TOKEN,"ical_url":"/ical/x"},{"id":4440002,"organization_id":6660002,"name":"Else"}],
        "projects":[{"id":2220007,"workspace_id":4440001,"client_id":1110003,"name":"Harbor site","active":true,
            "color":"#0b83d9","billable":true,"at":"2026-02-11T10:58:40+00:00","status":"active"},
            {"id":2220008,"workspace_id":4440002,"client_id":null,"name":"Old","active":false,"billable":null},
            {"id":2220009,"wid":"4440001","cid":"1110003","name":"Gone","server_deleted_at":"2026-02-11T10:58:40+00:00"}],
        "clients":[{"id":1110003,"wid":4440001,"archived":true,"name":"Harbor Co","at":"2026-02-11T10:58:40+00:00"}],
        "tags":null,"tasks":null,"time_entries":[listed()]});
    let desk = Desk::answering(200, &[], body);
    let answer = toggl(&desk).me(true).await;
    assert_eq!(desk.line(), format!("GET {BASE}/api/v9/me?with_related_data=true"));
    assert!(!format!("{answer:?}").contains(TOKEN));
    let me = answer.result.expect("a profile");
    assert_eq!((me.user.kind, me.user.name.as_str()), (Kind::User, "Ida Kern"));
    assert_eq!((me.zone.as_deref(), me.default_workspace.as_ref()), (Some("Europe/Berlin"), Some(&ws())));
    assert_eq!(me.workspaces[0].organization, Some(RemoteId::from(6660001)));
    assert!(me.workspaces[0].premium && !me.workspaces[0].business);
    assert_eq!((me.projects.len(), me.clients.len(), me.tags.len(), me.entries.len()), (3, 1, 0, 1));
    assert_eq!(me.projects[0].color.as_deref(), Some("#0b83d9"));
    assert!(me.projects[1].archived && !me.projects[1].billable);
    assert!(me.projects[2].deleted && me.clients[0].archived);
    let here = me.only(&ws());
    let names: Vec<&str> = here.projects.iter().map(|project| project.name.as_str()).collect();
    assert_eq!((names, here.workspaces.len()), (vec!["Harbor site", "Gone"], 1));
    let desk = Desk::answering(200, &[], json!({"id": 1}));
    assert!(toggl(&desk).me(false).await.result.is_ok());
    assert_eq!(desk.line(), format!("GET {BASE}/api/v9/me"));
}

#[tokio::test]
async fn reads_of_own_entries_have_their_addresses() {
    let desk = Desk::answering(200, &[], "[]");
    let (from, to) = (at("2026-03-01T00:00:00Z"), at("2026-03-03T00:00:00.5Z"));
    assert!(toggl(&desk).entries_between(from, to).await.result.is_ok());
    let query = "start_date=2026-03-01T00%3A00%3A00Z&end_date=2026-03-03T00%3A00%3A00Z";
    assert_eq!(desk.line(), format!("GET {BASE}/api/v9/me/time_entries?{query}"));
    let desk = Desk::answering(200, &[], "[]");
    assert!(toggl(&desk).entries_between(from.date_naive(), to.date_naive()).await.result.is_ok());
    assert_eq!(
        desk.line(),
        format!("GET {BASE}/api/v9/me/time_entries?start_date=2026-03-01&end_date=2026-03-03")
    );
    let desk = Desk::answering(200, &[], listed());
    assert!(toggl(&desk).entry(&RemoteId::from(3990000123)).await.result.is_ok());
    assert_eq!(desk.line(), format!("GET {BASE}/api/v9/me/time_entries/3990000123"));
    let desk = Desk::answering(200, &[], listed());
    assert!(matches!(toggl(&desk).entry(&RemoteId::from(1)).await.result, Err(Failure::Garbled(_))));
    for (status, body) in [(200, "null"), (200, ""), (404, "\"none\"")] {
        let desk = Desk::answering(status, &[], body);
        assert_eq!(toggl(&desk).current().await.result, Ok(None), "{status} {body}");
    }
    let desk = Desk::answering(200, &[], listed());
    assert!(toggl(&desk).current().await.result.expect("an answer").is_some());
}

#[tokio::test]
async fn catalogue_pages_end_when_they_are_short() {
    let rows: Vec<Value> =
        (1..=200).map(|n| json!({"id": n, "name": format!("P{n}"), "active": true})).collect();
    let desk = Desk::answering(200, &[], Value::from(rows));
    let page = toggl(&desk).projects(&ws(), 1).await.result.expect("a page");
    assert_eq!((page.rows.len(), page.last), (200, false));
    let path = format!("{BASE}/api/v9/workspaces/4440001");
    assert_eq!(desk.line(), format!("GET {path}/projects?active=both&page=1&per_page=200"));
    let desk = Desk::answering(200, &[], "null");
    assert!(toggl(&desk).tags(&ws(), 2).await.result.expect("a page").last);
    assert_eq!(desk.line(), format!("GET {path}/tags?page=2&per_page=200"));
    let desk = Desk::answering(200, &[], "null");
    assert_eq!(toggl(&desk).clients(&ws()).await.result, Ok(vec![]));
    assert_eq!(desk.line(), format!("GET {path}/clients?status=both"));
    let users = json!([{"id":5550002,"email":"dana@example.test","fullname":"Dana Moss","inactive":true}]);
    let desk = Desk::answering(200, &[], users);
    let users = toggl(&desk).users(&ws()).await.result.expect("users");
    assert_eq!(desk.line(), format!("GET {path}/users"));
    assert_eq!((users[0].name.as_str(), users[0].email.as_deref()), ("Dana Moss", Some("dana@example.test")));
    assert!(users[0].archived);
}

#[tokio::test]
async fn plans_and_quota_rows_are_read() {
    let body = json!([{"organization_id":6660001,"remaining":-3,"resets_in_secs":2710,"total":240},
        {"organization_id":null,"remaining":"27","resets_in":1893,"max_requests":30,"organization_name":"x"}]);
    let desk = Desk::answering(200, &[], body);
    let rows = toggl(&desk).quota().await.result.expect("rows");
    assert_eq!(desk.line(), format!("GET {BASE}/api/v9/me/quota"));
    assert_eq!((rows[0].organization.clone(), rows[0].remaining), (Some(RemoteId::from(6660001)), -3));
    assert_eq!((rows[1].organization.clone(), rows[1].remaining, rows[1].total), (None, 27, 30));
    let body =
        json!([{"id":6660001,"name":"Kern","pricing_plan_name":"Free","pricing_plan_enterprise":false}]);
    let desk = Desk::answering(200, &[], body);
    let rows = toggl(&desk).organizations().await.result.expect("rows");
    assert_eq!(desk.line(), format!("GET {BASE}/api/v9/me/organizations"));
    assert_eq!(rows[0].plan, "Free");
}

#[tokio::test]
async fn a_report_is_read_page_by_page() {
    let body = json!([{"user_id":5550002,"username":"Dana Moss","project_id":null,"billable":false,"description":null,
        "tag_ids":[330011,330012],"currency":"USD","row_number":1,"time_entries":[
            {"id":3990000123_i64,"seconds":2709,"start":"2026-03-02T08:20:00-05:00","stop":"2026-03-02T09:05:09-05:00",
             "at":"2026-03-02T14:05:09+00:00"},
            {"id":3990000124_i64,"seconds":60,"start":"2026-03-02T16:00:00+00:00","stop":null,"at":"2026-03-02T16:01:00Z"}]}]);
    let next =
        [("x-next-id", "3990000124"), ("x-next-row-number", "201"), ("x-next-timestamp", "1772467200")];
    let desk = Desk::answering(200, &next, body);
    let search = Search {
        from: "2026-03-01".parse().expect("a day"),
        to: "2026-03-31".parse().expect("a day"),
        users: vec![RemoteId::from(5550002)],
        tag_names: [(RemoteId::from(330011), "design".to_owned())].into(),
    };
    let page = toggl(&desk).reports_search(&ws(), &search, None).await.result.expect("a page");
    assert_eq!(desk.line(), format!("POST {BASE}/reports/api/v3/workspace/4440001/search/time_entries"));
    assert_eq!(
        desk.body(),
        json!({"start_date":"2026-03-01","end_date":"2026-03-31","order_by":"date","order_dir":"ASC","grouped":false,
            "page_size":200,"rounding":0,"rounding_minutes":0,"user_ids":[5550002]})
    );
    let (first, second) = (&page.reads[0], &page.reads[1]);
    let entry = first.entry.as_ref().expect("entry");
    assert_eq!(
        (entry.start, &entry.user, &entry.workspace),
        (at("2026-03-02T13:20:00Z"), &RemoteId::from(5550002), &ws())
    );
    assert_eq!(entry.tags, ["design"]);
    assert_eq!(page.unnamed_tags, [RemoteId::from(330012)]);
    assert_eq!(second.entry.as_ref().expect("entry").stop, Some(at("2026-03-02T16:01:00Z")));
    let cursor = Cursor { row: Some(201), id: Some(3990000124), timestamp: Some(1772467200) };
    assert_eq!(page.next, Some(cursor));
    let desk = Desk::answering(200, &[], "[]");
    let page = toggl(&desk).reports_search(&ws(), &search, Some(cursor)).await.result.expect("a page");
    assert_eq!(page.next, None);
    let body = desk.body();
    assert_eq!((&body["first_row_number"], &body["first_id"]), (&json!(201), &json!(3990000124_i64)));
}

#[tokio::test]
async fn the_timer_keys_write_what_the_service_wants() {
    let path = format!("{BASE}/api/v9/workspaces/4440001/time_entries");
    let mut draft = Draft {
        start: at("2026-03-02T13:20:00Z"),
        stop: None,
        description: "Wireframes r2".to_owned(),
        project: Some(RemoteId::from(2220007)),
        tags: vec!["design".to_owned()],
        billable: None,
    };
    let desk = Desk::answering(200, &[], listed());
    assert!(toggl(&desk).create_entry(&ws(), &draft).await.result.is_ok());
    assert_eq!(desk.line(), format!("POST {path}"));
    assert_eq!(desk.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(
        desk.body(),
        json!({"created_with":"hourwire","workspace_id":4440001,"start":"2026-03-02T13:20:00Z","duration":-1,
            "description":"Wireframes r2","tags":["design"],"project_id":2220007})
    );
    (draft.stop, draft.billable) = (Some(at("2026-03-02T14:05:09Z")), Some(true));
    let desk = Desk::answering(200, &[], listed());
    assert!(toggl(&desk).create_entry(&ws(), &draft).await.result.is_ok());
    let body = desk.body();
    assert_eq!((&body["duration"], &body["stop"]), (&json!(2709), &json!("2026-03-02T14:05:09Z")));
    assert_eq!(body["billable"], json!(true));
    let id = RemoteId::from(3990000123);
    let desk = Desk::answering(200, &[], listed());
    let change = Change { project: Some(None), description: Some("x".to_owned()), ..Change::default() };
    assert!(toggl(&desk).update_entry(&ws(), &id, &change).await.result.is_ok());
    assert_eq!(desk.line(), format!("PUT {path}/3990000123"));
    assert_eq!(desk.body(), json!({"workspace_id":4440001,"description":"x","project_id":null}));
    let desk = Desk::answering(200, &[], listed());
    assert!(toggl(&desk).stop_entry(&ws(), &id).await.result.is_ok());
    assert_eq!(desk.line(), format!("PATCH {path}/3990000123/stop"));
    let desk = Desk::answering(200, &[], "");
    assert_eq!(toggl(&desk).delete_entry(&ws(), &id).await.result, Ok(()));
    assert_eq!(desk.line(), format!("DELETE {path}/3990000123"));
}

#[test]
fn every_call_says_what_it_costs() {
    for (call, charge) in [
        (Call::Me, Charge::User),
        (Call::EntriesSince, Charge::User),
        (Call::Quota, Charge::User),
        (Call::Projects, Charge::Org),
        (Call::ReportsSearch, Charge::Org),
        (Call::Subscriptions, Charge::Org),
        (Call::SetEnabled, Charge::Org),
        (Call::Ping, Charge::Org),
        (Call::Validate, Charge::Free),
        (Call::Limits, Charge::Free),
        (Call::EventFilters, Charge::Free),
    ] {
        assert_eq!(call.charge(), charge, "{call:?}");
    }
}

#[tokio::test]
async fn the_base_may_carry_the_api_path() {
    for base in [BASE.to_owned(), format!("{BASE}/"), format!("{BASE}/api/v9"), format!("{BASE}/api/v9/")] {
        let desk = Desk::answering(200, &[], "[]");
        let _ = Toggl::new(desk.clone(), &base, token()).quota().await;
        assert_eq!(desk.line(), format!("GET {BASE}/api/v9/me/quota"), "{base}");
    }
}
