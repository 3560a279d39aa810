//! The workspace: its settings, features by plan, and its form on the wire.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::request::stamp;
use super::{Clockify, Plan, WORKSPACE_ID};
use crate::simulator::call::Reply;

/// The code of the workspace's default currency.
pub(super) const CURRENCY: &str = "USD";
/// The currencies of the workspace, id and code, the default first.
pub(super) const CURRENCIES: [(&str, &str); 2] =
    [("64f0c0ffee0000000000e001", CURRENCY), ("64f0c0ffee0000000000e002", "EUR")];

/// Settings that a person changes in the service's web page; there is no call for them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Entries need a project.
    pub force_projects: bool,
    /// Entries need a task.
    pub force_tasks: bool,
    /// Entries need a tag.
    pub force_tags: bool,
    /// Entries need a description.
    pub force_description: bool,
    /// Entries that start before this are locked for all but owners and admins.
    pub lock_before: Option<DateTime<Utc>>,
    /// Only timers; adding an entry with an end is refused.
    pub stopwatch_only: bool,
    /// Whether a 429 carries `Retry-After`; nobody has recorded one.
    pub retry_after: bool,
}

/// Features that clients ask for by name; Free has the first ones only.
const FREE_FEATURES: &[&str] = &["TIME_TRACKING", "ONE_MONTH_RANGE_REPORTS", "CSV_EXPORT"];
const PAID_FEATURES: &[&str] = &[
    "ADD_TIME_FOR_OTHERS",
    "APPROVAL",
    "AUTOMATIC_LOCK",
    "BREAKS",
    "BULK_EDIT",
    "CUSTOM_FIELDS",
    "DISABLE_MANUAL_MODE",
    "INVOICING",
    "PROJECT_TEMPLATES",
    "REQUIRED_FIELDS",
    "SPLIT_TIME_ENTRY",
    "TASK_RATES",
    "ONE_YEAR_RANGE_REPORTS",
    "WORKSPACE_LOCK_TIMEENTRIES",
    "WORKSPACE_TIME_ROUNDING",
];

impl Clockify {
    /// `GET /workspaces`.
    pub(super) fn workspaces(&self) -> Reply {
        Reply::json(StatusCode::OK, &json!([self.workspace_wire()]))
    }

    /// `GET /workspaces/{id}`.
    pub(super) fn workspace(&self) -> Reply {
        Reply::json(StatusCode::OK, &self.workspace_wire())
    }

    pub(super) fn workspace_wire(&self) -> Value {
        let (plan, features) = match self.plan {
            Plan::Free => ("FREE", FREE_FEATURES.to_vec()),
            Plan::Paid => (self.invented.paid_plan_name, [FREE_FEATURES, PAID_FEATURES].concat()),
        };
        let members: Vec<Value> = self.users.keys().map(|user| workspace_member(user)).collect();
        json!({
            "id": WORKSPACE_ID,
            "name": "Kern & Partners",
            "hourlyRate": {"amount": 0, "currency": CURRENCY},
            "costRate": {"amount": 0, "currency": CURRENCY},
            "memberships": members,
            "workspaceSettings": self.settings_wire(),
            "imageUrl": "",
            "featureSubscriptionType": plan,
            "features": features,
            "currencies": CURRENCIES.map(|(id, code)| json!({"id": id, "code": code, "isDefault": code == CURRENCY})),
            "subdomain": {"name": null, "enabled": false},
            "cakeOrganizationId": "64f0c0ffee00000000000ca1",
        })
    }

    fn settings_wire(&self) -> Value {
        // The form of these three is not recorded; null is the one value that all descriptions allow.
        let who_creates = json!({
            "whoCanCreateProjectsAndClients": null,
            "whoCanCreateTags": null,
            "whoCanCreateTasks": null,
        });
        json!({
            "timeRoundingInReports": false,
            "onlyAdminsSeeBillableRates": true,
            "onlyAdminsCreateProject": false,
            "onlyAdminsSeeDashboard": false,
            "defaultBillableProjects": false,
            "lockTimeEntries": self.settings.lock_before.map(stamp),
            "lockTimeZone": self.zone.name(),
            "round": {"round": "Round to nearest", "minutes": "15"},
            "projectFavorites": true,
            "canSeeTimeSheet": true,
            "canSeeTracker": true,
            "projectPickerSpecialFilter": false,
            "forceProjects": self.settings.force_projects,
            "forceTasks": self.settings.force_tasks,
            "forceTags": self.settings.force_tags,
            "forceDescription": self.settings.force_description,
            "onlyAdminsSeeAllTimeEntries": false,
            "onlyAdminsSeePublicProjectsEntries": false,
            "trackTimeDownToSecond": true,
            "projectGroupingLabel": "client",
            "adminOnlyPages": [],
            "automaticLock": null,
            "onlyAdminsCreateTag": false,
            "onlyAdminsCreateTask": false,
            "timeTrackingMode": if self.settings.stopwatch_only { "STOPWATCH_ONLY" } else { "DEFAULT" },
            "multiFactorEnabled": false,
            "numberFormat": "COMMA_PERIOD",
            "currencyFormat": "CURRENCY_SPACE_VALUE",
            "durationFormat": "FULL",
            "projectLabel": "Project",
            "taskLabel": "Task",
            "entityCreationPermissions": who_creates,
            "isProjectPublicByDefault": false,
            "onlyAdminsCanChangeBillableStatus": false,
            "activeBillableHours": true,
            "workingDays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
        })
    }
}

/// Membership of a user in the workspace.
pub(super) fn workspace_member(user: &str) -> Value {
    json!({
        "userId": user,
        "hourlyRate": null,
        "costRate": null,
        "targetId": WORKSPACE_ID,
        "membershipType": "WORKSPACE",
        "membershipStatus": "ACTIVE",
    })
}

/// A rate in minor units of the workspace's currency, or null.
pub(super) fn rate_wire(amount: Option<i64>) -> Value {
    amount.map_or(Value::Null, |amount| json!({"amount": amount, "currency": CURRENCY}))
}
