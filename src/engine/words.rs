//! How a target stands right now, and the state word of a bond that follows from it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::id::Account;
use crate::domain::link::Link;
use crate::domain::quota::{Cause, Gate};
use crate::domain::strain::Strained;
use crate::domain::word::{Class, SyncWord};
use crate::services::http::Charge;

use super::call::bucket_of;
use super::state::{LOOKING, State};

/// What a sentence calls an entry: its description, or that it has none.
pub fn called(description: &str) -> &str {
    if description.is_empty() { "(no description)" } else { description }
}

/// How a target stands at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The target.
    pub account: Account,
    /// Sending is held: since when and why.
    pub held: Option<(DateTime<Utc>, String)>,
    /// The quota lets nothing leave before this.
    pub waits: Option<DateTime<Utc>>,
    /// Something else is in the way.
    pub strained: Option<Strained>,
}

impl Standing {
    /// The word of a bond.
    pub fn word(&self, link: &Link) -> SyncWord {
        let word = link.word(self.waits.is_some());
        match (&self.held, link.class()) {
            (Some((_, reason)), Class::Ready) => SyncWord::Held(reason.clone()),
            _ => word,
        }
    }

    /// The word that a due write counts under.
    pub fn ready_name(&self) -> &'static str {
        match (&self.held, self.waits) {
            (Some(_), _) => "held",
            (None, Some(_)) => "waiting quota",
            (None, None) => "queued",
        }
    }

    /// Its trouble in words; empty when it has none.
    pub fn trouble(&self, zone: Tz) -> String {
        let clock = |at: DateTime<Utc>, form: &'static str| at.with_timezone(&zone).format(form);
        match (&self.held, &self.strained) {
            (Some((since, _)), _) => format!("held {}", clock(*since, "%H:%M")),
            (None, Some(Strained { by, until, times: 0 })) => {
                format!("{by} until {}", clock(*until, "%H:%M:%S"))
            }
            (None, Some(Strained { by, until, times })) => {
                format!("{by}, {times} in a row, again {}", clock(*until, "%H:%M"))
            }
            (None, None) => String::new(),
        }
    }
}

impl State {
    /// How every target stands, in the order of the settings.
    pub fn standings(&mut self, now: DateTime<Utc>) -> Vec<Standing> {
        let targets: Vec<Account> = self.setup.targets.iter().map(|t| t.account.clone()).collect();
        targets.into_iter().map(|account| self.standing(account, now)).collect()
    }

    /// How one target stands.
    pub fn standing(&mut self, account: Account, now: DateTime<Utc>) -> Standing {
        // What a person sends now goes from the person's part, too.
        let ready = self.desk.tally.get(&account).map_or(0, |tally| tally[Class::Ready as usize]);
        let urgent = self.urgent.get(&account).is_some_and(|left| *left > 0 && i64::from(*left) >= ready);
        let cause = if urgent { Cause::Person } else { Cause::Sync };
        let waits = bucket_of(self, &account, Charge::Workspace).and_then(|bucket| {
            match self.meters.waits(&account, &bucket, cause, &self.setup.policy, now) {
                Gate::Wait(until) => Some(until),
                Gate::Go => None,
            }
        });
        let whole = |h: &&crate::control::snapshot::HoldLine| {
            h.reason != LOOKING
                && !h.id.starts_with("mass")
                && h.target.as_ref().is_none_or(|t| *t == account)
        };
        let held = self.holds.iter().filter(whole).min_by_key(|h| h.since);
        let held = held.map(|h| (h.since, h.reason.clone()));
        let strained = self.running.get(&account).and_then(|r| r.breaker.strained(now));
        Standing { account, held, waits, strained }
    }
}
