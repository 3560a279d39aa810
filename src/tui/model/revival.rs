//! What becomes of an engine that is gone: whether this screen starts it again, and when. Only the decision; the road
//! carries it out, and the lock of the state folder decides between two that start at once.

use chrono::{DateTime, TimeDelta, Utc};

/// Pauses before the starts that nobody asked for. After the last one it is left to a person.
const PAUSES: [TimeDelta; 5] = [
    TimeDelta::zero(),
    TimeDelta::seconds(5),
    TimeDelta::seconds(15),
    TimeDelta::seconds(60),
    TimeDelta::seconds(300),
];

/// An engine that ran so long had no trouble with its start.
const STEADY: TimeDelta = TimeDelta::minutes(10);

/// The lost engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revival {
    /// It said goodbye: somebody asked it to stop, and a person wants it so.
    bidden: bool,
    /// Starts that nobody asked for, since it last ran for long.
    tries: usize,
    /// The newest of them.
    last: Option<DateTime<Utc>>,
    /// Since when it runs.
    up: Option<DateTime<Utc>>,
    /// It is being started.
    pub under_way: bool,
    /// Why the last start failed.
    pub failed: Option<String>,
}

/// What is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It is being started.
    Starting,
    /// It is started again then.
    At(DateTime<Utc>),
    /// It ended this often in a row; a person has to look.
    GivenUp(usize),
    /// Somebody asked it to stop.
    Stopped,
    /// It is not this screen's to start unasked.
    Theirs,
}

impl Revival {
    /// It runs.
    pub fn up(&mut self, now: DateTime<Utc>) {
        *self = Self { up: Some(now), tries: self.tries, last: self.last, ..Self::default() };
    }

    /// It said goodbye.
    pub fn bye(&mut self) {
        self.bidden = true;
    }

    /// A person starts it.
    pub fn asked(&mut self) {
        *self = Self { under_way: true, ..Self::default() };
    }

    /// It could not be reached. Answers whether it is to be started now. `ours`: it runs in the background, looked
    /// after by nobody but screens like this one.
    pub fn down(&mut self, now: DateTime<Utc>, ours: bool, why: &str) -> bool {
        if std::mem::take(&mut self.under_way) {
            self.failed = Some(why.to_owned());
        }
        if self.up.take().is_some_and(|up| now - up >= STEADY) {
            self.tries = 0;
        }
        match self.outlook(now, ours) {
            Outlook::At(due) if due <= now => {
                self.tries += 1;
                self.last = Some(now);
                self.under_way = true;
                true
            }
            _ => false,
        }
    }

    /// What is to come.
    pub fn outlook(&self, now: DateTime<Utc>, ours: bool) -> Outlook {
        if self.under_way {
            return Outlook::Starting;
        }
        if self.bidden {
            return Outlook::Stopped;
        }
        if !ours {
            return Outlook::Theirs;
        }
        match PAUSES.get(self.tries) {
            Some(pause) => Outlook::At(self.last.map_or(now, |last| last + *pause)),
            None => Outlook::GivenUp(self.tries),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + seconds, 0).unwrap()
    }

    /// Seconds at which it is started while every try fails; it is looked at every second.
    fn starts(revival: &mut Revival, from: i64, ours: bool) -> Vec<i64> {
        (from..from + 3_600).filter(|s| revival.down(t(*s), ours, "no")).collect()
    }

    #[test]
    fn one_that_does_not_start_is_tried_ever_more_seldom_and_then_left() {
        let mut revival = Revival::default();
        revival.up(t(-60));
        assert_eq!(starts(&mut revival, 0, true), [0, 5, 20, 80, 380]);
        assert_eq!(revival.outlook(t(3_600), true), Outlook::GivenUp(5));
        assert_eq!(revival.failed.as_deref(), Some("no"));
        // A person who asks begins anew.
        revival.asked();
        assert_eq!(revival.outlook(t(3_600), true), Outlook::Starting);
        assert_eq!(starts(&mut revival, 4_000, true).len(), 5);
    }

    #[test]
    fn one_that_falls_again_and_again_is_left_too_but_not_one_that_ran_for_long() {
        let mut revival = Revival::default();
        let mut started = 0;
        for round in 0..10 {
            revival.up(t(round * 301));
            started += usize::from(revival.down(t(round * 301 + 300), true, "gone"));
        }
        assert_eq!(started, PAUSES.len());
        revival.up(t(10_000));
        assert!(revival.down(t(10_600), true, "gone"));
    }

    #[test]
    fn one_that_was_asked_to_stop_and_somebody_elses_are_left_alone() {
        let mut revival = Revival::default();
        revival.up(t(0));
        assert_eq!(starts(&mut revival, 1, false), Vec::<i64>::new());
        assert_eq!(revival.outlook(t(1), false), Outlook::Theirs);
        revival.up(t(5_000));
        revival.bye();
        assert_eq!(starts(&mut revival, 5_001, true), Vec::<i64>::new());
        assert_eq!(revival.outlook(t(5_001), true), Outlook::Stopped);
        // Back again, it is as any other.
        revival.up(t(20_000));
        assert!(revival.down(t(20_001), true, "gone"));
    }
}
