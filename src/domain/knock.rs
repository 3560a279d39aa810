//! When a refused account is asked again whether its token is good now.

use chrono::{DateTime, TimeDelta, Utc};

/// Waits between two tries; the last one repeats.
const WAITS: [TimeDelta; 4] =
    [TimeDelta::minutes(15), TimeDelta::hours(1), TimeDelta::hours(2), TimeDelta::hours(4)];

/// Refusals of one account's token in a row, and when one profile call may pass again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knock {
    refusals: usize,
    next_at: Option<DateTime<Utc>>,
}

impl Knock {
    /// Notes a refusal. What is refused before the next try is due is the same refusal heard again.
    pub fn refused(&mut self, now: DateTime<Utc>) {
        if self.next_at.is_some_and(|at| now < at) {
            return;
        }
        let wait = WAITS[self.refusals.min(WAITS.len() - 1)];
        self.refusals += 1;
        self.next_at = Some(now + wait);
    }

    /// When one profile call may pass; `None` when a try can change nothing.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        self.next_at
    }

    /// Whether one may pass now.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.next_at.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_ever_later_and_go_on() {
        let mut knock = Knock::default();
        let mut now = DateTime::<Utc>::UNIX_EPOCH;
        assert!(!knock.is_due(now), "nothing was refused");
        for minutes in [15, 60, 120, 240, 240] {
            knock.refused(now);
            assert!(!knock.is_due(now + TimeDelta::minutes(minutes) - TimeDelta::seconds(1)));
            assert!(knock.is_due(now + TimeDelta::minutes(minutes)), "{minutes}");
            now += TimeDelta::minutes(minutes);
        }
    }

    #[test]
    fn calls_that_were_under_way_are_the_same_refusal() {
        let mut knock = Knock::default();
        let now = DateTime::<Utc>::UNIX_EPOCH;
        for second in 0..8 {
            knock.refused(now + TimeDelta::seconds(second));
        }
        assert_eq!(knock.next_at(), Some(now + TimeDelta::minutes(15)));
    }
}
