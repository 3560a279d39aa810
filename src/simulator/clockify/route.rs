//! Paths and verbs: what is routed, what is 404/3000 and what is 405/3000.

use http::{Method, StatusCode};

use super::refuse::{self, Outcome};
use super::{Clockify, WORKSPACE_ID};
use crate::simulator::call::Call;

/// Chooses by verb; any other verb is refused with the list of these.
macro_rules! verbs {
    ($call:expr, $($verb:ident => $answer:expr),+ $(,)?) => {
        match $call.method {
            $(Method::$verb => $answer,)+
            _ => Err(refuse::method(&$call.method, &[$(stringify!($verb)),+])),
        }
    };
}

impl Clockify {
    /// The main API.
    pub(super) fn route(&mut self, call: &Call, who: &str) -> Outcome {
        match call.segments().as_slice() {
            ["user"] => verbs!(call, GET => self.me(call, who)),
            ["workspaces"] => verbs!(call, GET => Ok(self.workspaces())),
            ["workspaces", workspace, rest @ ..] => {
                self.visible(workspace)?;
                self.route_workspace(call, who, rest)
            }
            // One address may serve both hosts.
            ["report", "v1", "workspaces", workspace, "reports", "detailed"] => {
                self.visible(workspace)?;
                verbs!(call, POST => self.detailed_report(call, who))
            }
            _ => Err(refuse::path(&call.path)),
        }
    }

    /// The reports host.
    pub(super) fn route_reports(&mut self, call: &Call, who: &str) -> Outcome {
        match call.segments().as_slice() {
            ["workspaces", workspace, "reports", "detailed"]
            | ["v1", "workspaces", workspace, "reports", "detailed"]
            | ["report", "v1", "workspaces", workspace, "reports", "detailed"] => {
                self.visible(workspace)?;
                verbs!(call, POST => self.detailed_report(call, who))
            }
            _ => Err(refuse::path(&call.path)),
        }
    }

    fn visible(&self, workspace: &str) -> Outcome<()> {
        if workspace == WORKSPACE_ID {
            return Ok(());
        }
        Err(refuse::with(StatusCode::FORBIDDEN, 501, self.invented.foreign_workspace_message))
    }

    fn route_workspace(&mut self, call: &Call, who: &str, rest: &[&str]) -> Outcome {
        match rest {
            [] => verbs!(call, GET => Ok(self.workspace())),
            ["users"] => verbs!(call, GET => self.list_users(call)),
            ["clients"] => verbs!(call, GET => self.list_clients(call), POST => self.create_client(call)),
            ["clients", id] => verbs!(call,
                GET => self.get_client(id), PUT => self.put_client(call, id), DELETE => self.delete_client(call, id)),
            ["tags"] => verbs!(call, GET => self.list_tags(call), POST => self.create_tag(call)),
            ["tags", id] => verbs!(call,
                GET => self.get_tag(id), PUT => self.put_tag(call, id), DELETE => self.delete_tag(call, id)),
            ["projects"] => {
                verbs!(call, GET => self.list_projects(call), POST => self.create_project(call, who))
            }
            ["projects", id] => verbs!(call,
                GET => self.get_project(call, id), PUT => self.put_project(call, id),
                DELETE => self.delete_project(call, id)),
            ["projects", id, rest @ ..] => self.route_project(call, id, rest),
            ["custom-fields"] => {
                verbs!(call, GET => self.list_fields(call), POST => self.create_field(call))
            }
            ["custom-fields", id] => {
                verbs!(call, PUT => self.put_field(call, id), DELETE => self.delete_field(id))
            }
            ["time-entries"] => verbs!(call, POST => self.create_entry(call, who, who)),
            ["time-entries", "batch"] => verbs!(call, POST => self.read_batch(call)),
            ["time-entries", "invoiced"] => verbs!(call, PATCH => self.set_invoiced(call)),
            ["time-entries", "status", "in-progress"] => verbs!(call, GET => self.running_timers(call)),
            ["time-entries", id] => verbs!(call,
                GET => self.get_entry(call, id), PUT => self.put_entry(call, who, id),
                DELETE => self.delete_entry(call, who, id)),
            ["user", user, "time-entries"] => verbs!(call,
                GET => self.list_entries(call, who, user), POST => self.create_entry(call, who, user),
                PATCH => self.stop_timer(call, who, user), PUT => self.put_entries(call, who, user),
                DELETE => self.delete_entries(call, who, user)),
            ["user", user, "time-entries", id, "duplicate"] => {
                verbs!(call, POST => self.duplicate_entry(call, who, user, id))
            }
            ["webhooks"] => {
                verbs!(call, GET => self.list_hooks(call, who), POST => self.create_hook(call, who))
            }
            ["webhooks", id] => verbs!(call,
                GET => self.get_hook(who, id), PUT => self.put_hook(call, who, id),
                DELETE => self.delete_hook(who, id)),
            ["webhooks", id, "token"] => verbs!(call, PATCH => self.renew_hook_token(who, id)),
            ["webhooks", id, "logs"] => verbs!(call, POST => self.hook_logs(call, who, id)),
            ["webhooks", id, "statuses"] => verbs!(call, GET => self.hook_statuses(call, who, id)),
            ["entities", feed @ ("created" | "updated" | "deleted")] => {
                verbs!(call, GET => self.change_feed(call, feed))
            }
            _ => Err(refuse::path(&call.path)),
        }
    }

    fn route_project(&mut self, call: &Call, id: &str, rest: &[&str]) -> Outcome {
        match rest {
            ["tasks"] => verbs!(call, GET => self.list_tasks(call, id), POST => self.create_task(call, id)),
            ["tasks", task] => verbs!(call,
                GET => self.get_task(id, task), PUT => self.put_task(call, id, task),
                DELETE => self.delete_task(call, id, task)),
            ["tasks", task, rate @ ("hourly-rate" | "cost-rate")] => {
                verbs!(call, PUT => self.put_task_rate(call, id, task, rate))
            }
            ["estimate"] => verbs!(call, PATCH => self.patch_estimate(call, id)),
            ["template"] => verbs!(call, PATCH => self.patch_template(call, id)),
            ["memberships"] => verbs!(call,
                PATCH => self.patch_members(call, id), POST => self.add_members(call, id)),
            ["users", user, rate @ ("hourly-rate" | "cost-rate")] => {
                verbs!(call, PUT => self.put_member_rate(call, id, user, rate))
            }
            _ => Err(refuse::path(&call.path)),
        }
    }
}
