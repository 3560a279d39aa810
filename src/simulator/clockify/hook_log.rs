//! What became of deliveries in the last seven days: `logs`, an attempt a row, and `statuses`, an event a row.

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde_json::Value;

use super::Clockify;
use super::hook_courier::{Attempt, Event, Fate};
use super::hook_wire::{fate_word, log_wire, status_wire};
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use crate::simulator::call::{Call, Reply};

/// Logs are kept so long.
const KEPT: TimeDelta = TimeDelta::days(7);

impl Clockify {
    /// `POST .../logs?page=0&size=50`: a search; the window and the order are in the body.
    pub(super) fn hook_logs(&self, call: &Call, who: &str, id: &str) -> Outcome {
        self.needs_admin(who)?;
        self.known_hook(id)?;
        let body = Body::of(call)?;
        let (from, to) = (body.instant("from")?, body.instant("to")?);
        let newest_first = body.flag("sortByNewest")?.unwrap_or(false);
        let wanted = body.word("status", &["ALL", "SUCCEEDED", "FAILED"])?;
        let fits = |attempt: &Attempt| {
            let good = (200..300).contains(&attempt.code);
            let word = match wanted.as_deref() {
                Some("SUCCEEDED") => good,
                Some("FAILED") => !good,
                _ => true,
            };
            word && from.is_none_or(|from| attempt.at >= from) && to.is_none_or(|to| attempt.at <= to)
        };
        let mut rows: Vec<(&Event, &Attempt)> = self
            .remembered(id, call.now)
            .flat_map(|event| event.attempts.iter().map(move |attempt| (event, attempt)))
            .filter(|(_, attempt)| fits(attempt))
            .collect();
        rows.sort_by(|(_, a), (_, b)| (a.at, &a.id).cmp(&(b.at, &b.id)));
        if newest_first {
            rows.reverse();
        }
        page(call, rows.into_iter().map(|(event, attempt)| log_wire(event, attempt)))
    }

    /// `GET .../statuses?page=0&size=50&statuses=FAILED`, the newest event first.
    pub(super) fn hook_statuses(&self, call: &Call, who: &str, id: &str) -> Outcome {
        self.needs_admin(who)?;
        self.known_hook(id)?;
        let wanted = request::list(call, "statuses");
        let known = [Fate::Succeeded, Fate::Retrying, Fate::Failed].map(fate_word);
        if let Some(word) = wanted.iter().flatten().find(|word| !known.contains(&word.as_str())) {
            return Err(refuse::query("statuses", word, "WebhookEventStatus"));
        }
        let fits = |event: &&Event| {
            wanted.as_ref().is_none_or(|words| words.iter().any(|word| word == fate_word(event.fate)))
        };
        let mut rows: Vec<Value> =
            self.remembered(id, call.now).filter(fits).filter_map(status_wire).collect();
        rows.reverse();
        page(call, rows.into_iter())
    }

    fn remembered<'a>(&'a self, hook: &'a str, now: DateTime<Utc>) -> impl Iterator<Item = &'a Event> {
        let fresh = move |event: &&Event| event.hook == hook && event.made >= now - KEPT;
        self.hooks.events.values().filter(fresh)
    }
}

/// A page that counts from 0 and has a `size`; nothing tells that it is the last one.
fn page(call: &Call, rows: impl Iterator<Item = Value>) -> Outcome {
    let number = request::number(call, "page", 0, 0)?;
    let size = request::number(call, "size", 50, 1)?;
    let rows = rows.skip(number.saturating_mul(size)).take(size).collect();
    Ok(Reply::json(StatusCode::OK, &Value::Array(rows)))
}
