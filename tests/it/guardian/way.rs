//! The way from the services to the receivers, and what may be wrong with it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use hourwire::engine::seams::Clock;
use hourwire::receiver::Receiver;
use hourwire::simulator::Deliverer;
use http::{Request, StatusCode};
use tokio::sync::Notify;

/// A receiver of somebody else, who says yes to everything.
pub const ELSEWHERE: &str = "elsewhere.example.test";

/// What is wrong with the way to the receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The proxy answers with this.
    Status(u16),
    /// The proxy answers deliveries with this; the probe gets through.
    Deliveries(u16),
    /// The connection fails: kind and words of the probe.
    Broken(&'static str, &'static str),
    /// Answers come after so many seconds.
    Slow(u64),
    /// Bad and good by turns of so many seconds.
    Flapping(i64),
    /// The machine sleeps: nothing gets in, nothing goes out.
    Asleep,
}

/// The way from the services to the receivers, by host.
#[derive(Default)]
pub struct Way {
    trouble: Mutex<Option<Trouble>>,
    awake: Notify,
    /// The next create of a subscription reaches the service twice; only the second one's answer comes back.
    pub twice: AtomicBool,
    pub receivers: Mutex<BTreeMap<String, Arc<Receiver>>>,
}

impl Way {
    /// What is wrong at this moment.
    pub fn trouble(&self, now: DateTime<Utc>) -> Option<Trouble> {
        match *self.trouble.lock().unwrap() {
            Some(Trouble::Flapping(s)) if now.timestamp() / s % 2 == 1 => None,
            Some(Trouble::Flapping(_)) => Some(Trouble::Status(503)),
            trouble => trouble,
        }
    }

    /// Sets what is wrong.
    pub fn set(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().unwrap() = trouble;
        self.awake.notify_waiters();
    }

    /// Waits while the machine sleeps.
    pub async fn waking(&self) {
        loop {
            let awake = self.awake.notified();
            if *self.trouble.lock().unwrap() != Some(Trouble::Asleep) {
                return;
            }
            awake.await;
        }
    }
}

/// The way and the clock it goes by.
pub struct Road(pub Arc<Way>, pub Clock);

impl Deliverer for Road {
    fn deliver(
        &self,
        url: String,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'static, Result<(StatusCode, Bytes), String>> {
        let (host, path) = url.trim_start_matches("https://").split_once('/').expect("a path");
        let host = host.to_owned();
        let receiver = self.0.receivers.lock().unwrap().get(&host).cloned();
        let trouble = self.0.trouble((self.1)());
        let request = headers
            .iter()
            .fold(Request::post(format!("/{path}")), |r, (name, value)| r.header(name, value))
            .body(body)
            .unwrap();
        Box::pin(async move {
            if host == ELSEWHERE {
                return Ok((StatusCode::OK, Bytes::new()));
            }
            match trouble {
                Some(Trouble::Status(code) | Trouble::Deliveries(code)) => {
                    return Ok((StatusCode::from_u16(code).unwrap(), Bytes::new()));
                }
                Some(Trouble::Broken(_, say)) => return Err(say.to_owned()),
                Some(Trouble::Asleep) => return Err("no route to host".to_owned()),
                Some(Trouble::Slow(s)) => tokio::time::sleep(Duration::from_secs(s)).await,
                Some(Trouble::Flapping(_)) | None => {}
            }
            let Some(receiver) = receiver else { return Err("connection refused".to_owned()) };
            let (parts, body) = receiver.handle(request).await.into_parts();
            Ok((parts.status, body))
        })
    }
}
