//! Reads that a sync lives on: `since` with tombstones, the floor, the cap, related data, Reports in pages.

use super::*;

async fn list(bench: &Bench, query: &str) -> Answer {
    bench.person("GET", &format!("/api/v9/me/time_entries?{query}"), Value::Null).await
}

#[tokio::test(start_paused = true)]
async fn since_shows_changes_and_tombstones() {
    let bench = Bench::premium();
    let kept = bench.entry("kept").await["id"].clone();
    let gone = bench.entry("gone").await["id"].clone();
    pass(100).await;
    let since = began().timestamp() + 50;
    assert_eq!(list(&bench, &format!("since={since}")).await.good(), json!([]));
    let deleted = bench.person("DELETE", &format!("{ENTRIES}/{gone}"), Value::Null).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (200, ""));
    let rows = list(&bench, &format!("since={since}&")).await.good();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["id"], gone);
    assert_eq!(rows[0]["server_deleted_at"], "2026-03-02T14:01:40+00:00");
    assert_eq!(rows[0]["description"], "gone");
    let plain = list(&bench, "").await.good();
    assert_eq!((plain.as_array().unwrap().len(), &plain[0]["id"]), (1, &kept));
    assert_eq!(
        bench.person("GET", &format!("/api/v9/me/time_entries/{gone}"), Value::Null).await.status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn old_dates_and_odd_pairs_are_refused_with_the_floor() {
    let bench = Bench::premium();
    let both = list(&bench, "since=1772000000&before=2026-03-01").await;
    assert_eq!(
        (both.status, both.json()),
        (400, json!("'since' and 'before' can not be present simultaneously"))
    );
    let old = list(&bench, "start_date=2025-11-30&end_date=2026-01-01").await;
    assert_eq!((old.status, old.json()), (400, json!("start_date must not be earlier than 2025-12-01")));
    assert_eq!(list(&bench, "start_date=2025-12-01&end_date=2026-01-01").await.status, 200);
    assert_eq!(list(&bench, "since=1700000000").await.status, 400);
    assert_eq!(list(&bench, "start_date=2026-01-01").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_read_returns_a_thousand_at_most_newest_first() {
    let bench = Bench::premium();
    for minute in 0..1003 {
        let start = began() - chrono::TimeDelta::minutes(minute);
        let body = json!({"created_with": "test", "workspace_id": 4_440_001, "start": start.to_rfc3339(), "duration": 30});
        assert_eq!(bench.person("POST", ENTRIES, body).await.status, 200);
    }
    let rows = list(&bench, "").await.good();
    let starts: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["start"].as_str().unwrap()).collect();
    assert_eq!(starts.len(), 1000);
    assert!(starts.windows(2).all(|pair| pair[0] >= pair[1]));
    assert_eq!(starts[0], "2026-03-02T14:00:00+00:00");
}

#[tokio::test(start_paused = true)]
async fn related_data_is_one_call() {
    let bench = Bench::new(Plan::Free, World::Demo);
    let answer = bench.ask("GET", "/api/v9/me?with_related_data=true", Value::Null).await;
    assert_eq!(answer.header("X-Toggl-Quota-Remaining"), "29");
    let me = answer.good();
    assert_eq!(me["projects"].as_array().unwrap().len(), 12);
    assert_eq!(me["clients"].as_array().unwrap().len(), 5);
    assert!(me["time_entries"].as_array().unwrap().len() > 10);
    let empty = Bench::premium().ask("GET", "/api/v9/me?with_related_data=true", Value::Null).await.good();
    assert!(empty["projects"].is_null() && empty["time_entries"].is_null());
}

async fn search(bench: &Bench, body: Value) -> Answer {
    bench.person("POST", "/reports/api/v3/workspace/4440001/search/time_entries", body).await
}

#[tokio::test(start_paused = true)]
async fn reports_page_through_everybody_s_history_once() {
    let bench = Bench::new(Plan::Free, World::Demo);
    let range = json!({"start_date": "2026-01-01", "end_date": "2026-03-02", "page_size": 200});
    let (mut seen, mut users, mut next) = (Vec::new(), std::collections::BTreeSet::new(), None::<i64>);
    loop {
        let mut body = range.clone();
        if let Some(row) = next {
            body["first_row_number"] = json!(row);
        }
        let answer = search(&bench, body).await;
        assert_eq!(answer.header("X-Range-Start"), "2026-01-01");
        next = answer.header("X-Next-Row-Number").parse().ok();
        assert_eq!(answer.header("X-Next-ID").is_empty(), next.is_none());
        for row in answer.good().as_array().unwrap() {
            seen.push(row["time_entries"][0]["id"].as_i64().unwrap());
            users.insert(row["user_id"].as_i64().unwrap());
            assert_eq!(row["row_number"], json!(seen.len()));
            assert!(row["time_entries"][0]["start"].as_str().unwrap().ends_with("+00:00"));
        }
        if next.is_none() {
            break;
        }
    }
    let distinct: std::collections::BTreeSet<i64> = seen.iter().copied().collect();
    assert!(seen.len() > 200, "{}", seen.len());
    assert_eq!(distinct.len(), seen.len());
    assert_eq!(users.len(), 2);
    let dana = bench.access.toggl_second_token.clone().unwrap();
    let path = "/reports/api/v3/workspace/4440001/search/time_entries";
    let own = bench.person_as(&dana, "POST", path, range.clone()).await.good();
    assert!(own.as_array().unwrap().iter().all(|row| row["user_id"] == 5_550_002));
    let mut filtered = range.clone();
    (filtered["project_ids"], filtered["client_ids"]) = (json!([null]), json!([]));
    let without = search(&bench, filtered).await.good();
    assert!(!without.as_array().unwrap().is_empty());
    assert!(without.as_array().unwrap().iter().all(|row| row["project_id"].is_null()));
    assert_eq!(search(&bench, json!({})).await.status, 400);
    assert_eq!(
        search(&bench, json!({"start_date": "2024-01-01", "end_date": "2026-01-01"})).await.status,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn projects_come_in_pages_and_archived_ones_on_request() {
    let bench = Bench::new(Plan::Premium, World::Demo);
    let path = "/api/v9/workspaces/4440001/projects";
    let active = bench.person("GET", path, Value::Null).await.good();
    assert_eq!(active.as_array().unwrap().len(), 11);
    let page =
        bench.person("GET", &format!("{path}?active=both&per_page=5&page=3"), Value::Null).await.good();
    assert_eq!(page.as_array().unwrap().len(), 2);
    let harbor = bench.person("GET", &format!("{path}/2220007"), Value::Null).await.good();
    assert_eq!((&harbor["name"], &harbor["rate"]), (&json!("Harbor site"), &json!(95)));
    let clients = bench.person("GET", "/api/v9/workspaces/4440001/clients", Value::Null).await.good();
    assert!(clients[0].get("workspace_id").is_none());
    let taken = bench.person("POST", "/api/v9/workspaces/4440001/tags", json!({"name": "design"})).await;
    assert_eq!(taken.status, 400);
}

#[tokio::test(start_paused = true)]
async fn deleting_a_project_unassigns_its_entries_without_events_of_their_own() {
    let bench = Bench::new(Plan::Premium, World::Demo);
    bench.subscribe("all").await.good();
    let answer =
        bench.person("DELETE", "/api/v9/workspaces/4440001/projects/2220007", Value::Null).await.good();
    assert_eq!(answer, 2_220_007);
    pass(1).await;
    let events = bench.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].json()["metadata"]["project_id"], "2220007");
    let since = began().timestamp();
    let rows = list(&bench, &format!("since={since}")).await.good();
    assert!(!rows.as_array().unwrap().is_empty());
    assert!(rows.as_array().unwrap().iter().all(|row| row["project_id"].is_null()));
}
