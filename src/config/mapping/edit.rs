//! Changes `mapping.toml` as a careful person would: one row changes, every other byte stays.
//!
//! Values inside a row are changed through `toml_edit`; whole rows come and go as lines.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::lines::{cut_row, insert_row};
use super::read;
use crate::config::error::Mistakes;
use crate::domain::id::{Account, RemoteId};
use crate::domain::mapping::{Mapping, MappingEdit, Named, Rule, SourceRef, Then, When};
use crate::domain::text::clean;

/// Why an edit was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file can't be read as it is, or could not be after the edit.
    #[error("mapping.toml is not changed, because it has mistakes:\n{0}")]
    Broken(Mistakes),
    /// What should be removed is not there.
    #[error("mapping.toml is not changed: there is no {0}")]
    Absent(String),
}

/// The text after an edit. An edit that changes nothing gives the same text back.
pub fn apply(text: &str, edit: &MappingEdit) -> Result<String, EditError> {
    // The library writes plain newlines only; a file with the other kind gets them back.
    if text.contains("\r\n") {
        return Ok(apply(&text.replace("\r\n", "\n"), edit)?.replace('\n', "\r\n"));
    }
    let before = read::mapping(text).map_err(EditError::Broken)?;
    let after = match edit {
        MappingEdit::LinkProject { source, target, to, from } => {
            link(text, "project", source, target, to, from.map(|day| day.to_string()))?
        }
        MappingEdit::LinkUser { source, target, to } => link(text, "user", source, target, to, None)?,
        MappingEdit::UnlinkProject { source, target, from } => {
            unlink(text, "project", source, target, from.map(|day| day.to_string()))?
        }
        MappingEdit::UnlinkUser { source, target } => unlink(text, "user", source, target, None)?,
        MappingEdit::SkipProject { source } => skip(text, &before, source)?,
        MappingEdit::UnskipProject { source } => unskip(text, &before, source)?,
    };
    // What is written must read back, or nothing is written.
    read::mapping(&after).map_err(EditError::Broken)?;
    Ok(after)
}

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse::<DocumentMut>().map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let what = format!("not TOML: {}", error.message().trim());
        EditError::Broken(crate::config::ConfigError::at("mapping.toml", text, offset, what, "").into())
    })
}

fn link(
    text: &str,
    kind: &str,
    source: &SourceRef,
    target: &Account,
    to: &Named,
    from: Option<String>,
) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let rows = rows(document.get_mut(kind));
    let mut matching: Vec<_> =
        rows.into_iter().filter(|row| is_row(&**row, source, from.as_deref())).collect();
    let place = matching.iter().position(|row| target_of(&**row, target).is_some()).unwrap_or(0);
    if place < matching.len() {
        let row = matching.swap_remove(place);
        set_target(row, target, to);
        return Ok(document.to_string());
    }
    drop(matching);
    if let Some(Item::Value(Value::Array(list))) = document.get_mut(kind) {
        push_inline(list, source, target, to, from);
        return Ok(document.to_string());
    }
    let mut lines = format!("[[{kind}]]\nsource = {}\n", source_value(source));
    lines.push_str(&format!("target.{} = {}\n", key(target.as_str()), named_value(to)));
    if let Some(day) = from {
        lines.push_str(&format!("from = {day}\n"));
    }
    Ok(insert_row(text, kind, None, &lines))
}

fn unlink(
    text: &str,
    kind: &str,
    source: &SourceRef,
    target: &Account,
    from: Option<String>,
) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let mut found = None;
    for (index, row) in rows(document.get_mut(kind)).into_iter().enumerate() {
        if !is_row(&*row, source, from.as_deref()) || target_of(&*row, target).is_none() {
            continue;
        }
        let left = row.get_mut("target").and_then(Item::as_table_like_mut).map(|targets| {
            targets.remove(target.as_str());
            targets.len()
        });
        found = Some((index, left));
        break;
    }
    match found {
        None => Err(EditError::Absent(format!(
            "link of {kind} {} ({}) of `{}` to `{target}`",
            source.id,
            clean(&source.name),
            source.account
        ))),
        Some((index, Some(0))) => remove_row(text, kind, index),
        Some(_) => Ok(document.to_string()),
    }
}

fn skip(text: &str, before: &Mapping, source: &SourceRef) -> Result<String, EditError> {
    // The first rule that might decide otherwise comes after the new one, or the project would not be skipped.
    let rival = before.rules.iter().position(|rule| rule.then != Then::Skip && may_match(&rule.when, source));
    let there = before.rules.iter().position(|rule| is_skip(rule, source));
    if there.is_some_and(|there| rival.is_none_or(|rival| there < rival)) {
        return Ok(text.to_owned());
    }
    let mut when = InlineTable::new();
    when.insert("account", source.account.as_str().into());
    when.insert("project", id_value(&source.id));
    let mut document = parse(text)?;
    if let Some(Item::Value(Value::Array(list))) = document.get_mut("rule") {
        let mut row = InlineTable::new();
        row.insert("when", when.into());
        row.insert("then", "skip".into());
        list.insert(rival.unwrap_or(list.len()), row);
        return Ok(document.to_string());
    }
    let name = clean(&source.name);
    let comment = if name.is_empty() { String::new() } else { format!("  # {name}") };
    let lines = format!("[[rule]]\nwhen = {}{comment}\nthen = \"skip\"\n", when.to_string().trim());
    Ok(insert_row(text, "rule", rival, &lines))
}

