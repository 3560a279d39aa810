//! Journey 4, variant (h): Clockify's plan is downgraded, its webhooks are disabled in bulk and the three oldest kept;
//! and Clockify's deliveries that fail on their way.

use std::sync::Arc;

use hourwire::domain::clockify_hook::State;
use hourwire::simulator::office::{OfficeOptions, Scenario, run_with};
use hourwire::simulator::scenes::{Scene, happen};
use hourwire::simulator::toggl::Plan;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::screen::Screen;
use crate::guardian::stage::{Machine, Office, Running, live};

/// All webhooks of a paid plan.
async fn ready() -> (Office, Machine, Running) {
    let office = Office::new(Plan::Premium);
    let machine = Machine::with_mirror("den", &office).await;
    let running = live(&office, &machine).await;
    office.until("webhooks", 120, || running.hooks().len() == 7).await;
    (office, machine, running)
}

/// With the people of a scenario at work.
async fn begin(name: &str) -> (Office, Machine, Running, DropGuard) {
    let (office, machine, running) = ready().await;
    let scenario = Scenario::named(name).expect("a scenario");
    let stop = CancellationToken::new();
    let options = OfficeOptions { seed: 11, speed: 1.0, scenario };
    tokio::spawn(run_with(office.sim.clone(), options, Arc::new(|_| {}), stop.clone()));
    (office, machine, running, stop.drop_guard())
}

fn with(running: &Running, state: State) -> usize {
    running.hooks().iter().filter(|hook| hook.ours && hook.flags.state() == state).count()
}

fn written(office: &Office) -> Vec<String> {
    let all = office.requests().into_iter();
    all.filter(|r| r.contains("/workspaces/64f0") && r.contains("/webhooks") && !r.starts_with("GET"))
        .collect()
}

/// An act of the scenario, without the people at work beside it.
fn act(office: &Office, at: usize) {
    let scene = Scene::named("webhook-downgrade").expect("a scene");
    happen(&office.sim, scene.acts[at].1);
}

#[tokio::test(start_paused = true)]
async fn a_downgrade_is_explained_and_not_fought_and_an_upgrade_found() {
    let (office, machine, running) = ready().await;
    let before = written(&office).len();
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    act(&office, 0);
    act(&office, 1);
    // Two of another program are older: one of ours is kept, the most useful one.
    screen.shows(&["× disabled", "by the plan", "● active", "updated", "hook ok"], 400).await;
    assert_eq!((with(&running, State::Active), with(&running, State::DisabledByPlan)), (1, 6));
    screen.press("!").await;
    screen.shows(&["plan FREE has room for 3: the 3 oldest stay on"], 30).await;
    let incident = running.incidents().into_iter().find(|i| i.kind == "webhooks disabled by plan").unwrap();
    assert!(incident.closed_at.is_some() && incident.requests <= 2, "{incident:?}");
    // The row of one that is off, and what is said about it.
    screen.press("esc 3 j").await;
    let said =
        ["planEnabled no", "the 3 oldest stay on; an upgrade switches it on", "9 of 3 on Free", "not told:"];
    screen.shows(&said, 30).await;
    drop(screen);
    let flags =
        |running: &Running| running.hooks().iter().map(|h| (h.id.clone(), h.flags)).collect::<Vec<_>>();
    let stored = flags(&running);
    running.kill(&office).await;
    let running = live(&office, &machine).await;
    office.pass(8 * 3_600).await;
    assert_eq!(flags(&running), stored);
    assert_eq!(written(&office).len(), before, "nothing made, nothing deleted: {:?}", written(&office));
    // The upgrade: what is delivered again shows it.
    act(&office, 2);
    office.track("After the upgrade").await;
    office.until("all on again", 1_800, || with(&running, State::Active) == 7).await;
    assert_eq!(written(&office).len(), before);
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["hook ok"], 60).await;
    assert!(!screen.text().contains("× disabled"));
}

