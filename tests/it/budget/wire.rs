//! The engine's way to a service, watched: every request, every confirmed write, and who spent what when one was refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use hourwire::domain::id::Service;
use hourwire::services::http::{Wire, WireError};
use http::{Method, Request, Response};
use serde_json::Value;

use crate::worlds::adapters::SimWire;
use crate::worlds::time::Time;

const REMAINING: &str = "x-toggl-quota-remaining";
const RESETS_IN: &str = "x-toggl-quota-resets-in";

/// A request of the program.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: DateTime<Utc>,
    pub service: Service,
    pub method: Method,
    pub path: String,
    /// `None` when there was no answer.
    pub status: Option<u16>,
    /// Refused although what we knew said that there is something left: another program took it meanwhile.
    pub by_others: bool,
}

impl Sent {
    /// Refused for quota.
    pub fn is_refused(&self) -> bool {
        matches!(self.status, Some(402 | 429))
    }
}

/// A write that the target confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub at: DateTime<Utc>,
    pub text: String,
    pub start: DateTime<Utc>,
    pub stop: DateTime<Utc>,
}

/// What is kept of all wires; clones share it.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    sent: Vec<Sent>,
    written: Vec<Written>,
    /// What the service said last, by bucket, and until when it holds.
    known: BTreeMap<&'static str, (i64, DateTime<Utc>)>,
}

impl Log {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All requests, oldest first.
    pub fn sent(&self) -> Vec<Sent> {
        self.kept().sent.clone()
    }

    /// All confirmed writes, oldest first.
    pub fn written(&self) -> Vec<Written> {
        self.kept().written.clone()
    }

    /// When the first request after a moment left whose path holds this.
    pub fn first_after(&self, at: DateTime<Utc>, part: &str) -> Option<DateTime<Utc>> {
        self.kept().sent.iter().find(|one| one.at >= at && one.path.contains(part)).map(|one| one.at)
    }

    fn note(&self, mut one: Sent, answer: Option<&Response<Bytes>>, now: DateTime<Utc>) {
        let mut kept = self.kept();
        let bucket = bucket(one.service, &one.path);
        if one.is_refused() {
            let known = kept.known.get(bucket).filter(|(_, until)| *until > one.at);
            // An unknown window may have been opened by the other program.
            one.by_others = one.service == Service::Toggl && known.is_none_or(|(left, _)| *left > 0);
        }
        if let Some(answer) = answer {
            if let (Some(left), Some(wait)) = (number(answer, REMAINING), number(answer, RESETS_IN)) {
                kept.known.insert(bucket, (left, now + TimeDelta::seconds(wait)));
            }
            if one.service == Service::Clockify && answer.status().is_success() {
                kept.written.extend(written(&one, answer.body(), now));
            }
        }
        kept.sent.push(one);
    }
}

/// The bucket that a path charges.
pub fn bucket(service: Service, path: &str) -> &'static str {
    match service {
        Service::Clockify => "clockify",
        Service::Toggl if path.contains("/v9/me") => "toggl user",
        Service::Toggl => "toggl org",
    }
}

fn number(answer: &Response<Bytes>, name: &str) -> Option<i64> {
    answer.headers().get(name)?.to_str().ok()?.parse().ok()
}

/// The write that an answer confirms.
pub fn written(one: &Sent, body: &[u8], now: DateTime<Utc>) -> Option<Written> {
    let write = one.method == Method::POST || one.method == Method::PUT;
    if !write || !one.path.contains("/time-entries") {
        return None;
    }
    let row: Value = serde_json::from_slice(body).ok()?;
    let time = |key: &str| row["timeInterval"][key].as_str()?.parse().ok();
    let text = row["description"].as_str()?.to_owned();
    Some(Written { at: now, text, start: time("start")?, stop: time("end")? })
}

/// A wire of one incarnation.
#[derive(Clone)]
pub struct Watched {
    pub inner: SimWire,
    pub time: Time,
    pub log: Log,
}

impl Wire for Watched {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        Box::pin(async move {
            let (at, service) = (self.time.now(), self.inner.service);
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let answer = self.inner.call(request).await;
            let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
            let one = Sent { at, service, method, path, status, by_others: false };
            self.log.note(one, answer.as_ref().ok(), self.time.now());
            answer
        })
    }
}
