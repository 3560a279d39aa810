//! What an incident may cost. Mending has a few requests beside the schedule; what the schedule pays anyway (a list and
//! a read with each regular check) is used where they are short. Pure decisions of the guardian.

use chrono::{DateTime, TimeDelta, Utc};

/// Requests of an incident, from the list that found it to the reads that fill its gap. A list or read that the schedule
/// makes anyway is not caused by it.
pub const MOST: u32 = 6;
/// A try out of turn: the list that shows whether a person has touched it meanwhile, and the enabling.
const OUT_OF_TURN: u32 = 2;
/// Kept back for tries with regular checks, which take the enabling alone: one that fails and one that succeeds.
const KEPT: u32 = 2;
/// A regular check is put off so long, so that a try can go with it.
const PUT_OFF: TimeDelta = TimeDelta::minutes(1);
/// A regular read is waited for so long, so that proof costs nothing.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);

/// When the next try is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// At this moment, with a list of its own.
    Own(DateTime<Utc>),
    /// With the regular check, which is put off to this moment.
    PutOff(DateTime<Utc>),
    /// With the first regular check after the calendar allows it.
    Regular,
}

/// When to make a try that may be made from `at` on, where the next regular check is at `regular`. In all of these
/// `spent` includes what is kept for colleagues' part of the gap, which no regular read brings.
pub fn turn(at: DateTime<Utc>, regular: DateTime<Utc>, spent: u32) -> Turn {
    if at >= regular {
        return if at - regular <= PUT_OFF { Turn::PutOff(at) } else { Turn::Regular };
    }
    if spent + OUT_OF_TURN + KEPT <= MOST { Turn::Own(at) } else { Turn::Regular }
}

/// Whether an enabling that its own answer shows as done is confirmed by a list at once. Else the next regular check
/// confirms it; the verified PING has proved it already.
pub fn may_confirm(spent: u32) -> bool {
    const CONFIRM_AND_FILL: u32 = 2;
    spent + CONFIRM_AND_FILL <= MOST
}

/// Whether the read that fills the gap may be made at once; else the next regular read does it.
pub fn may_fill(spent: u32) -> bool {
    spent < MOST
}

/// Whether to wait for the regular read at `due` where proof is looked for.
pub fn awaits_read(due: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    due.is_some_and(|due| due - now <= PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guard::Tries;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(seconds: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_772_452_800 + seconds, 0).unwrap()
    }

    #[test]
    fn a_try_goes_out_of_turn_only_while_others_can_follow() {
        for (at, spent, wanted) in [
            (60, 2, Turn::Own(t(60))),
            (60, 3, Turn::Regular),
            (300, 5, Turn::PutOff(t(300))),
            (340, 0, Turn::PutOff(t(340))),
            (900, 0, Turn::Regular),
        ] {
            assert_eq!(turn(t(at), t(300), spent), wanted, "{at} {spent}");
        }
    }

    proptest! {
        /// Whatever fails three times before it succeeds: found by a regular check, for one or two requests of proof,
        /// it takes no more than is allowed, on every plan.
        #[test]
        fn three_failed_tries_and_a_good_one_stay_within(
            proof in 1u32..=2, every in 300i64..=1_800, slow in 0i64..40, failing in 0u32..=3, turned in any::<bool>(),
            colleagues in any::<bool>(),
        ) {
            // A list out of turn found it, or colleagues' part of the gap is read too: each is a try less.
            let before = u32::from(turned) + u32::from(colleagues);
            let failing = failing.saturating_sub(before);
            let (mut now, mut spent, mut tries) = (t(0), proof + before, Tries::default());
            let mut regular = now + TimeDelta::seconds(every);
            for _ in 0..failing {
                spent += 1;
                now += TimeDelta::seconds(slow);
                tries.fail(now);
                let at = tries.next_at.unwrap();
                now = loop {
                    match turn(at, regular, spent) {
                        Turn::Own(at) => { spent += 1; break at; }
                        Turn::PutOff(at) => break at,
                        Turn::Regular if regular >= at => break regular,
                        Turn::Regular => regular += TimeDelta::seconds(every),
                    }
                };
                regular = now + TimeDelta::seconds(every);
            }
            spent += 1;
            spent += u32::from(may_confirm(spent));
            spent += u32::from(may_fill(spent));
            prop_assert!(spent <= MOST, "{spent} requests");
        }
    }
}
