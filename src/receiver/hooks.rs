//! The hooks that deliveries may come to: secret path, service, label, current and previous secret. Updated live.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::signature;
use super::verifier::{Refusal, Verdict, Verifier};
use crate::domain::id::Service;
use crate::journal::Clock;

/// Clockify sends its token verbatim in this header, ...
pub(super) const CLOCKIFY_HEADER: &str = "clockify-signature";
/// ... and the event, which its body does not name, in this one.
pub(super) const EVENT_HEADER: &str = "clockify-webhook-event-type";
/// Checked where there is no hook, so that an unknown path costs as much as a wrong signature.
const DUMMY: &str = "no hook has this secret, nobody can sign with it";

/// Where one subscription delivers to.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Whose deliveries they are: says how they are signed.
    pub service: Service,
    /// The name under which they are stored and logged.
    pub label: String,
    /// The secret (Toggl) or token (Clockify) in force.
    pub secret: SecretString,
    /// The secret before it, for deliveries under way.
    pub previous: Option<Previous>,
    /// The one event that it is for (Clockify); its deliveries must name it.
    pub event: Option<String>,
}

/// A secret that was replaced.
#[derive(Clone, Debug)]
pub struct Previous {
    /// The secret.
    pub secret: SecretString,
    /// It holds until this Unix second.
    pub until: i64,
}

/// The table of hooks by secret path.
pub struct Hooks {
    by_path: RwLock<BTreeMap<String, Hook>>,
    clock: Clock,
}

impl Hooks {
    /// A table without hooks.
    pub fn new(clock: Clock) -> Self {
        Self { by_path: RwLock::default(), clock }
    }

    /// Adds or replaces the hook of a path (the part after `/hooks/`).
    pub fn set(&self, path: impl Into<String>, hook: Hook) {
        self.by_path.write().unwrap_or_else(PoisonError::into_inner).insert(path.into(), hook);
    }

    /// Gives the hook of a path another secret; the old one holds until `previous_until` (Unix seconds). False if there
    /// is no such hook.
    pub fn rotate(&self, path: &str, secret: SecretString, previous_until: i64) -> bool {
        let mut table = self.by_path.write().unwrap_or_else(PoisonError::into_inner);
        let Some(hook) = table.get_mut(path) else { return false };
        let old = std::mem::replace(&mut hook.secret, secret);
        hook.previous = Some(Previous { secret: old, until: previous_until });
        true
    }

    /// Removes the hook of a path.
    pub fn remove(&self, path: &str) -> Option<Hook> {
        self.by_path.write().unwrap_or_else(PoisonError::into_inner).remove(path)
    }

    /// Replaces the whole table.
    pub fn replace(&self, hooks: BTreeMap<String, Hook>) {
        *self.by_path.write().unwrap_or_else(PoisonError::into_inner) = hooks;
    }
}

impl Verifier for Hooks {
    fn check(&self, path: &str, headers: &HeaderMap, body: &[u8]) -> Verdict {
        let now = (self.clock)() / 1_000_000_000;
        let table = self.by_path.read().unwrap_or_else(PoisonError::into_inner);
        let hook = table.get(path);
        let current = hook.map_or(DUMMY, |hook| hook.secret.expose_secret());
        let previous = hook.and_then(|hook| hook.previous.as_ref()).filter(|previous| now < previous.until);
        let previous_secret = previous.map_or(DUMMY, |previous| previous.secret.expose_secret());
        let by = |secret: &str| match hook.map(|hook| hook.service) {
            None | Some(Service::Toggl) => signature::claimed(headers)
                .map(|claimed| signature::matches(secret.as_bytes(), body, &claimed)),
            Some(Service::Clockify) => token(headers).map(|token| same(token, secret.as_bytes())),
        };
        // Both are always computed: the time tells neither a known path nor a rotation.
        let (by_current, by_previous) = (by(current), by(previous_secret));
        let Some(hook) = hook else { return Verdict::Refused(Refusal::UnknownPath) };
        let by_previous = match (by_current, by_previous) {
            (Ok(true), _) => false,
            (_, Ok(true)) if previous.is_some() => true,
            (Err(refusal), _) => return Verdict::Refused(refusal),
            _ => return Verdict::Refused(Refusal::WrongSignature),
        };
        if hook.event.as_deref().is_some_and(|event| !names(headers, event)) {
            return Verdict::Refused(Refusal::WrongEvent);
        }
        Verdict::Accepted { hook: hook.label.clone(), service: hook.service, by_previous }
    }

    fn label(&self, path: &str) -> Option<String> {
        let table = self.by_path.read().unwrap_or_else(PoisonError::into_inner);
        table.get(path).map(|hook| hook.label.clone())
    }
}

