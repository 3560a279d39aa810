//! The person, the team, workspaces, the organization and `/me/quota`.

use chrono::DateTime;
use http::StatusCode;
use rand::Rng;
use serde_json::{Value, json};

use super::book::{ORGANIZATION, OWNER, User, Workspace};
use super::form::{Answer, fine, micros, offset, refuse};
use super::plan::{Bucket, Plan};
use super::{Toggl, render};
use crate::simulator::call::Call;

impl Toggl {
    /// `GET /me`, with everything a cold start needs when asked.
    pub(super) fn profile(&self, call: &Call, me: i64) -> Answer {
        let Some(row) = self.book.users.get(&me) else {
            return Err(refuse(StatusCode::FORBIDDEN, "User not found"));
        };
        let mut out = person(row);
        if call.query("with_related_data") == Some("true") {
            let alive = |deleted: Option<DateTime<chrono::Utc>>| deleted.is_none();
            let (clients, tags) = (self.book.clients.values(), self.book.tags.values());
            out["clients"] =
                none_if_empty(clients.filter(|row| alive(row.deleted)).map(render::client).collect());
            out["projects"] = none_if_empty(self.visible_projects(me, true, None));
            out["tags"] = none_if_empty(tags.filter(|row| alive(row.deleted)).map(render::tag).collect());
            let tasks = self.book.tasks.values().filter(|row| alive(row.deleted));
            out["tasks"] = none_if_empty(tasks.map(|row| render::task(&self.book, row)).collect());
            out["workspaces"] = json!(self.workspaces(me));
            out["time_entries"] = none_if_empty(self.recent(me, call.now));
        }
        Ok(fine(&out))
    }

    /// `POST /me/reset_token`: the old token is void at once.
    pub(super) fn reset_token(&mut self, me: i64) -> Answer {
        let token = format!("{:032x}", self.rng.random::<u128>());
        if let Some(row) = self.book.users.get_mut(&me) {
            row.token.clone_from(&token);
        }
        Ok(fine(&json!(token)))
    }

    /// `GET /me/quota`: both buckets after this call.
    pub(super) fn my_quota(&self, call: &Call, me: i64) -> Answer {
        let row = |organization: Value, bucket: Bucket| {
            let left = self.quota.left(bucket, self.plan, call.now);
            json!({"organization_id": organization, "remaining": left.remaining,
                   "resets_in_secs": left.resets_in, "total": left.total})
        };
        Ok(fine(&json!([
            row(json!(ORGANIZATION), Bucket::Organization(ORGANIZATION, me)),
            row(Value::Null, Bucket::User(me))
        ])))
    }

    /// `GET /me/preferences`.
    pub(super) fn preferences(&self, me: i64) -> Answer {
        Ok(fine(&json!({
            "beginningOfWeek": 1, "date_format": "YYYY-MM-DD", "timeofday_format": "H:mm", "duration_format": "improved",
            "pg_time_zone_name": self.zone(me).name(), "record_timeline": false, "send_timer_notifications": true,
        })))
    }

    /// `GET /me/features`.
    pub(super) fn features(&self) -> Answer {
        let paid = self.paid();
        let feature = |id: i64, name: &str, on: bool| json!({"feature_id": id, "name": name, "enabled": on});
        let rows: Vec<Value> = self
            .book
            .workspaces
            .keys()
            .map(|id| {
                json!({"workspace_id": id, "features": [
                    feature(0, "free", true), feature(13, "pro", paid),
                    feature(15, "business", self.plan == Plan::Premium)]})
            })
            .collect();
        Ok(fine(&json!(rows)))
    }

    /// `GET /me/location`.
    pub(super) fn location(&self) -> Answer {
        Ok(fine(
            &json!({"city": "", "city_lat_long": "", "country_code": "", "country_name": "", "state": ""}),
        ))
    }

    /// `GET /me/workspaces`, `GET /workspaces`.
    pub(super) fn my_workspaces(&self, _call: &Call, me: i64) -> Answer {
        Ok(fine(&json!(self.workspaces(me))))
    }

    fn workspaces(&self, me: i64) -> Vec<Value> {
        self.book.workspaces.values().map(|row| self.workspace_row(row, me)).collect()
    }

    /// `GET /workspaces/{w}`.
    pub(super) fn one_workspace(&self, id: &str, me: i64) -> Answer {
        let id = self.workspace(id)?;
        Ok(fine(&self.book.workspaces.get(&id).map_or(Value::Null, |row| self.workspace_row(row, me))))
    }

