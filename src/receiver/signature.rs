//! Toggl's signature: `X-Webhook-Signature-256: sha256=<hex HMAC-SHA256 of the raw body>`, keyed with the bytes of the
//! subscription's secret (Toggl's webhook documentation).

use http::HeaderMap;

use super::verifier::Refusal;
pub use crate::domain::signature::{HEADER, matches, sign};
use crate::domain::signature::{SCHEME, decode};

/// The signature that the headers claim: exactly one, of the known scheme, 64 hexadecimal digits of either case.
pub fn claimed(headers: &HeaderMap) -> Result<[u8; 32], Refusal> {
    let mut values = headers.get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Refusal::NoSignature) };
    let hex = value.as_bytes().strip_prefix(SCHEME).ok_or(Refusal::BadForm)?;
    decode(hex).ok_or(Refusal::BadForm)
}

/// Whether the headers carry the signature of `body`.
pub fn verify(secret: &[u8], body: &[u8], headers: &HeaderMap) -> Result<(), Refusal> {
    let claimed = claimed(headers)?;
    if matches(secret, body, &claimed) { Ok(()) } else { Err(Refusal::WrongSignature) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const SECRET: &[u8] = b"PGuRrhCFajIyEvFlreKL";
    const BODY: &str = r#"{"event_id":0,"created_at":"2022-06-25T03:58:10.207820267Z","creator_id":6,"metadata":{"request_type":"POST","event_user_id":6},"payload":"ping","subscription_id":6,"timestamp":"2022-06-25T03:58:10.207820267Z","url_callback":"https://callback-url.com"}"#;
    const HEX: &str = "bf829606cda0ca6923defb5ca70a43135adc7e8887486a201a19cb50ca6006b1";
    const OLDER_BODY: &str = r#"{"event_id":0,"created_at":"2022-06-25T03:58:10.207820267Z","creator_id":6,"metadata":{"request_type":"POST","event_user_id":6},"payload":"ping","subscription_id":6}"#;
    const OLDER_HEX: &str = "55343383e52a9cd2f56bd4e9fb5b6ce6982fb45955f26ea816cf7495d98c5fd2";
    const OWN: &[u8] = b"own-test-secret-01";
    const OWN_BODY: &str = r#"{"event_id":0,"created_at":"2026-03-02T09:00:00.123456789Z","creator_id":5550001,"metadata":{"request_type":"POST","event_user_id":5550001},"payload":"ping","subscription_id":20417,"timestamp":"2026-03-02T09:00:00.123456789Z","url_callback":"https://hooks.example.com/toggl","validation_code":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","validation_code_url":"https://track.toggl.com/webhooks/api/v1/validate/4440001/20417/0f1e2d3c4b5a69788796a5b4c3d2e1f0"}"#;
    const OWN_HEX: &str = "d90d9adb807a7e62c0172f98acd078682f919ab4d13fd18092966f2de0d9fa19";

    fn check(secret: &[u8], body: &str, values: &[&str]) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        verify(secret, body.as_bytes(), &headers)
    }

    #[test]
    fn the_published_vectors_verify_in_either_case() {
        for (secret, body, hex) in
            [(SECRET, BODY, HEX), (SECRET, OLDER_BODY, OLDER_HEX), (OWN, OWN_BODY, OWN_HEX)]
        {
            assert_eq!(sign(secret, body.as_bytes()), format!("sha256={hex}"));
            assert_eq!(check(secret, body, &[&format!("sha256={hex}")]), Ok(()));
            assert_eq!(check(secret, body, &[&format!("sha256={}", hex.to_uppercase())]), Ok(()));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let good = format!("sha256={HEX}");
        let cases: [(&[&str], Refusal); 11] = [
            (&[], Refusal::NoSignature),
            (&[&good, &good], Refusal::NoSignature),
            (&[""], Refusal::BadForm),
            (&[HEX], Refusal::BadForm),
            (&[&format!("sha1={HEX}")], Refusal::BadForm),
            (&[&format!("SHA256={HEX}")], Refusal::BadForm),
            (&[&good[..70]], Refusal::BadForm),
            (&[&format!("{good}0")], Refusal::BadForm),
            (&[&good.replace('b', "g")], Refusal::BadForm),
            (&[&format!("{good}, {good}")], Refusal::BadForm),
            (&[&good.replace("bf82", "bf83")], Refusal::WrongSignature),
        ];
        for (values, refusal) in cases {
            assert_eq!(check(SECRET, BODY, values), Err(refusal), "{values:?}");
        }
        assert_eq!(check(SECRET, &BODY.replace("\":6", "\": 6"), &[&good]), Err(Refusal::WrongSignature));
        assert_eq!(check(b"", BODY, &[&good]), Err(Refusal::WrongSignature));
    }
}
