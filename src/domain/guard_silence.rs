//! The canary: a change that reading shows and that no delivery announced. It costs no request, because only reads
//! that happen anyway are looked at.

use chrono::{DateTime, TimeDelta, Utc};

use super::id::RemoteId;

/// A change younger than this when it was read may still be under way.
const FRESH: TimeDelta = TimeDelta::minutes(2);
/// A delivery may come this long after the read.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// A change that a read brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unannounced {
    /// The service's update time, cut to the second.
    pub at: DateTime<Utc>,
    /// Whose entry it is.
    pub user: Option<RemoteId>,
    /// When it was read (our clock).
    pub read_at: DateTime<Utc>,
}

/// What is known of the subscription that should have announced it.
#[derive(Clone, Debug)]
pub struct Ear<'a> {
    /// Enabled and validated now.
    pub live: bool,
    /// Its life began then: made or enabled (the service's clock).
    pub life_from: Option<DateTime<Utc>>,
    /// The newest event that was delivered happened then (the service's clock).
    pub last_event: Option<DateTime<Utc>>,
    /// Whose rights it has; `None` sees everything.
    pub creator: Option<&'a RemoteId>,
    /// Time entries are among its filters.
    pub covers: bool,
}

/// What a change says about the subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing, now or later.
    Nothing,
    /// A delivery may still come.
    Wait(DateTime<Utc>),
    /// It is silent.
    Silent,
}

/// Weighs one change. `down` tells whether our own downtime explains it.
pub fn weigh(change: &Unannounced, ear: &Ear<'_>, down: bool, now: DateTime<Utc>) -> Said {
    let visible = match (ear.creator, &change.user) {
        (Some(creator), Some(user)) => creator == user,
        (Some(_), None) => false,
        (None, _) => true,
    };
    // Cut to the second, a change of the very second in which the life began proves nothing.
    let lived = ear.life_from.is_some_and(|from| change.at > from);
    let settled = change.read_at - change.at >= FRESH;
    if !ear.live || !ear.covers || !visible || !lived || !settled || down {
        return Said::Nothing;
    }
    if ear.last_event.is_some_and(|event| event >= change.at) {
        return Said::Nothing;
    }
    let until = change.read_at + PATIENCE;
    if now < until { Said::Wait(until) } else { Said::Silent }
}

/// Whether the filters (`time_entry *`) cover all changes of time entries.
pub fn covers_entries(filters: &[String]) -> bool {
    let has = |entity: &str, action: &str| filters.iter().any(|f| *f == format!("{entity} {action}"));
    ["time_entry", "*"].iter().any(|e| has(e, "*"))
        || ["created", "updated", "deleted"].iter().all(|a| has("time_entry", a) || has("*", a))
}
