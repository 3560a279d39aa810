//! The real transport: reqwest with rustls and ring.

use std::sync::Once;
use std::time::Duration;

use ::http::{Request, Response};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Wire, WireError};

/// Longest answer that is read, decompressed: 16 MiB.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE_CALL: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(60);
const IDLE_PER_HOST: usize = 4;

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot start: {0}; check that the system has CA certificates")]
pub struct WireSetup(String);

/// One connection pool for one service.
#[derive(Clone, Debug)]
pub struct ReqwestWire {
    client: reqwest::Client,
}

impl ReqwestWire {
    /// A transport for a base address. Only a loopback base may be plain HTTP; it needs neither CA certificates nor a
    /// proxy, so a demo runs on a bare machine.
    pub fn for_base(base_url: &str) -> Result<Self, WireSetup> {
        static RING: Once = Once::new();
        RING.call_once(|| {
            // An error means that another provider is installed already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let plain = is_plain_loopback(base_url);
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE_CALL)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .https_only(!plain);
        if plain {
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| WireSetup(deep_text(&error)))?;
        Ok(Self { client })
    }
}

impl Wire for ReqwestWire {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        async move {
            let request = reqwest::Request::try_from(request).map_err(sorted)?;
            let mut answer = self.client.execute(request).await.map_err(sorted)?;
            let mut whole = Response::new(Bytes::new());
            *whole.status_mut() = answer.status();
            *whole.headers_mut() = std::mem::take(answer.headers_mut());
            let mut body = BytesMut::new();
            while let Some(chunk) = answer.chunk().await.map_err(in_answer)? {
                if body.len() + chunk.len() > LARGEST_ANSWER {
                    return Err(WireError::Unknown("the answer is longer than 16 MiB".to_owned()));
                }
                body.extend_from_slice(&chunk);
            }
            *whole.body_mut() = body.freeze();
            Ok(whole)
        }
        .boxed()
    }
}

/// Plain HTTP to this machine itself.
fn is_plain_loopback(base_url: &str) -> bool {
    let Ok(uri) = base_url.parse::<::http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback && uri.scheme_str() == Some("http")
}

/// Before a connection stands, nothing can have been sent.
fn sorted(error: reqwest::Error) -> WireError {
    if error.is_connect() || error.is_builder() {
        WireError::NotSent(deep_text(&error.without_url()))
    } else {
        in_answer(error)
    }
}

fn in_answer(error: reqwest::Error) -> WireError {
    let what = if error.is_timeout() { "no answer within 30 s" } else { "the connection broke" };
    WireError::Unknown(format!("{what}: {}", deep_text(&error.without_url())))
}

/// The innermost reason, which says more than the outer ones.
fn deep_text(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::is_plain_loopback;

    #[test]
    fn only_this_machine_may_be_spoken_to_in_the_clear() {
        for (base, plain) in [
            ("http://127.0.0.1:41003", true),
            ("http://localhost:41003/api/v1", true),
            ("http://[::1]:41003", true),
            ("https://127.0.0.1:41003", false),
            ("http://api.example.test", false),
            ("http://127.0.0.1.example.test", false),
            ("https://api.track.toggl.com", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_plain_loopback(base), plain, "{base}");
        }
    }
}
