//! How a bucket is shared: who may take what is left, and what is kept for those above.
//!
//! The person's reserve and the one for repair are never touched from below. What is above them goes by priority: a
//! lower class may take only what the ones above it are not expected to need before it comes back.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::Policy;
use super::quota::{Bucket, Cause, Gate, HOUR, Window};

/// Percent of a bucket that outgoing changes and regular checks are expected to need where no habit is known.
const SYNC_FLOOR: u32 = 20;
const CHECK_FLOOR: u32 = 7;
/// A class that waits for one above it looks again after this at the latest.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(5);

impl Bucket {
    /// Asks for a place: [`Bucket::gate`], and a class that gets none is remembered, so that its turn comes.
    pub fn ask(&mut self, cause: Cause, policy: &Policy, now: DateTime<Utc>) -> Gate {
        self.roll(now);
        let gate = self.gate(cause, policy, now);
        if gate != Gate::Go {
            self.waiting.insert(cause, now);
        }
        gate
    }

    /// Whether a call of this cause may leave at `now`. [`Bucket::roll`] comes before.
    pub fn gate(&self, cause: Cause, policy: &Policy, now: DateTime<Utc>) -> Gate {
        if let Some(until) = self.dry_until.filter(|t| *t > now) {
            return Gate::Wait(until);
        }
        let Some(left) = self.remaining() else { return Gate::Go };
        let above = left - self.kept_from(cause, policy);
        if above <= 0 {
            return Gate::Wait(self.frees_at(now));
        }
        if above > self.promised(cause, now) + self.owed(cause, now) || self.is_starved(cause) {
            return Gate::Go;
        }
        Gate::Wait(self.frees_at(now).min(now + LOOK_AGAIN))
    }

    /// What a cause must leave untouched.
    pub fn kept_from(&self, cause: Cause, policy: &Policy) -> i64 {
        let limit = i64::from(self.limit.unwrap_or(0));
        let person = limit * i64::from(policy.reserve_person) / 100;
        let repair = limit * i64::from(policy.reserve_repair) / 100;
        match cause {
            Cause::Person => 0,
            Cause::Repair => person,
            _ => person + repair,
        }
    }

    /// What the classes between the reserves and this one are expected to need before what is spent comes back.
    pub fn promised(&self, cause: Cause, now: DateTime<Utc>) -> i64 {
        [Cause::Sync, Cause::Gapfill, Cause::Health]
            .into_iter()
            .filter(|above| *above < cause)
            .map(|above| self.need(above, now))
            .sum()
    }

    fn need(&self, cause: Cause, now: DateTime<Utc>) -> i64 {
        let limit = self.limit.unwrap_or(0);
        let floor = match cause {
            Cause::Sync => limit * SYNC_FLOOR / 100,
            Cause::Health => limit * CHECK_FLOOR / 100,
            _ => 0,
        };
        let need = i64::from(self.hours.habit(cause, now).max(floor).min(limit));
        match (self.window, self.resets_at) {
            // All of it comes back at one moment: the nearer it is, the less can still be needed.
            (Window::Anchored, Some(end)) => {
                let left = (end - now).num_seconds().clamp(0, HOUR.num_seconds());
                (need * left + HOUR.num_seconds() - 1) / HOUR.num_seconds()
            }
            // Each place comes back an hour after it was taken: what a class has taken it will have again.
            _ => {
                let taken = self.calls.iter().filter(|(_, c)| *c == cause).count() as i64;
                (need - taken).max(i64::from(floor) / 3)
            }
        }
    }

    /// How far apart regular calls of a cause have to be: `wished`, or further where less is left than they would take.
    pub fn bearable(
        &self,
        cause: Cause,
        policy: &Policy,
        wished: TimeDelta,
        now: DateTime<Utc>,
    ) -> TimeDelta {
        let Some(left) = self.remaining() else { return wished };
        let end =
            self.dry_until.or(self.resets_at).map_or(HOUR, |end| (end - now).clamp(TimeDelta::zero(), HOUR));
        match i32::try_from(left - self.kept_from(cause, policy)) {
            Ok(above) if above > 0 => wished.max(end / above),
            _ => wished.max(end),
        }
    }

