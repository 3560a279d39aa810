//! Which of two states of one source entity is the newer: by the source's own second, never by arrival.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::entry::Entry;

/// A read that started this long after a state arrived has seen the whole second of that state.
pub const SECOND_IS_OVER: TimeDelta = TimeDelta::seconds(2);
/// A read that left this long after a second has seen all of it, however far the two clocks are apart.
const SURELY_OVER: TimeDelta = TimeDelta::minutes(5);
/// Reads go back this far over what was read before; a delivery of an older second meets no read by itself.
const LATE: TimeDelta = TimeDelta::seconds(50);
/// A doubt that reads leave open is read for less and less often.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(5);
/// At least this often.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(30);

/// Where a state came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// A delivery, ordered inside one second by these two.
    Delivery {
        /// When the event happened.
        created_at: DateTime<Utc>,
        /// The service's growing number.
        event_id: u64,
    },
    /// A read of ours.
    Read {
        /// Our clock when the request left.
        started: DateTime<Utc>,
    },
}

/// A source entry as the ledger holds it, tombstones included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// Last known content; `None` when only its deletion was ever announced.
    pub entry: Option<Entry>,
    /// The source's update time, cut to the second.
    pub at: DateTime<Utc>,
    /// What told us.
    pub stamp: Stamp,
    /// Deleted at the source.
    pub deleted: Option<DateTime<Utc>>,
    /// Two different states claim the same second; one read settles it. Our clock when the doubt arose.
    pub doubt: Option<DateTime<Utc>>,
    /// Our clock when this state arrived.
    pub seen_at: DateTime<Utc>,
}

/// A state that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The source's update time; cut to the second here.
    pub at: DateTime<Utc>,
    /// Its content, if known.
    pub entry: Option<Entry>,
    /// Deleted at the source.
    pub deleted: Option<DateTime<Utc>>,
    /// What told us.
    pub stamp: Stamp,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Nothing new.
    Same,
    /// The stored state is newer.
    Older,
    /// This row replaces the stored one; its content or its doubt differs.
    Newer(Box<EntryRow>),
}

/// Switches of the rules, all on but in tests that prove that a rule is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRules {
    /// Later second wins, whatever arrives last.
    pub ordering: bool,
    /// A deleted entry stays deleted against older states.
    pub tombstones: bool,
}

impl Default for OrderRules {
    fn default() -> Self {
        Self { ordering: true, tombstones: true }
    }
}

/// Compares an incoming state with the stored row. `now` is our clock.
pub fn merge(stored: Option<&EntryRow>, incoming: Incoming, now: DateTime<Utc>, rules: OrderRules) -> Merge {
    let at = incoming.at.trunc_subsecs(0);
    let incoming = Incoming { at, ..incoming };
    let Some(old) = stored else {
        return Merge::Newer(row(None, incoming, None, now));
    };
    if !rules.tombstones && old.deleted.is_some() {
        return Merge::Newer(row(None, incoming, None, now));
    }
    if !rules.ordering {
        return if same(old, &incoming) {
            Merge::Same
        } else {
            Merge::Newer(row(Some(old), incoming, None, now))
        };
    }
    if settles(old, &incoming) {
        return settle(old, incoming, now);
    }
    match incoming.at.cmp(&old.at) {
        std::cmp::Ordering::Less => Merge::Older,
        std::cmp::Ordering::Equal => equal_second(old, incoming, now),
        std::cmp::Ordering::Greater => {
            let revives = old.deleted.is_some() && incoming.deleted.is_none();
            match incoming.stamp {
                Stamp::Delivery { .. } if revives => doubt(old, now),
                _ => Merge::Newer(row(Some(old), incoming, None, now)),
            }
        }
    }
}

/// A read that left well after the doubt arose is the truth about that second and all before it.
fn settles(old: &EntryRow, incoming: &Incoming) -> bool {
    match (&incoming.stamp, old.doubt) {
        (Stamp::Read { started }, Some(since)) => *started >= since + SECOND_IS_OVER,
        _ => false,
    }
}

fn settle(old: &EntryRow, incoming: Incoming, now: DateTime<Utc>) -> Merge {
    // A state that arrived while the read was under way may be newer than the read.
    if incoming.at < old.at && old.seen_at > started(&incoming.stamp) {
        return Merge::Older;
    }
    Merge::Newer(row(Some(old), incoming, None, now))
}

fn started(stamp: &Stamp) -> DateTime<Utc> {
    match stamp {
        Stamp::Read { started } => *started,
        Stamp::Delivery { created_at, .. } => *created_at,
    }
}

