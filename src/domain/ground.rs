//! Known ground: the ranges of a target's time that were read in full once, or written only by us since.
//!
//! A create goes only into known ground; so nothing that is already there is made a second time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Known ranges of one user in one target, sorted, disjoint, each `[from, to)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ground(Vec<(DateTime<Utc>, DateTime<Utc>)>);

impl Ground {
    /// Whether an entry that starts then may be created.
    pub fn knows(&self, start: DateTime<Utc>) -> bool {
        self.0.iter().any(|(from, to)| *from <= start && start < *to)
    }

    /// Adds a range that was read in full.
    pub fn learn(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        if from >= to {
            return;
        }
        self.0.push((from, to));
        self.0.sort_unstable();
        let mut merged: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::with_capacity(self.0.len());
        for (from, to) in self.0.drain(..) {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        self.0 = merged;
    }

    /// The one range to read so that all these starts are known: from the first unknown one, with an hour to spare,
    /// to the last; or to the far future when the newest is recent, so that what is tracked from now on needs no
    /// further read.
    pub fn survey(
        &self,
        starts: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let unknown = || starts.iter().filter(|s| !self.knows(**s));
        let first = unknown().min()?;
        let last = unknown().max()?;
        let from = *first - TimeDelta::hours(1);
        if *last + TimeDelta::days(3) > now {
            return Some((from, far_future(now).max(*last + TimeDelta::hours(1))));
        }
        Some((from, *last + TimeDelta::hours(1)))
    }
}

/// Later than any entry a person would plan; a slip of the pen may still lie behind it.
pub fn far_future(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::days(3_650)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(h: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_700_000_000 + h * 3600, 0).unwrap()
    }

    #[test]
    fn recent_work_makes_the_future_known() {
        let mut ground = Ground::default();
        let (from, to) = ground.survey(&[t(-100), t(-1)], t(0)).unwrap();
        ground.learn(from, to);
        assert!(ground.knows(t(-100)) && ground.knows(t(5_000)) && !ground.knows(t(-200)));
        assert_eq!(ground.survey(&[t(-50)], t(0)), None);
    }

    proptest! {
        #[test]
        fn knows_exactly_what_was_learned(ranges in prop::collection::vec((0i64..100, 0i64..20), 0..12), ask in 0i64..130) {
            let mut ground = Ground::default();
            for (from, len) in &ranges { ground.learn(t(*from), t(from + len)); }
            let expected = ranges.iter().any(|(from, len)| *from <= ask && ask < from + len);
            prop_assert_eq!(ground.knows(t(ask)), expected);
        }

        #[test]
        fn a_survey_covers_every_unknown_start(known in prop::collection::vec((0i64..100, 1i64..20), 0..5), starts in prop::collection::vec(prop_oneof![0i64..130, 80_000i64..20_000_000], 1..10)) {
            let mut ground = Ground::default();
            for (from, len) in &known { ground.learn(t(*from), t(from + len)); }
            let starts: Vec<_> = starts.into_iter().map(t).collect();
            if let Some((from, to)) = ground.survey(&starts, t(500)) {
                prop_assert!(from < to);
                ground.learn(from, to);
            }
            prop_assert!(starts.iter().all(|s| ground.knows(*s)));
        }
    }
}
