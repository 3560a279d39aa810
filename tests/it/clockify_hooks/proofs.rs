//! Webhooks whose deliveries failed too often: seen from the pane, called for, made anew one after the other, and over only
//! when it is shown that they are on.

use hourwire::domain::clockify_hook::Event;
use hourwire::domain::incident::Incident;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::json;

use super::keeping::calls;
use super::ready;
use crate::guardian::stage::{Office, Running};
use crate::guardian::way::Trouble;
use crate::journeys::screen::Screen;

/// Where the service gives up early.
async fn failing(plan: Plan) -> (Office, Running) {
    let (office, _machine, running) = ready(plan).await;
    office.faults(json!({"deliveries": {"clockify_retry_s": [5.0, 10.0], "clockify_disable_after": 3}}));
    (office, running)
}

fn off(office: &Office) -> usize {
    office.hooks_there().iter().filter(|hook| hook["deliveryEnabled"] == json!(false)).count()
}

fn incidents(running: &Running) -> Vec<Incident> {
    running.incidents().into_iter().filter(|incident| incident.kind == "webhook disabled").collect()
}

/// An edit, a new entry and a deletion fail on their way until their webhooks are switched off.
async fn three_fail(office: &Office) {
    office.trouble(Some(Trouble::Deliveries(502)));
    let body =
        json!({"start": "2026-03-01T09:00:00Z", "end": "2026-03-01T10:00:00Z", "description": "Their own"});
    let made = office.clockify(Method::POST, "/time-entries", body).await;
    office.edit_there("Wireframes", "Wireframes, second round").await;
    let id = made["id"].as_str().unwrap();
    office.clockify(Method::DELETE, &format!("/time-entries/{id}"), json!(null)).await;
    office.until("switched off", 120, || off(office) == 3).await;
    office.trouble(None);
}

#[tokio::test(start_paused = true)]
async fn three_that_failed_are_three_incidents_of_at_most_six_requests_each_with_its_proof() {
    let (office, running) = failing(Plan::Premium).await;
    let before = calls(&office).len();
    three_fail(&office).await;
    office.until("the first", 900, || !incidents(&running).is_empty()).await;
    assert!(
        incidents(&running)[0].cause.starts_with("updated"),
        "the most useful first: {:?}",
        incidents(&running)
    );
    let alerts = || running.engine.snapshot().unwrap().alerts.clone();
    let called = |words: &str| alerts().iter().any(|alert| alert.say.contains(words) && alert.pane == 3);
    office.until("a person is called", 30, || called("webhook disabled, updated")).await;
    let all = || incidents(&running).len() == 3 && incidents(&running).iter().all(|i| !i.is_open());
    office.until("all well", 900, all).await;
    assert_eq!(off(&office), 0);
    let found = incidents(&running);
    for incident in &found {
        let last = incident.steps.last().unwrap();
        assert!(
            ["deliver", "confirm"].contains(&last.what.as_str()) && incident.requests <= 6,
            "{incident:#?}"
        );
        assert!(incident.closed_at.unwrap() > incident.opened_at, "no proof at once: {incident:#?}");
    }
    let told: u32 = found.iter().map(|incident| incident.requests).sum();
    let spent = calls(&office).len() - before;
    // The schedule lists every five minutes, whatever goes on.
    assert!(
        spent >= told as usize && spent - told as usize <= 2,
        "{spent} requests, {told} told: {:?}",
        calls(&office)
    );
    // Any row of the account leads to them, though all three have another id now.
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3 j enter").await;
    screen.shows(&["of 3, webhook disabled", "confirm", "more above"], 30).await;
    screen.press("g").await;
    screen.shows(&["deliveryEnabled off"], 30).await;
    // What was healed in the night is told until somebody reads of it.
    assert!(called("webhook disabled: updated"), "{:?}", alerts());
}

#[tokio::test(start_paused = true)]
async fn on_free_they_are_spread_so_that_the_hour_keeps_room() {
    let (office, running) = failing(Plan::Free).await;
    three_fail(&office).await;
    // The own address was away, or so it looks: the list of the day is not waited for.
    running
        .wish(hourwire::control::command::Wish::Enable {
            subscription: hourwire::control::command::SubscriptionRef::new(
                &"mirror".into(),
                &running.hooks().into_iter().find(|hook| hook.event == Event::EntryUpdated).unwrap().id,
            ),
        })
        .await;
    office
        .until("all well", 40 * 3_600, || {
            off(&office) == 0 && incidents(&running).iter().all(|i| !i.is_open())
        })
        .await;
    for incident in incidents(&running) {
        assert!(incident.requests <= 6, "{incident:#?}");
    }
    let of =
        |incident: &Incident| incident.steps.iter().find(|step| step.what == "create").map(|step| step.at);
    let times: Vec<_> = incidents(&running).iter().filter_map(of).collect();
    assert_eq!(times.len(), 2, "the first one was a person's");
    assert!(times.windows(2).all(|two| two[1] - two[0] >= chrono::TimeDelta::minutes(20)), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn what_goes_off_again_is_not_called_mended() {
    let (office, running) = failing(Plan::Premium).await;
    office.trouble(Some(Trouble::Deliveries(502)));
    office.edit_there("Wireframes", "Wireframes, second round").await;
    office
        .until("made anew", 900, || {
            incidents(&running).first().is_some_and(|i| i.steps.iter().any(|s| s.what == "create"))
        })
        .await;
    // The way is still bad: the next change fails on the new one too.
    office.edit_there("Wireframes, second round", "Wireframes, third round").await;
    office.until("off again", 900, || incidents(&running).len() == 2).await;
    let first = incidents(&running).remove(0);
    assert_eq!(first.steps.last().unwrap().answer, "off again: its deliveries fail", "{first:#?}");
    office.trouble(None);
    office
        .until("well", 3_600, || off(&office) == 0 && incidents(&running).iter().all(|i| !i.is_open()))
        .await;
    assert!(incidents(&running).iter().all(|i| i.requests <= 6), "{:#?}", incidents(&running));
}

#[tokio::test(start_paused = true)]
async fn what_the_service_still_tries_again_is_told_with_its_tries() {
    let (office, running) = failing(Plan::Premium).await;
    office.faults(json!({"deliveries": {"clockify_retry_s": [5.0, 900.0], "clockify_disable_after": 9}}));
    office.trouble(Some(Trouble::Deliveries(502)));
    office.edit_there("Wireframes", "Wireframes, second round").await;
    office.pass(30).await;
    let own = running.hooks().into_iter().find(|hook| hook.event == Event::EntryUpdated).unwrap();
    let subscription = hourwire::control::command::SubscriptionRef::new(&"mirror".into(), &own.id);
    running.wish(hourwire::control::command::Wish::ReadHookLog { subscription }).await;
    let log = || running.hooks().into_iter().find_map(|hook| hook.log);
    office.until("the log", 60, || log().is_some()).await;
    assert!(log().unwrap().say().ends_with("1 is being retried (retries so far: 1)"), "{:?}", log());
}
