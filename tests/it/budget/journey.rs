//! Journey 5: thirty requests an hour run dry. The request log, the 80×24 screen and the state after a restart.

use chrono::{DateTime, TimeDelta, Utc};
use hourwire::control::command::Wish;
use hourwire::domain::id::Service;
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Faults, PlanChange};
use http::Method;
use serde_json::json;

use super::screen::Screen;
use super::shop::{Shop, Terms, monday, play};
use super::wire::{Sent, bucket};
use crate::worlds::time::pass;

type Power = tokio::task::JoinHandle<Result<(), String>>;

/// 09:50 on Free, with a day's work in step and a backfill and a review to come.
async fn morning() -> (Shop, Power) {
    let shop = Shop::new(Terms { seed: 5, plan: Plan::Free, webhook: true, start: monday() }).await;
    for place in 0..60 {
        let start = monday() - TimeDelta::days(2 + place % 20) + TimeDelta::minutes(600 + place);
        shop.track(&format!("Earlier {place}"), start, 30).await;
    }
    let power = tokio::spawn(shop.machine.clone().keep_running());
    shop.until(120.0, "a whole start", |s| s.meters.len() == 3 && s.subscriptions.iter().any(|s| s.ours))
        .await;
    pass(9.0 * 3_600.0 + 50.0 * 60.0).await;
    (shop, power)
}

fn close(shop: &Shop, power: &Power) {
    power.abort();
    shop.machine.switch_off();
    shop.simulator.stop();
}

/// The other program takes so many from the user's bucket.
async fn others(shop: &Shop, times: u32) {
    for _ in 0..times {
        shop.other("/me/time_entries/current").await;
        pass(2.0).await;
    }
}

fn since(shop: &Shop, at: DateTime<Utc>, of: &str) -> Vec<Sent> {
    let sent = shop.log.sent().into_iter();
    sent.filter(|one| one.at >= at && bucket(one.service, &one.path) == of).collect()
}

/// Runs the user's bucket dry by another program, and lets the engine find out by a read that somebody wants.
async fn dry(shop: &mut Shop) {
    others(shop, 40).await;
    shop.command(Wish::ReadNow).await;
    pass(5.0).await;
}

#[test]
fn a_bucket_that_runs_dry_is_told_early_and_left_alone_until_its_reset() {
    play(async {
        let (mut shop, power) = morning().await;
        // The window that is about to end is nobody's trouble; in the next one the other program is in a hurry.
        pass(720.0).await;
        others(&shop, 12).await;
        shop.command(Wish::ReadNow).await;
        pass(5.0).await;
        let mut screen = Screen::open(&shop).await;
        screen.press(&shop, "4").await;
        let shown = screen.text(&shop).await;
        assert!(shown.lines().next().unwrap_or("").contains(" dry 05:"), "amber before red: {shown}");
        assert!(shown.contains("others          12"), "who spent it: {shown}");
        assert!(shown.contains("another program uses the same token"), "{shown}");
        assert_eq!(screen.keys, 1, "one key to the meters and the ledger of the tightest");
        dry(&mut shop).await;
        let refused: Vec<Sent> =
            since(&shop, monday(), "toggl user").into_iter().filter(Sent::is_refused).collect();
        assert_eq!(refused.len(), 1, "one refusal tells it, and it was the other program's doing");
        assert!(refused[0].by_others);
        let at = refused[0].at;
        let shown = screen.text(&shop).await;
        assert!(shown.contains("toggl 0/30 waiting 06:0"), "{shown}");
        let until = shop.snapshot().meters.iter().find_map(|m| m.waiting_until).expect("it waits");
        // The person keeps working: rows say why, deliveries keep coming in.
        let work = shop.track("While it is dry", shop.time.now() - TimeDelta::minutes(20), 15).await;
        for _ in 0..5 {
            shop.command(Wish::ReadNow).await;
            pass(60.0).await;
        }
        assert!(since(&shop, at + TimeDelta::seconds(1), "toggl user").is_empty(), "none just to see");
        assert!(shop.log.written().iter().any(|w| w.text == "While it is dry"), "the other bucket goes on");
        // A restart while waiting keeps queue and reset.
        shop.machine.cut();
        pass(40.0).await;
        shop.until(60.0, "it is back", |s| !s.meters.is_empty()).await;
        let kept = shop.snapshot().meters.iter().find_map(|m| m.waiting_until);
        assert_eq!(kept, Some(until), "the moment outlives a restart");
        pass((until - shop.time.now()).num_seconds() as f64 - 30.0).await;
        assert!(since(&shop, at + TimeDelta::seconds(1), "toggl user").is_empty(), "none before the reset");
        pass(60.0).await;
        let user = shop.snapshot().meters.iter().find(|m| m.label == "toggl user").cloned().expect("a meter");
        assert_eq!(user.waiting_until, None, "full again by the clock, without a request");
        assert!(user.remaining.is_some_and(|left| left >= 28), "{user:?}");
        assert!(work["id"].is_number());
        close(&shop, &power);
    });
}

