//! May a disabled subscription be enabled again, and when? Pure decisions of the guardian.
//!
//! Whoever cannot prove that the service did it leaves it to a person.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::guard_evidence::Evidence;
use super::health::Wanted;
use super::policy::Reenable;

/// Waits after failed tries; then once a day.
const WAITS: [TimeDelta; 4] =
    [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(15), TimeDelta::minutes(60)];
/// Failed tries after which a person is called.
pub const ALARM_AFTER: u32 = 5;
/// Disabled again within this time of our enabling without failures: a person did it.
const RELAPSE: TimeDelta = TimeDelta::hours(24);

/// A subscription that is not as it should be.
#[derive(Clone, Debug)]
pub struct Case {
    /// Listed as enabled.
    pub enabled: bool,
    /// Listed as validated.
    pub validated: bool,
    /// What is wanted.
    pub wanted: Wanted,
    /// A person's switching off was cut off before the service knew.
    pub switching_off: bool,
    /// The setting.
    pub reenable: Reenable,
    /// Proof that the service did it.
    pub evidence: Option<Evidence>,
    /// An enabling was decided and cut off, and nobody has touched the subscription since.
    pub resumes: bool,
    /// Everything that could give proof was asked.
    pub sought: bool,
    /// Judged as a person's decision before, and not enabled since.
    pub hands_off: bool,
    /// When the guardian enabled it last (our clock).
    pub healed_at: Option<DateTime<Utc>>,
    /// Own downtime covers the moment of disabling.
    pub down_then: bool,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is well.
    Well,
    /// Well, and a person enabled it elsewhere.
    WellAgain,
    /// Complete the handshake.
    Validate,
    /// Carry a person's decision to the service.
    SwitchOff,
    /// A person wants it off.
    LeaveOff,
    /// Ask for what could prove who did it.
    Seek,
    /// Enable it; why.
    Heal(String),
    /// A person disabled it after our enabling.
    HandsOff,
    /// Nobody can say; a person decides.
    Unknown,
}

/// Decides about a subscription as listed.
pub fn judge(case: &Case, now: DateTime<Utc>) -> Verdict {
    if case.enabled {
        return match (case.wanted, case.switching_off, case.validated) {
            (Wanted::Disabled, true, _) => Verdict::SwitchOff,
            (Wanted::Disabled, false, _) => Verdict::WellAgain,
            (Wanted::Enabled, _, false) => Verdict::Validate,
            (Wanted::Enabled, _, true) => Verdict::Well,
        };
    }
    if case.wanted == Wanted::Disabled {
        return Verdict::LeaveOff;
    }
    if case.resumes {
        return Verdict::Heal("an enabling that was cut off goes on".into());
    }
    match case.reenable {
        Reenable::Never => return Verdict::Unknown,
        Reenable::Always => {
            let why = case.evidence.as_ref().map_or_else(|| "cause unknown".into(), Evidence::say);
            return Verdict::Heal(why);
        }
        Reenable::Evidence => {}
    }
    if case.hands_off {
        return Verdict::HandsOff;
    }
    if let Some(evidence) = &case.evidence {
        return Verdict::Heal(evidence.say());
    }
    if !case.sought {
        return Verdict::Seek;
    }
    let relapse = case.healed_at.is_some_and(|at| now - at < RELAPSE);
    if relapse && !case.down_then {
        return Verdict::HandsOff;
    }
    Verdict::Unknown
}

/// Failed tries and when the next one may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// In a row.
    pub failed: u32,
    /// Not before.
    pub next_at: Option<DateTime<Utc>>,
}

impl Tries {
    /// Notes a failed try, or a relapse that our own downtime does not explain.
    pub fn fail(&mut self, now: DateTime<Utc>) {
        let wait = WAITS.get(self.failed as usize).copied().unwrap_or(TimeDelta::days(1));
        self.failed = self.failed.saturating_add(1);
        self.next_at = Some(now + wait);
    }

    /// Whether one may be made.
    pub fn may(&self, now: DateTime<Utc>) -> bool {
        self.next_at.is_none_or(|at| at <= now)
    }

    /// Something changed for the better: try at once, but forget no failure.
    pub fn hurry(&mut self) {
        if self.failed < ALARM_AFTER {
            self.next_at = None;
        }
    }

    /// A person is called.
    pub fn is_alarm(&self) -> bool {
        self.failed >= ALARM_AFTER
    }
}

