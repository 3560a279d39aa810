//! What of a plan's webhooks is used, and the best set of event filters that fits (reference/toggl.md 2.3, 2.4).

use serde::{Deserialize, Serialize};

/// What a plan allows in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Enabled subscriptions.
    pub webhooks: u32,
    /// Event filters in one subscription.
    pub filters: u32,
}

/// Entities of which changes are used here, the most useful first.
const ENTITIES: [&str; 4] = ["time_entry", "project", "client", "tag"];
const ACTIONS: [&str; 3] = ["created", "updated", "deleted"];
/// What the plans allow, smallest first.
const PLANS: [(&str, Limits); 3] = [
    ("Free", Limits { webhooks: 1, filters: 3 }),
    ("Starter", Limits { webhooks: 2, filters: 6 }),
    ("Premium", Limits { webhooks: 3, filters: 12 }),
];

/// The plan that has these limits.
pub fn plan_of(limits: Limits) -> Option<&'static str> {
    PLANS.iter().find(|(_, of)| *of == limits).map(|(name, _)| *name)
}

/// Sets of filters (`time_entry *`) to try, the best first: by wildcards, then, where each wildcard costs three, by
/// whole entities written out. What is left out is read.
pub fn sets(limits: Limits) -> [Vec<String>; 2] {
    let room = limits.filters.max(3) as usize;
    let wild = ENTITIES.iter().take(room).map(|entity| format!("{entity} *")).collect();
    let whole = ENTITIES.iter().take((room / ACTIONS.len()).max(1));
    let written = whole.flat_map(|e| ACTIONS.iter().map(move |action| format!("{e} {action}"))).collect();
    [wild, written]
}

/// What a wildcard costs where it counts as its three actions.
pub const DEAR: u32 = 3;

/// What a wildcard costs, as these filters show: where one is taken for one, nobody writes an entity out.
pub fn wildcard_cost(filters: &[String]) -> u32 {
    let written = |entity: &str| ACTIONS.iter().all(|action| filters.contains(&format!("{entity} {action}")));
    let wild = filters.iter().any(|filter| filter.contains('*'));
    if !wild && ENTITIES.iter().any(|entity| written(entity)) { DEAR } else { 1 }
}

/// Of these filters those that fit, the most useful entities first. Where a wildcard is dear, its actions are written
/// out instead.
pub fn fitting(limits: Limits, filters: &[String], wildcard_cost: u32) -> Vec<String> {
    let entity = |filter: &str| filter.split(' ').next().unwrap_or_default().to_owned();
    let rank = |filter: &String| ENTITIES.iter().position(|e| *e == entity(filter)).unwrap_or(ENTITIES.len());
    let mut ranked: Vec<String> = filters.to_vec();
    ranked.sort_by_key(rank);
    let mut fits: Vec<String> = Vec::new();
    for filter in ranked {
        let parts = match filter.strip_suffix(" *") {
            Some(entity) if wildcard_cost > 1 && entity != "*" => {
                ACTIONS.iter().map(|action| format!("{entity} {action}")).collect()
            }
            _ => vec![filter],
        };
        let new: Vec<String> = parts.into_iter().filter(|part| !fits.contains(part)).collect();
        if fits.len() + new.len() <= limits.filters as usize {
            fits.extend(new);
        }
    }
    fits
}

/// The set to have instead of one that the plan has no room for; `None` where there is room.
pub fn proposal(limits: Limits, filters: &[String]) -> Option<Vec<String>> {
    (filters.len() > limits.filters as usize).then(|| fitting(limits, filters, wildcard_cost(filters)))
}

/// What of `old` a new set does not tell any more.
pub fn lost(old: &[String], new: &[String]) -> Vec<String> {
    let told = |filter: &String| {
        let (entity, action) = filter.split_once(' ').unwrap_or((filter, "*"));
        let has = |action: &str| new.contains(&format!("{entity} {action}"));
        let all = ACTIONS.iter().all(|action| has(action));
        new.contains(filter) || has("*") || new.iter().any(|f| f == "* *") || (action == "*" && all)
    };
    old.iter().filter(|filter| !told(filter)).cloned().collect()
}

