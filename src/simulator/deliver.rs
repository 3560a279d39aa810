//! How requests of the simulated services reach a callback. Plain HTTP here, a function call in tests.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::StatusCode;

/// Header pairs.
pub type Headers = Vec<(String, String)>;

/// A request that leaves the simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The callback.
    pub url: String,
    /// Content type, and what proves the sender.
    pub headers: Headers,
    /// The body, byte for byte.
    pub body: Bytes,
}

/// Carries a POST to a callback.
pub trait Deliverer: Send + Sync {
    /// Posts a body; the answer's status and body, or why there is none.
    fn deliver(
        &self,
        url: String,
        headers: Headers,
        body: Bytes,
    ) -> BoxFuture<'static, Result<(StatusCode, Bytes), String>>;
}

/// Delivers nowhere; every attempt fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Deliverer for Nowhere {
    fn deliver(
        &self,
        _: String,
        _: Headers,
        _: Bytes,
    ) -> BoxFuture<'static, Result<(StatusCode, Bytes), String>> {
        Box::pin(async { Err("no route to host".to_owned()) })
    }
}

/// Delivers over HTTP. Follows no redirect and uses no proxy.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
}

impl Http {
    /// A client for callbacks.
    pub fn new() -> Result<Self, reqwest::Error> {
        // A second installation only says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        // A machine without root certificates can still deliver to loopback.
        let client = builder().build().or_else(|_| builder().tls_certs_only([]).build())?;
        Ok(Self { client })
    }
}

impl Deliverer for Http {
    fn deliver(
        &self,
        url: String,
        headers: Headers,
        body: Bytes,
    ) -> BoxFuture<'static, Result<(StatusCode, Bytes), String>> {
        let request =
            headers.iter().fold(self.client.post(url), |request, (name, value)| request.header(name, value));
        Box::pin(async move {
            let answer = request.body(body).send().await.map_err(|error| plain(&error))?;
            let status = answer.status();
            let body = answer.bytes().await.map_err(|error| plain(&error))?;
            Ok((status, body))
        })
    }
}

/// The innermost reason: "connection refused", not "error sending request for url".
fn plain(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}
