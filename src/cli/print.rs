//! The only way to standard output and standard error outside the dashboard.
//!
//! Text from services goes through [`clean`] line by line, so that no project name can drive the terminal. What could
//! not be written is complained of at once and makes the command fail ([`is_whole`]).

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::domain::text::clean;

/// Something that was to be on standard output is not there.
static CUT: AtomicBool = AtomicBool::new(false);

/// Writes text to standard output, cleaned, with a newline at its end.
pub fn say(text: &str) {
    written(write_lines(&mut io::stdout().lock(), text));
}

/// Writes a complaint to standard error, cleaned.
pub fn safe_print(text: &str) {
    // Where complaints can't be written there is nowhere left to complain.
    let _ = write_lines(&mut io::stderr().lock(), &format!("hourwire: {text}"));
}

/// Writes bytes that this program made itself to standard output as they are.
pub fn raw(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    written(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Takes in how a write to standard output went: the first that failed is complained of.
pub fn written(outcome: io::Result<()>) {
    if let Some(say) = lost(outcome)
        && !CUT.swap(true, Ordering::Relaxed)
    {
        safe_print(&say);
    }
}

/// Whether all that was to be on standard output is there, as far as anybody reads it.
pub fn is_whole() -> bool {
    written(io::stdout().flush());
    !CUT.load(Ordering::Relaxed)
}

/// What to say of a failed write.
fn lost(outcome: io::Result<()>) -> Option<String> {
    match outcome {
        // A reader that closed the pipe has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Some(format!("standard output is cut short: {error}; what is there is not the whole answer"))
        }
        _ => None,
    }
}

/// Writes a JSON value to standard output, indented. JSON escapes control characters itself.
pub fn json(value: &serde_json::Value) {
    raw(format!("{value:#}\n").as_bytes());
}

/// An instant in JSON: UTC, to the second.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn write_lines(out: &mut impl Write, text: &str) -> io::Result<()> {
    for line in text.lines() {
        writeln!(out, "{}", clean(line))?;
    }
    out.flush()
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
    use std::io::{Error, ErrorKind};

    use super::{lost, table, write_lines};

    #[test]
    fn only_a_reader_that_went_away_is_no_loss() {
        assert_eq!(lost(Ok(())), None);
        assert_eq!(lost(Err(ErrorKind::BrokenPipe.into())), None);
        let say = lost(Err(Error::new(ErrorKind::StorageFull, "no space"))).expect("a complaint");
        assert!(say.contains("no space"), "{say}");
    }

    #[test]
    fn what_a_service_wrote_cannot_drive_the_terminal() {
        let mut out = Vec::new();
        write_lines(&mut out, "Harbor\x1b]0;owned\x07 site\nsecond").expect("written");
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
