//! Five troubles of a service: five words on an 80×24 screen, and five ways to wait in the request log.

use chrono::{DateTime, TimeDelta, Utc};
use hourwire::control::command::{Reply, Wish};
use hourwire::control::snapshot::Snapshot;
use hourwire::domain::id::Service;
use hourwire::domain::strain::Strain;
use hourwire::simulator::faults::{Act, AnswerRule};
use hourwire::simulator::options::ClockifyPlan;
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Faults, PlanChange, World};
use http::Method;

use super::screen::Screen;
use super::shop::{Shop, Terms, monday, play};
use super::wire::{Sent, bucket};
use crate::worlds::time::pass;

type Power = tokio::task::JoinHandle<Result<(), String>>;

async fn open(plan: Plan) -> (Shop, Power) {
    let shop = Shop::new(Terms { seed: 9, plan, webhook: true, start: monday() }).await;
    let power = tokio::spawn(shop.machine.clone().keep_running());
    shop.until(120.0, "a whole start", |s| s.meters.len() == 3 && s.subscriptions.iter().any(|s| s.ours))
        .await;
    // Past the first survey of the target, whose ground is known from here on.
    shop.track("First", shop.time.now() - TimeDelta::minutes(30), 20).await;
    pass(120.0).await;
    assert!(shop.log.written().iter().any(|w| w.text == "First"), "a good morning");
    (shop, power)
}

fn close(shop: &Shop, power: &Power) {
    power.abort();
    shop.machine.switch_off();
    shop.simulator.stop();
}

/// Answers of the target that go wrong.
fn wrong(shop: &Shop, method: Option<&str>, act: Act, times: u32) {
    let rule = AnswerRule {
        service: Some(Service::Clockify),
        method: method.map(str::to_owned),
        path: Some("/time-entries".into()),
        share: None,
        act,
        times: Some(times),
    };
    shop.simulator.set_faults(Faults { answers: vec![rule], ..Faults::default() });
}

/// An entry is tracked and told; the moment.
async fn tracked(shop: &Shop, text: &str) -> DateTime<Utc> {
    let at = shop.time.now();
    shop.track(text, at - TimeDelta::minutes(20), 15).await;
    at
}

fn since(shop: &Shop, at: DateTime<Utc>, of: &str) -> Vec<Sent> {
    let sent = shop.log.sent().into_iter();
    sent.filter(|one| one.at >= at && bucket(one.service, &one.path) == of).collect()
}

fn arrived(shop: &Shop, text: &str) -> Option<DateTime<Utc>> {
    shop.log.written().iter().find(|w| w.text == text).map(|w| w.at)
}

/// The Quota pane and the Sync pane of a screen, as one text.
async fn shown(shop: &Shop) -> String {
    let mut screen = Screen::open(shop).await;
    screen.press(shop, "4").await;
    let quota = screen.text(shop).await;
    screen.press(shop, "5").await;
    format!("{quota}\n{}", screen.text(shop).await)
}

/// The word of this trouble is there, and none of the other four.
fn only(shown: &str, strain: Strain) {
    for word in Strain::ALL {
        // The ledger remembers what was; what is stands in the header, the title and the rows.
        let now = shown.lines().filter(|line| !line.contains("GET ") && !line.contains("POST "));
        let is_there = now.clone().any(|line| line.contains(word.as_str()));
        assert_eq!(is_there, word == strain, "{word} while {strain}:\n{shown}");
    }
}