/// The service refuses what the plan that is known would allow: the smaller quota is kept at once, and the plan asked for
/// when a place is free.
#[tokio::test(start_paused = true)]
async fn a_downgrade_in_a_busy_hour_stops_the_calls_and_is_explained_later() {
    let (office, _machine, running) = ready().await;
    for n in 0..30 {
        office.track(&format!("Review {n}")).await;
    }
    office.until("synced", 300, || running.count("synced") == 30).await;
    act(&office, 1);
    let refused = || office.sim.requests().iter().filter(|r| r.status == Some(429)).count();
    office.until("refused", 400, || refused() > 0).await;
    // What is known without a request is said at once, with the time of the list that tells the rest.
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["unknown since", "room for 3 of 7"], 60).await;
    assert!(!screen.text().contains("hook ok"), "{}", screen.text());
    screen.press("j enter").await;
    screen.shows(&["which ones Clockify switched off is listed at"], 60).await;
    screen.press("!").await;
    screen.shows(&["the plan has room for 3 of 7 webhooks"], 30).await;
    drop(screen);
    office.until("explained", 4_200, || with(&running, State::DisabledByPlan) == 4).await;
    assert_eq!(refused(), 1, "{:#?}", office.asked());
    assert_eq!(with(&running, State::Active), 3);
}

/// More webhooks deliver than Free has: that shows the upgrade at no cost, long before the hour has room for a list.
#[tokio::test(start_paused = true)]
async fn an_upgrade_within_the_dry_hour_is_found_by_what_is_delivered() {
    let (office, _machine, running) = ready().await;
    for n in 0..30 {
        office.track(&format!("Review {n}")).await;
    }
    office.until("synced", 300, || running.count("synced") == 30).await;
    act(&office, 1);
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["room for 3 of 7", "hook unknown"], 400).await;
    office.pass(90).await;
    act(&office, 2);
    office.pass(10).await;
    act(&office, 3);
    screen.shows(&["hook ok"], 120).await;
    assert!(!screen.text().contains("room for 3"), "{}", screen.text());
    office.track("After the upgrade").await;
    office.until("sent again", 60, || running.count("synced") == 31).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_person_changes_of_our_webhooks_is_called_and_left_alone() {
    let (office, _machine, running, people) = begin("webhook-clockify-drift").await;
    let drifted = || running.hooks().iter().filter(|hook| !hook.drift.is_empty()).count() == 3;
    office.until("drift", 600, drifted).await;
    drop(people);
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["≠ drifted", "changed by a per"], 30).await;
    assert!(!screen.text().contains("hook ok"), "{}", screen.text());
    let alerts = running.engine.snapshot().unwrap().alerts.clone();
    let words =
        ["secret of created", "events and name of deleted", "address of updated", "changed in the web page"];
    assert!(alerts.iter().any(|alert| words.iter().all(|word| alert.say.contains(word))), "{alerts:?}");
    assert_eq!(office.hooks_there().len(), 7, "none is made beside them");
}

#[tokio::test(start_paused = true)]
async fn deliveries_that_failed_on_their_way_are_made_good() {
    let (office, _machine, running, people) = begin("webhook-clockify-502").await;
    let closed = || running.incidents().iter().any(|i| i.kind == "webhook disabled" && i.closed_at.is_some());
    office.until("made anew", 3_600, closed).await;
    office.until("all on", 1_800, || with(&running, State::Active) == 7).await;
    drop(people);
    office.pass(300).await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["hook ok"], 60).await;
    assert_eq!(running.count("conflict"), 0, "our own writes are no conflict: {:#?}", running.log());
}

#[tokio::test(start_paused = true)]
async fn an_edit_in_clockify_is_decided_in_three_keys() {
    let (office, _machine, running, people) = begin("clockify-edit").await;
    office.until("a conflict", 120, || running.count("conflict") == 1).await;
    drop(people);
    let mut screen = Screen::of(&office, &running).await;
    screen.shows(&["1 conflict"], 30).await;
    screen.pressed = 0;
    screen.press("! >").await;
    office.until("decided", 60, || running.count("conflict") == 0).await;
    assert!(screen.pressed <= 3);
}
