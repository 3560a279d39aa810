//! A person's edit in Clockify is a conflict with both values; our own writes are echoes, however they come.

use hourwire::control::command::{Reply, Typed, Wish};
use hourwire::domain::link::Wish as Wished;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::json;

use super::ready;
use crate::guardian::stage::{Office, live};
use crate::journeys::screen::Screen;

/// Requests about one entry by its id.
fn looks(office: &Office) -> usize {
    office.requests().iter().filter(|r| r.starts_with("GET") && r.contains("/time-entries/")).count()
}

fn writes(office: &Office) -> usize {
    let entries = |r: &&String| r.contains("clockify") || r.contains("/workspaces/64f0");
    let writes = |r: &&String| !r.starts_with("GET") && r.contains("/time-entries");
    office.requests().iter().filter(entries).filter(writes).count()
}

#[tokio::test(start_paused = true)]
async fn an_edit_in_clockify_is_shown_with_both_values_and_ours_can_win() {
    let (office, machine, running) = ready(Plan::Premium).await;
    let sent = writes(&office);
    office.edit_there("Wireframes", "Wireframes, second round").await;
    office.until("a conflict", 60, || running.count("conflict") == 1).await;
    assert_eq!((looks(&office), writes(&office)), (1, sent), "one read, nothing sent");
    let mut screen = Screen::of(&office, &running).await;
    screen.press("5").await;
    screen.shows(&["1 conflict", "conflict"], 30).await;
    screen.press("enter").await;
    let words = ["changed in mirror by somebody", "ours", "theirs", "Wireframes, second round"];
    screen.shows(&words, 30).await;
    screen.press("<").await;
    screen.shows(&["ours wins", "1 request"], 30).await;
    assert_eq!(writes(&office), sent, "the price comes first");
    drop(screen);
    // What is not decided is kept over a kill.
    running.kill(&office).await;
    let running = live(&office, &machine).await;
    assert_eq!(running.count("conflict"), 1);
    let mut screen = Screen::of(&office, &running).await;
    screen.press("5 < enter").await;
    office.until("ours", 60, || office.there("Wireframes").is_some() && running.count("synced") == 1).await;
    office.pass(300).await;
    assert_eq!((writes(&office), looks(&office)), (sent + 1, 1), "no ping-pong: {:#?}", running.log());
    screen.press("u").await;
    office.until("theirs again", 60, || office.there("Wireframes, second round").is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn a_tag_made_there_a_moment_ago_is_told_by_its_name() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    let tag = office.clockify(Method::POST, "/tags", json!({"name": "Night shift"})).await;
    let entry = office.there("Wireframes").unwrap();
    let body = json!({
        "start": entry["timeInterval"]["start"], "end": entry["timeInterval"]["end"], "description": "Wireframes",
        "projectId": entry["projectId"], "billable": entry["billable"], "tagIds": [tag["id"]],
    });
    office.clockify(Method::PUT, &format!("/time-entries/{}", entry["id"].as_str().unwrap()), body).await;
    office.until("a conflict", 60, || running.count("conflict") == 1).await;
    let theirs = running.links()[0].there.as_ref().unwrap().entry.tags.clone();
    assert_eq!(theirs, ["Night shift"]);
    assert_eq!(looks(&office), 1, "the entry is read once");
}

#[tokio::test(start_paused = true)]
async fn theirs_can_stay_and_the_decision_be_undone() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    let sent = writes(&office);
    office.edit_there("Wireframes", "Wireframes, second round").await;
    office.until("a conflict", 60, || running.count("conflict") == 1).await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("5 >").await;
    office.until("decided", 30, || running.count("synced") == 1).await;
    assert_eq!(running.links()[0].wish, Wished::Left);
    screen.press("u").await;
    office.until("undone", 30, || running.count("conflict") == 1).await;
    screen.press(">").await;
    office.until("decided", 30, || running.count("synced") == 1).await;
    office.edit_there("Wireframes, second round", "Wireframes, third round").await;
    office.pass(60).await;
    assert_eq!((running.count("conflict"), writes(&office)), (0, sent), "theirs stays, the next one too");
    assert!(office.there("Wireframes, third round").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_in_clockify_is_a_conflict_and_never_made_good_unasked() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    let sent = writes(&office);
    let id = office.there("Wireframes").unwrap()["id"].as_str().unwrap().to_owned();
    office.clockify(Method::DELETE, &format!("/time-entries/{id}"), json!(null)).await;
    office.until("a conflict", 60, || running.count("conflict") == 1).await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("5 enter").await;
    screen.shows(&["deleted in mirror by somebody", "(deleted)"], 30).await;
    office.pass(600).await;
    assert_eq!(writes(&office), sent);
    screen.press("esc >").await;
    office.until("decided", 30, || running.count("skipped") == 1).await;
    office.pass(600).await;
    assert!(office.there("Wireframes").is_none());
    screen.press("u").await;
    office.until("undone", 30, || running.count("conflict") == 1).await;
    screen.press("< enter").await;
    office.until("made again", 60, || office.there("Wireframes").is_some()).await;
    office.pass(120).await;
    assert_eq!((writes(&office), running.count("synced")), (sent + 1, 1));
}

#[tokio::test(start_paused = true)]
async fn five_hundred_writes_echo_without_a_conflict_and_without_a_read() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    // Copies, late ones and ones that overtake each other: each is an echo of one of the last eight writes.
    office.faults(json!({"deliveries": {"duplicate": 0.3, "reorder": 0.3, "delay_s": [0.0, 6.0], "service": "clockify"}}));
    for n in 0..250 {
        office.track(&format!("Review {n}")).await;
    }
    office.until("all there", 1_200, || running.count("synced") == 251).await;
    for n in 0..250 {
        office.change(&format!("Review {n}"), json!({"billable": true})).await;
    }
    office.until("all changed", 1_200, || running.count("synced") == 251 && running.billable() >= 250).await;
    office.pass(300).await;
    let snapshot = running.engine.snapshot().unwrap();
    assert!(writes(&office) >= 501, "{}", writes(&office));
    assert!(snapshot.deliveries.echoes + snapshot.deliveries.unlinked >= 500, "{:?}", snapshot.deliveries);
    assert_eq!((running.count("conflict"), looks(&office)), (0, 0));
    assert_eq!(running.count("synced"), 251);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_about_an_entry_that_is_not_linked_changes_nothing() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    let body =
        json!({"start": "2026-03-01T09:00:00Z", "end": "2026-03-01T10:00:00Z", "description": "Their own"});
    office.clockify(Method::POST, "/time-entries", body).await;
    office.edit_there("Their own", "Their own, later").await;
    office.pass(60).await;
    assert_eq!((running.count("conflict"), looks(&office)), (0, 0));
    assert!(running.engine.snapshot().unwrap().deliveries.unlinked >= 2);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_can_be_read_verified_and_applied_again() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    office.edit_there("Wireframes", "Wireframes, second round").await;
    office.until("a conflict", 60, || running.count("conflict") == 1).await;
    let before = running.links();
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3 d").await;
    screen.shows(&["clockify updated", "Wireframes, second round"], 30).await;
    screen.press("enter").await;
    let words = ["TIME_ENTRY_UPDATED", "the state that is known", "with the current secret", "the entry is"];
    screen.shows(&words, 30).await;
    screen.press("v").await;
    screen.shows(&["was signed with the current secret"], 30).await;
    for _ in 0..3 {
        let reply = running.wish(Wish::Replay { seq: running.kept(), dry: false }).await;
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    }
    office.pass(60).await;
    assert_eq!(running.links(), before, "nothing that has not changed");
    let reply =
        running.wish(Wish::Verify { seq: running.kept(), secret: Some(Typed("another".into())) }).await;
    assert!(matches!(reply, Reply::Failed { .. }));
}
