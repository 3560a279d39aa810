//! What makes a state "not well": everything that a person should look at.

use crate::control::snapshot::{CacheWord, DISK, Snapshot, TargetLine};

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
    for account in &snapshot.accounts {
        if let Some(trouble) = &account.trouble {
            let why = account.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            troubles.push(format!("account {}: {trouble}{why}", account.name));
        }
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

fn of_target(target: &TargetLine) -> Vec<String> {
    let mut troubles = Vec::new();
    if !target.trouble.is_empty() {
        troubles.push(format!("target {}: {}", target.account, target.trouble));
    }
    for (word, count) in &target.counts {
        let needs_person = matches!(word.as_str(), "unmapped" | "conflict" | "held" | "failed");
        if needs_person && *count > 0 {
            troubles.push(format!("target {}: {count} {word}", target.account));
        }
    }
    troubles
}
