//! A verified delivery as the inbox stores it: an envelope around the raw body.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The version of the envelope.
const VERSION: u8 = 1;

/// A verified delivery. The secret path is not kept, only the label of its hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The hook's label.
    pub hook: String,
    /// When it arrived (our clock).
    pub received_at: DateTime<Utc>,
    /// Headers that matter, lower-case names.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Bytes,
}

/// A delivery that was not believed, as far as it is kept: in memory alone, as anybody can send one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its number since the receiver's start, from 1.
    pub number: u64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Why it was refused, in a few words.
    pub reason: &'static str,
    /// The label of the hook whose address it came to; empty for an address that no hook has.
    pub hook: String,
    /// Its headers, lower-case names, as far as they may be kept.
    pub headers: Vec<(String, String)>,
    /// The size of its body in bytes.
    pub size: usize,
    /// The begin of its body.
    pub body: Bytes,
}

impl Rejected {
    /// The body is there in full: a signature can be checked.
    pub fn is_whole(&self) -> bool {
        self.body.len() == self.size
    }
}

#[derive(Serialize, Deserialize)]
struct Head {
    hook: String,
    received_at: DateTime<Utc>,
    headers: Vec<(String, String)>,
}

impl Delivered {
    /// The bytes to store: a version, the length of a JSON head (u32, big-endian), the head, the body.
    pub fn encode(&self) -> Vec<u8> {
        let head =
            Head { hook: self.hook.clone(), received_at: self.received_at, headers: self.headers.clone() };
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let mut out = Vec::with_capacity(5 + head.len() + self.body.len());
        out.push(VERSION);
        out.extend_from_slice(&(head.len() as u32).to_be_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(&self.body);
        out
    }

    /// Reads what [`Delivered::encode`] wrote; `None` for anything else.
    pub fn decode(stored: &[u8]) -> Option<Self> {
        let (&version, rest) = stored.split_first()?;
        if version != VERSION {
            return None;
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (head, body) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        Some(Self {
            hook: head.hook,
            received_at: head.received_at,
            headers: head.headers,
            body: Bytes::copy_from_slice(body),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_stored_comes_back(hook in ".{0,20}", body in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
            let one = Delivered {
                hook,
                received_at: DateTime::<Utc>::UNIX_EPOCH,
                headers: vec![("a".into(), "b".into())],
                body: body.into(),
            };
            let stored = one.encode();
            prop_assert_eq!(Delivered::decode(&stored), Some(one.clone()));
            let short = &stored[..cut.index(stored.len() - one.body.len())];
            prop_assert_eq!(Delivered::decode(short), None);
        }
    }
}
