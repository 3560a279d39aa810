//! One engine an account: who sends when two instances have a subscription in one workspace.
//!
//! The only thing that both can see is the list of subscriptions, so it decides; a mark of our own only says that we
//! were the sender when we last looked.

use std::cmp::{Ordering, Reverse};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::id::RemoteId;

/// Descriptions of our instances begin so.
pub const PREFIX: &str = "hourwire ";
const TAKE: &str = " take ";
/// How much later than by its schedule an instance may look.
const LATE: TimeDelta = TimeDelta::minutes(1);
/// An instance that held us and is not live any more may come back for so long.
const AWAY: TimeDelta = TimeDelta::hours(24);
/// A claim that no list decided is forgotten after this: others may have sent since.
const CLAIM: TimeDelta = TimeDelta::minutes(10);

/// An instance's subscription as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The subscription.
    pub id: RemoteId,
    /// Its name.
    pub description: String,
    /// Enabled and validated.
    pub live: bool,
}

impl Seat {
    /// How often sending was taken over by it.
    pub fn take(&self) -> u32 {
        take_of(&self.description).1
    }

    /// The greater rank wins: who took last, then who is older (the smaller number).
    fn rank(&self) -> (u32, Reverse<(usize, String)>) {
        (self.take(), Reverse((self.id.as_str().len(), self.id.as_str().to_owned())))
    }
}

/// A description without its suffix, and the number in it.
pub fn take_of(description: &str) -> (&str, u32) {
    match description.rsplit_once(TAKE) {
        Some((name, number)) => {
            let digits = number.split(' ').next().unwrap_or_default();
            digits.parse().map_or((description, 0), |n| (name, n))
        }
        None => (description, 0),
    }
}

/// The description that outranks all seats.
pub fn taking(instance: &str, seats: &[Seat]) -> String {
    let highest = seats.iter().map(Seat::take).max().unwrap_or(0);
    format!("{instance}{TAKE}{}", highest.saturating_add(1))
}

/// What an engine remembers between two looks at the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// We were the sender when we looked last.
    pub marked: bool,
    /// Sending holds here because of this instance.
    pub held_by: Option<String>,
    /// Since when no other instance that held us was seen live.
    pub dead_since: Option<DateTime<Utc>>,
    /// A person made us the sender though we have no subscription that others could see.
    pub forced: bool,
    /// We took over, and send from then on: until then the one before may not have looked.
    pub sends_at: Option<DateTime<Utc>>,
    /// Nobody else was live when we began to make our subscription: then. The list after it decides.
    pub claims_at: Option<DateTime<Utc>>,
}

impl Standing {
    /// Before our own subscription is made, by the list before it: what to remember where only a list after it can say
    /// who sends, because another instance may be making its own just now. `None` where this list says so already.
    pub fn claiming(&self, own: Option<&Seat>, others: &[Seat], now: DateTime<Utc>) -> Option<Self> {
        let elected = elect(self, own, others, now).standing;
        let open = elected.held_by.is_none() && !elected.marked;
        open.then(|| Self { claims_at: Some(now), ..self.clone() })
    }

    fn claims(&self, now: DateTime<Utc>) -> bool {
        self.claims_at.is_some_and(|at| now - at < CLAIM)
    }

    /// A take-over by a person. Where another instance is live (`beside`) it sends until it has looked at the list, so
    /// this one waits for as long as that takes; asked for again meanwhile, the person knows that the other is stopped.
    pub fn taken(
        before: &Self,
        visible: bool,
        beside: bool,
        now: DateTime<Utc>,
        looks_every: TimeDelta,
    ) -> Self {
        let waits = beside && before.sends_at.is_none();
        Self {
            marked: true,
            forced: !visible,
            sends_at: waits.then(|| now + looks_every + LATE),
            ..Self::default()
        }
    }
}

/// Who sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elected {
    /// To be remembered.
    pub standing: Standing,
    /// We send, and this live instance is told to be a second one.
    pub beside: Option<String>,
    /// Our name should outrank the others, so that an outage of ours changes nothing.
    pub publish: bool,
}

/// Decides by one listing. `own` is our subscription, if there is one; `others` are those of other instances.
pub fn elect(before: &Standing, own: Option<&Seat>, others: &[Seat], now: DateTime<Utc>) -> Elected {
    match others.iter().filter(|o| o.live).max_by_key(|s| s.rank()) {
        Some(top) => beside(before, own, top, now),
        None => alone(before, own, others, now),
    }
}

