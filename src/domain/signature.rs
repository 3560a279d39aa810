//! Signatures of deliveries: HMAC-SHA256 of the raw body as hex (Toggl's webhook documentation), and Clockify's static
//! token, of which only a digest is kept.

use hmac::{Hmac, KeyInit as _, Mac};
use sha2::{Digest as _, Sha256};

/// The header that carries Toggl's.
pub const HEADER: &str = "x-webhook-signature-256";
/// What stands before the digits.
pub const SCHEME: &[u8] = b"sha256=";
/// Under this name the digest of a Clockify token is kept with a delivery, never the token.
pub const TOKEN_DIGEST: &str = "clockify-signature-sha256";

/// Whether `claimed` is the signature of `body`, in constant time.
pub fn matches(secret: &[u8], body: &[u8], claimed: &[u8; 32]) -> bool {
    // HMAC takes a key of any length.
    Hmac::<Sha256>::new_from_slice(secret)
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(claimed).is_ok())
}

/// The value of the header for a body.
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    format!("sha256={}", mac_hex(secret, body))
}

/// HMAC-SHA256 as lower-case hex.
pub fn mac_hex(key: &[u8], message: &[u8]) -> String {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    hex(&mac.chain_update(message).finalize().into_bytes())
}

/// The digest under which a token is kept.
pub fn token_digest(token: &[u8]) -> String {
    hex(&Sha256::digest(token))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Whether a kept delivery was signed with a secret; `None` when nothing that could tell was kept with it.
pub fn was_signed_with(headers: &[(String, String)], body: &[u8], secret: &[u8]) -> Option<bool> {
    let of = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    if let Some(value) = of(HEADER) {
        let claimed = value.as_bytes().strip_prefix(SCHEME).and_then(decode);
        return Some(claimed.is_some_and(|claimed| matches(secret, body, &claimed)));
    }
    of(TOKEN_DIGEST).map(|digest| digest == token_digest(secret))
}

/// 64 hexadecimal digits of either case.
pub fn decode(hex: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = hex.try_into().ok()?;
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = (high? << 4 | low?) as u8;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_delivery_can_be_checked_with_any_secret() {
        let body = br#"{"event_id":1}"#;
        let toggl = [(HEADER.to_owned(), sign(b"right", body))];
        assert_eq!(was_signed_with(&toggl, body, b"right"), Some(true));
        assert_eq!(was_signed_with(&toggl, body, b"wrong"), Some(false));
        assert_eq!(was_signed_with(&toggl, b"{}", b"right"), Some(false));
        let clockify = [(TOKEN_DIGEST.to_owned(), token_digest(b"token"))];
        assert_eq!(was_signed_with(&clockify, body, b"token"), Some(true));
        assert_eq!(was_signed_with(&clockify, body, b"other"), Some(false));
        assert_eq!(was_signed_with(&[], body, b"right"), None);
    }
}
