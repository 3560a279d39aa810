//! Webhook subscriptions for the screen. The secret part of an address is masked here, before it leaves the engine.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use secrecy::ExposeSecret as _;

use crate::cache::key::KeyReader;
use crate::cache::rows;
use crate::control::command::SubscriptionRef;
use crate::control::snapshot::SubscriptionLine;
use crate::domain::advice;
use crate::domain::drift::masked;
use crate::domain::health::SubState;
use crate::domain::id::{Account, Service};
use crate::domain::subscription::{STALE, Subscription};
use crate::engine::desk::Desked;
use crate::engine::guardian::limits::{self, Told};
use crate::engine::history::midnight;
use crate::engine::lobby::Refused;
use crate::engine::state::State;

/// Subscriptions shown.
const MANY: usize = 50;

/// All subscriptions, own first.
pub fn lines(
    state: &State,
    refused: &BTreeMap<String, Refused>,
    zone: Tz,
    now: DateTime<Utc>,
) -> Desked<Vec<SubscriptionLine>> {
    let mut lines = Vec::new();
    state.desk.scan(rows::subscriptions(), MANY, &mut |key, value| {
        if let (Some(account), Ok(row)) = (account_of(key), rows::decode::<Subscription>(value)) {
            lines.push((account, row));
        }
        ControlFlow::Continue(())
    })?;
    let mut made = Vec::new();
    for (account, row) in &lines {
        let limits: Option<Told> = state.desk.get(&limits::key(account))?;
        let enabled = lines.iter().filter(|(a, r)| a == account && r.enabled).count();
        let secret = if row.ours { shown_secret(state, account) } else { String::new() };
        let (plan, upgrade) = match limits {
            Some(told) => (
                advice::used(told.limits, enabled, row.filters.len()),
                advice::upgrade(told.limits, advice::wildcard_cost(&row.filters)).unwrap_or_default(),
            ),
            None => (String::new(), String::new()),
        };
        let proposed =
            limits.filter(|_| row.ours).and_then(|told| advice::proposal(told.limits, &row.filters));
        let proposed = proposed.unwrap_or_default();
        let overlap_until = state.setup.hooks.overlap(account).filter(|_| row.ours);
        let mut line = SubscriptionLine {
            secret,
            overlap_until,
            plan,
            upgrade,
            proposed,
            ..line(account, row, zone, now)
        };
        if row.ours && row.enabled && state.profile(account).is_some_and(|p| !p.admin) {
            line.cause = "fewer events: its creator is no administrator".into();
        }
        // Under the address of the account's hook only our own subscription delivers.
        if let Some(refused) = refused.get(&state.setup.hooks.label(account)).filter(|_| row.ours) {
            note_refused(&mut line, refused);
        }
        made.push(line);
    }
    made.sort_by_key(|l| !l.ours);
    Ok(made)
}

/// Adds what was refused at the door. The service counts those calls too, so that what its history told of them is
/// not added to it.
pub fn note_refused(line: &mut SubscriptionLine, refused: &Refused) {
    line.last_bad_at = line.last_bad_at.max(Some(refused.at));
    line.failures = line.failures.max(refused.in_a_row);
    if refused.in_a_row > 0 {
        line.refused.clone_from(&refused.why);
    }
}

/// The last four signs of the account's secret.
fn shown_secret(state: &State, account: &Account) -> String {
    let secrets = state.setup.hooks.secrets(account);
    let Some((_, secret)) = secrets.first() else { return String::new() };
    let signs: Vec<char> = secret.expose_secret().chars().collect();
    let end: String = signs[signs.len().saturating_sub(4)..].iter().collect();
    format!("····{end}")
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
        latency_spark: row.latency_spark(),
        drift: row.drift.clone(),
        edited_at: row.updated_at,
        last_bad_at: row.last_bad_at,
        failures: row.failures,
        refused: String::new(),
        secret: String::new(),
        overlap_until: None,
        plan: String::new(),
        upgrade: String::new(),
        proposed: Vec::new(),
        flags: None,
        facts: Vec::new(),
    }
}

/// Deliveries of the slots of two hours that begin today.
fn today(row: &Subscription, zone: Tz, now: DateTime<Utc>) -> u32 {
    let day = now.with_timezone(&zone).date_naive();
    let Some(from) = midnight(day, zone) else { return 0 };
    row.recent.iter().filter(|(slot, _)| slot * 7_200 >= from.timestamp()).map(|(_, n)| n).sum()
}
