//! Takes secrets out of what a service says, before anything keeps or shows it.

use serde_json::Value;

/// Keys whose values give access to an account or its data.
const SECRET_KEYS: [&str; 4] = ["api_token", "secret", "authToken", "ical_url"];

/// Removes every secret key, at any depth.
pub fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in SECRET_KEYS {
                map.shift_remove(key);
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

/// The value without its secrets.
pub fn stripped(mut value: Value) -> Value {
    strip(&mut value);
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::stripped;

    #[test]
    fn secrets_vanish_at_any_depth_and_the_rest_keeps_its_order() {
        let told = json!({"z": 1, "api_token": "t", "list": [{"secret": "s", "b": 2, "authToken": {"x": 1}}],
            "a": {"ical_url": "u", "secretary": "kept"}});
        let left = stripped(told);
        assert_eq!(left.to_string(), r#"{"z":1,"list":[{"b":2}],"a":{"secretary":"kept"}}"#);
    }
}
