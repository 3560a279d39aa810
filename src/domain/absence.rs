//! When a source entry that complete reads do not show counts as deleted.
//!
//! One read proves nothing; two complete ones some time apart do, and only where they show that they still see the
//! entries of that person at all.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::id::{Key, RemoteId};

/// Two complete reads that prove an absence lie this far apart at least.
pub const APART: TimeDelta = TimeDelta::minutes(10);
/// An entry that arrived this shortly before a read left need not be in it.
const YOUNG: TimeDelta = TimeDelta::minutes(1);
/// So many known entries of one person and none of them shown: an alarm, and not deletions.
const ALARM: usize = 5;

/// A live entry that a complete read of its time should show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub key: Key,
    /// Its owner.
    pub user: RemoteId,
    /// When its state arrived (our clock).
    pub seen_at: DateTime<Utc>,
}

/// What a complete read says of the entries that it does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Missing for the first time, or not for long enough: read again after [`APART`].
    pub missing: Vec<Key>,
    /// Missing twice, far enough apart.
    pub gone: Vec<Key>,
    /// Entries of people of whom the read shows nothing although much is known: an alarm.
    pub blank: usize,
}

/// Judges a complete read that left at `started`. `shown` are the ids in the answer with their owners; `marks` say since
/// when an entry has been missing.
pub fn judge(
    known: &[Known],
    shown: &BTreeMap<RemoteId, RemoteId>,
    marks: &BTreeMap<Key, DateTime<Utc>>,
    started: DateTime<Utc>,
) -> Verdict {
    let seen: BTreeSet<&RemoteId> = shown.values().collect();
    let mut unseen: BTreeMap<&RemoteId, usize> = BTreeMap::new();
    let mut verdict = Verdict::default();
    for one in known {
        if shown.contains_key(&one.key.id) || one.seen_at + YOUNG > started {
            continue;
        }
        if !seen.contains(&one.user) {
            *unseen.entry(&one.user).or_default() += 1;
            continue;
        }
        match marks.get(&one.key) {
            Some(since) if *since + APART <= started => verdict.gone.push(one.key.clone()),
            _ => verdict.missing.push(one.key.clone()),
        }
    }
    verdict.blank = unseen.values().filter(|count| **count >= ALARM).sum();
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(s: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_700_000_000 + s, 0).unwrap()
    }

    fn known(id: i64, user: &str) -> Known {
        Known { key: key(id), user: user.into(), seen_at: t(0) }
    }

    fn key(id: i64) -> Key {
        Key { account: "main".into(), id: id.into() }
    }

    fn shown(ids: &[i64], user: &str) -> BTreeMap<RemoteId, RemoteId> {
        ids.iter().map(|id| ((*id).into(), user.into())).collect()
    }

    #[test]
    fn one_read_proves_nothing_and_two_far_enough_apart_do() {
        let all = [known(1, "u"), known(2, "u")];
        let first = judge(&all, &shown(&[1], "u"), &BTreeMap::new(), t(100));
        assert_eq!((first.missing.clone(), first.gone.len()), (vec![key(2)], 0));
        let marks = BTreeMap::from([(key(2), t(100))]);
        assert_eq!(judge(&all, &shown(&[1], "u"), &marks, t(699)).missing, [key(2)]);
        assert_eq!(judge(&all, &shown(&[1], "u"), &marks, t(700)).gone, [key(2)]);
    }

    #[test]
    fn a_person_who_is_not_shown_at_all_is_an_alarm_and_loses_nothing() {
        let all: Vec<Known> = (1..=5).map(|i| known(i, "colleague")).chain([known(9, "own")]).collect();
        let marks = all.iter().map(|k| (k.key.clone(), t(0))).collect();
        let verdict = judge(&all, &shown(&[9], "own"), &marks, t(5_000));
        assert_eq!(verdict, Verdict { blank: 5, ..Verdict::default() });
        let empty = judge(&all, &BTreeMap::new(), &marks, t(5_000));
        assert!(empty.gone.is_empty() && empty.blank == 5);
    }

    proptest! {
        /// Nothing that is shown, new, or of somebody unseen is ever gone.
        #[test]
        fn only_what_is_missing_is_judged(
            ids in prop::collection::vec((0i64..12, 0u8..3, 0i64..400), 0..20),
            seen in prop::collection::vec((0i64..12, 0u8..3), 0..12),
            marked in prop::collection::vec((0i64..12, 0i64..2_000), 0..12),
        ) {
            let all: Vec<Known> = ids.iter().map(|(id, user, at)| Known { seen_at: t(*at), ..known(*id, &user.to_string()) }).collect();
            let shown: BTreeMap<RemoteId, RemoteId> = seen.iter().map(|(id, user)| ((*id).into(), user.to_string().as_str().into())).collect();
            let marks: BTreeMap<Key, DateTime<Utc>> = marked.iter().map(|(id, at)| (key(*id), t(*at))).collect();
            let verdict = judge(&all, &shown, &marks, t(1_000));
            for gone in &verdict.gone {
                prop_assert!(!shown.contains_key(&gone.id));
                prop_assert!(marks[gone] <= t(400));
                prop_assert!(all.iter().any(|k| k.key == *gone && shown.values().any(|u| *u == k.user)));
            }
        }
    }
}