#[test]
fn a_network_that_is_gone_is_tried_with_growing_gaps_and_found_soon() {
    play(async {
        let (shop, power) = open(Plan::Premium).await;
        shop.net.set_out(false);
        let at = tracked(&shop, "Offline").await;
        pass(60.0).await;
        let screen = shown(&shop).await;
        only(&screen, Strain::Network);
        assert!(screen.lines().next().is_some_and(|header| header.contains("offline 19:0")), "{screen}");
        pass(540.0).await;
        let tries: Vec<DateTime<Utc>> = since(&shop, at, "clockify").iter().map(|one| one.at).collect();
        let gaps: Vec<TimeDelta> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let longest = gaps.iter().max().copied().unwrap_or_default();
        assert!(gaps[0] < TimeDelta::seconds(6), "the second try comes soon: {gaps:?}");
        assert!(longest >= TimeDelta::seconds(15), "and the later ones later: {gaps:?}");
        assert!(longest <= TimeDelta::seconds(45), "a try costs nothing: {gaps:?}");
        let back = shop.time.now();
        shop.net.set_out(true);
        pass(60.0).await;
        assert!(arrived(&shop, "Offline").is_some_and(|at| at - back <= TimeDelta::minutes(1)));
        assert!(!shown(&shop).await.lines().next().unwrap_or("").contains("offline"));
        close(&shop, &power);
    });
}

#[test]
fn after_a_server_error_it_is_looked_up_before_it_is_sent_again() {
    play(async {
        let (shop, power) = open(Plan::Premium).await;
        wrong(&shop, None, Act::Status(503), 6);
        let at = tracked(&shop, "Uncertain").await;
        shop.until(60.0, "it is in trouble", |s| !s.strains.is_empty()).await;
        only(&shown(&shop).await, Strain::Server);
        pass(600.0).await;
        let sent = since(&shop, at, "clockify");
        let mut posts = sent.iter().enumerate().filter(|(_, one)| one.method == Method::POST);
        let (first, second) = (posts.next().expect("a try").0, posts.next().expect("another").0);
        assert_eq!(sent[first].status, Some(503));
        let looks = sent[first..second].iter().filter(|o| o.method == Method::GET && o.status == Some(200));
        assert!(looks.count() >= 2, "looked up twice before it is sent again: {sent:#?}");
        let failed: Vec<DateTime<Utc>> =
            sent.iter().filter(|o| o.status == Some(503)).map(|o| o.at).collect();
        let gaps: Vec<TimeDelta> = failed.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.last() > gaps.first(), "the gaps grow: {gaps:?}");
        let arrivals = shop.log.written().iter().filter(|w| w.text == "Uncertain").count();
        assert_eq!(arrivals, 1, "and it arrives once");
        close(&shop, &power);
    });
}

#[test]
fn a_pace_that_is_too_fast_waits_for_the_seconds_that_were_named_or_a_few() {
    for (act, least, most) in [(Act::Slow(30), 30, 33), (Act::Status(429), 5, 8)] {
        play(async move {
            let (shop, power) = open(Plan::Premium).await;
            wrong(&shop, None, act, 1);
            let at = tracked(&shop, "Too fast").await;
            shop.until(20.0, "it is slowed down", |s| !s.strains.is_empty()).await;
            assert_eq!(shop.snapshot().strains[0].strained.by, Strain::Pace);
            if least > 10 {
                only(&shown(&shop).await, Strain::Pace);
            }
            pass(60.0).await;
            let sent = since(&shop, at, "clockify");
            let waited = sent[1].at - sent[0].at;
            assert_eq!(sent[0].status, Some(429));
            assert!((least..=most).contains(&waited.num_seconds()), "{waited}: {sent:#?}");
            assert_eq!((sent.len(), sent[1].status), (2, Some(201)), "nothing in between: {sent:#?}");
            close(&shop, &power);
        });
    }
}

#[test]
fn on_a_free_plan_a_429_is_the_hour_and_waits_for_its_window() {
    play(async {
        let (shop, power) = open(Plan::Free).await;
        let before = since(&shop, monday(), "clockify")[0].at;
        wrong(&shop, Some("POST"), Act::Status(429), 1);
        let at = tracked(&shop, "The hour").await;
        pass(30.0).await;
        only(&shown(&shop).await, Strain::Quota);
        pass(3_700.0).await;
        let sent = since(&shop, at, "clockify");
        assert_eq!(sent[0].status, Some(429));
        assert!(sent[1].at >= before + TimeDelta::hours(1), "not before a place is free: {sent:#?}");
        assert!(arrived(&shop, "The hour").is_some());
        close(&shop, &power);
    });
}