    /// `premium` means Starter or higher, `business_ws` means Premium.
    fn workspace_row(&self, row: &Workspace, me: i64) -> Value {
        let admin = self.is_admin(me);
        json!({
            "id": row.id, "organization_id": row.organization, "name": row.name, "premium": self.paid(),
            "business_ws": self.plan == Plan::Premium, "admin": admin, "role": if admin { "admin" } else { "user" },
            "suspended_at": null, "server_deleted_at": null, "default_hourly_rate": null, "rate_last_updated": null,
            "default_currency": "USD", "only_admins_may_create_projects": false,
            "only_admins_may_create_tags": false, "only_admins_see_billable_rates": false,
            "only_admins_see_team_dashboard": false, "projects_billable_by_default": true,
            "projects_private_by_default": true, "projects_enforce_billable": false,
            "limit_public_project_data": false, "last_modified": micros(row.at), "reports_collapse": true,
            "rounding": 1, "rounding_minutes": 0, "api_token": "", "at": offset(row.at),
            "logo_url": "https://example.com/logo.png", "ical_url": "", "ical_enabled": false, "csv_upload": null,
            "subscription": null, "hide_start_end_times": false, "working_hours_in_minutes": null,
        })
    }

    /// `GET /me/organizations`.
    pub(super) fn my_organizations(&self, me: i64) -> Answer {
        Ok(fine(&json!([self.organization_row(me, self.plan.title())])))
    }

    /// `GET /organizations/{o}`; recorded without the name of the plan.
    pub(super) fn organization(&self, id: &str, me: i64) -> Answer {
        if id.parse() == Ok(ORGANIZATION) {
            return Ok(fine(&self.organization_row(me, "")));
        }
        Err(refuse(StatusCode::FORBIDDEN, "User does not have access to this resource."))
    }

    fn organization_row(&self, me: i64, plan: &str) -> Value {
        let at = self.book.workspaces.values().next().map(|row| micros(row.at));
        json!({
            "id": ORGANIZATION, "name": "Kern & Moss", "pricing_plan_id": i64::from(self.paid()), "created_at": at,
            "at": at, "server_deleted_at": null, "is_multi_workspace_enabled": false, "suspended_at": null,
            "user_count": self.book.users.len(),
            "trial_info": {"trial": false, "trial_available": true, "trial_end_date": null,
                "next_payment_date": null, "last_pricing_plan_id": null, "can_have_trial": true,
                "trial_plan_id": null},
            "is_unified": false, "max_workspaces": 20, "permissions": null, "admin": self.is_admin(me),
            "owner": me == OWNER, "pricing_plan_name": plan, "pricing_plan_enterprise": false,
        })
    }

    /// `GET /workspaces/{w}/users`.
    pub(super) fn workspace_users(&self) -> Answer {
        let rows = self.book.users.values().map(|row| {
            json!({"id": row.id, "email": row.email, "fullname": row.name, "inactive": false, "is_active": true,
                   "is_admin": row.admin, "role": if row.admin { "admin" } else { "user" }})
        });
        Ok(fine(&Value::Array(rows.collect())))
    }

    /// `GET /workspaces/{w}/workspace_users`: the membership in `id`, the person in `uid` and `user_id`.
    pub(super) fn memberships(&self, workspace: i64) -> Answer {
        let rows = self.book.users.values().map(|row| {
            json!({"id": row.id + 3_000_000, "uid": row.id, "user_id": row.id, "wid": workspace,
                   "workspace_id": workspace, "name": row.name, "email": row.email, "admin": row.admin,
                   "workspace_admin": row.admin, "organization_admin": row.admin, "active": true, "inactive": false,
                   "role": if row.admin { "admin" } else { "user" }, "rate": null, "rate_last_updated": null,
                   "labor_cost": null, "timezone": row.zone.name(), "at": offset(row.at),
                   "working_hours_in_minutes": null, "group_ids": null})
        });
        Ok(fine(&Value::Array(rows.collect())))
    }
}

/// The profile without related data. Two values are as long as released clients demand.
fn person(row: &User) -> Value {
    json!({
        "id": row.id, "api_token": row.token, "email": row.email, "fullname": row.name, "timezone": row.zone.name(),
        "toggl_accounts_id": format!("SimulatedAccount{:08}", row.id), "default_workspace_id": super::WORKSPACE,
        "beginning_of_week": 1, "image_url": "https://example.com/a.png", "created_at": micros(row.at),
        "updated_at": micros(row.at), "openid_email": null, "openid_enabled": false, "country_id": null,
        "has_password": true, "at": micros(row.at), "intercom_hash": format!("{:064x}", row.id),
        "oauth_providers": ["google"], "authorization_updated_at": micros(row.at),
    })
}

/// An empty related list comes as null.
fn none_if_empty(rows: Vec<Value>) -> Value {
    if rows.is_empty() { Value::Null } else { Value::Array(rows) }
}
