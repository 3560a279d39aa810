//! Time entries: the recorded forms, auto-stop, what other clients send.

use super::*;

async fn create(bench: &Bench, extra: Value) -> Answer {
    let mut body =
        json!({"created_with": "test", "workspace_id": 4_440_001, "start": "2026-03-02T13:20:00Z"});
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    bench.person("POST", ENTRIES, body).await
}

async fn read(bench: &Bench, id: &Value) -> Value {
    bench.person("GET", &format!("/api/v9/me/time_entries/{id}"), Value::Null).await.good()
}

#[tokio::test(start_paused = true)]
async fn create_and_list_have_their_own_forms() {
    let bench = Bench::premium();
    let made = create(&bench, json!({"duration": 2709, "description": "Wireframes r2"})).await.good();
    let keys: Vec<&String> = made.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "workspace_id",
            "project_id",
            "task_id",
            "billable",
            "start",
            "stop",
            "duration",
            "description",
            "tags",
            "tag_ids",
            "duronly",
            "at",
            "server_deleted_at",
            "user_id",
            "uid",
            "wid"
        ]
    );
    assert_eq!(made["start"], "2026-03-02T13:20:00Z");
    assert_eq!(made["stop"], "2026-03-02T14:05:09Z");
    assert_eq!(made["at"], "2026-03-02T14:00:00.250500Z");
    assert!(made["tags"].is_null() && made["tag_ids"].is_null());
    let listed = read(&bench, &made["id"]).await;
    assert_eq!(listed["start"], "2026-03-02T13:20:00+00:00");
    assert_eq!(listed["tags"], json!([]));
    assert!(listed.get("project_name").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_project_adds_pid_and_names_only_on_request() {
    let bench = Bench::premium();
    let project = bench
        .person(
            "POST",
            "/api/v9/workspaces/4440001/projects",
            json!({"name": "Harbor site", "billable": true}),
        )
        .await
        .good();
    let made =
        create(&bench, json!({"duration": 60, "project_id": project["id"], "tags": ["design"]})).await.good();
    assert_eq!(made["pid"], project["id"]);
    assert_eq!(made["tags"], json!(["design"]));
    assert_eq!(made["tag_ids"], json!([330_011]));
    let path = format!("/api/v9/me/time_entries/{}?meta=true&", made["id"]);
    let named = bench.person("GET", &path, Value::Null).await.good();
    assert_eq!(named["project_name"], "Harbor site");
    let cleared = bench
        .person("PUT", &format!("{ENTRIES}/{}", made["id"]), json!({"project_id": null, "id": null}))
        .await
        .good();
    assert!(cleared["project_id"].is_null() && cleared.get("pid").is_none());
    assert_eq!(cleared["tags"], json!(["design"]));
}

#[tokio::test(start_paused = true)]
async fn bodies_that_the_service_refuses() {
    let bench = Bench::premium();
    let full = json!({"created_with": "t", "workspace_id": 4_440_001, "start": "2026-03-02T13:20:00Z", "duration": 60});
    for (key, value) in [
        ("created_with", Value::Null),
        ("workspace_id", Value::Null),
        ("workspace_id", json!(1)),
        ("start", Value::Null),
        ("start", json!("2026-03-02T13:20Z")),
        ("stop", json!("2026-03-02T13:22:00Z")),
        ("project_id", json!(99)),
    ] {
        let mut body = full.clone();
        body[key] = value;
        let answer = bench.person("POST", ENTRIES, body.clone()).await;
        assert!(matches!(answer.status, 400 | 403), "{body}: {} {}", answer.status, answer.text);
        assert!(answer.json().is_string());
    }
    assert_eq!(bench.person("POST", ENTRIES, full).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn neither_duration_nor_stop_is_an_entry_of_no_length() {
    let bench = Bench::premium();
    let made = create(&bench, json!({})).await.good();
    assert!(made["stop"].is_null());
    assert_eq!(made["duration"], 0);
    assert_eq!(read(&bench, &made["id"]).await["stop"], "2026-03-02T13:20:00+00:00");
    assert!(bench.person("GET", "/api/v9/me/time_entries/current", Value::Null).await.good().is_null());
}

#[tokio::test(start_paused = true)]
async fn a_new_timer_stops_the_old_one_at_the_time_of_the_request() {
    let bench = Bench::premium();
    let first =
        create(&bench, json!({"duration": -1_772_457_601_i64, "start": "2026-03-02T13:20:00.59+00:00"}))
            .await
            .good();
    assert_eq!(first["start"], "2026-03-02T13:20:00Z");
    assert_eq!(first["duration"], -1_772_457_601_i64);
    pass(60).await;
    let second = create(&bench, json!({"duration": -1, "start": "2026-03-02T13:50:00Z"})).await.good();
    let stopped = read(&bench, &first["id"]).await;
    assert_eq!(stopped["stop"], "2026-03-02T14:01:00+00:00");
    assert_eq!(stopped["duration"], 41 * 60);
    let current = bench.person("GET", "/api/v9/me/time_entries/current", Value::Null).await.good();
    assert_eq!((&current["id"], &current["duration"]), (&second["id"], &json!(-1)));
    let path = format!("{ENTRIES}/{}/stop", second["id"]);
    let done = bench.person("PATCH", &path, Value::Null).await.good();
    assert_eq!((&done["stop"], &done["tags"]), (&json!("2026-03-02T14:01:00Z"), &json!([])));
    assert_eq!(bench.person("PATCH", &path, Value::Null).await.status, 409);
}

#[tokio::test(start_paused = true)]
async fn released_clients_work_unchanged() {
    let bench = Bench::premium();
    let body = json!({"id": null, "created_with": "cli", "wid": 4_440_001, "pid": null, "tid": null, "tags": null,
                      "start": "2026-03-02T13:20:00.123456+01:00", "stop": null, "duration": -1_772_454_000});
    let made = bench.person("POST", "/api/v9/time_entries", body).await.good();
    assert_eq!((&made["stop"], &made["start"]), (&Value::Null, &json!("2026-03-02T12:20:00Z")));
    let stop = json!({"id": -1, "stop": "2026-03-02T13:00:00Z", "duration": 2400});
    let done = bench.person("PUT", &format!("{ENTRIES}/{}", made["id"]), stop).await.good();
    assert_eq!(done["duration"], 2400);
    let me = bench.person("GET", "/api/v9/me", Value::Null).await.good();
    assert!(me["toggl_accounts_id"].as_str().unwrap().len() >= 22);
    assert!(me["intercom_hash"].as_str().unwrap().len() >= 64);
    for path in ["me/tasks", "me/features", "workspaces", "me/workspaces", "me/organizations"] {
        assert!(
            bench.person("GET", &format!("/api/v9/{path}"), Value::Null).await.good().is_array(),
            "{path}"
        );
    }
    assert!(bench.person("GET", "/api/v9/me/preferences", Value::Null).await.good().is_object());
}

#[tokio::test(start_paused = true)]
async fn bulk_changes_every_row_for_itself() {
    let bench = Bench::premium();
    let one = bench.entry("one").await["id"].as_i64().unwrap();
    let two = bench.entry("two").await["id"].as_i64().unwrap();
    let operations = json!([{"op": "replace", "path": "/description", "value": "moved"},
                            {"op": "add", "path": "/tags", "value": ["remapped"]}]);
    let out = bench.person("PATCH", &format!("{ENTRIES}/{one},{two},17"), operations).await.good();
    assert_eq!(out["success"], json!([one, two]));
    assert_eq!(out["failure"][0]["id"], 17);
    let row = read(&bench, &json!(two)).await;
    assert_eq!((&row["description"], &row["tags"]), (&json!("moved"), &json!(["remapped"])));
    let many: Vec<String> = (0..101).map(|id| id.to_string()).collect();
    assert_eq!(bench.person("PATCH", &format!("{ENTRIES}/{}", many.join(",")), json!([])).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn others_see_and_change_their_own_only() {
    let bench = Bench::new(Plan::Premium, World::Demo);
    let dana = bench.access.toggl_second_token.clone().unwrap();
    let made = bench.entry("mine").await;
    let path = format!("{ENTRIES}/{}", made["id"]);
    assert_eq!(bench.person_as(&dana, "PUT", &path, json!({"description": "hers"})).await.status, 404);
    assert_eq!(bench.person_as(&dana, "DELETE", &path, Value::Null).await.status, 404);
    let current = bench.person_as(&dana, "GET", "/api/v9/me/time_entries/current", Value::Null).await;
    assert!(current.good().is_null());
    let ida = bench.person("GET", "/api/v9/me/time_entries/current", Value::Null).await.good();
    let start: DateTime<Utc> = ida["start"].as_str().unwrap().parse().unwrap();
    assert_eq!(ida["duration"], -(start.timestamp() + 1));
}
