//! What needs a person about the plan: a subscription that has more events than there is room for.

use crate::control::snapshot::{Alert, Snapshot};
use crate::domain::advice;
use crate::domain::health::Wanted;
use crate::domain::text::clean;

/// An alert for each subscription of ours with too many events, with the key that proposes the set that fits.
pub fn alerts(snapshot: &Snapshot) -> Vec<Alert> {
    let crowded = snapshot
        .subscriptions
        .iter()
        .filter(|line| line.ours && line.wanted == Wanted::Enabled && !line.proposed.is_empty());
    crowded
        .map(|line| {
            let lost = advice::lost(&line.events, &line.proposed).join(", ");
            let account = &line.at.account;
            let say = format!(
                "{account}: the plan has no room for {} events; e proposes those that fit, without {}",
                line.events.len(),
                clean(&lost)
            );
            Alert { id: format!("events:{account}"), since: line.since, say, pane: 3 }
        })
        .collect()
}