fn equal_second(old: &EntryRow, incoming: Incoming, now: DateTime<Utc>) -> Merge {
    if same(old, &incoming) {
        return match (&old.stamp, &incoming.stamp) {
            // There and back within a second: what was between the two must not come after both.
            (Stamp::Delivery { created_at, event_id }, Stamp::Delivery { created_at: c, event_id: e })
                if (c, e) > (created_at, event_id) =>
            {
                Merge::Newer(Box::new(EntryRow { stamp: incoming.stamp, ..old.clone() }))
            }
            _ => Merge::Same,
        };
    }
    match (&old.stamp, &incoming.stamp) {
        (Stamp::Delivery { created_at, event_id }, Stamp::Delivery { created_at: c, event_id: e }) => {
            let later = (incoming.deleted.is_some(), c, e) > (old.deleted.is_some(), created_at, event_id);
            if later {
                // One that comes this late may have been overtaken by a read that showed the same as before.
                let late = now > old.at + LATE;
                let doubt = (late || old.doubt.is_some()).then_some(now);
                Merge::Newer(row(Some(old), incoming, doubt, now))
            } else {
                Merge::Older
            }
        }
        (_, Stamp::Read { started }) if *started >= old.seen_at + SECOND_IS_OVER => {
            Merge::Newer(row(Some(old), incoming, None, now))
        }
        // The read saw the whole second: a delivery of it that comes late tells of a state before.
        (Stamp::Read { started }, Stamp::Delivery { .. }) if *started >= old.at + SURELY_OVER => Merge::Older,
        // A delivery's `created_at` is never before its second, so it is the later one for now.
        (Stamp::Read { .. }, Stamp::Delivery { .. }) => {
            Merge::Newer(row(Some(old), incoming, Some(now), now))
        }
        (Stamp::Delivery { .. }, Stamp::Read { .. }) => doubt(old, now),
        (Stamp::Read { started: a }, Stamp::Read { started: b }) => {
            if b >= a {
                Merge::Newer(row(Some(old), incoming, Some(now), now))
            } else {
                Merge::Older
            }
        }
    }
}

/// When a doubt is read for (again): once its second is over, then after growing waits from the last read in vain.
pub fn read_again(doubt: DateTime<Utc>, vain: u32, last: DateTime<Utc>) -> DateTime<Utc> {
    let first = doubt + SECOND_IS_OVER;
    let Some(doublings) = vain.checked_sub(1) else { return first };
    let wait = FIRST_WAIT * 2_i32.pow(doublings.min(12));
    first.max(last + wait.min(LONGEST_WAIT))
}

/// The stored state stays for now, marked. A doubt keeps the time of its newest cause.
fn doubt(old: &EntryRow, now: DateTime<Utc>) -> Merge {
    Merge::Newer(Box::new(EntryRow { doubt: Some(now), ..old.clone() }))
}

fn same(old: &EntryRow, incoming: &Incoming) -> bool {
    let deleted = old.deleted.is_some() == incoming.deleted.is_some();
    let content = incoming.entry.is_none() || old.entry == incoming.entry;
    old.at == incoming.at && deleted && (content || old.deleted.is_some())
}

