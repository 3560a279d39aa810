//! What is refused at an address that is known: somebody signs with another secret, or with none. Whoever knows an
//! address can cause it, so it is kept in memory alone and is there to be shown: it proves nothing and moves nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use super::hooks::Hooks;
use super::verifier::{Refusal, Verdict, Verifier};
use crate::journal::Clock;

/// Refused at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Since the last one that was believed.
    pub in_a_row: u32,
    /// When the newest came, Unix nanoseconds.
    pub unix_ns: i64,
    /// Why it was refused.
    pub reason: Refusal,
}

/// Hooks whose refusals are counted.
pub struct Refusals {
    hooks: Arc<Hooks>,
    clock: Clock,
    by_label: Mutex<BTreeMap<String, Refused>>,
}

impl Refusals {
    /// Watches over a table of hooks.
    pub fn new(hooks: Arc<Hooks>, clock: Clock) -> Self {
        Self { hooks, clock, by_label: Mutex::default() }
    }

    /// What was refused since the start, by the label of the hook.
    pub fn list(&self) -> BTreeMap<String, Refused> {
        let mut list = self.table().clone();
        list.remove(UNKNOWN);
        list
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<String, Refused>> {
        self.by_label.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts what comes to no hook, so that it takes as long.
const UNKNOWN: &str = "";

impl Verifier for Refusals {
    fn check(&self, path: &str, headers: &HeaderMap, body: &[u8]) -> Verdict {
        let verdict = self.hooks.check(path, headers, body);
        match &verdict {
            Verdict::Accepted { hook, .. } => {
                if let Some(refused) = self.table().get_mut(hook) {
                    refused.in_a_row = 0;
                }
            }
            Verdict::Refused(reason) => {
                let label = self.hooks.label(path).unwrap_or_else(|| UNKNOWN.to_owned());
                let new = Refused { in_a_row: 0, unix_ns: (self.clock)(), reason: *reason };
                let mut table = self.table();
                let refused = table.entry(label).or_insert(new);
                *refused = Refused { in_a_row: refused.in_a_row.saturating_add(1), ..new };
            }
        }
        verdict
    }

    fn label(&self, path: &str) -> Option<String> {
        self.hooks.label(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Service;
    use crate::receiver::Hook;
    use http::HeaderValue;

    #[test]
    fn refusals_of_a_known_address_are_counted_until_one_is_believed() {
        let clock: Clock = Arc::new(|| 7);
        let hooks = Arc::new(Hooks::new(clock.clone()));
        let known = Hook {
            service: Service::Clockify,
            label: "mirror".into(),
            secret: "right".into(),
            previous: None,
            event: None,
        };
        hooks.set("abc", known);
        let refusals = Refusals::new(hooks, clock);
        let check =
            |path: &str, token: Option<&'static str>| {
                let mut headers = HeaderMap::new();
                headers.extend(token.map(|t| {
                    (http::HeaderName::from_static("clockify-signature"), HeaderValue::from_static(t))
                }));
                refusals.check(path, &headers, b"{}")
            };
        check("other", Some("wrong"));
        assert!(refusals.list().is_empty(), "an unknown address is nobody's");
        check("abc", Some("wrong"));
        check("abc", None);
        let told = Refused { in_a_row: 2, unix_ns: 7, reason: Refusal::NoSignature };
        assert_eq!(refusals.list(), BTreeMap::from([("mirror".to_owned(), told)]));
        assert!(matches!(check("abc", Some("right")), Verdict::Accepted { .. }));
        assert_eq!(refusals.list()["mirror"].in_a_row, 0);
    }
}
