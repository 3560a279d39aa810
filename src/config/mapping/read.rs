//! From text to [`Mapping`].

use std::collections::BTreeMap;

use crate::config::document::{Document, Found, Section};
use crate::config::error::Mistakes;
use crate::config::paths::MAPPING;
use crate::domain::id::Account;
use crate::domain::mapping::{LinkRow, Mapping, Named, Rule, SourceRef, Then, When};

/// Which side of the mapping an account's name stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Target,
}

/// An account's name with its byte offset and side.
type Name = (usize, String, Side);

/// Reads the whole file.
pub(super) fn mapping(text: &str) -> Result<Mapping, Mistakes> {
    Document::read(MAPPING, text, |root| file(root, &mut Vec::new()))
}

/// Every account's name in a file that reads well.
pub(super) fn names(text: &str) -> Vec<Name> {
    let mut names = Vec::new();
    // A file with mistakes has been told about them already.
    let _ = Document::read(MAPPING, text, |root| file(root, &mut names));
    names.sort_by_key(|(offset, ..)| *offset);
    names
}

fn file(root: &Section<'_, '_>, names: &mut Vec<Name>) -> Mapping {
    Mapping {
        fallback: root.section("fallback").map(|table| targets(&table, names)).unwrap_or_default(),
        projects: links(root, "project", names),
        clients: links(root, "client", names),
        users: links(root, "user", names),
        tags: links(root, "tag", names),
        rules: root.sections("rule").iter().filter_map(|row| rule(row, names)).collect(),
    }
}

fn links(root: &Section<'_, '_>, kind: &str, names: &mut Vec<Name>) -> Vec<LinkRow> {
    let mut rows: Vec<LinkRow> = Vec::new();
    for table in root.sections(kind) {
        let source = table.section("source");
        let target = table.section("target").map(|target| targets(&target, names));
        let from = table.date("from");
        table.end();
        if source.is_none() && !table.has("source") {
            missing(&table, kind, "source", "source = { account = \"…\", id = …, name = \"…\" }");
        }
        if target.is_none() && !table.has("target") {
            missing(&table, kind, "target", "target.NAME = { id = \"…\", name = \"…\" }");
        }
        let Some(source) = source.and_then(|source| source_ref(&source, names)) else { continue };
        let row = LinkRow { source, target: target.unwrap_or_default(), from };
        if let Some(twice) = twin(&rows, &row) {
            let day = from.map(|day| format!(" from {day}")).unwrap_or_default();
            table.document.note(
                table.span.clone(),
                format!(
                    "{kind} {} of `{}` is linked to `{twice}`{day} a second time",
                    row.source.id, row.source.account
                ),
                "keep one of the rows, or give one of them another `from`",
            );
        }
        rows.push(row);
    }
    rows
}

/// The target account that an earlier row of the same source and day leads to as well.
fn twin<'r>(rows: &[LinkRow], row: &'r LinkRow) -> Option<&'r Account> {
    rows.iter()
        .filter(|old| old.source.key() == row.source.key() && old.from == row.from)
        .find_map(|old| row.target.keys().find(|account| old.target.contains_key(account)))
}

fn source_ref(table: &Section<'_, '_>, names: &mut Vec<Name>) -> Option<SourceRef> {
    let account = account(table, names);
    let id = table.id("id").map(Found::into_inner);
    let name = table.string("name", "text").map(Found::into_inner).unwrap_or_default();
    table.end();
    if !table.has("account") {
        missing_in(table, "account");
    }
    if !table.has("id") {
        missing_in(table, "id");
    }
    Some(SourceRef { account: account?, id: id?, name })
}

fn account(table: &Section<'_, '_>, names: &mut Vec<Name>) -> Option<Account> {
    let found = table.string("account", "the name of an account")?;
    names.push((found.span().start, found.get_ref().clone(), Side::Source));
    Some(Account(found.into_inner()))
}

/// A table of target accounts, each with an id and a name.
fn targets(table: &Section<'_, '_>, names: &mut Vec<Name>) -> BTreeMap<Account, Named> {
    let mut targets = BTreeMap::new();
    for (account, entry) in table.named_sections() {
        names.push((account.span().start, account.get_ref().clone(), Side::Target));
        let id = entry.id("id").map(Found::into_inner);
        let name = entry.string("name", "text").map(Found::into_inner).unwrap_or_default();
        entry.end();
        if !entry.has("id") {
            missing_in(&entry, "id");
        }
        if let Some(id) = id {
            targets.insert(Account(account.into_inner()), Named { id, name });
        }
    }
    targets
}

