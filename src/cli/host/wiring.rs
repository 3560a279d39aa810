//! Small closures between rooms that must not know each other.

use std::sync::Arc;

use bytes::Bytes;

use crate::engine::seams::{Probe, ProbeFailure};
use crate::receiver::{Observe, Receiver};
use crate::services::http::{ReqwestWire, Wire, WireError};
use crate::telemetry::metrics::Metrics;

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
            let request = http::Request::get(format!("{base}{}", asked.path)).body(Bytes::new());
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
