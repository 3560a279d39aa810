//! The webhooks of a target as the ledger holds them, and what is to be done about them. A webhook is ours only when it
//! delivers below our own public address; no other is ever touched, and none that a person switched off.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::clockify_hook::{Event, Flags, State, slots, wanted};
use super::health::{SubState, Wanted};
use super::id::RemoteId;
use super::subscription::COLUMNS;

/// Attempts of the service's log that are kept.
pub const LOG_LINES: usize = 20;

/// A webhook as it was listed last, and what is known beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHook {
    /// Its id.
    pub id: RemoteId,
    /// The event it tells.
    pub event: Event,
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Its three switches.
    pub flags: Flags,
    /// It delivers to us.
    pub ours: bool,
    /// What is wanted.
    pub wanted: Wanted,
    /// The plan has room for other events before this one.
    pub spare: bool,
    /// When it was listed last (our clock).
    pub checked_at: DateTime<Utc>,
    /// Since when its state is as it is (our clock).
    pub since: DateTime<Utc>,
    /// The last verified delivery (our clock).
    pub last_delivery_at: Option<DateTime<Utc>>,
    /// The last attempt that is known to have failed (the service's clock).
    pub last_bad_at: Option<DateTime<Utc>>,
    /// Deliveries by two hours of the clock: (hours since 1970 / 2, count), oldest first.
    pub recent: Vec<(i64, u32)>,
    /// What the service's log told when it was read last.
    pub log: Option<Told>,
}

/// What the log of seven days told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When it was read (our clock).
    pub at: DateTime<Utc>,
    /// Attempts answered with success.
    pub good: u32,
    /// The others.
    pub bad: u32,
    /// There is more than was read.
    pub more: bool,
    /// The newest attempts, newest first: when, and the answer in words.
    pub lines: Vec<(DateTime<Utc>, String)>,
}

impl Told {
    /// In one sentence.
    pub fn say(&self) -> String {
        let of = if self.more { "the newest attempts of 7 days" } else { "7 days" };
        format!("{of}: {} delivered, {} failed", self.good, self.bad)
    }
}

impl TargetHook {
    /// The state in words at `now`; a look or a delivery older than `fresh` no longer says what is.
    pub fn state(&self, now: DateTime<Utc>, fresh: TimeDelta) -> SubState {
        match self.flags.state() {
            State::Active if now - self.known_at() > fresh => SubState::Unknown,
            State::Active => SubState::Active,
            State::DisabledByFailures => SubState::DisabledByFailures,
            State::DisabledByPlan => SubState::DisabledByPlan,
            State::Off => SubState::Off,
        }
    }

    /// When it was last known to be as it is: a delivery says as much as a list.
    pub fn known_at(&self) -> DateTime<Utc> {
        self.last_delivery_at.map_or(self.checked_at, |at| at.max(self.checked_at))
    }

    /// Notes a verified delivery, which also shows that it is on.
    pub fn delivered(&mut self, now: DateTime<Utc>) {
        self.last_delivery_at = Some(now);
        if self.flags.state() != State::Active {
            self.flags = Flags { enabled: true, delivery: true, plan: true };
            (self.since, self.wanted) = (now, Wanted::Enabled);
        }
        let slot = now.timestamp() / 7_200;
        match self.recent.last_mut() {
            Some((s, n)) if *s == slot => *n += 1,
            _ => self.recent.push((slot, 1)),
        }
        self.recent.retain(|(s, _)| *s > slot - COLUMNS as i64);
    }

    /// Deliveries of the last 24 hours, a value for two hours each, oldest first.
    pub fn spark(&self, now: DateTime<Utc>) -> Vec<u32> {
        let slot = now.timestamp() / 7_200;
        (0..COLUMNS as i64)
            .map(|i| slot - (COLUMNS as i64 - 1) + i)
            .map(|s| self.recent.iter().find(|(r, _)| *r == s).map_or(0, |(_, n)| *n))
            .collect()
    }
}

/// A webhook in the service's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: RemoteId,
    /// Its event.
    pub event: Event,
    /// Its address.
    pub url: String,
    /// Its switches.
    pub flags: Flags,
    /// Made by the token's own user.
    pub own_user: bool,
}

