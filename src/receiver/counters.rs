//! What came in, in numbers. Since the start of the process; written by the receiver, read by engine and metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Stored and answered 2xx.
    Accepted,
    /// A PING, stored and answered 2xx.
    Ping,
    /// A byte-exact copy of a durable delivery, answered 2xx.
    Duplicate,
    /// Not believed, answered 401.
    Rejected,
    /// Larger than 1 MiB, answered 413.
    Oversize,
    /// Believed but not storable now, answered 503: the service sends it again.
    Unavailable,
}

impl Outcome {
    /// The word for metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Ping => "ping",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::Oversize => "oversize",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Counts of deliveries; safe to read at any time.
#[derive(Debug, Default)]
pub struct Counters {
    by_outcome: [AtomicU64; 6],
    bytes: AtomicU64,
    last_received_ns: AtomicI64,
    latency_ns: AtomicU64,
}

/// A reading of [`Counters`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Correctly signed deliveries that were answered 2xx: accepted, PINGs and duplicates.
    pub received: u64,
    /// Stored events.
    pub accepted: u64,
    /// Stored PINGs.
    pub pings: u64,
    /// Byte-exact copies.
    pub duplicates: u64,
    /// Not believed.
    pub rejected: u64,
    /// Too large.
    pub oversize: u64,
    /// Not storable at that time.
    pub unavailable: u64,
    /// Bytes of the bodies of received deliveries.
    pub bytes: u64,
    /// When the last received one came, Unix nanoseconds; `None` before the first.
    pub last_received_ns: Option<i64>,
    /// The mean time from the whole request to the answer, of received ones.
    pub mean_latency: Duration,
}

impl Counters {
    /// Counts a delivery.
    pub(super) fn count(&self, outcome: Outcome, bytes: usize, unix_ns: i64, took: Duration) {
        self.by_outcome[outcome as usize].fetch_add(1, Relaxed);
        if matches!(outcome, Outcome::Accepted | Outcome::Ping | Outcome::Duplicate) {
            self.bytes.fetch_add(bytes as u64, Relaxed);
            self.last_received_ns.fetch_max(unix_ns, Relaxed);
            self.latency_ns.fetch_add(took.as_nanos() as u64, Relaxed);
        }
    }

    /// Reads all counts.
    pub fn read(&self) -> Counts {
        let of = |outcome: Outcome| self.by_outcome[outcome as usize].load(Relaxed);
        let received = of(Outcome::Accepted) + of(Outcome::Ping) + of(Outcome::Duplicate);
        let last = self.last_received_ns.load(Relaxed);
        Counts {
            received,
            accepted: of(Outcome::Accepted),
            pings: of(Outcome::Ping),
            duplicates: of(Outcome::Duplicate),
            rejected: of(Outcome::Rejected),
            oversize: of(Outcome::Oversize),
            unavailable: of(Outcome::Unavailable),
            bytes: self.bytes.load(Relaxed),
            last_received_ns: (received > 0).then_some(last),
            mean_latency: Duration::from_nanos(
                self.latency_ns.load(Relaxed).checked_div(received).unwrap_or(0),
            ),
        }
    }
}
