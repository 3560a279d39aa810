//! The calls of Toggl, and the bucket that each is charged to (reference/toggl.md 4.1, 5).

use crate::services::http::Charge;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// The profile, with everything related if wanted.
    Me,
    /// Own entries changed since a moment.
    EntriesSince,
    /// Own entries of a range.
    EntriesBetween,
    /// One own entry.
    Entry,
    /// The running entry.
    Current,
    /// Organizations with their plan.
    Organizations,
    /// The quota buckets.
    Quota,
    /// Projects of a workspace.
    Projects,
    /// Clients of a workspace.
    Clients,
    /// Tags of a workspace.
    Tags,
    /// Users of a workspace.
    Users,
    /// Entries of all users by Reports.
    ReportsSearch,
    /// Subscriptions of a workspace.
    Subscriptions,
    /// A new subscription.
    CreateSubscription,
    /// A subscription replaced.
    PutSubscription,
    /// A subscription switched on or off.
    SetEnabled,
    /// A subscription removed.
    DeleteSubscription,
    /// A PING asked for.
    Ping,
    /// A validation code confirmed.
    Validate,
    /// What the plan allows.
    Limits,
    /// The entities and actions on offer.
    EventFilters,
    /// Attempted deliveries.
    History,
    /// A new entry.
    CreateEntry,
    /// An entry changed.
    UpdateEntry,
    /// A timer stopped.
    StopEntry,
    /// An entry deleted.
    DeleteEntry,
}

impl Call {
    /// The bucket that the call is charged to. Webhooks calls with a workspace are assumed to cost the organization.
    pub const fn charge(self) -> Charge {
        match self {
            Self::Me
            | Self::EntriesSince
            | Self::EntriesBetween
            | Self::Entry
            | Self::Current
            | Self::Organizations
            | Self::Quota => Charge::User,
            Self::Validate | Self::Limits | Self::EventFilters => Charge::Free,
            Self::Projects
            | Self::Clients
            | Self::Tags
            | Self::Users
            | Self::ReportsSearch
            | Self::Subscriptions
            | Self::CreateSubscription
            | Self::PutSubscription
            | Self::SetEnabled
            | Self::DeleteSubscription
            | Self::Ping
            | Self::History
            | Self::CreateEntry
            | Self::UpdateEntry
            | Self::StopEntry
            | Self::DeleteEntry => Charge::Org,
        }
    }

    /// The words for logs and the list of requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Me => "profile",
            Self::EntriesSince => "entries since",
            Self::EntriesBetween => "entries of a range",
            Self::Entry => "entry",
            Self::Current => "running entry",
            Self::Organizations => "organizations",
            Self::Quota => "quota",
            Self::Projects => "projects",
            Self::Clients => "clients",
            Self::Tags => "tags",
            Self::Users => "users",
            Self::ReportsSearch => "reports search",
            Self::Subscriptions => "subscriptions",
            Self::CreateSubscription => "create subscription",
            Self::PutSubscription => "replace subscription",
            Self::SetEnabled => "switch subscription",
            Self::DeleteSubscription => "delete subscription",
            Self::Ping => "ping",
            Self::Validate => "validate",
            Self::Limits => "limits",
            Self::EventFilters => "event filters",
            Self::History => "delivery history",
            Self::CreateEntry => "create entry",
            Self::UpdateEntry => "update entry",
            Self::StopEntry => "stop entry",
            Self::DeleteEntry => "delete entry",
        }
    }

    /// The answer has a webhook secret that the decoder needs.
    pub(super) const fn shows_secret(self) -> bool {
        matches!(
            self,
            Self::Subscriptions
                | Self::CreateSubscription
                | Self::PutSubscription
                | Self::SetEnabled
                | Self::DeleteSubscription
        )
    }

    /// Under `/me`: a 403 there can only mean the token.
    pub(super) const fn on_profile(self) -> bool {
        matches!(self.charge(), Charge::User)
    }
}
