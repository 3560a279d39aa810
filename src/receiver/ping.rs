//! The one thing the receiver reads in a body: whether it is a PING, and the validation code to echo.

use serde::Deserialize;
use serde_json::Value;

/// A PING of Toggl's (`event_id` 0). It is answered with its code and never taken for a duplicate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ping {
    /// Asked to be sent back while the subscription is not validated.
    pub validation_code: Option<String>,
}

#[derive(Deserialize)]
struct Peek {
    event_id: Option<Value>,
    #[serde(default)]
    validation_code: Option<Value>,
}

/// Reads a verified body; anything that is no PING is none, whatever its shape.
pub(super) fn read(body: &[u8]) -> Option<Ping> {
    // serde would also take an array for the struct.
    let object = body.trim_ascii_start().starts_with(b"{");
    let peek: Peek = serde_json::from_slice(body).ok().filter(|_| object)?;
    let zero = peek.event_id.is_some_and(|id| id == 0 || id == "0");
    zero.then(|| Ping {
        validation_code: peek.validation_code.and_then(|code| code.as_str().map(str::to_owned)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_event_zero_is_a_ping() {
        let code = |body: &str| read(body.as_bytes()).map(|ping| ping.validation_code);
        assert_eq!(
            code(r#"{"event_id":0,"payload":"ping","validation_code":"c0de"}"#),
            Some(Some("c0de".into()))
        );
        assert_eq!(code(r#"{"payload":"ping","event_id":"0"}"#), Some(None));
        assert_eq!(code(r#"{"event_id":0,"validation_code":null}"#), Some(None));
        for other in
            ["", "null", "[0]", "{}", r#"{"event_id":8300000000000001}"#, r#"{"event_id":null}"#, "\u{0}"]
        {
            assert_eq!(code(other), None, "{other}");
        }
    }
}
