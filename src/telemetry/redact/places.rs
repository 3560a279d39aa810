//! Secrets known by their place: header and field names, signatures, authentication schemes, hook paths.

use super::MASK;

/// Headers and fields whose values are credentials; compared without regard to case.
const NAMES: [&str; 17] = [
    "authorization",
    "x-webhook-signature-256",
    "clockify-signature",
    "attio-signature",
    "x-api-key",
    "x-addon-token",
    "set-cookie",
    "cookie",
    "api_token",
    "authtoken",
    "auth_token",
    "access_token",
    "refresh_token",
    "client_secret",
    "secret",
    "password",
    "ical_url",
];
/// Fixed text right before a secret, and the characters of it: signatures and hook paths.
const BEFORE: [&str; 2] = ["sha256=", "/hooks/"];
const SCHEMES: [&str; 2] = ["basic ", "bearer "];

/// The text without the secrets found; `None` when there are none.
pub(super) fn redact(text: &str) -> Option<String> {
    // ASCII only: byte positions stay those of the text.
    let lower = text.to_ascii_lowercase();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for name in NAMES {
        for at in places(&lower, name) {
            spans.extend(value_after(text, &lower, at, at + name.len()));
        }
    }
    for before in BEFORE {
        for at in places(&lower, before) {
            let from = at + before.len();
            spans.push((
                from,
                from + length(&text[from..], |c| c.is_ascii_alphanumeric() || "-_~%.".contains(c)),
            ));
        }
    }
    for scheme in SCHEMES {
        for at in places(&lower, scheme) {
            let from = at + scheme.len();
            let value = &text[from..from + length(&text[from..], is_token)];
            // "Basic authentication" is no credential.
            if value.len() >= 8 && value.contains(|c: char| !c.is_ascii_lowercase()) {
                spans.push((from, from + value.len()));
            }
        }
    }
    spans.retain(|(from, to)| from < to && &text[*from..*to] != MASK);
    if spans.is_empty() {
        return None;
    }
    spans.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (from, to) in spans {
        if to <= done {
            continue;
        }
        if from >= done {
            out.push_str(&text[done..from]);
            out.push_str(MASK);
        }
        done = to;
    }
    out.push_str(&text[done..]);
    Some(out)
}

fn places<'a>(lower: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    lower.match_indices(word).map(|(at, _)| at)
}

/// The value of a name: after a separator (`:` or `=`, with quotes, spaces and backslashes around it), up to what
/// ends a value. In a debug print of headers, in JSON and in JSON quoted within JSON alike.
fn value_after(text: &str, lower: &str, at: usize, end: usize) -> Option<(usize, usize)> {
    let part_of_word = |c: char| c.is_ascii_alphanumeric();
    if lower[..at].ends_with(part_of_word) {
        return None;
    }
    let gap = length(&text[end..], |c| "\\\"': =".contains(c));
    if gap > 10 || !text[end..end + gap].contains([':', '=']) {
        return None;
    }
    let mut from = end + gap;
    let closed = |c: char| c.is_whitespace() || c.is_control() || "\"'\\,;&})".contains(c);
    for scheme in SCHEMES {
        if lower[from..].starts_with(scheme) {
            from += scheme.len();
        }
    }
    Some((from, from + length(&text[from..], |c| !closed(c))))
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~+/=:".contains(c)
}

/// Bytes at the start that fulfil a condition.
fn length(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_found_by_their_place() {
        for (text, safe) in [
            ("authorization: Basic dG9rZW46YXBp", "authorization: Basic [redacted]"),
            ("Authorization: Bearer abc.def-1", "Authorization: Bearer [redacted]"),
            (
                r#"{"authorization": "Basic Zm9v", "accept": "*/*"}"#,
                r#"{"authorization": "Basic [redacted]", "accept": "*/*"}"#,
            ),
            (r#"{\"x-api-key\": \"k3y/+=\", \"a\": 1}"#, r#"{\"x-api-key\": \"[redacted]\", \"a\": 1}"#),
            ("X-Webhook-Signature-256: sha256=00ff", "X-Webhook-Signature-256: [redacted]"),
            ("signature was sha256=00FF99 here", "signature was sha256=[redacted] here"),
            ("POST https://h.example/hooks/abc234/ 200", "POST https://h.example/hooks/[redacted]/ 200"),
            (r#""api_token":"0123","id":5"#, r#""api_token":"[redacted]","id":5"#),
            (r#""authToken":"0123""#, r#""authToken":"[redacted]""#),
            ("?api_token=0123&page=2", "?api_token=[redacted]&page=2"),
            ("sent Basic dG9rZW46YXBp to it", "sent Basic [redacted] to it"),
        ] {
            assert_eq!(redact(text).as_deref().unwrap_or(text), safe);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "Basic authentication is refused",
            "webhook-secrets.toml has open permissions",
            "the secret of a good entry",
            "no authorization, nothing sent",
            "GET /hooks is not ours",
            "entry 5550002 synced to mirror",
        ] {
            assert_eq!(redact(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn redacting_twice_changes_nothing_more(text in "(authorization|secret|sha256=|/hooks/|basic |bearer |[:=\"\\\\ a-zA-Z0-9ü]){0,30}") {
            let once = redact(&text).unwrap_or(text);
            let twice = redact(&once).unwrap_or_else(|| once.clone());
            prop_assert_eq!(twice, once);
        }
    }
}
