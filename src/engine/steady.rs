//! Tells a clock that was set from time that passed, so that a quota window neither ends early nor lasts for days.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Clocks that differ by less than this agree.
const SLACK: TimeDelta = TimeDelta::seconds(5);

/// A service's clock may differ by so much: the answer took its time, and nobody counts seconds here.
const APART: TimeDelta = TimeDelta::minutes(2);

/// What to say of a clock that is not the service's; `None` while they agree.
pub fn apart(ours: DateTime<Utc>, theirs: DateTime<Utc>, service: &str) -> Option<String> {
    let by = ours - theirs;
    if by.abs() < APART {
        return None;
    }
    let minutes = by.num_minutes().abs();
    let long = if minutes < 120 {
        format!("{minutes} min")
    } else {
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    };
    let side = if by > TimeDelta::zero() { "ahead of" } else { "behind" };
    Some(format!(
        "this machine's clock is {long} {side} {service}'s; set it. Quotas go by time that passes and stay right"
    ))
}

/// What the clocks showed when they were looked at last.
#[derive(Clone, Debug)]
pub struct Steady {
    wall: DateTime<Utc>,
    ticks: Instant,
    uptime: Option<i64>,
}

impl Steady {
    /// Looks for the first time.
    pub fn new(wall: DateTime<Utc>) -> Self {
        Self { wall, ticks: Instant::now(), uptime: uptime() }
    }

    /// How far the wall clock was set since the last look, if it was. A machine that slept is not a clock that was set:
    /// its uptime went on.
    pub fn set_by(&mut self, wall: DateTime<Utc>) -> Option<TimeDelta> {
        let now = Self::new(wall);
        let by_wall = wall - self.wall;
        let by_ticks = TimeDelta::from_std(now.ticks - self.ticks).unwrap_or_default();
        let slept = match (self.uptime, now.uptime) {
            (Some(before), Some(after)) => (by_wall - TimeDelta::seconds(after - before)).abs() <= SLACK,
            _ => false,
        };
        *self = now;
        let jump = by_wall - by_ticks;
        (jump.abs() > SLACK && !slept).then_some(jump)
    }
}

/// Seconds since the machine started, sleep included.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn uptime() -> Option<i64> {
    Some(rustix::system::sysinfo().uptime)
}

/// Seconds since the machine started, sleep included; not known here.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn uptime() -> Option<i64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_told_and_a_slow_answer_is_not() {
        let now = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
        assert_eq!(apart(now + TimeDelta::seconds(40), now, "Toggl"), None);
        let ahead = apart(now + TimeDelta::minutes(185), now, "Toggl").unwrap();
        assert!(ahead.starts_with("this machine's clock is 3 h 05 min ahead of Toggl's; set it"), "{ahead}");
        let behind = apart(now - TimeDelta::minutes(61), now, "Toggl").unwrap();
        assert!(behind.contains("61 min behind Toggl's"), "{behind}");
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_clock_that_was_set_is_noticed() {
        let start = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
        let mut steady = Steady::new(start);
        tokio::time::advance(std::time::Duration::from_secs(7_200)).await;
        assert_eq!(steady.set_by(start + TimeDelta::hours(2)), None, "time passed");
        assert_eq!(steady.set_by(start + TimeDelta::hours(5)), Some(TimeDelta::hours(3)));
        assert_eq!(steady.set_by(start + TimeDelta::hours(4)), Some(TimeDelta::hours(-1)));
        assert_eq!(steady.set_by(start + TimeDelta::hours(4) + TimeDelta::seconds(2)), None, "it drifts");
    }
}
