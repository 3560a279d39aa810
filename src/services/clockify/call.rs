//! The calls of Clockify.

use crate::services::http::Charge;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Who the token is.
    User,
    /// The workspace: plan, features, settings.
    Workspace,
    /// Users of the workspace.
    Users,
    /// Projects.
    Projects,
    /// Clients.
    Clients,
    /// Tags.
    Tags,
    /// Entries of one user.
    ListEntries,
    /// One entry.
    Entry,
    /// A new entry.
    CreateEntry,
    /// An entry replaced.
    UpdateEntry,
    /// An entry deleted.
    DeleteEntry,
    /// A new tag.
    CreateTag,
    /// A new project.
    CreateProject,
    /// A new client.
    CreateClient,
    /// The webhooks.
    Webhooks,
    /// One webhook.
    Webhook,
    /// A new webhook.
    CreateWebhook,
    /// A webhook replaced.
    PutWebhook,
    /// A webhook removed.
    DeleteWebhook,
    /// A new token for a webhook.
    RotateWebhookToken,
    /// Attempts at deliveries.
    WebhookLogs,
    /// Where deliveries stand.
    WebhookStatuses,
}

impl Call {
    /// The bucket that the call is charged to: the workspace's, whatever the call.
    pub const fn charge(self) -> Charge {
        super::CHARGE
    }

    /// The words for logs and the list of requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "profile",
            Self::Workspace => "workspace",
            Self::Users => "users",
            Self::Projects => "projects",
            Self::Clients => "clients",
            Self::Tags => "tags",
            Self::ListEntries => "entries",
            Self::Entry => "entry",
            Self::CreateEntry => "create entry",
            Self::UpdateEntry => "update entry",
            Self::DeleteEntry => "delete entry",
            Self::CreateTag => "create tag",
            Self::CreateProject => "create project",
            Self::CreateClient => "create client",
            Self::Webhooks => "webhooks",
            Self::Webhook => "webhook",
            Self::CreateWebhook => "create webhook",
            Self::PutWebhook => "replace webhook",
            Self::DeleteWebhook => "delete webhook",
            Self::RotateWebhookToken => "rotate webhook token",
            Self::WebhookLogs => "webhook log",
            Self::WebhookStatuses => "webhook statuses",
        }
    }

    /// Names one existing entry in its path.
    pub(super) const fn on_entry(self) -> bool {
        matches!(self, Self::Entry | Self::UpdateEntry | Self::DeleteEntry)
    }

    /// Names one existing webhook in its path.
    pub(super) const fn on_webhook(self) -> bool {
        matches!(
            self,
            Self::Webhook
                | Self::PutWebhook
                | Self::DeleteWebhook
                | Self::RotateWebhookToken
                | Self::WebhookLogs
                | Self::WebhookStatuses
        )
    }

    /// Its answer tells the token of a webhook, which its decoder takes into a secret.
    pub(super) const fn shows_secret(self) -> bool {
        matches!(
            self,
            Self::Webhooks
                | Self::Webhook
                | Self::CreateWebhook
                | Self::PutWebhook
                | Self::RotateWebhookToken
        )
    }
}
