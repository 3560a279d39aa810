//! The one transport: a request goes out once, an answer comes back classified, with what its headers told.
//!
//! Nothing here retries, waits, follows a redirect or remembers anything: budgets and retries are the engine's.

mod answer;
mod failure;
mod request;
mod reqwest_wire;

pub use answer::{Answer, Charge, Page, Told};
pub use failure::Failure;
pub use reqwest_wire::{ReqwestWire, WireSetup};

pub(super) use answer::{header_number, header_text, told_date};
pub(super) use failure::{retry_after, told_text};
pub(super) use request::{Ask, Got, asked, exchange, segment};

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// Carries one request to its absolute address and brings the whole answer back.
pub trait Wire: Send + Sync {
    /// Sends the request once. The body of the answer is complete and decompressed.
    fn call(
        &self,
        request: ::http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<::http::Response<Bytes>, WireError>>;
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Nothing can have reached the service: no address, no connection, no TLS.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The service may have done the work: timeout, reset, broken answer.
    #[error("no answer: {0}")]
    Unknown(String),
}
