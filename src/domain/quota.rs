//! Request quotas: buckets, windows, and whether a call may leave now.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::policy::TOGGL_SIZES;

/// The name of a quota bucket, `org:6660001`, `user:5550001`, `workspace:64f0…`; unique per account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BucketName(pub String);

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who asks for a request. The order is the priority, highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A key press.
    Person,
    /// Mending a webhook subscription.
    Repair,
    /// An outgoing change.
    Sync,
    /// Reading after an outage.
    Gapfill,
    /// Regular checks: they find what no delivery brought.
    Health,
    /// A chosen range of history.
    Backfill,
    /// Names and lists that are only old.
    Curiosity,
}

impl Cause {
    /// All of them, highest first.
    pub const ALL: [Self; 7] = [
        Self::Person,
        Self::Repair,
        Self::Sync,
        Self::Gapfill,
        Self::Health,
        Self::Backfill,
        Self::Curiosity,
    ];

    /// The word in the ledger of requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "you",
            Self::Repair => "repair",
            Self::Sync => "sync",
            Self::Gapfill => "gap-fill",
            Self::Health => "health",
            Self::Backfill => "backfill",
            Self::Curiosity => "refresh",
        }
    }
}

/// Where the number of a meter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The service said so in a header.
    Header,
    /// Our own count.
    Estimate,
}

/// How a service counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// Anchored at the first call, then reset as a whole (Toggl: 60 minutes).
    Anchored,
    /// Each call frees its place when it is older than the window (Clockify Free: 60 minutes).
    Rolling,
}

/// The length of an hourly window.
pub const HOUR: TimeDelta = TimeDelta::hours(1);
/// A window of our own count ends this much later than an hour: the service counts when a call arrives, and a
/// slow call arrives up to our time limit after it left.
const ESTIMATE_MARGIN: TimeDelta = TimeDelta::seconds(35);
/// Added to a reset that the service named.
const TOLD_MARGIN: TimeDelta = TimeDelta::seconds(2);
/// A call may have left this long before the window that it opened at the service.
const BEGIN_MARGIN: TimeDelta = TimeDelta::seconds(5);
/// A window whose end is as far away as this has just been opened by the call that was answered.
const OPENED_MARGIN: TimeDelta = TimeDelta::seconds(2);
/// Calls around the opening of a window of which it is not known on which side they were counted.
const BLUR: i64 = 3;
/// Without a number from the service, a refusal waits this long.
const BLIND_WAIT: TimeDelta = TimeDelta::seconds(60);

/// One bucket's state. `calls` are our own spends inside the window, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Requests an hour; `None` when the plan has no hourly limit.
    pub limit: Option<u32>,
    /// How the window moves.
    pub window: Window,
    /// Our own calls in the window, with their cause.
    pub calls: Vec<(DateTime<Utc>, Cause)>,
    /// The last number the service gave: left, when it arrived, and how many calls of ours it includes.
    pub told: Option<Told>,
    /// When the window resets, if the service said so.
    pub resets_at: Option<DateTime<Utc>>,
    /// The service refused for quota; nothing leaves before this.
    pub dry_until: Option<DateTime<Utc>>,
    /// What was spent in the last days. Kept beside the bucket, a row an hour.
    #[serde(skip)]
    pub hours: Hours,
    /// Classes that asked in vain since their last call, and when.
    #[serde(skip)]
    pub waiting: BTreeMap<Cause, DateTime<Utc>>,
}

/// A number from the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Left.
    pub remaining: i64,
    /// When we read it.
    pub at: DateTime<Utc>,
    /// How many of `calls` it includes.
    pub counted: usize,
}

/// Whether a call may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Now.
    Go,
    /// Not before this.
    Wait(DateTime<Utc>),
}

impl Bucket {
    /// A bucket nothing is known of but its plan's limit.
    pub fn new(limit: Option<u32>, window: Window) -> Self {
        Self {
            limit,
            window,
            calls: Vec::new(),
            told: None,
            resets_at: None,
            dry_until: None,
            hours: Hours::default(),
            waiting: BTreeMap::new(),
        }
    }