#[test]
fn what_a_plan_lacks_is_asked_again_by_a_person_or_after_a_change_of_plan_and_by_nobody_else() {
    play(async {
        let (mut shop, power) = open(Plan::Free).await;
        wrong(&shop, Some("POST"), Act::Status(402), 2);
        let at = tracked(&shop, "Not in it").await;
        pass(20.0).await;
        let screen = shown(&shop).await;
        only(&screen, Strain::Plan);
        assert!(screen.contains("failed (not in"), "{screen}");
        assert!(screen.contains("R sends it again") && screen.contains("1 request · "), "{screen}");
        let posts = |shop: &Shop| {
            let sent = since(shop, at, "clockify");
            let entries = |one: &&Sent| one.path.ends_with("/time-entries");
            sent.iter().filter(entries).filter(|one| one.method == Method::POST).count()
        };
        pass(7_200.0).await;
        assert_eq!(posts(&shop), 1, "never by itself");
        let line = shop.snapshot().alerts.iter().find(|a| a.id.starts_with("failed")).cloned();
        assert!(line.is_some_and(|a| a.say.contains("not in the plan")), "and it is explained");
        let (target, source) = (shop.snapshot().targets[0].account.clone(), failed_key(&shop).await);
        shop.command(Wish::Retry { target, source }).await;
        pass(60.0).await;
        assert_eq!(posts(&shop), 2, "a person may");
        assert_eq!(arrived(&shop, "Not in it"), None);
        shop.simulator.set_plan(PlanChange { toggl: None, clockify: Some(ClockifyPlan::Paid) });
        pass(26.0 * 3_600.0).await;
        assert!(arrived(&shop, "Not in it").is_some(), "and so does another plan");
        assert_eq!(posts(&shop), 3);
        close(&shop, &power);
    });
}

/// The entry that failed, as the Sync pane lists it.
async fn failed_key(shop: &Shop) -> hourwire::domain::id::Key {
    use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
    use hourwire::control::view::{Open, Row, ViewKind};
    let mut viewer = shop.machine.enter().await.expect("an engine runs");
    let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "desk".into() };
    viewer.to_engine.send(hello).await.expect("the engine listens");
    let open = Open { view: 1, kind: ViewKind::Sync, filter: String::new(), offset: 0, rows: 10 };
    viewer.to_engine.send(ToEngine::Open(open)).await.expect("the engine listens");
    loop {
        if let FromEngine::Page(page) = viewer.from_engine.recv().await.expect("an answer") {
            let keys = page.rows.into_iter().filter_map(|row| match row {
                Row::Sync(line) if line.word.name() == "failed" => Some(line.key),
                _ => None,
            });
            return keys.into_iter().next().expect("a failed entry");
        }
    }
}

#[test]
fn a_spent_quota_waits_exactly_until_its_reset_while_all_else_goes_on() {
    play(async {
        let (mut shop, power) = open(Plan::Premium).await;
        for _ in 0..40 {
            shop.other("/me/time_entries/current").await;
            pass(1.0).await;
        }
        let at = shop.time.now();
        shop.command(Wish::ReadNow).await;
        pass(5.0).await;
        let screen = shown(&shop).await;
        let until = shop.snapshot().meters.iter().find_map(|m| m.waiting_until).expect("it waits");
        let waiting = format!("{}", until.format(":%M"));
        let header = screen.lines().next().unwrap_or("");
        assert!(header.contains("toggl 0/30 waiting 20") && header.contains(&waiting), "{screen}");
        assert!(screen.contains("402 waiting quota"), "and the ledger has the refusal: {screen}");
        let said = shop.command(Wish::ReadNow).await;
        assert!(matches!(&said, Reply::Done { say } if say.contains("waiting quota")), "{said:?}");
        pass((until - shop.time.now()).num_seconds() as f64 - 5.0).await;
        let user = since(&shop, at, "toggl user");
        assert_eq!(user.len(), 1, "one refusal, and nothing just to see: {user:#?}");
        pass(30.0).await;
        let user = since(&shop, at, "toggl user");
        assert!(user.len() > 1 && user[1].at >= until && user[1].status == Some(200), "{user:#?}");
        assert!(user[1].at - until < TimeDelta::seconds(10), "and at once: {user:#?}");
        close(&shop, &power);
    });
}

