//! One request to one answer: the seam that sockets and worlds share.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::time::{Instant, timeout};

use super::counters::{Counters, Outcome};
use super::hooks::{CLOCKIFY_HEADER, EVENT_HEADER};
use super::latest::Latest;
use super::ping;
use super::probe::Probe;
use super::recent::{self, Claim, Met, Recent};
use super::rejected::Ring;
use super::signature;
use super::verifier::{Verdict, Verifier};
use crate::domain::delivery::{Delivered, Rejected};
use crate::domain::id::Service;
use crate::domain::signature::{TOKEN_DIGEST, token_digest};
use crate::journal::{Clock, InboxWriter};

/// The largest body in bytes; events have about 1 KiB.
pub const MAX_BODY: usize = 1024 * 1024;
/// A delivery that is not durable by then is answered 503.
const DEADLINE: Duration = Duration::from_secs(2);
/// Deliveries and bytes read at the start to know copies of what came before it.
const LOADED: u64 = 4096;
const LOADED_BYTES: usize = 8 * 1024 * 1024;
/// What is kept of the headers: never a token, only its digest. A signature is worth nothing without its body.
const KEPT_HEADERS: [&str; 5] =
    ["content-type", "user-agent", EVENT_HEADER, "idempotency-key", signature::HEADER];

/// Is told how each delivery ended and how long it took; must not block.
pub type Observe = Arc<dyn Fn(Outcome, Duration) + Send + Sync>;

/// Takes deliveries: verifies, stores, answers.
pub struct Receiver {
    verifier: Arc<dyn Verifier>,
    inbox: InboxWriter,
    clock: Clock,
    observe: Option<Observe>,
    counters: Counters,
    recent: Recent,
    latest: Latest,
    rejected: Ring,
    probe: Probe,
}

impl Receiver {
    /// A receiver that stores into `inbox`; reads the newest deliveries once to know copies of them.
    pub fn new(verifier: Arc<dyn Verifier>, inbox: InboxWriter, clock: Clock) -> Self {
        let recent = Recent::default();
        recent.load(newest_prints(&inbox));
        Self {
            verifier,
            inbox,
            clock,
            observe: None,
            counters: Counters::default(),
            recent,
            latest: Latest::default(),
            rejected: Ring::default(),
            probe: Probe::new(),
        }
    }

    /// Tells `observe` of every delivery, for metrics.
    pub fn observed_by(mut self, observe: Observe) -> Self {
        self.observe = Some(observe);
        self
    }

    /// What came in so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The newest deliveries that were not believed, newest first.
    pub fn rejected(&self) -> Vec<Arc<Rejected>> {
        self.rejected.list()
    }

