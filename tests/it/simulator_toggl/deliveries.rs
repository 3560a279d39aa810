//! Deliveries: envelope and signature, retries, disabling and enabling, and everything that goes wrong on purpose.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_change_is_delivered_in_a_signed_envelope() {
    let bench = Bench::premium();
    let subscription = bench.subscribe("hourwire a").await.good();
    let made = bench.entry("Wireframes r2").await;
    pass(1).await;
    let events = bench.events();
    assert_eq!(events.len(), 1);
    assert!(signed(&events[0]));
    let event = events[0].json();
    let keys: Vec<&String> = event.as_object().unwrap().keys().collect();
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
            "url_callback"
        ]
    );
    assert_eq!(event["event_id"].as_i64().unwrap().to_string().len(), 16);
    assert_eq!(event["created_at"], "2026-03-02T14:00:00.250Z");
    assert_eq!(event["subscription_id"], subscription["subscription_id"]);
    let metadata = event["metadata"].as_object().unwrap();
    assert!(metadata.values().all(Value::is_string), "{metadata:?}");
    assert_eq!(metadata["time_entry_id"], made["id"].to_string());
    assert_eq!(metadata["path"], ENTRIES);
    assert_eq!((&metadata["action"], &metadata["request_type"]), (&json!("created"), &json!("POST")));
    assert!(metadata["request_body"].as_str().unwrap().contains("Wireframes r2"));
    assert!(metadata.get("project_id").is_none());
    let payload = event["payload"].as_object().unwrap();
    let mut sorted: Vec<&String> = payload.keys().collect();
    sorted.sort();
    assert_eq!(payload.keys().collect::<Vec<_>>(), sorted);
    assert_eq!(
        (&payload["at"], &payload["start"]),
        (&json!("2026-03-02T14:00:00+00:00"), &json!("2026-03-02T13:20:00Z"))
    );
    assert_eq!((&payload["tag_ids"], &payload["tags"]), (&Value::Null, &json!([])));
}

