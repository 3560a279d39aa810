//! The clocks of a world: tokio's paused time from a start of its own, and a skew for the engine's machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Both clocks; clones share the skew.
#[derive(Clone)]
pub struct Time {
    start: DateTime<Utc>,
    origin: Instant,
    skew_ms: Arc<AtomicI64>,
}

impl Time {
    /// Begins now, inside the world's runtime.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self { start, origin: Instant::now(), skew_ms: Arc::new(AtomicI64::new(0)) }
    }

    /// What the services' clocks show: they are right.
    pub fn now(&self) -> DateTime<Utc> {
        self.start + TimeDelta::from_std(self.origin.elapsed()).unwrap_or_default()
    }

    /// What the clock of the engine's machine shows.
    pub fn engine(&self) -> DateTime<Utc> {
        self.now() + TimeDelta::milliseconds(self.skew_ms.load(Ordering::Relaxed))
    }

    /// Sets how far the engine's clock is off.
    pub fn set_skew(&self, skew: TimeDelta) {
        self.skew_ms.store(skew.num_milliseconds(), Ordering::Relaxed);
    }

    /// Seconds since the start, for the trace.
    pub fn elapsed_s(&self) -> f64 {
        self.origin.elapsed().as_secs_f64()
    }
}

/// Lets simulated seconds pass.
pub async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
