//! Deliveries kept raw: the newest of the inbox with what became of them, and every dead letter.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::DateTime;
use serde_json::Value;

use crate::cache::rows;
use crate::control::view::{DeliveryLine, Row};
use crate::domain::announced::{About, Action, Announced};
use crate::domain::delivery::Delivered;
use crate::engine::Engine;
use crate::engine::desk::{DeskError, Desked};
use crate::engine::intake::DeadLetter;
use crate::engine::state::State;
use crate::journal::Stored;
use crate::services::toggl::delivery;

use super::{Ask, Rows};

/// Deliveries of the inbox that are looked at.
const NEWEST: usize = 1_000;
/// Of a body so much is shown.
const BODY: usize = 4_096;
/// Fields of a body that are nobody's business on a screen.
const MASKED: [&str; 5] = ["request_body", "api_token", "secret", "authToken", "ical_url"];

/// The window, newest first.
pub fn rows(engine: &Engine, state: &State, ask: &Ask) -> Desked<Rows> {
    let mut dead: BTreeMap<u64, DeadLetter> = BTreeMap::new();
    state.desk.scan(rows::deads(), usize::MAX, &mut |_, value| {
        if let Ok(letter) = rows::decode::<DeadLetter>(value) {
            dead.insert(letter.seq, letter);
        }
        ControlFlow::Continue(())
    })?;
    let last = engine.inbox.last_seq();
    let from = last.saturating_sub(NEWEST as u64 - 1).max(1);
    let stored = engine.inbox.read_from(from, NEWEST).map_err(DeskError::from)?;
    let mut lines: Vec<DeliveryLine> = stored.iter().map(|one| line(one, dead.remove(&one.seq))).collect();
    lines.extend(dead.into_values().map(|letter| DeliveryLine {
        seq: Some(letter.seq),
        at: letter.at,
        verdict: "dead".into(),
        reason: letter.reason,
        about: String::new(),
        body: shown(letter.body.as_bytes()),
    }));
    lines.extend(engine.lobby.facts().rejected.map(|facts| facts()).unwrap_or_default());
    lines.sort_by(|a, b| b.at.cmp(&a.at).then(b.seq.cmp(&a.seq)));
    let unfiltered = lines.len();
    let shown = lines.into_iter().filter(|l| ask.takes(&[&l.verdict, &l.reason, &l.about, &l.body]));
    Ok(ask.cut(shown.map(Row::Delivery).collect(), unfiltered))
}

fn line(stored: &Stored, dead: Option<DeadLetter>) -> DeliveryLine {
    let delivered = Delivered::decode(&stored.payload);
    let announced = delivered.as_ref().and_then(|d| delivery::parse(&d.body).ok());
    let is_ping = announced.as_ref().is_some_and(|a| matches!(a.about, About::Ping { .. }));
    let verdict = match &dead {
        Some(_) => "dead",
        None if is_ping => "ping",
        None => "accepted",
    };
    DeliveryLine {
        seq: Some(stored.seq),
        at: delivered
            .as_ref()
            .map_or_else(|| DateTime::from_timestamp_nanos(stored.unix_ns), |d| d.received_at),
        verdict: verdict.into(),
        reason: dead.map(|d| d.reason).unwrap_or_default(),
        about: announced.map(|a| about(&a)).unwrap_or_default(),
        body: delivered.map(|d| shown(&d.body)).unwrap_or_default(),
    }
}

/// A body as it came, cut, with what must not be seen masked.
fn shown(body: &[u8]) -> String {
    let masked = serde_json::from_slice(body).ok().map(|mut value: Value| {
        mask(&mut value);
        value.to_string().into_bytes()
    });
    let body = masked.as_deref().unwrap_or(body);
    String::from_utf8_lossy(&body[..body.len().min(BODY)]).into_owned()
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if MASKED.contains(&key.as_str()) {
                    *value = "…".into();
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(mask),
        _ => {}
    }
}

/// `time_entry updated`; empty for a PING.
fn about(announced: &Announced) -> String {
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

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_is_nobodys_business_is_masked_and_nonsense_is_shown_as_it_came() {
        let body = br#"{"metadata":{"request_body":"{\"private\":1}"},"payload":[{"api_token":"x"}]}"#;
        let text = shown(body);
        assert!(!text.contains("private") && !text.contains(r#""x""#), "{text}");
        assert_eq!(shown(b"{nonsense"), "{nonsense");
        assert_eq!(shown(&[b'a'; 9_000]).len(), 4_096);
    }
}
