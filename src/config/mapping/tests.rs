//! Edits do what they say and nothing else, whatever the file looks like.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::id::{Account, RemoteId};
use crate::domain::mapping::{MappingEdit, Named, SourceRef, Then};

const RICH: &str = r#"# Ida's mapping
[fallback]                               # for the rest
mirror = { id = "64f0c0ffee0000000000c0ff", name = "Unsorted" }

# --- Harbor Co ---
[[project]]
source = { account = "main", id = 2220007, name = "Harbor site" }   # the site
target.mirror = { id = "64f0c0ffee0000000000c001",   name = "Harbor site" } # keep
# from = 2026-03-01

# --- Northwind ---
# retainer
[[project]]
source = { account = "main", id = "2220008" }
target = { mirror = { id = "64f0c0ffee0000000000c002" }, spare = { id = "x9" } }
from = 2026-03-01

[[project]]
[project.source]
account = "main"
id = 2220010
[project.target.mirror]
id = "64f0c0ffee0000000000c003"
# the last one

[[user]]
source = { account = "main", id = 5550002, name = "Dana Moss" }
target.mirror = { id = "64f0c0ffee0000000000a002", name = "Dana Moss" }

# first match wins
[[rule]]
when = { account = "main", tag = "private" }
then = "skip"

# everything billable waits
[[rule]]
when = { billable = true }
then = "hold"
# the end
"#;

fn source(id: i64) -> SourceRef {
    SourceRef { account: Account::from("main"), id: RemoteId::from(id), name: "Osprey shop".to_owned() }
}

fn link(id: i64, to: &str, from: Option<&str>) -> MappingEdit {
    MappingEdit::LinkProject {
        source: source(id),
        target: Account::from("mirror"),
        to: Named { id: RemoteId::from(to), name: "Osprey".to_owned() },
        from: from.map(|day| day.parse().unwrap()),
    }
}

fn unlink(id: i64, from: Option<&str>) -> MappingEdit {
    MappingEdit::UnlinkProject {
        source: source(id),
        target: Account::from("mirror"),
        from: from.map(|day| day.parse().unwrap()),
    }
}

/// The lines that are only in one of two texts: (gone, new).
fn changed<'t>(before: &'t str, after: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    (old[start..old.len() - end].to_vec(), new[start..new.len() - end].to_vec())
}

#[test]
fn a_changed_link_changes_its_own_line_only() {
    let cases = [
        (
            link(2220007, "64f0", None),
            "target.mirror = { id = \"64f0c0ffee0000000000c001\",   name = \"Harbor site\" } # keep",
            "target.mirror = { id = \"64f0\",   name = \"Osprey\" } # keep",
        ),
        (
            link(2220008, "64f0", Some("2026-03-01")),
            "target = { mirror = { id = \"64f0c0ffee0000000000c002\" }, spare = { id = \"x9\" } }",
            "target = { mirror = { id = \"64f0\", name = \"Osprey\" }, spare = { id = \"x9\" } }",
        ),
    ];
    for (edit, old, new) in cases {
        let after = apply(RICH, &edit).unwrap();
        assert_eq!(changed(RICH, &after), (vec![old], vec![new]));
    }
    let after = apply(RICH, &link(2220010, "64f0", None)).unwrap();
    assert_eq!(
        changed(RICH, &after),
        (vec!["id = \"64f0c0ffee0000000000c003\""], vec!["id = \"64f0\"", "name = \"Osprey\""])
    );
}

#[test]
fn a_new_row_comes_after_the_last_of_its_kind_and_its_comments() {
    let after = apply(RICH, &link(2220099, "64f0", Some("2026-04-01"))).unwrap();
    let row = "\n[[project]]\nsource = { account = \"main\", id = 2220099, name = \"Osprey shop\" }\n\
               target.mirror = { id = \"64f0\", name = \"Osprey\" }\nfrom = 2026-04-01\n";
    assert!(after.contains(&format!("# the last one\n{row}\n[[user]]")), "{after}");
    assert_eq!(after.replace(row, ""), RICH);
    let first = apply("# mine\n", &link(1, "a", None)).unwrap();
    assert!(first.starts_with("# mine\n\n[[project]]\n"), "{first}");
    assert!(apply("", &link(1, "a", None)).unwrap().starts_with("[[project]]\n"));
    assert!(apply("[fallback]\nx = { id = \"b\" }", &link(1, "a", None)).is_ok());
}

#[test]
fn a_second_target_joins_the_row() {
    let edit = MappingEdit::LinkProject {
        source: source(2220007),
        target: Account::from("spare"),
        to: Named { id: RemoteId::from("x1"), name: String::new() },
        from: None,
    };
    let after = apply(RICH, &edit).unwrap();
    let (gone, new) = changed(RICH, &after);
    assert_eq!((gone, new), (vec![], vec!["target.spare = { id = \"x1\" }"]));
}

