//! Foreign text is hostile: cleaned once before it reaches a terminal, a log line or a CSV cell.

use sha2::{Digest, Sha256};

/// A digest that is the same on every machine and in every version: the first eight bytes of SHA-256.
pub fn digest(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// `1 entry`, `4 entries`.
pub fn count(n: impl Into<u64>, one: &str, many: &str) -> String {
    let n = n.into();
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `1 request`, `4 requests`.
pub fn requests(n: impl Into<u64>) -> String {
    count(n, "request", "requests")
}

/// A length of time as it was set: `5 min`, `30 s`, `90 s`.
pub fn every(seconds: u32) -> String {
    if seconds > 0 && seconds.is_multiple_of(60) {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

/// A length of time as it was: `58 s`, `12 min`, `3 h`.
pub fn lasted(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{} s", seconds.max(0)),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// Makes text safe for one line of a terminal: control characters become `�`, tabs and newlines a space, bidi
/// controls and zero-width characters vanish (a joiner stays between two pictographs), and a base character keeps
/// at most four combining marks.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            '\u{200d}' => {
                let joins = out.chars().next_back().is_some_and(is_pictograph)
                    && chars.peek().copied().is_some_and(is_pictograph);
                if joins {
                    out.push(c);
                }
            }
            '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200b}'..='\u{200f}'
            | '\u{061c}'
            | '\u{2060}'
            | '\u{feff}'
            | '\u{fe0f}' => {}
            c if is_combining(c) => {
                marks += 1;
                if marks <= 4 {
                    out.push(c);
                }
                continue;
            }
            c => out.push(c),
        }
        marks = 0;
    }
    out
}

fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c), 0x1f000..=0x1faff | 0x2600..=0x27bf)
}

fn is_combining(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn escapes_and_overrides_do_not_survive() {
        let hostile = "a\x1b]52;c;AAAA\x07b\u{9b}31m\u{202e}c\td\r\ne\x7f";
        let safe = clean(hostile);
        assert!(!safe.chars().any(char::is_control), "{safe:?}");
        assert!(!safe.contains('\u{202e}'));
        assert!(safe.contains("c d  e"));
    }

    #[test]
    fn combining_marks_are_capped() {
        let zalgo = format!("e{}", "\u{301}".repeat(50));
        assert_eq!(clean(&zalgo).chars().count(), 5);
    }
}
