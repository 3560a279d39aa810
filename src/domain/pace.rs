//! Politeness and patience: calls a second, growing waits, and a breaker for a service that is down.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::quota::Gate;
use super::strain::{Strain, Strained};

/// The longest wait before a service that is down is tried again, where a try costs nothing: what waited goes within
/// a minute of its return.
pub const TRY_CHEAP: TimeDelta = TimeDelta::seconds(40);
/// The same where each try is one of thirty an hour.
pub const TRY_DEAR: TimeDelta = TimeDelta::minutes(10);

/// At most `calls` in any window of `span`.
#[derive(Clone, Debug)]
pub struct Pace {
    calls: usize,
    span: TimeDelta,
    recent: VecDeque<DateTime<Utc>>,
}

impl Pace {
    /// A pace of so many calls a window.
    pub fn new(calls: usize, span: TimeDelta) -> Self {
        Self { calls: calls.max(1), span, recent: VecDeque::new() }
    }

    /// After a start: what the last run sent just before is not known, so that for one window only `spare` may leave.
    pub fn resumed(mut self, spare: usize, now: DateTime<Utc>) -> Self {
        self.recent = VecDeque::from(vec![now; self.calls.saturating_sub(spare)]);
        self
    }

    /// Takes the place of another pace and counts what left under it.
    pub fn following(mut self, old: Option<Self>) -> Self {
        self.recent = old.map(|old| old.recent).unwrap_or_default();
        self
    }

    /// When the next call may leave.
    pub fn next_free_at(&mut self, now: DateTime<Utc>) -> Gate {
        while self.recent.front().is_some_and(|t| *t + self.span <= now) {
            self.recent.pop_front();
        }
        match self.recent.iter().rev().nth(self.calls - 1) {
            Some(filling) => Gate::Wait(*filling + self.span),
            None => Gate::Go,
        }
    }

    /// The clock was set by so much.
    pub fn shift(&mut self, by: TimeDelta) {
        self.recent.iter_mut().for_each(|at| *at += by);
    }

    /// Notes a call.
    pub fn note(&mut self, now: DateTime<Utc>) {
        self.recent.push_back(now);
    }
}

/// Full jitter: a random share (`draw` in 0..1) of `base · 2^tries`, at most `cap`, at least a tenth of `base`.
pub fn backoff(base: TimeDelta, cap: TimeDelta, tries: u32, draw: f64) -> TimeDelta {
    let full = base.num_milliseconds().saturating_mul(1 << tries.min(20)).min(cap.num_milliseconds());
    let wait = (full as f64 * draw.clamp(0.0, 1.0)) as i64;
    TimeDelta::milliseconds(wait.max(base.num_milliseconds() / 10))
}

/// Opens after failures in a row, closes by one success. It holds work, it never drops any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    open_until: Option<DateTime<Utc>>,
    why: Option<Strain>,
}

impl Breaker {
    /// Whether a call may leave; while half open the caller sends one at a time.
    pub fn gate(&self, now: DateTime<Utc>) -> Gate {
        match self.open_until {
            Some(until) if until > now => Gate::Wait(until),
            _ => Gate::Go,
        }
    }

    /// More than one call at a time is wise only while this is true.
    pub fn is_closed(&self) -> bool {
        self.failures == 0
    }

    /// What is in the way now; `None` while calls go through. One failure alone is no trouble to speak of.
    pub fn strained(&self, now: DateTime<Utc>) -> Option<Strained> {
        let (by, until) = (self.why?, self.open_until?);
        let speaks = if by == Strain::Pace { until > now } else { self.failures > 1 };
        let times = if by == Strain::Pace { 0 } else { self.failures };
        speaks.then_some(Strained { by, until, times })
    }

    /// Notes a failure and what it was. `patience` is how many in a row are borne: two where requests are counted by the hour. `longest`
    /// is the longest wait before the service is tried again: what a try costs decides.
    pub fn failed(&mut self, why: Strain, now: DateTime<Utc>, patience: u32, longest: TimeDelta, draw: f64) {
        self.why = Some(why);
        self.failures = self.failures.saturating_add(1);
        let wait = if self.failures < patience {
            backoff(TimeDelta::milliseconds(500), TimeDelta::seconds(5), self.failures, draw)
        } else {
            let steps = (self.failures - patience).min(6);
            let full = TimeDelta::seconds(15 << steps).min(longest);
            full / 2 + backoff(full / 2, full / 2, 0, draw)
        };
        self.open_until = Some(now + wait);
    }

