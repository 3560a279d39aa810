//! What is to be done about the webhooks of a target. A webhook is ours only when it was made here or delivers below our
//! own public address; no other is ever touched, none that a person switched off, and none that a person changed.

use std::collections::{BTreeMap, BTreeSet};

use super::clockify_hook::{Event, Flags, State, slots, wanted};
use super::drift::Drift;
use super::hook_drift::{Kept, drift, is_away};
use super::id::RemoteId;

/// A webhook in the service's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: RemoteId,
    /// Its event.
    pub event: Event,
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// What it is limited to, in words; empty for the whole workspace.
    pub scope: String,
    /// A digest of its token, where the list tells one.
    pub token: Option<String>,
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
    pub kept: &'a BTreeMap<Event, Kept>,
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
    /// Our webhooks by the event that they were made for.
    pub ours: BTreeMap<Event, RemoteId>,
    /// What somebody changed of them.
    pub drifted: BTreeMap<Event, Vec<Drift>>,
}

/// Whether a webhook delivers to us.
pub fn is_ours(url: &str, base: &str) -> bool {
    url.len() > base.len() && url.starts_with(base)
}

/// Judges a list. Ours is what was made here, by its id, and what delivers below our address; what somebody pointed
/// elsewhere keeps its place, and no other is made beside it.
pub fn plan(listed: &[Listed], terms: &Terms<'_>) -> Plan {
    let made = |hook: &Listed| terms.kept.iter().find(|(_, kept)| kept.id == hook.id);
    let (ours, others): (Vec<&Listed>, Vec<&Listed>) =
        listed.iter().partition(|hook| is_ours(&hook.url, terms.base) || made(hook).is_some());
    let of_user = others.iter().filter(|hook| hook.own_user).count();
    let hidden = terms.count.saturating_sub(listed.len());
    let room = slots(terms.plan).left(others.len() - of_user + hidden, of_user);
    let wanted: Vec<Event> = wanted(room).iter().filter(|e| !terms.unwanted.contains(e)).cloned().collect();
    let mut plan = Plan { wanted, ..Plan::default() };
    let mut by_event: BTreeMap<&Event, Vec<&Listed>> = BTreeMap::new();
    for hook in &ours {
        by_event.entry(made(hook).map_or(&hook.event, |(event, _)| event)).or_default().push(hook);
    }
    let mut by_event: Vec<_> = by_event.into_iter().collect();
    by_event.sort_by_key(|(event, _)| worth(event));
    let mut stay = ours.len();
    for (event, mut hooks) in by_event {
        let kept = terms.kept.get(event);
        let known = |hook: &Listed| kept.filter(|kept| kept.id == hook.id);
        // The one whose token is known, then one that works, then the oldest.
        hooks.sort_by_key(|h| (known(h).is_none(), h.flags.state() != State::Active, h.id.clone()));
        let Some((first, doubles)) = hooks.split_first() else { continue };
        plan.ours.insert(event.clone(), first.id.clone());
        for double in doubles.iter().filter(|h| h.url == first.url) {
            plan.acts.push(Act::Drop(double.id.clone()));
            stay -= 1;
        }
        let drift = known(first).map(|kept| drift(event, kept, first)).unwrap_or_default();
        let cut_off = known(first)
            .is_some_and(|kept| kept.rotating && first.token.as_ref().is_some_and(|t| *t != kept.token));
        match first.flags.state() {
            _ if is_away(&drift) => {}
            State::DisabledByFailures => plan.acts.push(Act::Remake(first.id.clone(), event.clone())),
            _ if known(first).is_none() || cut_off => {
                plan.acts.push(Act::Adopt(first.id.clone(), event.clone()));
            }
            State::Active | State::DisabledByPlan | State::Off => {}
        }
        if !drift.is_empty() {
            plan.drifted.insert(event.clone(), drift);
        }
    }
    // What is made anew needs its place back: whatever gives nothing for want of room makes way for it.
    let crowded = listed.len() + hidden > slots(terms.plan).workspace;
    if crowded && plan.acts.iter().any(|act| matches!(act, Act::Remake(..))) {
        let gives_nothing = |(event, id): &(&Event, &RemoteId)| {
            !plan.drifted.contains_key(*event)
                && !plan.wanted.contains(event)
                && ours.iter().any(|hook| hook.id == **id && !hook.flags.plan)
        };
        let spare: Vec<Act> =
            plan.ours.iter().filter(gives_nothing).map(|(_, id)| Act::Drop(id.clone())).collect();
        plan.acts.splice(0..0, spare);
    }
    for event in
        plan.wanted.iter().filter(|event| !plan.ours.contains_key(event)).take(room.saturating_sub(stay))
    {
        plan.acts.push(Act::Make(event.clone()));
    }
    plan
}

