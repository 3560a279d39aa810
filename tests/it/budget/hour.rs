//! An hour of an open dashboard on Free in which nothing changes.

use hourwire::control::message::{PROTOCOL, ToEngine};
use hourwire::control::view::{Open, ViewKind};
use hourwire::simulator::toggl::Plan;

use super::shop::{Shop, Terms, monday, play};
use super::wire::Sent;
use crate::worlds::time::pass;

/// What the program sends in an hour while a person opens, browses and comes back ten times.
async fn quiet_hour(webhook: bool) -> Vec<Sent> {
    let shop = Shop::new(Terms { seed: 7, plan: Plan::Free, webhook, start: monday() }).await;
    for place in 0..40 {
        let start = monday() - chrono::TimeDelta::minutes(600 - place * 12);
        shop.track(&format!("Wireframes #{place}"), start, 10).await;
    }
    let power = tokio::spawn(shop.machine.clone().keep_running());
    // The first day's reads and sends are over.
    pass(20.0 * 3_600.0).await;
    let before = shop.log.sent().len();
    for turn in 0..10 {
        let mut viewer = shop.machine.enter().await.expect("an engine runs");
        let say = |message| viewer.to_engine.send(message);
        let hello = ToEngine::Hello { protocol: PROTOCOL, version: "test".into(), viewer: "desk".into() };
        say(hello).await.expect("heard");
        let kinds =
            [ViewKind::Entries, ViewKind::Mapping, ViewKind::Sync, ViewKind::Log, ViewKind::Deliveries];
        for (view, kind) in kinds.into_iter().enumerate() {
            let open = Open { view: view as u32, kind, filter: String::new(), offset: 0, rows: 100 + turn };
            say(ToEngine::Open(open)).await.expect("heard");
        }
        say(ToEngine::Resync).await.expect("heard");
        for _ in 0..360 {
            pass(1.0).await;
            while viewer.from_engine.try_recv().is_ok() {}
        }
    }
    let sent = shop.log.sent().split_off(before);
    power.abort();
    shop.machine.switch_off();
    shop.simulator.stop();
    sent
}

fn told(sent: &[Sent]) -> Vec<String> {
    sent.iter().map(|one| format!("{} {} {}", one.at.format("%H:%M:%S"), one.method, one.path)).collect()
}

#[test]
fn an_hour_of_an_open_dashboard_takes_four_requests_beside_a_webhook() {
    let sent = play(quiet_hour(true));
    let reads = sent.iter().filter(|one| one.path.ends_with("/me/time_entries")).count();
    let checks = sent.iter().filter(|one| one.path.contains("/webhooks/")).count();
    assert_eq!((reads, checks), (2, 2), "{:#?}", told(&sent));
    assert_eq!(sent.len(), 4, "{:#?}", told(&sent));
}

#[test]
fn an_hour_of_an_open_dashboard_takes_twelve_requests_without_one() {
    let sent = play(quiet_hour(false));
    assert!((10..=12).contains(&sent.len()), "{} requests: {:#?}", sent.len(), told(&sent));
}
