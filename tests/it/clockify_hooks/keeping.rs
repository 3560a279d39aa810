//! The set of webhooks: made, found again, made anew, explained; never one of somebody else.

use hourwire::domain::clockify_hook::{Event, State};
use hourwire::domain::id::RemoteId;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::json;

use super::ready;
use crate::guardian::stage::{Machine, Office, live};
use crate::guardian::way::Trouble;
use crate::journeys::screen::Screen;

pub fn calls(office: &Office) -> Vec<String> {
    office
        .requests()
        .into_iter()
        .filter(|r| r.contains("/webhooks") && r.contains("/workspaces/64f0"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn free_has_three_and_a_day_costs_one_list() {
    let office = Office::new(Plan::Free);
    let machine = Machine::with_mirror("den", &office).await;
    let running = live(&office, &machine).await;
    office.until("three webhooks", 300, || running.hooks().len() == 3).await;
    let events: Vec<Event> = running.hooks().into_iter().map(|hook| hook.event).collect();
    assert!(events.contains(&Event::EntryUpdated) && events.contains(&Event::EntryDeleted), "{events:?}");
    assert_eq!(calls(&office).len(), 4, "one list, three made: {:?}", calls(&office));
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["● active", "Clockify CL", "updated", "hook ok"], 30).await;
    screen.press("j enter").await;
    screen.shows(&["3 of 3 on Free", "not told:", "deliveryEnabled yes"], 30).await;
    drop(screen);
    running.kill(&office).await;
    let running = live(&office, &machine).await;
    office.pass(20 * 3_600).await;
    assert_eq!(calls(&office).len(), 4, "a start lists nothing again: {:?}", calls(&office));
    assert_eq!(running.hooks().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_lost_is_found_by_its_address() {
    let office = Office::new(Plan::Premium);
    office.faults(json!({"answers": [{"service": "clockify", "method": "POST", "path": "/webhooks", "do": "lost", "times": 2}]}));
    let machine = Machine::with_mirror("den", &office).await;
    let running = live(&office, &machine).await;
    office.until("all webhooks", 1_800, || running.hooks().len() == 7).await;
    let there = office.hooks_there();
    assert_eq!(there.len(), 7, "nothing twice: {there:#?}");
    office.track("Wireframes").await;
    office.until("synced", 120, || running.count("synced") == 1).await;
    office.edit_there("Wireframes", "Wireframes, second round").await;
    office.until("its token is known", 60, || running.count("conflict") == 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_failed_too_often_is_made_anew_and_its_failures_are_read_back() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    office.faults(json!({"deliveries": {"clockify_retry_s": [5.0, 10.0], "clockify_disable_after": 3}}));
    let (before, made) = (running.hooks(), calls(&office).len());
    // Only what comes from the services is turned away: the own probe gets through.
    office.trouble(Some(Trouble::Deliveries(502)));
    office.edit_there("Wireframes", "Wireframes, second round").await;
    let off = |word: &str| {
        office
            .hooks_there()
            .iter()
            .filter(|h| h["deliveryEnabled"] == json!(false) && h["webhookEvent"] == word)
            .count()
    };
    office.until("switched off", 300, || off("TIME_ENTRY_UPDATED") == 1).await;
    office.trouble(None);
    office
        .until("made anew", 900, || office.hooks_there().iter().all(|h| h["deliveryEnabled"] == json!(true)))
        .await;
    office.until("the edit", 120, || running.count("conflict") == 1).await;
    let id = |hooks: &[hourwire::domain::target_hook::TargetHook]| -> RemoteId {
        hooks.iter().find(|h| h.event == Event::EntryUpdated).map(|h| h.id.clone()).unwrap()
    };
    assert_ne!(id(&before), id(&running.hooks()));
    // It is over when a delivery or the list has shown that it is on, not when it was made.
    let newest = || running.incidents().into_iter().find(|i| i.kind == "webhook disabled").unwrap();
    assert!(newest().is_open(), "{:?}", newest());
    office.until("proved", 120, || !newest().is_open()).await;
    let incident = newest();
    assert_eq!(incident.steps.last().map(|step| step.answer.as_str()), Some("listed as on"));
    assert_eq!(incident.requests as usize, calls(&office).len() - made, "{incident:?}");
    assert!(
        incident.closed_at.is_some() && incident.recovered == 1 && incident.requests <= 6,
        "{incident:?}"
    );
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["hook ok"], 60).await;
}

#[tokio::test(start_paused = true)]
async fn others_webhooks_and_a_persons_off_are_left_alone() {
    let office = Office::new(Plan::Free);
    let theirs = json!({"name": "crm", "url": "https://crm.example.com/in", "webhookEvent": "NEW_PROJECT",
        "triggerSourceType": "WORKSPACE_ID", "triggerSource": []});
    office.clockify(Method::POST, "/webhooks", theirs).await;
    let machine = Machine::with_mirror("den", &office).await;
    let running = live(&office, &machine).await;
    office
        .until("the rest of the places", 300, || running.hooks().iter().filter(|h| h.ours).count() == 2)
        .await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["crm"], 30).await;
    drop(screen);
    let own = running.hooks().into_iter().find(|h| h.event == Event::EntryUpdated).unwrap();
    office.sim.change_clockify_hooks(|hooks| hooks.rows.get_mut(own.id.as_str()).unwrap().enabled = false);
    office.pass(3 * 24 * 3_600).await;
    assert_eq!(running.hooks().iter().find(|h| h.id == own.id).map(|h| h.flags.state()), Some(State::Off));
    let written: Vec<String> = calls(&office).into_iter().filter(|r| !r.starts_with("GET")).collect();
    assert_eq!(written.len(), 2, "made, and nothing else: {written:?}");
    assert_eq!(office.hooks_there().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_person_deletes_makes_renews_and_reads_the_log_by_key() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3 j").await;
    screen.press("t").await;
    screen.shows(&["Clockify has no ping"], 10).await;
    screen.press("L").await;
    screen.shows(&["read the log of 7 days", "2 requests"], 10).await;
    let spent = calls(&office).len();
    screen.press("enter").await;
    screen.shows(&["delivered, 0 failed, none is being retried"], 30).await;
    assert_eq!(calls(&office).len(), spent + 2);
    screen.press("s enter").await;
    screen.shows(&["a new token is kept"], 30).await;
    screen.press("enter D enter").await;
    office.until("deleted", 30, || office.hooks_there().len() == 6).await;
    screen.settle().await;
    assert!(!screen.text().contains("━ gone"), "the drawer is of the row under the bar:\n{}", screen.text());
    screen.press("esc").await;
    office.pass(3_600).await;
    assert_eq!(office.hooks_there().len(), 6, "a person wants it so");
    screen.press("c enter").await;
    office.until("made again", 60, || office.hooks_there().len() == 7).await;
    office.edit_there("Wireframes", "Wireframes, second round").await;
    office.until("told", 60, || running.count("conflict") == 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_person_removes_twice_stays_removed() {
    let (office, _machine, running) = ready(Plan::Premium).await;
    let remove = async || {
        let hook = running.hooks().into_iter().find(|h| h.event == Event::EntrySplit).unwrap();
        office.clockify(Method::DELETE, &format!("/webhooks/{}", hook.id), json!(null)).await;
    };
    remove().await;
    office.until("made again", 600, || office.hooks_there().len() == 7).await;
    office.pass(30).await;
    remove().await;
    office.pass(3 * 3_600).await;
    assert_eq!(office.hooks_there().len(), 6, "a person wants it so");
}

#[tokio::test(start_paused = true)]
async fn while_the_address_is_away_nothing_is_made_and_nothing_spent() {
    let office = Office::new(Plan::Free);
    let machine = Machine::with_mirror("den", &office).await;
    office.down(true);
    let running = machine.start(&office);
    office.pass(4 * 3_600).await;
    assert_eq!((calls(&office).len(), office.hooks_there().len()), (1, 0), "one list: {:?}", calls(&office));
    office.down(false);
    office.until("made", 7_200, || running.hooks().len() == 3).await;
}
