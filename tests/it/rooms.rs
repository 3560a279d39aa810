//! Who may use whom: every `crate::` path in `src/` against the table in `src/lib.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Table = BTreeMap<String, BTreeSet<String>>;

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The rows of the table in the crate's documentation: a room and the rooms it may use.
fn table(lib: &str) -> Table {
    let mut table = Table::new();
    for line in lib.lines().filter_map(|line| line.strip_prefix("//! | [`")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let room = cells[0].trim_end_matches("`]").to_owned();
        let may = match cells[2] {
            "nothing" => BTreeSet::new(),
            list => list.split(", ").map(str::to_owned).collect(),
        };
        table.insert(room, may);
    }
    let rooms: BTreeSet<String> = table.keys().cloned().collect();
    for may in table.values_mut() {
        if may.remove("all") {
            may.extend(rooms.iter().cloned());
        }
    }
    table
}

/// The source without comments and without the insides of string and character literals.
fn bare(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let next = chars.get(i + 1).copied();
        match chars[i] {
            '/' if next == Some('/') => {
                while i < chars.len() && chars[i] != '\n' {
                    i += 1;
                }
            }
            '/' if next == Some('*') => {
                let mut depth = 0;
                while i < chars.len() {
                    match (chars[i], chars.get(i + 1)) {
                        ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
                        ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            'r' if raw_hashes(&chars, i).is_some() => {
                let hashes = raw_hashes(&chars, i).expect("looked at above");
                i += 2 + hashes;
                while i < chars.len()
                    && !(chars[i] == '"' && chars[i + 1..].iter().take(hashes).all(|c| *c == '#'))
                {
                    i += 1;
                }
                i += 1 + hashes;
            }
            '"' => {
                i += 1;
                while i < chars.len() && chars[i] != '"' {
                    i += if chars[i] == '\\' { 2 } else { 1 };
                }
                i += 1;
            }
            // A character literal; anything else after a quote is a lifetime.
            '\'' if next == Some('\\') => {
                i += 3;
                while i < chars.len() && chars[i] != '\'' {
                    i += 1;
                }
                i += 1;
            }
            '\'' if chars.get(i + 2) == Some(&'\'') => i += 3,
            c => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

/// The number of hashes when a raw string starts at `i`.
fn raw_hashes(chars: &[char], i: usize) -> Option<usize> {
    if i > 0 && (chars[i - 1].is_alphanumeric() || chars[i - 1] == '_') && chars[i - 1] != 'b' {
        return None;
    }
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(i + 1 + hashes) == Some(&'"')).then_some(hashes)
}

/// The first segments after each `<root>::` in the source; a group gives each of its members.
fn heads(code: &str, root: &str) -> Vec<String> {
    let mut heads = Vec::new();
    for (at, _) in code.match_indices(&format!("{root}::")) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') || code[..at].ends_with("::") {
            continue;
        }
        let rest = code[at + root.len() + 2..].trim_start();
        match rest.strip_prefix('{') {
            Some(group) => heads.extend(members(group)),
            None => heads.push(word(rest)),
        }
    }
    heads
}

fn members(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(word(group[start..i].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(word(group[start..i].trim()));
                start = i + 1;
            }
            _ => {}
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '*').collect()
}

/// Rooms reached by climbing: as many `super::` as lead out of the room, then a room's name.
fn climbed(code: &str, depth: usize, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("super::") {
        if code[..at].ends_with("super::") {
            continue;
        }
        let mut rest = &code[at..];
        let mut climbs = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, climbs) = (after, climbs + 1);
        }
        let head = word(rest);
        if climbs >= depth && table.contains_key(&head) {
            found.push(head);
        }
    }
    found
}

/// What a file of `room` at module depth `depth` uses and may not.
fn wrong(room: &str, depth: usize, source: &str, table: &Table) -> Vec<String> {
    let code = bare(source);
    let may = &table[room];
    let mut wrong = heads(&code, "crate");
    wrong.extend(climbed(&code, depth, table));
    wrong.retain(|head| head != room && !may.contains(head));
    wrong.extend(heads(&code, "hourwire").into_iter().map(|head| format!("hourwire::{head}")));
    wrong
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of src").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            found.push(entry);
        }
    }
}

#[test]
fn every_path_keeps_to_the_table() {
    let lib = fs::read_to_string(src().join("lib.rs")).expect("src/lib.rs");
    let table = table(&lib);
    let mut found = Vec::new();
    files(&src(), &mut found);
    assert!(found.len() > table.len(), "looked at too few files: {found:?}");
    let mut complaints = Vec::new();
    for file in found {
        let inside = file.strip_prefix(src()).expect("below src").to_owned();
        let source = fs::read_to_string(&file).expect("a source file");
        let parts: Vec<&str> = inside.iter().filter_map(|part| part.to_str()).collect();
        match parts[..] {
            ["main.rs"] => {
                let uses = heads(&bare(&source), "hourwire");
                complaints.extend(
                    uses.iter().filter(|head| *head != "cli").map(|head| format!("main.rs uses {head}")),
                );
            }
            ["lib.rs"] => {}
            [room, .., last] => {
                assert!(table.contains_key(room), "{room} is not in the table of src/lib.rs");
                let depth = parts.len() - usize::from(last == "mod.rs");
                complaints.extend(
                    wrong(room, depth, &source, &table).iter().map(|head| format!("{inside:?} uses {head}")),
                );
            }
            _ => complaints.push(format!("{inside:?} is in no room")),
        }
    }
    assert!(complaints.is_empty(), "against the table in src/lib.rs:\n{}", complaints.join("\n"));
}

#[test]
fn the_table_names_exactly_the_rooms_there_are() {
    let lib = fs::read_to_string(src().join("lib.rs")).expect("src/lib.rs");
    let table = table(&lib);
    let declared: BTreeSet<String> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), declared);
    for (room, may) in &table {
        for other in may {
            assert!(table.contains_key(other), "{room} may use {other}, which is no room");
        }
    }
}

#[test]
fn a_forbidden_path_is_found_in_every_spelling() {
    let lib =
        "//! | [`domain`] | pure | nothing |\n//! | [`tui`] | screen | domain |\n//! | [`cli`] | x | all |\n";
    let table = table(lib);
    let bad = [
        "use crate::tui::model;",
        "use crate::{cli::exit, tui};",
        "fn f() { crate::cli::run() }",
        "let x = $crate::tui::X;",
        "use super::super::tui;",
        "use hourwire::cli;",
        "let c = '\"'; use crate::tui;",
        "let s = r#\"\"# ; use crate::tui;",
    ];
    for source in bad {
        assert!(!wrong("domain", 2, source, &table).is_empty(), "{source}");
    }
    let good = [
        "use crate::domain::id;",
        "// use crate::tui",
        "/* crate::tui /* nested */ crate::cli */ use crate::domain;",
        "let s = \"crate::tui \\\" crate::cli\"; let r = r#\"crate::tui\"#;",
        "use super::tui;",
        "use other_crate::tui;",
    ];
    for source in good {
        assert_eq!(wrong("domain", 2, source, &table), Vec::<String>::new(), "{source}");
    }
    assert!(wrong("tui", 2, "use crate::{domain::{id, word}, tui};", &table).is_empty());
    assert!(wrong("cli", 1, "use crate::tui; use super::domain;", &table).is_empty());
}
