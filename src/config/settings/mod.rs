//! `hourwire.toml`: what a person sets, checked at once and in full.

mod accounts;
mod hooks;
mod place;
mod program;

use std::collections::BTreeMap;
use std::path::Path;

pub use accounts::{ClockifyAccount, TogglAccount, Webhook};
pub use hooks::Hooks;
pub use place::mistake;
pub use program::{Color, Log, LogLevel, Motion, Receiver, Ui};

use super::document::{Document, Section};
use super::error::Mistakes;
use super::file::{self, quoted};
use super::paths::{SETTINGS, THEMES};
use super::theme;
use crate::domain::id::{Account, Service};
use crate::domain::policy::Policy;

/// All settings, with every default filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Where deliveries and scrapes arrive.
    pub receiver: Receiver,
    /// Sources by the person's name.
    pub toggl: BTreeMap<Account, TogglAccount>,
    /// Targets by the person's name.
    pub clockify: BTreeMap<Account, ClockifyAccount>,
    /// Limits and waits.
    pub policy: Policy,
    /// Commands that run when something happens.
    pub hooks: Hooks,
    /// Look and feel of the dashboard.
    pub ui: Ui,
    /// The log file.
    pub log: Log,
}

/// What is known about a file beside its text.
#[derive(Clone, Debug, Default)]
pub struct FileFacts {
    /// Its permission bits; `None` leaves the check of a plain token out (text that is not from a file).
    pub mode: Option<u32>,
    /// Its path as a shell takes it, for a command to type.
    pub shell_path: String,
    /// The themes that a person has beside the built-in ones.
    pub own_themes: Vec<String>,
}

impl Settings {
    /// Reads `hourwire.toml` of a config folder. `None` when there is no such file: the no-configuration screen.
    pub fn load(config_dir: &Path) -> Result<Option<Self>, Mistakes> {
        let path = config_dir.join(SETTINGS);
        let Some(file) = file::read(&path, SETTINGS)? else { return Ok(None) };
        let facts = FileFacts {
            mode: Some(file.mode),
            shell_path: quoted(&path),
            own_themes: theme::own_names(&config_dir.join(THEMES)),
        };
        Self::parse(&file.text, &facts).map(Some)
    }

    /// Reads settings from text.
    pub fn parse(text: &str, facts: &FileFacts) -> Result<Self, Mistakes> {
        Document::read(SETTINGS, text, |root| {
            let settings = Self {
                receiver: program::receiver(root),
                toggl: accounts::toggl(root, facts),
                clockify: accounts::clockify(root, facts),
                policy: policy(root),
                hooks: hooks::hooks(root),
                ui: program::ui(root, facts),
                log: program::log(root),
            };
            accounts::check_unique(root);
            settings
        })
    }

    /// Whether any account is set; without one there is nothing to do yet.
    pub fn has_accounts(&self) -> bool {
        !self.toggl.is_empty() || !self.clockify.is_empty()
    }

    /// The service of an account.
    pub fn service(&self, account: &Account) -> Option<Service> {
        if self.toggl.contains_key(account) {
            Some(Service::Toggl)
        } else if self.clockify.contains_key(account) {
            Some(Service::Clockify)
        } else {
            None
        }
    }

    /// The keys whose change from `self` to `new` only a restart brings into force. All others may be taken over live.
    pub fn restart_for(&self, new: &Self) -> Vec<String> {
        let mut keys = Vec::new();
        if self.receiver.listen != new.receiver.listen {
            keys.push("receiver.listen".to_owned());
        }
        if self.receiver.metrics_listen != new.receiver.metrics_listen {
            keys.push("receiver.metrics_listen".to_owned());
        }
        if self.receiver.public_url != new.receiver.public_url {
            keys.push("receiver.public_url".to_owned());
        }
        if self.log != new.log {
            keys.push("log.level".to_owned());
        }
        if self.hooks != new.hooks {
            keys.push("hooks".to_owned());
        }
        let mut account = |service: Service, name: &Account, differs: bool| {
            if differs {
                keys.push(format!("{service}.{name}"));
            }
        };
        let toggl = |s: &Self, name: &Account| {
            s.toggl.get(name).map(|a| (a.workspace_id.clone(), a.base_url.clone(), a.webhook))
        };
        for name in self.toggl.keys().chain(new.toggl.keys().filter(|n| !self.toggl.contains_key(n))) {
            account(Service::Toggl, name, toggl(self, name) != toggl(new, name));
        }
        let clockify = |s: &Self, name: &Account| {
            s.clockify.get(name).map(|a| (a.workspace_id.clone(), a.base_url.clone(), a.sync_from, a.webhook))
        };
        for name in self.clockify.keys().chain(new.clockify.keys().filter(|n| !self.clockify.contains_key(n)))
        {
            account(Service::Clockify, name, clockify(self, name) != clockify(new, name));
        }
        keys
    }
}

fn policy(root: &Section<'_, '_>) -> Policy {
    let default = Policy::default();
    let Some(table) = root.section("policy") else { return default };
    let number = |key, default, range| table.number(key, range).unwrap_or(default);
    let policy = Policy {
        hold_changes: number("hold_changes", default.hold_changes, 0..=1_000_000),
        hold_deletions: number("hold_deletions", default.hold_deletions, 0..=1_000_000),
        reserve_person: number("reserve_person", default.reserve_person, 0..=90),
        reserve_repair: number("reserve_repair", default.reserve_repair, 0..=90),
        undo_days: number("undo_days", default.undo_days, 1..=3650),
        dead_letter_days: number("dead_letter_days", default.dead_letter_days, 1..=3650),
        check_every_s: number("check_every_s", default.check_every_s, 60..=3600),
    };
    if policy.reserve_person + policy.reserve_repair > 90 {
        let key = if table.has("reserve_person") { "reserve_person" } else { "reserve_repair" };
        table.document.note(
            table.span_of(key),
            format!(
                "{} + {} percent of a bucket are reserved, nothing is left for sync",
                policy.reserve_person, policy.reserve_repair
            ),
            "make reserve_person and reserve_repair at most 90 together",
        );
    }
    table.end();
    policy
}
