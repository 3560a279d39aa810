//! What an engine is started with. Plain values and seams; made from the settings by the command line.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::domain::id::{Account, RemoteId, Service};
use crate::domain::mapping::{Mapping, MappingEdit};
use crate::domain::policy::{OnDelete, Policy, Reenable};
use crate::services::http::Wire;

/// A source account.
#[derive(Clone)]
pub struct SourceSetup {
    /// The person's name of it.
    pub account: Account,
    /// Short tag in rows.
    pub tag: String,
    /// `https://api.track.toggl.com` or a compatible server.
    pub base_url: String,
    /// The API token.
    pub token: SecretString,
    /// The workspace; `None` when the account has one.
    pub workspace: Option<RemoteId>,
    /// What a day is; `None` is the profile's zone.
    pub zone: Option<Tz>,
    /// Make, adopt and heal the subscription.
    pub managed: bool,
    /// When to re-enable it.
    pub reenable: Reenable,
    /// Seconds between reads without a webhook.
    pub read_every_s: u32,
    /// The network.
    pub wire: Arc<dyn Wire>,
}

/// A target account.
#[derive(Clone)]
pub struct TargetSetup {
    /// The person's name of it.
    pub account: Account,
    /// Short tag in rows.
    pub tag: String,
    /// `https://api.clockify.me/api/v1` or a compatible server.
    pub base_url: String,
    /// The API key.
    pub token: SecretString,
    /// The workspace.
    pub workspace: RemoteId,
    /// Make and heal the webhooks that tell what people change there.
    pub managed: bool,
    /// What a deletion at the source does.
    pub on_delete: OnDelete,
    /// Earlier entries wait for a backfill; `None` is the day of the first start.
    pub sync_from: Option<NaiveDate>,
    /// The network.
    pub wire: Arc<dyn Wire>,
}

/// Why the mapping's file cannot be followed, with the cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// There is no file.
    #[error(
        "mapping.toml is missing: put it back; one with a comment line alone says that nothing is linked"
    )]
    Missing,
    /// There is not a word in it.
    #[error("mapping.toml is empty: put its links back; a comment line alone says that nothing is linked")]
    Empty,
    /// Where and how it is broken.
    #[error("{0}")]
    Broken(String),
}

/// A mapping and its version, or why there is none to follow.
pub type Loaded = Result<(Mapping, String), Unread>;

/// Where the mapping is kept.
pub trait MappingBook: Send + Sync {
    /// Reads it.
    fn load(&self) -> Loaded;
    /// Changes it durably and returns what it is then. Where it is not of this version any more, it stays as it is:
    /// nothing may be written over what was not read. The error is one sentence.
    fn edit(&self, version: &str, edit: &MappingEdit) -> Result<(Mapping, String), String>;
}

/// A hook's secrets, made here before the create call.
#[derive(Clone)]
pub struct Hook {
    /// The unguessable last part of the address.
    pub path: String,
    /// The signing secret.
    pub secret: SecretString,
}

/// The webhook of a target for one event. Its service makes the token, so nothing is believed there before one is kept.
#[derive(Clone)]
pub struct EventHook {
    /// The service's word, as in `TIME_ENTRY_UPDATED`.
    pub event: String,
    /// The unguessable last part of the address.
    pub path: String,
    /// The webhook and its token, once it is made.
    pub made: Option<(RemoteId, SecretString)>,
}

/// The label under which deliveries of a target's event are stored.
pub fn event_label(account: &Account, event: &str) -> String {
    format!("{account}/{event}")
}

/// Why a book has no webhooks of targets.
const NO_EVENTS: &str = "webhooks of targets are not kept here";

/// Where the hooks' secrets are kept, and how the receiver learns of them.
pub trait HookBook: Send + Sync {
    /// The hook of a source account, made and kept durably if there is none, and known to the receiver.
    fn hook(&self, account: &Account, workspace: &RemoteId) -> Result<Hook, String>;
    /// Remembers which subscription uses it.
    fn bind(&self, account: &Account, subscription: &RemoteId) -> Result<(), String>;
    /// The secrets of the account's hook that hold now, each with its name: `current`, `previous`.
    fn secrets(&self, account: &Account) -> Vec<(&'static str, SecretString)>;
    /// Until when the previous secret of the account's hook holds, if it does.
    fn overlap(&self, _: &Account) -> Option<DateTime<Utc>> {
        None
    }
    /// Makes the hook's next secret, keeps it durably, and lets the receiver take the old one too until `overlap`
    /// seconds from now.
    fn rotate(&self, account: &Account, overlap_s: i64) -> Result<SecretString, String>;
    /// Takes a secret that somebody set at the service as the current one; the one before holds until `overlap`
    /// seconds from now.
    fn accept(&self, account: &Account, secret: SecretString, overlap_s: i64) -> Result<(), String>;
    /// The label under which deliveries of this account's hook are stored.
    fn label(&self, account: &Account) -> String;
    /// The place of a target's event, made and kept durably if there is none.
    fn event_hook(&self, _: &Account, _workspace: &RemoteId, _event: &str) -> Result<EventHook, String> {
        Err(NO_EVENTS.into())
    }
    /// All places of a target's events.
    fn event_hooks(&self, _: &Account) -> Vec<EventHook> {
        Vec::new()
    }
    /// The place of one event, its webhook and its token are another event's from now on, durably.
    fn move_event(&self, _: &Account, _from: &str, _to: &str) -> Result<(), String> {
        Err(NO_EVENTS.into())
    }
    /// Keeps a webhook's token durably and lets the receiver believe it; the one before holds ten minutes more. With a
    /// path, the event is delivered there from now on.
    fn keep_token(
        &self,
        _: &Account,
        _event: &str,
        _path: Option<&str>,
        _made: (&RemoteId, SecretString),
    ) -> Result<(), String> {
        Err(NO_EVENTS.into())
    }
}

/// Tells the person's own command about an incident: facts as JSON.
pub type OnIncident = Arc<dyn Fn(serde_json::Value) -> BoxFuture<'static, ()> + Send + Sync>;

/// All of it.
#[derive(Clone)]
pub struct Setup {
    /// Source accounts.
    pub sources: Vec<SourceSetup>,
    /// Target accounts.
    pub targets: Vec<TargetSetup>,
    /// Limits and reserves.
    pub policy: Policy,
    /// Where deliveries arrive, as the services see it; `None` reads instead.
    pub public_url: Option<String>,
    /// `hourwire <host> <4 hex>`: the name of this instance's subscriptions.
    pub instance: String,
    /// `serve`, `detached`, `demo` or `command`.
    pub hosted_by: String,
    /// The mapping.
    pub mapping: Arc<dyn MappingBook>,
    /// The hooks' secrets.
    pub hooks: Arc<dyn HookBook>,
}

impl Setup {
    /// Every account with its tag and its service, sources first.
    pub fn accounts(&self) -> impl Iterator<Item = (&Account, &str, Service)> {
        let sources = self.sources.iter().map(|s| (&s.account, s.tag.as_str(), Service::Toggl));
        sources.chain(self.targets.iter().map(|t| (&t.account, t.tag.as_str(), Service::Clockify)))
    }

    /// The tag of an account; nothing for one that is not set up.
    pub fn tag(&self, account: &Account) -> &str {
        self.accounts().find(|(name, ..)| *name == account).map_or("", |(_, tag, _)| tag)
    }

    /// Whether deliveries can arrive: a command that hosts the engine for its own duration has no receiver.
    pub fn receives(&self) -> bool {
        self.public_url.is_some() && self.hosted_by != "command"
    }
}
