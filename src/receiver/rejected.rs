//! The newest deliveries that were not believed, kept in memory for a person to look at. They never reach a log or a
//! disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::DateTime;
use http::HeaderMap;

use super::hooks::CLOCKIFY_HEADER;
use super::verifier::Refusal;
use crate::domain::delivery::Rejected;
use crate::domain::signature::{TOKEN_DIGEST, token_digest};

const KEPT: usize = 1000;
const KEPT_BYTES: usize = 4096;
/// Of one delivery so many headers are kept, ...
const HEADERS: usize = 24;
/// ... and so many characters of each.
const HEADER: usize = 256;
/// Somebody's secrets, that came to the wrong door.
const HIDDEN: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];
/// One line in the log a minute.
const LOG_EVERY_NS: i64 = 60_000_000_000;

#[derive(Default)]
struct Kept {
    ring: VecDeque<Arc<Rejected>>,
    last: u64,
    logged_ns: Option<i64>,
    unlogged: u64,
}

/// The ring of rejected deliveries.
#[derive(Default)]
pub(super) struct Ring(Mutex<Kept>);

impl Ring {
    /// Keeps one, and logs at most once a minute.
    pub fn push(
        &self,
        unix_ns: i64,
        reason: Refusal,
        hook: Option<String>,
        headers: &HeaderMap,
        body: &Bytes,
    ) {
        // A copy, not a slice: a slice would keep the whole body in memory.
        let start = Bytes::copy_from_slice(&body[..body.len().min(KEPT_BYTES)]);
        let headers = readable(headers);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let one = Rejected {
            number: kept.last,
            at: DateTime::from_timestamp_nanos(unix_ns),
            reason: reason.as_str(),
            hook: hook.unwrap_or_default(),
            headers,
            size: body.len(),
            body: start,
        };
        kept.ring.push_back(Arc::new(one));
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
    pub fn list(&self) -> Vec<Arc<Rejected>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ring.iter().rev().cloned().collect()
    }
}

/// The headers as a person may see them: of a token its digest.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let one = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let name = name.as_str();
        if name == CLOCKIFY_HEADER {
            return (TOKEN_DIGEST.to_owned(), token_digest(value.as_bytes()));
        }
        let value = if HIDDEN.contains(&name) {
            "…".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).chars().take(HEADER).collect()
        };
        (name.chars().take(HEADER).collect(), value)
    };
    // The proof of who sent it must not be pushed out by what does not matter.
    let (proofs, rest): (Vec<_>, Vec<_>) = headers
        .iter()
        .map(one)
        .partition(|(name, _)| name == crate::domain::signature::HEADER || name == TOKEN_DIGEST);
    proofs.into_iter().chain(rest).take(HEADERS).collect()
}