#[test]
fn a_removed_row_goes_with_its_own_comments_only() {
    let after = apply(RICH, &unlink(2220007, None)).unwrap();
    assert!(!after.contains("Harbor site") && !after.contains("# from = 2026-03-01"), "{after}");
    assert!(after.contains("# --- Northwind ---\n# retainer\n[[project]]"), "{after}");
    let after = apply(RICH, &unlink(2220010, None)).unwrap();
    assert!(after.contains("from = 2026-03-01\n\n[[user]]"), "{after}");
    let after = apply(RICH, &unlink(2220008, Some("2026-03-01"))).unwrap();
    assert!(after.contains("target = { spare = { id = \"x9\" } }"), "{after}");
    let error = apply(RICH, &unlink(2220008, None)).unwrap_err().to_string();
    assert!(
        error.contains("there is no link of project 2220008 (Osprey shop) of `main` to `mirror`"),
        "{error}"
    );
}

#[test]
fn a_skip_comes_before_a_rule_that_would_decide_otherwise() {
    let skip = MappingEdit::SkipProject { source: source(7) };
    let after = apply(RICH, &skip).unwrap();
    let row = "[[rule]]\nwhen = { account = \"main\", project = 7 }  # Osprey shop\nthen = \"skip\"\n\n";
    let place = after.find(row).unwrap_or_else(|| panic!("{after}"));
    assert!(after[place + row.len()..].starts_with("# everything billable waits\n[[rule]]"), "{after}");
    assert_eq!(apply(&after, &skip).unwrap(), after);
    let back = MappingEdit::UnskipProject { source: source(7) };
    assert_eq!(apply(&after, &back).unwrap(), RICH);
    assert!(matches!(apply(RICH, &back), Err(EditError::Absent(_))));
}

#[test]
fn other_line_ends_and_inline_rows_stay_what_they_are() {
    let dos = RICH.replace('\n', "\r\n");
    let after = apply(&dos, &link(2220099, "64f0", None)).unwrap();
    assert!(!after.replace("\r\n", "").contains('\n'));
    assert!(apply(&dos, &unlink(2220007, None)).is_ok());
    let inline =
        "project = [{ source = { account = \"main\", id = 1 }, target = { mirror = { id = \"a\" } } }]\n";
    let after = apply(inline, &link(2, "b", Some("2026-03-01"))).unwrap();
    assert_eq!(MappingFile::parse(after.clone()).unwrap().parsed.projects.len(), 2, "{after}");
    let after = apply(&after, &unlink(1, None)).unwrap();
    assert_eq!(MappingFile::parse(after.clone()).unwrap().parsed.projects.len(), 1, "{after}");
    let skipped = apply(inline, &MappingEdit::SkipProject { source: source(1) }).unwrap();
    assert!(skipped.starts_with(inline));
}

#[test]
fn a_broken_file_is_not_edited() {
    let broken = format!("{RICH}[[projekt]]\n");
    let error = apply(&broken, &link(1, "a", None)).unwrap_err().to_string();
    assert!(error.contains("mapping.toml:40:3: unknown key `projekt`"), "{error}");
}

#[test]
fn hostile_names_stay_names() {
    let name = "x\"\n[[rule]]\nthen = \"skip\" # \u{1b}[2J";
    let source = SourceRef { name: name.to_owned(), ..source(5) };
    let target = Account::from("mirror");
    let to = Named { id: RemoteId::from("a"), name: name.to_owned() };
    let text =
        apply("", &MappingEdit::LinkProject { source: source.clone(), target, to, from: None }).unwrap();
    let text = apply(&text, &MappingEdit::SkipProject { source: source.clone() }).unwrap();
    let parsed = MappingFile::parse(text).unwrap().parsed;
    assert_eq!(parsed.projects[0].source.name, name);
    assert_eq!((parsed.rules.len(), &parsed.rules[0].then), (1, &Then::Skip));
}

#[test]
fn strangers_are_told_with_line() {
    let settings = "[toggl.main]\ntoken_env = \"A\"\n[clockify.mirror]\ntoken_env = \"B\"\n";
    let settings = Settings::parse(settings, &crate::config::settings::FileFacts::default()).unwrap();
    let told: Vec<_> = MappingFile::parse(RICH.replace("spare", "miror"))
        .unwrap()
        .strangers(&settings)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, ["mapping.toml:15:58: `miror` is no target account; did you mean `mirror`?"]);
}

/// What a mapping means: its rows without their order (rules keep theirs).
fn meaning(text: &str) -> (Vec<String>, Vec<String>) {
    let mapping = MappingFile::parse(text.to_owned()).unwrap().parsed;
    let mut links = Vec::new();
    for (kind, rows) in [("project", &mapping.projects), ("user", &mapping.users)] {
        for row in rows {
            for (account, to) in &row.target {
                links.push(format!("{kind} {} {:?} {account} {}", row.source.key(), row.from, to.id));
            }
        }
    }
    links.sort();
    (links, mapping.rules.iter().map(|rule| format!("{rule:?}")).collect())
}

