//! The window of the entry list: a wall clock, not an instant. The classic source of "missing" entries.

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Reads a wall clock in a zone. A clock that happens twice is the first of the two; one that is skipped moves
/// later by the length of the gap, as java.time does.
pub(super) fn in_zone(wall: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.with_timezone(&Utc),
        LocalResult::None => {
            // A day earlier lies before the gap everywhere, so its offset is the one from before it.
            let before = zone.offset_from_utc_datetime(&(wall - TimeDelta::hours(24))).fix();
            (wall - TimeDelta::seconds(i64::from(before.local_minus_utc()))).and_utc()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::clockify::request::{stamp, wall_clock};

    #[test]
    fn a_utc_reading_is_read_again_in_the_zone() {
        let cases = [
            // The recorded probe: an account at UTC+2.
            ("2026-08-08T00:00:00Z", chrono_tz::Europe::Belgrade, "2026-08-07T22:00:00Z"),
            ("2026-08-09T00:00:00Z", chrono_tz::Europe::Belgrade, "2026-08-08T22:00:00Z"),
            // The offset of the text is honoured first.
            ("2026-08-08T02:00:00+02:00", chrono_tz::Europe::Belgrade, "2026-08-07T22:00:00Z"),
            ("2026-01-15T00:00:00Z", chrono_tz::America::New_York, "2026-01-15T05:00:00Z"),
            ("2026-07-15T00:00:00Z", chrono_tz::America::New_York, "2026-07-15T04:00:00Z"),
            // Skipped on 8 March 2026 between 02:00 and 03:00; twice on 1 November between 01:00 and 02:00.
            ("2026-03-08T02:30:00Z", chrono_tz::America::New_York, "2026-03-08T07:30:00Z"),
            ("2026-11-01T01:30:00Z", chrono_tz::America::New_York, "2026-11-01T05:30:00Z"),
            ("2026-03-08T02:30:00Z", chrono_tz::UTC, "2026-03-08T02:30:00Z"),
        ];
        for (text, zone, expected) in cases {
            let wall = wall_clock(text).expect(text);
            assert_eq!(stamp(in_zone(wall, zone)), expected, "{text} in {zone}");
        }
    }
}
