//! `hourwire simulate` from outside: the ready line, plain clients, TLS options, and a clean end.

use std::process::Command;

use reqwest::Method;
use serde_json::json;

use crate::office::Office;
use crate::process::Process;
use crate::web::Web;

#[tokio::test]
async fn a_plain_client_works_with_the_addresses_of_the_ready_line() {
    let home = tempfile::tempdir().expect("a folder");
    let mut simulate = Process::start(home.path(), &["simulate", "--world", "empty", "--seed", "3"]);
    let ready = simulate.ready().await;
    assert!(ready.ready && ready.receiver.is_none() && ready.control.is_none(), "{ready:?}");
    let simulator = ready.simulator.expect("its services");

    let mut office = Office::open(&simulator, 3).await;
    for _ in 0..40 {
        office.act().await;
    }
    office.stop().await;
    let implied: usize = office.implied().await.values().sum();
    assert!(implied > 10, "{:?}", office.played);
    assert_eq!(office.present().await.len(), 0, "nobody carried anything to Clockify");
    let asked = office.admin(Method::GET, "/requests", None).await;
    assert_eq!(asked, json!([]), "a person's requests are not listed");
    assert_eq!(simulate.stop().await, Some(0));
}

#[tokio::test]
async fn one_address_serves_everything_and_equal_seeds_make_equal_worlds() {
    let home = tempfile::tempdir().expect("a folder");
    let start = || Process::start(home.path(), &["simulate", "--listen", "127.0.0.1:0", "--seed", "5"]);
    let (mut first, mut second) = (start(), start());
    let mut states = Vec::new();
    for simulate in [&mut first, &mut second] {
        let simulator = simulate.ready().await.simulator.expect("its services");
        let admin = simulator["admin"].as_str().expect("an address");
        let api = simulator["toggl"]["api"].as_str().expect("an address");
        assert_eq!(admin.strip_suffix("/admin"), api.strip_suffix("/api/v9"));
        let state = Web::new().must(Method::GET, &format!("{admin}/state"), &[], None).await;
        states
            .push((state["toggl"]["projects"].as_array().map(Vec::len), simulator["toggl"]["token"].clone()));
    }
    assert_eq!(states[0], states[1]);
    assert!(states[0].0 >= Some(12), "the demo world has a dozen projects: {states:?}");
}

#[test]
fn half_a_certificate_and_a_taken_address_are_wrong_usage() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    for args in [&["--tls-cert", "cert.pem"][..], &["--listen", &address], &["--plan", "gold"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_hourwire")).arg("simulate").args(args).output();
        let output = output.expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty(), "nothing but the ready line ever goes there");
    }
}
