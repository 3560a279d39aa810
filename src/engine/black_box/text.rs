//! What a delivery says of itself, and the words of its body to find it by. What is nobody's business is not among them.

use serde_json::Value;

use super::DESCRIPTION;
use crate::domain::announced::{About, Action, Announced};
use crate::domain::catalogue::Kind;
use crate::domain::id::RemoteId;
use crate::engine::views::delivery::MASKED;

/// Of one body so many bytes are kept for finding it.
const KEPT: usize = 512;
/// Fields whose words nobody looks for: moments are looked for by the time it came, the rest is the same in all.
const SKIPPED: [&str; 17] = [
    "path",
    "url_callback",
    "request_type",
    "model",
    "action",
    "timestamp",
    "created_at",
    "at",
    "start",
    "stop",
    "timeInterval",
    "validation_code",
    "validation_code_url",
    "color",
    "duration",
    "type",
    "status",
];
/// Numbers below are no ids.
const SMALLEST_ID: u64 = 1_000;

/// What to find a delivery by, in lower case: these, and the ids and words of its body.
pub fn of(told: &[&str], body: &[u8]) -> Box<str> {
    let mut text = told.join("\n").to_lowercase();
    if let Ok(body) = serde_json::from_slice::<Value>(body) {
        add(&mut text, &body);
    }
    text.into()
}

fn add(text: &mut String, value: &Value) {
    if text.len() >= KEPT {
        return;
    }
    match value {
        Value::Object(map) => {
            let told = map
                .iter()
                .filter(|(key, _)| !SKIPPED.contains(&key.as_str()) && !MASKED.contains(&key.as_str()));
            told.for_each(|(_, value)| add(text, value));
        }
        Value::Array(list) => list.iter().for_each(|value| add(text, value)),
        Value::Number(number) if number.as_u64().is_some_and(|n| n >= SMALLEST_ID) => {
            word(text, &number.to_string());
        }
        Value::String(said) if !said.starts_with("http") => {
            word(text, &said.chars().take(DESCRIPTION).collect::<String>().to_lowercase());
        }
        _ => {}
    }
}

fn word(text: &mut String, word: &str) {
    if !text.contains(word) {
        text.push('\n');
        text.push_str(word);
    }
}

/// `time_entry updated`; empty for a PING.
pub fn about(announced: &Announced) -> String {
    let model = match &announced.about {
        About::Ping { .. } => return String::new(),
        About::Entry { .. } => "time_entry",
        About::Item { kind, .. } => kind.as_str(),
        About::Other { model } => model,
    };
    let action = announced.action.map_or("", |a| match a {
        Action::Created => " created",
        Action::Updated => " updated",
        Action::Deleted => " deleted",
    });
    format!("{model}{action}")
}

/// The entity's id and what a person calls it.
pub fn subject(announced: &Announced) -> (RemoteId, String) {
    let (id, name) = match &announced.about {
        About::Entry { id, read } => {
            let entry = read.as_ref().and_then(|r| r.entry.as_ref());
            (id.clone(), entry.map(|e| e.description.clone()).unwrap_or_default())
        }
        About::Item { id, item, .. } => {
            (id.clone(), item.as_ref().map(|i| i.name.clone()).unwrap_or_default())
        }
        About::Ping { .. } | About::Other { .. } => return (RemoteId::default(), String::new()),
    };
    (id, name.chars().take(DESCRIPTION).collect())
}

/// Whose entry it is, and the project.
pub fn names(announced: &Announced) -> (Option<&RemoteId>, Option<&RemoteId>) {
    match &announced.about {
        About::Entry { read: Some(read), .. } => match &read.entry {
            Some(entry) => (Some(&entry.user), entry.project.as_ref()),
            None => (None, None),
        },
        About::Item { kind: Kind::Project, id, .. } => (None, Some(id)),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_body_is_found_by_its_ids_and_words_and_not_by_what_is_nobodys_business() {
        let body = br#"{"event_id":7412093355218840,"metadata":{"request_body":"Private","path":"/api/v9/x",
            "event_user_id":"5550002"},"payload":{"description":"Kick-OFF","tags":["Design"],"billable":true,
            "project_id":2220005,"duration":2709,"at":"2026-11-21T05:10:00Z","api_token":"t0ken"}}"#;
        let text = of(&["time_entry updated"], body);
        for word in ["7412093355218840", "5550002", "kick-off", "design", "2220005", "time_entry updated"] {
            assert!(text.contains(word), "{word} in {text}");
        }
        for word in ["private", "api/v9", "2709", "05:10", "t0ken", "true"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert_eq!(&*of(&["", ""], b"no JSON"), "\n");
    }

    #[test]
    fn of_a_huge_body_little_is_kept() {
        let ids: Vec<u32> = (5_000..14_000).collect();
        let body =
            serde_json::json!({"tags": ["abcdefghij klmnop", "x".repeat(5_000)], "ids": ids}).to_string();
        assert!(of(&[""], body.as_bytes()).len() < 1_024);
    }
}
