//! Why a step of a guard did not come through, sorted by what may be done about it: the same for the subscriptions of a
//! source and for the webhooks of a target.

use chrono::{DateTime, TimeDelta, Utc};

use super::call::CallError;
use super::desk::DeskError;
use crate::control::command::Reply;
use crate::domain::strain::Strain;
use crate::services::http::{Answer, Failure};

/// What went wrong on the way and is nobody's refusal is tried again after this.
pub const SOON: TimeDelta = TimeDelta::seconds(15);
/// A list whose answer was lost or broken is asked for again after this; what may have been done shows in it.
pub const AGAIN: TimeDelta = TimeDelta::minutes(2);

/// Why a step did not come through.
#[derive(Clone, Debug)]
pub enum Hitch {
    /// Not now: quota, pace, network, the own address. No failed try.
    Later(DateTime<Utc>, String),
    /// The service said no.
    Refused(String),
    /// It may have been done.
    Unclear(String),
    /// It is not there.
    Missing,
    /// A person wants something else first.
    Interrupted,
    /// The desk is closed.
    Desk(DeskError),
}

impl From<DeskError> for Hitch {
    fn from(e: DeskError) -> Self {
        Self::Desk(e)
    }
}

/// The result of a step.
pub type Step<T> = Result<T, Hitch>;

/// What came of a call that was asked for at `now`.
pub fn sorted<T>(answer: Result<Answer<T>, CallError>, now: DateTime<Utc>) -> Step<T> {
    let soon = now + SOON;
    let failure = match answer {
        Ok(answer) => match answer.result {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        },
        Err(CallError::NotBefore(until)) => {
            // When is said by who asked, once, in the person's zone.
            return Err(Hitch::Later(until, "no request may leave now".into()));
        }
        Err(CallError::Desk(e)) => return Err(e.into()),
        Err(CallError::Stopped(why)) => return Err(Hitch::Later(soon, why)),
        Err(CallError::Failed(failure)) => failure,
    };
    let say = failure.to_string();
    Err(match failure {
        Failure::Quota { resets_in } => {
            let wait = resets_in.unwrap_or(TimeDelta::minutes(1)) + TimeDelta::seconds(2);
            Hitch::Later(now + wait, say)
        }
        Failure::Pace { .. } | Failure::Unsent(_) | Failure::Auth { .. } => Hitch::Later(soon, say),
        Failure::Unknown(_) | Failure::Server { .. } | Failure::Garbled(_) => Hitch::Unclear(say),
        Failure::Missing(_) => Hitch::Missing,
        Failure::Plan(said) => Hitch::Refused(Strain::Plan.reason(&said)),
        Failure::Forbidden(text) | Failure::Refused { text, .. } => Hitch::Refused(text),
    })
}

/// Whether the service asked to go slower.
pub fn is_paced<T>(answer: &Result<Answer<T>, CallError>) -> bool {
    let failure = match answer {
        Ok(answer) => answer.result.as_ref().err(),
        Err(CallError::Failed(failure)) => Some(failure),
        Err(_) => None,
    };
    matches!(failure, Some(Failure::Pace { .. }))
}

/// The answer to a person's wish. `noun` is what the wish was about; `clock` says a moment as a person reads it.
///
/// # Errors
/// [`DeskError`] when the desk is closed for good.
pub fn reply(
    done: Step<String>,
    noun: &str,
    clock: impl FnOnce(DateTime<Utc>) -> String,
) -> Result<Reply, DeskError> {
    let reason = match done {
        Ok(say) => return Ok(Reply::Done { say }),
        Err(Hitch::Desk(DeskError::NotReady)) => {
            "the cache is being rebuilt, which takes no request; try again in a moment".into()
        }
        Err(Hitch::Desk(e)) => return Err(e),
        Err(Hitch::Later(until, why)) => format!("{why}; possible from {}", clock(until)),
        Err(Hitch::Refused(reason)) => reason,
        Err(Hitch::Unclear(reason)) => format!("{reason}; the next check shows whether it was done"),
        Err(Hitch::Missing) => format!("the {noun} is not there any more"),
        Err(Hitch::Interrupted) => "another wish came in between".into(),
    };
    Ok(Reply::Failed { reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn what_waits_is_told_by_one_clock_once() {
        let until = Utc.with_ymd_and_hms(2026, 3, 2, 11, 5, 28).unwrap();
        let hitch = sorted::<()>(Err(CallError::NotBefore(until)), until).unwrap_err();
        let zone = chrono_tz::America::New_York;
        let said =
            reply(Err(hitch), "subscription", |at| at.with_timezone(&zone).format("%H:%M").to_string());
        let wanted = "no request may leave now; possible from 06:05";
        assert!(matches!(said, Ok(Reply::Failed { reason }) if reason == wanted));
    }
}
