//! Words and figures as the screen writes them: cut by columns, clock times, durations, ages. It must not draw.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Timelike, Utc};
use chrono_tz::Tz;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::text::clean;
pub use crate::domain::text::{count, requests};

/// Text of a service made safe for a cell; printable ASCII passes without a copy.
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(clean(text))
    }
}

/// Columns that a text takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// Cuts a text to columns, with `…` where something is missing.
pub fn fit(text: &str, columns: u16) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let wide = width(cluster);
        if used + wide + 1 > columns {
            break;
        }
        out.push_str(cluster);
        used += wide;
    }
    if columns > 0 {
        let kept = out.trim_end().len();
        out.truncate(kept);
        out.push('…');
    }
    Cow::Owned(out)
}

/// A sentence in lines of so many columns, broken between words; a word that is longer is broken within.
pub fn wrap(text: &str, columns: u16) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest = word;
        loop {
            let used = lines.last().map_or(0, |line| width(line));
            let gap = u16::from(used > 0);
            if used + gap + width(rest) <= columns {
                if let Some(line) = lines.last_mut() {
                    line.push_str(if gap > 0 { " " } else { "" });
                    line.push_str(rest);
                }
                break;
            }
            if used > 0 {
                lines.push(String::new());
                continue;
            }
            let (head, tail) = rest.split_at(whole(rest, columns));
            lines.pop();
            lines.extend([head.to_owned(), String::new()]);
            rest = tail;
        }
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The bytes of the clusters that fit, at least one.
fn whole(text: &str, columns: u16) -> usize {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += width(cluster);
        if used > columns && at > 0 {
            return at;
        }
    }
    text.len()
}

/// `15:02` in a zone.
pub fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// `15:02:09` in a zone.
pub fn clock_s(at: DateTime<Utc>, zone: Tz) -> String {
    format!("{}:{:02}", clock(at, zone), at.second())
}

/// `Tue 12 May`.
pub fn day(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!("{} {} {}", local.weekday(), local.day(), month(local.month()))
}

/// `9 May`.
pub fn date(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!("{} {}", local.day(), month(local.month()))
}

fn month(number: u32) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get(number.saturating_sub(1) as usize).copied().unwrap_or("")
}

/// `1h11`, `0h45`.
pub fn hours(seconds: i64) -> String {
    let minutes = seconds.max(0) / 60;
    format!("{}h{:02}", minutes / 60, minutes % 60)
}

/// A running time: `0:42:17`, or `0:42` without seconds. From ten hours on the seconds go, from a hundred the minutes:
/// a forgotten timer is not read by the second, and its column stays as wide as it is.
pub fn running(seconds: i64, with_seconds: bool) -> String {
    let s = seconds.max(0);
    if s >= 360_000 {
        format!("{}h", s / 3600)
    } else if with_seconds && s < 36_000 {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{}:{:02}", s / 3600, s / 60 % 60)
    }
}

/// A coarse age: `now`, `2 min`, `3 h`, `9 May`. Times ahead count as now. It counts turns of the clock's minute, so that
/// all ages of a screen change together with the clock, and between two turns an idle screen sends nothing.
pub fn age(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let minute = |t: DateTime<Utc>| t.timestamp().div_euclid(60);
    let minutes = minute(now) - minute(at);
    match minutes {
        ..=0 => "now".to_owned(),
        1..60 => format!("{minutes} min"),
        60..1440 => format!("{} h", minutes / 60),
        _ => date(at, zone),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn cuts_by_columns_and_never_through_a_cluster() {
        assert_eq!(fit("Harbor API", 10), "Harbor API");
        assert_eq!(fit("Harbor API", 8), "Harbor…");
        assert_eq!(fit("宽宽宽", 4), "宽…");
        assert_eq!(fit("abc", 1), "…");
        assert_eq!(fit("abc", 0), "");
        for columns in 0..12 {
            assert!(width(&fit("e\u{301}tude 宽 of 👩‍🔧 work", columns)) <= columns);
        }
    }

    #[test]
    fn a_sentence_is_broken_between_words_and_loses_nothing() {
        assert_eq!(
            wrap("listed as disabled; no key here did it", 19),
            ["listed as disabled;", "no key here did it"]
        );
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 9), [""]);
        let text = "User 5550001 already reached the limit of 1 enabled subscriptions 宽宽宽宽宽宽宽宽";
        for columns in 1..90 {
            let lines = wrap(text, columns);
            assert!(columns < 2 || lines.iter().all(|line| width(line) <= columns), "{columns} {lines:?}");
            let joined: String = lines.concat().split_whitespace().collect();
            assert_eq!(joined, text.split_whitespace().collect::<String>(), "{columns}");
        }
    }

    #[test]
    fn figures_read_as_on_the_mock_ups() {
        let at = Utc.with_ymd_and_hms(2026, 5, 12, 13, 2, 9).unwrap();
        assert_eq!(clock(at, chrono_tz::Europe::Berlin), "15:02");
        assert_eq!(day(at, chrono_tz::UTC), "Tue 12 May");
        assert_eq!(hours(71 * 60 + 59), "1h11");
        assert_eq!(running(2537, true), "0:42:17");
        assert_eq!(running(2537, false), "0:42");
        assert_eq!(running(36_061, true), "10:01");
        assert_eq!(running(400_000, true), "111h");
        let since = |s: i64| age(at - chrono::TimeDelta::seconds(s), at, chrono_tz::UTC);
        assert_eq!([-5, 120, 3 * 3600, 80 * 3600].map(since), ["now", "2 min", "3 h", "9 May"]);
    }
    #[test]
    fn ages_change_only_when_the_clock_s_minute_turns() {
        let minute = Utc.with_ymd_and_hms(2026, 5, 12, 13, 2, 0).unwrap();
        for then in (-400..0).map(|s| minute + chrono::TimeDelta::seconds(s)) {
            let at = |s: i64| age(then, minute + chrono::TimeDelta::seconds(s), chrono_tz::UTC);
            assert!((1..60).all(|s| at(s) == at(0)), "{then}");
            assert_ne!(at(59), at(60), "{then}");
        }
    }
}
