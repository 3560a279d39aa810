//! Who calls, and whether the workspace has a request left for it.

use http::StatusCode;

use super::refuse::{self, Outcome};
use super::{Clockify, Plan};
use crate::simulator::call::{Call, Reply};

impl Clockify {
    /// The id of the calling user. A person in the web page is let in without spending.
    pub(super) fn admit(&mut self, call: &Call) -> Outcome<String> {
        let who = self.authenticate(call)?;
        if !call.person {
            let plan = self.plan;
            self.quota.take(plan, call.now).map_err(|wait| self.over_quota(wait))?;
        }
        Ok(who)
    }

    fn authenticate(&self, call: &Call) -> Outcome<String> {
        let refused = |code, message| Err(refuse::with(StatusCode::UNAUTHORIZED, code, message));
        match (call.header("x-api-key"), call.header("x-addon-token")) {
            (Some(key), None) => match self.users.values().find(|user| user.key == key) {
                Some(user) => Ok(user.id.clone()),
                None => refused(4003, "Api key does not exist"),
            },
            // No add-on is installed here, so no add-on token can be good.
            (None, Some(_)) => refused(4017, "Token is not valid"),
            _ => refused(1000, "Multiple or none auth tokens present"),
        }
    }

    /// The 429 of the service; `Retry-After` only where the settings switch it on.
    pub(super) fn over_quota(&self, wait: i64) -> Reply {
        let code = self.invented.over_quota_code;
        let reply = refuse::with(StatusCode::TOO_MANY_REQUESTS, code, "Too many requests");
        if self.settings.retry_after { reply.with("Retry-After", wait) } else { reply }
    }

    /// Refuses with 403 what only paid plans have.
    pub(super) fn needs_paid_plan(&self) -> Outcome<()> {
        match self.plan {
            Plan::Paid => Ok(()),
            Plan::Free => Err(refuse::with(StatusCode::FORBIDDEN, 501, self.invented.plan_gated_message)),
        }
    }

    /// Whether a user is owner or admin.
    pub(super) fn is_admin(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|user| user.admin)
    }
}
