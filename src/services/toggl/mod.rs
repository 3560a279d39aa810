//! Toggl Track: API v9, Reports v3 and Webhooks v1 behind one client.
//!
//! Each method is one request. What a call is charged to is known before it is made: [`Call::charge`].
//! Over quota is HTTP 402, as is a feature that the plan lacks; the two are told apart here.

mod call;
pub mod delivery;

mod entries;
mod entry;
mod profile;
mod refusal;
mod reports;
mod subscriptions;
mod workspace;

use std::fmt;
use std::sync::Arc;

use ::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use ::http::{HeaderMap, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::http::{Answer, Ask, Failure, Told, Wire, asked, exchange, header_number, header_text, told_date};
use super::redact;
use crate::domain::id::RemoteId;

pub use call::Call;
pub use entries::{Change, Draft, Edge};
pub use profile::{Me, Organization, QuotaRow, Workspace};
pub use reports::{Cursor, ReportPage, Search};
pub use subscriptions::{Attempt, Filter, Limits, Subscription, Wanted};

/// A client for one token.
#[derive(Clone)]
pub struct Toggl {
    wire: Arc<dyn Wire>,
    base: String,
    token: SecretString,
}

impl fmt::Debug for Toggl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toggl").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Toggl {
    /// A client. `base_url` is the origin, as in `https://api.track.toggl.com`; a trailing `/api/v9` is understood.
    pub fn new(wire: Arc<dyn Wire>, base_url: &str, token: SecretString) -> Self {
        let base = base_url.trim().trim_end_matches('/').trim_end_matches("/api/v9").trim_end_matches('/');
        Self { wire, base: base.to_owned(), token }
    }

    /// Makes the call: one request, one answer. A decoder sees the body without secrets, except for subscriptions.
    async fn ask<T>(
        &self,
        call: Call,
        ask: Result<Ask, Failure>,
        decode: impl FnOnce(&HeaderMap, Value) -> Result<T, String>,
    ) -> Answer<T> {
        let asked = asked(&ask, call.as_str());
        let sent = match (ask, self.credential()) {
            (Ok(ask), Ok(credential)) => exchange(&*self.wire, &self.base, credential, ask).await,
            (Err(failure), _) | (_, Err(failure)) => Err(failure),
        };
        let got = match sent {
            Ok(got) => got,
            Err(failure) => return Answer::without(failure, asked),
        };
        let told = Told {
            remaining: header_number(&got.headers, "x-toggl-quota-remaining"),
            resets_in: header_number(&got.headers, "x-toggl-quota-resets-in")
                .and_then(TimeDelta::try_seconds),
            date: told_date(&got.headers),
        };
        let request_id = header_text(&got.headers, "x-toggl-request-id").map(str::to_owned);
        let result = if got.status.is_success() {
            got.json()
                .map(|body| if call.shows_secret() { body } else { redact::stripped(body) })
                .and_then(|body| decode(&got.headers, body))
                .map_err(|why| Failure::Garbled(format!("{}: {why}", call.as_str())))
        } else {
            Err(refusal::sort(call, &got, &told))
        };
        Answer { result, told, status: Some(got.status.as_u16()), request_id, asked }
    }

    fn credential(&self) -> Result<(HeaderName, HeaderValue), Failure> {
        let pair = STANDARD.encode(format!("{}:api_token", self.token.expose_secret()));
        HeaderValue::try_from(format!("Basic {pair}"))
            .map(|value| (AUTHORIZATION, value))
            .map_err(|_| Failure::Unsent("the token has characters that no token has".to_owned()))
    }
}

/// A path under the Track API.
fn track(path: &str) -> String {
    format!("/api/v9{path}")
}

/// Toggl's ids are integers in bodies. One that is not is sent as it is, to be refused in words.
fn number(id: &RemoteId) -> Value {
    id.as_str().parse::<i64>().map_or_else(|_| Value::from(id.as_str()), Value::from)
}

fn delete(path: String) -> Ask {
    Ask::new(Method::DELETE, path)
}

fn no_content<T: Default>(_: &HeaderMap, _: Value) -> Result<T, String> {
    Ok(T::default())
}
