//! The simulated services over TLS, and an engine that talks to them: only with a certificate it can trust.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::acceptance::rig::Seat;
use crate::process::{CEILING, Process};
use crate::settings::{Settings, free_port};

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

#[tokio::test]
async fn an_engine_works_over_tls_and_not_with_a_stranger() {
    let home = tempfile::tempdir().expect("a folder");
    let papers = Papers::new(home.path());
    let (simulate, simulator) = papers.simulate(home.path()).await;
    let settings = Settings { public: false, rest: "", ..Settings::default() };
    settings.write(home.path(), &simulator, free_port());
    let seat = Seat { home: home.path().to_owned() };

    let mut wary = Process::start(home.path(), &["serve"]);
    wary.ready().await;
    let table = seat.until_said("account main: offline").await;
    for account in ["main", "mirror"] {
        let line = table.lines().find(|line| line.contains(&format!("account {account}: offline")));
        assert!(line.is_some_and(|line| line.contains("certificate")), "{account}:\n{table}");
    }
    assert_eq!(wary.stop().await, Some(0));

    let trust = [("SSL_CERT_FILE", papers.authority.as_path())];
    let mut engine = Process::start_with(home.path(), &["serve"], &trust);
    engine.ready().await;
    let table = seat.until_said("29/30 left").await;
    assert!(!table.contains("offline"), "{table}");
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(simulate.stop().await, Some(0));
}
