//! Keys whose byte order is the order of what they stand for. Never decimal text, never native endianness.

use chrono::{DateTime, Utc};

/// Flips the sign so that negative numbers sort before positive ones.
const SIGN: u64 = 1 << 63;

/// Builds a key field by field, tag first.
#[derive(Debug, Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// Starts a key with its tag.
    pub fn tag(tag: u8) -> Self {
        Self(vec![tag])
    }

    /// One byte, for a kind or a lane.
    pub fn byte(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    /// 8 bytes, big-endian.
    pub fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// 8 bytes, big-endian, largest first.
    pub fn u64_newest_first(self, value: u64) -> Self {
        self.u64(u64::MAX - value)
    }

    /// 8 bytes, big-endian, sign flipped.
    pub fn i64(self, value: i64) -> Self {
        self.u64(value as u64 ^ SIGN)
    }

    /// Microseconds since 1970, as [`Key::i64`].
    pub fn time(self, at: DateTime<Utc>) -> Self {
        self.i64(at.timestamp_micros())
    }

    /// Text of any length and content, ended by 0x00; 0x00 and 0x01 inside are escaped (`01 01`, `01 02`).
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Bytes, as [`Key::text`].
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            match byte {
                0 | 1 => self.0.extend_from_slice(&[1, byte + 1]),
                other => self.0.push(*other),
            }
        }
        self.0.push(0);
        self
    }

    /// The finished key.
    pub fn build(self) -> Vec<u8> {
        self.0
    }
}

/// Reads a key field by field. Every step is `None` when the key does not hold that field.
#[derive(Debug, Clone, Copy)]
pub struct KeyReader<'a>(&'a [u8]);

impl<'a> KeyReader<'a> {
    /// Starts before the tag.
    pub fn new(key: &'a [u8]) -> Self {
        Self(key)
    }

    /// The tag, or any single byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// See [`Key::u64`].
    pub fn u64(&mut self) -> Option<u64> {
        let (field, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*field))
    }

    /// See [`Key::u64_newest_first`].
    pub fn u64_newest_first(&mut self) -> Option<u64> {
        self.u64().map(|value| u64::MAX - value)
    }

    /// See [`Key::i64`].
    pub fn i64(&mut self) -> Option<i64> {
        self.u64().map(|value| (value ^ SIGN) as i64)
    }

    /// See [`Key::time`].
    pub fn time(&mut self) -> Option<DateTime<Utc>> {
        self.i64().and_then(DateTime::from_timestamp_micros)
    }

    /// See [`Key::text`].
    pub fn text(&mut self) -> Option<String> {
        self.bytes().and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// See [`Key::bytes`].
    pub fn bytes(&mut self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut rest = self.0.iter();
        loop {
            match rest.next()? {
                0 => break,
                1 => bytes.push(rest.next().filter(|byte| matches!(byte, 1 | 2))? - 1),
                other => bytes.push(*other),
            }
        }
        self.0 = rest.as_slice();
        Some(bytes)
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn small_bytes() -> impl Strategy<Value = Vec<u8>> {
        // Few symbols around the escapes, so that shared prefixes and borders are common.
        proptest::collection::vec(
            prop_oneof![Just(0u8), Just(1), Just(2), Just(254), Just(255), any::<u8>()],
            0..6,
        )
    }

    fn moment() -> impl Strategy<Value = DateTime<Utc>> {
        (-8_000_000_000_000_000i64..8_000_000_000_000_000)
            .prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
    }

    type Fields = (u8, u64, i64, Vec<u8>, DateTime<Utc>, String);

    fn fields() -> impl Strategy<Value = Fields> {
        let near = prop_oneof![Just(0u64), Just(1), Just(255), Just(256), any::<u64>()];
        let signed = prop_oneof![Just(-1i64), Just(0), Just(1), Just(i64::MIN), Just(i64::MAX), any::<i64>()];
        (0u8..3, near, signed, small_bytes(), moment(), "[\\x00-\\x02ab]{0,4}")
    }

    fn encode((tag, a, b, c, d, e): &Fields) -> Vec<u8> {
        Key::tag(*tag).u64(*a).i64(*b).bytes(c).time(*d).text(e).build()
    }

    proptest! {
        #[test]
        fn bytes_sort_as_their_fields(x in fields(), y in fields()) {
            prop_assert_eq!(encode(&x).cmp(&encode(&y)), x.cmp(&y));
        }

        #[test]
        fn later_fields_decide_between_equal_earlier_ones(x in small_bytes(), y in small_bytes(), m in any::<u64>(), n in any::<u64>()) {
            let key = |text: &[u8], number| Key::tag(7).bytes(text).u64(number).build();
            prop_assert_eq!(key(&x, m).cmp(&key(&y, n)), (&x, m).cmp(&(&y, n)));
        }

        #[test]
        fn what_went_in_comes_out(x in fields()) {
            let key = encode(&x);
            let mut reader = KeyReader::new(&key);
            let back = (
                reader.byte().unwrap(), reader.u64().unwrap(), reader.i64().unwrap(),
                reader.bytes().unwrap(), reader.time().unwrap(), reader.text().unwrap(),
            );
            prop_assert_eq!(back, x);
            prop_assert!(reader.rest().is_empty());
        }

        #[test]
        fn newest_comes_first(a in any::<u64>(), b in any::<u64>()) {
            let key = |value| Key::tag(7).u64_newest_first(value).build();
            prop_assert_eq!(key(a).cmp(&key(b)), b.cmp(&a));
        }

        #[test]
        fn reading_nonsense_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let mut reader = KeyReader::new(&bytes);
            let _ = (reader.byte(), reader.text(), reader.time(), reader.bytes(), reader.u64_newest_first());
        }
    }
}
