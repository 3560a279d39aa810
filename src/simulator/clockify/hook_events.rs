//! Which event an action is, and which webhooks take it. Every caller's changes are announced, a program's own too.
//!
//! A choice each, where nothing is recorded: bulk writes are announced entry by entry; an edit that ends a running timer
//! is an update; what loses its project, client or tag with a deletion, and invoiced marks, are not announced.

use serde_json::Value;

use super::hooks::Hook;
use super::records::Entry;
use super::{Clockify, WORKSPACE_ID};
use crate::simulator::call::Call;

/// Every event that a webhook can have.
pub(super) const EVENTS: &[&str] = &[
    "NEW_PROJECT",
    "NEW_TASK",
    "NEW_CLIENT",
    "NEW_TIMER_STARTED",
    "TIMER_STOPPED",
    "TIME_ENTRY_UPDATED",
    "TIME_ENTRY_DELETED",
    "TIME_ENTRY_SPLIT",
    "NEW_TIME_ENTRY",
    "TIME_ENTRY_RESTORED",
    "NEW_TAG",
    "USER_DELETED_FROM_WORKSPACE",
    "USER_JOINED_WORKSPACE",
    "USER_DEACTIVATED_ON_WORKSPACE",
    "USER_ACTIVATED_ON_WORKSPACE",
    "USER_EMAIL_CHANGED",
    "USER_UPDATED",
    "NEW_INVOICE",
    "INVOICE_UPDATED",
    "NEW_APPROVAL_REQUEST",
    "APPROVAL_REQUEST_STATUS_UPDATED",
    "TIME_OFF_REQUESTED",
    "TIME_OFF_REQUEST_UPDATED",
    "TIME_OFF_REQUEST_APPROVED",
    "TIME_OFF_REQUEST_REJECTED",
    "TIME_OFF_REQUEST_STARTED",
    "TIME_OFF_REQUEST_WITHDRAWN",
    "BALANCE_UPDATED",
    "TAG_UPDATED",
    "TAG_DELETED",
    "TASK_UPDATED",
    "CLIENT_UPDATED",
    "TASK_DELETED",
    "CLIENT_DELETED",
    "EXPENSE_RESTORED",
    "ASSIGNMENT_CREATED",
    "ASSIGNMENT_DELETED",
    "ASSIGNMENT_PUBLISHED",
    "ASSIGNMENT_UPDATED",
    "EXPENSE_CREATED",
    "EXPENSE_DELETED",
    "EXPENSE_UPDATED",
    "PROJECT_UPDATED",
    "PROJECT_DELETED",
    "USER_GROUP_CREATED",
    "USER_GROUP_UPDATED",
    "USER_GROUP_DELETED",
    "USERS_INVITED_TO_WORKSPACE",
    "LIMITED_USERS_ADDED_TO_WORKSPACE",
    "COST_RATE_UPDATED",
    "BILLABLE_RATE_UPDATED",
];

/// What a webhook can be limited to.
pub(super) const TRIGGERS: &[&str] =
    &["PROJECT_ID", "USER_ID", "TAG_ID", "TASK_ID", "WORKSPACE_ID", "ASSIGNMENT_ID", "EXPENSE_ID"];

/// The ids that a change touches, by the kinds of [`TRIGGERS`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Touched<'a> {
    pub project: Option<&'a str>,
    pub user: Option<&'a str>,
    pub task: Option<&'a str>,
    pub tags: &'a [String],
    pub tag: Option<&'a str>,
}

impl Touched<'_> {
    /// Whether a webhook's limits let the change through.
    fn fits(&self, hook: &Hook) -> bool {
        let names = |id: Option<&str>| id.is_some_and(|id| hook.sources.iter().any(|source| source == id));
        match hook.trigger.as_str() {
            "WORKSPACE_ID" => hook.sources.is_empty() || names(Some(WORKSPACE_ID)),
            "PROJECT_ID" => names(self.project),
            "USER_ID" => names(self.user),
            "TASK_ID" => names(self.task),
            "TAG_ID" => names(self.tag) || self.tags.iter().any(|tag| names(Some(tag))),
            _ => false,
        }
    }
}

impl Clockify {
    /// Announces a change of an entry; `entry` is its new state, or its last one when it is gone.
    pub(super) fn announce_entry(&mut self, call: &Call, event: &'static str, entry: &Entry) {
        let touched = Touched {
            project: entry.project.as_deref(),
            user: Some(&entry.user),
            task: entry.task.as_deref(),
            tags: entry.tags.as_deref().unwrap_or_default(),
            tag: None,
        };
        self.announce(call, event, touched, |clockify| clockify.entry_delivery(entry));
    }

    /// Announces a change to every webhook that takes it. The body is made only where one does.
    pub(super) fn announce(
        &mut self,
        call: &Call,
        event: &'static str,
        touched: Touched<'_>,
        body: impl FnOnce(&Self) -> Value,
    ) {
        let takes = |hook: &&Hook| hook.receives() && hook.event == event && touched.fits(hook);
        let takers: Vec<String> =
            self.hooks.rows.values().filter(takes).map(|hook| hook.id.clone()).collect();
        if takers.is_empty() {
            return;
        }
        let body = body(self).to_string();
        for hook in takers {
            let id = self.mint(call.now);
            self.hooks.enqueue(id, hook, event, body.clone(), call.now);
        }
    }
}