    /// Asks whether an address reaches this process.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// Answers one request whose body is complete.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        if path == "/healthz" && parts.method == Method::GET {
            return answer(StatusCode::OK, "text/plain", "ok\n");
        }
        // A proxy may leave a prefix of the public address before it.
        let Some((_, hook)) = path.split_once("/hooks/") else { return empty(StatusCode::NOT_FOUND) };
        if let Some(token) = hook.strip_prefix("probe/") {
            return match self.probe.answer(token) {
                Some(proof) if matches!(parts.method, Method::GET | Method::POST) => json(proof),
                _ => empty(StatusCode::NOT_FOUND),
            };
        }
        if parts.method != Method::POST {
            return empty(StatusCode::NOT_FOUND);
        }
        let (began, unix_ns, size) = (Instant::now(), (self.clock)(), body.len());
        let (outcome, response) = self.deliver(hook, &parts.headers, body, unix_ns).await;
        self.note(outcome, size, unix_ns, began.elapsed());
        response
    }

    /// The answer to a request whose body is too large to be read.
    pub(super) fn too_large(&self) -> Response<Bytes> {
        self.note(Outcome::Oversize, 0, 0, Duration::ZERO);
        empty(StatusCode::PAYLOAD_TOO_LARGE)
    }

    fn note(&self, outcome: Outcome, size: usize, unix_ns: i64, took: Duration) {
        self.counters.count(outcome, size, unix_ns, took);
        if let Some(observe) = &self.observe {
            observe(outcome, took);
        }
    }

    async fn deliver(
        &self,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
        unix_ns: i64,
    ) -> (Outcome, Response<Bytes>) {
        if body.len() > MAX_BODY {
            return (Outcome::Oversize, empty(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let (hook, service) = match self.verifier.check(path, headers, &body) {
            Verdict::Accepted { hook, service, .. } => (hook, service),
            Verdict::Refused(reason) => {
                self.rejected.push(unix_ns, reason, self.verifier.label(path), headers, &body);
                return (Outcome::Rejected, empty(StatusCode::UNAUTHORIZED));
            }
        };
        if service == Service::Clockify {
            // Without an event id an equal body may be news: an edit and its reversal. Only what comes twice in a row
            // and at once is a copy; what else repeats itself is intake's to tell.
            let print = recent::print(&hook, &body);
            if self.latest.is_copy(&hook, print, unix_ns) {
                return (Outcome::Duplicate, empty(StatusCode::OK));
            }
            let good = (Outcome::Accepted, empty(StatusCode::OK));
            let answer = self.store(hook.clone(), headers, &body, unix_ns, None, good).await;
            if answer.0 == Outcome::Accepted {
                self.latest.note(hook, print, unix_ns);
            }
            return answer;
        }
        if let Some(ping) = ping::read(&body) {
            let echo =
                ping.validation_code.map(|code| serde_json::json!({"validation_code": code}).to_string());
            let good = echo.map_or_else(|| empty(StatusCode::OK), json);
            return self.store(hook, headers, &body, unix_ns, None, (Outcome::Ping, good)).await;
        }
        let good = empty(StatusCode::OK);
        match self.recent.meet(recent::print(&hook, &body)) {
            Met::Durable => (Outcome::Duplicate, good),
            Met::UnderWay(first) => match timeout(DEADLINE, recent::outcome(first)).await {
                Ok(true) => (Outcome::Duplicate, good),
                _ => unavailable(),
            },
            Met::First(claim) => {
                self.store(hook, headers, &body, unix_ns, Some(claim), (Outcome::Accepted, good)).await
            }
        }
    }

    async fn store(
        &self,
        hook: String,
        headers: &HeaderMap,
        body: &Bytes,
        unix_ns: i64,
        claim: Option<Claim<'_>>,
        good: (Outcome, Response<Bytes>),
    ) -> (Outcome, Response<Bytes>) {
        let received_at = DateTime::from_timestamp_nanos(unix_ns);
        let delivered = Delivered { received_at, hook, headers: kept(headers), body: body.clone() };
        match timeout(DEADLINE, self.inbox.append(delivered.encode().into())).await {
            Ok(Ok(_)) => {
                if let Some(claim) = claim {
                    claim.settle();
                }
                good
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "a delivery was answered 503");
                unavailable()
            }
            Err(_) => {
                tracing::error!("a delivery was answered 503: the disk takes more than 2 s");
                unavailable()
            }
        }
    }
}

/// The prints of the newest deliveries in the inbox, oldest first, as far back as is cheap.
fn newest_prints(inbox: &InboxWriter) -> Vec<recent::Print> {
    const PIECE: u64 = 64;
    let mut newest_first = Vec::new();
    let (mut bytes, mut end) = (0, inbox.last_seq() + 1);
    let oldest = end.saturating_sub(LOADED).max(1);
    while end > oldest && bytes < LOADED_BYTES {
        let start = end.saturating_sub(PIECE).max(oldest);
        let Ok(piece) = inbox.read_from(start, (end - start) as usize) else { break };
        for stored in piece.iter().rev().filter(|stored| stored.seq < end) {
            bytes += stored.payload.len();
            let delivered = Delivered::decode(&stored.payload).filter(|d| ping::read(&d.body).is_none());
            newest_first.extend(delivered.map(|d| recent::print(&d.hook, &d.body)));
        }
        end = start;
    }
    newest_first.reverse();
    newest_first
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| text.len() <= 256);
    let token = headers.get(CLOCKIFY_HEADER).map(|token| token_digest(token.as_bytes()));
    KEPT_HEADERS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), text(name)?.to_owned())))
        .chain(token.map(|digest| (TOKEN_DIGEST.to_owned(), digest)))
        .collect()
}

fn unavailable() -> (Outcome, Response<Bytes>) {
    let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    (Outcome::Unavailable, response)
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn json(body: String) -> Response<Bytes> {
    answer(StatusCode::OK, "application/json", body)
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
