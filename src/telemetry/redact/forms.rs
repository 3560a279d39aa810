//! The forms in which a secret can turn up.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A base64 core shorter than this could stand in any text.
const SHORTEST_CORE: usize = 8;

/// The secret itself and its encoded forms.
pub(super) fn of(secret: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([secret.to_owned()]);
    forms.extend(percent(secret));
    if let Ok(quoted) = serde_json::to_string(secret) {
        // Once for a JSON body, once more for that body quoted in a JSON log line.
        let escaped = quoted[1..quoted.len() - 1].to_owned();
        if let Ok(twice) = serde_json::to_string(&escaped) {
            forms.insert(twice[1..twice.len() - 1].to_owned());
        }
        forms.insert(escaped);
    }
    forms.extend(cores(secret));
    forms
}

/// URL encodings: of all but the unreserved characters, with digits of both cases, and the space of forms.
fn percent(secret: &str) -> [String; 3] {
    let encode = |upper: bool| {
        let mut out = String::new();
        for byte in secret.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
                other if upper => out.push_str(&format!("%{other:02X}")),
                other => out.push_str(&format!("%{other:02x}")),
            }
        }
        out
    };
    [encode(true), encode(false), encode(true).replace("%20", "+")]
}

/// What base64 makes of the secret wherever it stands in a longer text (`user:secret`, a JSON body): for each of the
/// three alignments the digits that depend on the secret alone.
fn cores(secret: &str) -> Vec<String> {
    let mut cores = Vec::new();
    for before in 0..3usize {
        let padded = [&b"\0\0"[..before], secret.as_bytes()].concat();
        // Digits that hold a bit of what stands before, and the last digit unless it is full.
        let from = (before * 8).div_ceil(6);
        let to = padded.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let core = &encoded[from..to];
            if core.len() >= SHORTEST_CORE {
                cores.push(core.to_owned());
            }
        }
    }
    cores
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn base64_around_a_secret_always_holds_a_form(
            before in ".{0,7}", secret in "[ -~]{6,40}", after in ".{0,7}",
        ) {
            let text = format!("{before}{secret}{after}");
            let forms = of(&secret);
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                // Six bytes leave seven sure digits in the worst alignment: below the shortest core.
                prop_assert!(secret.len() < 7 || forms.iter().any(|form| encoded.contains(form.as_str())), "{encoded}");
            }
        }

        #[test]
        fn json_twice_quoted_holds_a_form(secret in "[ -~]{6,40}") {
            let once = serde_json::to_string(&format!("a {secret} b")).unwrap();
            let twice = serde_json::to_string(&once).unwrap();
            let forms = of(&secret);
            prop_assert!(forms.iter().any(|form| once.contains(form.as_str())));
            prop_assert!(forms.iter().any(|form| twice.contains(form.as_str())));
        }
    }

    #[test]
    fn url_forms() {
        let forms = of("a b/c+d");
        for form in ["a%20b%2Fc%2Bd", "a%20b%2fc%2bd", "a+b%2Fc%2Bd"] {
            assert!(forms.contains(form), "{form}");
        }
    }
}