#[tokio::test(start_paused = true)]
async fn ids_and_times_of_events_grow_and_a_new_timer_makes_two() {
    let bench = Bench::premium();
    bench.subscribe("hourwire a").await.good();
    for minute in [20, 30] {
        let body = json!({"created_with": "t", "workspace_id": 4_440_001,
                          "start": format!("2026-03-02T13:{minute}:00Z"), "duration": -1});
        bench.person("POST", ENTRIES, body).await.good();
    }
    pass(1).await;
    let events: Vec<Value> = bench.events().iter().map(Delivery::json).collect();
    let actions: Vec<&str> =
        events.iter().map(|event| event["metadata"]["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["created", "updated", "created"]);
    assert!(events.windows(2).all(|pair| pair[0]["event_id"].as_i64() < pair[1]["event_id"].as_i64()));
    assert!(events.windows(2).all(|pair| pair[0]["created_at"].as_str() < pair[1]["created_at"].as_str()));
}

#[tokio::test(start_paused = true)]
async fn three_failures_in_a_row_disable_and_forget() {
    let bench = Bench::premium();
    bench.subscribe("hourwire a").await.good();
    bench.set_manner(Manner::EchoThenFail);
    bench.entry("lost").await;
    pass(10).await;
    let row = bench.listed().await.remove(0);
    assert_eq!((&row["enabled"], &row["has_pending_events"]), (&json!(true), &json!(true)));
    pass(20).await;
    let attempts: Vec<i64> = bench.events().iter().map(|event| (event.at - began()).num_seconds()).collect();
    assert_eq!(attempts, [0, 5, 25]);
    let stamps: std::collections::BTreeSet<String> =
        bench.events().iter().map(|event| event.signature.clone()).collect();
    assert_eq!(stamps.len(), 3, "a retry is stamped and signed anew");
    let row = bench.listed().await.remove(0);
    assert_eq!((&row["enabled"], &row["has_pending_events"]), (&json!(false), &json!(false)));
    assert_eq!(row["updated_at"], "2026-03-02T14:00:25.250500Z");
    bench.entry("while disabled").await;
    bench.set_manner(Manner::Echo);
    let path = format!("{SUBSCRIPTIONS}/{}", row["subscription_id"]);
    let enabled = bench.person("PATCH", &path, json!({"enabled": true})).await.good();
    assert_eq!((&enabled["enabled"], &enabled["validated_at"]), (&json!(true), &row["validated_at"]));
    pass(60).await;
    assert_eq!(bench.events().len(), 3, "what came while it was disabled is never sent");
    bench.entry("after").await;
    pass(1).await;
    assert_eq!(bench.events().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_success_resets_the_count_and_pings_do_not_count() {
    let bench = Bench::premium();
    let row = bench.subscribe("hourwire a").await.good();
    let ping = format!("/webhooks/api/v1/ping/4440001/{}", row["subscription_id"]);
    for round in 0..3 {
        bench.set_manner(Manner::Status(500));
        bench.entry(&format!("round {round}")).await;
        bench.person("POST", &ping, Value::Null).await.good();
        bench.person("POST", &ping, Value::Null).await.good();
        pass(7).await;
        bench.set_manner(Manner::Echo);
        pass(30).await;
    }
    assert_eq!(bench.events().len(), 9);
    assert_eq!(bench.listed().await[0]["enabled"], true);
    bench.set_manner(Manner::Status(500));
    for name in ["x", "y", "z"] {
        bench.entry(name).await;
    }
    pass(1).await;
    assert_eq!(bench.listed().await[0]["enabled"], false);
}

#[tokio::test(start_paused = true)]
async fn no_answer_in_ten_seconds_is_a_failure() {
    let bench = Bench::premium();
    bench.subscribe("hourwire a").await.good();
    bench.set_manner(Manner::Slow(Duration::from_secs(12)));
    bench.entry("slow").await;
    pass(54).await;
    assert_eq!(bench.listed().await[0]["enabled"], true);
    pass(2).await;
    assert_eq!(bench.listed().await[0]["enabled"], false);
}

#[tokio::test(start_paused = true)]
async fn deleted_events_come_in_three_forms() {
    let bench = Bench::premium();
    bench.subscribe("hourwire a").await.good();
    for (form, check) in [("full", "server_deleted_at"), ("id", "id"), ("null", "")] {
        bench.faults(&json!({"deliveries": {"deleted_payload": form}}).to_string());
        let made = bench.entry(form).await;
        bench.person("DELETE", &format!("{ENTRIES}/{}", made["id"]), Value::Null).await;
        pass(1).await;
        let event = bench.events().last().unwrap().json();
        assert_eq!(event["metadata"]["time_entry_id"], made["id"].to_string());
        match form {
            "null" => assert!(event["payload"].is_null()),
            "id" => assert_eq!(event["payload"], json!({"id": made["id"]})),
            _ => assert!(event["payload"][check].is_string()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn deliveries_suffer_as_told() {
    let bench = Bench::premium();
    bench.subscribe("hourwire a").await.good();
    for (fault, wanted) in [
        (json!({"drop": 1}), 0),
        (json!({"only_pings": true}), 0),
        (json!({"duplicate": 1}), 2),
        (json!({"fail": 1, "disable_after": 0, "retry_s": [1]}), 0),
        (json!({}), 1),
    ] {
        let before = bench.events().len();
        bench.faults(&json!({ "deliveries": fault }).to_string());
        bench.entry("x").await;
        pass(30).await;
        assert_eq!(bench.events().len() - before, wanted, "{fault}");
        let row = &bench.listed().await[0];
        assert_eq!((&row["enabled"], &row["has_pending_events"]), (&json!(true), &json!(false)), "{fault}");
    }
    bench.faults(r#"{"deliveries": {"delay_s": [7, 7]}}"#);
    let sent = bench.callback.now();
    bench.entry("late").await;
    pass(10).await;
    assert_eq!((bench.events().last().unwrap().at - sent).num_seconds(), 7);
    bench.faults(r#"{"deliveries": {"bad_signature": 1}}"#);
    bench.entry("forged").await;
    pass(1).await;
    let forged = bench.events().pop().unwrap();
    assert!(!signed(&forged) && forged.signature.len() == "sha256=".len() + 64);
}

#[tokio::test(start_paused = true)]
async fn reordered_deliveries_are_overtaken() {
    let bench = Bench::premium();
    bench.subscribe("hourwire a").await.good();
    bench.faults(r#"{"deliveries": {"reorder": 0.5}}"#);
    for number in 0..40 {
        bench.entry(&number.to_string()).await;
    }
    pass(5).await;
    let ids: Vec<i64> =
        bench.events().iter().map(|event| event.json()["event_id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), 40);
    assert!(ids.windows(2).any(|pair| pair[0] > pair[1]));
}

#[tokio::test(start_paused = true)]
async fn the_history_is_there_only_when_switched_on() {
    let bench = Bench::premium();
    let row = bench.subscribe("hourwire a").await.good();
    let path = format!("{SUBSCRIPTIONS}/{}/events", row["subscription_id"]);
    assert_eq!(bench.person("GET", &path, Value::Null).await.status, 404);
    bench.faults(r#"{"deliveries": {"history": true}}"#);
    bench.set_manner(Manner::Status(502));
    bench.entry("x").await;
    pass(1).await;
    let history = bench.person("GET", &path, Value::Null).await.good();
    assert_eq!(
        (&history["total"], &history["events"][0]["failed_delivery_attempts"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(history["events"][0]["last_delivery_error"], "HTTP 502");
}

#[tokio::test(start_paused = true)]
async fn equal_seeds_give_equal_bytes() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let bench = Bench::new(Plan::Premium, World::Demo);
        bench.subscribe("hourwire a").await.good();
        bench.faults(r#"{"deliveries": {"drop": 0.2, "duplicate": 0.3, "reorder": 0.3, "delay_s": [0, 3]}}"#);
        for number in 0..20 {
            bench.entry(&number.to_string()).await;
            pass(1).await;
        }
        pass(10).await;
        runs.push(bench.deliveries().into_iter().map(|delivery| delivery.body).collect::<Vec<_>>());
    }
    assert!(runs[0].len() > 15);
    assert_eq!(runs[0], runs[1]);
}
