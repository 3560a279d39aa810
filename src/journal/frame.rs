//! A frame of the ledger: puts and deletes that happen together or not at all.

/// What a frame does to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// The key has this value from now on.
    Put {
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
        /// From this Unix second on the key counts as deleted.
        expires: Option<i64>,
    },
    /// The key has no value any more.
    Delete {
        /// The key.
        key: Vec<u8>,
    },
}

impl Op {
    /// The key it is about.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

/// Puts and deletes under one checksum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// What is done, in order; of several operations on one key the last one counts.
    pub ops: Vec<Op>,
}

/// An operation inside encoded bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum OpView<'a> {
    /// `at` is where the value begins in the encoded frame.
    Put {
        key: &'a [u8],
        value: &'a [u8],
        at: usize,
        expires: Option<i64>,
    },
    Delete {
        key: &'a [u8],
    },
}

const VERSION: u8 = 1;
const DELETE: u8 = 0;
const PUT: u8 = 1;
const PUT_EXPIRING: u8 = 2;

impl Frame {
    /// A frame that puts one key.
    pub fn put(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { ops: vec![Op::Put { key: key.into(), value: value.into(), expires: None }] }
    }

    /// The bytes of the frame: version, count, then tag, key, expiry and value of each; lengths as LEB128.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.ops.iter().map(|op| 16 + op.key().len()).sum::<usize>());
        out.push(VERSION);
        put_len(&mut out, self.ops.len());
        for op in &self.ops {
            match op {
                Op::Delete { key } => {
                    out.push(DELETE);
                    put_bytes(&mut out, key);
                }
                Op::Put { key, value, expires: None } => {
                    out.push(PUT);
                    put_bytes(&mut out, key);
                    put_bytes(&mut out, value);
                }
                Op::Put { key, value, expires: Some(at) } => {
                    out.push(PUT_EXPIRING);
                    put_bytes(&mut out, key);
                    out.extend_from_slice(&at.to_le_bytes());
                    put_bytes(&mut out, value);
                }
            }
        }
        out
    }

    /// Reads a frame; `None` if the bytes are not exactly one of a known version.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut ops = Vec::new();
        visit(bytes, &mut |op| ops.push(op.into()))?;
        Some(Self { ops })
    }
}

impl From<OpView<'_>> for Op {
    fn from(view: OpView<'_>) -> Self {
        match view {
            OpView::Put { key, value, expires, .. } => {
                Self::Put { key: key.into(), value: value.into(), expires }
            }
            OpView::Delete { key } => Self::Delete { key: key.into() },
        }
    }
}

/// Walks over the operations of an encoded frame without copying; `None` if it is none.
pub(super) fn visit<'a>(bytes: &'a [u8], each: &mut dyn FnMut(OpView<'a>)) -> Option<()> {
    let (&version, mut rest) = bytes.split_first()?;
    if version != VERSION {
        return None;
    }
    for _ in 0..take_len(&mut rest)? {
        let (&tag, after) = rest.split_first()?;
        rest = after;
        let key = take_bytes(&mut rest)?;
        let expires = match tag {
            DELETE => {
                each(OpView::Delete { key });
                continue;
            }
            PUT => None,
            PUT_EXPIRING => {
                let (at, after) = rest.split_first_chunk::<8>()?;
                rest = after;
                Some(i64::from_le_bytes(*at))
            }
            _ => return None,
        };
        let value = take_bytes(&mut rest)?;
        each(OpView::Put { key, value, at: bytes.len() - rest.len() - value.len(), expires });
    }
    rest.is_empty().then_some(())
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn put_len(out: &mut Vec<u8>, mut len: usize) {
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take_len(rest)?;
    let (bytes, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(bytes)
}

fn take_len(rest: &mut &[u8]) -> Option<usize> {
    let mut len = 0_u64;
    for shift in (0..35).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        len |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return usize::try_from(len).ok();
        }
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Any operation on a small set of keys, so that keys meet each other.
    pub fn any_op() -> impl Strategy<Value = Op> {
        let key =
            prop_oneof![(0_u8..6).prop_map(|n| vec![b'k', n]), proptest::collection::vec(any::<u8>(), 0..6),];
        let value = proptest::collection::vec(any::<u8>(), 0..300);
        prop_oneof![
            3 => (key.clone(), value, proptest::option::of(0_i64..200))
                .prop_map(|(key, value, expires)| Op::Put { key, value, expires }),
            1 => key.prop_map(|key| Op::Delete { key }),
        ]
    }

    pub fn any_frame() -> impl Strategy<Value = Frame> {
        proptest::collection::vec(any_op(), 0..6).prop_map(|ops| Frame { ops })
    }

    proptest! {
        #[test]
        fn a_frame_reads_back(frame in any_frame()) {
            prop_assert_eq!(Frame::decode(&frame.encode()), Some(frame));
        }

        #[test]
        fn a_cut_or_lengthened_frame_is_none(frame in any_frame(), cut: usize) {
            let mut bytes = frame.encode();
            prop_assert_eq!(Frame::decode(&bytes[..cut % bytes.len()]), None);
            bytes.push(0);
            prop_assert_eq!(Frame::decode(&bytes), None);
        }

        #[test]
        fn foreign_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Frame::decode(&bytes);
        }
    }
}
