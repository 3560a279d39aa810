//! Reads a TOML file a person wrote: every value with its place, every unknown key with the nearest known one, all
//! mistakes in one go. Never shows a value it was not asked to show, because it may be a token.

use std::cell::RefCell;
use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Mistakes};
use crate::domain::id::RemoteId;

/// A value and the bytes it stands in.
pub(super) type Found<T> = Spanned<T>;

/// The file under reading.
pub(super) struct Document<'t> {
    label: &'t str,
    text: &'t str,
    errors: RefCell<Vec<ConfigError>>,
}

impl<'t> Document<'t> {
    /// Parses `text` and lets `build` take it apart. Every mistake noted on the way makes the result an error.
    pub fn read<T>(
        label: &'t str,
        text: &'t str,
        build: impl FnOnce(&Section<'_, '_>) -> T,
    ) -> Result<T, Mistakes> {
        let document = Self { label, text, errors: RefCell::default() };
        let (root, syntax) = DeTable::parse_recoverable(text);
        if !syntax.is_empty() {
            for error in syntax {
                // Only the message: the library's display quotes the line, which may hold a token.
                let offset = error.span().map_or(0, |span| span.start);
                document.note(offset..offset, format!("not TOML: {}", error.message().trim()), "");
            }
            return Err(document.into_mistakes());
        }
        let section = Section::new(&document, root.get_ref(), root.span(), String::new());
        let value = build(&section);
        section.end();
        if document.errors.borrow().is_empty() { Ok(value) } else { Err(document.into_mistakes()) }
    }

    /// Notes a mistake at a span.
    pub fn note(&self, span: Range<usize>, what: impl Into<String>, cure: impl Into<String>) {
        let error = ConfigError::at(self.label, self.text, span.start, what, cure);
        self.errors.borrow_mut().push(error);
    }

    /// The place of a span as an error without words, for mistakes that come to light later.
    pub fn place(&self, span: Range<usize>) -> ConfigError {
        ConfigError::at(self.label, self.text, span.start, "", "")
    }

    fn into_mistakes(self) -> Mistakes {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|e| (e.line, e.column));
        errors.dedup();
        Mistakes(errors)
    }
}

/// A table under reading. What is not taken when it ends is an unknown key.
pub(super) struct Section<'a, 'i> {
    /// The file, for noting mistakes.
    pub document: &'a Document<'a>,
    /// Where the table starts.
    pub span: Range<usize>,
    table: &'a DeTable<'i>,
    name: String,
    known: RefCell<Vec<String>>,
}

impl<'a, 'i> Section<'a, 'i> {
    fn new(document: &'a Document<'a>, table: &'a DeTable<'i>, span: Range<usize>, name: String) -> Self {
        Self { document, span, table, name, known: RefCell::default() }
    }

    /// `[toggl.main]`, or `the file` for the top level.
    pub fn called(&self) -> String {
        if self.name.is_empty() { "the file".to_owned() } else { format!("[{}]", self.name) }
    }

    fn take(&self, key: &str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.ignore(key);
        self.table.get(key)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let what = format!("`{key}` in {} is {}", self.called(), kind(value.get_ref()));
        self.document.note(value.span(), what, format!("it must be {wanted}"));
    }

    /// The span of a key's value, when it is there; does not count as taking it.
    pub fn span_of(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// A string.
    pub fn string(&self, key: &str, wanted: &str) -> Option<Found<String>> {
        let value = self.take(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Spanned::new(value.span(), text.clone().into_owned())),
            _ => {
                self.wrong(key, value, wanted);
                None
            }
        }
    }

