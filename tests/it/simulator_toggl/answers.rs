//! Credentials, quota, pace, faults on answers, the person header.

use super::*;

#[tokio::test(start_paused = true)]
async fn credentials_are_refused_in_the_recorded_ways() {
    let bench = Bench::premium();
    let none = bench.raw("GET", "/api/v9/me", "", &[]).await.unwrap();
    assert_eq!((none.status, none.text.as_str(), none.header("X-Authorization-Missing")), (401, "", "true"));
    let wrong = bench.raw("GET", "/api/v9/me", "", &[("Authorization", &basic("0000"))]).await.unwrap();
    assert_eq!(wrong.status, 403);
    assert!(wrong.json().is_string());
    let mail = format!("Basic {}", STANDARD.encode("ida@example.test:simulated"));
    assert_eq!(bench.raw("GET", "/api/v9/me", "", &[("Authorization", &mail)]).await.unwrap().status, 200);
    assert_eq!(bench.raw("GET", SUBSCRIPTIONS, "", &[("Authorization", &mail)]).await.unwrap().status, 403);
    assert_eq!(bench.ask("GET", "/api/v8/me", Value::Null).await.status, 410);
    assert_eq!(bench.ask("GET", "/api/v9/nothing", Value::Null).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_reset_token_ends_the_old_one_at_once() {
    let bench = Bench::premium();
    let token = bench.ask("POST", "/api/v9/me/reset_token", Value::Null).await.good();
    assert_eq!(bench.ask("GET", "/api/v9/me", Value::Null).await.status, 403);
    let auth = basic(token.as_str().unwrap());
    assert_eq!(bench.raw("GET", "/api/v9/me", "", &[("Authorization", &auth)]).await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn both_buckets_count_for_themselves_and_refuse_with_402() {
    let bench = Bench::new(Plan::Free, World::Empty);
    let first = bench.ask("GET", "/api/v9/me", Value::Null).await;
    assert_eq!(first.header("X-Toggl-Quota-Remaining"), "29");
    assert_eq!(first.header("X-Toggl-Quota-Resets-In"), "3600");
    for _ in 1..30 {
        pass(1).await;
        assert_eq!(bench.ask("GET", "/api/v9/me/tags", Value::Null).await.status, 200);
    }
    pass(1).await;
    let refused = bench.ask("GET", "/api/v9/me", Value::Null).await;
    assert_eq!((refused.status, refused.header("X-Toggl-Quota-Remaining")), (402, "0"));
    assert_eq!(refused.header("X-Toggl-Quota-Resets-In"), "3570");
    assert_eq!(
        refused.json(),
        "You have hit your hourly limit for API calls. The quota will reset in 3570 seconds."
    );
    let other = bench.ask("GET", SUBSCRIPTIONS, Value::Null).await;
    assert_eq!((other.status, other.header("X-Toggl-Quota-Remaining")), (200, "29"));
    let rows = bench.simulator.requests();
    assert_eq!(rows[0].bucket.as_deref(), Some("user:5550001"));
    let last = rows.last().unwrap();
    assert_eq!((last.bucket.as_deref(), last.remaining), (Some("org:6660001"), Some(29)));
    pass(3570).await;
    assert_eq!(bench.ask("GET", "/api/v9/me", Value::Null).await.header("X-Toggl-Quota-Remaining"), "29");
}

#[tokio::test(start_paused = true)]
async fn open_webhook_calls_cost_nothing_and_need_no_credentials() {
    let bench = Bench::new(Plan::Starter, World::Empty);
    let limits = bench.raw("GET", "/webhooks/api/v1/limits/4440001", "", &[]).await.unwrap();
    assert_eq!(limits.json(), json!({"max_webhooks": 2, "max_events_per_webhook": 6}));
    for path in ["event_filters", "status"] {
        let answer = bench.raw("GET", &format!("/webhooks/api/v1/{path}"), "", &[]).await.unwrap();
        assert_eq!((answer.status, answer.header("X-Toggl-Quota-Remaining")), (200, ""));
    }
    let quota = bench.ask("GET", "/api/v9/me/quota", Value::Null).await.good();
    let left: Vec<(Option<i64>, Option<i64>)> = quota
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["total"].as_i64(), row["remaining"].as_i64()))
        .collect();
    assert_eq!(left, [(Some(240), Some(240)), (Some(30), Some(29))]);
}

#[tokio::test(start_paused = true)]
async fn a_storm_meets_429_and_one_a_second_does_not() {
    let bench = Bench::premium();
    let mut refused = 0;
    for _ in 0..20 {
        let answer = bench.ask("GET", SUBSCRIPTIONS, Value::Null).await;
        refused += u32::from(answer.status == 429);
    }
    assert_eq!(refused, 10);
    for _ in 0..20 {
        pass(1).await;
        assert_eq!(bench.ask("GET", SUBSCRIPTIONS, Value::Null).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_feature_is_402_without_an_empty_quota() {
    let bench = Bench::new(Plan::Free, World::Empty);
    let body = json!({"created_with": "test", "workspace_id": 4_440_001, "start": "2026-03-02T13:20:00Z",
                      "duration": 60, "billable": true});
    let refused = bench.ask("POST", ENTRIES, body.clone()).await;
    assert_eq!((refused.status, refused.header("X-Toggl-Quota-Remaining")), (402, "29"));
    bench.simulator.set_plan(serde_json::from_value(json!({"toggl": "starter"})).unwrap());
    assert_eq!(bench.ask("POST", ENTRIES, body).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_person_costs_nothing_is_not_listed_and_meets_no_fault() {
    let bench = Bench::new(Plan::Free, World::Empty);
    bench.faults(r#"{"answers": [{"do": "status:503"}]}"#);
    for _ in 0..50 {
        assert_eq!(bench.person("GET", "/api/v9/me", Value::Null).await.status, 200);
    }
    assert!(bench.simulator.requests().is_empty());
    assert_eq!(bench.ask("GET", "/api/v9/me", Value::Null).await.status, 503);
    bench.faults("{}");
    assert_eq!(bench.ask("GET", "/api/v9/me", Value::Null).await.header("X-Toggl-Quota-Remaining"), "29");
    assert_eq!(bench.simulator.requests().len(), 2);
}

async fn count(bench: &Bench) -> usize {
    bench.person("GET", "/api/v9/me/time_entries", Value::Null).await.good().as_array().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn faults_do_the_work_or_leave_it_as_their_word_says() {
    let bench = Bench::premium();
    let body = json!({"created_with": "test", "workspace_id": 4_440_001, "start": "2026-03-02T13:20:00Z",
                      "duration": 60});
    let auth = basic(&bench.access.toggl_token);
    for (act, status, done) in [
        ("status:503", Some(503), 0),
        ("429", Some(429), 0),
        ("402", Some(402), 0),
        ("reset", None, 0),
        ("lost", None, 1),
        ("done:500", Some(500), 2),
    ] {
        bench.faults(
            &json!({"answers": [{"method": "POST", "path": "/time_entries", "do": act, "times": 1}]})
                .to_string(),
        );
        let answer = bench.raw("POST", ENTRIES, body.to_string(), &[("Authorization", &auth)]).await;
        assert_eq!(answer.ok().map(|answer| answer.status), status, "{act}");
        assert_eq!(count(&bench).await, done, "{act}");
        let listed = bench.simulator.requests().pop().unwrap();
        assert_eq!((listed.status, listed.path.as_str()), (status, ENTRIES), "{act}");
        assert_eq!(listed.body["created_with"], "test");
    }
    assert_eq!(bench.simulator.faults().answers[0].times, Some(0));
    bench.faults(r#"{"answers": [{"do": "delay:30", "times": 1}]}"#);
    let before = tokio::time::Instant::now();
    assert_eq!(bench.ask("POST", ENTRIES, body).await.status, 200);
    assert_eq!(before.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn refusals_can_come_as_plain_text() {
    let bench = Bench::premium();
    bench.faults(r#"{"plain_errors": 1}"#);
    let answer = bench.ask("GET", "/api/v9/me/time_entries?since=1&before=2026-01-01", Value::Null).await;
    assert_eq!(answer.text, "'since' and 'before' can not be present simultaneously");
    assert_eq!(answer.header("Content-Type"), "text/plain; charset=utf-8");
}