/// What the list is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Our public address with `/hooks/`; what begins so is ours.
    pub base: &'a str,
    /// The plan's name.
    pub plan: &'a str,
    /// Webhooks of the workspace, also those that are not listed.
    pub count: usize,
    /// Events that a person wants no webhook for.
    pub unwanted: &'a BTreeSet<Event>,
    /// The webhooks whose token is kept here.
    pub kept: &'a BTreeMap<Event, RemoteId>,
}

/// Something to do, one or two requests each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Keep the token that the list tells of this one: it delivers here, but its token is not known.
    Adopt(RemoteId, Event),
    /// Make one.
    Make(Event),
    /// Delete this one, whose deliveries failed too often, and make it anew: nothing else switches it on.
    Remake(RemoteId, Event),
    /// Delete this double of one of ours.
    Drop(RemoteId),
}

/// What is wanted, and how to get there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In order, the most useful events first.
    pub acts: Vec<Act>,
    /// The events that the plan has room for.
    pub wanted: Vec<Event>,
    /// Our webhooks by event.
    pub ours: BTreeMap<Event, RemoteId>,
}

/// Whether a webhook delivers to us.
pub fn is_ours(url: &str, base: &str) -> bool {
    url.len() > base.len() && url.starts_with(base)
}

/// Judges a list.
pub fn plan(listed: &[Listed], terms: &Terms<'_>) -> Plan {
    let (ours, others): (Vec<&Listed>, Vec<&Listed>) =
        listed.iter().partition(|hook| is_ours(&hook.url, terms.base));
    let of_user = others.iter().filter(|hook| hook.own_user).count();
    let hidden = terms.count.saturating_sub(listed.len());
    let room = slots(terms.plan).left(others.len() - of_user + hidden, of_user);
    let wanted: Vec<Event> = wanted(room).iter().filter(|e| !terms.unwanted.contains(e)).cloned().collect();
    let mut plan = Plan { wanted, ..Plan::default() };
    let mut by_event: BTreeMap<&Event, Vec<&Listed>> = BTreeMap::new();
    for hook in &ours {
        by_event.entry(&hook.event).or_default().push(hook);
    }
    let mut stay = ours.len();
    for (event, mut hooks) in by_event {
        // The one whose token is known, then one that works, then the oldest.
        hooks.sort_by_key(|h| {
            (terms.kept.get(event) != Some(&h.id), h.flags.state() != State::Active, h.id.clone())
        });
        let Some((first, doubles)) = hooks.split_first() else { continue };
        plan.ours.insert(event.clone(), first.id.clone());
        for double in doubles.iter().filter(|h| h.url == first.url) {
            plan.acts.push(Act::Drop(double.id.clone()));
            stay -= 1;
        }
        match first.flags.state() {
            State::DisabledByFailures => plan.acts.push(Act::Remake(first.id.clone(), event.clone())),
            State::Active | State::DisabledByPlan | State::Off
                if terms.kept.get(event) != Some(&first.id) =>
            {
                plan.acts.push(Act::Adopt(first.id.clone(), event.clone()));
            }
            _ => {}
        }
    }
    // What is made anew needs its place back: whatever gives nothing for want of room makes way for it.
    let crowded = listed.len() + hidden > slots(terms.plan).workspace;
    if crowded && plan.acts.iter().any(|act| matches!(act, Act::Remake(..))) {
        let gives_nothing = |hook: &&&Listed| !hook.flags.plan && !plan.wanted.contains(&hook.event);
        let spare: Vec<Act> =
            ours.iter().filter(gives_nothing).map(|hook| Act::Drop(hook.id.clone())).collect();
        plan.acts.splice(0..0, spare);
    }
    for event in
        plan.wanted.iter().filter(|event| !plan.ours.contains_key(event)).take(room.saturating_sub(stay))
    {
        plan.acts.push(Act::Make(event.clone()));
    }
    plan
}

/// How long a look at the list stays good: the workspace has thirty requests an hour on Free.
pub fn interval(free: bool) -> TimeDelta {
    if free { TimeDelta::hours(24) } else { TimeDelta::minutes(5) }
}

/// Something that happened shows what a list would say: not more often than this on Free.
pub const ON_EVIDENCE: TimeDelta = TimeDelta::hours(1);

