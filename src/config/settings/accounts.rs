//! `[toggl.NAME]` and `[clockify.NAME]`: one table per account.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;
use secrecy::SecretString;

use super::FileFacts;
use super::program::address;
use crate::config::document::{Found, Section, nearest};
use crate::config::token::{Token, TokenSource};
use crate::domain::id::{Account, RemoteId};
use crate::domain::policy::{OnDelete, Reenable};

/// Who looks after the subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Webhook {
    /// Made, adopted and healed here, when `public_url` is set.
    #[default]
    Managed,
    /// None: changes are read.
    Off,
}

/// A Toggl Track account.
#[derive(Clone, Debug, PartialEq)]
pub struct TogglAccount {
    /// Short tag in rows.
    pub tag: String,
    /// The workspace; `None` when the account's only one is meant.
    pub workspace_id: Option<RemoteId>,
    /// Where the API token comes from.
    pub token: Token,
    /// `https://host[:port][/path]`, without `/api/v9` and without a closing slash.
    pub base_url: String,
    /// Who looks after the subscription.
    pub webhook: Webhook,
    /// When a disabled subscription may be enabled without a person.
    pub reenable: Reenable,
    /// What a day is; `None`: the profile's zone.
    pub zone: Option<Tz>,
    /// How often changes are read where no webhook brings them.
    pub read_every: Duration,
}

impl TogglAccount {
    /// [`Self::read_every`] in seconds.
    pub fn read_every_s(&self) -> u32 {
        u32::try_from(self.read_every.as_secs()).unwrap_or(300)
    }
}

/// A Clockify account.
#[derive(Clone, Debug, PartialEq)]
pub struct ClockifyAccount {
    /// Short tag in rows.
    pub tag: String,
    /// The workspace; `None` when the account's only one is meant.
    pub workspace_id: Option<RemoteId>,
    /// Where the API key comes from.
    pub token: Token,
    /// `https://host[:port]/api/v1`, without a closing slash.
    pub base_url: String,
    /// Who looks after the webhooks that tell what people change here.
    pub webhook: Webhook,
    /// What becomes of an entry here when it is deleted at the source.
    pub on_delete: OnDelete,
    /// Earlier entries without a link are skipped; `None`: the day of the first start.
    pub sync_from: Option<NaiveDate>,
}

/// Reads all `[toggl.*]` tables.
pub(super) fn toggl(root: &Section<'_, '_>, facts: &FileFacts) -> BTreeMap<Account, TogglAccount> {
    each(root, "toggl", |name, table| {
        let workspace_id = table.id("workspace_id");
        if let Some(id) = workspace_id.as_ref().filter(|id| id.get_ref().as_str().parse::<i64>().is_err()) {
            let what = format!("`workspace_id` in {} is no Toggl workspace", table.called());
            table.document.note(
                id.span(),
                what,
                "it is a whole number, shown in the address of Toggl's pages",
            );
        }
        let base = address(table, "base_url").unwrap_or_else(|| "https://api.track.toggl.com".to_owned());
        Some(TogglAccount {
            tag: tag(table, name),
            workspace_id: workspace_id.map(Found::into_inner),
            base_url: base.strip_suffix("/api/v9").unwrap_or(&base).to_owned(),
            webhook: webhook(table),
            reenable: table
                .word(
                    "reenable",
                    &[
                        ("evidence", Reenable::Evidence),
                        ("always", Reenable::Always),
                        ("never", Reenable::Never),
                    ],
                )
                .unwrap_or_default(),
            zone: zone(table),
            read_every: Duration::from_secs(table.number("read_every", 1..=86_400).unwrap_or(300).into()),
            token: token(table, facts)?,
        })
    })
}

/// Reads all `[clockify.*]` tables.
pub(super) fn clockify(root: &Section<'_, '_>, facts: &FileFacts) -> BTreeMap<Account, ClockifyAccount> {
    each(root, "clockify", |name, table| {
        Some(ClockifyAccount {
            tag: tag(table, name),
            workspace_id: table.id("workspace_id").map(Found::into_inner),
            base_url: address(table, "base_url")
                .unwrap_or_else(|| "https://api.clockify.me/api/v1".to_owned()),
            webhook: webhook(table),
            on_delete: table
                .word(
                    "on_delete",
                    &[("keep", OnDelete::Keep), ("retire", OnDelete::Retire), ("delete", OnDelete::Delete)],
                )
                .unwrap_or_default(),
            sync_from: table.date("sync_from"),
            token: token(table, facts)?,
        })
    })
}

