//! Finding our entries among a target's: n to n, so that twins stay twins.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
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

/// One that was moved in the calendar is looked for so far away.
const MOVED: TimeDelta = TimeDelta::hours(12);

/// Pairs wishes with free target entries that are perhaps the same piece of work, made from here before and changed since:
/// of start, end and description two are equal, or it was moved with its words and its duration. The likest first, each
/// used once. Nothing is sent for such a wish before a person has looked: the same time would be billed twice. What a
/// write `under_way` may have made, by its piece of work, belongs to that write.
pub fn alike<'a>(
    wishes: &[(Key, TargetEntry)],
    free: &'a [TargetRead],
    under_way: &BTreeSet<u64>,
) -> Vec<(Key, &'a TargetRead)> {
    let there: Vec<(Identity, &TargetRead)> = free
        .iter()
        .filter_map(|read| Some((of_read(read)?, read)))
        .filter(|(identity, _)| !under_way.contains(&identity.piece()))
        .collect();
    let mut shelves: BTreeMap<Mark<'_>, Vec<usize>> = BTreeMap::new();
    for (place, (identity, _)) in there.iter().enumerate() {
        for mark in marks(identity) {
            shelves.entry(mark).or_default().push(place);
        }
    }
    let mut likely: BTreeSet<(Reverse<u8>, &Key, &RemoteId, usize)> = BTreeSet::new();
    for (key, wish) in wishes {
        let wished = of_wish(wish);
        for place in marks(&wished).iter().filter_map(|mark| shelves.get(mark)).flatten() {
            let (identity, read) = &there[*place];
            if let Some(score) = likeness(&wished, identity) {
                likely.insert((Reverse(score), key, &read.id, *place));
            }
        }
    }
    let (mut keys, mut ids) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (_, key, id, place) in likely {
        if !keys.contains(key) && !ids.contains(id) {
            keys.insert(key);
            ids.insert(id);
            pairs.push((key.clone(), there[place].1));
        }
    }
    pairs
}

/// What two that are alike have in common at least one of.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Mark<'a> {
    Start(DateTime<Utc>),
    Stop(DateTime<Utc>),
    Words(&'a str, TimeDelta),
}

fn marks(identity: &Identity) -> [Mark<'_>; 3] {
    let lasts = identity.stop - identity.start;
    [Mark::Start(identity.start), Mark::Stop(identity.stop), Mark::Words(&identity.description, lasts)]
}

