//! Quota meters for the screen.

use chrono::{DateTime, Utc};

use crate::control::snapshot::{Meter, OTHERS, StrainLine};
use crate::domain::forecast::{forecast, resets_at};
use crate::domain::hours::Hour;
use crate::domain::id::{Account, Service};
use crate::domain::quota::{Bucket, Cause, HOUR};
use crate::engine::call::bucket_of;
use crate::engine::state::State;
use crate::services::http::Charge;

/// The meters in use, tightest first.
pub fn lines(state: &State, now: DateTime<Utc>) -> Vec<Meter> {
    let mut shown: Vec<(Service, Account, &str, String, &str)> = Vec::new();
    for s in &state.setup.sources {
        for (label, charge) in [("toggl org", Charge::Org), ("toggl user", Charge::User)] {
            if let Some(bucket) = bucket_of(state, &s.account, charge) {
                shown.push((Service::Toggl, s.account.clone(), label, bucket, &s.tag));
            }
        }
    }
    for t in &state.setup.targets {
        if let Some(bucket) = bucket_of(state, &t.account, Charge::Workspace) {
            shown.push((Service::Clockify, t.account.clone(), "clockify", bucket, &t.tag));
        }
    }
    let many = |service: Service| match service {
        Service::Toggl => state.setup.sources.len() > 1,
        Service::Clockify => state.setup.targets.len() > 1,
    };
    let mut lines: Vec<Meter> = Vec::new();
    for (service, account, label, bucket, tag) in &shown {
        let Some((_, found)) = state.meters.all().find(|((a, b), _)| a == account && b == bucket) else {
            continue;
        };
        let label = if many(*service) { format!("{label} {tag}") } else { (*label).to_owned() };
        lines.push(line(state, *service, account, bucket, label, found, now));
    }
    lines.sort_by_key(tightness);
    lines
}

/// Thousandths left; without an hourly limit last.
fn tightness(meter: &Meter) -> i64 {
    match (meter.remaining, meter.limit) {
        (Some(left), Some(limit)) => left * 1_000 / i64::from(limit.max(1)),
        _ => i64::MAX,
    }
}

fn line(
    state: &State,
    service: Service,
    account: &Account,
    name: &str,
    label: String,
    bucket: &Bucket,
    now: DateTime<Utc>,
) -> Meter {
    let mut bucket = bucket.clone();
    bucket.roll(now);
    let ahead = forecast(&bucket, state.policy(), now);
    let count = |cause: &Cause| bucket.calls.iter().filter(|(_, c)| c == cause).count() as u32;
    let mut spent: Vec<(String, u32)> =
        Cause::ALL.iter().map(|c| (c.as_str().to_owned(), count(c))).filter(|(_, n)| *n > 0).collect();
    spent.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    if bucket.others() > 0 {
        spent.push((OTHERS.into(), bucket.others()));
    }
    let last = bucket.hours.last(24, now);
    let mut day: Vec<(String, u32)> = Cause::ALL
        .iter()
        .map(|c| (c.as_str().to_owned(), last.iter().map(|hour| hour.of(*c)).sum()))
        .chain([(OTHERS.to_owned(), last.iter().map(|hour| hour.others).sum())])
        .filter(|(_, n)| *n > 0)
        .collect();
    day.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let first = bucket.calls.first().map(|(at, _)| *at);
    Meter {
        service,
        account: account.clone(),
        label,
        bucket: name.to_owned(),
        limit: bucket.limit,
        remaining: bucket.remaining(),
        reserve: u32::try_from(bucket.kept_from(Cause::Repair, state.policy())).unwrap_or(0),
        expected: ahead.expected,
        resets_at: bucket.limit.and_then(|_| resets_at(&bucket)),
        dry_at: ahead.dry_at,
        waiting_until: bucket.dry_until,
        source: bucket.source(),
        read_at: bucket.told.map(|t| t.at).or_else(|| bucket.calls.last().map(|(at, _)| *at)),
        spent,
        since: bucket.limit.and_then(|_| bucket.resets_at.map(|end| end - HOUR).or(first)),
        hours: last.iter().map(Hour::total).collect(),
        day,
        synced: last.iter().map(|hour| hour.synced).sum(),
    }
}

/// Services that take no calls now, for another reason than quota.
pub fn strains(state: &State, now: DateTime<Utc>) -> Vec<StrainLine> {
    let line = |(account, tag, service): (&Account, &str, Service)| {
        let strained = state.running.get(account)?.breaker.strained(now)?;
        Some(StrainLine { account: account.clone(), tag: tag.to_owned(), service, strained })
    };
    state.setup.accounts().filter_map(line).collect()
}
