//! Who disabled a subscription, and may it be enabled again? Pure decisions of the guardian.
//!
//! Whoever cannot prove that the service did it leaves it to a person.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::health::Wanted;
use super::policy::Reenable;

/// Spans of downtime that are remembered.
const SPANS: usize = 50;
/// Clocks may differ by this where the service's is compared with ours.
const SKEW: TimeDelta = TimeDelta::seconds(2);
/// Waits after failed tries; then once a day.
const WAITS: [TimeDelta; 4] =
    [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(15), TimeDelta::minutes(60)];
/// Failed tries after which a person is called.
pub const ALARM_AFTER: u32 = 5;
/// Disabled again within this time of our enabling without failures: a person did it.
const RELAPSE: TimeDelta = TimeDelta::hours(24);

/// A time in which deliveries could not reach us (our clock), by its outer bounds: from the last moment known to be
/// good to the first one again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Known to be good until then.
    pub from: DateTime<Utc>,
    /// Known to be good from then on; `None` while it lasts.
    pub to: Option<DateTime<Utc>>,
}

/// Own downtime, oldest first: the address did not answer, or the engine did not run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Downtime(Vec<Span>);

impl Downtime {
    /// Deliveries do not reach us; the last good moment was `from`.
    pub fn begin(&mut self, from: DateTime<Utc>) {
        if self.is_down() {
            return;
        }
        self.0.push(Span { from, to: None });
        let extra = self.0.len().saturating_sub(SPANS);
        self.0.drain(..extra);
    }

    /// Deliveries reach us again.
    pub fn end(&mut self, now: DateTime<Utc>) {
        if let Some(last) = self.0.last_mut() {
            last.to.get_or_insert(now);
        }
    }

    /// Whether it lasts.
    pub fn is_down(&self) -> bool {
        self.0.last().is_some_and(|s| s.to.is_none())
    }

    /// Whether a moment of the service's clock lies in it.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.0.iter().any(|s| s.from - SKEW <= at && s.to.is_none_or(|to| at <= to + SKEW))
    }
}

/// A row of the delivery history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When the event happened.
    pub event_at: Option<DateTime<Utc>>,
    /// When it was tried last.
    pub tried_at: Option<DateTime<Utc>>,
    /// Tries that failed.
    pub failed: i64,
    /// The last error.
    pub error: Option<String>,
}

/// What is known about the time before a subscription was disabled. All moments are the service's clock.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// When it was disabled.
    pub moment: DateTime<Utc>,
    /// When the newest event that was delivered happened.
    pub last_event: Option<DateTime<Utc>>,
    /// When it was made or enabled by us; what failed before belongs to its old life.
    pub life_from: Option<DateTime<Utc>>,
    /// Checks in a row that had seen `pending`.
    pub pending_checks: u32,
    /// The history, where one is offered.
    pub history: &'a [Attempt],
    /// Changes covered by the filters that reading found and no delivery brought, cut to the second.
    pub changes: &'a [DateTime<Utc>],
    /// Own downtime.
    pub downtime: &'a Downtime,
}

/// Proof that the service did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The history shows a failed attempt.
    History {
        /// Tries that failed.
        failed: i64,
        /// The error told.
        error: Option<String>,
    },
    /// Events waited in two checks in a row.
    Pending,
    /// Changes that no delivery brought.
    Undelivered {
        /// How many.
        count: usize,
        /// The address or the engine was down meanwhile.
        down: bool,
    },
}

impl Evidence {
    /// In words.
    pub fn say(&self) -> String {
        match self {
            Self::History { failed, error: Some(error) } => format!("{error} ×{failed}"),
            Self::History { failed, error: None } => format!("{failed} failed attempts"),
            Self::Pending => "events waited in two checks".into(),
            Self::Undelivered { count, down: true } => {
                format!("{count} {} not delivered while the address was down", changes(*count))
            }
            Self::Undelivered { count, down: false } => {
                format!("{count} {} before it not delivered", changes(*count))
            }
        }
    }
}

fn changes(count: usize) -> &'static str {
    if count == 1 { "change was" } else { "changes were" }
}

/// Looks for proof that the service did it.
pub fn evidence(facts: &Facts<'_>) -> Option<Evidence> {
    let floor = facts.last_event.max(facts.life_from);
    let fresh = |at: DateTime<Utc>| floor.is_none_or(|floor| at > floor);
    let failed = facts.history.iter().find(|a| {
        let tried = a.tried_at.or(a.event_at).filter(|t| *t <= facts.moment + SKEW && fresh(*t));
        let undelivered = a.error.is_some() || a.event_at.is_none_or(|t| Some(t) > facts.last_event);
        tried.is_some() && a.failed > 0 && undelivered
    });
    if let Some(attempt) = failed {
        return Some(Evidence::History { failed: attempt.failed, error: attempt.error.clone() });
    }
    if facts.pending_checks >= 2 {
        return Some(Evidence::Pending);
    }
    // A service that gave up did so at a failed attempt: where the receiver was down then, that explains the changes
    // it missed before. Where it was up again, its downtime explains them too, but not the disabling.
    let down_then = facts.downtime.covers(facts.moment);
    let second_of = |at: Option<DateTime<Utc>>| at.map(|t| t.trunc_subsecs(0));
    let count = facts
        .changes
        .iter()
        .filter(|at| match down_then {
            // Changes are known to the second only. Where it is the second of the last delivery or of the disabling,
            // a receiver that was down decides.
            true => {
                second_of(facts.last_event).is_none_or(|last| **at >= last)
                    && facts.life_from.is_none_or(|life| **at > life)
                    && **at <= facts.moment
            }
            false => fresh(**at) && **at < facts.moment.trunc_subsecs(0) && !facts.downtime.covers(**at),
        })
        .count();
    (count > 0).then_some(Evidence::Undelivered { count, down: down_then })
}

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
