//! The families and their labels: the one place where a metric gets its name, unit and help.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

/// Bounds in seconds: from a bare sync of the disk to a wait for quota.
const LATENCY: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0, 3600.0];

/// A gauge of seconds with fractions.
pub(super) type Seconds = Gauge<f64, AtomicU64>;

macro_rules! labels {
    ($($name:ident { $($field:ident),+ })+) => {
        $(#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub(super) struct $name { $(pub $field: String),+ })+
    };
}

labels! {
    Verdict { verdict }
    TargetState { target, state }
    Bucket { service, bucket }
    Spent { service, bucket, cause }
    SubscriptionState { service, account, subscription, state }
    Request { service, cause, outcome }
    Log { log }
    Version { version }
}

pub(super) struct Families {
    pub build: Family<Version, Gauge>,
    pub uptime: Seconds,
    pub deliveries: Family<Verdict, Counter>,
    pub unapplied: Gauge,
    pub latency: Histogram,
    pub entries: Family<TargetState, Gauge>,
    pub quota_remaining: Family<Bucket, Gauge>,
    pub quota_limit: Family<Bucket, Gauge>,
    pub quota_used: Family<Bucket, Gauge>,
    pub quota_forecast: Family<Bucket, Gauge>,
    pub quota_reset: Family<Bucket, Seconds>,
    pub quota_reset_at: Family<Bucket, Gauge>,
    pub quota_spent: Family<Spent, Gauge>,
    pub subscriptions: Family<SubscriptionState, Gauge>,
    pub incidents_open: Gauge,
    pub requests: Family<Request, Counter>,
    pub journal_bytes: Family<Log, Gauge>,
    pub disk_free: Gauge,
    pub disk_short: Gauge,
    pub cache_ready: Gauge,
    pub cache_rebuilds: Counter,
    pub viewers: Gauge,
}

impl Families {
    pub fn register(registry: &mut Registry) -> Self {
        let r = registry;
        Self {
            build: plain(r, "build_info", "1, with the version of the running engine"),
            uptime: unit(r, "uptime", Unit::Seconds, "Time since the engine started"),
            deliveries: plain(r, "deliveries", "Deliveries received, by verdict"),
            unapplied: plain(r, "deliveries_unapplied", "Deliveries stored and not applied yet"),
            latency: add(
                r,
                "delivery_latency",
                Some(Unit::Seconds),
                "Time from the arrival of a delivery to its answer",
                Histogram::new(LATENCY),
            ),
            entries: plain(r, "entries", "Time entries per target and state"),
            quota_remaining: plain(r, "quota_remaining", "Requests left in a quota bucket"),
            quota_limit: plain(r, "quota_limit", "Requests in a full quota bucket"),
            quota_used: plain(
                r,
                "quota_used",
                "Requests spent in the window of a quota bucket, by all programs",
            ),
            quota_forecast: plain(
                r,
                "quota_forecast",
                "Requests expected to be left in a quota bucket when it is full again",
            ),
            quota_reset: unit(r, "quota_reset", Unit::Seconds, "Time until a quota bucket is full again"),
            quota_reset_at: unit(
                r,
                "quota_reset_timestamp",
                Unit::Seconds,
                "When a quota bucket is full again, since 1970",
            ),
            quota_spent: plain(
                r,
                "quota_spent",
                "Requests spent in the window of a quota bucket, by cause; others are other programs",
            ),
            subscriptions: plain(r, "subscription_state", "1 for the state that a subscription is in"),
            incidents_open: plain(r, "incidents_open", "Incidents that are not closed"),
            requests: plain(r, "requests", "Requests sent, by service, cause and outcome"),
            journal_bytes: unit(r, "journal", Unit::Bytes, "Size of a log on the disk"),
            disk_free: unit(r, "disk_free", Unit::Bytes, "Room left on the disk of the logs"),
            disk_short: plain(
                r,
                "disk_short",
                "1 while the disk of the logs is nearly full, full or failing, and backfill is stopped",
            ),
            cache_ready: plain(
                r,
                "cache_ready",
                "1 while the cache answers, 0 while it is opened or rebuilt",
            ),
            cache_rebuilds: plain(r, "cache_rebuilds", "Rebuilds of the cache from the ledger"),
            viewers: plain(r, "viewers", "Dashboards attached"),
        }
    }
}

fn plain<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    add(registry, name, None, help, M::default())
}

fn unit<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, unit: Unit, help: &str) -> M {
    add(registry, name, Some(unit), help, M::default())
}

fn add<M: Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    unit: Option<Unit>,
    help: &str,
    metric: M,
) -> M {
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, metric.clone()),
        None => registry.register(name, help, metric.clone()),
    }
    metric
}
