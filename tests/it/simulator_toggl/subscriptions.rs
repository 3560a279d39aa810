//! Subscriptions: the callback is asked first, validation both ways, the table of refusals, limits.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_callback_is_asked_before_the_answer_and_may_echo() {
    let bench = Bench::premium();
    let made = bench.subscribe("hourwire a").await.good();
    assert!(made["validated_at"].is_string());
    assert_eq!((&made["secret"], &made["has_pending_events"]), (&json!(SECRET), &json!(false)));
    let pings = bench.deliveries();
    assert_eq!(pings.len(), 1);
    let ping = pings[0].json();
    let keys: Vec<&String> = ping.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "event_id",
            "created_at",
            "creator_id",
            "metadata",
            "payload",
            "subscription_id",
            "timestamp",
            "url_callback",
            "validation_code",
            "validation_code_url"
        ]
    );
    assert_eq!((&ping["event_id"], &ping["metadata"]["event_user_id"]), (&json!(0), &json!(5_550_001)));
    assert_eq!(ping["validation_code"].as_str().unwrap().len(), 32);
    assert!(signed(&pings[0]));
    let path = format!("/webhooks/api/v1/ping/4440001/{}", made["subscription_id"]);
    assert_eq!(bench.person("POST", &path, Value::Null).await.good(), json!({"status": "OK"}));
    assert!(bench.deliveries()[1].json().get("validation_code").is_none());
    let own = format!("{SUBSCRIPTIONS}/{}", made["subscription_id"]);
    bench.person("PATCH", &own, json!({"enabled": false})).await.good();
    assert_eq!(bench.deliveries().len(), 2, "disabling asks nobody");
    bench.person("POST", &path, Value::Null).await.good();
    assert_eq!(bench.deliveries().len(), 3, "a disabled one is pinged too");
}

