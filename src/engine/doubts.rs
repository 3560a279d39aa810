//! Entries of which two states claim one second: when to read for them, from where, and when no read can settle them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::id::{Account, Key};
use crate::domain::order::{EntryRow, SECOND_IS_OVER, read_again};

use super::desk::Desked;
use super::state::State;
use super::{Shared, history};

/// Doubts that come one after another are read for together, but the first waits no longer than this.
const TOGETHER: TimeDelta = TimeDelta::seconds(10);
/// Doubts looked at; what is beyond comes after these are settled.
const MOST: usize = 500;
/// After so many reads that could not tell, a colleague's entry stays as it was delivered.
const COLLEAGUE_READS: u32 = 2;

/// What reads have not settled yet.
#[derive(Default)]
pub struct Doubts {
    vain: BTreeMap<Key, Vain>,
}

/// Reads in vain for one doubt.
#[derive(Clone, Copy)]
struct Vain {
    doubt: DateTime<Utc>,
    reads: u32,
    last: DateTime<Utc>,
}

impl Doubts {
    fn of(&self, key: &Key, doubt: DateTime<Utc>) -> (u32, DateTime<Utc>) {
        match self.vain.get(key).filter(|v| v.doubt == doubt) {
            Some(vain) => (vain.reads, vain.last),
            None => (0, doubt),
        }
    }

    /// When the next read for a doubt is due.
    pub fn due(&self, state: &State, account: &Account) -> Desked<Option<DateTime<Utc>>> {
        let mut first: Option<DateTime<Utc>> = None;
        let mut newest: Option<DateTime<Utc>> = None;
        for (key, _, doubt) in open(state, account)? {
            let (reads, last) = self.of(&key, doubt);
            let at = read_again(doubt, reads, last);
            first = Some(first.map_or(at, |f| f.min(at)));
            if reads == 0 {
                newest = newest.max(Some(at));
            }
        }
        Ok(first.map(|first| newest.unwrap_or(first).clamp(first, first + TOGETHER)))
    }

    /// Where a read must begin so that it shows every doubtful entry (the service's clock).
    pub fn since(state: &State, account: &Account) -> Desked<Option<DateTime<Utc>>> {
        Ok(open(state, account)?.iter().map(|(_, row, _)| row.at - TimeDelta::seconds(1)).min())
    }

    /// A read of the own changes does not show colleagues' entries: their days are planned.
    pub fn plan(engine: &Shared, account: &Account) -> Desked<()> {
        let days: Vec<DateTime<Utc>> = {
            let state = engine.state();
            let own = state.profile(account).map(|p| p.user.clone());
            let theirs = |row: &EntryRow| {
                row.entry.as_ref().filter(|e| Some(&e.user) != own.as_ref()).map(|e| e.start)
            };
            let over = engine.seams.now() - SECOND_IS_OVER;
            let open = open(&state, account)?;
            open.iter().filter(|(_, _, doubt)| *doubt <= over).filter_map(|(_, row, _)| theirs(row)).collect()
        };
        for start in days {
            history::plan(engine, account, start - TimeDelta::hours(1), start + TimeDelta::hours(1), false)?;
        }
        Ok(())
    }

    /// Counts the reads that settled nothing, and ends the doubts that no read can settle.
    pub fn after_read(&mut self, engine: &Shared, account: &Account, started: DateTime<Utc>) -> Desked<()> {
        let mut state = engine.state();
        let own = state.profile(account).map(|p| p.user.clone());
        let mut left = BTreeMap::new();
        let mut given_up = Vec::new();
        for (key, row, doubt) in open(&state, account)? {
            let (mut reads, mut last) = self.of(&key, doubt);
            if started >= doubt + SECOND_IS_OVER {
                reads += 1;
                last = started;
            }
            let theirs = row.entry.as_ref().is_none_or(|e| Some(&e.user) != own.as_ref());
            if theirs && reads >= COLLEAGUE_READS {
                given_up.push((key, row));
            } else {
                left.insert(key, Vain { doubt, reads, last });
            }
        }
        self.vain = left;
        for (key, row) in given_up {
            settle(&mut state, &key, row)?;
        }
        Ok(())
    }
}

/// The doubtful entries of an account, oldest doubt first.
fn open(state: &State, account: &Account) -> Desked<Vec<(Key, EntryRow, DateTime<Utc>)>> {
    let mut found = Vec::new();
    for key in state.desk.named(rows::by_doubt(), MOST)? {
        if key.account != *account {
            continue;
        }
        let row: Option<EntryRow> = state.desk.get(&rows::entry(&key))?;
        if let Some((row, doubt)) = row.and_then(|row| row.doubt.map(|doubt| (row, doubt))) {
            found.push((key, row, doubt));
        }
    }
    Ok(found)
}

/// The state that is stored is taken as the last.
fn settle(state: &mut State, key: &Key, row: EntryRow) -> Desked<()> {
    state.write("settle", |state, draft| {
        let row = EntryRow { doubt: None, ..row };
        super::apply::put_entry(draft, key, &row)?;
        let say = "no read tells which state of one second was the last; the one delivered last counts";
        draft.say("entry", "warn", say, Some(key))?;
        super::apply::bind(state, draft, &mut super::apply::Batch::default(), key, &row)
    })
}
