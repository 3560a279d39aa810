//! Today in figures, and the timers that run.

use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;

use crate::cache::rows;
use crate::control::snapshot::{DaySummary, Timer};
use crate::domain::order::EntryRow;
use crate::engine::desk::Desked;
use crate::engine::history::midnight;
use crate::engine::state::State;

/// Timers shown.
const TIMERS: usize = 50;

/// Figures over the stopped entries that start today.
pub fn summary(state: &State, zone: Tz, now: DateTime<Utc>) -> Desked<DaySummary> {
    let day = now.with_timezone(&zone).date_naive();
    let mut sum = DaySummary { day: Some(day), ..DaySummary::default() };
    let (Some(from), Some(to)) = (midnight(day, zone), midnight(day + Days::new(1), zone)) else {
        return Ok(sum);
    };
    for key in state.desk.named(rows::by_start(from, to), usize::MAX)? {
        let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
        let Some(entry) = row.and_then(|r| r.entry) else { continue };
        if entry.project.is_none() {
            sum.without_project += 1;
        }
        if entry.stop.is_some() {
            let seconds = entry.length(now).num_seconds();
            sum.tracked_s += seconds;
            sum.billable_s += if entry.billable { seconds } else { 0 };
        }
    }
    Ok(sum)
}

/// Running timers, own first.
pub fn timers(state: &State) -> Desked<Vec<Timer>> {
    let mut timers = Vec::new();
    for key in state.desk.named(rows::running(), TIMERS)? {
        let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
        let Some(entry) = row.and_then(|r| r.entry) else { continue };
        timers.push(Timer {
            who: state.initials(&key.account, &entry.user),
            own: state.profile(&key.account).is_some_and(|p| p.user == entry.user),
            start: entry.start,
            project: state.project_name(&key.account, &entry),
            description: entry.description,
            billable: entry.billable,
            key,
        });
    }
    timers.sort_by_key(|t| !t.own);
    Ok(timers)
}
