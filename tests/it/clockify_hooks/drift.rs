//! A webhook that somebody changed in Clockify's web page: shown field by field, left alone, ours or theirs by key.

use hourwire::domain::clockify_hook::Event;
use hourwire::domain::target_hook::TargetHook;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::{Value, json};

use super::keeping::calls;
use super::ready;
use crate::guardian::stage::{Office, Running, live};
use crate::journeys::screen::Screen;

fn own(running: &Running, event: &Event) -> TargetHook {
    running.hooks().into_iter().find(|hook| hook.event == *event).expect("a row of the event")
}

/// As it is there.
fn there(office: &Office, hook: &TargetHook) -> Value {
    office.hooks_there().into_iter().find(|row| row["id"] == hook.id.as_str()).expect("it is there")
}

/// A person changes fields of a webhook in the web page.
async fn change(office: &Office, hook: &TargetHook, change: Value) {
    let mut body = there(office, hook);
    for (key, value) in change.as_object().unwrap() {
        body[key] = value.clone();
    }
    office.clockify(Method::PUT, &format!("/webhooks/{}", hook.id), body).await;
}

fn written(office: &Office) -> Vec<String> {
    calls(office).into_iter().filter(|call| !call.starts_with("GET")).collect()
}

fn fields(hook: &TargetHook) -> Vec<&str> {
    hook.drift.iter().map(|drift| drift.field.as_str()).collect()
}