fn row(
    old: Option<&EntryRow>,
    incoming: Incoming,
    doubt: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Box<EntryRow> {
    let entry = incoming.entry.or_else(|| old.and_then(|o| o.entry.clone()));
    Box::new(EntryRow {
        entry,
        at: incoming.at,
        stamp: incoming.stamp,
        deleted: incoming.deleted,
        doubt,
        seen_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::RemoteId;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(ms: i64) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(1_700_000_000_000 + ms).unwrap()
    }

    fn entry(text: &str) -> Entry {
        Entry {
            workspace: RemoteId::from("1"),
            user: RemoteId::from("2"),
            project: None,
            start: t(0),
            stop: Some(t(60_000)),
            description: text.into(),
            tags: vec![],
            billable: false,
        }
    }

    fn delivery(ms: i64, event_id: u64, text: &str) -> Incoming {
        Incoming {
            at: t(ms),
            entry: Some(entry(text)),
            deleted: None,
            stamp: Stamp::Delivery { created_at: t(ms), event_id },
        }
    }

    fn read(at_ms: i64, started_ms: i64, text: &str) -> Incoming {
        Incoming {
            at: t(at_ms),
            entry: Some(entry(text)),
            deleted: None,
            stamp: Stamp::Read { started: t(started_ms) },
        }
    }

    fn apply(stored: &mut Option<EntryRow>, incoming: Incoming, now_ms: i64) {
        if let Merge::Newer(row) = merge(stored.as_ref(), incoming, t(now_ms), OrderRules::default()) {
            *stored = Some(*row);
        }
    }

    fn text(stored: Option<&EntryRow>) -> String {
        stored.and_then(|r| r.entry.clone()).map(|e| e.description).unwrap_or_default()
    }

    #[test]
    fn an_older_second_never_replaces_a_newer_one() {
        let mut stored = None;
        apply(&mut stored, delivery(5_000, 2, "new"), 6_000);
        apply(&mut stored, delivery(3_000, 1, "old"), 7_000);
        assert_eq!(text(stored.as_ref()), "new");
    }

    #[test]
    fn a_deletion_survives_late_updates_of_any_older_second() {
        let mut stored = None;
        let gone = Incoming { deleted: Some(t(5_000)), ..delivery(5_000, 3, "x") };
        apply(&mut stored, gone, 5_100);
        apply(&mut stored, delivery(4_000, 2, "late"), 6_000);
        apply(&mut stored, delivery(5_000, 9, "same second"), 6_100);
        assert!(stored.unwrap().deleted.is_some());
    }

    #[test]
    fn a_read_and_a_delivery_of_one_second_are_settled_by_a_later_read() {
        let mut stored = None;
        apply(&mut stored, read(5_000, 5_200, "first edit"), 5_300);
        apply(&mut stored, delivery(5_400, 7, "second edit"), 5_900);
        assert_eq!(text(stored.as_ref()), "second edit");
        assert!(stored.as_ref().unwrap().doubt.is_some());
        apply(&mut stored, read(5_000, 6_000, "second edit"), 6_100);
        assert!(stored.as_ref().unwrap().doubt.is_some(), "too early to settle");
        apply(&mut stored, read(5_000, 9_000, "third edit"), 9_100);
        assert_eq!(text(stored.as_ref()), "third edit");
        assert_eq!(stored.unwrap().doubt, None);
    }

    #[test]
    fn a_late_delivery_of_a_second_that_a_read_saw_whole_is_older() {
        let mut stored = None;
        apply(&mut stored, read(5_000, 400_000, "what the second ended as"), 400_100);
        apply(&mut stored, delivery(5_400, 7, "in between"), 401_000);
        assert_eq!(text(stored.as_ref()), "what the second ended as");
        assert_eq!(stored.unwrap().doubt, None);
    }

    #[test]
    fn there_and_back_within_a_second_is_not_undone_by_what_was_between() {
        let mut stored = None;
        apply(&mut stored, delivery(5_000, 1, "there"), 5_100);
        apply(&mut stored, delivery(5_400, 3, "there"), 5_500);
        apply(&mut stored, delivery(5_200, 2, "between"), 6_000);
        assert_eq!(text(stored.as_ref()), "there");
    }

    #[test]
    fn a_second_told_of_late_is_read_again() {
        let mut stored = None;
        apply(&mut stored, delivery(5_000, 1, "there"), 5_100);
        apply(&mut stored, read(5_000, 60_000, "there"), 60_100);
        apply(&mut stored, delivery(5_200, 2, "between"), 90_000);
        assert!(stored.unwrap().doubt.is_some());
    }

    #[test]
    fn a_doubt_is_read_for_less_and_less_often() {
        assert_eq!(read_again(t(0), 0, t(-900_000)), t(2_000), "the first read waits for the second only");
        let waits: Vec<i64> =
            (1..14).map(|n| (read_again(t(0), n, t(60_000)) - t(60_000)).num_seconds()).collect();
        assert_eq!(waits[..4], [5, 10, 20, 40]);
        assert!(waits.windows(2).all(|w| w[0] <= w[1]));
        assert_eq!(waits.last(), Some(&1_800));
    }

    proptest! {
        /// Deliveries of one entity end in the state of the greatest (second, deletion, created_at, id), in any order.
        #[test]
        fn arrival_order_does_not_matter(
            events in prop::collection::vec((0i64..4_000, any::<bool>()), 1..8),
            order in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        ) {
            let all: Vec<Incoming> = events.iter().enumerate().map(|(i, (ms, gone))| {
                let mut d = delivery(*ms, i as u64 + 1, &format!("{i}"));
                // An entity is deleted once, last; everything else happens before.
                if *gone && i + 1 == events.len() { d.at = t(4_000); d.deleted = Some(t(4_000)); }
                d
            }).collect();
            let mut arrivals: Vec<usize> = order.iter().map(|i| i.index(all.len())).collect();
            arrivals.extend(0..all.len());
            let mut shuffled = None;
            for i in arrivals { apply(&mut shuffled, all[i].clone(), 10_000); }
            let best = all.iter().max_by_key(|d| {
                let Stamp::Delivery { created_at, event_id } = &d.stamp else { unreachable!() };
                (d.at.trunc_subsecs(0), d.deleted.is_some(), *created_at, *event_id)
            }).unwrap();
            let end = shuffled.unwrap();
            prop_assert_eq!(end.deleted.is_some(), best.deleted.is_some());
            if best.deleted.is_none() { prop_assert_eq!(end.entry.as_ref(), best.entry.as_ref()); }
        }

        /// A read that starts after everything has arrived and its second has passed always decides.
        #[test]
        fn a_late_read_is_the_truth(events in prop::collection::vec((0i64..3_000, any::<bool>()), 1..6), last in 3_000i64..3_999) {
            let mut stored = None;
            for (i, (ms, is_read)) in events.iter().enumerate() {
                let one = if *is_read { read(*ms, *ms + 50, &format!("{i}")) } else { delivery(*ms, i as u64 + 1, &format!("{i}")) };
                apply(&mut stored, one, 4_000);
            }
            apply(&mut stored, read(last, 7_000, "truth"), 7_050);
            prop_assert_eq!(text(stored.as_ref()), "truth");
            prop_assert_eq!(stored.unwrap().doubt, None);
        }
    }
}
