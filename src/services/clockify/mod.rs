//! Clockify: API v1 behind one client.
//!
//! Each method is one request, charged to the workspace ([`Charge::Workspace`]). There is no idempotency key: an error
//! on a create does not prove that nothing was created, and a replacing write loses what it leaves out.

mod call;
mod catalogue;
pub mod delivery;
mod entries;
mod entry;
mod profile;
mod refusal;
mod webhook_log;
mod webhooks;

use std::fmt;
use std::sync::Arc;

use ::http::HeaderMap;
use ::http::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::http::{
    Answer, Ask, Charge, Failure, Page, Told, Wire, asked, exchange, header_text, segment, told_date,
};
use super::redact;
use crate::domain::id::RemoteId;

pub use call::Call;
pub use profile::{Profile, Workspace};
pub use webhook_log::{Attempts, LogRow, StatusRow};
pub use webhooks::{Definition, Webhook, Webhooks};

/// Every call is charged to the whole workspace; webhooks, failures and other keys may count too.
pub const CHARGE: Charge = Charge::Workspace;

/// A client for one token in one workspace.
#[derive(Clone)]
pub struct Clockify {
    wire: Arc<dyn Wire>,
    base: String,
    token: SecretString,
    workspace: RemoteId,
    free: bool,
}

impl fmt::Debug for Clockify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clockify")
            .field("base", &self.base)
            .field("workspace", &self.workspace)
            .field("free", &self.free)
            .finish_non_exhaustive()
    }
}

impl Clockify {
    /// A client. `base_url` ends in `/api/v1`, as in `https://api.clockify.me/api/v1`.
    pub fn new(wire: Arc<dyn Wire>, base_url: &str, token: SecretString, workspace: RemoteId) -> Self {
        let base = base_url.trim().trim_end_matches('/').to_owned();
        Self { wire, base, token, workspace, free: false }
    }

    /// The same client told whether the plan is Free: there a 429 is the hourly quota, on paid plans a matter of seconds.
    pub fn on_free_plan(mut self, free: bool) -> Self {
        self.free = free;
        self
    }

    /// The workspace that the calls name.
    pub fn workspace_id(&self) -> &RemoteId {
        &self.workspace
    }

    /// Makes the call: one request, one answer. A decoder sees the body without secrets, except for webhooks.
    async fn ask<T>(
        &self,
        call: Call,
        ask: Result<Ask, Failure>,
        decode: impl FnOnce(&HeaderMap, Value) -> Result<T, String>,
    ) -> Answer<T> {
        let asked = asked(&ask, call.as_str());
        let credential = HeaderValue::try_from(self.token.expose_secret())
            .map(|value| (HeaderName::from_static("x-api-key"), value))
            .map_err(|_| Failure::Unsent("the token has characters that no token has".to_owned()));
        let sent = match (ask, credential) {
            (Ok(ask), Ok(credential)) => exchange(&*self.wire, &self.base, credential, ask).await,
            (Err(failure), _) | (_, Err(failure)) => Err(failure),
        };
        let got = match sent {
            Ok(got) => got,
            Err(failure) => return Answer::without(failure, asked),
        };
        let told = Told { date: told_date(&got.headers), ..Told::default() };
        let request_id = header_text(&got.headers, "x-request-id").map(str::to_owned);
        let result = if got.status.is_success() {
            got.json()
                .map(|body| if call.shows_secret() { body } else { redact::stripped(body) })
                .and_then(|body| decode(&got.headers, body))
                .map_err(|why| Failure::Garbled(format!("{}: {why}", call.as_str())))
        } else {
            Err(refusal::sort(call, self.free, &got))
        };
        Answer { result, told, status: Some(got.status.as_u16()), request_id, asked }
    }

    /// A path under the workspace.
    fn under(&self, path: &str) -> Result<String, Failure> {
        Ok(format!("/workspaces/{}{path}", segment(self.workspace.as_str())?))
    }
}

/// The stop rule of every list: the service says so; a short page ends it only where the service says nothing, for it
/// may give fewer than were asked for.
fn page_of<T>(headers: &HeaderMap, rows: Vec<T>, size: usize) -> Page<T> {
    let last = match header_text(headers, "last-page") {
        Some(text) if text.eq_ignore_ascii_case("false") => rows.is_empty(),
        Some(text) if text.eq_ignore_ascii_case("true") => true,
        _ => rows.len() < size,
    };
    Page { rows, last }
}
