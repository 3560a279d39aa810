//! Tolerant reading of JSON: string-or-number ids, null-or-missing lists, any RFC 3339 form.
//!
//! Services change their forms without notice; a form that can be understood is understood.

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;

use crate::domain::id::RemoteId;

/// An id written as a number or as text. Empty text and numbers below 1 mean "none".
pub fn id(value: &Value) -> Option<RemoteId> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(n) if n < 1 => None,
            _ => Some(RemoteId(number.to_string())),
        },
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| RemoteId::from(text))
        }
        _ => None,
    }
}

/// The first of several keys that holds an id (a modern name, then the legacy one).
pub fn id_at(object: &Value, keys: &[&str]) -> Option<RemoteId> {
    keys.iter().find_map(|key| object.get(key).and_then(id))
}

/// Ids of a list; a missing list is empty.
pub fn ids_at(object: &Value, key: &str) -> Vec<RemoteId> {
    object
        .get(key)
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(id).collect())
        .unwrap_or_default()
}

/// Text under a key; anything else is none.
pub fn text_at(object: &Value, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// A truth value under a key, also as text; anything else is false.
pub fn flag_at(object: &Value, key: &str) -> bool {
    match object.get(key) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// A whole number under a key, also as text.
pub fn number_at(object: &Value, key: &str) -> Option<i64> {
    match object.get(key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// An instant under a key, with its fraction.
pub fn instant_at(object: &Value, key: &str) -> Option<DateTime<Utc>> {
    object.get(key).and_then(Value::as_str).and_then(instant)
}

/// RFC 3339 with any offset and fraction, also with a space and an offset without colon.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f %z"))
        .ok()
        .map(|instant| instant.to_utc())
}

/// The instant without its fraction: sources cut input to whole seconds, so do we before comparing.
pub fn to_the_second(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.trunc_subsecs(0)
}

/// The rows of a list: `null` is empty, and a wrapper object is opened.
pub fn rows(value: Value) -> Result<Vec<Value>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => Ok(list),
        Value::Object(mut map) => {
            let wrapped = ["data", "items", "response"].iter().find_map(|key| map.shift_remove(*key));
            match wrapped {
                Some(Value::Array(list)) => Ok(list),
                Some(Value::Null) => Ok(Vec::new()),
                _ => Err("an object where a list was expected".to_owned()),
            }
        }
        other => Err(format!("{} where a list was expected", shape(&other))),
    }
}

/// The rows under a key of an object; missing and `null` are empty.
pub fn rows_at(object: &mut Value, key: &str) -> Result<Vec<Value>, String> {
    object
        .get_mut(key)
        .map(Value::take)
        .map_or(Ok(Vec::new()), rows)
        .map_err(|error| format!("{key}: {error}"))
}

/// The name of a JSON shape, for messages.
pub fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_come_as_numbers_or_text() {
        for (form, wanted) in [
            (json!(3990000123_i64), Some("3990000123")),
            (json!("3990000123"), Some("3990000123")),
            (json!("64f0c0ffee0000000000b001"), Some("64f0c0ffee0000000000b001")),
            (json!(18446744073709551615_u64), Some("18446744073709551615")),
            (json!(0), None),
            (json!(-1), None),
            (json!(""), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(id(&form), wanted.map(RemoteId::from), "{form}");
        }
        let legacy = json!({"workspace_id": null, "wid": 4440001});
        assert_eq!(id_at(&legacy, &["workspace_id", "wid"]), Some(RemoteId::from(4440001)));
    }

    #[test]
    fn every_way_to_write_an_instant_is_the_same_instant() {
        for form in [
            "2026-03-02T14:05:09Z",
            "2026-03-02T14:05:09+00:00",
            "2026-03-02T09:05:09-05:00",
            "2026-03-02T14:05:09+0000",
            "2026-03-02 14:05:09 +0000",
            " 2026-03-02T14:05:09.000000000Z ",
        ] {
            assert_eq!(instant(form).map(|i| i.timestamp()), Some(1772460309), "{form}");
        }
        assert_eq!(
            instant("2026-03-02T14:05:09.412207Z").map(|i| i.timestamp_subsec_micros()),
            Some(412_207)
        );
        assert_eq!(instant("yesterday"), None);
    }

    #[test]
    fn lists_may_be_null_missing_or_wrapped() {
        assert_eq!(rows(json!(null)), Ok(vec![]));
        assert_eq!(rows(json!([1])), Ok(vec![json!(1)]));
        assert_eq!(rows(json!({"data": [1]})), Ok(vec![json!(1)]));
        assert_eq!(rows(json!({"data": null})), Ok(vec![]));
        assert!(rows(json!({"message": "no"})).is_err());
        assert!(rows(json!("no")).is_err());
        assert_eq!(rows_at(&mut json!({}), "tags"), Ok(vec![]));
        assert_eq!(rows_at(&mut json!({"tags": null}), "tags"), Ok(vec![]));
    }

    #[test]
    fn flags_and_numbers_may_be_text() {
        let told = json!({"a": "true", "b": false, "c": null, "n": "42", "m": 7});
        assert!(flag_at(&told, "a"));
        assert!(!flag_at(&told, "b") && !flag_at(&told, "c") && !flag_at(&told, "d"));
        assert_eq!(
            (number_at(&told, "n"), number_at(&told, "m"), number_at(&told, "a")),
            (Some(42), Some(7), None)
        );
    }
}
