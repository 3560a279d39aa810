//! One delivery in full: headers, proof, what it changed and why, what of it still holds, and the body.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::cache::rows;
use crate::control::view::{DetailLine, Row};
use crate::domain::announced::{About, Announced};
use crate::domain::catalogue::Kind;
use crate::domain::delivery::Delivered;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::order::{EntryRow, Stamp};
use crate::domain::signature;
use crate::engine::desk::{DeskError, Desked};
use crate::engine::intake::DeadLetter;
use crate::engine::state::State;
use crate::engine::{Engine, heard, labels};
use crate::services::toggl::delivery;

use super::differences::{Difference, Names, differences};
use super::{Ask, Rows, deliveries, news};

/// Fields of a body that are nobody's business on a screen.
pub const MASKED: [&str; 5] = ["request_body", "api_token", "secret", "authToken", "ical_url"];
/// Lines of a body that are shown.
const BODY_LINES: usize = 120;

/// A delivery of the inbox; `None` when it is not kept any more.
pub fn stored(engine: &Engine, seq: u64) -> Desked<Option<Delivered>> {
    let stored = engine.inbox.read_from(seq, 1).map_err(DeskError::from)?;
    Ok(stored.into_iter().find(|one| one.seq == seq).and_then(|one| Delivered::decode(&one.payload)))
}

/// The window; empty when it is not kept any more.
pub fn rows(engine: &Engine, state: &State, ask: &Ask, seq: u64) -> Desked<Rows> {
    let Some(delivered) = stored(engine, seq)? else { return Ok(Rows::default()) };
    let letter: Option<DeadLetter> = state.desk.get(&rows::dead(seq))?;
    let account = labels::account(state, &delivered.hook);
    let zone = account.as_ref().map_or(chrono_tz::Tz::UTC, |a| state.zone(a));
    let clock = |at: DateTime<Utc>| at.with_timezone(&zone).format("%a %-d %b %Y %H:%M:%S%.3f").to_string();
    let (kept, before) = {
        let index = engine.black_box.index();
        let line = index.line(seq);
        let word = line.map_or("accepted", |line| deliveries::word(line, letter.is_some()));
        (word, line.and_then(|line| line.before))
    };
    let mut facts = Facts::default();
    let why = match (&letter, kept, before) {
        (Some(letter), ..) => letter.reason.clone(),
        (None, "duplicate", Some(first)) => format!("delivery {first} brought the same event"),
        _ => String::new(),
    };
    facts.add("verdict", kept, why);
    let target = heard::target_of(state, &delivered.hook);
    let announced = delivery::parse(&delivered.body).ok().filter(|_| target.is_none());
    let way = announced.as_ref().map(|a| {
        let ms = (delivered.received_at - a.created_at).num_milliseconds();
        format!("{}.{:03} s after the event", ms / 1_000, ms.rem_euclid(1_000))
    });
    facts.add("received", clock(delivered.received_at), way.unwrap_or_default());
    facts.add("hook", delivered.hook.clone(), "");
    if let Some((target, event)) = &target {
        facts.0.extend(news::lines(state, target, event, &delivered.body)?);
    }
    if let Some(a) = &announced {
        facts.add("event", a.event_id.to_string(), format!("subscription {}", a.subscription));
        let user = match (&account, &a.user) {
            (Some(account), Some(user)) => state.user_name(account, user),
            _ => String::new(),
        };
        facts.add("by", user, clock(a.created_at));
    }
    verified(state, &mut facts, &delivered);
    for (name, value) in &delivered.headers {
        facts.add(name.clone(), value.clone(), "header");
    }
    let known = |kind, id: &str| name(state, account.as_ref()?, kind, id);
    let names = Names { zone, of: &known };
    if target.is_some() {
        changed(engine, &mut facts, &delivered, before, &names)?;
    }
    if let (Some(account), Some(announced)) = (&account, &announced) {
        changed(engine, &mut facts, &delivered, before.filter(|_| kept != "duplicate"), &names)?;
        holds(state, &mut facts, account, announced, (&clock, &names))?;
    }
    body(&mut facts, &delivered.body);
    let unfiltered = facts.0.len();
    let shown = facts.0.into_iter().filter(|l| ask.takes(&[&l.label, &l.value, &l.why]));
    Ok(ask.cut(shown.map(Row::Detail).collect(), unfiltered))
}

/// Facts in the order they are shown.
#[derive(Default)]
pub struct Facts(pub Vec<DetailLine>);

impl Facts {
    /// One more.
    pub fn add(&mut self, label: impl Into<String>, value: impl Into<String>, why: impl Into<String>) {
        self.0.push(DetailLine { label: label.into(), value: value.into(), why: why.into() });
    }
}

