//! The files of a person: the design's examples as they stand, and what mistakes are told.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hourwire::config::mapping::{self, MappingFile};
use hourwire::config::settings::{FileFacts, Settings, Webhook};
use hourwire::config::token::TokenSource;
use hourwire::domain::id::{Account, RemoteId, Service};
use hourwire::domain::mapping::{MappingEdit, Named, SourceRef, Then};
use hourwire::domain::policy::{OnDelete, Policy, Reenable};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config")
}

fn example(name: &str) -> String {
    fs::read_to_string(fixtures().join("valid").join(name)).unwrap()
}

#[test]
fn the_example_settings_of_the_design_work_as_they_stand() {
    let settings = Settings::load(&fixtures().join("valid")).unwrap().unwrap();
    assert_eq!(settings.receiver.listen.to_string(), "127.0.0.1:8787");
    assert_eq!(settings.receiver.public_url.as_deref(), Some("https://hooks.example.com"));
    assert_eq!(settings.receiver.metrics_listen.unwrap().to_string(), "127.0.0.1:8788");
    let main = &settings.toggl[&Account::from("main")];
    assert_eq!(main.tag, "ME");
    assert_eq!(main.workspace_id, Some(RemoteId::from(4440001)));
    assert_eq!(main.token.source, TokenSource::Command("pass show toggl".to_owned()));
    assert_eq!(main.base_url, "https://api.track.toggl.com");
    assert_eq!((main.webhook, main.reenable), (Webhook::Managed, Reenable::Evidence));
    assert_eq!(main.zone, Some(chrono_tz::America::New_York));
    assert_eq!(main.read_every, Duration::from_secs(300));
    let mirror = &settings.clockify[&Account::from("mirror")];
    assert_eq!(mirror.tag, "MI");
    assert_eq!(mirror.workspace_id, Some(RemoteId::from("64f0c0ffee0000000000b001")));
    assert_eq!(mirror.token.source, TokenSource::Env("CLOCKIFY_TOKEN".to_owned()));
    assert_eq!(mirror.on_delete, OnDelete::Retire);
    assert_eq!(mirror.sync_from.unwrap().to_string(), "2026-03-01");
    assert_eq!(mirror.base_url, "https://api.clockify.me/api/v1");
    assert_eq!(settings.policy, Policy::default());
    assert_eq!(settings.service(&Account::from("mirror")), Some(Service::Clockify));
}

#[test]
fn the_example_mapping_of_the_design_works_as_it_stands() {
    let file = MappingFile::load(&fixtures().join("valid")).unwrap();
    let mapping = &file.parsed;
    let mirror = Account::from("mirror");
    assert_eq!(mapping.fallback[&mirror].name, "Unsorted");
    assert_eq!(mapping.projects.len(), 1);
    assert_eq!(mapping.projects[0].source.id, RemoteId::from(2220007));
    assert_eq!(mapping.projects[0].target[&mirror].id, RemoteId::from("64f0c0ffee0000000000c001"));
    assert_eq!(mapping.users[0].source.name, "Dana Moss");
    assert_eq!(mapping.rules[0].when.tag.as_deref(), Some("private"));
    assert_eq!(mapping.rules[0].then, Then::Skip);
    assert_eq!(file.version, mapping::version(&file.text));
    let settings = Settings::parse(&example("hourwire.toml"), &FileFacts::default()).unwrap();
    assert_eq!(file.strangers(&settings), []);
}

#[test]
fn no_file_is_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Settings::load(folder.path()).unwrap(), None);
    assert_eq!(
        MappingFile::load(folder.path()).unwrap().parsed,
        hourwire::domain::mapping::Mapping::default()
    );
}

fn source(id: i64) -> SourceRef {
    SourceRef { account: Account::from("main"), id: RemoteId::from(id), name: "Osprey shop".to_owned() }
}

#[test]
fn a_new_link_stands_behind_the_last_row_and_its_comment() {
    let text = example("mapping.toml");
    let link = MappingEdit::LinkProject {
        source: source(2220009),
        target: Account::from("mirror"),
        to: Named { id: RemoteId::from("64f0c0ffee0000000000c009"), name: "Osprey shop".to_owned() },
        from: None,
    };
    let after = mapping::apply(&text, &link).unwrap();
    let row = "\n[[project]]\nsource = { account = \"main\", id = 2220009, name = \"Osprey shop\" }\n\
               target.mirror = { id = \"64f0c0ffee0000000000c009\", name = \"Osprey shop\" }\n";
    assert_eq!(after.replace(row, ""), text, "{after}");
    let comment = after.find("# from = 2026-03-01").unwrap();
    assert!(comment < after.find(row).unwrap() && after.find(row) < after.find("[[user]]"), "{after}");
}
