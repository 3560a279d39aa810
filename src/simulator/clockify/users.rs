//! Users: the caller and the list of the workspace.

use http::StatusCode;
use serde_json::{Value, json};

use super::paging::{self, Page};
use super::records::User;
use super::refuse::{self, Outcome};
use super::workspace::{rate_wire, workspace_member};
use super::{Clockify, WORKSPACE_ID, request};
use crate::simulator::call::{Call, Reply};

impl Clockify {
    /// `GET /user`.
    pub(super) fn me(&self, call: &Call, who: &str) -> Outcome {
        let memberships = request::flag(call, "include-memberships")?.unwrap_or(false);
        let user = self.users.get(who).ok_or_else(|| refuse::missing("User"))?;
        Ok(Reply::json(StatusCode::OK, &self.user_wire(user, memberships)))
    }

    /// `GET /workspaces/{id}/users`.
    pub(super) fn list_users(&self, call: &Call) -> Outcome {
        let page = Page::of(call, 50, self.invented.list_page_cap)?;
        let lower = |name| request::text(call, name).map(str::to_lowercase);
        let (email, name) = (lower("email"), lower("name"));
        let status = request::text(call, "status").unwrap_or("ALL");
        let project = request::text(call, "project-id").and_then(|id| self.projects.get(id));
        let mut rows: Vec<&User> = self
            .users
            .values()
            .filter(|_| matches!(status, "ALL" | "ACTIVE"))
            .filter(|user| email.as_ref().is_none_or(|part| user.email.to_lowercase().contains(part)))
            .filter(|user| name.as_ref().is_none_or(|part| user.name.to_lowercase().contains(part)))
            .filter(|user| project.is_none_or(|project| project.members.iter().any(|m| m.user == user.id)))
            .collect();
        let by_email = call.query("sort-column") == Some("EMAIL");
        let column = |user: &&User| if by_email { user.email.clone() } else { user.name.clone() };
        paging::sort(call, &mut rows, |user| &user.id, column);
        let memberships = !matches!(request::text(call, "memberships"), None | Some("NONE"));
        Ok(page.reply(rows, |user| self.user_wire(user, memberships)))
    }

    /// A user; memberships only where they were asked for.
    pub(super) fn user_wire(&self, user: &User, memberships: bool) -> Value {
        json!({
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "memberships": if memberships { self.memberships_of(user) } else { Vec::new() },
            "profilePicture": "",
            "activeWorkspace": WORKSPACE_ID,
            "defaultWorkspace": WORKSPACE_ID,
            "settings": settings_wire(user),
            "status": "ACTIVE",
            "customFields": [],
        })
    }

    fn memberships_of(&self, user: &User) -> Vec<Value> {
        let in_projects = self.projects.values().flat_map(|project| {
            project.members.iter().filter(|member| member.user == user.id).map(|member| {
                json!({
                    "userId": user.id,
                    "hourlyRate": rate_wire(member.hourly),
                    "costRate": rate_wire(member.cost),
                    "targetId": project.id,
                    "membershipType": "PROJECT",
                    "membershipStatus": "ACTIVE",
                })
            })
        });
        std::iter::once(workspace_member(&user.id)).chain(in_projects).collect()
    }
}

/// The roughly thirty settings; `timeZone` is the one that matters.
fn settings_wire(user: &User) -> Value {
    json!({
        "weekStart": "MONDAY",
        "timeZone": user.zone.name(),
        "timeFormat": "HOUR24",
        "dateFormat": "YYYY-MM-DD",
        "sendNewsletter": false,
        "weeklyUpdates": false,
        "longRunning": false,
        "scheduledReports": true,
        "approval": true,
        "pto": true,
        "alerts": true,
        "reminders": true,
        "invoiceReminders": false,
        "onboarding": false,
        "timeTrackingManual": true,
        "summaryReportSettings": {"group": "PROJECT", "subgroup": "TIME_ENTRY"},
        "isCompactViewOn": false,
        "dashboardSelection": "ME",
        "dashboardViewType": "PROJECT",
        "dashboardPinToTop": false,
        "projectListCollapse": 50,
        "collapseAllProjectLists": false,
        "groupSimilarEntriesDisabled": false,
        "myStartOfDay": "09:00",
        "projectPickerTaskFilter": false,
        "lang": "EN",
        "multiFactorEnabled": false,
        "scheduling": true,
        "showOnlyWorkingDays": false,
        "theme": "DEFAULT",
    })
}
