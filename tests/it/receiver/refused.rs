//! What the door refuses is kept in memory with its headers, bounded, and nowhere else.

use bytes::Bytes;
use hourwire::domain::signature::{HEADER, TOKEN_DIGEST, token_digest};
use hourwire::receiver::signature;
use http::{HeaderMap, Method};

use super::{EVENT, PATH, SimDisk, post};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

#[tokio::test]
async fn a_refused_delivery_keeps_its_headers_but_no_secret_and_is_written_nowhere() {
    let post = post(SimDisk::new(1));
    let signed = signature::sign(b"another secret", EVENT);
    let sent = headers(&[
        (HEADER, &signed),
        ("user-agent", "Toggl Hooks"),
        ("x-forwarded-for", "203.0.113.7"),
        ("authorization", "Basic c2VjcmV0"),
        ("clockify-signature", "verbatim-token"),
    ]);
    post.request(Method::POST, PATH, EVENT, sent).await;
    post.request(Method::POST, "/hooks/nobodys", EVENT, HeaderMap::new()).await;
    let kept = post.receiver.rejected();
    let [stranger, one] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((one.number, one.reason, one.body.clone()), (1, "wrong signature", Bytes::from_static(EVENT)));
    assert!(!one.hook.is_empty() && stranger.hook.is_empty() && stranger.number == 2, "{one:?}");
    let of = |name: &str| one.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!(of(HEADER), Some(signed.as_str()));
    assert_eq!((of("user-agent"), of("x-forwarded-for")), (Some("Toggl Hooks"), Some("203.0.113.7")));
    assert_eq!(of(TOKEN_DIGEST), Some(token_digest(b"verbatim-token").as_str()));
    let all = format!("{one:?}");
    assert!(!all.contains("verbatim-token") && !all.contains("c2VjcmV0"), "{all}");
    assert!(post.stored().is_empty());
}

#[tokio::test]
async fn whoever_sends_many_or_long_headers_takes_no_more_room() {
    let post = post(SimDisk::new(1));
    let mut sent = HeaderMap::new();
    for n in 0..90 {
        let name: http::HeaderName = format!("x-long-{n}").parse().unwrap();
        sent.append(name, "y".repeat(2_000).parse().unwrap());
    }
    sent.append(HEADER, "sha256=00".parse().unwrap());
    post.request(Method::POST, PATH, EVENT, sent).await;
    let one = post.receiver.rejected().remove(0);
    let bytes: usize = one.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(one.headers.len() <= 24 && bytes <= 24 * 300, "{} {bytes}", one.headers.len());
    assert!(one.headers.iter().any(|(name, _)| name == HEADER), "the proof is not pushed out");
}
