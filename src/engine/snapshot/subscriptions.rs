//! Webhook subscriptions for the screen. The secret part of an address is masked here, before it leaves the engine.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::cache::key::KeyReader;
use crate::cache::rows;
use crate::control::command::SubscriptionRef;
use crate::control::snapshot::SubscriptionLine;
use crate::domain::health::SubState;
use crate::domain::id::{Account, Service};
use crate::domain::subscription::{STALE, Subscription};
use crate::engine::desk::Desked;
use crate::engine::history::midnight;
use crate::engine::state::State;

/// Subscriptions shown.
const MANY: usize = 50;

/// All subscriptions, own first.
pub fn lines(state: &State, zone: Tz, now: DateTime<Utc>) -> Desked<Vec<SubscriptionLine>> {
    let mut lines = Vec::new();
    state.desk.scan(rows::subscriptions(), MANY, &mut |key, value| {
        if let (Some(account), Ok(row)) = (account_of(key), rows::decode::<Subscription>(value)) {
            lines.push(line(&account, &row, zone, now));
        }
        ControlFlow::Continue(())
    })?;
    lines.sort_by_key(|l| !l.ours);
    Ok(lines)
}

/// Whether a subscription of ours announces what changes, as far as is known.
pub fn is_trusted(state: &State, account: &Account, now: DateTime<Utc>) -> bool {
    let mut trusted = false;
    let scanned = state.desk.scan(rows::subscriptions(), MANY, &mut |key, value| {
        let row = rows::decode::<Subscription>(value).ok().filter(|row| row.ours);
        let state = row.filter(|_| account_of(key).as_ref() == Some(account)).map(|row| row.state(now));
        trusted |= matches!(state, Some(SubState::Active | SubState::Pending));
        ControlFlow::Continue(())
    });
    scanned.is_ok() && trusted
}

fn account_of(key: &[u8]) -> Option<Account> {
    let mut reader = KeyReader::new(key);
    reader.byte()?;
    reader.text().map(Account)
}

fn line(account: &Account, row: &Subscription, zone: Tz, now: DateTime<Utc>) -> SubscriptionLine {
    let state = row.state(now);
    SubscriptionLine {
        at: SubscriptionRef::new(account, &row.id),
        service: Service::Toggl,
        description: row.description.clone(),
        state,
        since: if state == SubState::Unknown { row.checked_at + STALE } else { row.since },
        checked_at: Some(row.checked_at),
        wanted: row.wanted,
        ours: row.ours,
        cause: row.cause.clone(),
        events: row.filters.clone(),
        address: masked(&row.url),
        last_delivery_at: row.last_delivery_at,
        today: today(row, zone, now),
        spark: row.spark(now),
        latency_s: row.latency_s(),
    }
}

/// Deliveries of the slots of two hours that begin today.
fn today(row: &Subscription, zone: Tz, now: DateTime<Utc>) -> u32 {
    let day = now.with_timezone(&zone).date_naive();
    let Some(from) = midnight(day, zone) else { return 0 };
    row.recent.iter().filter(|(slot, _)| slot * 7_200 >= from.timestamp()).map(|(_, n)| n).sum()
}

/// An address without its last part, which is the secret, and without what could hold one.
fn masked(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = plain.split_once("://").unwrap_or(("https", plain));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    match rest.rsplit_once('/') {
        Some((_, "")) | None => format!("{scheme}://{rest}"),
        Some((before, _)) => format!("{scheme}://{before}/…"),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn no_secret_of_an_address_is_shown() {
        let table = [
            ("https://hooks.example.com/hooks/0f1e2d", "https://hooks.example.com/hooks/…"),
            ("https://ida:pw@hooks.example.com/x?token=1", "https://hooks.example.com/…"),
            ("https://hooks.example.com", "https://hooks.example.com"),
        ];
        for (url, shown) in table {
            assert_eq!(masked(url), shown);
        }
    }
}
