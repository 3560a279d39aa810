//! The metrics: typed families, set by the engine and the receiver, encoded for Prometheus.
//!
//! Label values are the words of the screen and of `status --json`. Must not hold text of a person or a service:
//! labels are words, ids and account names.

mod families;
mod quota;
mod serve;
mod text;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::registry::Registry;

use families::{Families, Log, Request, SubscriptionState, TargetState, Verdict, Version};
pub use quota::Quota;
pub use serve::serve;
pub use text::CONTENT_TYPE;

/// All metrics of the program. Clones share them; setting one takes no lock worth naming and never fails.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    families: Families,
    started: Instant,
    /// The state last set per subscription, so that the series of an earlier one goes.
    subscriptions: Mutex<HashMap<[String; 3], String>>,
    /// The buckets set last, so that the series of one that is gone go.
    quotas: Mutex<quota::Shown>,
}

impl Metrics {
    /// Registers all families under `hourwire_`; the uptime counts from here. `version` is this program's.
    pub fn new(version: &str) -> Self {
        let mut registry = Registry::with_prefix("hourwire");
        let families = Families::register(&mut registry);
        families.build.get_or_create(&Version { version: version.into() }).set(1);
        let inner = Inner {
            registry,
            families,
            started: Instant::now(),
            subscriptions: Mutex::default(),
            quotas: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Counts a delivery: `accepted`, `duplicate`, `rejected`, `ping`, `dead`, …
    pub fn count_delivery(&self, verdict: &str) {
        self.families().deliveries.get_or_create(&Verdict { verdict: verdict.into() }).inc();
    }

    /// Deliveries in the inbox that are not applied yet.
    pub fn set_unapplied(&self, deliveries: u64) {
        self.families().unapplied.set(deliveries as i64);
    }

    /// Time from the arrival of a delivery to its answer, by when it is durable.
    pub fn observe_delivery_latency(&self, latency: Duration) {
        self.families().latency.observe(latency.as_secs_f64());
    }

    /// Time entries of a target account in one state (`synced`, `waiting quota`, …; reasons left out).
    pub fn set_entries(&self, target: &str, state: &str, entries: u64) {
        let labels = TargetState { target: target.into(), state: state.into() };
        self.families().entries.get_or_create(&labels).set(entries as i64);
    }

    /// The state of a subscription; `None` when it no longer exists.
    pub fn set_subscription(&self, service: &str, account: &str, subscription: &str, state: Option<&str>) {
        let labels = |state: &str| SubscriptionState {
            service: service.into(),
            account: account.into(),
            subscription: subscription.into(),
            state: state.into(),
        };
        let key = [service.to_owned(), account.to_owned(), subscription.to_owned()];
        let mut known = self.inner.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match state {
            Some(state) => known.insert(key, state.to_owned()),
            None => known.remove(&key),
        };
        if let Some(before) = before.filter(|before| Some(before.as_str()) != state) {
            self.families().subscriptions.remove(&labels(&before));
        }
        if let Some(state) = state {
            self.families().subscriptions.get_or_create(&labels(state)).set(1);
        }
    }

    /// Incidents that are not closed.
    pub fn set_incidents_open(&self, incidents: u64) {
        self.families().incidents_open.set(incidents as i64);
    }

    /// Requests sent since the start: what they were for and how they ended (`ok`, `402`, `429`, `uncertain`, …).
    pub fn set_requests(&self, service: &str, cause: &str, outcome: &str, requests: u64) {
        let labels = Request { service: service.into(), cause: cause.into(), outcome: outcome.into() };
        let counter = self.families().requests.get_or_create(&labels);
        counter.inc_by(requests.saturating_sub(counter.get()));
    }

    /// Bytes that a log (`inbox`, `ledger`) takes on the disk.
    pub fn set_journal_bytes(&self, log: &str, bytes: u64) {
        self.families().journal_bytes.get_or_create(&Log { log: log.into() }).set(bytes as i64);
    }

    /// Bytes that the disk of the logs has left, if it tells, and whether that is too little.
    pub fn set_disk(&self, free: Option<u64>, short: bool) {
        if let Some(free) = free {
            self.families().disk_free.set(i64::try_from(free).unwrap_or(i64::MAX));
        }
        self.families().disk_short.set(short.into());
    }

    /// Whether the cache answers, and how often it was rebuilt since the start.
    pub fn set_cache(&self, ready: bool, rebuilds: u64) {
        let families = self.families();
        families.cache_ready.set(ready.into());
        let counted = families.cache_rebuilds.get();
        families.cache_rebuilds.inc_by(rebuilds.saturating_sub(counted));
    }

    /// Dashboards attached.
    pub fn set_viewers(&self, viewers: u64) {
        self.families().viewers.set(viewers as i64);
    }

    /// The text of `/metrics`, of type [`CONTENT_TYPE`].
    pub fn encode(&self) -> Result<String, fmt::Error> {
        self.families().uptime.set(self.inner.started.elapsed().as_secs_f64());
        text::encode(&self.inner.registry)
    }

    fn families(&self) -> &Families {
        &self.inner.families
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
