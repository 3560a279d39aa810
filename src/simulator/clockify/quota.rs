//! The request limit of the workspace: rolling windows, counted over all keys together.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::Plan;

/// Requests that were let through, by time; those older than an hour are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Quota {
    spent: VecDeque<DateTime<Utc>>,
}

impl Quota {
    /// The window and its limit: newly made Free workspaces 30 an hour, paid ones 50 a second.
    fn window(plan: Plan) -> (TimeDelta, usize) {
        match plan {
            Plan::Free => (TimeDelta::hours(1), 30),
            Plan::Paid => (TimeDelta::seconds(1), 50),
        }
    }

    fn used(&self, plan: Plan, now: DateTime<Utc>) -> usize {
        let since = now - Self::window(plan).0;
        self.spent.iter().rev().take_while(|spent| **spent > since).count()
    }

    /// Requests left in the window that ends now.
    pub fn remaining(&self, plan: Plan, now: DateTime<Utc>) -> i64 {
        Self::window(plan).1 as i64 - self.used(plan, now) as i64
    }

    /// Lets one request through, or says in how many seconds there is room again. Refused ones don't count.
    pub fn take(&mut self, plan: Plan, now: DateTime<Utc>) -> Result<(), i64> {
        let (window, limit) = Self::window(plan);
        while self.spent.front().is_some_and(|spent| *spent <= now - TimeDelta::hours(1)) {
            self.spent.pop_front();
        }
        let used = self.used(plan, now);
        if used < limit {
            self.spent.push_back(now);
            return Ok(());
        }
        // Room comes when all but `limit - 1` of the window's requests have left it.
        let leaving = self.spent[self.spent.len() - limit];
        Err(((leaving + window - now).num_milliseconds() + 999).max(1000) / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_free_hour_rolls() {
        let mut quota = Quota::default();
        for minute in 0..30 {
            assert_eq!(quota.take(Plan::Free, at(minute * 60)), Ok(()));
        }
        assert_eq!(quota.take(Plan::Free, at(1800)), Err(1800));
        assert_eq!(quota.remaining(Plan::Free, at(3599)), 0);
        assert_eq!(quota.take(Plan::Free, at(3600)), Ok(()));
        assert_eq!(quota.take(Plan::Free, at(3600)), Err(60));
        assert_eq!(quota.remaining(Plan::Free, at(3660)), 1);
    }

    #[test]
    fn the_paid_second_rolls() {
        let mut quota = Quota::default();
        for _ in 0..50 {
            assert_eq!(quota.take(Plan::Paid, at(10)), Ok(()));
        }
        assert_eq!(quota.take(Plan::Paid, at(10)), Err(1));
        assert_eq!(quota.take(Plan::Paid, at(11)), Ok(()));
        assert_eq!(quota.remaining(Plan::Paid, at(11)), 49);
    }

    #[test]
    fn a_downgrade_counts_the_last_hour() {
        let mut quota = Quota::default();
        for second in 0..40 {
            assert_eq!(quota.take(Plan::Paid, at(second)), Ok(()));
        }
        assert_eq!(quota.remaining(Plan::Free, at(60)), -10);
        assert_eq!(quota.take(Plan::Free, at(60)), Err(3550));
    }
}
