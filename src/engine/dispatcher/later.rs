//! When a task that ended without effect is tried again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::strain::{Strain, Strained};
use crate::engine::call::CallError;

/// After this, then after twice as long, …
const RETRY: TimeDelta = TimeDelta::seconds(2);
/// … up to this.
const LONGEST_RETRY: TimeDelta = TimeDelta::minutes(5);

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    /// Not before this.
    pub until: DateTime<Utc>,
    tries: u32,
}

impl Later {
    /// After one more try without effect. Waiting for quota or pace is no failure, and where the service itself is in
    /// trouble its next try is the task's: what waits for it goes as soon as it is back.
    pub fn after(
        old: Option<Self>,
        error: &CallError,
        strained: Option<Strained>,
        now: DateTime<Utc>,
    ) -> Self {
        let tries = old.map_or(0, |l| l.tries);
        match (error, strained) {
            (CallError::NotBefore(until), _) => Self { until: *until, tries },
            (
                CallError::Failed(failure),
                Some(Strained { by: Strain::Server | Strain::Network, until, .. }),
            ) if failure.strain().is_some_and(|by| by == Strain::Server || by == Strain::Network) => {
                Self { until: until.max(now), tries }
            }
            _ => {
                let wait = RETRY * 2_i32.pow(tries.min(10));
                Self { until: now + wait.min(LONGEST_RETRY), tries: tries + 1 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::http::Failure;

    fn t(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + s, 0).unwrap()
    }

    #[test]
    fn one_that_fails_alone_waits_ever_longer_and_one_of_many_waits_for_the_service() {
        let down = CallError::Failed(Failure::Server { status: 503, text: String::new() });
        let mut alone = Later::after(None, &down, None, t(0));
        let waits: Vec<i64> = (0..10)
            .map(|_| {
                let wait = (alone.until - t(0)).num_seconds();
                alone = Later::after(Some(alone), &down, None, t(0));
                wait
            })
            .collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        let strained = Some(Strained { by: Strain::Server, until: t(30), times: 7 });
        assert_eq!(Later::after(Some(alone), &down, strained, t(0)).until, t(30));
        let missing = CallError::Failed(Failure::Missing(String::new()));
        assert_eq!(Later::after(None, &missing, strained, t(0)).until, t(2), "that is its own trouble");
    }
}