    /// Forgets what has left the window at `now`. What lies in the future was noted by a clock that has been set back
    /// since: it counts as of now, and no wait is longer than a window.
    pub fn roll(&mut self, now: DateTime<Utc>) {
        for (at, _) in &mut self.calls {
            *at = (*at).min(now);
        }
        self.resets_at = self.resets_at.map(|t| t.min(now + HOUR));
        self.dry_until = self.dry_until.map(|t| t.min(now + HOUR + TOLD_MARGIN)).filter(|t| *t > now);
        if self.resets_at.is_some_and(|t| t + TOLD_MARGIN <= now) {
            // The service named this moment: everything is back at once.
            self.calls.clear();
            self.told = None;
            self.resets_at = None;
            self.dry_until = None;
        }
        if self.resets_at.is_none() {
            // Where the window of an anchored bucket began is not known: none of an hour's length may be overfull.
            let before = self.calls.len();
            self.calls.retain(|(t, _)| *t + HOUR + ESTIMATE_MARGIN > now);
            if before != self.calls.len() {
                self.told = None;
            }
        }
    }

    /// The clock was set by so much: what is remembered moves with it.
    pub fn shift(&mut self, by: TimeDelta) {
        for (at, _) in &mut self.calls {
            *at += by;
        }
        self.waiting.values_mut().for_each(|at| *at += by);
        self.resets_at = self.resets_at.map(|t| t + by);
        self.dry_until = self.dry_until.map(|t| t + by);
        self.told = self.told.map(|t| Told { at: t.at + by, ..t });
    }

    /// What is left, by the smaller of the service's number and our own count; `None` without an hourly limit.
    pub fn remaining(&self) -> Option<i64> {
        let limit = i64::from(self.limit?);
        if self.dry_until.is_some() {
            return Some(0);
        }
        let own = limit - self.calls.len() as i64;
        let told =
            self.told.map(|t| t.remaining - (self.calls.len() - t.counted.min(self.calls.len())) as i64);
        Some(told.map_or(own, |t| t.min(own)).max(0))
    }

    /// Where the number comes from now: the service's, as long as it covers all but a call that is under way.
    pub fn source(&self) -> Source {
        match self.told {
            Some(told) if self.calls.len() <= told.counted + 1 => Source::Header,
            _ => Source::Estimate,
        }
    }

    /// Spent by other programs in this window, as far as the service's number shows.
    pub fn others(&self) -> u32 {
        let (Some(limit), Some(told)) = (self.limit, self.told) else { return 0 };
        (i64::from(limit) - told.remaining - told.counted as i64).max(0) as u32
    }

