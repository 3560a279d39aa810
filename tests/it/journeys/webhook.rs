//! Journey 4: the webhook is switched off at two in the morning, and its variants. Each is a scenario of the demo;
//! looked at are the screen, the requests and what is stored after a restart.

use std::sync::Arc;

use hourwire::domain::health::SubState;
use hourwire::simulator::World;
use hourwire::simulator::office::{OfficeOptions, Scenario, run_with};
use hourwire::simulator::scenes::{Act, Scene, happen};
use hourwire::simulator::toggl::Plan;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::screen::Screen;
use crate::guardian::stage::{Machine, Office, Running, live};
use crate::guardian::way::Trouble;

/// People at work, with what the scenario lets happen.
pub fn play(office: &Office, name: &str) -> DropGuard {
    let scenario = Scenario::named(name).expect("a scenario");
    let stop = CancellationToken::new();
    let way = office.way.clone();
    let breaker = Arc::new(move |down: bool| way.set(down.then_some(Trouble::Status(502))));
    let options = OfficeOptions { seed: 11, speed: 1.0, scenario };
    tokio::spawn(run_with(office.sim.clone(), options, breaker, stop.clone()));
    stop.drop_guard()
}

async fn begin(plan: Plan, name: &str) -> (Office, Machine, Running, DropGuard) {
    let office = Office::new(plan);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    let people = play(&office, name);
    (office, machine, running, people)
}

/// What is stored about the subscription and its incidents.
fn stored(running: &Running) -> impl PartialEq + std::fmt::Debug + use<> {
    let own = running.own().map(|own| {
        (
            own.description,
            own.filters,
            (own.enabled, own.validated, own.wanted),
            (own.silent, own.drift, own.cause),
        )
    });
    (own, running.incidents())
}

/// Killed and started again, it knows the same; the screen of the new one.
async fn restarted<'a>(office: &'a Office, machine: &Machine, running: Running) -> (Running, Screen<'a>) {
    let before = stored(&running);
    running.kill(office).await;
    let running = machine.start(office);
    office.pass(45).await;
    assert_eq!(stored(&running), before, "{:?}", running.log());
    let screen = Screen::of(office, &running).await;
    (running, screen)
}

fn state(office: &Office, running: &Running) -> Option<SubState> {
    running.own().map(|own| own.state(office.now()))
}

