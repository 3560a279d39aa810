//! The canary: a change that reading shows and that no delivery announced. It costs no request, because only reads
//! that happen anyway are looked at.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::id::RemoteId;

/// A change younger than this when it was read may still be under way.
const FRESH: TimeDelta = TimeDelta::minutes(2);
/// A delivery may come this long after the read; with the time to say so, ten minutes.
const PATIENCE: TimeDelta = TimeDelta::seconds(595);

/// A change that a read brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn t(seconds: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_772_452_800 + seconds, 0).unwrap()
    }

    #[test]
    fn only_an_old_covered_visible_change_without_any_delivery_means_silence() {
        let me = RemoteId::from("5550001");
        let other = RemoteId::from("5550002");
        let change = Unannounced { at: t(1_000), user: Some(me.clone()), read_at: t(1_200) };
        let ear = Ear { live: true, life_from: Some(t(0)), last_event: None, creator: None, covers: true };
        let late = t(1_200) + PATIENCE;
        assert_eq!(weigh(&change, &ear, false, late), Said::Silent);
        assert_eq!(weigh(&change, &ear, false, t(1_300)), Said::Wait(late));
        assert_eq!(weigh(&change, &ear, true, late), Said::Nothing, "our own downtime explains it");
        for (ear, why) in [
            (Ear { live: false, ..ear.clone() }, "disabled"),
            (Ear { covers: false, ..ear.clone() }, "not covered"),
            (Ear { life_from: Some(t(1_000)), ..ear.clone() }, "before its life"),
            (Ear { life_from: None, ..ear.clone() }, "its life is unknown"),
            (Ear { last_event: Some(t(1_001)), ..ear.clone() }, "a later event came"),
            (Ear { creator: Some(&other), ..ear.clone() }, "not visible to the creator"),
        ] {
            assert_eq!(weigh(&change, &ear, false, late), Said::Nothing, "{why}");
        }
        assert_eq!(weigh(&change, &Ear { creator: Some(&me), ..ear.clone() }, false, late), Said::Silent);
        let fresh = Unannounced { read_at: t(1_119), ..change };
        assert_eq!(weigh(&fresh, &ear, false, late), Said::Nothing, "it may have been under way");
    }

    #[test]
    fn filters_cover_entries_by_wildcard_or_by_all_three_actions() {
        let covers =
            |filters: &[&str]| covers_entries(&filters.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
        assert!(covers(&["time_entry *"]) && covers(&["* *"]));
        assert!(covers(&["time_entry created", "time_entry updated", "* deleted"]));
        assert!(!covers(&["time_entry created", "time_entry updated"]) && !covers(&["project *"]));
    }
}
