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

/// Each `invalid/NAME.toml` and what is told about it, as a snapshot.
#[test]
fn every_mistake_has_line_and_cure() {
    let facts = FileFacts {
        mode: Some(0o644),
        shell_path: "/home/ida/.config/hourwire/hourwire.toml".to_owned(),
        own_themes: Vec::new(),
    };
    let mut names: Vec<PathBuf> =
        fs::read_dir(fixtures().join("invalid")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut told = String::new();
    for path in names {
        let text = fs::read_to_string(&path).unwrap();
        let mistakes = Settings::parse(&text, &facts).expect_err("the file is wrong").to_string();
        assert!(!mistakes.contains("t0psecret") && !mistakes.contains("pass@"), "{mistakes}");
        let name = path.file_name().unwrap().to_str().unwrap();
        told.push_str(&format!("== {name}\n{mistakes}\n"));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_plain_token_needs_a_private_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hourwire.toml");
    fs::write(&path, "[toggl.main]\ntoken = \"t0psecret\"\n").unwrap();
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o640);
    let told = Settings::load(folder.path()).unwrap_err().to_string();
    let expected = format!(
        "hourwire.toml:2:9: a plain token stands in a file that others may read (mode 0640); type: chmod 600 {}",
        path.display()
    );
    assert_eq!(told, expected);
    mode(0o600);
    let settings = Settings::load(folder.path()).unwrap().unwrap();
    let shown = format!("{settings:?}");
    assert!(settings.has_accounts() && !shown.contains("t0psecret"), "{shown}");
}

#[test]
fn only_addresses_and_accounts_need_a_restart() {
    let text = example("hourwire.toml");
    let read = |text: &str| Settings::parse(text, &FileFacts::default()).unwrap();
    let old = read(&text);
    let live = text.replace("pass show toggl", "pass show other").replace("\"retire\"", "\"keep\"")
        + "[policy]\nhold_changes = 0\n[ui]\ntheme = \"nord\"\n";
    assert_eq!(old.restart_for(&read(&live)), Vec::<String>::new());
    assert_eq!(read(&live).policy.hold_changes, 0);
    let moved = text.replace(":8787", ":9787").replace("4440001", "4440002").replace(".mirror]", ".books]");
    assert_eq!(
        old.restart_for(&read(&moved)),
        ["receiver.listen", "toggl.main", "clockify.mirror", "clockify.books"]
    );
}

/// Addresses of the simulator, as its ready line prints them, can be pasted.
#[test]
fn base_addresses_are_taken_as_services_print_them() {
    let read = |base: &str| {
        let text = format!("[toggl.main]\ntoken_env = \"A\"\nbase_url = \"{base}\"\n");
        Settings::parse(&text, &FileFacts::default()).unwrap().toggl[&Account::from("main")].base_url.clone()
    };
    for base in ["http://127.0.0.1:41003", "http://127.0.0.1:41003/", "http://127.0.0.1:41003/api/v9"] {
        assert_eq!(read(base), "http://127.0.0.1:41003");
    }
}

#[test]
fn a_saved_mapping_reads_back_and_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    mapping::save(folder.path(), &example("mapping.toml")).unwrap();
    let path = folder.path().join("mapping.toml");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o644);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let skip = MappingEdit::SkipProject { source: source(1) };
    let file = MappingFile::load(folder.path()).unwrap();
    mapping::save(folder.path(), &mapping::apply(&file.text, &skip).unwrap()).unwrap();
    let after = MappingFile::load(folder.path()).unwrap();
    assert_eq!((mode(), after.parsed.rules.len()), (0o600, 2));
    assert_ne!(after.version, file.version);
}