/// Another instance is live.
fn beside(before: &Standing, own: Option<&Seat>, top: &Seat, now: DateTime<Utc>) -> Elected {
    let name = Some(top.description.clone());
    let (sends, publish) = match own {
        None => (before.forced, false),
        Some(own) => match own.take().cmp(&top.take()) {
            Ordering::Greater => (true, false),
            Ordering::Less => (false, false),
            Ordering::Equal => {
                // Of those who began while nobody was there, the older one.
                let first = before.marked || before.claims(now);
                let sends = first && own.live && own.rank() > top.rank();
                (sends, sends)
            }
        },
    };
    let held_by = name.clone().filter(|_| !sends);
    Elected {
        standing: Standing {
            marked: sends,
            held_by,
            dead_since: None,
            forced: own.is_none() && before.forced,
            sends_at: before.sends_at.filter(|_| sends),
            claims_at: None,
        },
        beside: name.filter(|_| sends),
        publish,
    }
}

/// No other instance is live; there may be some that were.
fn alone(before: &Standing, own: Option<&Seat>, others: &[Seat], now: DateTime<Utc>) -> Elected {
    let own_live = own.is_some_and(|o| o.live);
    let dead_since = before.dead_since.unwrap_or(now);
    let long_away = now - dead_since >= AWAY;
    let top = others.iter().max_by_key(|s| s.rank());
    // The other may be out of sight and at work. Nobody can be seen by it while we are not live.
    let holds = match (own, top) {
        (_, None) => false,
        (None, Some(_)) => !before.forced && before.held_by.is_some() && !long_away,
        (Some(own), Some(top)) if !own.live => own.rank() < top.rank() || (!before.marked && !long_away),
        (Some(own), Some(top)) => {
            !long_away && (own.take() < top.take() || (!before.marked && before.held_by.is_some()))
        }
    };
    if let (true, Some(top)) = (holds, top) {
        let held_by = Some(top.description.clone());
        let standing =
            Standing { marked: false, held_by, dead_since: Some(dead_since), ..Standing::default() };
        return Elected { standing, beside: None, publish: false };
    }
    let marked = before.marked || own_live;
    let outranked = own.is_some_and(|own| others.iter().any(|o| o.take() >= own.take()));
    let forced = own.is_none() && before.forced;
    // Nobody is left who could send beside us.
    let standing = Standing { marked, forced, ..Standing::default() };
    Elected { standing, beside: None, publish: marked && own_live && outranked }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seat(id: &str, description: &str, live: bool) -> Seat {
        Seat { id: id.into(), description: description.into(), live }
    }

    #[test]
    fn a_name_carries_how_often_it_took() {
        for (name, wanted) in [
            ("hourwire den 0f1e", ("hourwire den 0f1e", 0)),
            ("hourwire den 0f1e take 3", ("hourwire den 0f1e", 3)),
            ("hourwire den 0f1e take 12 101500", ("hourwire den 0f1e", 12)),
            ("hourwire out take away", ("hourwire out take away", 0)),
        ] {
            assert_eq!(take_of(name), wanted);
        }
        let seats = [seat("1", "hourwire a 1 take 4", true), seat("2", "hourwire b 2", true)];
        assert_eq!(taking("hourwire b 2", &seats), "hourwire b 2 take 5");
    }

    #[test]
    fn the_second_engine_holds_and_the_first_says_so() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let (a, b) = (seat("9", "hourwire a 1", true), seat("10", "hourwire b 2", true));
        let first = elect(&Standing::default(), Some(&a), &[], now);
        assert!(first.standing.marked && first.standing.held_by.is_none());
        let second = elect(&Standing::default(), Some(&b), std::slice::from_ref(&a), now);
        assert_eq!(second.standing.held_by.as_deref(), Some("hourwire a 1"));
        let again = elect(&first.standing, Some(&a), std::slice::from_ref(&b), now);
        assert_eq!((again.standing.held_by.clone(), again.beside.as_deref()), (None, Some("hourwire b 2")));
        assert!(again.publish, "an outage of the first must not make it the second");
        let taken = seat("10", "hourwire b 2 take 1", true);
        let outranked = elect(&again.standing, Some(&a), std::slice::from_ref(&taken), now);
        assert_eq!(outranked.standing.held_by.as_deref(), Some("hourwire b 2 take 1"));
        let took = elect(&second.standing, Some(&taken), std::slice::from_ref(&a), now);
        assert!(took.standing.marked && took.standing.held_by.is_none());
    }

    #[test]
    fn without_a_subscription_of_our_own_a_live_one_holds_and_a_dead_one_does_not() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let live = [seat("1", "hourwire a 1", true)];
        let dead = [seat("1", "hourwire a 1", false)];
        let held = elect(&Standing::default(), None, &live, now).standing;
        assert!(held.held_by.is_some());
        assert!(elect(&Standing::default(), None, &dead, now).standing.held_by.is_none());
        let waits = elect(&held, None, &dead, now).standing;
        assert!(waits.held_by.is_some(), "an outage of the other is no reason to send beside it");
        assert!(elect(&waits, None, &dead, now + AWAY).standing.held_by.is_none());
    }

    /// One of two engines: its row in the list, and what it remembers.
    struct Engine {
        seat: Seat,
        standing: Standing,
    }

    fn look(engines: &mut [Engine; 2], which: usize, now: DateTime<Utc>) -> bool {
        let other = engines[1 - which].seat.clone();
        let all = [engines[0].seat.clone(), engines[1].seat.clone()];
        let me = &mut engines[which];
        let elected = elect(&me.standing, Some(&me.seat), std::slice::from_ref(&other), now);
        if elected.publish {
            me.seat.description = taking(take_of(&me.seat.description).0, &all);
        }
        me.standing = elected.standing;
        me.standing.held_by.is_none()
    }

    #[test]
    fn a_claim_says_nothing_where_somebody_was_there_or_long_ago() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let (old, new) = (seat("9", "hourwire a 1", true), seat("10", "hourwire b 2", true));
        let claims = Standing::default().claiming(None, &[], now).expect("nobody is there");
        let late = elect(&claims, Some(&old), std::slice::from_ref(&new), now + CLAIM);
        assert!(late.standing.held_by.is_some(), "the newer one may be the sender for long");
        assert_eq!(Standing::default().claiming(None, std::slice::from_ref(&old), now), None, "it sends");
        let marked = Standing { marked: true, ..Standing::default() };
        assert_eq!(marked.claiming(None, &[], now), None, "the sender goes on");
    }

    proptest! {
        /// Engines that start together, each with a list, a create and the list after it, in whatever order: one sends.
        #[test]
        fn of_those_that_start_together_one_sends(turns in prop::collection::vec(0usize..3, 0..24)) {
            let now = DateTime::<Utc>::UNIX_EPOCH;
            let mut made: Vec<(usize, Seat)> = Vec::new();
            let mut done = [0usize; 3];
            let mut known: [Standing; 3] = Default::default();
            let last = (0..3).flat_map(|which| [which; 3]);
            for which in turns.into_iter().chain(last) {
                let own = made.iter().find(|(of, _)| *of == which).map(|(_, seat)| seat.clone());
                let others: Vec<Seat> =
                    made.iter().filter(|(of, _)| *of != which).map(|(_, seat)| seat.clone()).collect();
                match done[which] {
                    0 => {
                        let claims = known[which].claiming(None, &others, now);
                        known[which] = claims.unwrap_or_else(|| elect(&known[which], None, &others, now).standing);
                    }
                    1 => made.push((which, seat(&(8 + made.len()).to_string(), &format!("hourwire {which}"), true))),
                    2 => known[which] = elect(&known[which], own.as_ref(), &others, now).standing,
                    _ => continue,
                }
                done[which] += 1;
                let sends = (0..3).filter(|n| done[*n] == 3 && known[*n].held_by.is_none()).count();
                prop_assert!(sends <= 1, "{known:?}");
            }
            let sends = known.iter().filter(|standing| standing.marked).count();
            prop_assert_eq!(sends, 1, "{:?}", known);
        }

        /// Whatever happened before: once both have looked at the same list, at most one of them sends.
        #[test]
        fn at_most_one_sends(steps in prop::collection::vec((0usize..2, 0u8..4, 0i64..90), 0..60), live in any::<[bool; 2]>()) {
            let engine = |id: &str, name: &str| Engine { seat: seat(id, name, true), standing: Standing::default() };
            let mut engines = [engine("9", "hourwire a 1"), engine("10", "hourwire b 2")];
            let mut now = DateTime::<Utc>::UNIX_EPOCH;
            for (which, what, minutes) in steps {
                now += chrono::TimeDelta::minutes(minutes);
                match what {
                    0 => engines[which].seat.live = !engines[which].seat.live,
                    1 => {
                        let all = [engines[0].seat.clone(), engines[1].seat.clone()];
                        let me = &mut engines[which];
                        me.seat.description = taking(take_of(&me.seat.description).0, &all);
                    }
                    _ => { look(&mut engines, which, now); }
                }
            }
            for (engine, live) in engines.iter_mut().zip(live) {
                engine.seat.live = live;
            }
            // Names that one publishes are read by the other.
            let mut sending = 0;
            for _ in 0..3 {
                sending = usize::from(look(&mut engines, 0, now)) + usize::from(look(&mut engines, 1, now));
            }
            prop_assert!(sending <= 1, "{:?} {:?}", engines[0].standing, engines[1].standing);
        }
    }
}
