//! What the parsers of all services' deliveries share: why a body says nothing, and a digest of its content.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::loose::shape;
use super::redact;

/// Why a body announces nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// No JSON, or nested too deep.
    #[error("the body is not JSON")]
    NotJson,
    /// JSON, but no object.
    #[error("the body is {0}, not an object")]
    NotAnObject(&'static str),
    /// A part that nothing can replace.
    #[error("the body has no usable {0}")]
    Lacks(&'static str),
}

/// The body as an object, without secrets.
pub fn object(body: &[u8]) -> Result<Value, NotUnderstood> {
    let mut value: Value = serde_json::from_slice(body).map_err(|_| NotUnderstood::NotJson)?;
    if !value.is_object() {
        return Err(NotUnderstood::NotAnObject(shape(&value)));
    }
    redact::strip(&mut value);
    Ok(value)
}

/// The first 64 bits of SHA-256 over the parts with sorted keys: equal content, equal digest, whatever the key order.
pub fn canonical_digest(parts: &[&Value]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        feed(part, &mut hasher);
    }
    let sum = hasher.finalize();
    sum.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn feed(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            hasher.update(b"{");
            for key in keys {
                hasher.update(Value::from(key.as_str()).to_string());
                hasher.update(b":");
                feed(&map[key], hasher);
                hasher.update(b",");
            }
            hasher.update(b"}");
        }
        Value::Array(list) => {
            hasher.update(b"[");
            for each in list {
                feed(each, hasher);
                hasher.update(b",");
            }
            hasher.update(b"]");
        }
        plain => hasher.update(plain.to_string()),
    }
}
