//! The parts of a project that have calls of their own: estimate, template flag, members and their rates.

use http::StatusCode;
use serde_json::{Value, json};

use super::Clockify;
use super::project_wire::time_estimate;
use super::records::{Member, Project};
use super::refuse::{self, Outcome};
use super::request::Body;
use crate::simulator::call::Call;

impl Clockify {
    fn change_project(
        &mut self,
        call: &Call,
        id: &str,
        change: impl FnOnce(&mut Project) -> Outcome<()>,
    ) -> Outcome {
        let mut project = self.projects.get(id).cloned().ok_or_else(|| refuse::missing("Project"))?;
        change(&mut project)?;
        project.stamps.updated = call.now;
        self.projects.insert(id.to_owned(), project);
        self.announce_project(call, "PROJECT_UPDATED", id);
        self.project_reply(StatusCode::OK, id)
    }

    pub(super) fn patch_estimate(&mut self, call: &Call, id: &str) -> Outcome {
        let body = Body::of(call)?;
        self.change_project(call, id, |project| {
            project.time_estimate = time_estimate(body.get("timeEstimate").unwrap_or(&Value::Null));
            project.budget_estimate = match body.get("budgetEstimate") {
                None => Value::Null,
                Some(budget) => json!({
                    "estimate": budget["estimate"].as_i64().unwrap_or(0),
                    "type": budget["type"].as_str().unwrap_or("AUTO"),
                    "resetOption": budget["resetOption"],
                    "active": budget["active"].as_bool().unwrap_or(false),
                    "includeExpenses": budget["includeExpenses"].as_bool().unwrap_or(false),
                }),
            };
            project.estimate_reset = body.get("estimateReset").cloned().unwrap_or(Value::Null);
            Ok(())
        })
    }

    pub(super) fn patch_template(&mut self, call: &Call, id: &str) -> Outcome {
        let template = Body::of(call)?.flag("isTemplate")?.unwrap_or(false);
        self.change_project(call, id, |project| {
            project.template = template;
            Ok(())
        })
    }

    /// Replaces the members.
    pub(super) fn patch_members(&mut self, call: &Call, id: &str) -> Outcome {
        let mut members = Vec::new();
        for wanted in Body::of(call)?.objects("memberships")? {
            let user = wanted.id("userId")?.unwrap_or_default();
            self.known_user(&user)?;
            members.push(Member { user, hourly: wanted.rate("hourlyRate")?, cost: wanted.rate("costRate")? });
        }
        self.change_project(call, id, |project| {
            project.members = members;
            Ok(())
        })
    }

    /// Adds members, or removes them with `remove`.
    pub(super) fn add_members(&mut self, call: &Call, id: &str) -> Outcome {
        let body = Body::of(call)?;
        let users = body.texts("userIds")?.unwrap_or_default();
        let remove = body.flag("remove")?.unwrap_or(false);
        for user in &users {
            self.known_user(user)?;
        }
        self.change_project(call, id, |project| {
            project.members.retain(|member| !remove || !users.contains(&member.user));
            for user in users.into_iter().filter(|_| !remove) {
                if project.members.iter().all(|member| member.user != user) {
                    project.members.push(Member { user, hourly: None, cost: None });
                }
            }
            Ok(())
        })
    }

    pub(super) fn put_member_rate(&mut self, call: &Call, id: &str, user: &str, rate: &str) -> Outcome {
        let amount = Body::of(call)?.number("amount")?.ok_or_else(|| refuse::domain("amount is required"))?;
        self.change_project(call, id, |project| {
            let member = project.members.iter_mut().find(|member| member.user == user);
            let member = member.ok_or_else(|| refuse::domain("User doesn't belong to Project"))?;
            match rate {
                "hourly-rate" => member.hourly = Some(amount),
                _ => member.cost = Some(amount),
            }
            Ok(())
        })
    }

    pub(super) fn known_user(&self, user: &str) -> Outcome<()> {
        refuse::unless(self.users.contains_key(user), || refuse::missing("User"))
    }
}
