//! What the Webhooks pane does, from a shell: subscriptions and the black box.

use serde_json::Value;

use super::rig::{Rig, Seat, Settings};

/// What a command printed, and its exit code.
async fn told(seat: &Seat, args: &[&str]) -> (String, Option<i32>) {
    let output = seat.run(args).await;
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code())
}

async fn json(seat: &Seat, args: &[&str]) -> Value {
    let output = seat.run(args).await;
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}: {output:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_and_deliveries_are_at_hand_in_a_shell() {
    let mut rig = Rig::new(51).await;
    let seat = rig.engine("a", &Settings::default());
    let engine = seat.serve().await;
    seat.subscribed().await;

    let listed = json(&seat, &["webhooks", "list", "--json"]).await;
    assert_eq!((listed[0]["state"].as_str(), listed[0]["ours"].as_bool()), (Some("active"), Some(true)));
    assert!(listed[0]["secret"].as_str().is_some_and(|s| s.starts_with("····") && s.chars().count() == 8));
    let (text, code) = told(&seat, &["webhooks", "test"]).await;
    assert!(text.contains("a signed PING arrived") && code == Some(0), "{text}");
    let (text, code) = told(&seat, &["webhooks", "events", "time_enrty *"]).await;
    assert!(text.contains("no entity `time_enrty`") && code == Some(1), "{text}");
    let (text, code) = told(&seat, &["webhooks", "rename", "hourwire office"]).await;
    assert!(text.contains("named hourwire office") && code == Some(0), "{text}");

    rig.office.create().await;
    rig.settle().await;
    let rows = json(&seat, &["webhooks", "deliveries", "--filter", "time_entry created", "--json"]).await;
    // The target's echo tells of an entry too.
    let rows: Vec<&Value> = rows["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["about"] == "time_entry created")
        .collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let seq = rows[0]["seq"].to_string();
    let one = json(&seat, &["webhooks", "deliveries", &seq, "--json"]).await;
    assert_eq!(one["body"]["metadata"]["model"], "time_entry");
    assert!(one["facts"].to_string().contains("with the current secret"), "{one}");
    for args in [vec!["webhooks", "replay", &seq], vec!["webhooks", "replay", "--from", "1", "--to", "99"]] {
        let (text, code) = told(&seat, &args).await;
        assert!(text.contains("nothing changed") && code == Some(0), "{args:?}: {text}");
    }
    let (text, code) = told(&seat, &["webhooks", "verify", &seq]).await;
    assert!(text.contains("signed with the current secret") && code == Some(0), "{text}");

    let file = seat.home.join("box.jsonl");
    let file = file.to_str().expect("UTF-8");
    let event = one["body"]["event_id"].to_string();
    let (text, code) = told(&seat, &["webhooks", "deliveries", "--filter", &event, "--export", file]).await;
    assert!(text.starts_with("1 deliveries in ") && code == Some(0), "{text}");
    let exported = std::fs::read_to_string(file).expect("the file");
    let row: Value = serde_json::from_str(exported.trim_end()).expect("one line of JSON");
    assert_eq!((row["seq"].to_string(), &row["body"]), (seq.clone(), &one["body"]));
    assert!(row["headers"].to_string().contains("sha256="), "{row}");
    let (text, code) = told(&seat, &["webhooks", "deliveries", "--export", file]).await;
    assert!(text.contains("choose a new file") && code == Some(2), "nothing is overwritten: {text}");

    let (text, code) = told(&seat, &["webhooks", "delete"]).await;
    assert!(text.contains("cannot be undone") && code == Some(2), "{text}");
    let (text, code) = told(&seat, &["webhooks", "delete", "--yes"]).await;
    assert!(text.contains("deleted; entries are read") && code == Some(0), "{text}");
    let (text, code) = told(&seat, &["webhooks", "create"]).await;
    assert!(text.contains("made: ") && code == Some(0), "{text}");
    assert_eq!(engine.stop().await, Some(0));
}
