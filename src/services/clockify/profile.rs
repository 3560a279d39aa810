//! Who the token is, and what its workspace allows.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Call, Clockify, catalogue};
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::RemoteId;
use crate::services::http::{Answer, Ask};
use crate::services::loose::{flag_at, id_at, instant_at, text_at};

/// The token's own user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub user: Item,
    /// The account's IANA zone, which list windows are read in.
    pub zone: Option<String>,
    /// The workspace in use.
    pub active_workspace: Option<RemoteId>,
    /// The default workspace.
    pub default_workspace: Option<RemoteId>,
}

/// The workspace: plan, features and the settings that refuse writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: RemoteId,
    /// Its name.
    pub name: String,
    /// `featureSubscriptionType`, as in `FREE`; empty when the service does not say.
    pub plan: String,
    /// Feature names, as in `CUSTOM_FIELDS`, `ADD_TIME_FOR_OTHERS`.
    pub features: Vec<String>,
    /// An entry needs a project.
    pub force_projects: bool,
    /// An entry needs a task.
    pub force_tasks: bool,
    /// An entry needs a tag.
    pub force_tags: bool,
    /// An entry needs a description.
    pub force_description: bool,
    /// Entries before this are locked for regular users.
    pub locked_before: Option<DateTime<Utc>>,
    /// Only timers: an entry with an end is refused.
    pub stopwatch_only: bool,
}

impl Workspace {
    /// The plan is Free, or unknown: then the smaller quota holds.
    pub fn is_free(&self) -> bool {
        self.plan.is_empty() || self.plan.eq_ignore_ascii_case("FREE")
    }

    /// The plan has this feature.
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|each| each.eq_ignore_ascii_case(feature))
    }
}

impl Clockify {
    /// Who the token is.
    pub async fn user(&self) -> Answer<Profile> {
        self.ask(Call::User, Ok(Ask::get("/user".to_owned())), |_, body| {
            let settings = body.get("settings").unwrap_or(&Value::Null);
            Ok(Profile {
                user: catalogue::item(Kind::User, &body)?,
                zone: text_at(settings, "timeZone").filter(|zone| !zone.is_empty()),
                active_workspace: id_at(&body, &["activeWorkspace"]),
                default_workspace: id_at(&body, &["defaultWorkspace"]),
            })
        })
        .await
    }

    /// The workspace.
    pub async fn workspace(&self) -> Answer<Workspace> {
        self.ask(Call::Workspace, self.under("").map(Ask::get), |_, body| {
            let settings = body.get("workspaceSettings").unwrap_or(&Value::Null);
            let features = body.get("features").and_then(Value::as_array);
            Ok(Workspace {
                id: id_at(&body, &["id"]).ok_or("a workspace without id")?,
                name: text_at(&body, "name").unwrap_or_default(),
                plan: text_at(&body, "featureSubscriptionType").unwrap_or_default(),
                features: features
                    .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                    .unwrap_or_default(),
                force_projects: flag_at(settings, "forceProjects"),
                force_tasks: flag_at(settings, "forceTasks"),
                force_tags: flag_at(settings, "forceTags"),
                force_description: flag_at(settings, "forceDescription"),
                locked_before: instant_at(settings, "lockTimeEntries"),
                stopwatch_only: text_at(settings, "timeTrackingMode").as_deref() == Some("STOPWATCH_ONLY"),
            })
        })
        .await
    }
}