#[test]
fn the_ledger_of_a_bucket_tells_them_apart() {
    play(async {
        let (shop, power) = open(Plan::Premium).await;
        for (act, text) in [
            (Act::Slow(5), "Slow"),
            (Act::Status(503), "Server"),
            (Act::Reset, "Reset"),
            (Act::Status(402), "Plan"),
        ] {
            wrong(&shop, Some("POST"), act, 1);
            tracked(&shop, text).await;
            pass(60.0).await;
        }
        let mut screen = Screen::open(&shop).await;
        screen.press(&shop, "4 j j enter").await;
        let mut text = screen.text(&shop).await;
        screen.press(&shop, "pagedown pagedown").await;
        text.push_str(&screen.text(&shop).await);
        for word in ["429 slowed down", "503 server error", "offline", "402 not in the plan"] {
            assert!(text.contains(word), "{word}:\n{text}");
        }
        assert!(text.contains("POST create entry") && text.contains("24 hours, all buckets:"), "{text}");
        close(&shop, &power);
    });
}

#[test]
fn what_a_plan_refuses_for_a_colleague_is_asked_once_and_not_for_every_entry() {
    play(async {
        let terms = Terms { seed: 4, plan: Plan::Free, webhook: true, start: monday() };
        let shop = Shop::of(terms, World::Demo).await;
        let power = tokio::spawn(shop.machine.clone().keep_running());
        let own = |s: &Snapshot| s.meters.len() == 3 && s.subscriptions.iter().any(|s| s.ours);
        shop.until(600.0, "a whole start", own).await;
        pass(3_700.0).await;
        let at = shop.time.now();
        for place in 0..6 {
            let start = shop.time.now() - TimeDelta::minutes(40 - place);
            shop.colleague_tracks(&format!("Theirs {place}"), start, 20).await;
            pass(30.0).await;
        }
        shop.track("Ours", shop.time.now() - TimeDelta::minutes(15), 10).await;
        pass(300.0).await;
        let refused = |shop: &Shop| {
            let sent = since(shop, at, "clockify");
            sent.iter().filter(|one| one.method == Method::POST && one.status == Some(403)).count()
        };
        let said = shown(&shop).await;
        assert_eq!(refused(&shop), 1, "one says it for all: {said}");
        assert!(arrived(&shop, "Ours").is_some(), "and keeps nobody else: {said}");
        assert!(said.contains("6 failed") && said.contains("not in the plan"), "{said}");
        // Which feature it is, which the service does not say, and the way out.
        let alert = shop.snapshot().alerts.iter().find(|a| a.id.starts_with("failed")).cloned();
        let say = alert.map(|alert| alert.say).unwrap_or_default();
        assert!(say.contains("adding time for others is a paid feature"), "{say}");
        assert!(say.contains("take a plan that has it") && say.contains("[[rule]] in mapping.toml"), "{say}");
        pass(8.0 * 3_600.0).await;
        assert_eq!(refused(&shop), 1, "and not again by itself");
        shop.simulator.set_plan(PlanChange { toggl: None, clockify: Some(ClockifyPlan::Paid) });
        pass(26.0 * 3_600.0).await;
        let theirs = shop.log.written().iter().filter(|w| w.text.starts_with("Theirs")).count();
        assert_eq!(theirs, 6, "another plan lets them go");
        close(&shop, &power);
    });
}
