//! How a simulator starts, what may be changed while it runs, and what a client needs to know of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::deliver::Deliverer;
use super::toggl;

/// The time as the simulated services know it.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What the services hold at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum World {
    /// Two people, five clients, a dozen projects, 60 days of history.
    #[default]
    Demo,
    /// One workspace, one user, nothing else.
    Empty,
}

/// What the workspaces pay for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plans {
    /// Toggl's plan.
    pub toggl: toggl::Plan,
    /// Whether Clockify is on its Free plan.
    pub clockify_free: bool,
}

impl Plans {
    /// The plans of `--plan`: Clockify is free with Toggl's Free, else paid.
    pub fn of(plan: toggl::Plan) -> Self {
        Self { toggl: plan, clockify_free: plan == toggl::Plan::Free }
    }
}

/// Clockify's plan in `PUT /plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockifyPlan {
    /// 30 requests in any 60 minutes.
    Free,
    /// 50 requests a second.
    Paid,
}

/// The body of `PUT /plan`; what is left out stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanChange {
    /// Toggl's plan from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toggl: Option<toggl::Plan>,
    /// Clockify's plan from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clockify: Option<ClockifyPlan>,
}

/// How a simulator starts.
#[derive(Clone)]
pub struct Options {
    /// Equal seeds, clocks and calls make equal worlds.
    pub seed: u64,
    /// What the workspaces pay for.
    pub plan: Plans,
    /// What they hold.
    pub world: World,
    /// The time.
    pub clock: Clock,
    /// The way to callbacks.
    pub deliverer: Arc<dyn Deliverer>,
}

/// Tokens and ids that a client needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Token of the person who owns the Toggl account, an administrator.
    pub toggl_token: String,
    /// Token of the second person, where there is one.
    pub toggl_second_token: Option<String>,
    /// Toggl's workspace.
    pub toggl_workspace: i64,
    /// Key of the same owner in Clockify.
    pub clockify_token: String,
    /// Clockify's workspace.
    pub clockify_workspace: String,
}
