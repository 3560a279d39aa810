//! Reading the source: now, and a range of history.

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::cache::rows;
use crate::control::command::{Price, Reply};
use crate::domain::id::Account;
use crate::domain::order::EntryRow;
use crate::domain::quota::{Cause, Gate};
use crate::domain::strain::Strain;
use crate::domain::text::requests;
use crate::engine::apply::{Batch, bind_one};
use crate::engine::call::bucket_of;
use crate::engine::history::{self, midnight};
use crate::engine::state::{ReadWish, State};
use crate::engine::{Engine, Shared};
use crate::services::http::Charge;

use super::{Answered, Refusal, because, entries};

/// Reads every source as soon as pace and quota let it.
pub fn now(engine: &Shared) -> Answered {
    let now = engine.seams.now();
    let mut state = engine.state();
    let sources: Vec<Account> = state.setup.sources.iter().map(|s| s.account.clone()).collect();
    let refused =
        sources.iter().find_map(|a| state.running.get(a).and_then(|r| r.refused.clone()).map(|why| (a, why)));
    if let Some((account, why)) = refused {
        let tag = state.setup.tag(account);
        return because(format!("{account} cannot be read: {why}; :token {tag} renews it"));
    }
    for account in &sources {
        let since = state.reading.get(account).and_then(|w| w.since);
        state.reading.insert(account.clone(), ReadWish { not_before: now, cause: Cause::Person, since });
    }
    let waits = sources.iter().filter_map(|account| spent_until(&state, account, now)).max();
    let zone = Engine::shown_zone(&state);
    drop(state);
    engine.wakes.pull.notify_waiters();
    if let Some(until) = waits {
        let at = until.with_timezone(&zone).format("%H:%M");
        return Ok(Reply::Done {
            say: format!("Toggl is read at {at} · {}, its hour is spent", Strain::Quota),
        });
    }
    Ok(Reply::Done { say: format!("reading Toggl now · {}", requests(sources.len() as u64)) })
}

/// Until when nothing is left of a source's own bucket, not even for a person.
fn spent_until(state: &State, account: &Account, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let bucket = bucket_of(state, account, Charge::User)?;
    match state.meters.waits(account, &bucket, Cause::Person, state.policy(), now) {
        Gate::Wait(until) => Some(until),
        Gate::Go => None,
    }
}

/// Reads and sends a range of history, or says what that would take.
pub fn backfill(engine: &Shared, first: NaiveDate, last: NaiveDate, dry: bool) -> Answered {
    if last < first {
        return because(format!("{last} is before {first}; swap the two days"));
    }
    let span = format!("{}–{}", first.format("%-d %b %Y"), last.format("%-d %b %Y"));
    let today = engine.seams.now().with_timezone(&Engine::shown_zone(&engine.state())).date_naive();
    if first > today {
        return because(format!("{span} is in the future; there is nothing to read"));
    }
    let price = price(engine, first, last, &span)?;
    if dry {
        return Ok(Reply::Price(price));
    }
    let ranges: Vec<(Account, DateTime<Utc>, DateTime<Utc>)> = {
        let state = engine.state();
        state
            .setup
            .sources
            .iter()
            .filter_map(|s| range(&state, &s.account, first, last).map(|(a, b)| (s.account.clone(), a, b)))
            .collect()
    };
    for (account, from, to) in ranges {
        history::plan(engine, &account, from, to, true)?;
    }
    let now = engine.seams.now();
    let mut state = engine.state();
    state.write("history", |_, draft| {
        draft.say("engine", "info", format!("backfill {span} asked for by a person"), None)
    })?;
    for source in state.setup.sources.iter().map(|s| s.account.clone()).collect::<Vec<_>>() {
        let wish = ReadWish { not_before: now, cause: Cause::Backfill, since: None };
        state.reading.entry(source).or_insert(wish);
    }
    drop(state);
    engine.wakes.pull.notify_waiters();
    engine.touch();
    Ok(Reply::Done { say: format!("backfill {span} planned · Quota shows how far it is") })
}

fn range(
    state: &State,
    account: &Account,
    first: NaiveDate,
    last: NaiveDate,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let zone = state.zone(account);
    Some((midnight(first, zone)?, midnight(last + Days::new(1), zone)?))
}

/// What is known already would be sent; reading may find more.
fn price(engine: &Shared, first: NaiveDate, last: NaiveDate, span: &str) -> Result<Price, Refusal> {
    let state = engine.state();
    let days = (last - first).num_days() + 1;
    let mut price = Price::default();
    let mut known = 0;
    for source in &state.setup.sources {
        let Some((from, to)) = range(&state, &source.account, first, last) else { continue };
        // One range of 90 days is one request as long as its answer fits into a page; each page more is one more.
        price.requests += u32::try_from((days + 89) / 90).unwrap_or(u32::MAX);
        let keys = state.desk.named(rows::by_start(from, to), usize::MAX)?;
        let mut draft = state.desk.draft();
        for key in keys.iter().filter(|k| k.account == source.account) {
            let Some(row) = draft.get::<EntryRow>(&rows::entry(key))? else { continue };
            known += 1;
            for target in &state.setup.targets {
                let Some(mut link) = draft.link(&target.account, key)? else { continue };
                let due = link.next().is_some();
                if link.may_be_there() || due {
                    continue;
                }
                link.backfilled = true;
                draft.put_link(&target.account, key, link)?;
                bind_one(&state, &mut draft, &mut Batch::default(), &target.account, key, &row)?;
                let after = draft.link(&target.account, key)?;
                price.creates += u32::from(after.is_some_and(|l| l.next().is_some()));
            }
        }
    }
    let reading = price.requests;
    price.requests = price.requests.saturating_add(price.creates);
    let first_source = state.setup.sources.first();
    let bucket =
        first_source.and_then(|s| bucket_of(&state, &s.account, Charge::Org).map(|b| (&s.account, b)));
    price.left = bucket.and_then(|(account, name)| {
        let (_, found) = state.meters.all().find(|((a, b), _)| a == account && *b == name)?;
        found.remaining()
    });
    let left = price.left.map(|n| format!(" · {n} left at Toggl")).unwrap_or_default();
    price.say = format!(
        "{span}: {} known here, {} of them would be sent · about {reading} to read, {} to send + 1 for each that is new{left}",
        entries(known),
        price.creates,
        price.creates
    );
    Ok(price)
}
