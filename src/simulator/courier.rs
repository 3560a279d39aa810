//! Carries deliveries: waits, attempts, retries, copies. One task a delivery, on tokio's time only.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::deliver::TIMEOUT;
use super::faults::{Fate, draw};
use super::seam::{Inner, Simulator};
use super::toggl::{Outgoing, Ticket, Verdict};

impl Simulator {
    /// Sends everything that waits for nobody yet on its way.
    pub(super) fn dispatch(&self, inner: &mut Inner) {
        for ticket in inner.toggl.take_fresh() {
            match inner.faults.fate(&mut inner.rng) {
                Fate::Lost => inner.toggl.lose(ticket),
                Fate::Sent { wait, copy } => {
                    let (simulator, stopped) = (self.clone(), self.stopped());
                    tokio::spawn(async move {
                        tokio::select! {
                            biased;
                            () = stopped.cancelled() => {}
                            () = simulator.carry(ticket, wait, copy) => {}
                        }
                    });
                }
            }
        }
    }

    async fn carry(&self, ticket: Ticket, wait: Duration, copy: Option<bool>) {
        pause(wait).await;
        let delivered = loop {
            let Some((outgoing, fails)) = self.prepare(ticket) else { return };
            let result = if fails {
                Err("HTTP 502".to_owned())
            } else {
                self.post(outgoing.clone()).await.and_then(accepted)
            };
            let good = result.is_ok();
            match self.settle(ticket, result) {
                Ok(()) => break good.then_some(outgoing),
                Err(wait) => pause(wait).await,
            }
        };
        if let (Some(exact), Some(outgoing)) = (copy, delivered) {
            pause(COPY_AFTER).await;
            let again = if exact { Some(outgoing) } else { self.newly_stamped(ticket) };
            if let Some(outgoing) = again {
                // A copy is the network's doing: its outcome counts for nothing.
                let _ = self.post(outgoing).await;
            }
        }
    }

    /// The next attempt, and whether it fails on the way.
    fn prepare(&self, ticket: Ticket) -> Option<(Outgoing, bool)> {
        let now = self.now();
        let mut inner = self.lock();
        let mut outgoing = inner.toggl.attempt(ticket, now)?;
        let Inner { faults, rng, .. } = &mut *inner;
        if draw(faults.deliveries.bad_signature, rng) {
            outgoing.spoil();
        }
        Some((outgoing, draw(faults.deliveries.fail, rng)))
    }

    /// Counts an attempt; `Err` is the wait before the next one.
    fn settle(&self, ticket: Ticket, result: Result<(), String>) -> Result<(), Duration> {
        let now = self.now();
        let mut inner = self.lock();
        let (disable_after, attempts) = (inner.faults.deliveries.disable_after, inner.faults.attempts());
        match inner.toggl.outcome(ticket, result, now, disable_after, attempts) {
            Verdict::Over => Ok(()),
            Verdict::Again(failed) => Err(inner.faults.retry_after(failed)),
        }
    }

    fn newly_stamped(&self, ticket: Ticket) -> Option<Outgoing> {
        let now = self.now();
        self.lock().toggl.copy(ticket, now)
    }

    /// Posts a request and waits for the answer, ten seconds at most.
    pub(super) async fn post(&self, outgoing: Outgoing) -> Result<(StatusCode, Bytes), String> {
        let sent = self.deliverer().deliver(outgoing.url, outgoing.headers, outgoing.body);
        match tokio::time::timeout(TIMEOUT, sent).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer in {} s", TIMEOUT.as_secs())),
        }
    }
}

/// A copy follows so much later.
const COPY_AFTER: Duration = Duration::from_millis(200);

async fn pause(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

fn accepted((status, _): (StatusCode, Bytes)) -> Result<(), String> {
    if status.is_success() { Ok(()) } else { Err(format!("HTTP {}", status.as_u16())) }
}
