//! Building one request, and sending it once.

use ::http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use ::http::{HeaderMap, Method, Request, StatusCode};
use bytes::Bytes;
use serde_json::Value;

use super::{Failure, Wire};

/// `hourwire/<version>`.
const AGENT: &str = concat!("hourwire/", env!("CARGO_PKG_VERSION"));

/// One request to be made.
pub struct Ask {
    pub method: Method,
    /// The path under the base, starting with `/`, made of [`segment`]s.
    pub path: String,
    /// Query parameters, not yet encoded.
    pub query: Vec<(&'static str, String)>,
    /// The JSON body, if any.
    pub body: Option<Value>,
}

impl Ask {
    pub fn new(method: Method, path: String) -> Self {
        Self { method, path, query: Vec::new(), body: None }
    }

    pub fn get(path: String) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// The request with its credential, which no `Debug` shows.
    fn build(self, base: &str, auth: (HeaderName, HeaderValue)) -> Result<Request<Bytes>, Failure> {
        let mut address = format!("{base}{}", self.path);
        for (i, (name, value)) in self.query.iter().enumerate() {
            address.push(if i == 0 { '?' } else { '&' });
            address.push_str(name);
            address.push('=');
            encode(value, &mut address);
        }
        let (name, mut credential) = auth;
        credential.set_sensitive(true);
        let mut request = Request::builder()
            .method(self.method)
            .uri(address)
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "application/json")
            .header(name, credential);
        let mut bytes = Bytes::new();
        if let Some(body) = self.body {
            request = request.header(CONTENT_TYPE, "application/json");
            bytes = Bytes::from(body.to_string());
        }
        request
            .body(bytes)
            .map_err(|_| Failure::Unsent("the base address is not a URL; correct base_url".to_owned()))
    }
}

/// What is asked, in words: the method, and the call by its name.
pub fn asked(ask: &Result<Ask, Failure>, call: &str) -> String {
    match ask {
        Ok(ask) => format!("{} {call}", ask.method),
        Err(_) => call.to_owned(),
    }
}

/// A whole answer, whatever its status.
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    /// A page for people instead of the service's own answer.
    pub fn is_web_page(&self) -> bool {
        let kind = super::header_text(&self.headers, "content-type").unwrap_or_default();
        kind.to_ascii_lowercase().starts_with("text/html") || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// The body as JSON; an empty one is `null`.
    pub fn json(&self) -> Result<Value, String> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|_| {
            format!(
                "HTTP {} with a body that is not JSON: {}",
                self.status.as_u16(),
                super::told_text(&self.body)
            )
        })
    }
}

/// Sends one request once.
pub async fn exchange(
    wire: &dyn Wire,
    base: &str,
    auth: (HeaderName, HeaderValue),
    ask: Ask,
) -> Result<Got, Failure> {
    let (method, path) = (ask.method.clone(), ask.path.clone());
    let request = ask.build(base, auth)?;
    match wire.call(request).await {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            tracing::debug!(%method, path, status = parts.status.as_u16(), bytes = body.len(), "answer");
            Ok(Got { status: parts.status, headers: parts.headers, body })
        }
        Err(error) => {
            tracing::debug!(%method, path, %error, "no answer");
            Err(error.into())
        }
    }
}

/// One segment of a path. Ids come from services and files: anything that could lead elsewhere is refused.
pub fn segment(text: &str) -> Result<&str, Failure> {
    let safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.is_empty() && text.len() <= 128 && text.chars().all(safe) {
        Ok(text)
    } else {
        Err(Failure::Unsent(format!(
            "{:?} cannot be an id; correct it where it is set",
            super::failure::short(text)
        )))
    }
}

/// Percent-encodes a query value: everything but RFC 3986's unreserved characters.
fn encode(value: &str, into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(char::from(HEX[usize::from(byte >> 4)]));
            into.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_built_with_encoded_query_and_hidden_credential() {
        let ask = Ask::get("/tags".to_owned()).with("name", "a b&c=ü").with("page", 2);
        let auth = (HeaderName::from_static("x-api-key"), HeaderValue::from_static("very-secret"));
        let request = ask.build("http://127.0.0.1:9/api/v1", auth).expect("builds");
        assert_eq!(request.uri(), "http://127.0.0.1:9/api/v1/tags?name=a%20b%26c%3D%C3%BC&page=2");
        assert_eq!(request.headers()["x-api-key"], "very-secret");
        assert!(request.headers()[USER_AGENT].to_str().expect("text").starts_with("hourwire/"));
        assert!(request.headers().get(CONTENT_TYPE).is_none());
        assert!(!format!("{request:?}").contains("very-secret"));
    }

    #[test]
    fn a_base_that_is_no_address_sends_nothing() {
        let auth = (HeaderName::from_static("x-api-key"), HeaderValue::from_static("k"));
        let failure = Ask::get("/user".to_owned()).build("not a url", auth).expect_err("fails");
        assert!(matches!(failure, Failure::Unsent(_)));
    }

    #[test]
    fn ids_that_could_lead_elsewhere_are_refused() {
        for bad in ["", "..", "a/b", "a?b", "1,2", "a b", "%2e"] {
            assert!(segment(bad).is_err(), "{bad:?}");
        }
        assert!(segment("64f0c0ffee0000000000b001").is_ok());
    }
}