/// What the next plan would buy, in words; `None` when there is none or nothing is gained. `cost` is what a wildcard
/// costs.
pub fn upgrade(limits: Limits, cost: u32) -> Option<String> {
    let (name, next) = PLANS.iter().find(|(_, plan)| plan.filters > limits.filters)?;
    let told = |limits: Limits| ((limits.filters / cost.max(1)) as usize).min(ENTITIES.len());
    let now = told(limits);
    let more: Vec<&str> = ENTITIES[now..told(*next).max(now)].to_vec();
    let more =
        if more.is_empty() { String::new() } else { format!(", {} announced too", more.join(" and ")) };
    Some(format!("{name} would allow {} subscriptions of {} events{more}", next.webhooks, next.filters))
}

/// What of the plan is used, in words: `1 of 1, 3 of 3 events`.
pub fn used(limits: Limits, enabled: usize, filters: usize) -> String {
    format!("{enabled} of {}, {filters} of {} events", limits.webhooks, limits.filters)
}

/// A name that is not taken, with a time suffix where it is.
pub fn free_name(wanted: &str, taken: &[String], now: chrono::DateTime<chrono::Utc>) -> String {
    if !taken.iter().any(|name| name == wanted) {
        return wanted.to_owned();
    }
    format!("{wanted} {}", now.format("%Y-%m-%d %H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(filters: u32) -> [Vec<String>; 2] {
        sets(Limits { webhooks: 1, filters })
    }

    #[test]
    fn wildcards_come_first_and_the_fall_back_is_whole_entities() {
        assert_eq!(of(3)[0], ["time_entry *", "project *", "client *"]);
        assert_eq!(of(3)[1], ["time_entry created", "time_entry updated", "time_entry deleted"]);
        assert_eq!(of(6)[0], ["time_entry *", "project *", "client *", "tag *"]);
        assert_eq!(of(6)[1].len(), 6);
        assert_eq!(of(12)[1].len(), 12);
    }

    #[test]
    fn an_upgrade_is_told_only_where_it_buys_something() {
        let free = upgrade(PLANS[0].1, 1).unwrap_or_default();
        assert_eq!(free, "Starter would allow 2 subscriptions of 6 events, tag announced too");
        assert_eq!(upgrade(PLANS[2].1, 1), None);
        // Where a wildcard costs three, entries alone are told now, and two of six are entries and projects.
        let dear = upgrade(PLANS[0].1, DEAR).unwrap_or_default();
        assert_eq!(dear, "Starter would allow 2 subscriptions of 6 events, project announced too");
        let starter = upgrade(PLANS[1].1, DEAR).unwrap_or_default();
        assert_eq!(starter, "Premium would allow 3 subscriptions of 12 events, client and tag announced too");
    }

    #[test]
    fn after_a_downgrade_the_most_useful_events_stay() {
        let four = ["tag *", "client *", "project *", "time_entry *"].map(str::to_owned);
        let free = PLANS[0].1;
        let kept = ["time_entry *", "project *", "client *"];
        assert_eq!(proposal(free, &four).unwrap(), kept);
        assert_eq!(lost(&four, &proposal(free, &four).unwrap()), ["tag *"]);
        assert_eq!(proposal(PLANS[1].1, &four), None);
        // A wildcard costs three: entries whole, nothing by halves.
        let written = ["time_entry created", "time_entry updated", "time_entry deleted"];
        assert_eq!(fitting(free, &four, DEAR), written);
        assert_eq!(lost(&four, &fitting(free, &four, DEAR)), ["tag *", "client *", "project *"]);
        assert_eq!(wildcard_cost(&written.map(str::to_owned)), DEAR);
        assert_eq!(wildcard_cost(&four), 1);
    }

    #[test]
    fn a_taken_name_gets_the_time() {
        let now = chrono::DateTime::UNIX_EPOCH;
        let taken = ["hourwire den".to_owned()];
        assert_eq!(free_name("hourwire hut", &taken, now), "hourwire hut");
        assert_eq!(free_name("hourwire den", &taken, now), "hourwire den 1970-01-01 000000");
    }

    proptest! {
        /// Whatever a plan allows: both sets fit, hold entries whole, and have no filter twice.
        #[test]
        fn sets_fit_the_plan(filters in 3u32..40) {
            for set in of(filters) {
                prop_assert!(set.len() <= filters as usize);
                prop_assert!(crate::domain::guard_silence::covers_entries(&set));
                let mut once = set.clone();
                once.sort();
                once.dedup();
                prop_assert_eq!(once.len(), set.len());
            }
        }
    }
}
