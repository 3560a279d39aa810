//! Finding our entries among a target's: n to n, so that twins stay twins.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::entry::TargetEntry;
use super::id::{Key, RemoteId};
use super::read::TargetRead;
use super::text::digest;

/// What makes two entries the same piece of work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Identity {
    user: RemoteId,
    start: DateTime<Utc>,
    stop: DateTime<Utc>,
    project: Option<RemoteId>,
    description: String,
}

impl Identity {
    /// A stable digest of the piece of work, for keys. Its project is left out: that follows from the mapping of whoever
    /// sent it, which may have been another one.
    pub fn piece(&self) -> u64 {
        digest(&serde_json::to_vec(&Self { project: None, ..self.clone() }).unwrap_or_default())
    }
}

/// The identity of an entry that shall be there.
pub fn of_wish(entry: &TargetEntry) -> Identity {
    Identity {
        user: entry.user.clone(),
        start: entry.start,
        stop: entry.stop,
        project: entry.project.clone(),
        description: entry.description.trim().to_owned(),
    }
}

/// The identity of an entry that is there; a running one has none.
pub fn of_read(read: &TargetRead) -> Option<Identity> {
    Some(Identity {
        user: read.user.clone(),
        start: read.start,
        stop: read.stop?,
        project: read.project.clone(),
        description: read.description.trim().to_owned(),
    })
}

/// Pairs wishes with free target entries of equal identity, each used once; then what is left over with the same piece of
/// work in any project. Earlier ids first, so that the result does not depend on the order of pages.
pub fn pair<'a>(wishes: &[(Key, TargetEntry)], free: &'a [TargetRead]) -> Vec<(Key, &'a TargetRead)> {
    let mut pairs: Vec<(Key, &TargetRead)> = Vec::new();
    let mut left: Vec<&(Key, TargetEntry)> = wishes.iter().collect();
    let mut used: BTreeSet<&RemoteId> = BTreeSet::new();
    let exact = |identity: Identity| identity;
    let anywhere = |identity: Identity| Identity { project: None, ..identity };
    for alike in [exact as fn(Identity) -> Identity, anywhere] {
        let mut pool: BTreeMap<Identity, Vec<&TargetRead>> = BTreeMap::new();
        for read in free.iter().filter(|read| !used.contains(&read.id)) {
            if let Some(identity) = of_read(read) {
                pool.entry(alike(identity)).or_default().push(read);
            }
        }
        for reads in pool.values_mut() {
            reads.sort_by(|a, b| b.id.cmp(&a.id));
            reads.dedup_by(|a, b| a.id == b.id);
        }
        left.retain(|(key, wish)| {
            let found = pool.get_mut(&alike(of_wish(wish))).and_then(Vec::pop);
            if let Some(read) = found {
                used.insert(&read.id);
                pairs.push((key.clone(), read));
            }
            found.is_none()
        });
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn at(s: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_700_000_000 + s, 0).unwrap()
    }

    fn read(id: usize, kind: u16) -> TargetRead {
        TargetRead {
            id: format!("{id:04}").into(),
            user: "u".into(),
            project: None,
            start: at(i64::from(kind)),
            stop: Some(at(100)),
            description: "x".into(),
            tags: vec![],
            billable: false,
            locked: false,
            raw: serde_json::Value::Null,
        }
    }

    fn wish(kind: u16) -> TargetEntry {
        TargetEntry {
            user: "u".into(),
            project: None,
            start: at(i64::from(kind)),
            stop: at(100),
            description: "x".into(),
            tags: vec![],
            billable: false,
        }
    }

    proptest! {
        /// For each identity exactly min(wished, there) pairs, no target entry and no wish used twice.
        #[test]
        fn pairs_are_n_to_n(wished in prop::collection::vec(0u16..4, 0..12), there in prop::collection::vec(0u16..4, 0..12)) {
            let wishes: Vec<_> = wished.iter().enumerate()
                .map(|(i, k)| (Key { account: "a".into(), id: i.to_string().into() }, wish(*k))).collect();
            let reads: Vec<_> = there.iter().enumerate().map(|(i, k)| read(i, *k)).collect();
            let pairs = pair(&wishes, &reads);
            let expected: usize = (0u16..4).map(|k| {
                wished.iter().filter(|w| **w == k).count().min(there.iter().filter(|t| **t == k).count())
            }).sum();
            prop_assert_eq!(pairs.len(), expected);
            let mut ids: Vec<_> = pairs.iter().map(|p| &p.1.id).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), pairs.len());
            let mut keys: Vec<_> = pairs.iter().map(|p| &p.0).collect();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(keys.len(), pairs.len());
        }

        /// What fits in every part is paired so; of what is left over, the same work in whatever project. Nothing that could
        /// be paired is left on both sides.
        #[test]
        fn the_same_work_in_another_project_is_found(
            wished in prop::collection::vec((0u16..3, 0u8..3), 0..10),
            there in prop::collection::vec((0u16..3, 0u8..3), 0..10),
        ) {
            let project = |p: u8| Some(RemoteId::from(p.to_string().as_str()));
            let wishes: Vec<_> = wished.iter().enumerate().map(|(i, (kind, p))| {
                (Key { account: "a".into(), id: i.to_string().into() }, TargetEntry { project: project(*p), ..wish(*kind) })
            }).collect();
            let reads: Vec<_> = there.iter().enumerate()
                .map(|(i, (kind, p))| TargetRead { project: project(*p), ..read(i, *kind) }).collect();
            let pairs = pair(&wishes, &reads);
            let kinds = |list: &[(u16, u8)], kind: u16| list.iter().filter(|x| x.0 == kind).count();
            let alike: usize = (0..3).map(|k| kinds(&wished, k).min(kinds(&there, k))).sum();
            prop_assert_eq!(pairs.len(), alike);
            let parts = |list: &[(u16, u8)], part: (u16, u8)| list.iter().filter(|x| **x == part).count();
            let all = (0..3).flat_map(|k| (0..3).map(move |p| (k, p)));
            let same: usize = all.map(|part| parts(&wished, part).min(parts(&there, part))).sum();
            let wished_as = |key: &Key| wishes.iter().find(|(k, _)| k == key).map(|(_, w)| w.project.clone());
            let exact = pairs.iter().filter(|(key, read)| wished_as(key) == Some(read.project.clone())).count();
            prop_assert_eq!(exact, same);
        }
    }
}
