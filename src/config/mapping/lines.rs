//! Where rows stand in the text of `mapping.toml`, to put one in or take one out without touching the others.
//!
//! A comment that follows a row without a blank line belongs to that row, and one right above a header to the row
//! below: a tree of tables does not know that, lines do.

use toml_edit::{Document, Item, Table};

/// Puts a row into the text: before the row `before` of its kind, else after the last of its kind, else at the end.
pub(super) fn insert_row(text: &str, kind: &str, before: Option<usize>, lines: &str) -> String {
    let spans = row_starts(text, kind);
    let (at, first_blank, last_blank) = match before.and_then(|index| spans.get(index)) {
        Some(start) => (start_of_comments(text, *start), false, true),
        None => match spans.last() {
            Some(start) => (end_of_row(text, *start), true, false),
            None => (text.len(), true, false),
        },
    };
    let (head, tail) = text.split_at(at);
    let mut out = String::with_capacity(text.len() + lines.len() + 2);
    out.push_str(head);
    if !head.is_empty() && !head.ends_with('\n') {
        out.push('\n');
    }
    if first_blank && !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    out.push_str(lines);
    if last_blank {
        out.push('\n');
    }
    out.push_str(tail);
    out
}

/// The byte offsets of the headers of a kind's rows.
fn row_starts(text: &str, kind: &str) -> Vec<usize> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    document
        .get(kind)
        .and_then(Item::as_array_of_tables)
        .map(|tables| tables.iter().filter_map(|table| table.span()).map(|span| span.start).collect())
        .unwrap_or_default()
}

/// The end of the row that starts at `start`: before the next header's own comments, behind comments that follow
/// without a blank line.
fn end_of_row(text: &str, start: usize) -> usize {
    let ends = other_headers(text, start);
    let region = text.get(start..ends).unwrap_or_default();
    let mut end = start;
    let mut offset = start;
    let mut blank = false;
    for line in region.split_inclusive('\n') {
        offset += line.len();
        let content = line.trim();
        if content.is_empty() {
            blank = true;
        } else if !(blank && content.starts_with('#')) {
            // A blank line inside a row does not end it while keys follow.
            blank = false;
            end = offset;
        }
    }
    end
}

/// Where the next table after `start` begins that is not a part of the row.
fn other_headers(text: &str, start: usize) -> usize {
    let Ok(document) = Document::parse(text) else { return text.len() };
    let mut starts = Vec::new();
    headers(document.as_table(), &mut starts);
    starts.into_iter().filter(|at| *at > start).min().unwrap_or(text.len())
}

/// The headers of all tables but the sub-tables of rows, which belong to their row.
fn headers(table: &Table, starts: &mut Vec<usize>) {
    for (_, item) in table {
        match item {
            Item::Table(inner) => {
                starts.extend(inner.span().map(|span| span.start));
                headers(inner, starts);
            }
            Item::ArrayOfTables(rows) => {
                starts.extend(rows.iter().filter_map(Table::span).map(|span| span.start));
            }
            _ => {}
        }
    }
}

/// The start of the comment lines right above an offset.
fn start_of_comments(text: &str, offset: usize) -> usize {
    let mut at = text.get(..offset).and_then(|head| head.rfind('\n')).map_or(0, |newline| newline + 1);
    while let Some(line) = text.get(..at).and_then(|head| head.split_inclusive('\n').next_back()) {
        if !line.trim_start().starts_with('#') {
            break;
        }
        at -= line.len();
    }
    at
}

/// Takes the row `index` of a kind out, with the comments right above it. Comments that a blank line sets apart stay.
pub(super) fn cut_row(text: &str, kind: &str, index: usize) -> String {
    let Some(start) = row_starts(text, kind).get(index).copied() else { return text.to_owned() };
    let from = start_of_comments(text, start);
    let to = end_of_row(text, start);
    let (head, tail) = (text.get(..from).unwrap_or_default(), text.get(to..).unwrap_or_default());
    // One of the two blank lines that now meet goes with the row.
    let tail = if head.is_empty() || head.ends_with("\n\n") {
        tail.strip_prefix('\n').unwrap_or(tail)
    } else {
        tail
    };
    format!("{head}{tail}")
}