    /// A whole number inside a range.
    pub fn number(&self, key: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let value = self.take(key)?;
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(number) = value.get_ref().as_integer() else {
            self.wrong(key, value, &wanted);
            return None;
        };
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let what = format!("`{key} = {number}` in {} is out of range", self.called());
                self.document.note(value.span(), what, format!("it must be {wanted}"));
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(key, value, "true or false");
        }
        flag
    }

    /// A day, as a TOML date or as text.
    pub fn date(&self, key: &str) -> Option<NaiveDate> {
        let value = self.take(key)?;
        let text = match value.get_ref() {
            DeValue::Datetime(date) if date.time.is_none() => date.to_string(),
            DeValue::String(text) => text.clone().into_owned(),
            _ => {
                self.wrong(key, value, "a day such as 2026-03-01");
                return None;
            }
        };
        let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
        if date.is_none() {
            let what = format!("`{key}` in {} is no day of the calendar", self.called());
            self.document.note(value.span(), what, "write a day such as 2026-03-01");
        }
        date
    }

    /// An id, as a number or as text.
    pub fn id(&self, key: &str) -> Option<Found<RemoteId>> {
        let value = self.take(key)?;
        let id = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 && !number.as_str().starts_with('-') => {
                number.as_str().trim_start_matches('+').to_owned()
            }
            DeValue::String(text) if is_id(text) => text.clone().into_owned(),
            DeValue::String(_) => {
                let what = format!("`{key}` in {} is no id", self.called());
                self.document.note(value.span(), what, "an id has letters, digits, `-` and `_` only");
                return None;
            }
            _ => {
                self.wrong(key, value, "an id: a whole number or text");
                return None;
            }
        };
        Some(Spanned::new(value.span(), RemoteId(id)))
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let list = words.iter().map(|(w, _)| format!("\"{w}\"")).collect::<Vec<_>>().join(", ");
        let found = self.string(key, &format!("one of {list}"))?;
        let value = words.iter().find(|(word, _)| *word == found.get_ref()).map(|(_, value)| *value);
        if value.is_none() {
            let what = format!("`{key} = \"{}\"` in {} is not known", found.get_ref(), self.called());
            self.document.note(found.span(), what, format!("write one of {list}"));
        }
        value
    }

    /// A list of texts.
    pub fn strings(&self, key: &str, wanted: &str) -> Vec<Found<String>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, value, wanted);
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in array {
            match item.get_ref().as_str() {
                Some(text) => found.push(Spanned::new(item.span(), text.to_owned())),
                None => self.wrong(key, item, wanted),
            }
        }
        found
    }

    /// A table below this one.
    pub fn section(&self, key: &str) -> Option<Section<'a, 'i>> {
        let value = self.take(key)?;
        self.enter(key, value)
    }

    /// An array of tables (`[[key]]`), in file order.
    pub fn sections(&self, key: &str) -> Vec<Section<'a, 'i>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, value, &format!("a list of tables, each headed [[{key}]]"));
            return Vec::new();
        };
        array.iter().filter_map(|item| self.enter(key, item)).collect()
    }

    /// Every key of this table with its value as a table, for tables whose keys are names of a person's choice.
    pub fn named_sections(&self) -> Vec<(Found<String>, Section<'a, 'i>)> {
        self.keys()
            .into_iter()
            .filter_map(|key| self.section(key.get_ref()).map(|section| (key, section)))
            .collect()
    }

    /// All keys of this table, in file order.
    pub fn keys(&self) -> Vec<Found<String>> {
        let mut keys: Vec<_> =
            self.table.keys().map(|key| Spanned::new(key.span(), key.get_ref().to_string())).collect();
        keys.sort_by_key(|key| key.span().start);
        keys
    }

    /// Counts a key as known without reading it: its mistake is noted elsewhere.
    pub fn ignore(&self, key: &str) {
        let mut known = self.known.borrow_mut();
        if !known.iter().any(|name| name == key) {
            known.push(key.to_owned());
        }
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether a key's value is a table.
    pub fn is_table(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(|value| value.get_ref().is_table())
    }

    fn enter(&self, key: &str, value: &'a Spanned<DeValue<'i>>) -> Option<Section<'a, 'i>> {
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.document, table, value.span(), name)),
            _ => {
                self.wrong(key, value, &format!("a table, headed [{name}] or written {{ … }}"));
                None
            }
        }
    }

    /// Notes every key that was not taken.
    pub fn end(&self) {
        let known = self.known.borrow();
        for key in self.keys() {
            let word = key.get_ref();
            if known.iter().any(|k| k == word) {
                continue;
            }
            let cure = match nearest(word, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.document.note(key.span(), format!("unknown key `{word}` in {}", self.called()), cure);
        }
    }
}

/// The name closest to `word`, when it is close enough to be meant.
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_lowercase();
    let limit = 1 + word.chars().count() / 4;
    names
        .into_iter()
        .map(|name| (strsim::osa_distance(&word, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, nearest};

    #[test]
    fn a_slip_finds_the_word_and_nonsense_finds_none() {
        let known = ["base_url", "workspace_id", "tag"];
        assert_eq!(nearest("basurl", known), Some("base_url"));
        assert_eq!(nearest("Workspace_ID", known), Some("workspace_id"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn several_mistakes_come_at_once_in_file_order() {
        let text = "b = \"x\"\na = 1\nunknwn = 3\n";
        let read = Document::read("f.toml", text, |root| {
            root.string("a", "text");
            root.boolean("b");
            root.boolean("unknown");
        });
        let lines: Vec<_> = read.err().into_iter().flat_map(|m| m.0).map(|e| e.to_string()).collect();
        assert_eq!(
            lines,
            [
                "f.toml:1:5: `b` in the file is text; it must be true or false",
                "f.toml:2:5: `a` in the file is a whole number; it must be text",
                "f.toml:3:1: unknown key `unknwn` in the file; did you mean `unknown`?",
            ]
        );
    }

    #[test]
    fn a_syntax_error_does_not_quote_the_line() {
        let read = Document::read("f.toml", "token = \"s3cret\n", |_| ());
        let shown = read.err().map(|m| m.to_string()).unwrap_or_default();
        assert!(shown.starts_with("f.toml:1:"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
