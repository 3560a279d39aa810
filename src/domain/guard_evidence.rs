//! Proof that the service disabled a subscription, and not a person: what failed before that moment.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Spans of downtime that are remembered.
const SPANS: usize = 50;
/// Clocks may differ by this where the service's is compared with ours.
const SKEW: TimeDelta = TimeDelta::seconds(2);
/// So many changes that no delivery brought speak of the three failed attempts which disable a subscription (Toggl's help
/// article): a read shows only the last of several edits of an entry, so two of them are seldom all there were.
const TELLING: usize = 2;
/// The service tells the times of changes to the second only.
const RESOLUTION: TimeDelta = TimeDelta::seconds(1);

/// A time in which deliveries could not reach us (our clock), by its outer bounds: from the last moment known to be
/// good to the first one again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Known to be good until then.
    pub from: DateTime<Utc>,
    /// Known to be good from then on; `None` while it lasts.
    pub to: Option<DateTime<Utc>>,
    /// The inner bounds: all the while between them it was certainly so.
    #[serde(default)]
    pub sure: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Why, in a few words: `HTTP 502`, `name not found`.
    #[serde(default)]
    pub why: String,
}

impl Span {
    /// Whether the whole second at `at` of the service's clock lies in the inner bounds.
    fn is_sure(&self, at: DateTime<Utc>) -> bool {
        self.sure.is_some_and(|(from, to)| from + SKEW <= at && at + RESOLUTION + SKEW <= to)
    }
}

/// Own downtime, oldest first: the address did not answer, or the engine did not run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Downtime(Vec<Span>);

impl Downtime {
    /// Deliveries do not reach us; the last good moment was `from`.
    pub fn begin(&mut self, from: DateTime<Utc>, why: &str) {
        if self.is_down() {
            return;
        }
        self.0.push(Span { from, to: None, sure: None, why: why.to_owned() });
        let extra = self.0.len().saturating_sub(SPANS);
        self.0.drain(..extra);
    }

    /// Between these moments the newest one certainly lasted.
    pub fn surely(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        if let Some(last) = self.0.last_mut().filter(|_| from <= to) {
            let (begin, end) = last.sure.unwrap_or((from, to));
            last.sure = Some((begin.min(from), end.max(to)));
        }
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

    /// The one that lasts.
    pub fn lasting(&self) -> Option<&Span> {
        self.0.last().filter(|span| span.to.is_none())
    }

    /// When the last one that lasted so long ended.
    pub fn last_end(&self, at_least: TimeDelta) -> Option<DateTime<Utc>> {
        self.0.iter().filter_map(|s| s.to.filter(|to| *to - s.from >= at_least)).max()
    }

    /// Whether a moment of the service's clock lies in it.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.span(at).is_some()
    }

    /// The span in which a moment of the service's clock lies.
    pub fn span(&self, at: DateTime<Utc>) -> Option<&Span> {
        self.0.iter().find(|s| s.from - SKEW <= at && s.to.is_none_or(|to| at <= to + SKEW))
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

/// A change that reading found and no delivery brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The service's update time, cut to the second.
    pub at: DateTime<Utc>,
    /// When it was read (our clock).
    pub seen_at: DateTime<Utc>,
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
    /// Changes covered by the filters that reading found and no delivery brought.
    pub changes: &'a [Change],
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
        /// Why the address or the engine was down then, if it was.
        down: Option<String>,
    },
}

