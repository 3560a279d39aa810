//! Small closures between rooms that must not know each other.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::cache::{CacheState, Guarded};
use crate::control::snapshot::{CacheWord, Meter, Snapshot};
use crate::engine::seams::{Probe, ProbeFailure};
use crate::engine::{Engine, Facts, Refused, TokenBook};
use crate::receiver::{self, Observe, Receiver, Refusals};
use crate::services::http::{ReqwestWire, Wire, WireError};
use crate::telemetry::metrics::{Metrics, Quota};

/// Counts deliveries for `/metrics`.
pub fn observe(metrics: Metrics) -> Observe {
    Arc::new(move |outcome, took| {
        metrics.count_delivery(outcome.as_str());
        metrics.observe_delivery_latency(took);
    })
}

/// Asks the own public address whether it reaches this receiver.
pub fn probe(public_url: &str, receiver: Arc<Receiver>) -> Option<Probe> {
    let wire = Arc::new(ReqwestWire::for_base(public_url).ok()?);
    let base = public_url.trim_end_matches('/').to_owned();
    Some(Arc::new(move || {
        let (wire, receiver, base) = (wire.clone(), receiver.clone(), base.clone());
        Box::pin(async move {
            let asked = receiver.probe().ask();
            // As a delivery comes: what refuses those in front of the receiver must refuse this too.
            let request = http::Request::post(format!("{base}{}", asked.path))
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(Bytes::from_static(b"{}"));
            let Ok(request) = request else {
                return Err(ProbeFailure {
                    kind: "name",
                    say: "the public address is not an address".into(),
                });
            };
            match wire.call(request).await {
                Ok(answer) if asked.is_answered_by(answer.body()) => Ok(()),
                Ok(answer) if answer.status().is_success() => {
                    Err(ProbeFailure { kind: "stranger", say: "somebody else answers there".into() })
                }
                Ok(answer) => {
                    Err(ProbeFailure { kind: "status", say: format!("HTTP {}", answer.status().as_u16()) })
                }
                Err(WireError::NotSent(say)) => Err(ProbeFailure { kind: kind_of(&say), say }),
                Err(WireError::Unknown(say)) => Err(ProbeFailure { kind: "timeout", say }),
            }
        })
    }))
}

fn kind_of(say: &str) -> &'static str {
    let say = say.to_lowercase();
    if say.contains("certificate") || say.contains("tls") {
        "certificate"
    } else if say.contains("dns") || say.contains("name") || say.contains("resolve") {
        "name"
    } else {
        "connection"
    }
}

/// How often the meters of `/metrics` follow the engine.
const EVERY: Duration = Duration::from_secs(5);

/// Keeps the meters of `/metrics` in step with the engine.
pub async fn publish(engine: Arc<Engine>, cache: Arc<Guarded>, metrics: Metrics, cancel: CancellationToken) {
    loop {
        tokio::select! { biased;
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        // Also before the cache is ready: a full disk may be why it is not.
        let (room, free) = engine.mind_disk();
        metrics.set_disk(free, room.is_short());
        if let Some(snapshot) = engine.snapshot() {
            set(&metrics, &snapshot);
            metrics.set_cache(snapshot.cache == CacheWord::Ready, cache.rebuilds());
            metrics.set_viewers(engine.viewers() as u64);
            for ((service, cause, outcome), count) in engine.requests() {
                metrics.set_requests(service.as_str(), cause.as_str(), outcome, count);
            }
            let bytes = engine.journal_bytes();
            metrics.set_journal_bytes("inbox", bytes.inbox);
            if let Some(ledger) = bytes.ledger {
                metrics.set_journal_bytes("ledger", ledger);
            }
        }
    }
}

fn set(metrics: &Metrics, snapshot: &Snapshot) {
    metrics.set_unapplied(snapshot.deliveries.unapplied);
    for target in &snapshot.targets {
        for (word, count) in &target.counts {
            metrics.set_entries(target.account.as_str(), word, u64::from(*count));
        }
    }
    let quotas = snapshot.meters.iter().filter_map(|meter| quota(meter, snapshot.now));
    metrics.set_quotas(&quotas.collect::<Vec<_>>());
    for line in &snapshot.subscriptions {
        let (account, id) = (line.at.account.as_str(), line.at.id.as_str());
        metrics.set_subscription(line.service.as_str(), account, id, Some(line.state.as_str()));
    }
    let open = snapshot.incidents.iter().filter(|i| i.closed_at.is_none()).count();
    metrics.set_incidents_open(open as u64);
}

/// A bucket with an hourly limit, for `/metrics`.
fn quota(meter: &Meter, now: DateTime<Utc>) -> Option<Quota> {
    let (left, limit) = (meter.remaining?, meter.limit?);
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    Some(Quota {
        service: meter.service.as_str().to_owned(),
        bucket: meter.bucket.clone(),
        remaining: count(left),
        limit: u64::from(limit),
        forecast: count(left - i64::from(meter.expected)),
        resets_in: meter.resets_at.and_then(|at| (at - now).to_std().ok()),
        resets_at: meter.resets_at.map(|at| at.timestamp()),
        spent: meter.spent.iter().map(|(cause, n)| (cause.clone(), u64::from(*n))).collect(),
    })
}

/// What the engine may ask about receiver and cache.
pub fn facts(
    receiver: Arc<Receiver>,
    refusals: Arc<Refusals>,
    cache: Arc<Guarded>,
    tokens: Option<Arc<dyn TokenBook>>,
    (state_dir, listens): (&Path, Option<SocketAddr>),
) -> Facts {
    let (counting, unkept, refusing) = (receiver.clone(), receiver.clone(), receiver);
    let troubled = cache.clone();
    Facts {
        receiver: Some(Arc::new(move || {
            let counts = counting.counters().read();
            (counts.received, counts.duplicates, counts.rejected)
        })),
        rejected: Some(Arc::new(move || refusing.rejected())),
        refused: Some(Arc::new(move || refusals.list().into_iter().map(refused).collect())),
        unavailable: Some(Arc::new(move || unkept.counters().read().unavailable)),
        cache_trouble: Some(Arc::new(move || troubled.last_trouble())),
        state_dir: Some(state_dir.display().to_string()),
        listens: listens.map(|address| near(address).to_string()),
        cache: Some(Arc::new(move || match *cache.state().borrow() {
            CacheState::Opening { percent } => (CacheWord::Opening, percent),
            CacheState::Rebuilding { percent } => (CacheWord::Rebuilding, percent),
            CacheState::Ready => (CacheWord::Ready, 100),
        })),
        tokens,
    }
}

/// Where a program of this machine reaches an address that may stand for all of them.
fn near(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        address => address,
    }
}

fn refused((label, found): (String, receiver::Refused)) -> (String, Refused) {
    let at = DateTime::from_timestamp_nanos(found.unix_ns);
    (label, Refused { in_a_row: found.in_a_row, at, why: found.reason.as_str().to_owned() })
}