#[test]
fn several_edits_of_one_waiting_entry_go_as_one_and_what_people_do_goes_first() {
    play(async {
        let (mut shop, power) = morning().await;
        let (from, to) = (shop.back(40), shop.back(1));
        shop.command(Wish::Backfill { from, to, dry: false }).await;
        pass(900.0).await;
        let mut screen = Screen::open(&shop).await;
        screen.press(&shop, "4").await;
        let shown = screen.text(&shop).await;
        assert!(shown.contains("of a backf") && shown.contains("waiting quota"), "{shown}");
        // Fill what is left for changes, so that the next ones wait.
        for place in 0..25 {
            shop.track(&format!("Fresh {place}"), shop.time.now() - TimeDelta::minutes(300 - place * 5), 4)
                .await;
        }
        pass(60.0).await;
        let row = shop.track("Draft", shop.time.now() - TimeDelta::minutes(10), 5).await;
        for turn in 1..=4 {
            pass(20.0).await;
            let body = json!({"description": format!("Draft {turn}")});
            shop.person(Method::PUT, &format!("/{}", row["id"]), &body).await;
        }
        pass(30.0).await;
        let shown = screen.text(&shop).await;
        assert!(shown.contains("waiting quota"), "{shown}");
        let waiting = shop.snapshot().jobs.iter().find(|j| j.id == "new:mirror").and_then(|j| j.cost);
        assert!(waiting.is_some_and(|n| n > 1), "what people do waits too: {waiting:?}");
        let cut = shop.time.now();
        shop.machine.cut();
        pass(4.0 * 3_600.0).await;
        let written = shop.log.written();
        let drafts: Vec<&str> =
            written.iter().filter(|w| w.text.starts_with("Draft")).map(|w| w.text.as_str()).collect();
        assert_eq!(drafts, ["Draft 4"], "one request with the last state");
        let first_old = written.iter().find(|w| w.at > cut && w.text.starts_with("Earlier")).map(|w| w.at);
        let last_new = written.iter().rfind(|w| !w.text.starts_with("Earlier")).map(|w| w.at);
        assert!(first_old.is_none_or(|old| Some(old) > last_new), "old news overtook what people do");
        assert_eq!(shop.log.sent().iter().filter(|one| one.is_refused()).count(), 0);
        close(&shop, &power);
    });
}

#[test]
fn a_person_pauses_a_backfill_and_sends_what_waits_now() {
    play(async {
        let (mut shop, power) = morning().await;
        let (from, to) = (shop.back(40), shop.back(1));
        shop.command(Wish::Backfill { from, to, dry: false }).await;
        pass(120.0).await;
        for place in 0..25 {
            shop.track(&format!("Fresh {place}"), shop.time.now() - TimeDelta::minutes(300 - place * 5), 4)
                .await;
        }
        pass(60.0).await;
        let mut screen = Screen::open(&shop).await;
        screen.press(&shop, "4 P").await;
        let shown = screen.text(&shop).await;
        assert!(shown.contains("paused"), "{shown}");
        let before = shop.log.written().len();
        screen.press(&shop, "S").await;
        let priced = screen.text(&shop).await;
        assert!(priced.contains("from your part too") && priced.contains("9 requests · 9 left"), "{priced}");
        assert_eq!(shop.log.written().len(), before, "only asked so far");
        screen.press(&shop, "enter").await;
        pass(30.0).await;
        let sent = shop.log.written().split_off(before);
        assert!(!sent.is_empty() && sent.len() <= 9, "from what was kept: {sent:?}");
        assert!(sent.iter().all(|w| w.text.starts_with("Fresh")), "{sent:?}");
        let you = shop.snapshot().meters.iter().find(|m| m.label == "clockify").cloned().expect("a meter");
        assert!(you.spent.iter().any(|(cause, _)| cause == "you"), "{you:?}");
        shop.machine.cut();
        pass(3.0 * 3_600.0).await;
        let old = shop.log.written().iter().rfind(|w| w.text.starts_with("Earlier")).map(|w| w.at);
        let paused_at = shop.time.now() - TimeDelta::hours(3);
        assert!(old.is_none_or(|at| at < paused_at), "paused across a restart");
        shop.command(Wish::Pause { job: "send:mirror".into(), on: false }).await;
        shop.command(Wish::Pause { job: "read:main".into(), on: false }).await;
        pass(3.0 * 3_600.0).await;
        let old = shop.log.written().iter().rfind(|w| w.text.starts_with("Earlier")).map(|w| w.at);
        assert!(old.is_some_and(|at| at > paused_at), "and goes on when it is resumed");
        close(&shop, &power);
    });
}

