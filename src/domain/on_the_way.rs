//! Whether what is on its way to the targets is worth a word, or is over before anybody has read it.

use chrono::{DateTime, TimeDelta, Utc};

/// On its way for longer than this is told, so that what is sent in a moment never flickers.
const MOMENT: TimeDelta = TimeDelta::seconds(5);
/// More than this is told at once: no moment suffices.
const HANDFUL: u32 = 20;

/// Whether so many changes on their way are told, the oldest of them so since then.
pub fn is_told(count: u32, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    count > HANDFUL || (count > 0 && since.is_some_and(|since| now - since > MOMENT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::at;

    #[test]
    fn a_handful_in_flight_for_a_moment_is_no_news() {
        let now = at(100);
        for (count, ago, told) in [
            (0, None, false),
            (0, Some(60), false),
            (1, None, false),
            (1, Some(0), false),
            (20, Some(5), false),
            (1, Some(6), true),
            (21, Some(0), true),
            (232, None, true),
            // A clock that was set back is no age.
            (3, Some(-60), false),
        ] {
            let since = ago.map(|ago| now - TimeDelta::seconds(ago));
            assert_eq!(is_told(count, since, now), told, "{count} since {ago:?} s");
        }
    }
}