impl Evidence {
    /// In words.
    pub fn say(&self) -> String {
        match self {
            Self::History { failed, error: Some(error) } => format!("{error} ×{failed}"),
            Self::History { failed, error: None } => format!("{failed} failed attempts"),
            Self::Pending => "events waited in two checks".into(),
            Self::Undelivered { count, down: Some(why) } if !why.is_empty() => {
                format!("{why}; {count} {} not delivered", changes(*count))
            }
            Self::Undelivered { count, down: Some(_) } => {
                format!("{count} {} not delivered while the address was down", changes(*count))
            }
            Self::Undelivered { count, down: None } => {
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
    let down_then = facts.downtime.span(facts.moment);
    let before = facts.moment.trunc_subsecs(0);
    let last_second = facts.last_event.map(|t| t.trunc_subsecs(0));
    let newer = |change: &Change, span: &Span| {
        let read_after = Some(change.at) == last_second && change.seen_at >= span.from;
        let lived = facts.life_from.is_none_or(|life| change.at > life);
        (fresh(change.at) || read_after) && lived && change.at <= facts.moment
    };
    // So many are told by failed attempts, whatever their second.
    let many = |span: &Span| facts.changes.iter().filter(|c| newer(c, span)).count() >= TELLING;
    let counts = |change: &&Change| match down_then {
        None => fresh(change.at) && change.at < before && !facts.downtime.covers(change.at),
        // Changes are known to the second only. In the second of the disabling, or right before it, a receiver decides
        // that was certainly down: else a person may have disabled it before or while the change was delivered. In
        // the second of the last delivery decides that it was read only afterwards.
        Some(span) => {
            let clear = change.at + RESOLUTION < before || span.is_sure(change.at);
            newer(change, span) && (clear || many(span))
        }
    };
    let count = facts.changes.iter().filter(counts).count();
    let down = down_then.map(|span| span.why.clone());
    (count > 0).then_some(Evidence::Undelivered { count, down })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn t(ms: i64) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(1_772_452_800_000 + ms).unwrap()
    }

    fn span(from: i64, to: i64) -> Downtime {
        Downtime(vec![Span { from: t(from), to: Some(t(to)), sure: None, why: "HTTP 502".into() }])
    }

    fn change(at: i64) -> Change {
        Change { at: t(at), seen_at: t(900_000) }
    }

    fn facts<'a>(changes: &'a [Change], downtime: &'a Downtime) -> Facts<'a> {
        Facts {
            moment: t(100_500),
            last_event: Some(t(50_300)),
            life_from: Some(t(0)),
            pending_checks: 0,
            history: &[],
            changes,
            downtime,
        }
    }

    #[test]
    fn only_what_lies_before_the_disabling_and_after_the_last_delivery_proves_anything() {
        let up = Downtime::default();
        let was_down = span(40_000, 60_000);
        let perhaps = span(70_000, 130_000);
        let mut down = perhaps.clone();
        down.surely(t(72_000), t(72_000));
        down.surely(t(125_000), t(125_000));
        let mut late = perhaps.clone();
        late.surely(t(99_000), t(125_000));
        for (at, downtime, proof, why) in [
            (80_000, &up, true, "missed while all was well here"),
            (49_000, &up, false, "before the last good delivery"),
            (50_000, &up, false, "in the second of the last good delivery"),
            (100_000, &up, false, "in the second of the disabling: perhaps after it"),
            (101_000, &up, false, "later"),
            (55_000, &was_down, false, "the receiver was down, and up again when it was disabled"),
            (80_000, &was_down, true, "missed after the receiver was up again"),
            (80_000, &down, true, "missed while down, and still down at the disabling"),
            (100_000, &down, true, "in that second, with the receiver down"),
            (100_000, &perhaps, false, "in that second, and the receiver perhaps not down yet"),
            (100_000, &late, false, "in that second, and the clocks may differ"),
            (99_000, &perhaps, false, "right before it: perhaps on its way when a person disabled it"),
            (98_000, &perhaps, true, "clearly before it"),
            (50_000, &down, true, "in the second of the last delivery, read afterwards"),
            (101_000, &down, false, "later, with the receiver down"),
        ] {
            assert_eq!(evidence(&facts(&[change(at)], downtime)).is_some(), proof, "{why}");
        }
        assert!(
            evidence(&facts(&[change(100_000); 2], &perhaps)).is_some(),
            "two in that second were failed attempts"
        );
        assert_eq!(evidence(&facts(&[], &down)), None, "a receiver that was down is no evidence alone");
    }

    #[test]
    fn a_new_life_forgets_the_failures_of_the_old_one() {
        let up = Downtime::default();
        let changes = [change(80_000)];
        let old = Facts { life_from: Some(t(90_000)), ..facts(&changes, &up) };
        assert_eq!(evidence(&old), None);
    }

    #[test]
    fn the_history_counts_failed_attempts_that_were_never_made_good() {
        let up = Downtime::default();
        let row = |event: i64, tried: i64, failed: i64, error: Option<&str>| {
            [Attempt {
                event_at: Some(t(event)),
                tried_at: Some(t(tried)),
                failed,
                error: error.map(Into::into),
            }]
        };
        for (history, proof) in [
            (row(80_000, 100_500, 3, Some("HTTP 502")), true),
            (row(80_000, 100_500, 3, None), true),
            (row(50_300, 75_000, 2, None), false),
            (row(80_000, 80_100, 0, None), false),
            (row(120_000, 130_000, 1, Some("HTTP 502")), false),
        ] {
            let facts = Facts { history: &history, ..facts(&[], &up) };
            assert_eq!(evidence(&facts).is_some(), proof, "{history:?}");
        }
        let pending = Facts { pending_checks: 2, ..facts(&[], &up) };
        assert_eq!(evidence(&pending), Some(Evidence::Pending));
        let once = Facts { pending_checks: 1, ..facts(&[], &up) };
        assert_eq!(evidence(&once), None);
    }
}
