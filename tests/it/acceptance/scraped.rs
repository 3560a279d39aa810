//! What Prometheus is told of a running engine.

use std::time::{Duration, Instant};

use crate::process::Process;

use super::rig::{PATIENCE, Rig, Settings};

/// The value of the first sample whose line starts so.
fn sample(text: &str, start: &str) -> Option<f64> {
    text.lines().find(|line| line.starts_with(start))?.rsplit(' ').next()?.parse().ok()
}

/// Requests and the sizes of the logs are counted by a running engine, not only registered.
#[tokio::test]
async fn metrics_count_requests_and_the_bytes_of_both_logs() {
    let rig = Rig::new(71).await;
    let seat = rig.engine("scraped", &Settings::default());
    let mut engine = Process::start(&seat.home, &["serve"]);
    let url = engine.ready().await.metrics.expect("in the ready line");
    seat.subscribed().await;
    let web = reqwest::Client::new();
    let began = Instant::now();
    let text = loop {
        let answer = web.get(&url).send().await.expect("an answer").text().await.expect("text");
        let requests = |service: &str| {
            sample(
                &answer,
                &format!(r#"hourwire_requests_total{{service="{service}",cause="health",outcome="ok"}}"#),
            )
        };
        let all = [
            requests("toggl"),
            requests("clockify"),
            sample(&answer, r#"hourwire_journal_bytes{log="inbox"}"#),
            sample(&answer, r#"hourwire_journal_bytes{log="ledger"}"#),
        ];
        if all.iter().all(|value| value.is_some_and(|value| value >= 1.0)) {
            break answer;
        }
        assert!(began.elapsed() < PATIENCE, "{all:?} in\n{answer}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    // What the simulator saw of the calls that read is what was counted, whatever came in between.
    let counted: f64 = text
        .lines()
        .filter(|line| line.starts_with("hourwire_requests_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    let seen = rig.office.admin(reqwest::Method::GET, "/requests", None).await;
    let seen = seen.as_array().expect("a list").len() as f64;
    assert!(counted >= 1.0 && counted <= seen, "{counted} counted, {seen} seen");
    engine.stop().await;
}