/// The place of an event among those that are used: what is told first matters most.
fn worth(event: &Event) -> usize {
    wanted(usize::MAX).iter().position(|each| each == event).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "https://hooks.example.test/hooks/";
    const ON: Flags = Flags { enabled: true, delivery: true, plan: true };

    fn hook(id: &str, event: Event, path: &str, flags: Flags) -> Listed {
        let token = Some("a1".into());
        let (name, url) = (event.short(), format!("{BASE}{path}"));
        Listed { id: id.into(), event, name, url, scope: String::new(), token, flags, own_user: true }
    }

    fn other(id: &str) -> Listed {
        let url = "https://elsewhere.example.test/in".into();
        Listed { url, own_user: false, ..hook(id, Event::EntryUpdated, "", ON) }
    }

    fn made(id: &str, url: &str) -> Kept {
        Kept { id: id.into(), url: url.to_owned(), name: None, token: "a1".into(), rotating: false }
    }

    fn judged(listed: &[Listed], plan: &str, kept: &[(Event, &str)], unwanted: &[Event]) -> Plan {
        let of = |id: &str| {
            listed.iter().find(|hook| hook.id.as_str() == id).map_or(String::new(), |h| h.url.clone())
        };
        let kept = kept.iter().map(|(event, id)| (event.clone(), made(id, &of(id)))).collect();
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
    fn what_somebody_changed_is_told_and_nothing_is_made_beside_it() {
        let ours = [hook("1", Event::EntryUpdated, "a", ON), hook("2", Event::EntryDeleted, "b", ON)];
        let kept: BTreeMap<Event, Kept> =
            ours.iter().map(|h| (h.event.clone(), made(h.id.as_str(), &h.url))).collect();
        let unwanted = wanted(7)[2..].iter().cloned().collect();
        let of = |listed: &[Listed], base: &str| {
            super::plan(
                listed,
                &Terms { base, plan: "PRO", count: listed.len(), unwanted: &unwanted, kept: &kept },
            )
        };
        assert_eq!((of(&ours, BASE).acts.len(), of(&ours, BASE).drifted.len()), (0, 0));
        let off = Flags { delivery: false, ..ON };
        for flags in [ON, off, Flags { plan: false, ..ON }] {
            let away = Listed { url: "https://crm.example.com/in".into(), flags, ..ours[0].clone() };
            let other = Listed { event: Event::of("NEW_PROJECT"), flags, ..ours[1].clone() };
            let plan = of(&[away, other], BASE);
            assert_eq!((plan.acts.as_slice(), plan.drifted.len()), (&[][..], 2), "{flags:?}");
        }
        let rotated = Listed { token: Some("b2".into()), flags: off, ..ours[0].clone() };
        let plan = of(&[rotated, ours[1].clone()], BASE);
        assert_eq!((plan.acts.len(), plan.drifted[&Event::EntryUpdated][0].field.as_str()), (0, "secret"));
        // A copy of the state folder with an address of its own.
        let wanted_there: BTreeMap<Event, Kept> = kept
            .iter()
            .map(|(e, k)| {
                (e.clone(), Kept { url: format!("https://copy.example.test/{}", k.id), ..k.clone() })
            })
            .collect();
        let terms = Terms {
            base: "https://copy.example.test/",
            plan: "PRO",
            count: 2,
            unwanted: &unwanted,
            kept: &wanted_there,
        };
        let copy = super::plan(&[Listed { flags: off, ..ours[0].clone() }, ours[1].clone()], &terms);
        assert_eq!((copy.acts.len(), copy.drifted.len()), (0, 2), "neither stolen nor made anew: {copy:?}");
    }

    #[test]
    fn a_rotation_that_was_cut_off_is_taken_up_and_the_most_useful_comes_first() {
        let rotated = Listed { token: Some("b2".into()), ..hook("1", Event::EntryUpdated, "a", ON) };
        let kept = Kept { rotating: true, ..made("1", &rotated.url) };
        let kept = BTreeMap::from([(Event::EntryUpdated, kept)]);
        let unwanted = wanted(7)[1..].iter().cloned().collect();
        let terms = Terms { base: BASE, plan: "PRO", count: 1, unwanted: &unwanted, kept: &kept };
        assert_eq!(super::plan(&[rotated], &terms).acts, [Act::Adopt("1".into(), Event::EntryUpdated)]);
        let off = Flags { delivery: false, ..ON };
        let listed = [hook("1", Event::TimerStarted, "a", off), hook("2", Event::EntryUpdated, "b", off)];
        let acts =
            judged(&listed, "PRO", &[(Event::TimerStarted, "1"), (Event::EntryUpdated, "2")], &[]).acts;
        assert_eq!(acts[0], Act::Remake("2".into(), Event::EntryUpdated));
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
