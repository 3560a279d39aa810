//! Plans, the two hourly quota buckets and the burst limit.
//!
//! A window opens with the first call and lasts 60 minutes; then the count starts anew with the next call.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::form::refuse;
use crate::simulator::call::Reply;

/// What the organization pays for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// 30 calls an hour, one subscription with three filters.
    Free,
    /// 240 calls an hour, two subscriptions with six filters.
    Starter,
    /// 600 calls an hour, three subscriptions with twelve filters.
    #[default]
    Premium,
}

impl Plan {
    /// Calls an hour in the organization's bucket.
    pub fn calls(self) -> i64 {
        match self {
            Self::Free => 30,
            Self::Starter => 240,
            Self::Premium => 600,
        }
    }

    /// Enabled subscriptions per workspace, and filters per subscription.
    pub fn webhooks(self) -> (usize, u32) {
        match self {
            Self::Free => (1, 3),
            Self::Starter => (2, 6),
            Self::Premium => (3, 12),
        }
    }

    /// The name the organization shows.
    pub fn title(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Starter => "Starter",
            Self::Premium => "Premium",
        }
    }
}

/// Calls an hour in everybody's own bucket.
pub const USER_CALLS: i64 = 30;
/// Calls that may come at once before a client has to keep to one a second.
const BURST: f64 = 10.0;

/// The bucket that a call charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// `/me…`, per person.
    User(i64),
    /// Whatever names a workspace or organization: per organization and person.
    Organization(i64, i64),
}

impl Bucket {
    /// The name under `/requests`: `org:6660001`, `user:5550001`.
    pub fn name(self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::Organization(id, _) => format!("org:{id}"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Window {
    opened: DateTime<Utc>,
    used: i64,
}

/// How much is left in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Calls left; negative after a downgrade.
    pub remaining: i64,
    /// Seconds until the window ends.
    pub resets_in: i64,
    /// Size of the bucket.
    pub total: i64,
}

/// All windows, and the burst level of every token.
#[derive(Debug, Default)]
pub struct Quota {
    windows: BTreeMap<Bucket, Window>,
    levels: BTreeMap<String, (f64, DateTime<Utc>)>,
}

const HOUR: TimeDelta = TimeDelta::minutes(60);

impl Quota {
    /// What is left, without charging.
    pub fn left(&self, bucket: Bucket, plan: Plan, now: DateTime<Utc>) -> Left {
        let total = match bucket {
            Bucket::User(_) => USER_CALLS,
            Bucket::Organization(..) => plan.calls(),
        };
        match self.windows.get(&bucket).filter(|window| now < window.opened + HOUR) {
            Some(window) => {
                let rest = (window.opened + HOUR - now).num_milliseconds();
                Left { remaining: total - window.used, resets_in: (rest + 999) / 1000, total }
            }
            None => Left { remaining: total, resets_in: HOUR.num_seconds(), total },
        }
    }

    /// Charges one call, or says 402; a refused call is not counted.
    pub fn charge(&mut self, bucket: Bucket, plan: Plan, now: DateTime<Utc>) -> Result<(), Reply> {
        let left = self.left(bucket, plan, now);
        if left.remaining <= 0 {
            return Err(exhausted(left.resets_in));
        }
        let window = self.windows.entry(bucket).or_insert(Window { opened: now, used: 0 });
        if now >= window.opened + HOUR {
            *window = Window { opened: now, used: 0 };
        }
        window.used += 1;
        Ok(())
    }

    /// Lets a call through the leaky bucket of a token, which drains one call a second, or says 429.
    pub fn pace(&mut self, token: &str, now: DateTime<Utc>) -> Result<(), Reply> {
        let (level, seen) = self.levels.entry(token.to_owned()).or_insert((0.0, now));
        let passed = (now - *seen).num_milliseconds().max(0) as f64 / 1000.0;
        *level = (*level - passed).max(0.0);
        *seen = now;
        if *level + 1.0 > BURST {
            return Err(too_fast());
        }
        *level += 1.0;
        Ok(())
    }
}

/// The quota's 402.
pub fn exhausted(resets_in: i64) -> Reply {
    refuse(
        StatusCode::PAYMENT_REQUIRED,
        format!("You have hit your hourly limit for API calls. The quota will reset in {resets_in} seconds."),
    )
    .with(REMAINING, 0)
    .with(RESETS_IN, resets_in)
}

/// The burst limit's 429.
pub fn too_fast() -> Reply {
    refuse(StatusCode::TOO_MANY_REQUESTS, "Too many requests")
}

/// Calls left in the bucket that was charged.
pub const REMAINING: &str = "X-Toggl-Quota-Remaining";
/// Seconds until the window of that bucket ends.
pub const RESETS_IN: &str = "X-Toggl-Quota-Resets-In";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_window_opens_with_the_first_call_and_refills_at_once() {
        let (mut quota, bucket) = (Quota::default(), Bucket::User(7));
        for second in 0..30 {
            assert!(quota.charge(bucket, Plan::Free, at(second)).is_ok());
        }
        let refusal = quota.charge(bucket, Plan::Free, at(3599)).unwrap_err();
        assert_eq!(refusal.status, StatusCode::PAYMENT_REQUIRED);
        assert_eq!(refusal.header(RESETS_IN), Some("1"));
        assert!(quota.charge(bucket, Plan::Free, at(3600)).is_ok());
        assert_eq!(quota.left(bucket, Plan::Free, at(3600)).remaining, 29);
        assert_eq!(quota.left(bucket, Plan::Free, at(3600)).resets_in, 3600);
    }

    #[test]
    fn buckets_count_apart_and_a_plan_switch_counts_at_once() {
        let (mut quota, org) = (Quota::default(), Bucket::Organization(6, 7));
        for _ in 0..31 {
            assert!(quota.charge(org, Plan::Starter, at(0)).is_ok());
        }
        assert_eq!(quota.left(Bucket::Organization(6, 8), Plan::Starter, at(0)).remaining, 240);
        assert!(quota.charge(org, Plan::Free, at(1)).is_err());
        assert!(quota.charge(org, Plan::Premium, at(1)).is_ok());
    }

    #[test]
    fn one_call_a_second_always_passes_and_a_storm_does_not() {
        let mut quota = Quota::default();
        for second in 0..100 {
            assert!(quota.pace("a", at(second)).is_ok());
        }
        let stormed = (0..20).filter(|_| quota.pace("b", at(0)).is_err()).count();
        assert_eq!(stormed, 10);
        assert!(quota.pace("b", at(1)).is_ok());
        assert!(quota.pace("b", at(1)).is_err());
    }
}
