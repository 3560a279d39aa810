//! What makes a state "not well": everything that a person should look at.

use crate::control::snapshot::{AccountLine, CacheWord, DISK, Snapshot, TargetLine};
use crate::domain::id::Service;
use crate::domain::word::SyncWord;

/// One line per trouble; empty when all is well.
pub fn not_well(snapshot: &Snapshot) -> Vec<String> {
    let mut troubles = Vec::new();
    if let Some(word) = snapshot.disk.word() {
        troubles.push(format!("{word}: {}", snapshot.disk.say(snapshot.deliveries.unavailable)));
    }
    if snapshot.cache != CacheWord::Ready {
        let why = snapshot.cache_why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        troubles.push(format!("the cache is not ready yet ({} %){why}", snapshot.percent));
    }
    troubles.extend(snapshot.accounts.iter().filter_map(account_trouble));
    // One that is wanted, and that nobody has seen yet.
    let announced = snapshot.public_address && snapshot.reading.is_none();
    if announced && !snapshot.subscriptions.iter().any(|line| line.service == Service::Toggl) {
        troubles.push("no webhook subscription is known yet".to_owned());
    }
    for line in snapshot.subscriptions.iter().filter(|line| !line.is_well()) {
        let cause = if line.cause.is_empty() { String::new() } else { format!(": {}", line.cause) };
        troubles.push(format!("subscription {}/{} is {}{cause}", line.at.account, line.at.id, line.state));
    }
    for incident in snapshot.incidents.iter().filter(|incident| incident.closed_at.is_none()) {
        troubles.push(format!("incident {} is open: {}, {}", incident.id, incident.kind, incident.cause));
    }
    for target in &snapshot.targets {
        troubles.extend(of_target(target));
    }
    for hold in &snapshot.holds {
        let who = hold.target.as_ref().map_or("all targets", |target| target.as_str());
        let told = hold.say.contains(":take");
        let take = if hold.is_another() && !told { "; `:take` in the dashboard sends from here" } else { "" };
        troubles.push(format!("{who} held ({}): {}{take}", hold.reason, hold.say));
    }
    if let Some(alert) = &snapshot.mapping.alert {
        troubles.push(format!("mapping: {alert}"));
    }
    if snapshot.deliveries.dead > 0 {
        troubles.push(format!("{} deliveries could not be read (dead letters)", snapshot.deliveries.dead));
    }
    troubles.extend(snapshot.alerts.iter().filter(|alert| alert.id != DISK).map(|alert| alert.say.clone()));
    troubles
}

/// What is the matter with an account.
pub fn account_trouble(account: &AccountLine) -> Option<String> {
    let trouble = account.trouble.as_ref()?;
    let why = account.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    Some(format!("account {}: {trouble}{why}", account.name))
}

fn of_target(target: &TargetLine) -> Vec<String> {
    let mut troubles = Vec::new();
    if !target.trouble.is_empty() {
        troubles.push(format!("target {}: {}", target.account, target.trouble));
    }
    for (word, count) in &target.counts {
        if SyncWord::FOR_A_PERSON.contains(&word.as_str()) && *count > 0 {
            troubles.push(format!("target {}: {count} {word}", target.account));
        }
    }
    troubles
}