/// Removed twice within this time, a webhook is not made again.
pub const INSISTS: TimeDelta = TimeDelta::hours(24);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "https://hooks.example.test/hooks/";
    const ON: Flags = Flags { enabled: true, delivery: true, plan: true };

    fn hook(id: &str, event: Event, path: &str, flags: Flags) -> Listed {
        Listed { id: id.into(), event, url: format!("{BASE}{path}"), flags, own_user: true }
    }

    fn other(id: &str) -> Listed {
        let url = "https://elsewhere.example.test/in".into();
        Listed { id: id.into(), event: Event::EntryUpdated, url, flags: ON, own_user: false }
    }

    fn judged(listed: &[Listed], plan: &str, kept: &[(Event, &str)], unwanted: &[Event]) -> Plan {
        let kept = kept.iter().map(|(event, id)| (event.clone(), (*id).into())).collect();
        let unwanted = unwanted.iter().cloned().collect();
        let terms = Terms { base: BASE, plan, count: listed.len(), unwanted: &unwanted, kept: &kept };
        super::plan(listed, &terms)
    }

    #[test]
    fn what_the_plan_has_room_for_is_made_the_most_useful_first() {
        let free = judged(&[], "FREE", &[], &[]);
        assert_eq!(free.acts.len(), 3);
        assert_eq!(free.acts[0], Act::Make(Event::EntryUpdated));
        assert_eq!(
            judged(&[other("1"), other("2")], "FREE", &[], &[]).acts,
            [Act::Make(Event::EntryUpdated)]
        );
        assert_eq!(judged(&[], "PRO_2021", &[], &[]).acts.len(), 7);
        let without = judged(&[], "FREE", &[], &[Event::EntryUpdated]);
        assert!(!without.acts.contains(&Act::Make(Event::EntryUpdated)), "a person wants none");
    }

    #[test]
    fn what_failed_too_often_is_made_anew_and_nothing_else() {
        let flags = [
            (ON, None),
            (Flags { delivery: false, ..ON }, Some(())),
            (Flags { delivery: false, enabled: false, ..ON }, None),
            (Flags { delivery: false, plan: false, ..ON }, None),
            (Flags { plan: false, ..ON }, None),
        ];
        for (flags, remade) in flags {
            let listed = [hook("1", Event::EntryUpdated, "a", flags)];
            let acts = judged(&listed, "FREE", &[(Event::EntryUpdated, "1")], &[]).acts;
            let remakes = acts.contains(&Act::Remake("1".into(), Event::EntryUpdated));
            assert_eq!(remakes, remade.is_some(), "{flags:?}");
            assert!(!acts.contains(&Act::Make(Event::EntryUpdated)), "{flags:?}");
        }
    }

    #[test]
    fn a_create_whose_answer_was_lost_is_found_again() {
        let listed = [hook("1", Event::EntryUpdated, "a", ON), hook("2", Event::EntryUpdated, "a", ON)];
        let acts = judged(&listed, "FREE", &[], &[]).acts;
        assert_eq!(acts[..2], [Act::Drop("2".into()), Act::Adopt("1".into(), Event::EntryUpdated)]);
        let kept = judged(&listed, "FREE", &[(Event::EntryUpdated, "2")], &[]);
        assert_eq!(kept.acts[0], Act::Drop("1".into()), "the one whose token is known stays");
        let apart = [hook("1", Event::EntryUpdated, "a", ON), hook("2", Event::EntryUpdated, "b", ON)];
        let acts = judged(&apart, "FREE", &[(Event::EntryUpdated, "1")], &[]).acts;
        assert!(
            !acts.iter().any(|act| matches!(act, Act::Drop(_))),
            "of another address of ours nothing is known"
        );
    }

    #[test]
    fn after_a_downgrade_nothing_is_done_to_what_the_plan_switched_off() {
        let off = Flags { plan: false, ..ON };
        let events = super::wanted(7);
        let listed: Vec<Listed> = events
            .iter()
            .enumerate()
            .map(|(n, e)| hook(&n.to_string(), e.clone(), &n.to_string(), if n < 3 { ON } else { off }))
            .collect();
        let ids: Vec<String> = (0..7).map(|n| n.to_string()).collect();
        let kept: Vec<(Event, &str)> = events.iter().cloned().zip(ids.iter().map(String::as_str)).collect();
        let plan = judged(&listed, "FREE", &kept, &[]);
        assert_eq!((plan.acts.len(), plan.wanted.as_slice()), (0, super::wanted(3)));
        assert_eq!(judged(&listed, "PRO", &kept, &[]).acts.len(), 0);
    }

    #[test]
    fn what_is_made_anew_after_a_downgrade_gets_its_place_back() {
        let flags = |n| match n {
            0 => Flags { delivery: false, ..ON },
            1 | 2 => ON,
            _ => Flags { plan: false, ..ON },
        };
        let listed: Vec<Listed> = super::wanted(5)
            .iter()
            .enumerate()
            .map(|(n, e)| hook(&n.to_string(), e.clone(), &n.to_string(), flags(n)))
            .collect();
        let kept: Vec<(Event, &str)> =
            super::wanted(5).iter().cloned().zip(["0", "1", "2", "3", "4"]).collect();
        let acts = judged(&listed, "FREE", &kept, &[]).acts;
        let remake = Act::Remake("0".into(), Event::EntryUpdated);
        assert_eq!(acts.last(), Some(&remake));
        assert!(acts.contains(&Act::Drop("3".into())) && acts.contains(&Act::Drop("4".into())), "{acts:?}");
        assert_eq!(judged(&listed[..3], "FREE", &kept, &[]).acts, [remake], "with room nothing makes way");
    }

    #[test]
    fn a_delivery_says_as_much_as_a_list() {
        let at = |s: i64| DateTime::from_timestamp(1_772_442_000 + s, 0).unwrap();
        let mut row = TargetHook {
            id: "1".into(),
            event: Event::EntryUpdated,
            name: "hourwire 0f1e updated".into(),
            url: format!("{BASE}a"),
            flags: ON,
            ours: true,
            wanted: Wanted::Enabled,
            spare: false,
            checked_at: at(0),
            since: at(0),
            last_delivery_at: None,
            last_bad_at: None,
            recent: Vec::new(),
            log: None,
        };
        let fresh = TimeDelta::hours(1);
        assert_eq!(row.state(at(3_600), fresh), SubState::Active);
        assert_eq!(row.state(at(3_601), fresh), SubState::Unknown);
        row.delivered(at(3_000));
        assert_eq!(row.state(at(6_000), fresh), SubState::Active);
        assert_eq!(row.spark(at(6_000)).iter().sum::<u32>(), 1);
        row.flags.plan = false;
        assert_eq!(row.state(at(99_000), fresh), SubState::DisabledByPlan);
    }

    proptest! {
        #[test]
        fn others_webhooks_and_a_persons_off_are_never_touched(
            rows in prop::collection::vec((0_usize..9, 0_usize..3, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()), 0..12),
            paid in any::<bool>(), hidden in 0_usize..4,
        ) {
            let listed: Vec<Listed> = rows.iter().enumerate().map(|(n, (event, path, enabled, delivery, plan, ours))| {
                let event = super::wanted(7).get(*event).cloned().unwrap_or(Event::of("NEW_INVOICE"));
                let flags = Flags { enabled: *enabled, delivery: *delivery, plan: *plan };
                let one = hook(&format!("{n:02}"), event, &path.to_string(), flags);
                if *ours { one } else { Listed { url: format!("https://elsewhere.example.test/{n}"), ..one } }
            }).collect();
            let (kept, unwanted) = (BTreeMap::new(), BTreeSet::new());
            let count = listed.len() + hidden;
            let name = if paid { "PRO" } else { "FREE" };
            let terms = Terms { base: BASE, plan: name, count, unwanted: &unwanted, kept: &kept };
            let plan = super::plan(&listed, &terms);
            let mut left = listed.len() + hidden;
            for act in &plan.acts {
                match act {
                    Act::Drop(id) | Act::Remake(id, _) | Act::Adopt(id, _) => {
                        let hook = listed.iter().find(|h| h.id == *id).unwrap();
                        prop_assert!(is_ours(&hook.url, BASE));
                        prop_assert!(!matches!(act, Act::Remake(..)) || hook.flags.enabled);
                        left -= usize::from(matches!(act, Act::Drop(_)));
                    }
                    Act::Make(event) => {
                        prop_assert!(!listed.iter().any(|h| is_ours(&h.url, BASE) && h.event == *event));
                        left += 1;
                        prop_assert!(left <= slots(name).workspace);
                    }
                }
            }
        }
    }
}