    /// When the next place becomes free.
    pub(super) fn frees_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let oldest = || self.calls.first().map(|(t, _)| *t + HOUR + ESTIMATE_MARGIN);
        let at = self.resets_at.map(|t| t + TOLD_MARGIN).or_else(oldest);
        at.unwrap_or(now + BLIND_WAIT).max(now + TimeDelta::milliseconds(10))
    }

    /// Notes a call that is about to leave.
    pub fn spend(&mut self, cause: Cause, now: DateTime<Utc>) {
        self.roll(now);
        self.calls.push((now, cause));
        self.hours.note(cause, now);
        self.waiting.remove(&cause);
    }

    /// The newest call of a cause never left: nothing was spent.
    pub fn take_back(&mut self, cause: Cause) {
        if let Some(place) = self.calls.iter().rposition(|(_, c)| *c == cause) {
            let (at, _) = self.calls.remove(place);
            self.hours.take_back(cause, at);
            if let Some(told) = &mut self.told {
                told.counted -= usize::from(place < told.counted);
            }
        }
    }

    /// Notes what the service said with an answer. Calls are made one after another per bucket with headers, so the
    /// number includes all of ours.
    pub fn tell(&mut self, remaining: Option<i64>, resets_in: Option<TimeDelta>, now: DateTime<Utc>) {
        if let Some(wait) = resets_in {
            self.begin(now + wait - HOUR);
        }
        if let Some(remaining) = remaining {
            let left = remaining.max(0);
            let known = left + self.calls.len() as i64;
            // Raised in the middle of a window; or we just opened one, before anybody else could spend in it.
            let opened = resets_in.is_some_and(|wait| wait >= HOUR - OPENED_MARGIN) && self.calls.len() == 1;
            let fits =
                |limit: u32| known > i64::from(limit) + BLUR || (opened && known * 5 < i64::from(limit) * 4);
            let before = self.others();
            if self.limit.is_some_and(fits) {
                // Others may have spent some of a raised one before it was raised.
                let spare = |size: i64| BLUR + i64::from(before) + size / 20;
                let is_near = |size: i64| (-BLUR..=spare(size)).contains(&(size - known));
                let plan = TOGGL_SIZES.into_iter().find(|size| is_near(i64::from(*size)));
                self.limit = plan.or(u32::try_from(known.max(1)).ok());
            }
            self.told = Some(Told { remaining: left, at: now, counted: self.calls.len() });
            let more = self.others().saturating_sub(before);
            if more > 0 {
                self.hours.note_others(more, now);
            }
        }
        if let Some(wait) = resets_in {
            self.resets_at = Some(now + wait);
        }
    }

    /// The service's window began then: what left well before belongs to the one before, whose end we may have missed by
    /// a moment. Counted on, it would look like a raised plan.
    fn begin(&mut self, at: DateTime<Utc>) {
        if self.window == Window::Anchored {
            self.calls.retain(|(t, _)| *t >= at - BEGIN_MARGIN);
        }
    }

    /// Notes a refusal for quota.
    pub fn refuse(&mut self, resets_in: Option<TimeDelta>, now: DateTime<Utc>) {
        let until = match (resets_in, self.window) {
            (Some(wait), _) => now + wait + TOLD_MARGIN,
            (None, Window::Anchored) => now + BLIND_WAIT,
            (None, Window::Rolling) => self.frees_at(now).max(now + BLIND_WAIT),
        };
        self.dry_until = Some(until);
        if let Some(wait) = resets_in {
            self.resets_at = Some(now + wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Policy;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(s: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_700_000_000 + s, 0).unwrap()
    }

    #[test]
    fn background_work_stops_at_the_reserve_and_the_person_goes_on() {
        let policy = Policy::default();
        let mut b = Bucket::new(Some(30), Window::Anchored);
        for i in 0..21 {
            assert_eq!(b.gate(Cause::Sync, &policy, t(i)), Gate::Go, "call {i}");
            b.spend(Cause::Sync, t(i));
        }
        assert!(matches!(b.gate(Cause::Sync, &policy, t(30)), Gate::Wait(_)));
        for i in 0..3 {
            assert_eq!(b.gate(Cause::Repair, &policy, t(30 + i)), Gate::Go);
            b.spend(Cause::Repair, t(30 + i));
        }
        assert!(matches!(b.gate(Cause::Repair, &policy, t(40)), Gate::Wait(_)));
        for i in 0..6 {
            assert_eq!(b.gate(Cause::Person, &policy, t(40 + i)), Gate::Go);
            b.spend(Cause::Person, t(40 + i));
        }
        assert!(matches!(b.gate(Cause::Person, &policy, t(50)), Gate::Wait(_)));
        b.roll(t(3_700));
        assert_eq!(b.gate(Cause::Health, &policy, t(3_700)), Gate::Go);
    }

    #[test]
    fn headers_show_what_others_spend() {
        let mut b = Bucket::new(Some(30), Window::Anchored);
        b.spend(Cause::Health, t(0));
        b.tell(Some(20), Some(TimeDelta::seconds(1_000)), t(1));
        assert_eq!((b.remaining(), b.others()), (Some(20), 9));
        b.roll(t(1_003));
        assert_eq!(b.remaining(), Some(30));
    }

    #[test]
    fn a_refusal_closes_the_bucket_until_the_named_reset() {
        let mut b = Bucket::new(Some(30), Window::Anchored);
        b.spend(Cause::Person, t(0));
        b.refuse(Some(TimeDelta::seconds(600)), t(1));
        assert_eq!(b.gate(Cause::Person, &Policy::default(), t(2)), Gate::Wait(t(603)));
    }

    #[test]
    fn a_window_that_the_service_began_a_moment_before_us_is_no_raised_plan() {
        let mut b = Bucket::new(Some(30), Window::Anchored);
        for s in 0..12 {
            b.spend(Cause::Health, t(s * 300));
            b.tell(Some(29 - s), Some(TimeDelta::seconds(3_600 - s * 300)), t(s * 300));
        }
        b.roll(t(3_600));
        b.spend(Cause::Health, t(3_600));
        b.tell(Some(29), Some(TimeDelta::seconds(3_600)), t(3_600));
        assert_eq!((b.limit, b.remaining()), (Some(30), Some(29)));
    }

    #[test]
    fn a_call_that_never_left_costs_nothing() {
        let mut b = Bucket::new(Some(30), Window::Anchored);
        b.spend(Cause::Health, t(0));
        b.tell(Some(29), Some(TimeDelta::hours(1)), t(0));
        b.spend(Cause::Health, t(60));
        b.take_back(Cause::Health);
        b.take_back(Cause::Person);
        assert_eq!((b.remaining(), b.others(), b.hours.last(1, t(60))[0].total()), (Some(29), 0, 1));
    }

    #[test]
    fn a_plan_that_is_raised_while_others_spend_has_its_own_size() {
        let mut b = Bucket::new(Some(30), Window::Anchored);
        b.spend(Cause::Sync, t(0));
        b.tell(Some(20), None, t(1));
        b.spend(Cause::Sync, t(60));
        b.tell(Some(585), None, t(61));
        assert_eq!((b.limit, b.others()), (Some(600), 13), "two of ours, and thirteen of others");
        let mut odd = Bucket::new(Some(30), Window::Anchored);
        odd.spend(Cause::Sync, t(0));
        odd.tell(Some(999), None, t(1));
        assert_eq!(odd.limit, Some(1_000), "a size that no plan has is believed");
    }

    #[test]
    fn a_raised_plan_is_learned() {
        let mut b = Bucket::new(Some(30), Window::Anchored);
        b.spend(Cause::Sync, t(0));
        b.tell(Some(239), None, t(1));
        assert_eq!(b.limit, Some(240));
    }

    proptest! {
        /// Against a server that counts in the same way but sees each call up to 30 s late, nothing is ever refused.
        #[test]
        fn a_window_is_never_overspent(gaps in prop::collection::vec((0i64..400, 0i64..30), 1..200), rolling in any::<bool>()) {
            let window = if rolling { Window::Rolling } else { Window::Anchored };
            let policy = Policy { reserve_person: 0, reserve_repair: 0, ..Policy::default() };
            let mut ours = Bucket::new(Some(30), window);
            let mut server: Vec<i64> = Vec::new();
            let mut now = 0;
            for (gap, late) in gaps {
                now += gap;
                ours.roll(t(now));
                if ours.gate(Cause::Sync, &policy, t(now)) == Gate::Go {
                    ours.spend(Cause::Sync, t(now));
                    let arrives = now + late;
                    match window {
                        Window::Rolling => server.retain(|s| s + 3600 > arrives),
                        Window::Anchored => if server.iter().min().is_some_and(|first| first + 3600 <= arrives) { server.clear() },
                    }
                    prop_assert!(server.len() < 30, "refused at {now}");
                    server.push(arrives);
                    now += late;
                }
            }
        }
    }
}