    /// Holds calls back until then, without counting a failure: the service asked for it.
    pub fn pause(&mut self, until: DateTime<Utc>) {
        self.open_until = Some(self.open_until.map_or(until, |t| t.max(until)));
        self.why = Some(Strain::Pace);
    }

    /// The clock was set by so much.
    pub fn shift(&mut self, by: TimeDelta) {
        self.open_until = self.open_until.map(|at| at + by);
    }

    /// Notes a success.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(ms: i64) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(1_700_000_000_000 + ms).unwrap()
    }

    #[test]
    fn a_breaker_opens_longer_and_closes_at_once() {
        let mut b = Breaker::default();
        b.failed(Strain::Server, t(0), 2, TRY_DEAR, 0.5);
        b.failed(Strain::Server, t(0), 2, TRY_DEAR, 0.5);
        let Gate::Wait(first) = b.gate(t(0)) else { panic!("closed") };
        b.failed(Strain::Server, t(0), 2, TRY_DEAR, 0.5);
        let Gate::Wait(second) = b.gate(t(0)) else { panic!("closed") };
        assert!(second > first && second <= t(600_000));
        (0..9).for_each(|_| b.failed(Strain::Network, t(0), 2, TRY_CHEAP, 1.0));
        assert_eq!(b.gate(t(0)), Gate::Wait(t(40_000)), "a service that costs nothing to try is tried soon");
        b.succeeded();
        assert_eq!(b.gate(t(0)), Gate::Go);
    }

    #[test]
    fn what_is_in_the_way_has_its_word() {
        let mut b = Breaker::default();
        b.failed(Strain::Network, t(0), 2, TRY_CHEAP, 0.5);
        assert_eq!(b.strained(t(0)), None, "one lost answer is an ordinary day");
        b.failed(Strain::Server, t(0), 2, TRY_CHEAP, 0.5);
        let strained = b.strained(t(0)).map(|s| (s.by, s.times));
        assert_eq!(strained, Some((Strain::Server, 2)), "the newest failure gives the word");
        b.succeeded();
        b.pause(t(5_000));
        assert_eq!(b.strained(t(0)).map(|s| (s.by, s.until)), Some((Strain::Pace, t(5_000))));
        assert_eq!(b.strained(t(5_000)), None, "the service asked for five seconds, no more");
    }

    proptest! {
        /// However calls come, no window holds more than the pace allows.
        #[test]
        fn no_window_is_overfull(gaps in prop::collection::vec(0i64..300, 1..200), n in 1usize..6) {
            let mut pace = Pace::new(n, TimeDelta::seconds(1));
            let mut sent: Vec<DateTime<Utc>> = Vec::new();
            let mut now = t(0);
            for gap in gaps {
                now += TimeDelta::milliseconds(gap);
                if pace.next_free_at(now) == Gate::Go { pace.note(now); sent.push(now); }
            }
            for (i, a) in sent.iter().enumerate() {
                let inside = sent.iter().skip(i).take_while(|b| **b < *a + TimeDelta::seconds(1)).count();
                prop_assert!(inside <= n);
            }
        }

        /// Whatever the last run sent in its last second, a start and a pace that changes leave no window overfull.
        #[test]
        fn a_start_and_a_change_keep_what_left(gaps in prop::collection::vec(0i64..60, 1..200), kill in 0usize..200, change in 0usize..200) {
            let (fresh, limit) = (|| Pace::new(7, TimeDelta::seconds(1)), 10);
            let mut pace = fresh();
            let mut sent: Vec<DateTime<Utc>> = Vec::new();
            let mut now = t(0);
            for (i, gap) in gaps.into_iter().enumerate() {
                now += TimeDelta::milliseconds(gap);
                if i == kill { pace = fresh().resumed(3, now); }
                if i == change { pace = fresh().following(Some(pace)); }
                if pace.next_free_at(now) == Gate::Go { pace.note(now); sent.push(now); }
            }
            for (i, a) in sent.iter().enumerate() {
                let inside = sent.iter().skip(i).take_while(|b| **b < *a + TimeDelta::seconds(1)).count();
                prop_assert!(inside <= limit);
            }
        }

        #[test]
        fn waits_stay_inside_their_cap(tries in 0u32..40, draw in 0.0f64..1.0) {
            let wait = backoff(TimeDelta::milliseconds(500), TimeDelta::minutes(5), tries, draw);
            prop_assert!(wait <= TimeDelta::minutes(5) && wait >= TimeDelta::milliseconds(50));
        }
    }
}