/// When the next regular check may be: by schedule, on Free never more than six an hour.
pub fn next_check(checks: &[DateTime<Utc>], wished: DateTime<Utc>, free: bool) -> DateTime<Utc> {
    const PER_HOUR: usize = 6;
    let hour = TimeDelta::hours(1);
    match checks.iter().rev().nth(PER_HOUR - 1) {
        Some(sixth) if free => wished.max(*sixth + hour),
        _ => wished,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn t(ms: i64) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(1_772_452_800_000 + ms).unwrap()
    }

    fn case() -> Case {
        Case {
            enabled: false,
            validated: true,
            wanted: Wanted::Enabled,
            switching_off: false,
            reenable: Reenable::Evidence,
            evidence: None,
            resumes: false,
            sought: true,
            hands_off: false,
            healed_at: None,
            down_then: false,
        }
    }

    #[test]
    fn a_subscription_is_judged_by_what_is_known() {
        let proof = Some(Evidence::Pending);
        let healed = Some(t(-60_000));
        let heals = |v: &Verdict| matches!(v, Verdict::Heal(_));
        for (case, wanted) in [
            (case(), Verdict::Unknown),
            (Case { sought: false, ..case() }, Verdict::Seek),
            (Case { healed_at: healed, ..case() }, Verdict::HandsOff),
            (Case { healed_at: healed, down_then: true, ..case() }, Verdict::Unknown),
            (Case { healed_at: Some(t(-90_000_000)), ..case() }, Verdict::Unknown),
            (Case { hands_off: true, evidence: proof.clone(), ..case() }, Verdict::HandsOff),
            (Case { wanted: Wanted::Disabled, evidence: proof.clone(), ..case() }, Verdict::LeaveOff),
            (Case { reenable: Reenable::Never, evidence: proof.clone(), ..case() }, Verdict::Unknown),
            (Case { enabled: true, ..case() }, Verdict::Well),
            (Case { enabled: true, validated: false, ..case() }, Verdict::Validate),
            (Case { enabled: true, wanted: Wanted::Disabled, ..case() }, Verdict::WellAgain),
            (
                Case { enabled: true, wanted: Wanted::Disabled, switching_off: true, ..case() },
                Verdict::SwitchOff,
            ),
        ] {
            assert_eq!(judge(&case, t(0)), wanted, "{case:?}");
        }
        assert!(heals(&judge(&Case { evidence: proof, ..case() }, t(0))));
        assert!(heals(&judge(&Case { resumes: true, ..case() }, t(0))));
        assert!(heals(&judge(&Case { reenable: Reenable::Always, ..case() }, t(0))));
    }

    proptest! {
        /// Whatever is known: what a person wants off is never enabled, and without proof nothing is.
        #[test]
        fn nothing_is_enabled_against_a_person(
            bits in prop::array::uniform8(any::<bool>()), reenable in 0..3, proof in any::<bool>(), healed in any::<Option<i32>>(),
        ) {
            let [enabled, validated, wanted_off, switching_off, resumes, sought, hands_off, down_then] = bits;
            let case = Case {
                enabled, validated, switching_off, resumes, sought, hands_off, down_then,
                wanted: if wanted_off { Wanted::Disabled } else { Wanted::Enabled },
                reenable: [Reenable::Evidence, Reenable::Always, Reenable::Never][reenable as usize],
                evidence: proof.then_some(Evidence::Pending),
                healed_at: healed.map(|ms| t(i64::from(ms))),
            };
            if let Verdict::Heal(_) = judge(&case, t(0)) {
                prop_assert!(!wanted_off && !enabled);
                prop_assert!(resumes || case.reenable == Reenable::Always
                    || (proof && !hands_off && case.reenable == Reenable::Evidence));
            }
        }

        /// However often it fails, tries never come closer than the waits allow: no loop.
        #[test]
        fn tries_never_loop(asks in prop::collection::vec(1i64..4_000, 1..400)) {
            let mut tries = Tries::default();
            let (mut now, mut made) = (t(0), Vec::new());
            for seconds in asks {
                now += TimeDelta::seconds(seconds);
                if tries.may(now) {
                    made.push(now);
                    tries.fail(now);
                }
            }
            for (n, pair) in made.windows(2).enumerate() {
                let wait = WAITS.get(n).copied().unwrap_or(TimeDelta::days(1));
                prop_assert!(pair[1] - pair[0] >= wait);
            }
        }

        /// On Free no hour sees more than six checks, however often one is wished for.
        #[test]
        fn checks_keep_to_six_an_hour(asks in prop::collection::vec(0i64..900, 1..100)) {
            let (mut now, mut checks) = (t(0), Vec::<DateTime<Utc>>::new());
            for seconds in asks {
                now = next_check(&checks, now + TimeDelta::seconds(seconds), true).max(now);
                checks.push(now);
            }
            for window in checks.windows(7) {
                prop_assert!(window[6] - window[0] >= TimeDelta::hours(1));
            }
        }
    }
}