fn an_edit() -> impl Strategy<Value = MappingEdit> {
    let id = 2220005..2220012_i64;
    let day = prop_oneof![Just(None), Just(Some("2026-03-01"))];
    prop_oneof![
        3 => (id.clone(), "[a-f0-9]{4}", day.clone()).prop_map(|(id, to, day)| link(id, &to, day)),
        2 => (id.clone(), day).prop_map(|(id, day)| unlink(id, day)),
        1 => id.clone().prop_map(|id| MappingEdit::SkipProject { source: source(id) }),
        1 => id.clone().prop_map(|id| MappingEdit::UnskipProject { source: source(id) }),
        1 => (id, "[a-f0-9]{4}").prop_map(|(id, to)| MappingEdit::LinkUser {
            source: source(id),
            target: Account::from("mirror"),
            to: Named { id: to.into(), name: String::new() },
        }),
        1 => (2220005..2220012_i64).prop_map(|id| MappingEdit::UnlinkUser {
            source: source(id),
            target: Account::from("mirror"),
        }),
    ]
}

/// The edit that takes another back, where there is one in the vocabulary.
fn inverse(before: &str, edit: &MappingEdit) -> Option<MappingEdit> {
    let mapping = MappingFile::parse(before.to_owned()).unwrap().parsed;
    match edit {
        MappingEdit::LinkProject { source, target, from, .. }
        | MappingEdit::UnlinkProject { source, target, from } => {
            let mut rows =
                mapping.projects.iter().filter(|row| row.source.key() == source.key() && row.from == *from);
            let old = rows.find_map(|row| row.target.get(target));
            let (source, target, from) = (source.clone(), target.clone(), *from);
            Some(match old {
                Some(to) => MappingEdit::LinkProject { source, target, to: to.clone(), from },
                None => MappingEdit::UnlinkProject { source, target, from },
            })
        }
        MappingEdit::SkipProject { source } => Some(MappingEdit::UnskipProject { source: source.clone() }),
        MappingEdit::LinkUser { source, target, .. } | MappingEdit::UnlinkUser { source, target } => {
            let mut rows = mapping.users.iter().filter(|row| row.source.key() == source.key());
            let old = rows.find_map(|row| row.target.get(target)).cloned();
            let (source, target) = (source.clone(), target.clone());
            Some(match old {
                Some(to) => MappingEdit::LinkUser { source, target, to },
                None => MappingEdit::UnlinkUser { source, target },
            })
        }
        MappingEdit::UnskipProject { .. } => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Any row of edits: each does what it says, keeps the others, can be taken back, and no comment of a row that
    /// stays is lost.
    #[test]
    fn edits_do_what_they_say(edits in vec(an_edit(), 1..12)) {
        let mut text = RICH.to_owned();
        for edit in edits {
            let after = match apply(&text, &edit) {
                Ok(after) => after,
                Err(EditError::Absent(_)) => continue,
                Err(broken) => panic!("{broken}\n{text}"),
            };
            let (before_links, before_rules) = meaning(&text);
            let (links, rules) = meaning(&after);
            let mut kept = before_links.clone();
            match &edit {
                MappingEdit::LinkProject { source, target, to, from } => {
                    let line = format!("project {} {from:?} {target} ", source.key());
                    kept.retain(|link| !link.starts_with(&line));
                    kept.push(format!("{line}{}", to.id));
                }
                MappingEdit::UnlinkProject { source, target, from } => {
                    let line = format!("project {} {from:?} {target} ", source.key());
                    kept.retain(|link| !link.starts_with(&line));
                    prop_assert!(kept.len() < before_links.len());
                }
                MappingEdit::LinkUser { source, target, to } => {
                    let line = format!("user {} None {target} ", source.key());
                    kept.retain(|link| !link.starts_with(&line));
                    kept.push(format!("{line}{}", to.id));
                }
                MappingEdit::UnlinkUser { source, target } => {
                    let line = format!("user {} None {target} ", source.key());
                    kept.retain(|link| !link.starts_with(&line));
                    prop_assert!(kept.len() < before_links.len());
                }
                MappingEdit::SkipProject { .. } | MappingEdit::UnskipProject { .. } => {}
            }
            kept.sort();
            prop_assert_eq!(&links, &kept, "{}", &after);
            match &edit {
                MappingEdit::SkipProject { .. } => prop_assert!(rules.len() <= before_rules.len() + 1),
                MappingEdit::UnskipProject { .. } => prop_assert!(rules.len() < before_rules.len()),
                _ => prop_assert_eq!(&rules, &before_rules),
            }
            let removes = matches!(
                edit,
                MappingEdit::UnlinkProject { .. }
                    | MappingEdit::UnlinkUser { .. }
                    | MappingEdit::UnskipProject { .. }
            );
            if !removes {
                for comment in text.lines().filter_map(|line| line.split_once('#').map(|(_, words)| words)) {
                    prop_assert!(after.contains(comment), "{} is gone from {}", comment, &after);
                }
            }
            if after != text && let Some(back) = inverse(&text, &edit) {
                let restored = apply(&after, &back).unwrap();
                prop_assert_eq!(meaning(&restored), (before_links, before_rules), "{}", &restored);
            }
            text = after;
        }
    }
}
