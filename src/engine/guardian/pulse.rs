//! Notices that this process stood still, because the machine slept or somebody stopped it: what was delivered
//! meanwhile failed, and no probe of ours saw it. Reads the wall clock only, which goes on while everything else stands.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};

use super::care;
use crate::domain::id::Account;
use crate::engine::Shared;
use crate::engine::desk::{DeskError, Desked};

/// The clock is looked at this often.
pub const TICK: TimeDelta = TimeDelta::seconds(5);
/// So much later than meant is no busy machine any more; a delivery waits that long for its answer.
const LATE: TimeDelta = TimeDelta::seconds(10);

/// How long the process stood still since the guardian asked last.
#[derive(Clone, Default)]
pub struct Stood(Arc<Mutex<Option<TimeDelta>>>);

impl Stood {
    /// Takes it, so that it is acted on once.
    pub fn take(&self) -> Option<TimeDelta> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn add(&self, time: TimeDelta) {
        let mut stood = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *stood = Some(stood.unwrap_or_default().max(time));
    }
}

/// Whether the time between two looks was a standstill.
fn is_still(last: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - last >= TICK + LATE
}

/// Looks at the clock until the engine stops.
pub async fn watch(engine: &Shared, account: &Account, stood: &Stood) -> Desked<()> {
    let mut last = engine.seams.now();
    loop {
        engine.seams.sleep_until(last + TICK).await;
        let now = engine.seams.now();
        if is_still(last, now) {
            match care::note_pause(engine, account, last, now) {
                // Nothing is judged while the cache is away.
                Ok(()) | Err(DeskError::NotReady) => {}
                Err(e) => return Err(e),
            }
            stood.add(now - last);
            engine.wakes.guard.notify_waiters();
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_moment_and_a_clock_that_is_set_back_are_no_standstill() {
        let last = DateTime::<Utc>::UNIX_EPOCH;
        for (seconds, still) in [(5, false), (14, false), (15, true), (65, true), (-3_600, false)] {
            assert_eq!(is_still(last, last + TimeDelta::seconds(seconds)), still, "{seconds}");
        }
    }
}
