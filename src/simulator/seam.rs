//! The simulator as a whole: one `call` for both services, faults around it, and what `admin` shows and sets.
//!
//! Nothing is locked across an await, and a call that has begun ends, also when its client is gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::call::Reply;
use super::clockify::{self, Clockify, ClockifyOptions};
use super::deliver::Deliverer;
use super::faults::{Act, Faults, draw};
use super::listing::{Asked, Listing};
use super::options::{Access, Clock, ClockifyPlan, Options, PlanChange};
use super::received::{Received, Target};
use super::toggl::{self, REMAINING, RESETS_IN, Step, Toggl};
use super::worlds;
use crate::domain::id::Service;

/// The connection dropped before an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection dropped before an answer; whether the request was carried out is unknown")]
pub struct Broken;

/// Everything that changes.
pub(super) struct Inner {
    pub(super) toggl: Toggl,
    pub(super) clockify: Clockify,
    pub(super) faults: Faults,
    pub(super) rng: StdRng,
    listing: Listing,
}

struct Shared {
    inner: Mutex<Inner>,
    clock: Clock,
    deliverer: Arc<dyn Deliverer>,
    stop: CancellationToken,
}

/// The simulated services. Clones share one world.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

impl Simulator {
    /// A new world.
    pub fn new(options: Options) -> Self {
        let now = (options.clock)();
        let plan = if options.plan.clockify_free { clockify::Plan::Free } else { clockify::Plan::Paid };
        let mut clockify = Clockify::new(ClockifyOptions::new(options.seed, plan, now));
        let book = worlds::book(options.world, options.seed, now);
        worlds::furnish(options.world, &mut clockify);
        let inner = Inner {
            toggl: Toggl::new(options.seed, options.plan.toggl, book),
            clockify,
            faults: Faults::default(),
            // A stream of its own, so that drawing faults changes no id.
            rng: StdRng::seed_from_u64(options.seed ^ 0x5eed_0f00_fa17),
            listing: Listing::default(),
        };
        let (clock, deliverer) = (options.clock, options.deliverer);
        let shared = Shared { inner: Mutex::new(inner), clock, deliverer, stop: CancellationToken::new() };
        Self { shared: Arc::new(shared) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The services' clock.
    pub fn now(&self) -> DateTime<Utc> {
        (self.shared.clock)()
    }

    pub(super) fn deliverer(&self) -> Arc<dyn Deliverer> {
        Arc::clone(&self.shared.deliverer)
    }

    pub(super) fn stopped(&self) -> CancellationToken {
        self.shared.stop.clone()
    }

    /// Ends all deliveries under way. Calls are still answered.
    pub fn stop(&self) {
        self.shared.stop.cancel();
    }

    /// Answers a request; the path is the full one (`/api/v9/…`, `/reports/api/v3/…`, `/webhooks/api/v1/…`, and
    /// `/api/v1/…` for Clockify). `Broken` is a fault: the client sees its connection drop.
    pub async fn call(&self, service: Service, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
        let received = Received::new(service, request, self.now());
        let simulator = self.clone();
        // A task of its own: what has begun is carried out, also when the client hangs up.
        match tokio::spawn(async move { simulator.answer(received).await }).await {
            Ok(answer) => answer.map(|reply| respond(self.perhaps_mute(reply))),
            Err(_) => Err(Broken),
        }
    }

    async fn answer(&self, received: Received) -> Result<Reply, Broken> {
        let act = self.act(&received);
        match act {
            None => {
                let (reply, bucket) = self.work(&received).await;
                let reply = self.perhaps_plain(&received, reply);
                self.list(&received, Some(&reply), bucket);
                Ok(reply)
            }
            Some(Act::Reset) => {
                self.list(&received, None, None);
                Err(Broken)
            }
            Some(Act::Status(code)) => {
                let reply = self.refusal(&received, code);
                self.list(&received, Some(&reply), None);
                Ok(reply)
            }
            Some(Act::Slow(seconds)) => {
                let reply = self.refusal(&received, 429).with("Retry-After", seconds);
                self.list(&received, Some(&reply), None);
                Ok(reply)
            }
            Some(Act::Lost) => {
                let (_, bucket) = self.work(&received).await;
                self.list(&received, None, bucket);
                Err(Broken)
            }
            Some(Act::Done(code)) => {
                let (_, bucket) = self.work(&received).await;
                let reply = self.refusal(&received, code);
                self.list(&received, Some(&reply), bucket);
                Ok(reply)
            }
            Some(Act::Delay(seconds)) => {
                let (reply, bucket) = self.work(&received).await;
                self.list(&received, Some(&reply), bucket);
                tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
                Ok(reply)
            }
        }
    }

    fn act(&self, received: &Received) -> Option<Act> {
        if received.call.person {
            return None;
        }
        let mut inner = self.lock();
        let Inner { faults, rng, .. } = &mut *inner;
        faults.act(received.service, received.call.method.as_str(), &received.path, rng)
    }

    /// Lets the service do it. The second value is the bucket that was charged and what is left in it.
    async fn work(&self, received: &Received) -> (Reply, Option<(String, i64)>) {
        let call = &received.call;
        let unknown = || Reply::json(StatusCode::NOT_FOUND, &json!("Not found"));
        let api = match received.target {
            Target::Toggl(api) => api,
            Target::TogglPast => {
                let text = "API v8 is gone, please use API v9";
                return (Reply::json(StatusCode::GONE, &json!(text)), None);
            }
            Target::Unknown => return (unknown(), None),
            Target::Clockify | Target::ClockifyReports => {
                let mut inner = self.lock();
                let reply = match received.target {
                    Target::Clockify => inner.clockify.handle(call),
                    _ => inner.clockify.handle_reports(call),
                };
                self.dispatch(&mut inner);
                let bucket = inner.clockify.remaining(call.now).filter(|_| !call.person);
                return (reply, bucket);
            }
        };
        let (step, bucket) = {
            let mut inner = self.lock();
            let handled = inner.toggl.handle(api, call);
            self.dispatch(&mut inner);
            (handled.step, handled.bucket.zip(handled.remaining))
        };
        let reply = match step {
            Step::Done(reply) => reply,
            Step::Ask(ask) => {
                let result = self.post(Service::Toggl, ask.ping.clone()).await;
                let now = self.now();
                self.lock().toggl.asked(*ask, result.map(|(status, body)| (status, body.to_vec())), now)
            }
        };
        (reply, bucket)
    }

    /// A refusal in the form of the service, for a fault.
    fn refusal(&self, received: &Received, code: u16) -> Reply {
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match received.target {
            Target::Toggl(api) => self.lock().toggl.fault(api, &received.call, status),
            Target::Clockify | Target::ClockifyReports => self.lock().clockify.fault(status),
            Target::TogglPast | Target::Unknown => Reply::empty(status),
        }
    }

    fn perhaps_mute(&self, mut reply: Reply) -> Reply {
        if self.lock().faults.hide_quota {
            let tells =
                |name: &str| name.eq_ignore_ascii_case(REMAINING) || name.eq_ignore_ascii_case(RESETS_IN);
            reply.headers.retain(|(name, _)| !tells(name));
        }
        reply
    }

    fn perhaps_plain(&self, received: &Received, mut reply: Reply) -> Reply {
        if received.call.person || reply.status.is_success() || received.service != Service::Toggl {
            return reply;
        }
        let mut inner = self.lock();
        let Inner { faults, rng, .. } = &mut *inner;
        if !draw(faults.plain_errors, rng) {
            return reply;
        }
        if let Ok(text) = serde_json::from_slice::<String>(&reply.body) {
            reply.body = text.into();
            reply.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            reply.headers.push(("Content-Type".into(), "text/plain; charset=utf-8".into()));
        }
        reply
    }

    fn list(&self, received: &Received, reply: Option<&Reply>, bucket: Option<(String, i64)>) {
        let call = &received.call;
        if call.person {
            return;
        }
        let (bucket, remaining) = bucket.unzip();
        self.lock().listing.push(Asked {
            time: call.now,
            service: received.service,
            method: call.method.to_string(),
            path: received.path.clone(),
            body: received.body(),
            status: reply.map(|reply| reply.status.as_u16()),
            bucket,
            remaining,
        });
    }

    /// Every request that a program sent, oldest first.
    pub fn requests(&self) -> Vec<Asked> {
        self.lock().listing.rows()
    }

    /// Forgets the requests.
    pub fn clear_requests(&self) {
        self.lock().listing.clear();
    }

    /// The faults in force; `times` count down.
    pub fn faults(&self) -> Faults {
        self.lock().faults.clone()
    }

    /// Replaces all faults.
    pub fn set_faults(&self, faults: Faults) {
        let mut inner = self.lock();
        inner.toggl.set_habits(faults.habits());
        inner.faults = faults;
    }

    /// Changes the share of deliveries that fail on the way, and nothing else.
    pub fn set_failing(&self, share: f64) {
        self.lock().faults.deliveries.fail = share;
    }

    /// Changes subscriptions as no call can.
    pub fn change_hooks(&self, change: impl FnOnce(&mut super::toggl::Hooks)) {
        change(&mut self.lock().toggl.hooks);
    }

    /// Makes the owner of the token an administrator, or none.
    pub fn set_owner_admin(&self, is: bool) {
        self.lock().toggl.set_admin(super::toggl::OWNER, is);
    }

    /// A subscription of somebody else that was there before all others.
    pub fn plant_subscription(&self, description: &str) {
        let (now, workspace) = (self.now(), self.access().toggl_workspace);
        self.lock().toggl.plant(description, workspace, now);
    }

    /// How many subscriptions receive events: enabled and validated.
    pub fn receiving(&self) -> usize {
        self.lock().toggl.receiving()
    }

    /// Changes plans.
    pub fn set_plan(&self, change: PlanChange) {
        let now = self.now();
        let mut inner = self.lock();
        if let Some(plan) = change.toggl {
            inner.toggl.set_plan(plan, now);
        }
        if let Some(plan) = change.clockify {
            inner.clockify.set_plan(plan == ClockifyPlan::Paid);
        }
    }

    /// The plans in force.
    pub fn plan(&self) -> PlanChange {
        let inner = self.lock();
        let clockify = match inner.clockify.plan() {
            clockify::Plan::Free => ClockifyPlan::Free,
            clockify::Plan::Paid => ClockifyPlan::Paid,
        };
        PlanChange { toggl: Some(inner.toggl.plan()), clockify: Some(clockify) }
    }

    /// Everything that each service holds.
    pub fn state(&self) -> Value {
        let now = self.now();
        let inner = self.lock();
        json!({"toggl": inner.toggl.state(now), "clockify": inner.clockify.state()})
    }

    /// Tokens and ids.
    pub fn access(&self) -> Access {
        let inner = self.lock();
        let token = |id: i64| inner.toggl.book().users.get(&id).map(|row| row.token.clone());
        Access {
            toggl_token: token(toggl::OWNER).unwrap_or_default(),
            toggl_second_token: token(toggl::COLLEAGUE),
            toggl_workspace: toggl::WORKSPACE,
            clockify_token: inner.clockify.token().to_owned(),
            clockify_workspace: clockify::WORKSPACE_ID.to_owned(),
        }
    }

    /// Sets the address that Toggl's `validation_code_url` starts with (`http://127.0.0.1:41003/webhooks/api/v1`).
    pub fn set_webhooks_url(&self, url: String) {
        self.lock().toggl.set_webhooks_url(url);
    }
}

/// The reply as it goes over HTTP.
pub(super) fn respond(reply: Reply) -> Response<Bytes> {
    let mut response = Response::new(reply.body);
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