/// Notes names that two services share: a name stands for one account everywhere.
pub(super) fn check_unique(root: &Section<'_, '_>) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for service in ["toggl", "clockify"] {
        let names = if root.is_table(service) { root.section(service) } else { None };
        for name in names.iter().flat_map(Section::keys) {
            if let Some(other) = seen.insert(name.get_ref().clone(), service) {
                root.document.note(
                    name.span(),
                    format!(
                        "two accounts are named `{0}`: [{other}.{0}] and [{service}.{0}]",
                        name.get_ref()
                    ),
                    "give one of them another name, also in mapping.toml",
                );
            }
        }
    }
}

fn each<T>(
    root: &Section<'_, '_>,
    service: &str,
    read: impl Fn(&str, &Section<'_, '_>) -> Option<T>,
) -> BTreeMap<Account, T> {
    let mut accounts = BTreeMap::new();
    let Some(tables) = root.section(service) else { return accounts };
    let mut nameless = false;
    for key in tables.keys() {
        let name = key.get_ref();
        if !tables.is_table(name) {
            // `[toggl]` with `tag = …` right below: told once, for all its keys.
            if !nameless {
                nameless = true;
                tables.document.note(
                    key.span(),
                    format!("`{name}` stands in [{service}], which has no name"),
                    format!("head the table [{service}.main], or with another name of yours"),
                );
            }
            tables.ignore(name);
            continue;
        }
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 32 || !name.chars().all(good) {
            let what = format!("`{name}` is no name for an account");
            tables.document.note(key.span(), what, "use up to 32 letters, digits, `-` and `_`");
        }
        let Some(table) = tables.section(name) else { continue };
        if let Some(account) = read(name, &table) {
            accounts.insert(Account::new(name.as_str()), account);
        }
        table.end();
    }
    tables.end();
    accounts
}

fn webhook(table: &Section<'_, '_>) -> Webhook {
    table.word("webhook", &[("managed", Webhook::Managed), ("off", Webhook::Off)]).unwrap_or_default()
}

fn tag(table: &Section<'_, '_>, name: &str) -> String {
    let default = || name.chars().take(2).collect::<String>().to_uppercase();
    let Some(tag) = table.string("tag", "a short text") else { return default() };
    let text = tag.get_ref();
    if text.is_empty() || text.chars().count() > 4 || !text.chars().all(char::is_alphanumeric) {
        let what = format!("`tag` in {} does not fit its column", table.called());
        table.document.note(tag.span(), what, "use one to four letters or digits");
    }
    tag.into_inner()
}

fn zone(table: &Section<'_, '_>) -> Option<Tz> {
    let found = table.string("zone", "a time zone such as \"Europe/Vienna\"")?;
    let zone = found.get_ref().parse::<Tz>().ok();
    if zone.is_none() {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let cure = match nearest(found.get_ref(), names) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write a name of the IANA list, such as \"Europe/Vienna\"".to_owned(),
        };
        let what = format!("`zone = \"{}\"` in {} is no time zone", found.get_ref(), table.called());
        table.document.note(found.span(), what, cure);
    }
    zone
}

/// The one source of a token. Notes none, more than one, and a plain one in a file that others may read.
fn token(table: &Section<'_, '_>, facts: &FileFacts) -> Option<Token> {
    let plain = table.string("token", "text");
    let env = table.string("token_env", "the name of an environment variable");
    let command = table.string("token_command", "a shell command");
    let given: Vec<&str> =
        ["token", "token_env", "token_command"].into_iter().filter(|key| table.has(key)).collect();
    let [key] = given[..] else {
        match given.last() {
            None => table.document.note(
                table.span.clone(),
                format!("{} has no token", table.called()),
                "add token_command = \"…\", token_env = \"…\", or token = \"…\" in a file of mode 0600",
            ),
            Some(last) => table.document.note(
                table.span_of(last),
                format!("{} has its token in {} places: {}", table.called(), given.len(), given.join(", ")),
                "keep one of them",
            ),
        }
        return None;
    };
    let span = table.span_of(key);
    if let Some(mode) = facts.mode.filter(|mode| plain.is_some() && mode & 0o077 != 0) {
        table.document.note(
            span.clone(),
            format!("a plain token stands in a file that others may read (mode {mode:04o})"),
            format!("type: chmod 600 {}", facts.shell_path),
        );
    }
    let found = plain.as_ref().or(env.as_ref()).or(command.as_ref())?;
    if found.get_ref().trim().is_empty() {
        table.document.note(span, format!("`{key}` in {} is empty", table.called()), "give it a value");
        return None;
    }
    let text = found.get_ref().trim();
    if key == "token_env" && (text.contains('=') || text.contains('\0')) {
        let what = format!("`token_env` in {} is no name of a variable", table.called());
        table.document.note(span, what, "write the variable's name, not its value");
        return None;
    }
    let source = match key {
        "token" => TokenSource::Plain(SecretString::from(text)),
        "token_env" => TokenSource::Env(text.to_owned()),
        _ => TokenSource::Command(text.to_owned()),
    };
    Some(Token { source, place: table.document.place(table.span_of(key)) })
}
