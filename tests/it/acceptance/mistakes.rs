//! Mistakes of configuration: each a clear message with its place, and exit code 2; what a person cannot help at the
//! start (a service that does not answer) stops nothing and is said.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use super::rig::{Rig, Settings, free_port, write_private};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_with_its_place() {
    let rig = Rig::new(48).await;
    let seat = rig.engine("a", &Settings::default());
    let file = seat.home.join("config/hourwire.toml");
    let good = std::fs::read_to_string(&file).expect("readable");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address").to_string();
    let listen = good.lines().find(|line| line.starts_with("listen")).expect("a line").to_owned();
    let token = good.lines().find(|line| line.starts_with("token")).expect("a line").to_owned();
    let cases: [(&str, String, &[&str]); 9] = [
        (
            "an unknown key",
            good.replace(&token, &format!("{token}\ntokne = 1")),
            &["toml:9:1: unknown key `tokne`"],
        ),
        ("a wrong type", good.replace(&listen, "listen = 8787"), &["toml:2:10: `listen`", "whole number"]),
        ("no token", good.replacen(&token, "", 1), &["toml:6:1: [toggl.main] has no token"]),
        (
            "an unset variable",
            good.replacen(&token, "token_env = \"HW_NOT_SET\"", 1),
            &["toml:8:13: ", "HW_NOT_SET"],
        ),
        (
            "a command that fails",
            good.replacen(&token, "token_command = \"false\"", 1),
            &["toml:8:17: token_command"],
        ),
        ("broken TOML", good.replace("[toggl.main]", "[toggl.main"), &["toml:6:12: not TOML"]),
        (
            "an address in use",
            good.replace(&listen, &format!("listen = \"{taken}\"")),
            &["toml:2:10: ", "in use"],
        ),
        (
            "metrics on an address in use",
            good.replace("metrics_listen = \"127.0.0.1:0\"", &format!("metrics_listen = \"{taken}\"")),
            &["toml:4:18: ", "in use"],
        ),
        (
            "no workspace",
            good.lines().filter(|line| !line.starts_with("workspace_id = \"")).collect::<Vec<_>>().join("\n"),
            &["toml:12:1: [clockify.mirror] ", "workspace_id"],
        ),
    ];
    for (what, text, wanted) in cases {
        write_private(&file, &text);
        refused(&seat, what, wanted).await;
    }
    write_private(&file, &good);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("opened");
    refused(&seat, "open permissions", &["toml:8:9: ", "chmod 600"]).await;

    write_private(&file, &good);
    let engine = seat.serve().await;
    refused(&seat, "a second engine", &["another engine (pid"]).await;
    assert_eq!(engine.stop().await, Some(0));
}

async fn refused(seat: &super::rig::Seat, what: &str, wanted: &[&str]) {
    let output = seat.run(&["serve"]).await;
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{what}: {said}");
    assert!(output.stdout.is_empty(), "{what}");
    if what != "a second engine" {
        let folder = seat.home.join("config").display().to_string();
        assert!(said.contains(&format!("the files are in {folder}")), "{what}: which folder? {said}");
    }
    for part in wanted {
        assert!(said.contains(part), "{what}: {part:?} is not in {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_do_not_answer_stop_nothing_and_are_named() {
    let rig = Rig::new(49).await;
    let seat = rig.engine("a", &Settings::default());
    let file = seat.home.join("config/hourwire.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let dead = format!("base_url = \"http://127.0.0.1:{}\"", free_port());
    let lines = text.lines().map(|line| if line.starts_with("base_url") { dead.as_str() } else { line });
    write_private(&file, &lines.collect::<Vec<_>>().join("\n"));
    let mut engine = seat.serve().await;
    seat.until_said("account main: offline").await;
    seat.until_said("account mirror: offline").await;
    assert_eq!(seat.run(&["status"]).await.status.code(), Some(1));
    let output = seat.run(&["backfill", "--from", "2026-03-01", "--to", "2026-03-02"]).await;
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!engine.has_ended());
    assert_eq!(engine.stop().await, Some(0));
    assert_eq!(seat.complaints(), "");
}
