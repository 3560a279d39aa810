//! The simulated services over TLS, and an engine that talks to them: only with a certificate it can trust.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::acceptance::rig::{free_port, write_private};
use crate::process::{CEILING, Process};

/// An authority and a certificate for loopback, as PEM files.
struct Papers {
    authority: PathBuf,
    cert: PathBuf,
    key: PathBuf,
}

impl Papers {
    fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
        let key = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
        let leaf = leaf.signed_by(&key, &authority).expect("signed");
        let paper = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        Self {
            authority: paper("authority.pem", authority.pem()),
            cert: paper("cert.pem", leaf.pem()),
            key: paper("key.pem", key.serialize_pem()),
        }
    }

    /// Simulated services that show this certificate, and their ready line.
    async fn simulate(&self, home: &Path) -> (Process, Value) {
        let [cert, key] = [&self.cert, &self.key].map(|path| path.to_str().expect("UTF-8"));
        let args = ["simulate", "--world", "empty", "--seed", "7", "--tls-cert", cert, "--tls-key", key];
        let mut simulate = Process::start(home, &args);
        let simulator = simulate.ready().await.simulator.expect("its services");
        (simulate, simulator)
    }
}

fn text<'a>(simulator: &'a Value, path: &str) -> &'a str {
    simulator.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path} in {simulator}"))
}

#[tokio::test]
async fn only_a_client_that_trusts_the_certificate_is_answered() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let home = tempfile::tempdir().expect("a folder");
    let papers = Papers::new(home.path());
    let (simulate, simulator) = papers.simulate(home.path()).await;
    let authority = std::fs::read(&papers.authority).expect("the file");
    let authority = reqwest::Certificate::from_pem(&authority).expect("PEM");
    let trusting = reqwest::Client::builder().tls_certs_only([authority]).build().expect("a client");
    for api in ["/toggl/api", "/clockify/api", "/admin"] {
        let address = text(&simulator, api);
        assert!(address.starts_with("https://127.0.0.1:"), "{address}");
        let ask = |client: &reqwest::Client, address: &str| client.get(address).timeout(CEILING).send();
        ask(&trusting, address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        let refused = ask(&reqwest::Client::new(), address).await.expect_err("an unknown authority");
        assert!(format!("{refused:?}").contains("UnknownIssuer"), "{refused:?}");
        let plain = address.replace("https://", "http://");
        assert!(ask(&trusting, &plain).await.is_err(), "{plain} answered without TLS");
    }
    assert_eq!(simulate.stop().await, Some(0));
}

/// Writes the settings of an engine without a public address.
fn configure(home: &Path, simulator: &Value) {
    let config = home.join("config");
    std::fs::create_dir_all(&config).expect("a folder");
    let settings = format!(
        r#"[receiver]
listen = "127.0.0.1:{port}"
metrics_listen = "127.0.0.1:0"

[toggl.main]
workspace_id = {workspace}
token = "{toggl_token}"
base_url = "{toggl}"

[clockify.mirror]
workspace_id = "{target}"
token = "{clockify_token}"
base_url = "{clockify}"
"#,
        port = free_port(),
        workspace = simulator["toggl"]["workspace_id"],
        toggl_token = text(simulator, "/toggl/token"),
        toggl = text(simulator, "/toggl/api").trim_end_matches("/api/v9"),
        target = text(simulator, "/clockify/workspace_id"),
        clockify_token = text(simulator, "/clockify/token"),
        clockify = text(simulator, "/clockify/api"),
    );
    write_private(&config.join("hourwire.toml"), &settings);
}

/// What `status` says, once it says these words.
async fn said(home: &Path, words: &str) -> String {
    let began = Instant::now();
    loop {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_hourwire"))
            .arg("status")
            .env_clear()
            .env("HOME", home)
            .env("HOURWIRE_CONFIG_DIR", home.join("config"))
            .env("HOURWIRE_STATE_DIR", home.join("state"))
            .output();
        let output = tokio::time::timeout(CEILING, output).await.expect("in time").expect("it runs");
        let table = String::from_utf8_lossy(&output.stdout).into_owned();
        if table.contains(words) {
            return table;
        }
        assert!(began.elapsed() < CEILING, "never said {words:?}:\n{table}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn an_engine_works_over_tls_and_not_with_a_stranger() {
    let home = tempfile::tempdir().expect("a folder");
    let papers = Papers::new(home.path());
    let (simulate, simulator) = papers.simulate(home.path()).await;
    configure(home.path(), &simulator);

    let mut wary = Process::start(home.path(), &["serve"]);
    wary.ready().await;
    let table = said(home.path(), "account main: offline").await;
    for account in ["main", "mirror"] {
        let line = table.lines().find(|line| line.contains(&format!("account {account}: offline")));
        assert!(line.is_some_and(|line| line.contains("certificate")), "{account}:\n{table}");
    }
    assert_eq!(wary.stop().await, Some(0));

    let trust = [("SSL_CERT_FILE", papers.authority.as_path())];
    let mut engine = Process::start_with(home.path(), &["serve"], &trust);
    engine.ready().await;
    let table = said(home.path(), "29/30 left").await;
    assert!(!table.contains("offline"), "{table}");
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(simulate.stop().await, Some(0));
}
