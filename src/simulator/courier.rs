//! Carries deliveries: waits, attempts, retries, copies. One task a delivery, on tokio's time only.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::clockify::{self, Counting};
use super::deliver::Outgoing;
use super::faults::Fate;
use super::seam::{Inner, Simulator};
use super::toggl::{self, Verdict};
use crate::domain::id::Service;

/// A delivery on its way.
#[derive(Clone, Copy, Debug)]
enum Parcel {
    Toggl(toggl::Ticket),
    Clockify(clockify::Ticket),
}

impl Parcel {
    fn service(self) -> Service {
        match self {
            Self::Toggl(_) => Service::Toggl,
            Self::Clockify(_) => Service::Clockify,
        }
    }
}

/// What an address answered, or why it did not.
type Answered = Result<(StatusCode, Bytes), String>;

impl Simulator {
    /// Sends everything that waits for nobody yet on its way.
    pub(super) fn dispatch(&self, inner: &mut Inner) {
        let mut parcels: Vec<Parcel> = inner.toggl.take_fresh().into_iter().map(Parcel::Toggl).collect();
        parcels.extend(inner.clockify.take_fresh().into_iter().map(Parcel::Clockify));
        for parcel in parcels {
            match inner.faults.fate(parcel.service(), &mut inner.rng) {
                Fate::Lost => match parcel {
                    Parcel::Toggl(ticket) => inner.toggl.lose(ticket),
                    Parcel::Clockify(ticket) => inner.clockify.lose(ticket),
                },
                Fate::Sent { wait, copy } => {
                    let (simulator, stopped) = (self.clone(), self.stopped());
                    tokio::spawn(async move {
                        tokio::select! {
                            biased;
                            () = stopped.cancelled() => {}
                            () = simulator.carry(parcel, wait, copy) => {}
                        }
                    });
                }
            }
        }
    }

    async fn carry(&self, parcel: Parcel, wait: Duration, copy: Option<bool>) {
        pause(wait).await;
        let delivered = loop {
            let Some((outgoing, fails)) = self.prepare(parcel) else { return };
            let result = if fails {
                Ok((StatusCode::BAD_GATEWAY, Bytes::new()))
            } else {
                self.post(parcel.service(), outgoing.clone()).await
            };
            let good = matches!(&result, Ok((status, _)) if status.is_success());
            match self.settle(parcel, result) {
                None => break good.then_some(outgoing),
                Some(wait) => pause(wait).await,
            }
        };
        if let (Some(exact), Some(outgoing)) = (copy, delivered) {
            pause(COPY_AFTER).await;
            let again = match parcel {
                Parcel::Toggl(ticket) if !exact => self.newly_stamped(ticket),
                // Clockify stamps nothing: every copy is exact.
                _ => Some(outgoing),
            };
            if let Some(outgoing) = again {
                // A copy is the network's doing: its outcome counts for nothing.
                let _ = self.post(parcel.service(), outgoing).await;
            }
        }
    }

    /// The next attempt, and whether it fails on the way.
    fn prepare(&self, parcel: Parcel) -> Option<(Outgoing, bool)> {
        let now = self.now();
        let mut inner = self.lock();
        let mut outgoing = match parcel {
            Parcel::Toggl(ticket) => inner.toggl.attempt(ticket, now),
            Parcel::Clockify(ticket) => inner.clockify.attempt(ticket),
        }?;
        let Inner { faults, rng, .. } = &mut *inner;
        let (spoilt, fails) = faults.mishaps(parcel.service(), rng);
        if spoilt {
            match parcel {
                Parcel::Toggl(_) => toggl::spoil(&mut outgoing),
                Parcel::Clockify(_) => clockify::spoil(&mut outgoing),
            }
        }
        Some((outgoing, fails))
    }

    /// Counts an attempt; `Some` is the wait before the next one.
    fn settle(&self, parcel: Parcel, result: Answered) -> Option<Duration> {
        let now = self.now();
        let mut inner = self.lock();
        let service = parcel.service();
        let attempts = inner.faults.attempts(service);
        let failed = match parcel {
            Parcel::Toggl(ticket) => {
                let disable_after = inner.faults.deliveries.disable_after;
                match inner.toggl.outcome(ticket, result.and_then(accepted), now, disable_after, attempts) {
                    Verdict::Over => None,
                    Verdict::Again(failed) => Some(failed),
                }
            }
            Parcel::Clockify(ticket) => {
                let disable_after = inner.faults.deliveries.clockify_disable_after;
                inner.clockify.outcome(ticket, &result, now, Counting { attempts, disable_after })
            }
        };
        failed.map(|failed| inner.faults.retry_after(service, failed))
    }

    fn newly_stamped(&self, ticket: toggl::Ticket) -> Option<Outgoing> {
        let now = self.now();
        self.lock().toggl.copy(ticket, now)
    }

    /// Posts a request and waits for the answer, as long as the service does.
    pub(super) async fn post(&self, service: Service, outgoing: Outgoing) -> Answered {
        let limit = match service {
            Service::Toggl => toggl::CALLBACK_TIMEOUT,
            Service::Clockify => self.lock().clockify.callback_timeout(),
        };
        let sent = self.deliverer().deliver(outgoing.url, outgoing.headers, outgoing.body);
        match tokio::time::timeout(limit, sent).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer in {} s", limit.as_secs())),
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
