//! Why a command failed, where the engine knows better than its answer: a service out of reach, a name nobody has.

use chrono::{DateTime, Utc};

use super::ask;
use super::exit::Failure;
use crate::control::link::ViewerEnd;
use crate::control::snapshot::{AccountLine, OFFLINE, Snapshot};
use crate::domain::id::{Account, Service};

/// The failure of a command at an account that can't be reached (`None`: at any source): the service, since when and
/// why.
pub fn out_of_reach(snapshot: &Snapshot, at: Option<&Account>) -> Option<Failure> {
    let meant = |line: &&AccountLine| match at {
        Some(account) => line.name == *account,
        None => line.service == Service::Toggl,
    };
    snapshot.accounts.iter().filter(meant).find_map(|line| {
        let name = match line.service {
            Service::Toggl => "Toggl",
            Service::Clockify => "Clockify",
        };
        let why = line.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        match &line.trouble {
            Some(trouble) if trouble.starts_with(OFFLINE) => Some(Failure::unreachable(format!(
                "{name} can't be reached for {} ({trouble}{why}); try again when `hourwire status` is well",
                line.name
            ))),
            None if line.user.is_none() => {
                Some(Failure::unreachable(match dry_until(snapshot, &line.name) {
                    Some(until) => format!(
                        "{name}'s quota for {} is spent until {}; try again then",
                        line.name,
                        snapshot.clock(until)
                    ),
                    None => format!("{name} has not answered yet for {}; try again in a moment", line.name),
                }))
            }
            _ => None,
        }
    })
}

/// Until when an account's requests wait for its quota, where they do.
pub fn dry_until(snapshot: &Snapshot, account: &Account) -> Option<DateTime<Utc>> {
    snapshot
        .meters
        .iter()
        .filter(|meter| meter.account == *account)
        .filter_map(|meter| meter.waiting_until)
        .max()
}

/// What a failure at a service comes from: the service's being out of reach, if it is.
pub async fn or_unreachable(engine: &mut ViewerEnd, at: Option<&Account>, failure: Failure) -> Failure {
    match ask::snapshot(engine).await {
        Ok(snapshot) => out_of_reach(&snapshot, at).unwrap_or(failure),
        Err(_) => failure,
    }
}

/// What a failure at a target comes from: a name that no target has is wrong usage.
pub async fn or_unknown(engine: &mut ViewerEnd, target: Option<&str>, failure: Failure) -> Failure {
    let Some(target) = target else { return failure };
    let Ok(snapshot) = ask::snapshot(engine).await else { return failure };
    let names: Vec<&str> = snapshot.targets.iter().map(|line| line.account.as_str()).collect();
    if names.contains(&target) {
        return failure;
    }
    Failure::usage(format!("there is no target account `{target}`; the targets are: {}", names.join(", ")))
}
