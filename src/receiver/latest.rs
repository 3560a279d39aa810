//! The newest durable delivery of each hook whose service gives its events no ids: what comes twice in a row and at
//! once is a copy of it (reference/clockify.md, 8.7).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::recent::Print;

/// Later than this an equal body is no copy any more. The service was seen to send copies milliseconds apart.
const COPY_NS: i64 = 120 * 1_000_000_000;

/// By the label of the hook: the print, and when it came (Unix nanoseconds).
#[derive(Default)]
pub(super) struct Latest(Mutex<HashMap<String, (Print, i64)>>);

impl Latest {
    /// Whether a delivery is a copy of the newest one of its hook.
    pub fn is_copy(&self, hook: &str, print: Print, unix_ns: i64) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hook).is_some_and(|(newest, at)| *newest == print && unix_ns - at <= COPY_NS)
    }

    /// Remembers a delivery that is durable.
    pub fn note(&self, hook: String, print: Print, unix_ns: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(hook, (print, unix_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_twice_in_a_row_and_at_once_is_a_copy() {
        let latest = Latest::default();
        let (first, second) = ([1; 32], [2; 32]);
        assert!(!latest.is_copy("updated", first, 0));
        latest.note("updated".into(), first, 0);
        assert!(latest.is_copy("updated", first, 1_000_000));
        assert!(!latest.is_copy("deleted", first, 1_000_000), "another hook");
        assert!(!latest.is_copy("updated", first, COPY_NS + 1), "too late");
        latest.note("updated".into(), second, 2_000_000);
        assert!(!latest.is_copy("updated", first, 3_000_000), "an edit and its reversal");
    }
}