/// Whether the headers name this event and no other. It is no secret.
fn names(headers: &HeaderMap, event: &str) -> bool {
    let mut values = headers.get_all(EVENT_HEADER).iter();
    matches!((values.next(), values.next()), (Some(value), None) if value.as_bytes() == event.as_bytes())
}

fn token(headers: &HeaderMap) -> Result<&[u8], Refusal> {
    let mut values = headers.get_all(CLOCKIFY_HEADER).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value.as_bytes()),
        _ => Err(Refusal::NoSignature),
    }
}

/// Compares without telling where or by how much two texts differ, their lengths included.
fn same(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn hook(service: Service, secret: &str) -> Hook {
        Hook {
            service,
            label: format!("{service} label"),
            secret: secret.into(),
            previous: None,
            event: None,
        }
    }

    fn signed(secret: &str, body: &[u8]) -> HeaderMap {
        let value = signature::sign(secret.as_bytes(), body).parse().unwrap();
        HeaderMap::from_iter([(signature::HEADER.parse().unwrap(), value)])
    }

    #[test]
    fn a_previous_secret_holds_until_its_time() {
        let now = Arc::new(AtomicI64::new(0));
        let clock = now.clone();
        let hooks = Hooks::new(Arc::new(move || clock.load(Ordering::Relaxed) * 1_000_000_000));
        hooks.set("p", hook(Service::Toggl, "old"));
        assert!(hooks.rotate("p", "new".into(), 100));
        assert!(!hooks.rotate("q", "new".into(), 100));
        let by = |secret| match hooks.check("p", &signed(secret, b"x"), b"x") {
            Verdict::Accepted { by_previous, .. } => Some(by_previous),
            Verdict::Refused(_) => None,
        };
        assert_eq!((by("new"), by("old"), by("other"), by(DUMMY)), (Some(false), Some(true), None, None));
        now.store(100, Ordering::Relaxed);
        assert_eq!((by("new"), by("old"), by(DUMMY)), (Some(false), None, None));
    }

    #[test]
    fn unknown_paths_and_the_dummy_secret_open_nothing() {
        let hooks = Hooks::new(Arc::new(|| 0));
        hooks.set("p", hook(Service::Toggl, "s"));
        for path in ["", "q", "P", "p/"] {
            for secret in ["s", DUMMY] {
                let verdict = hooks.check(path, &signed(secret, b"x"), b"x");
                assert_eq!(verdict, Verdict::Refused(Refusal::UnknownPath), "{path} {secret}");
            }
        }
        hooks.remove("p");
        assert_eq!(hooks.check("p", &signed("s", b"x"), b"x"), Verdict::Refused(Refusal::UnknownPath));
    }

    #[test]
    fn clockify_sends_its_token_as_it_is() {
        let hooks = Hooks::new(Arc::new(|| 0));
        hooks.set("c", hook(Service::Clockify, "abcdefghijklmnopqrstuvwxyz012345"));
        let check = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CLOCKIFY_HEADER, value.parse().unwrap());
            }
            hooks.check("c", &headers, b"{}")
        };
        let good = "abcdefghijklmnopqrstuvwxyz012345";
        assert!(matches!(check(&[good]), Verdict::Accepted { .. }));
        assert_eq!(check(&[]), Verdict::Refused(Refusal::NoSignature));
        assert_eq!(check(&[good, good]), Verdict::Refused(Refusal::NoSignature));
        assert_eq!(check(&[&good[..31]]), Verdict::Refused(Refusal::WrongSignature));
        assert_eq!(check(&["Abcdefghijklmnopqrstuvwxyz012345"]), Verdict::Refused(Refusal::WrongSignature));
    }
    #[test]
    fn a_hook_of_one_event_takes_no_other() {
        let hooks = Hooks::new(Arc::new(|| 0));
        let event = Some("TIME_ENTRY_UPDATED".to_owned());
        hooks.set("c", Hook { event, ..hook(Service::Clockify, "token") });
        let check = |token: &'static str, events: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.append(CLOCKIFY_HEADER, token.parse().unwrap());
            for event in events {
                headers.append(EVENT_HEADER, event.parse().unwrap());
            }
            hooks.check("c", &headers, b"{}")
        };
        assert!(matches!(check("token", &["TIME_ENTRY_UPDATED"]), Verdict::Accepted { .. }));
        for events in [&[][..], &["TIME_ENTRY_DELETED"], &["TIME_ENTRY_UPDATED", "TIME_ENTRY_UPDATED"]] {
            assert_eq!(check("token", events), Verdict::Refused(Refusal::WrongEvent), "{events:?}");
        }
        let forged = check("t0ken", &["TIME_ENTRY_DELETED"]);
        assert_eq!(forged, Verdict::Refused(Refusal::WrongSignature), "the token comes first");
    }
}
