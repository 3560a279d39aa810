//! Queued work as lines for the screen: what it takes, and when it goes. Looks only; the parts do the work.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::cache::rows;
use crate::control::snapshot::JobLine;
use crate::domain::id::Account;
use crate::domain::quota::{Cause, Gate};
use crate::domain::word::Class;
use crate::services::http::Charge;

use super::call::bucket_of;
use super::desk::Desked;
use super::history;
use super::state::State;

/// Waiting changes looked at to tell old from new.
const LOOK: usize = 500;

/// The id of the reading of an account's history.
pub fn reading(account: &Account) -> String {
    format!("read:{account}")
}

/// The id of the sending of what a backfill brought.
pub fn sending(target: &Account) -> String {
    format!("send:{target}")
}

/// The id of the sending of what people do now.
pub fn fresh(target: &Account) -> String {
    format!("new:{target}")
}

/// All queued work, what people do now first.
pub fn lines(state: &State, zone: Tz, now: DateTime<Utc>) -> Desked<Vec<JobLine>> {
    let mut lines = Vec::new();
    let targets: Vec<Account> = state.setup.targets.iter().map(|t| t.account.clone()).collect();
    let waiting: BTreeMap<&Account, (u32, u32)> =
        targets.iter().map(|t| Ok((t, waiting(state, t)?))).collect::<Desked<_>>()?;
    for (target, (new, _)) in &waiting {
        if *new > 0 {
            let name = format!("{target}, {}", changes(*new));
            let of = |cause| {
                line(state, zone, now, fresh(target), name.clone(), *new, (target, Charge::Workspace, cause))
            };
            let urgent = state.urgent.get(*target).copied().unwrap_or(0);
            let mut line = of(if urgent >= *new { Cause::Person } else { Cause::Sync });
            if 0 < urgent
                && urgent < *new
                && line.state == "waiting quota"
                && of(Cause::Person).state == "sending"
            {
                line.when = format!("{urgent} now, the rest {}", line.when);
            }
            lines.push(line);
        }
    }
    for source in &state.setup.sources {
        for job in history::planned(state, &source.account)? {
            let (what, cause) =
                if job.backfill { ("backfill", Cause::Backfill) } else { ("history", Cause::Gapfill) };
            // What is read on to the present is planned a little beyond it.
            let to = if job.backfill { job.to } else { job.to.min(now) };
            let name = format!("{what} {}", days(job.from, to, zone));
            let pays = (&source.account, Charge::User, cause);
            let id = reading(&source.account);
            let mut line = line(state, zone, now, id, name, job.requests(), pays);
            if let Some(at) = job.not_before.filter(|at| *at > now) {
                // A second look waits for its time, whatever is left.
                line.when = format!("after {}", at.with_timezone(&zone).format("%H:%M"));
                line.state = "planned".to_owned();
            }
            if line.state == "reading" && !state.reading.contains_key(&source.account) {
                // It goes along with a read of what changed.
                let due = state.running.get(&source.account).and_then(|running| running.read_due);
                match due {
                    Some(at) if at <= now => {}
                    Some(at) => {
                        line.when =
                            format!("with the next read, {}", at.with_timezone(&zone).format("%H:%M"));
                        line.state = "planned".to_owned();
                    }
                    None => (line.when, line.state) = (String::new(), "planned".to_owned()),
                }
            }
            line.pausable = job.backfill;
            line.paused &= job.backfill;
            lines.push(line);
        }
    }
    for (target, (_, old)) in &waiting {
        if *old > 0 {
            let name = format!("{target}, {old} of a backfill");
            let pays = (*target, Charge::Workspace, Cause::Backfill);
            let mut line = line(state, zone, now, sending(target), name, *old, pays);
            line.pausable = true;
            lines.push(line);
        }
    }
    Ok(lines)
}

/// Waiting changes of a target: new ones, and those that a backfill brought.
pub fn waiting(state: &State, target: &Account) -> Desked<(u32, u32)> {
    let all = state.desk.tally.get(target).copied().unwrap_or_default()[Class::Ready as usize];
    let all = u32::try_from(all).unwrap_or(0);
    // The new ones stand first in the index.
    let mut new = 0;
    for key in state.desk.named(rows::by_class(target, Class::Ready), LOOK)? {
        match state.desk.link(target, &key)? {
            Some(link) if link.is_old_news() => break,
            _ => new += 1,
        }
    }
    Ok((new, all.saturating_sub(new)))
}

fn line(
    state: &State,
    zone: Tz,
    now: DateTime<Utc>,
    id: String,
    name: String,
    cost: u32,
    (account, charge, cause): (&Account, Charge, Cause),
) -> JobLine {
    let paused = state.paused.contains(&id);
    let gate = bucket_of(state, account, charge)
        .map_or(Gate::Go, |bucket| state.meters.waits(account, &bucket, cause, state.policy(), now));
    let clock = |at: DateTime<Utc>| at.with_timezone(&zone).format("%H:%M").to_string();
    let (word, when) = match gate {
        _ if paused => ("paused", String::new()),
        _ if state.is_held(account) && state.only_looks() => {
            ("queued", "once no other instance is seen to send".to_owned())
        }
        _ if state.disk.room.is_short() && (charge == Charge::User || cause >= Cause::Backfill) => {
            ("stopped", "when the disk has room".to_owned())
        }
        _ if state.is_held(account) => ("held", String::new()),
        Gate::Wait(until) if cause >= Cause::Backfill => {
            ("waiting quota", format!("after {}, from the rest", clock(until)))
        }
        Gate::Wait(until) => ("waiting quota", format!("after {}", clock(until))),
        Gate::Go if cause >= Cause::Backfill => ("sending", "now, from the rest".to_owned()),
        Gate::Go => ("sending", "now".to_owned()),
    };
    let word = if charge == Charge::User && word == "sending" { "reading" } else { word };
    JobLine {
        id,
        name,
        done: 0,
        total: None,
        state: word.to_owned(),
        cost: Some(cost),
        when,
        pausable: false,
        paused,
    }
}

/// The days of a range whose end is excluded.
fn days(from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> String {
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).format("%-d %b").to_string();
    let last = (to - TimeDelta::seconds(1)).max(from);
    format!("{}–{}", day(from), day(last))
}

fn changes(count: u32) -> String {
    if count == 1 { "1 change".into() } else { format!("{count} changes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_a_range_is_one_that_is_read() {
        let zone = chrono_tz::Europe::Berlin;
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        // Midnights in Berlin.
        let (from, to) = (at("2026-10-31T23:00:00Z"), at("2026-11-03T23:00:00Z"));
        assert_eq!(days(from, to, zone), "1 Nov–3 Nov");
        assert_eq!(days(from, at("2026-11-03T12:00:00Z"), zone), "1 Nov–3 Nov");
        assert_eq!(days(from, from, zone), "1 Nov–1 Nov");
    }
}