fn verified(state: &State, facts: &mut Facts, delivered: &Delivered) {
    use secrecy::ExposeSecret as _;
    let secrets = labels::secrets(state, &delivered.hook);
    let mut told = None;
    for (which, secret) in secrets {
        let secret = secret.expose_secret().as_bytes();
        match signature::was_signed_with(&delivered.headers, &delivered.body, secret) {
            Some(true) => {
                facts.add("verified", format!("with the {which} secret"), "checked again now");
                return;
            }
            other => told = other.or(told),
        }
    }
    match told {
        Some(_) => facts.add("verified", "when it came", "the secret has changed since"),
        None => facts.add("verified", "when it came", "its signature was not kept"),
    }
}

/// What an id stands for.
fn name(state: &State, account: &Account, kind: Kind, id: &str) -> Option<String> {
    let id = RemoteId::from(id);
    if kind == Kind::User {
        return Some(state.user_name(account, &id)).filter(|name| !name.is_empty());
    }
    state.item(account, kind, &id).map(|item| item.name.clone())
}

/// What it changed: field by field against the delivery before it about the same entity.
fn changed(
    engine: &Engine,
    facts: &mut Facts,
    delivered: &Delivered,
    before: Option<u64>,
    names: &Names<'_>,
) -> Desked<()> {
    let new = payload(&delivered.body);
    let old = match before {
        Some(seq) => stored(engine, seq)?.map(|d| payload(&d.body)),
        None => None,
    };
    match (old, before) {
        (Some(old), Some(seq)) => {
            let against = format!("against delivery {seq}");
            let all = differences(&old, &new, names);
            if all.is_empty() {
                facts.add("changed", "nothing", against.clone());
            }
            for Difference { fact, from, to } in all {
                facts.add(format!("  {fact}"), format!("{from} → {to}"), against.clone());
            }
        }
        _ => facts.add("changed", "the first kept delivery about it", ""),
    }
    Ok(())
}

fn payload(body: &[u8]) -> Map<String, Value> {
    let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
    match (body.get_mut("payload").map(Value::take), body) {
        (Some(Value::Object(map)), _) => map,
        // Clockify's body is the entity itself.
        (None, Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// What of it still holds, and why not.
fn holds(
    state: &State,
    facts: &mut Facts,
    account: &Account,
    announced: &Announced,
    (clock, names): (&dyn Fn(DateTime<Utc>) -> String, &Names<'_>),
) -> Desked<()> {
    let About::Entry { id, read } = &announced.about else { return Ok(()) };
    let key = Key { account: account.clone(), id: id.clone() };
    let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
    let Some(row) = row else {
        facts.add("now", "the entry is not known here", "");
        return Ok(());
    };
    let is_this = matches!(row.stamp, Stamp::Delivery { event_id, .. } if event_id == announced.event_id);
    let by = match &row.stamp {
        Stamp::Delivery { event_id, .. } => format!("event {event_id}, changed {}", clock(row.at)),
        Stamp::Read { started } => format!("a read of {}, changed {}", clock(*started), clock(row.at)),
    };
    if is_this {
        facts.add("now", "it is the state of the entry", by);
        return Ok(());
    }
    facts.add("now", "another state holds", by);
    let json = |entry: &crate::domain::entry::Entry| match serde_json::to_value(entry) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let told = read.as_ref().and_then(|r| r.entry.as_ref()).map(json).unwrap_or_default();
    let held = row.entry.as_ref().map(json).unwrap_or_default();
    for Difference { fact, from, to } in differences(&told, &held, names) {
        facts.add(format!("  {fact}"), format!("{from} → {to}"), "this delivery → now");
    }
    if row.deleted.is_some() {
        facts.add("  deleted", "no → yes", "this delivery → now");
    }
    Ok(())
}

/// The body in one line and in many, masked.
pub fn body(facts: &mut Facts, body: &[u8]) {
    let (text, raw) = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            mask(&mut value);
            (serde_json::to_string_pretty(&value).unwrap_or_default(), value.to_string())
        }
        Err(_) => {
            let text = String::from_utf8_lossy(body).into_owned();
            (text.clone(), text)
        }
    };
    facts.add("raw", raw, "one line, to copy; what is nobody's business is masked");
    for (at, line) in text.lines().take(BODY_LINES).enumerate() {
        let size = if at == 0 { format!("{} bytes", body.len()) } else { String::new() };
        facts.add(if at == 0 { "body" } else { "" }, line.chars().take(500).collect::<String>(), size);
    }
}

/// Hides what must not be seen.
pub fn mask(value: &mut Value) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobodys_business_is_masked_and_nonsense_is_shown_as_it_came() {
        let mut facts = Facts::default();
        body(&mut facts, br#"{"metadata":{"request_body":"{\"private\":1}"},"payload":[{"api_token":"x"}]}"#);
        let text: String = facts.0.iter().map(|l| l.value.as_str()).collect();
        assert!(!text.contains("private") && !text.contains(r#""x""#), "{text}");
        let mut facts = Facts::default();
        body(&mut facts, b"{nonsense");
        assert_eq!(facts.0[1].value, "{nonsense");
    }
}
