//! Which path is which call.

use http::{Method, StatusCode};
use serde_json::json;

use super::form::{Answer, fine, missing, refuse};
use super::{Api, Step, Toggl};
use crate::simulator::call::{Call, Reply};

/// Calls that need no credentials and cost nothing.
pub fn is_open(api: Api, call: &Call) -> bool {
    let segments = call.segments();
    let open = match api {
        Api::Track => segments == ["status"],
        Api::Reports => false,
        Api::Webhooks => {
            matches!(segments[..], ["event_filters" | "status"] | ["limits", _] | ["validate", _, _, _])
        }
    };
    open && call.method == Method::GET
}

fn nowhere() -> Reply {
    missing("Not found")
}

impl Toggl {
    /// Track API v9.
    pub(super) fn track(&mut self, call: &Call, me: i64) -> Answer {
        let segments = call.segments();
        match (call.method.as_str(), &segments[..]) {
            (_, ["me", rest @ ..]) => self.own(call, me, rest),
            ("GET", ["status"]) => Ok(fine(&json!({"status": "OK"}))),
            ("GET", ["workspaces"]) => self.my_workspaces(call, me),
            ("POST", ["time_entries"]) => self.create_entry(call, me, None),
            ("GET", ["organizations", id]) => self.organization(id, me),
            ("GET", ["organizations", id, "workspaces"]) => {
                self.organization(id, me)?;
                self.my_workspaces(call, me)
            }
            ("GET", ["workspaces", id]) => self.one_workspace(id, me),
            (_, ["workspaces", id, rest @ ..]) => {
                let workspace = self.workspace(id)?;
                self.in_workspace(call, me, workspace, rest)
            }
            _ => Err(nowhere()),
        }
    }

    fn own(&mut self, call: &Call, me: i64, rest: &[&str]) -> Answer {
        match (call.method.as_str(), rest) {
            ("GET", []) => self.profile(call, me),
            ("GET", ["logged"]) => Ok(Reply::empty(StatusCode::OK)),
            ("GET", ["id"]) => Ok(fine(&json!(me))),
            ("POST", ["reset_token"]) => self.reset_token(me),
            ("GET", ["quota"]) => self.my_quota(call, me),
            ("GET", ["organizations"]) => self.my_organizations(me),
            ("GET", ["workspaces"]) => self.my_workspaces(call, me),
            ("GET", ["preferences"]) => self.preferences(me),
            ("GET", ["features"]) => self.features(),
            ("GET", ["location"]) => self.location(),
            ("GET", ["time_entries"]) => self.my_entries(call, me),
            ("GET", ["time_entries", "current"]) => self.current(call, me),
            ("GET", ["time_entries", id]) => self.my_entry(call, me, id),
            ("GET", ["projects"]) => self.my_projects(call, me),
            ("GET", ["projects", "paginated"]) => self.my_projects_paginated(call, me),
            ("GET", ["clients"]) => self.my_clients(call),
            ("GET", ["tags"]) => self.my_tags(call),
            ("GET", ["tasks"]) => self.my_tasks(call, me),
            _ => Err(nowhere()),
        }
    }

    fn in_workspace(&mut self, call: &Call, me: i64, workspace: i64, rest: &[&str]) -> Answer {
        match (call.method.as_str(), rest) {
            ("POST", ["time_entries"]) => self.create_entry(call, me, Some(workspace)),
            ("PUT", ["time_entries", id]) => self.update_entry(call, me, workspace, id),
            ("PATCH", ["time_entries", id, "stop"]) => self.stop_entry(call, me, workspace, id),
            ("PATCH", ["time_entries", ids]) => self.patch_entries(call, me, workspace, ids),
            ("DELETE", ["time_entries", id]) => self.delete_entry(call, me, workspace, id),
            (_, ["projects", rest @ ..]) => self.projects(call, me, workspace, rest),
            (_, ["clients", rest @ ..]) => self.clients(call, me, workspace, rest),
            (_, ["tags", rest @ ..]) => self.tags(call, me, workspace, rest),
            ("GET", ["tasks" | "tasks/basic"] | ["tasks", "basic"]) => {
                self.workspace_tasks(call, me, workspace)
            }
            ("GET", ["users"]) => self.workspace_users(),
            ("GET", ["workspace_users"]) => self.memberships(workspace),
            _ => Err(nowhere()),
        }
    }

    /// Reports API v3.
    pub(super) fn reports(&mut self, call: &Call, me: i64) -> Answer {
        match (call.method.as_str(), &call.segments()[..]) {
            ("POST", ["workspace", id, "search", "time_entries"]) => {
                let workspace = self.workspace(id)?;
                self.search_entries(call, me, workspace)
            }
            _ => Err(nowhere()),
        }
    }

    /// Webhooks API v1.
    pub(super) fn webhooks(&mut self, call: &Call, me: i64) -> Result<Step, Reply> {
        let segments = call.segments();
        let place = |text: &str| {
            self.workspace(text)
                .map_err(|_| refuse(StatusCode::FORBIDDEN, "User not found/accessible for workspace"))
        };
        match (call.method.as_str(), &segments[..]) {
            ("GET", ["event_filters"]) => Ok(Step::Done(super::subscriptions::event_filters())),
            ("GET", ["status"]) => Ok(Step::Done(fine(&json!({"status": "OK"})))),
            ("GET", ["limits", _]) => Ok(Step::Done(self.webhook_limits())),
            ("GET", ["validate", workspace, id, code]) => {
                self.validate(workspace, id, code, call.now).map(Step::Done)
            }
            ("GET", ["subscriptions", workspace]) => {
                let workspace = place(workspace)?;
                Ok(Step::Done(self.list_subscriptions(workspace, me)))
            }
            ("POST", ["subscriptions", workspace]) => {
                let workspace = place(workspace)?;
                self.create_subscription(call, workspace, me)
            }
            ("GET", ["subscriptions", workspace, id, "events"]) => {
                let workspace = place(workspace)?;
                self.history(call, workspace, id, me).map(Step::Done)
            }
            ("PUT" | "PATCH" | "DELETE", ["subscriptions", workspace, id]) => {
                let workspace = place(workspace)?;
                let id = self.subscription(workspace, id, me)?;
                match call.method.as_str() {
                    "PUT" => self.replace_subscription(call, id),
                    "PATCH" => self.switch_subscription(call, id),
                    _ => Ok(Step::Done(self.delete_subscription(id, call.now))),
                }
            }
            ("POST", ["ping", workspace, id]) => {
                let workspace = place(workspace)?;
                let id = self.subscription(workspace, id, me)?;
                self.ping(id, call.now)
            }
            _ => Err(nowhere()),
        }
    }
}