#[test]
fn without_headers_the_screen_says_estimated() {
    play(async {
        let (mut shop, power) = morning().await;
        shop.simulator.set_faults(Faults { hide_quota: true, ..Faults::default() });
        pass(2.0 * 3_600.0).await;
        shop.command(Wish::ReadNow).await;
        let mut screen = Screen::open(&shop).await;
        screen.press(&shop, "4").await;
        let shown = screen.text(&shop).await;
        let rows: Vec<&str> = shown.lines().filter(|line| line.contains("/30")).skip(1).collect();
        assert_eq!(rows.len(), 3, "{shown}");
        assert!(rows.iter().all(|row| row.contains('≤') && row.contains("est.")), "{shown}");
        close(&shop, &power);
    });
}

#[test]
fn a_raised_plan_is_on_the_screen_within_the_hour() {
    play(async {
        let (shop, power) = morning().await;
        shop.simulator.set_plan(PlanChange { toggl: Some(Plan::Starter), clockify: None });
        pass(1_900.0).await;
        let mut screen = Screen::open(&shop).await;
        screen.press(&shop, "4").await;
        let shown = screen.text(&shop).await;
        assert!(shown.contains("/240"), "{shown}");
        close(&shop, &power);
    });
}

#[test]
fn opening_the_program_ten_times_and_reading_the_meters_costs_nothing() {
    play(async {
        let (shop, power) = morning().await;
        pass(300.0).await;
        let before = shop.log.sent().len();
        for _ in 0..10 {
            let mut screen = Screen::open(&shop).await;
            screen.press(&shop, "4 j enter esc 0 1").await;
            screen.text(&shop).await;
        }
        assert_eq!(shop.log.sent().len(), before);
        close(&shop, &power);
    });
}

#[test]
fn quota_pace_server_and_network_troubles_have_their_own_words_and_waits() {
    use hourwire::simulator::faults::{Act, AnswerRule};
    let target = |act: Act| AnswerRule {
        service: Some(Service::Clockify),
        method: Some("POST".into()),
        path: Some("/time-entries".into()),
        share: None,
        act,
        times: Some(3),
    };
    for (act, what) in [(Act::Status(402), "plan"), (Act::Status(503), "server"), (Act::Reset, "network")] {
        play(async move {
            let (shop, power) = morning().await;
            shop.simulator.set_faults(Faults { answers: vec![target(act)], ..Faults::default() });
            let at = shop.time.now();
            shop.track("In trouble", at - TimeDelta::minutes(20), 15).await;
            pass(60.0).await;
            let counts = shop.snapshot().targets[0].counts.clone();
            let of = |word: &str| counts.iter().find(|(w, _)| w == word).map_or(0, |(_, n)| *n);
            let posts = |shop: &Shop| {
                let sent = since(shop, at, "clockify");
                sent.iter().filter(|one| one.method == Method::POST).count()
            };
            if what == "plan" {
                assert_eq!((of("failed"), posts(&shop)), (1, 1), "a plan is never asked again: {counts:?}");
                pass(7_200.0).await;
                assert_eq!(posts(&shop), 1);
            } else {
                assert_eq!(of("failed"), 0, "{what}: uncertain or waiting, not failed: {counts:?}");
                pass(3_600.0).await;
                assert!(shop.log.written().iter().any(|w| w.text == "In trouble"), "{what}: it arrives");
            }
            close(&shop, &power);
        });
    }
}
