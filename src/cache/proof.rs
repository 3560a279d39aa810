//! The proof that a cache is complete: a count per tag and a rolling hash over everything in it, carried forward in
//! the batch of each frame. A lost tail or page shows as a difference; sled itself would not say so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a cache holds, in a few numbers. Two caches with equal proofs hold equal rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Version of row and index forms, given by the engine; another one means a rebuild.
    pub schema: u32,
    /// The newest frame applied.
    pub seq: Option<u64>,
    /// Rows and index entries per tag; tags without any are absent.
    pub counts: BTreeMap<u8, u64>,
    /// XOR of a 64-bit hash of each key with its value.
    pub hash: u64,
    /// A rebuild is under way: the content is not the whole ledger yet, whatever `seq` says.
    pub building: bool,
}

impl Proof {
    /// All rows and index entries together.
    pub fn rows(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Whether the content (not the sequence) is equal.
    pub fn same_content(&self, other: &Self) -> bool {
        self.counts == other.counts && self.hash == other.hash
    }

    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.hash ^= row_hash(key, value);
        *self.counts.entry(tag(key)).or_default() += 1;
    }

    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.hash ^= row_hash(key, value);
        if let Some(count) = self.counts.get_mut(&tag(key)) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.counts.remove(&tag(key));
            }
        }
    }

    pub(super) fn advance(&mut self, seq: u64) {
        self.seq = self.seq.max(Some(seq));
    }
}

fn tag(key: &[u8]) -> u8 {
    key.first().copied().unwrap_or_default()
}

/// Not linear, unlike a CRC: two swapped values must not cancel out under XOR. The length keeps `ab|c` from `a|bc`.
fn row_hash(key: &[u8], value: &[u8]) -> u64 {
    let mut sha = Sha256::new();
    sha.update((key.len() as u64).to_be_bytes());
    sha.update(key);
    sha.update(value);
    sha.finalize().iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_and_removing_in_any_order_comes_back_to_the_same() {
        let mut proof = Proof::default();
        proof.add(b"\x01a", b"1");
        let one = proof.clone();
        proof.add(b"\x02b", b"2");
        proof.remove(b"\x01a", b"1");
        proof.add(b"\x01a", b"1");
        proof.remove(b"\x02b", b"2");
        assert_eq!(proof, one);
    }

    #[test]
    fn swapped_values_and_shifted_borders_differ() {
        let of = |rows: &[(&[u8], &[u8])]| {
            let mut proof = Proof::default();
            for (key, value) in rows {
                proof.add(key, value);
            }
            proof
        };
        assert!(
            !of(&[(b"\x01a", b"x"), (b"\x01b", b"y")])
                .same_content(&of(&[(b"\x01a", b"y"), (b"\x01b", b"x")]))
        );
        assert!(!of(&[(b"\x01a", b"bc")]).same_content(&of(&[(b"\x01ab", b"c")])));
    }
}