#[tokio::test(start_paused = true)]
async fn disabled_at_night_is_healed_by_morning_and_told_in_two_keys() {
    let (office, machine, running, people) = begin(Plan::Premium, "webhook-502").await;
    let mut screen = Screen::of(&office, &running).await;
    office.until("healed", 600, || running.is_healed()).await;
    drop(people);
    let incident = running.incidents().remove(0);
    assert!(incident.requests <= 6 && incident.recovered > 0, "{incident:?}");
    screen.settle().await;
    screen.pressed = 0;
    screen.press("3 enter").await;
    screen.shows(&["hook ok", "incident 1", "closed", "last good", "probe", "HTTP 502 at the own"], 30).await;
    screen
        .shows(&["check", "evidence", "enable", "ping", "confirm", "gap-fill", "recovered, 0 missing"], 5)
        .await;
    screen.shows(&["last bad", &format!("{} requests", incident.requests)], 5).await;
    assert!(screen.pressed <= 2);
    // The alert tells it in one line, once.
    let line = format!("disabled: HTTP 502; {}", incident.cause.trim_start_matches("HTTP 502; "));
    screen.press("!").await;
    screen.shows(&[&line[..30], "incident 1"], 30).await;
    office.pass(60).await;
    let unread = running.engine.snapshot().expect("ready").alerts.len();
    assert_eq!(unread, 0, "read, and not told again");
    let asked: Vec<String> = office.requests();
    assert_eq!(asked.iter().filter(|r| r.contains("PATCH /webhooks")).count(), 1, "{asked:?}");
    let entries = running.entries();
    drop(screen);
    let (running, mut screen) = restarted(&office, &machine, running).await;
    assert_eq!(running.entries(), entries);
    screen.press("3 enter").await;
    screen.shows(&["incident 1", "recovered, 0 missing"], 30).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_validation_is_proved_again() {
    let (office, machine, running, people) = begin(Plan::Premium, "webhook-unvalidated").await;
    office.until("lost", 60, || office.sim.receiving() == 0).await;
    office.until("proved again", 600, || office.sim.receiving() == 1 && running.is_healed()).await;
    let incident = running.incidents().remove(0);
    assert_eq!(incident.kind, "subscription not validated");
    assert!(incident.requests <= 6, "{incident:?}");
    drop(people);
    let asked = |part: &str| office.count(part);
    assert_eq!((asked("POST /webhooks/api/v1/ping"), asked("PATCH /webhooks")), (1, 0), "nothing to enable");
    let (_running, mut screen) = restarted(&office, &machine, running).await;
    screen.press("3 enter").await;
    let words = ["● active", "incident 1, not validated", "closed", "without a proof of the address", "ping"];
    screen.shows(&words, 30).await;
    assert_eq!(asked("POST /webhooks/api/v1/ping"), 1, "a restart proves nothing again");
}

#[tokio::test(start_paused = true)]
async fn pings_without_events_are_silence() {
    let (office, machine, running, _people) = begin(Plan::Premium, "webhook-silent").await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["? silent", "hook silent"], 1_400).await;
    screen.press("enter").await;
    screen.shows(&["incident 1, silent", "open", "was read and never announced"], 30).await;
    drop(screen);
    let (running, mut screen) = restarted(&office, &machine, running).await;
    screen.press("3").await;
    screen.shows(&["? silent", "hook silent"], 30).await;
    screen.shows(&["● active", "hook ok"], 1_200).await;
    assert_eq!(office.count("PATCH /webhooks"), 0, "nothing to enable");
    let reads = office.count("/me/time_entries");
    assert!(reads <= 8, "found by the reads that are made anyway: {reads} in half an hour");
    office.until("the end is noted", 60, || running.incidents()[0].closed_at.is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn a_creator_without_rights_is_said() {
    let office = Office::of(Plan::Premium, World::Demo, 7);
    let machine = Machine::new("den");
    let running = live(&office, &machine).await;
    let people = play(&office, "webhook-rights");
    // The others have fallen silent: one look at the profile, not a day later.
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["● active", "fewer events"], 900).await;
    screen.press("enter").await;
    screen.shows(&["fewer events: its creator is no administrator"], 5).await;
    drop(people);
    drop(screen);
    let asked = office.count("/me?with_related_data");
    assert_eq!(asked, 2, "{:?}", office.asked());
    let (_running, mut screen) = restarted(&office, &machine, running).await;
    screen.press("!").await;
    screen.shows(&["no administrator"], 60).await;
    office.pass(3 * 3_600).await;
    assert_eq!(office.count("/me?with_related_data"), asked, "said, and not asked again");
    assert_eq!(office.count("PATCH /webhooks"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_allows_less_is_explained_and_not_fought() {
    let (office, machine, running, people) = begin(Plan::Premium, "webhook-plan").await;
    office.pass(60).await;
    assert_eq!(office.sim.receiving(), 1, "the older one stays");
    drop(people);
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["× disabled"], 900).await;
    drop(screen);
    office.pass(3 * 3_600).await;
    assert!(office.count("PATCH /webhooks") <= 5, "{:?}", office.requests());
    // What stands in the way, and what the plan has room for.
    let (_running, mut screen) = restarted(&office, &machine, running).await;
    screen.press("3 enter").await;
    screen
        .shows(&["plan limit: 1 allowed, taken by", "crm-old", "of 1, 4 of 3 events", "Starter would"], 30)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_dry_quota_waits_for_its_reset() {
    let (office, machine, running, people) = begin(Plan::Premium, "webhook-quota").await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3 enter").await;
    screen.shows(&["× disabled", "waits", "hourly quota spent; again at"], 600).await;
    drop(screen);
    office.until("healed", 4_000, || running.is_healed()).await;
    let steps: Vec<String> = running.incidents()[0].steps.iter().map(|s| s.what.clone()).collect();
    assert!(steps.contains(&"waits".to_owned()) && !steps.contains(&"failed".to_owned()), "{steps:?}");
    drop(people);
    // Between the refusal and the reset nothing goes to that bucket; the enabling comes right after.
    let tries: Vec<_> = office.sim.requests().into_iter().filter(|r| r.method == "PATCH").collect();
    assert_eq!(tries.iter().map(|r| r.status).collect::<Vec<_>>(), [Some(402), Some(200)]);
    let between = office
        .sim
        .requests()
        .into_iter()
        .filter(|r| r.bucket == tries[1].bucket && r.time > tries[0].time && r.time < tries[1].time);
    assert!(between.clone().all(|r| (tries[1].time - r.time).num_seconds() < 5), "{:?}", office.asked());
    let (_running, mut screen) = restarted(&office, &machine, running).await;
    screen.press("3 enter").await;
    screen.shows(&["waits", "closed", "recovered, 0 missing"], 30).await;
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_gets_the_time() {
    let (office, machine, running, people) = begin(Plan::Premium, "webhook-name").await;
    office.pass(40).await;
    let mut screen = Screen::of(&office, &running).await;
    // Ours is the first row; its name goes, another comes.
    screen.press("3 m ctrl-u r e n a m e space h o u r s enter").await;
    office
        .until("renamed", 60, || running.own().is_some_and(|own| own.description.starts_with("hours 2026-")))
        .await;
    screen.shows(&["hours 2026-"], 30).await;
    drop((people, screen));
    assert_eq!(
        office.count("PUT /webhooks"),
        2,
        "the name as wished, then with the time: {:?}",
        office.asked()
    );
    let (_running, mut screen) = restarted(&office, &machine, running).await;
    screen.press("3").await;
    screen.shows(&["● active", "hours 2026-"], 30).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_secret_overlaps_with_the_old_one() {
    let (office, machine, running, people) = begin(Plan::Premium, "webhook-secret").await;
    office.pass(60).await;
    let before = office.sim.requests().len();
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3 s enter").await;
    office.pass(60).await;
    drop(people);
    office.pass(30).await;
    assert_eq!(office.sim.receiving(), 1, "no delivery was refused: {:?}", running.log());
    assert!(running.incidents().is_empty());
    let asked = office.requests();
    assert_eq!(asked[before..].iter().filter(|r| r.contains("PUT /webhooks")).count(), 1, "{asked:?}");
    screen.shows(&["● active", "hook ok"], 30).await;
    drop(screen);
    let (running, mut screen) = restarted(&office, &machine, running).await;
    screen.press("3 enter").await;
    screen.shows(&["● active", "no bad delivery known"], 30).await;
    let entries = running.entries();
    office.track("Signed anew").await;
    office.until("it is delivered", 20, || running.entries() == entries + 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_is_shown_and_a_key_restores_it() {
    let (office, machine, running, people) = begin(Plan::Premium, "webhook-drift").await;
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["≠ drifted"], 600).await;
    screen.press("enter").await;
    screen.shows(&["ours: hourwire den 0f1e", "theirs: the office's", "events"], 30).await;
    screen.shows(&["ours: client *, project *, tag *, time_entry *", "theirs: time_entry *"], 5).await;
    drop(screen);
    let (running, mut screen) = restarted(&office, &machine, running).await;
    assert_eq!(office.count("PUT /webhooks"), 0, "nobody fights a person");
    screen.press("3 < enter").await;
    office.until("restored", 60, || state(&office, &running) == Some(SubState::Active)).await;
    screen.shows(&["● active"], 60).await;
    drop((people, screen));
    assert_eq!(office.count("PUT /webhooks"), 1, "{:?}", office.asked());
    restarted(&office, &machine, running).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_person_switched_off_is_a_decision_until_a_key_reverses_it() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    happen(&office.sim, Act::SwitchOff);
    let mut screen = Screen::of(&office, &running).await;
    screen.press("3").await;
    screen.shows(&["× disabled", "cause unknown"], 900).await;
    assert_eq!(office.count("PATCH /webhooks"), 0);
    screen.pressed = 0;
    screen.press("R enter").await;
    assert!(screen.pressed <= 3);
    office.until("enabled", 60, || running.is_well() && office.sim.receiving() == 1).await;
    screen.shows(&["● active", "hook ok"], 60).await;
}

#[test]
fn every_variant_has_a_scenario() {
    for name in ["502", "unvalidated", "silent", "rights", "plan", "quota", "name", "secret", "drift"] {
        assert!(Scene::named(&format!("webhook-{name}")).is_some(), "{name}");
    }
}
