//! Where a quota bucket will stand at its reset, by the pace of the last hour. An estimate for a meter, no gate.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::policy::Policy;
use super::quota::{Bucket, Cause, HOUR, Window};

/// A pace is taken over at least this long, so that a burst at a start does not look like a habit.
const LEAST: TimeDelta = TimeDelta::minutes(30);

/// What is expected of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Requests until the reset.
    pub expected: u32,
    /// When nothing would be left, if before the reset; whole minutes.
    pub dry_at: Option<DateTime<Utc>>,
}

/// When the bucket is full again: by the service's word, else by our own count.
pub fn resets_at(bucket: &Bucket) -> Option<DateTime<Utc>> {
    let counted = match bucket.window {
        Window::Anchored => bucket.calls.first(),
        Window::Rolling => bucket.calls.last(),
    };
    bucket.resets_at.or_else(|| counted.map(|(at, _)| *at + HOUR))
}

/// The forecast at `now`. Background work stops at what is kept for others, so only a person or another program
/// can run a bucket dry.
pub fn forecast(bucket: &Bucket, policy: &Policy, now: DateTime<Utc>) -> Forecast {
    let (Some(remaining), Some(end)) = (bucket.remaining(), resets_at(bucket)) else {
        return Forecast::default();
    };
    if end <= now || remaining <= 0 {
        return Forecast::default();
    }
    let recent = |cause: &Cause, at: &DateTime<Utc>| (*at + HOUR > now).then_some(*cause);
    let causes: Vec<Cause> = bucket.calls.iter().filter_map(|(at, cause)| recent(cause, at)).collect();
    let own = causes.iter().filter(|c| **c == Cause::Person).count() as i64;
    let free = own + i64::from(bucket.others());
    let background = causes.len() as i64 - own;
    let elapsed = (end - HOUR - now).abs().clamp(LEAST, HOUR).num_seconds();
    let left = (end - now).num_seconds();
    let ahead = |spent: i64| (spent * left + elapsed / 2) / elapsed;
    let room = (remaining - bucket.kept_from(Cause::Sync, policy)).max(0);
    let expected = (ahead(background).min(room) + ahead(free)).min(remaining);
    let runs_dry = free > 0 && expected >= remaining;
    let dry_at = runs_dry.then(|| {
        let rate = (free + background).max(1);
        let at = now + TimeDelta::seconds(remaining * elapsed / rate).min(end - now);
        at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
    });
    // Dry in the minute in which all comes back is nobody's trouble.
    let dry_at = dry_at.filter(|at| *at + TimeDelta::minutes(1) < end);
    Forecast { expected: u32::try_from(expected).unwrap_or(0), dry_at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(minutes: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_700_000_040 + minutes * 60, 0).unwrap()
    }

    fn spent(cause: Cause, calls: i64) -> Bucket {
        let mut b = Bucket::new(Some(30), Window::Anchored);
        (0..calls).for_each(|_| b.spend(cause, t(0)));
        b
    }

    #[test]
    fn background_work_alone_never_runs_dry() {
        let b = spent(Cause::Sync, 15);
        let f = forecast(&b, &Policy::default(), t(30));
        assert_eq!(f, Forecast { expected: 6, dry_at: None }, "9 of 30 are kept");
    }

    #[test]
    fn a_person_in_a_hurry_runs_dry() {
        let b = spent(Cause::Person, 20);
        let f = forecast(&b, &Policy::default(), t(30));
        assert_eq!(f, Forecast { expected: 10, dry_at: Some(t(45)) });
    }

    #[test]
    fn dry_in_the_minute_of_the_reset_is_not_dry() {
        let b = spent(Cause::Person, 15);
        let f = forecast(&b, &Policy::default(), t(30));
        assert_eq!(f, Forecast { expected: 15, dry_at: None }, "the last one goes when all come back");
    }

    #[test]
    fn a_burst_at_the_start_is_no_habit() {
        let b = spent(Cause::Health, 4);
        assert_eq!(forecast(&b, &Policy::default(), t(1)).dry_at, None);
        assert_eq!(resets_at(&b), Some(t(60)));
        assert_eq!(
            forecast(&Bucket::new(None, Window::Rolling), &Policy::default(), t(0)),
            Forecast::default()
        );
    }

    proptest! {
        #[test]
        fn never_more_is_expected_than_is_left(calls in prop::collection::vec((0i64..60, 0usize..3), 0..40), at in 0i64..80) {
            let mut b = Bucket::new(Some(30), Window::Anchored);
            let mut calls = calls;
            calls.sort_unstable();
            for (minute, cause) in calls {
                b.calls.push((t(minute), [Cause::Person, Cause::Sync, Cause::Health][cause]));
            }
            b.roll(t(at));
            let f = forecast(&b, &Policy::default(), t(at));
            prop_assert!(i64::from(f.expected) <= b.remaining().unwrap());
            if let (Some(dry), Some(end)) = (f.dry_at, resets_at(&b)) { prop_assert!(dry <= end); }
        }
    }
}
