//! The newest deliveries that were not believed, kept in memory for a person to look at. They never reach a log.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::verifier::Refusal;

const KEPT: usize = 1000;
const KEPT_BYTES: usize = 4096;
/// One line in the log a minute.
const LOG_EVERY_NS: i64 = 60_000_000_000;

/// A delivery that was not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// When it came, Unix nanoseconds.
    pub unix_ns: i64,
    /// Why it was refused.
    pub reason: Refusal,
    /// The size of its body in bytes.
    pub size: usize,
    /// The first 4 KiB of its body.
    pub body: Bytes,
}

#[derive(Default)]
struct Kept {
    ring: VecDeque<Rejected>,
    logged_ns: Option<i64>,
    unlogged: u64,
}

/// The ring of rejected deliveries.
#[derive(Default)]
pub(super) struct Ring(Mutex<Kept>);

impl Ring {
    /// Keeps one, and logs at most once a minute.
    pub fn push(&self, unix_ns: i64, reason: Refusal, body: &Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A copy, not a slice: a slice would keep the whole body in memory.
        let start = Bytes::copy_from_slice(&body[..body.len().min(KEPT_BYTES)]);
        kept.ring.push_back(Rejected { unix_ns, reason, size: body.len(), body: start });
        if kept.ring.len() > KEPT {
            kept.ring.pop_front();
        }
        kept.unlogged += 1;
        if kept.logged_ns.is_none_or(|at| unix_ns - at >= LOG_EVERY_NS) {
            tracing::warn!(reason = reason.as_str(), count = kept.unlogged, "deliveries were rejected");
            kept.logged_ns = Some(unix_ns);
            kept.unlogged = 0;
        }
    }

    /// The kept ones, newest first.
    pub fn list(&self) -> Vec<Rejected> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ring.iter().rev().cloned().collect()
    }
}
