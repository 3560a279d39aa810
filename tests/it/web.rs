//! A person's or a script's plain HTTP client.

use reqwest::Method;
use serde_json::Value;

/// Talks to the simulated services.
#[derive(Clone)]
pub struct Web {
    client: reqwest::Client,
}

impl Web {
    pub fn new() -> Self {
        // Another test of this process may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { client: reqwest::Client::new() }
    }

    /// Sends one request and returns status and JSON (`null` where there is none).
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.client.request(method, url).timeout(crate::process::CEILING);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// A request that has to succeed.
    pub async fn must(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Value {
        let (status, answer) = self.send(method.clone(), url, headers, body).await;
        assert!((200..300).contains(&status), "{method} {url}: {status} {answer}");
        answer
    }
}