    /// Places for classes below that asked in vain and had no turn in the window.
    fn owed(&self, cause: Cause, now: DateTime<Utc>) -> i64 {
        if cause <= Cause::Repair {
            return 0;
        }
        let due = |below: &Cause, asked: DateTime<Utc>| {
            *below > cause && asked + HOUR > now && self.is_starved(*below)
        };
        self.waiting.iter().filter(|(below, asked)| due(below, **asked)).count() as i64
    }

    /// No call of this cause in the window: one is due to everybody.
    fn is_starved(&self, cause: Cause) -> bool {
        self.calls.iter().all(|(_, c)| *c != cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(s: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_700_000_000 + s, 0).unwrap()
    }

    fn asks(bucket: &mut Bucket, cause: Cause, at: i64) -> bool {
        bucket.ask(cause, &Policy::default(), t(at)) == Gate::Go
    }

    fn is_go(bucket: &Bucket, cause: Cause, at: i64) -> bool {
        bucket.gate(cause, &Policy::default(), t(at)) == Gate::Go
    }

    /// A bucket as the services keep it, told with every answer or not at all.
    fn run(
        window: Window,
        told: bool,
        hours: i64,
        mut wants: impl FnMut(i64, Cause) -> bool,
    ) -> Vec<(i64, Cause)> {
        let mut bucket = Bucket::new(Some(30), window);
        let (mut opened, mut used) = (0, 0);
        let mut sent = Vec::new();
        for second in (0..hours * 3_600).step_by(5) {
            let ask = Cause::ALL.into_iter().find(|c| wants(second, *c) && asks(&mut bucket, *c, second));
            let Some(cause) = ask else { continue };
            bucket.spend(cause, t(second));
            if told {
                if used == 0 || second >= opened + 3_600 {
                    (opened, used) = (second, 0);
                }
                used += 1;
                assert!(used <= 30, "overspent at {second}");
                let wait = TimeDelta::seconds(opened + 3_600 - second);
                bucket.tell(Some(30 - used), Some(wait), t(second));
            }
            sent.push((second, cause));
        }
        sent
    }

    fn count(sent: &[(i64, Cause)], cause: Cause) -> usize {
        sent.iter().filter(|(_, c)| *c == cause).count()
    }

    #[test]
    fn a_backfill_leaves_room_for_what_is_expected_and_takes_the_rest() {
        let mut bucket = Bucket::new(Some(30), Window::Anchored);
        let end = t(3_600);
        bucket.resets_at = Some(end);
        assert_eq!(bucket.promised(Cause::Backfill, t(0)), 6 + 2);
        assert_eq!(bucket.promised(Cause::Backfill, t(3_300)), 1 + 1, "five minutes before the reset");
        assert_eq!(bucket.promised(Cause::Sync, t(0)), 0);
        for _ in 0..12 {
            bucket.hours.note(Cause::Sync, t(-86_000));
        }
        assert_eq!(bucket.promised(Cause::Backfill, t(0)), 12 + 2, "as many as yesterday at this time");
    }

    #[test]
    fn the_interval_follows_what_is_left() {
        let (policy, wished) = (Policy::default(), TimeDelta::minutes(5));
        let mut bucket = Bucket::new(Some(30), Window::Anchored);
        assert_eq!(bucket.bearable(Cause::Health, &policy, wished, t(0)), wished);
        bucket.spend(Cause::Health, t(0));
        bucket.tell(Some(13), Some(TimeDelta::minutes(40)), t(0));
        let apart = bucket.bearable(Cause::Health, &policy, wished, t(0));
        assert_eq!(apart, TimeDelta::minutes(10), "4 above the reserves for 40 minutes");
        bucket.tell(Some(3), Some(TimeDelta::minutes(40)), t(1));
        let apart = bucket.bearable(Cause::Health, &policy, wished, t(1));
        assert_eq!(apart, TimeDelta::minutes(40), "nothing above them: not before the reset");
    }

    #[test]
    fn every_class_gets_its_turn_in_every_window() {
        for (window, told) in [(Window::Rolling, false), (Window::Anchored, true)] {
            let sent = run(window, told, 6, |_, cause| cause >= Cause::Sync);
            for hour in 0..5 {
                for cause in [Cause::Sync, Cause::Gapfill, Cause::Health, Cause::Backfill, Cause::Curiosity] {
                    // Those above are never satisfied here; a rolling window frees its places a little later each.
                    let span = hour * 3_600..(hour + 1) * 3_600 + 300;
                    let turns = sent.iter().filter(|(at, c)| *c == cause && span.contains(at)).count();
                    assert!(turns >= 1, "{cause:?} had no turn in hour {hour} ({window:?})");
                }
            }
        }
    }

    #[test]
    fn what_nobody_needs_is_used() {
        let sent = run(Window::Anchored, true, 4, |_, cause| cause == Cause::Backfill);
        let used = count(&sent, Cause::Backfill);
        assert!(used >= 4 * 18, "{used} of 84 above the reserves");
    }

    proptest! {
        /// Whatever is asked for, and whether the service tells its numbers or not: the reserves stay.
        #[test]
        fn reserves_are_never_touched_from_below(
            asks in prop::collection::vec((0i64..600, 0usize..7), 1..150),
            rolling in any::<bool>(),
        ) {
            let window = if rolling { Window::Rolling } else { Window::Anchored };
            let mut bucket = Bucket::new(Some(30), window);
            let mut now = 0;
            for (gap, cause) in asks {
                now += gap;
                bucket.roll(t(now));
                let (cause, left) = (Cause::ALL[cause], bucket.remaining().unwrap());
                if is_go(&bucket, cause, now) {
                    let kept = match cause { Cause::Person => 0, Cause::Repair => 6, _ => 9 };
                    prop_assert!(left > kept, "{cause:?} took from what is kept: {left}");
                    bucket.spend(cause, t(now));
                }
            }
        }

        /// Who may go, lets nobody above wait, but for the one turn that is due to a class that had none.
        #[test]
        fn nobody_overtakes_a_higher_class(
            calls in prop::collection::vec((0i64..3_600, 0usize..7), 0..30),
            habits in prop::collection::vec((0usize..7, 0i64..168), 0..60),
            at in 3_600i64..5_000,
            reset in prop::option::of(0i64..3_600),
        ) {
            let mut bucket = Bucket::new(Some(30), Window::Anchored);
            for (cause, hours) in habits { bucket.hours.note(Cause::ALL[cause], t(-hours * 3_600)); }
            bucket.calls = calls.into_iter().map(|(s, c)| (t(s), Cause::ALL[c])).collect();
            bucket.calls.sort_unstable();
            bucket.resets_at = reset.map(|s| t(at + s));
            bucket.roll(t(at));
            for (place, low) in Cause::ALL.into_iter().enumerate() {
                if !bucket.is_starved(low) && is_go(&bucket, low, at) {
                    for high in &Cause::ALL[..place] {
                        prop_assert!(is_go(&bucket, *high, at), "{low:?} goes, {high:?} waits");
                    }
                }
            }
        }

        /// A class whose work comes as it came yesterday never waits for one below it.
        #[test]
        fn lower_classes_do_not_make_higher_ones_wait(seconds in prop::collection::vec(0i64..3_600, 1..12)) {
            let mut bucket = Bucket::new(Some(30), Window::Rolling);
            for _ in &seconds { bucket.hours.note(Cause::Sync, t(-86_400)); }
            let mut seconds = seconds;
            seconds.sort_unstable();
            let mut next = seconds.into_iter().peekable();
            for second in 0..3_600 {
                bucket.roll(t(second));
                while next.next_if(|at| *at <= second).is_some() {
                    prop_assert!(is_go(&bucket, Cause::Sync, second), "waits at {second}");
                    bucket.spend(Cause::Sync, t(second));
                }
                if is_go(&bucket, Cause::Backfill, second) { bucket.spend(Cause::Backfill, t(second)); }
            }
        }

        /// A clock that jumps never makes a wait longer than a window, and never frees more than time has passed.
        #[test]
        fn a_clock_set_back_makes_no_endless_wait(calls in prop::collection::vec(0i64..3_000, 1..40), back in 0i64..1_000_000) {
            let mut bucket = Bucket::new(Some(30), Window::Rolling);
            let mut calls = calls;
            calls.sort_unstable();
            for at in calls { bucket.spend(Cause::Sync, t(at)); }
            let (before, now) = (bucket.remaining(), t(3_000 - back));
            bucket.roll(now);
            prop_assert!(bucket.remaining() <= before.max(Some(0)));
            if let Gate::Wait(until) = bucket.gate(Cause::Sync, &Policy::default(), now) {
                prop_assert!(until <= now + HOUR + TimeDelta::minutes(1));
            }
        }
    }
}
