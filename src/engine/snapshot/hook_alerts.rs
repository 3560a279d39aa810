//! What needs a person about the webhooks of targets: one that was switched off after failures, and what somebody changed.

use std::collections::BTreeMap;

use crate::control::snapshot::{Alert, IncidentLine, Snapshot, SubscriptionLine};
use crate::domain::clockify_hook::Event;
use crate::domain::id::{Account, Service};

/// The incident's kind, as the guard of a target's webhooks names it.
const DISABLED: &str = "webhook disabled";

/// What happened, for an incident of a target's webhook.
pub fn what(line: &IncidentLine) -> Option<&'static str> {
    (line.kind == DISABLED).then_some(DISABLED)
}

/// Whether the incident of a target's webhook ended with a proof that it is on.
pub fn is_proof(line: &IncidentLine, last: &str) -> bool {
    let on = line.timeline.last().is_some_and(|step| step.answer == "listed as on");
    line.kind == DISABLED && (last == "deliver" || (last == "confirm" && on))
}

/// One that goes on.
pub fn open(line: &IncidentLine) -> Option<Alert> {
    if line.kind != DISABLED || line.closed_at.is_some() {
        return None;
    }
    let account = line.subscription.as_ref().map(|at| at.account.to_string()).unwrap_or_default();
    let say = format!("{account}: webhook disabled, {}; it is made anew", line.cause);
    Some(Alert { id: format!("incident:{}", line.id), since: line.opened_at, say, pane: 3 })
}

/// What somebody changed, an alert for each account.
pub fn drifted(snapshot: &Snapshot) -> Vec<Alert> {
    let mut by_account: BTreeMap<&Account, Vec<&SubscriptionLine>> = BTreeMap::new();
    let of_target = |line: &&SubscriptionLine| line.service == Service::Clockify && !line.drift.is_empty();
    for line in snapshot.subscriptions.iter().filter(of_target) {
        by_account.entry(&line.at.account).or_default().push(line);
    }
    let said = |line: &&SubscriptionLine| {
        let fields: Vec<&str> = line.drift.iter().map(|drift| drift.field.as_str()).collect();
        let event = line.events.first().map(|word| Event::of(word).short()).unwrap_or_default();
        format!("{} of {event}", fields.join(" and "))
    };
    let alert = |(account, lines): (&Account, Vec<&SubscriptionLine>)| {
        let what: Vec<String> = lines.iter().map(said).collect();
        let since = lines.iter().map(|line| line.since).max()?;
        let say = format!(
            "{account}: {} changed in the web page; < restores ours, > takes theirs",
            what.join(", ")
        );
        Some(Alert { id: format!("drift:{account}"), since, say, pane: 3 })
    };
    by_account.into_iter().filter_map(alert).collect()
}
