//! Logs without secrets, metrics that Prometheus accepts, and `/metrics` on its own address.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hourwire::telemetry::metrics::Quota;
use hourwire::telemetry::{Metrics, Redactor, logs, metrics};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const CANARY: &str = "canary/7f3a+c0ffee=\"quoted\" 9b";
const HOOK: &str = "k7m2q9x4w8e1r5t3";

/// Logs what careless code logs, and returns every byte that was written.
fn log_everything(redactor: &Redactor) -> String {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("logs");
    let (lines, guard) = logs::open(&folder, "it=debug,hourwire=debug", redactor.clone()).unwrap();
    tracing::subscriber::with_default(lines, || {
        let mut headers = http::HeaderMap::new();
        let basic = STANDARD.encode(format!("{CANARY}:api_token"));
        headers.insert("authorization", format!("Basic {basic}").parse().unwrap());
        headers.insert("x-webhook-signature-256", format!("sha256={}", "ab".repeat(32)).parse().unwrap());
        let span = tracing::info_span!("request", token = CANARY);
        let _inside = span.enter();
        tracing::info!(?headers, "sending");
        tracing::info!(target: "hourwire::x", token = CANARY, "field");
        tracing::warn!("message with {CANARY} in it");
        tracing::warn!(error = %format!("GET https://api.example/?t={}", percent(CANARY)), "url");
        tracing::info!(body = %serde_json::json!({"api_token": CANARY}), "json");
        tracing::info!(body = %URL_SAFE_NO_PAD.encode(format!("xy{CANARY}")), "base64");
        tracing::info!(path = %format!("/hooks/{HOOK}"), "unregistered hook");
        tracing::info!("still here: entry 4711");
    });
    drop(guard);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    fs::read_to_string(&files[0]).unwrap()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).into() } else { format!("%{b:02X}") })
        .collect()
}

/// Pieces of the canary that must not be found: any ten characters of a form.
fn traces(text: &str) -> Vec<String> {
    let forms = [
        CANARY.to_owned(),
        CANARY.replace('"', "\\\""),
        percent(CANARY),
        STANDARD.encode(CANARY),
        STANDARD.encode(format!("{CANARY}:api_token")),
        URL_SAFE_NO_PAD.encode(format!("xy{CANARY}")),
        HOOK.to_owned(),
        "ab".repeat(32),
    ];
    let windows = forms.iter().flat_map(|form| form.as_bytes().windows(10).map(String::from_utf8_lossy));
    windows.filter(|piece| text.contains(piece.as_ref())).map(Into::into).collect()
}

