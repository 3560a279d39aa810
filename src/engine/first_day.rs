//! The first day synced: from the settings, else the day of the first start in the first source's zone, kept from
//! then on. Until that zone is known no target without a day gets anything.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::cache::rows;
use crate::domain::id::Account;

use super::Engine;
use super::desk::Desked;
use super::state::State;

fn started() -> Vec<u8> {
    rows::meta("first start")
}

/// The zone whose day counts; `None` while nobody has said it.
fn zone(state: &State) -> Option<Tz> {
    let Some(source) = state.setup.sources.first() else { return Some(chrono_tz::UTC) };
    let known = source.zone.is_some() || state.profile(&source.account).is_some();
    known.then(|| state.zone(&source.account))
}

impl Engine {
    /// Fixes the days that can be fixed; answers whether any is new.
    pub(super) fn fix_first_day(&self, state: &mut State) -> Desked<bool> {
        let mut days = state.sync_from.clone();
        let mut open: Vec<Account> = Vec::new();
        for target in &state.setup.targets {
            match target.sync_from {
                Some(day) => {
                    days.insert(target.account.clone(), day);
                }
                None if !days.contains_key(&target.account) => open.push(target.account.clone()),
                None => {}
            }
        }
        let first: Option<DateTime<Utc>> = state.desk.get(&started())?;
        let begin = first.unwrap_or_else(|| self.seams.now());
        let zone = zone(state);
        let today: Option<NaiveDate> = zone.map(|zone| begin.with_timezone(&zone).date_naive());
        if let Some(today) = today {
            days.extend(open.iter().map(|target| (target.clone(), today)));
        }
        let note = first.is_none() && !open.is_empty();
        let changed = days != state.sync_from;
        if changed || note {
            state.desk.write("sync_from", |draft| {
                if note {
                    draft.put(started(), &begin)?;
                }
                draft.put(rows::meta("sync_from"), &days)
            })?;
            state.sync_from = days;
        }
        Ok(changed)
    }

    /// After a source's profile came: what waited for the first day follows it.
    pub(super) fn settle_first_day(&self) -> Desked<()> {
        let mut state = self.state();
        if self.fix_first_day(&mut state)? {
            super::rebind::rebind_all(&mut state)?;
        }
        Ok(())
    }
}
