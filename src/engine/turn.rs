//! Whose call leaves next: one after another per source account, key presses before all else, and nobody holds the lane
//! while it waits for quota.

use chrono::TimeDelta;
use tokio::sync::MutexGuard;

use crate::domain::id::Account;
use crate::domain::quota::{Cause, Gate};
use crate::services::http::Charge;

use super::Engine;
use super::call::{Ask, CallError, Patience, payer};

/// A wait up to this is the pace; a longer one is quota or a breaker.
const PACE: TimeDelta = TimeDelta::seconds(3);

/// A turn that was given: the lane is held until the answer has been noted.
pub struct Turn<'a> {
    /// The bucket that paid.
    pub bucket: Option<String>,
    _lane: Option<MutexGuard<'a, ()>>,
}

/// A key press that waits for its turn.
struct Ahead<'a> {
    engine: &'a Engine,
    account: &'a Account,
}

impl<'a> Ahead<'a> {
    fn new(engine: &'a Engine, account: &'a Account) -> Self {
        let ahead = Self { engine, account };
        ahead.count(|persons| persons + 1);
        ahead
    }

    fn count(&self, change: impl Fn(u32) -> u32) {
        if let Some(running) = self.engine.state().running.get_mut(self.account) {
            running.persons = change(running.persons);
        }
    }
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        self.count(|persons| persons.saturating_sub(1));
    }
}

impl Engine {
    /// Waits for the turn, then notes the spend durably.
    pub(super) async fn admit(
        &self,
        account: &Account,
        charge: Charge,
        Ask { cause, patience, knocks }: Ask,
    ) -> Result<Turn<'_>, CallError> {
        loop {
            let ahead = (cause == Cause::Person).then(|| Ahead::new(self, account));
            let lane = match self.lanes.get(account) {
                Some(lane) => Some(lane.lock().await),
                None => None,
            };
            let until = {
                let mut state = self.state();
                let bucket = payer(&state, account, charge);
                match self.gate(&mut state, account, bucket.as_deref(), cause, knocks)? {
                    Gate::Go => {
                        self.spend(&mut state, account, bucket.as_deref(), cause)?;
                        drop(state);
                        return Ok(Turn { bucket, _lane: lane });
                    }
                    Gate::Wait(until) => until,
                }
            };
            drop(lane);
            let short = until <= self.seams.now() + PACE;
            if !short && matches!(patience, Patience::Short) {
                return Err(CallError::NotBefore(until));
            }
            // Who waits for quota keeps nobody else from going.
            let _ahead = ahead.filter(|_| short);
            self.seams.sleep_until(until).await;
        }
    }
}
