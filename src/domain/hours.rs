//! What was spent, hour by hour and cause by cause: the ledger of a bucket, and the habits that a forecast rests on.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::quota::Cause;

/// How long hours are remembered: a week, so that Monday knows Monday.
pub const KEPT: TimeDelta = TimeDelta::days(8);
/// Days that a habit is taken from.
const DAYS: i64 = 7;

/// Requests of one hour by cause; `others` are those of other programs, as far as the service's numbers show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// Our own, by cause.
    pub own: BTreeMap<Cause, u32>,
    /// Of other programs.
    #[serde(default)]
    pub others: u32,
    /// Entries that a target confirmed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub synced: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Hour {
    /// All of it.
    pub fn total(&self) -> u32 {
        self.own.values().sum::<u32>() + self.others
    }

    fn add(&mut self, other: &Self) {
        for (cause, requests) in &other.own {
            *self.own.entry(*cause).or_default() += requests;
        }
        self.others += other.others;
        self.synced += other.synced;
    }

    /// Of one cause.
    pub fn of(&self, cause: Cause) -> u32 {
        self.own.get(&cause).copied().unwrap_or(0)
    }
}

/// The hours of one bucket, by whole hours since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(BTreeMap<i64, Hour>);

/// The number of the hour that a moment lies in.
pub fn hour_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(3_600)
}

impl Hours {
    /// Puts back an hour that was kept.
    pub fn restore(&mut self, number: i64, hour: Hour) {
        self.0.insert(number, hour);
    }

    /// Notes a request of ours.
    pub fn note(&mut self, cause: Cause, at: DateTime<Utc>) {
        *self.at(at).own.entry(cause).or_default() += 1;
    }

    /// A request of ours never left.
    pub fn take_back(&mut self, cause: Cause, at: DateTime<Utc>) {
        if let Some(spent) = self.at(at).own.get_mut(&cause) {
            *spent = spent.saturating_sub(1);
        }
    }

    /// Notes an entry that a target confirmed.
    pub fn note_synced(&mut self, at: DateTime<Utc>) {
        self.at(at).synced += 1;
    }

    /// Notes requests of other programs.
    pub fn note_others(&mut self, requests: u32, at: DateTime<Utc>) {
        self.at(at).others += requests;
    }

    fn at(&mut self, at: DateTime<Utc>) -> &mut Hour {
        let oldest = hour_of(at - KEPT);
        self.0.retain(|number, _| *number >= oldest);
        self.0.entry(hour_of(at)).or_default()
    }

    /// All that is remembered, oldest first.
    pub fn all(&self) -> impl Iterator<Item = (i64, &Hour)> {
        self.0.iter().map(|(number, hour)| (*number, hour))
    }

    /// An hour by its number.
    pub fn at_hour(&self, number: i64) -> Hour {
        self.0.get(&number).cloned().unwrap_or_default()
    }

    /// The last `count` hours, oldest first, this one last.
    pub fn last(&self, count: usize, now: DateTime<Utc>) -> Vec<Hour> {
        let newest = hour_of(now);
        let from = newest + 1 - i64::try_from(count).unwrap_or(24);
        let mut last: Vec<Hour> = (from..=newest).map(|number| self.at_hour(number)).collect();
        if let Some(present) = last.last_mut() {
            // What lies ahead was noted by a clock that has been set back since: it counts as of now.
            self.0.range(newest + 1..).for_each(|(_, ahead)| present.add(ahead));
        }
        last
    }

    /// The most that a cause took in an hour around this time of the day within the last week, or in the hour just past.
    pub fn habit(&self, cause: Cause, now: DateTime<Utc>) -> u32 {
        let hour = hour_of(now);
        let near = |day: i64| (-1..=1).map(move |by| hour - 24 * day + by);
        let days = (1..=DAYS).flat_map(near);
        let seen = days.chain([hour - 1]).filter_map(|number| self.0.get(&number));
        seen.map(|hour| hour.of(cause)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn t(hours: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_699_999_200 + hours * 3_600, 0).unwrap()
    }

    #[test]
    fn a_habit_is_that_of_the_same_time_of_day() {
        let mut hours = Hours::default();
        for _ in 0..7 {
            hours.note(Cause::Sync, t(10));
        }
        assert_eq!(hours.habit(Cause::Sync, t(34)), 7, "a day later at the same hour");
        assert_eq!(hours.habit(Cause::Sync, t(33)), 7, "an hour before, it is near");
        assert_eq!(hours.habit(Cause::Sync, t(40)), 0, "in the evening");
        assert_eq!(hours.habit(Cause::Backfill, t(34)), 0);
        assert_eq!(hours.habit(Cause::Sync, t(10 + 24 * 8)), 0, "forgotten after a week");
    }

    #[test]
    fn what_a_clock_noted_that_was_ahead_counts_as_of_now() {
        let mut hours = Hours::default();
        hours.note(Cause::Sync, t(5));
        hours.note(Cause::Sync, t(2));
        let totals: Vec<u32> = hours.last(3, t(2)).iter().map(Hour::total).collect();
        assert_eq!(totals, [0, 0, 2]);
        assert_eq!(hours.last(1, t(5))[0].total(), 1, "and each hour has its own once it is reached");
    }

    #[test]
    fn the_last_hours_are_in_order_and_old_ones_go() {
        let mut hours = Hours::default();
        hours.note(Cause::Person, t(0));
        hours.note_others(4, t(2));
        let totals: Vec<u32> = hours.last(4, t(2)).iter().map(Hour::total).collect();
        assert_eq!(totals, [0, 1, 0, 4]);
        hours.note(Cause::Person, t(24 * 9));
        assert_eq!(hours.0.len(), 1);
    }
}
