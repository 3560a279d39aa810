//! The only way to standard output and standard error outside the dashboard.
//!
//! Text from services goes through [`clean`] line by line, so that no project name can drive the terminal.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::domain::text::clean;

/// Writes text to standard output, cleaned, with a newline at its end.
pub fn say(text: &str) {
    write_lines(&mut io::stdout().lock(), text);
}

/// Writes a complaint to standard error, cleaned.
pub fn safe_print(text: &str) {
    write_lines(&mut io::stderr().lock(), &format!("hourwire: {text}"));
}

/// Writes bytes that this program made itself to standard output as they are.
pub fn raw(bytes: &[u8]) {
    // A reader that closed the pipe has seen enough; there is nobody left to tell.
    let mut out = io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Writes a JSON value to standard output, indented. JSON escapes control characters itself.
pub fn json(value: &serde_json::Value) {
    raw(format!("{value:#}\n").as_bytes());
}

/// An instant in JSON: UTC, to the second.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn write_lines(out: &mut impl Write, text: &str) {
    for line in text.lines() {
        if writeln!(out, "{}", clean(line)).is_err() {
            return;
        }
    }
    let _ = out.flush();
}

/// Rows as columns, two spaces apart, each as wide as its widest cell; cells are cleaned.
pub fn table(rows: &[Vec<String>]) -> String {
    use unicode_width::UnicodeWidthStr;
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{table, write_lines};

    #[test]
    fn what_a_service_wrote_cannot_drive_the_terminal() {
        let mut out = Vec::new();
        write_lines(&mut out, "Harbor\x1b]0;owned\x07 site\nsecond");
        let text = String::from_utf8(out).expect("text");
        assert!(!text.contains('\x1b') && !text.contains('\x07'), "{text:?}");
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn columns_line_up_by_width_on_screen() {
        let cells = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(table(&[cells("港", "1"), cells("abc", "2")]), "港   1\nabc  2\n");
    }
}