fn rule(table: &Section<'_, '_>, names: &mut Vec<Name>) -> Option<Rule> {
    let when = table.section("when").map(|when| {
        let read = When {
            account: account(&when, names),
            project: when.id("project").map(Found::into_inner),
            client: when.id("client").map(Found::into_inner),
            tag: when.string("tag", "the name of a tag").map(Found::into_inner),
            user: when.id("user").map(Found::into_inner),
            billable: when.boolean("billable"),
            description: when.string("description", "a part of the description").map(Found::into_inner),
        };
        when.end();
        read
    });
    let then = then(table, names);
    table.end();
    if !table.has("when") {
        missing(table, "rule", "when", "when = { account = \"…\" }; `when = {}` matches everything");
    }
    if !table.has("then") {
        missing(
            table,
            "rule",
            "then",
            "then = \"skip\", \"hold\", \"fallback\" or { target.NAME = { id = \"…\" } }",
        );
    }
    Some(Rule { when: when?, then: then? })
}

fn then(table: &Section<'_, '_>, names: &mut Vec<Name>) -> Option<Then> {
    if !table.is_table("then") {
        return table.word("then", &[("skip", 0), ("hold", 1), ("fallback", 2)]).map(|word| match word {
            0 => Then::Skip,
            1 => Then::Hold,
            _ => Then::Fallback,
        });
    }
    let then = table.section("then")?;
    let target = then.section("target").map(|target| targets(&target, names));
    then.end();
    if !then.has("target") {
        missing_in(&then, "target");
    }
    target.map(Then::Target)
}

fn missing(table: &Section<'_, '_>, kind: &str, key: &str, form: &str) {
    table.document.note(table.span.clone(), format!("[[{kind}]] has no `{key}`"), format!("add {form}"));
}

fn missing_in(table: &Section<'_, '_>, key: &str) {
    table.document.note(table.span.clone(), format!("`{key}` is missing in {}", table.called()), "add it");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::RemoteId;

    fn mistakes(text: &str) -> Vec<String> {
        mapping(text).err().into_iter().flat_map(|m| m.0).map(|e| e.to_string()).collect()
    }

    #[test]
    fn ids_may_be_numbers_or_text() {
        let read = mapping(
            "[[project]]\nsource = { account = \"main\", id = \"2220007\" }\ntarget.mirror = { id = 7 }\n\
             [[rule]]\nwhen = { project = 12 }\nthen = { target.mirror = { id = \"64f0\" } }\n",
        )
        .unwrap();
        assert_eq!(read.projects[0].source.id, RemoteId::from("2220007"));
        assert_eq!(read.projects[0].target[&Account::from("mirror")].id, RemoteId::from(7));
        assert_eq!(read.rules[0].when.project, Some(RemoteId::from(12)));
        assert!(matches!(&read.rules[0].then, Then::Target(t) if t.len() == 1));
    }

    #[test]
    fn target_tables_may_be_written_in_any_form() {
        let forms = [
            "[[project]]\nsource = { account = \"m\", id = 1 }\ntarget.x = { id = \"a\" }\n",
            "[[project]]\nsource = { account = \"m\", id = 1 }\ntarget = { x = { id = \"a\" } }\n",
            "[[project]]\n[project.source]\naccount = \"m\"\nid = 1\n[project.target.x]\nid = \"a\"\n",
            "project = [{ source = { account = \"m\", id = 1 }, target = { x = { id = \"a\" } } }]\n",
        ];
        let read: Vec<_> = forms.iter().map(|text| mapping(text).unwrap()).collect();
        assert!(read.iter().all(|m| *m == read[0] && m.projects.len() == 1));
    }

    #[test]
    fn mistakes_have_lines() {
        assert_eq!(
            mistakes(
                "[[project]]\nsource = { account = \"main\" }\ntarget.mirror = { id = 1.5 }\n\n[[rule]]\nthen = \"skipp\"\n\n[[projekt]]\n"
            ),
            [
                "mapping.toml:2:10: `id` is missing in [project.source]; add it",
                "mapping.toml:3:24: `id` in [project.target.mirror] is a decimal number; it must be an id: a whole number or text",
                "mapping.toml:5:1: [[rule]] has no `when`; add when = { account = \"…\" }; `when = {}` matches everything",
                "mapping.toml:6:8: `then = \"skipp\"` in [rule] is not known; write one of \"skip\", \"hold\", \"fallback\"",
                "mapping.toml:8:3: unknown key `projekt` in the file; did you mean `project`?",
            ]
        );
    }

    #[test]
    fn a_second_link_of_one_day_is_refused_and_another_day_is_not() {
        let row = |from: &str| {
            format!(
                "[[project]]\nsource = {{ account = \"m\", id = 1 }}\ntarget.x = {{ id = \"a\" }}\n{from}\n"
            )
        };
        assert_eq!(
            mistakes(&(row("") + &row(""))),
            [
                "mapping.toml:5:1: project 1 of `m` is linked to `x` a second time; keep one of the rows, or give one of them another `from`"
            ]
        );
        assert!(mapping(&(row("") + &row("from = 2026-03-01"))).is_ok());
    }
}