/// Puts the cursor on the row of a webhook.
async fn select(screen: &mut Screen<'_>, running: &Running, hook: &TargetHook) {
    screen.press("3 g g").await;
    let lines = running.engine.snapshot().unwrap().subscriptions.clone();
    let at = lines.iter().position(|line| line.at.id == hook.id).expect("a row");
    for _ in 0..at {
        screen.press("j").await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_person_changes_is_shown_field_by_field_and_nothing_is_made_beside_it() {
    let (office, machine, running) = ready(Plan::Premium).await;
    let (updated, deleted) = (own(&running, &Event::EntryUpdated), own(&running, &Event::EntryDeleted));
    let made = written(&office).len();
    change(&office, &updated, json!({"url": "https://crm.example.com/in"})).await;
    change(&office, &deleted, json!({"webhookEvent": "NEW_PROJECT", "name": "projects"})).await;
    let drifted = || running.hooks().iter().filter(|hook| !hook.drift.is_empty()).count() == 2;
    office.until("drift", 400, drifted).await;
    assert_eq!(fields(&own(&running, &Event::EntryUpdated)), ["address"]);
    assert_eq!(fields(&own(&running, &Event::EntryDeleted)), ["events", "name"]);
    // The service switches it off where it leads to now: that is theirs to mend.
    office
        .sim
        .change_clockify_hooks(|hooks| hooks.rows.get_mut(updated.id.as_str()).unwrap().delivery = false);
    office.pass(3_600).await;
    office
        .sim
        .change_clockify_hooks(|hooks| hooks.rows.get_mut(updated.id.as_str()).unwrap().delivery = true);
    office.pass(600).await;
    assert_eq!((written(&office).len(), office.hooks_there().len()), (made, 7), "{:?}", written(&office));
    let mut screen = Screen::of(&office, &running).await;
    select(&mut screen, &running, &deleted).await;
    screen.shows(&["≠ drifted"], 30).await;
    screen.press("enter").await;
    screen.shows(&["theirs: NEW_PROJECT", "ours: TIME_ENTRY_DELETED", "theirs: projects"], 30).await;
    screen.press("!").await;
    screen.shows(&["address of updated", "changed in the web page"], 30).await;
    drop(screen);
    running.kill(&office).await;
    let running = live(&office, &machine).await;
    office.pass(600).await;
    assert_eq!(running.hooks().iter().filter(|hook| !hook.drift.is_empty()).count(), 2);
    assert_eq!(written(&office).len(), made);
}

#[tokio::test(start_paused = true)]
async fn ours_is_put_back_by_key_in_one_request() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    let updated = own(&running, &Event::EntryUpdated);
    change(&office, &updated, json!({"url": "https://crm.example.com/in", "name": "crm"})).await;
    office.until("drift", 400, || !own(&running, &Event::EntryUpdated).drift.is_empty()).await;
    let made = written(&office).len();
    let mut screen = Screen::of(&office, &running).await;
    select(&mut screen, &running, &updated).await;
    screen.press(">").await;
    screen.press("enter").await;
    screen.shows(&["with their address nothing arrives here"], 30).await;
    screen.press("<").await;
    screen.shows(&["restore ours", "1 request"], 10).await;
    screen.press("enter").await;
    office.until("ours", 60, || own(&running, &Event::EntryUpdated).drift.is_empty()).await;
    assert_eq!(written(&office).len(), made + 1, "{:?}", written(&office));
    let (id, url) = (own(&running, &Event::EntryUpdated).id, there(&office, &updated)["url"].clone());
    assert_eq!((id, url), (updated.id.clone(), json!(updated.url)), "the same webhook, not another one");
    office.edit_there("Wireframes", "Wireframes, second round").await;
    office.until("told", 60, || running.count("conflict") == 1).await;
}

#[tokio::test(start_paused = true)]
async fn theirs_can_be_wanted_and_the_event_that_it_told_is_told_by_none() {
    let (office, machine, running) = ready(Plan::Premium).await;
    let deleted = own(&running, &Event::EntryDeleted);
    change(&office, &deleted, json!({"webhookEvent": "NEW_PROJECT", "name": "projects"})).await;
    office.until("drift", 400, || !own(&running, &Event::EntryDeleted).drift.is_empty()).await;
    let made = written(&office).len();
    let mut screen = Screen::of(&office, &running).await;
    select(&mut screen, &running, &deleted).await;
    screen.press("> enter").await;
    let taken =
        || running.hooks().iter().any(|hook| hook.event == Event::of("NEW_PROJECT") && hook.drift.is_empty());
    office.until("theirs", 60, taken).await;
    drop(screen);
    running.kill(&office).await;
    let running = live(&office, &machine).await;
    office.pass(3 * 3_600).await;
    assert_eq!((written(&office).len(), running.hooks().len()), (made, 7), "{:#?}", running.log());
    let heard = running.kept();
    office.clockify(Method::POST, "/projects", json!({"name": "Osprey Cycles"})).await;
    office.until("it is believed", 60, || running.kept() > heard).await;
    assert!(running.hooks().iter().all(|hook| hook.drift.is_empty()), "{:#?}", running.hooks());
}

#[tokio::test(start_paused = true)]
async fn a_token_made_elsewhere_is_drift_at_once_and_taken_or_made_anew_by_key() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    let mut screen = Screen::of(&office, &running).await;
    for (key, price) in [(">", "3 requests"), ("<", "2 requests")] {
        let updated = own(&running, &Event::EntryUpdated);
        office.clockify(Method::PATCH, &format!("/webhooks/{}/token", updated.id), json!(null)).await;
        // Refused deliveries show it before a list does.
        office.edit_there("Wireframes", "Wireframes, second round").await;
        office.edit_there("Wireframes, second round", "Wireframes").await;
        let state = || {
            let lines = running.engine.snapshot().unwrap().subscriptions.clone();
            lines.into_iter().find(|line| line.at.id == updated.id).expect("a row").state.to_string()
        };
        office.until("drifted", 60, || state() == "drifted").await;
        select(&mut screen, &running, &updated).await;
        assert!(!screen.text().contains("hook ok"), "{}", screen.text());
        screen.press("enter").await;
        screen.shows(&["secret", "theirs: another one"], 30).await;
        screen.press(key).await;
        screen.shows(&[price], 10).await;
        screen.press("enter").await;
        office.pass(60).await;
        assert_eq!(state(), "active", "{}\n{:#?}", screen.text(), running.log());
        office.pass(400).await;
        assert_eq!(state(), "active", "{:#?}", running.log());
        let heard = own(&running, &Event::EntryUpdated).last_delivery_at;
        office.edit_there("Wireframes", "Wireframes, third round").await;
        office.until("told", 60, || own(&running, &Event::EntryUpdated).last_delivery_at > heard).await;
        office.edit_there("Wireframes, third round", "Wireframes").await;
        office.pass(60).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_copied_state_folder_with_another_address_leaves_the_webhooks_of_the_first_alone() {
    let (office, machine, running) = ready(Plan::Premium).await;
    let made = written(&office).len();
    let before: Vec<Value> = office.hooks_there();
    let mut copy = machine.copied("loft");
    (copy.host, copy.reached) = ("copy.example.test".into(), true);
    copy.mirror = machine.mirror.as_ref().map(|mirror| mirror.copied());
    let second = copy.start(&office);
    office.pass(3_600).await;
    assert_eq!((written(&office).len(), office.hooks_there()), (made, before), "{:?}", written(&office));
    assert_eq!(second.hooks().iter().filter(|hook| fields(hook).contains(&"address")).count(), 7);
    assert!(running.hooks().iter().all(|hook| hook.drift.is_empty()));
}