#[test]
fn no_form_of_a_secret_reaches_a_log() {
    let redactor = Redactor::new();
    redactor.register(CANARY);
    let log = log_everything(&redactor);
    assert_eq!(traces(&log), Vec::<String>::new(), "{log}");
    assert!(log.contains("still here: entry 4711"), "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    assert_eq!(log.lines().count(), 8);
}

#[test]
fn without_the_register_the_canary_would_be_found() {
    let log = log_everything(&Redactor::new());
    let found = traces(&log);
    assert!(found.iter().any(|piece| CANARY.contains(piece.as_str())), "{log}");
    assert!(!log.contains(HOOK) && !log.contains("abababababab"), "places need no register: {log}");
}

fn filled() -> Metrics {
    let metrics = Metrics::new("0.1.0");
    metrics.count_delivery("accepted");
    metrics.count_delivery("duplicate");
    metrics.count_delivery("accepted");
    metrics.set_unapplied(2);
    metrics.observe_delivery_latency(Duration::from_millis(12));
    metrics.set_entries("mirror", "waiting quota", 3);
    let org = Quota {
        service: "toggl".into(),
        bucket: "org:6660001".into(),
        remaining: 22,
        limit: 30,
        forecast: 18,
        resets_in: Some(Duration::from_millis(1_260_500)),
        resets_at: Some(1_772_460_000),
        spent: vec![("sync".into(), 5), ("others".into(), 3)],
    };
    let user = Quota { service: "clockify".into(), bucket: "user".into(), ..Quota::default() };
    metrics.set_quotas(&[org, Quota { remaining: 30, limit: 30, forecast: 30, ..user }]);
    metrics.set_subscription("toggl", "main", "20417", Some("active"));
    metrics.set_incidents_open(1);
    metrics.set_requests("clockify", "sync", "ok", 2);
    metrics.set_requests("clockify", "sync", "ok", 3);
    metrics.set_journal_bytes("ledger", 16 << 20);
    metrics.set_cache(true, 1);
    metrics.set_viewers(2);
    metrics
}

#[test]
fn the_metrics_say_what_was_set() {
    let metrics = filled();
    let text = metrics.encode().unwrap();
    for line in [
        r#"hourwire_build_info{version="0.1.0"} 1"#,
        r#"hourwire_deliveries_total{verdict="accepted"} 2"#,
        r#"hourwire_entries{target="mirror",state="waiting quota"} 3"#,
        r#"hourwire_quota_remaining{service="toggl",bucket="org:6660001"} 22"#,
        r#"hourwire_quota_limit{service="toggl",bucket="org:6660001"} 30"#,
        r#"hourwire_quota_used{service="toggl",bucket="org:6660001"} 8"#,
        r#"hourwire_quota_forecast{service="toggl",bucket="org:6660001"} 18"#,
        r#"hourwire_quota_reset_seconds{service="toggl",bucket="org:6660001"} 1260.5"#,
        r#"hourwire_quota_reset_timestamp_seconds{service="toggl",bucket="org:6660001"} 1772460000"#,
        r#"hourwire_quota_spent{service="toggl",bucket="org:6660001",cause="sync"} 5"#,
        r#"hourwire_quota_spent{service="toggl",bucket="org:6660001",cause="others"} 3"#,
        r#"hourwire_subscription_state{service="toggl",account="main",subscription="20417",state="active"} 1"#,
        "hourwire_incidents_open 1",
        r#"hourwire_delivery_latency_seconds_bucket{le="0.025"} 1"#,
        r#"hourwire_requests_total{service="clockify",cause="sync",outcome="ok"} 3"#,
        r#"hourwire_journal_bytes{log="ledger"} 16777216"#,
        "hourwire_cache_rebuilds_total 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains(r#"quota_reset_seconds{service="clockify""#));
    assert!(!text.contains(r#"quota_reset_timestamp_seconds{service="clockify""#));
}

#[test]
fn a_bucket_that_got_another_name_leaves_no_series_behind() {
    let metrics = filled();
    let named = Quota { service: "clockify".into(), bucket: "user:5".into(), ..Quota::default() };
    metrics.set_quotas(&[Quota {
        remaining: 29,
        limit: 30,
        spent: vec![("you".into(), 1)],
        ..named.clone()
    }]);
    let text = metrics.encode().unwrap();
    assert!(!text.contains("org:6660001") && !text.contains(r#"bucket="user""#), "{text}");
    assert!(text.contains(r#"hourwire_quota_used{service="clockify",bucket="user:5"} 1"#), "{text}");
    metrics.set_quotas(&[Quota { remaining: 30, limit: 30, ..named }]);
    let text = metrics.encode().unwrap();
    assert!(!text.contains("hourwire_quota_spent{"), "a window that ended has no causes: {text}");
}

#[test]
fn a_subscription_has_one_state_at_a_time() {
    let metrics = filled();
    metrics.set_subscription("toggl", "main", "20417", Some("disabled"));
    metrics.set_subscription("toggl", "main", "20417", Some("disabled"));
    let text = metrics.encode().unwrap();
    let states: Vec<_> = text.lines().filter(|l| l.starts_with("hourwire_subscription_state{")).collect();
    assert_eq!(states.len(), 1, "{states:?}");
    assert!(states[0].contains("disabled"));
    metrics.set_subscription("toggl", "main", "20417", None);
    assert!(!metrics.encode().unwrap().contains("hourwire_subscription_state{"));
}

/// The rules of `promtool check metrics`: help and type before samples, `_total` on counters and on nothing else,
/// base units at the end of names.
#[test]
fn the_metrics_keep_the_rules_of_promtool() {
    let text = filled().encode().unwrap();
    let mut types = BTreeMap::new();
    let mut helped = BTreeSet::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            assert!(!help.is_empty() && helped.insert(name), "{line}");
            continue;
        }
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            assert!(helped.contains(name) && types.insert(name, kind).is_none(), "{line}");
            assert!(
                !["_ms", "_milliseconds", "_kib", "_gauge", "_counter"].iter().any(|e| name.ends_with(e))
            );
            continue;
        }
        assert!(!line.starts_with('#'), "{line}");
        let name = line.split(['{', ' ']).next().unwrap();
        let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let known = types.contains_key(name) || histogram.is_some_and(|h| types.get(h) == Some(&"histogram"));
        assert!(known && name.starts_with("hourwire_"), "{line}");
        assert!(line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(), "{line}");
    }
    assert_eq!(helped.len(), types.len());
}

/// With the tool itself where it is installed.
#[test]
fn promtool_accepts_the_metrics() {
    let promtool = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn();
    let Ok(mut promtool) = promtool else {
        eprintln!("skipped: promtool is not installed");
        return;
    };
    promtool.stdin.take().unwrap().write_all(filled().encode().unwrap().as_bytes()).unwrap();
    assert!(promtool.wait().unwrap().success());
}

async fn ask(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(Duration::from_secs(30), stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn the_endpoint_answers_scrapes_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cancel = CancellationToken::new();
    let serving = tokio::spawn(metrics::serve(listener, filled(), cancel.clone()));
    let close = "Host: x\r\nConnection: close\r\n\r\n";

    let answer = ask(address, &format!("GET /metrics HTTP/1.1\r\n{close}")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.to_lowercase().contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"),
        "{answer}"
    );
    assert!(answer.contains("hourwire_uptime_seconds "), "{answer}");
    assert!(ask(address, &format!("GET / HTTP/1.1\r\n{close}")).await.starts_with("HTTP/1.1 404"));
    assert!(ask(address, &format!("POST /metrics HTTP/1.1\r\n{close}")).await.starts_with("HTTP/1.1 405"));
    let silent: Vec<_> = futures_util::future::join_all((0..20).map(|_| TcpStream::connect(address))).await;

    cancel.cancel();
    tokio::time::timeout(Duration::from_secs(30), serving).await.unwrap().unwrap().unwrap();
    assert!(silent.iter().all(Result::is_ok));
    assert!(TcpStream::connect(address).await.is_err());
}