fn unskip(text: &str, before: &Mapping, source: &SourceRef) -> Result<String, EditError> {
    let mut text = text.to_owned();
    let skips: Vec<usize> =
        before.rules.iter().enumerate().filter(|(_, rule)| is_skip(rule, source)).map(|(n, _)| n).collect();
    if skips.is_empty() {
        let name = clean(&source.name);
        return Err(EditError::Absent(format!("rule that skips just project {} ({name})", source.id)));
    }
    for index in skips.into_iter().rev() {
        text = remove_row(&text, "rule", index)?;
    }
    Ok(text)
}

fn is_skip(rule: &Rule, source: &SourceRef) -> bool {
    let just =
        When { account: Some(source.account.clone()), project: Some(source.id.clone()), ..When::default() };
    rule.then == Then::Skip && rule.when == just
}

fn may_match(when: &When, source: &SourceRef) -> bool {
    when.account.as_ref().is_none_or(|account| *account == source.account)
        && when.project.as_ref().is_none_or(|project| *project == source.id)
}

/// The rows of one kind, however they are written.
fn rows(item: Option<&mut Item>) -> Vec<&mut dyn TableLike> {
    match item {
        Some(Item::ArrayOfTables(tables)) => {
            tables.iter_mut().map(|table| table as &mut dyn TableLike).collect()
        }
        Some(Item::Value(Value::Array(list))) => list
            .iter_mut()
            .filter_map(|value| value.as_inline_table_mut().map(|table| table as &mut dyn TableLike))
            .collect(),
        _ => Vec::new(),
    }
}

fn is_row(row: &dyn TableLike, source: &SourceRef, from: Option<&str>) -> bool {
    let Some(found) = row.get("source").and_then(Item::as_table_like) else { return false };
    let account = found.get("account").and_then(Item::as_str) == Some(source.account.as_str());
    let id = found.get("id").and_then(id_text).as_deref() == Some(source.id.as_str());
    let day = row.get("from").and_then(|item| match item {
        Item::Value(Value::Datetime(day)) => Some(day.value().to_string()),
        _ => item.as_str().map(str::to_owned),
    });
    account && id && day.as_deref() == from
}

fn target_of<'r>(row: &'r dyn TableLike, target: &Account) -> Option<&'r Item> {
    row.get("target").and_then(Item::as_table_like).and_then(|targets| targets.get(target.as_str()))
}

fn set_target(row: &mut dyn TableLike, target: &Account, to: &Named) {
    if !row.contains_key("target") {
        let mut targets = Table::new();
        targets.set_dotted(true);
        row.insert("target", Item::Table(targets));
    }
    let Some(targets) = row.get_mut("target").and_then(Item::as_table_like_mut) else { return };
    if let Some(old) = targets.get_mut(target.as_str()).and_then(Item::as_table_like_mut) {
        set(old, "id", to.id.as_str().into());
        if to.name.is_empty() {
            old.remove("name");
        } else {
            set(old, "name", to.name.as_str().into());
        }
    } else {
        targets.insert(target.as_str(), Item::Value(named_value(to).into()));
    }
}

/// Sets a value; spaces and comments around an old one stay.
fn set(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            // The space before a closing brace belongs to the last value: hand it on.
            if let Some(last) = table.iter_mut().last().and_then(|(_, item)| item.as_value_mut()) {
                let space =
                    last.decor().suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default().to_owned();
                if !space.is_empty() && space.trim().is_empty() {
                    last.decor_mut().set_suffix("");
                    value.decor_mut().set_suffix(space);
                    value.decor_mut().set_prefix(" ");
                }
            }
            table.insert(key, Item::Value(value));
        }
    }
}

fn push_inline(list: &mut Array, source: &SourceRef, target: &Account, to: &Named, from: Option<String>) {
    let mut targets = InlineTable::new();
    targets.insert(target.as_str(), named_value(to).into());
    let mut row = InlineTable::new();
    row.insert("source", source_value(source).into());
    row.insert("target", targets.into());
    if let Some(day) = from {
        row.insert("from", day.into());
    }
    list.push(row);
}

fn source_value(source: &SourceRef) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("account", source.account.as_str().into());
    table.insert("id", id_value(&source.id));
    if !source.name.is_empty() {
        table.insert("name", source.name.as_str().into());
    }
    table
}

fn named_value(to: &Named) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("id", to.id.as_str().into());
    if !to.name.is_empty() {
        table.insert("name", to.name.as_str().into());
    }
    table
}

/// A source's id: Toggl's are numbers and are written as such.
fn id_value(id: &RemoteId) -> Value {
    match id.as_str().parse::<i64>() {
        Ok(number) if number >= 0 && number.to_string() == id.as_str() => number.into(),
        _ => id.as_str().into(),
    }
}

fn id_text(item: &Item) -> Option<String> {
    item.as_integer().map(|number| number.to_string()).or_else(|| item.as_str().map(str::to_owned))
}

/// A bare key where TOML allows it, else a quoted one.
fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { Value::from(name).to_string() }
}

/// Takes a row out, however it is written.
fn remove_row(text: &str, kind: &str, index: usize) -> Result<String, EditError> {
    let mut document = parse(text)?;
    if let Some(Item::Value(Value::Array(list))) = document.get_mut(kind) {
        list.remove(index);
        return Ok(document.to_string());
    }
    Ok(cut_row(text, kind, index))
}
