//! Two buckets that turn out to be one: what was spent for an owner who was not known yet counts for the one it was.

use chrono::{DateTime, Utc};

use super::quota::Bucket;

impl Bucket {
    /// Takes over what was spent and told in the other, which is the newer of the two. Its own count of other programs'
    /// calls is not believed: it knew nothing of the calls that are listed here.
    pub fn absorb(&mut self, newer: &Bucket, now: DateTime<Utc>) {
        let mut newer = newer.clone();
        newer.roll(now);
        self.roll(now);
        for (at, cause) in newer.calls {
            self.calls.push((at, cause));
            self.hours.note(cause, at);
        }
        self.calls.sort();
        if let Some(told) = newer.told {
            let resets_in = newer.resets_at.map(|at| at - told.at);
            self.tell(Some(told.remaining), resets_in, told.at);
        }
        self.dry_until = newer.dry_until.or(self.dry_until);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};

    use super::*;
    use crate::domain::quota::{Cause, Window};

    fn t(minutes: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_700_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    #[test]
    fn what_both_spent_counts_once_and_the_newer_number_holds() {
        let mut own = Bucket::new(Some(30), Window::Anchored);
        for minute in 0..4 {
            own.spend(Cause::Sync, t(minute));
        }
        own.tell(Some(26), Some(TimeDelta::minutes(57)), t(3));
        let mut newer = Bucket::new(Some(30), Window::Anchored);
        newer.spend(Cause::Person, t(5));
        newer.tell(Some(25), Some(TimeDelta::minutes(55)), t(5));
        own.absorb(&newer, t(5));
        assert_eq!((own.limit, own.calls.len(), own.remaining(), own.others()), (Some(30), 5, Some(25), 0));
        assert_eq!(own.resets_at, Some(t(60)));
        assert_eq!(own.hours.last(24, t(5)).iter().map(|hour| hour.total()).sum::<u32>(), 5);
    }

    #[test]
    fn one_that_was_never_told_anything_only_adds_its_calls() {
        let mut own = Bucket::new(Some(30), Window::Anchored);
        own.spend(Cause::Sync, t(0));
        own.tell(Some(20), Some(TimeDelta::minutes(60)), t(0));
        let mut newer = Bucket::new(Some(30), Window::Anchored);
        newer.spend(Cause::Person, t(1));
        own.absorb(&newer, t(1));
        assert_eq!((own.calls.len(), own.remaining(), own.resets_at), (2, Some(19), Some(t(60))));
    }
}
