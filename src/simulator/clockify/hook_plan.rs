//! How many webhooks a plan allows, and what a change of plan does to them.

use std::collections::BTreeMap;

use super::{Clockify, Plan};

/// Events of features that Free does not have. Which ones exactly is not recorded.
const PAID_EVENTS: [&str; 6] =
    ["INVOICE", "EXPENSE", "APPROVAL_REQUEST", "TIME_OFF", "ASSIGNMENT", "RATE_UPDATED"];

impl Clockify {
    /// A user's and the workspace's webhooks.
    fn hook_limits(&self) -> (usize, usize) {
        match self.plan {
            Plan::Free => (3, 3),
            Plan::Paid => (10, 100),
        }
    }

    /// Whether one more of this user fits.
    pub(super) fn has_room_for_hook(&self, user: &str) -> bool {
        let (own, all) = self.hook_limits();
        let rows = &self.hooks.rows;
        rows.len() < all && rows.values().filter(|hook| hook.user == user).count() < own
    }

    /// Whether the plan has the feature that an event belongs to.
    pub(super) fn plan_has(&self, event: &str) -> bool {
        self.plan == Plan::Paid || !PAID_EVENTS.iter().any(|part| event.contains(part))
    }

    /// Gives the plan's places to the oldest eligible webhooks and takes them from all others.
    pub(super) fn apply_plan(&mut self) {
        let (own, all) = self.hook_limits();
        let (mut placed, mut by_user) = (0, BTreeMap::<String, usize>::new());
        let rows: Vec<(String, String, bool)> = self
            .hooks
            .rows
            .values()
            .map(|hook| (hook.id.clone(), hook.user.clone(), self.plan_has(&hook.event)))
            .collect();
        for (id, user, eligible) in rows {
            let of_user = by_user.entry(user).or_default();
            let has = eligible && placed < all && *of_user < own;
            if has {
                placed += 1;
                *of_user += 1;
            } else {
                self.hooks.give_up(&id);
            }
            if let Some(hook) = self.hooks.rows.get_mut(&id) {
                hook.plan = has;
            }
        }
    }
}