#[tokio::test(start_paused = true)]
async fn the_code_may_be_called_later_once() {
    let bench = Bench::premium();
    bench.set_manner(Manner::Quiet);
    let made = bench.subscribe("hourwire a").await.good();
    assert!(made["validated_at"].is_null());
    bench.entry("before validation").await;
    pass(1).await;
    assert!(bench.events().is_empty());
    let url = bench.deliveries()[0].json()["validation_code_url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix("https://track.toggl.com").unwrap().to_owned();
    assert_eq!(bench.raw("GET", &format!("{path}0"), "", &[]).await.unwrap().status, 400);
    assert_eq!(bench.raw("GET", &path, "", &[]).await.unwrap().good(), "OK");
    let again = bench.raw("GET", &path, "", &[]).await.unwrap();
    assert_eq!(again.status, 400);
    assert!(again.text.contains("already been validated"));
    assert!(bench.listed().await[0]["validated_at"].is_string());
    bench.entry("after validation").await;
    pass(1).await;
    assert_eq!(bench.events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failing_callback_makes_the_call_fail_and_leaves_nothing() {
    let bench = Bench::premium();
    bench.set_manner(Manner::Status(502));
    let answer = bench.subscribe("hourwire a").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json(), format!("URL endpoint {HOOK} responded with status 502 instead of 2xx"));
    bench.set_manner(Manner::Slow(Duration::from_secs(11)));
    let answer = bench.subscribe("hourwire a").await;
    assert!(answer.text.contains("request failed with error"), "{}", answer.text);
    assert!(bench.listed().await.is_empty());
    bench.set_manner(Manner::Echo);
    let made = bench.subscribe("hourwire a").await.good();
    let path = format!("{SUBSCRIPTIONS}/{}", made["subscription_id"]);
    bench.person("PATCH", &path, json!({"enabled": false})).await.good();
    bench.set_manner(Manner::Status(500));
    assert_eq!(bench.person("PATCH", &path, json!({"enabled": true})).await.status, 400);
    let moved = json!({"description": "b", "url_callback": "http://127.0.0.1:9/x", "enabled": true,
                       "event_filters": [{"entity": "tag", "action": "*"}]});
    assert_eq!(bench.person("PUT", &path, moved).await.status, 400);
    let row = &bench.listed().await[0];
    assert_eq!((&row["enabled"], &row["url_callback"]), (&json!(false), &json!(HOOK)));
}

#[tokio::test(start_paused = true)]
async fn a_replaced_address_is_validated_anew() {
    let bench = Bench::premium();
    let made = bench.subscribe("hourwire a").await.good();
    let path = format!("{SUBSCRIPTIONS}/{}", made["subscription_id"]);
    bench.set_manner(Manner::Quiet);
    let mut body = subscription("hourwire a", &json!([{"entity": "*", "action": "*"}]));
    let same = bench.person("PUT", &path, body.clone()).await.good();
    assert_eq!(same["validated_at"], made["validated_at"]);
    body["url_callback"] = json!("https://hooks.example.com/other");
    assert!(bench.person("PUT", &path, body).await.good()["validated_at"].is_null());
}

#[tokio::test(start_paused = true)]
async fn the_table_of_refusals() {
    let bench = Bench::new(Plan::Starter, World::Empty);
    bench.subscribe("taken").await.good();
    let one = json!([{"entity": "time_entry", "action": "*"}]);
    let filters: Vec<Value> =
        ["a", "b", "c", "d", "e", "f", "g"].iter().map(|e| json!({"entity": e, "action": "*"})).collect();
    for (description, filters, text) in [
        ("", one.clone(), "must not be empty"),
        ("taken", one.clone(), "already in use"),
        ("x", json!([]), "list of event filters must not be empty"),
        ("x", json!([{"entity": "tag", "action": "*"}, {"entity": "tag", "action": "*"}]), "more than once"),
        ("x", json!([{"entity": "", "action": "*"}]), "must be non-empty"),
        ("x", json!([{"entity": "time entry", "action": "*"}]), "can only contain"),
        ("x", json!([{"entity": "tag", "action": "changed"}]), "Invalid value 'changed'"),
        ("x", json!(filters), "limit of 6 event filters"),
    ] {
        let answer = bench.person("POST", SUBSCRIPTIONS, subscription(description, &filters)).await;
        assert_eq!(answer.status, 400, "{text}");
        assert!(answer.text.contains(text), "{}", answer.text);
    }
    let misspelt = json!([{"entity": "time_entri", "action": "*"}]);
    assert_eq!(bench.person("POST", SUBSCRIPTIONS, subscription("silent", &misspelt)).await.status, 200);
    let full = bench.person("POST", SUBSCRIPTIONS, subscription("third", &one)).await;
    assert!(full.text.contains("already reached the limit of 2 enabled subscriptions"), "{}", full.text);
    assert_eq!(bench.person("DELETE", &format!("{SUBSCRIPTIONS}/1"), Value::Null).await.status, 404);
    let elsewhere = bench.person("GET", "/webhooks/api/v1/subscriptions/1", Value::Null).await;
    assert_eq!(elsewhere.status, 403);
}

#[tokio::test(start_paused = true)]
async fn wildcards_may_cost_more_and_disabled_ones_do_not_count() {
    let bench = Bench::new(Plan::Free, World::Empty);
    let three = json!([{"entity": "time_entry", "action": "*"}, {"entity": "project", "action": "*"},
                       {"entity": "client", "action": "*"}]);
    bench.faults(r#"{"deliveries": {"wildcard_cost": 3}}"#);
    assert_eq!(bench.person("POST", SUBSCRIPTIONS, subscription("a", &three)).await.status, 400);
    bench.faults("{}");
    let made = bench.person("POST", SUBSCRIPTIONS, subscription("a", &three)).await.good();
    assert_eq!(bench.person("POST", SUBSCRIPTIONS, subscription("b", &three)).await.status, 400);
    let path = format!("{SUBSCRIPTIONS}/{}", made["subscription_id"]);
    bench.person("PATCH", &path, json!({"enabled": false})).await.good();
    assert_eq!(bench.person("POST", SUBSCRIPTIONS, subscription("b", &three)).await.status, 200);
    assert_eq!(bench.person("PATCH", &path, json!({"enabled": true})).await.status, 400);
    let deleted = bench.person("DELETE", &path, Value::Null).await.good();
    assert_eq!(deleted["subscription_id"], made["subscription_id"]);
}

#[tokio::test(start_paused = true)]
async fn a_downgrade_disables_the_newest_surplus() {
    let bench = Bench::premium();
    for name in ["a", "b", "c"] {
        bench.subscribe(name).await.good();
    }
    bench.simulator.set_plan(serde_json::from_value(json!({"toggl": "free"})).unwrap());
    let enabled: Vec<bool> = bench.listed().await.iter().map(|row| row["enabled"] == true).collect();
    assert_eq!(enabled, [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn others_see_their_own_subscriptions_and_events_only() {
    let bench = Bench::new(Plan::Premium, World::Demo);
    let dana = bench.access.toggl_second_token.clone().unwrap();
    bench.subscribe("admin's").await.good();
    assert_eq!(bench.person_as(&dana, "GET", SUBSCRIPTIONS, Value::Null).await.good(), json!([]));
    let filters = json!([{"entity": "*", "action": "*"}]);
    let hers = bench.person_as(&dana, "POST", SUBSCRIPTIONS, subscription("hers", &filters)).await.good();
    assert_eq!(bench.listed().await.len(), 2);
    bench.entry("Ida's").await;
    let private = json!({"name": "Secret plans", "is_private": true});
    bench.person("POST", "/api/v9/workspaces/4440001/projects", private).await.good();
    pass(1).await;
    assert!(bench.events().iter().all(|event| event.json()["subscription_id"] != hers["subscription_id"]));
    let body = json!({"created_with": "t", "workspace_id": 4_440_001, "start": "2026-03-02T13:00:00Z", "duration": 60});
    bench.person_as(&dana, "POST", ENTRIES, body).await.good();
    pass(1).await;
    let takers =
        bench.events().iter().filter(|event| event.json()["payload"]["user_id"] == 5_550_002).count();
    assert_eq!(takers, 2);
}