/// How much two have in common; `None` when that is too little to be the same work.
fn likeness(a: &Identity, b: &Identity) -> Option<u8> {
    let same_words = a.description == b.description;
    let equal = [a.start == b.start, a.stop == b.stop, same_words].into_iter().map(u8::from).sum::<u8>();
    let lasts = |of: &Identity| of.stop - of.start;
    let moved = same_words && !a.description.is_empty() && lasts(a) == lasts(b);
    let near = (a.start - b.start).abs() < MOVED;
    (a.user == b.user && (equal >= 2 || (moved && near)))
        .then_some(equal * 2 + u8::from(a.project == b.project))
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

    /// One way of being alike or not: what differs, and whether a person is asked.
    #[test]
    fn two_of_start_end_and_description_make_a_likely_one() {
        let (there, none) = ([read(1, 0)], BTreeSet::new());
        let of = |change: fn(&mut TargetEntry)| {
            let mut entry = wish(0);
            change(&mut entry);
            let wishes = [(Key { account: "a".into(), id: "1".into() }, entry)];
            alike(&wishes, &there, &none).len()
        };
        assert_eq!(of(|e| e.stop = at(50)), 1);
        assert_eq!(of(|e| e.start = at(50)), 1);
        assert_eq!(of(|e| e.description = "y".into()), 1);
        assert_eq!(of(|e| e.project = Some("p".into())), 1);
        assert_eq!(of(|e| (e.stop, e.description) = (at(50), "y".into())), 0);
        assert_eq!(of(|e| (e.start, e.description) = (at(50), "y".into())), 0);
        assert_eq!(of(|e| (e.start, e.stop) = (at(50), at(151))), 0);
        assert_eq!(of(|e| (e.start, e.stop) = (at(50), at(150))), 1, "moved");
        assert_eq!(of(|e| (e.start, e.stop) = (at(43_200), at(43_300))), 0, "another of its kind");
        assert_eq!(of(|e| e.user = "v".into()), 0);
    }

    #[test]
    fn what_a_write_under_way_may_have_made_is_left_to_it() {
        let twin = TargetEntry { description: "y".into(), ..wish(0) };
        let wishes = [(Key { account: "a".into(), id: "1".into() }, twin.clone())];
        let there = [read(1, 0)];
        let pieces = |entry: &TargetEntry| BTreeSet::from([of_wish(entry).piece()]);
        assert!(alike(&wishes, &there, &pieces(&wish(0))).is_empty());
        assert_eq!(alike(&wishes, &there, &pieces(&twin)).len(), 1);
    }

    #[test]
    fn the_likest_is_taken_whatever_the_order() {
        let key = |id: &str| Key { account: "a".into(), id: id.into() };
        let near = TargetRead { project: Some("p".into()), ..read(7, 0) };
        let wished = TargetEntry { project: Some("p".into()), stop: at(50), ..wish(0) };
        for there in [[read(1, 0), near.clone()], [near.clone(), read(1, 0)]] {
            let pairs =
                alike(&[(key("1"), wished.clone()), (key("2"), wished.clone())], &there, &BTreeSet::new());
            let ids: Vec<_> = pairs.iter().map(|(key, read)| (key.id.as_str(), read.id.as_str())).collect();
            assert_eq!(ids, [("1", "0007"), ("2", "0001")]);
        }
    }

    proptest! {
        /// No wish and no target entry twice, none that is not alike, and nothing alike left on both sides.
        #[test]
        fn likely_ones_are_told_apart(
            wished in prop::collection::vec((0i64..3, 3i64..6, 0u8..3), 0..10),
            there in prop::collection::vec((0i64..3, 3i64..6, 0u8..3), 0..10),
        ) {
            let wishes: Vec<_> = wished.iter().enumerate().map(|(i, (start, stop, words))| {
                let entry = TargetEntry { start: at(*start), stop: at(*stop), description: words.to_string(), ..wish(0) };
                (Key { account: "a".into(), id: i.to_string().into() }, entry)
            }).collect();
            let reads: Vec<_> = there.iter().enumerate().map(|(i, (start, stop, words))| {
                TargetRead { start: at(*start), stop: Some(at(*stop)), description: words.to_string(), ..read(i, 0) }
            }).collect();
            let pairs = alike(&wishes, &reads, &BTreeSet::new());
            let fits = |wish: &TargetEntry, read: &TargetRead| {
                let (starts, words) = (wish.start == read.start, wish.description == read.description);
                let stops = Some(wish.stop) == read.stop;
                let lasts = wish.stop - wish.start == read.stop.expect("a stop") - read.start;
                let equal = [starts, stops, words].iter().filter(|e| **e).count();
                equal >= 2 || (words && lasts)
            };
            let wish_of = |key: &Key| wishes.iter().find(|(k, _)| k == key).map(|(_, w)| w).expect("a wish");
            for (place, (key, read)) in pairs.iter().enumerate() {
                prop_assert!(fits(wish_of(key), read));
                prop_assert!(pairs[..place].iter().all(|(k, r)| k != key && r.id != read.id));
            }
            for (_, wish) in wishes.iter().filter(|(key, _)| pairs.iter().all(|(k, _)| k != key)) {
                for read in reads.iter().filter(|read| pairs.iter().all(|(_, r)| r.id != read.id)) {
                    prop_assert!(!fits(wish, read));
                }
            }
        }
    }
}
