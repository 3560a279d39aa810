//! From a person's settings to what an engine is started with: tokens resolved, transports made.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::attach::misconfigured;
use super::exit::Failure;
use crate::config::paths::SETTINGS;
use crate::config::settings::{ClockifyAccount, Settings, TogglAccount, Webhook};
use crate::config::state::HostedBy;
use crate::config::token::Token;
use crate::config::{ConfigError, Paths};
use crate::domain::id::Account;
use crate::engine::setup::{HookBook, MappingBook, Setup, SourceSetup, TargetSetup};
use crate::services::http::{ReqwestWire, Wire};
use crate::telemetry::Redactor;

/// Reads the settings; none, or none with an account, is exit 2 and names the files to write.
pub fn settings(paths: &Paths) -> Result<Settings, Failure> {
    match Settings::load(&paths.config_dir).map_err(Failure::usage)? {
        Some(settings) if settings.has_accounts() => Ok(settings),
        _ => Err(Failure::usage(format!(
            "no account is configured; write {} and {} (README.md shows both), or try `hourwire demo`",
            paths.settings().display(),
            paths.mapping().display(),
        ))),
    }
}

/// What the engine is started with. Runs the token commands; sends no request.
pub async fn setup(
    settings: &Settings,
    hosted_by: HostedBy,
    instance: &str,
    mapping: Arc<dyn MappingBook>,
    hooks: Arc<dyn HookBook>,
) -> Result<Setup, Failure> {
    let mut sources = Vec::new();
    for (name, account) in &settings.toggl {
        sources.push(source(name, account).await?);
    }
    let mut targets = Vec::new();
    for (name, account) in &settings.clockify {
        targets.push(target(name, account).await?);
    }
    Ok(Setup {
        sources,
        targets,
        policy: settings.policy.clone(),
        public_url: settings.receiver.public_url.clone(),
        instance: instance.to_owned(),
        hosted_by: hosted_by.as_str().to_owned(),
        mapping,
        hooks,
    })
}

async fn source(name: &Account, account: &TogglAccount) -> Result<SourceSetup, Failure> {
    Ok(SourceSetup {
        account: name.clone(),
        tag: account.tag.clone(),
        base_url: account.base_url.clone(),
        token: resolve(&account.token).await?,
        workspace: account.workspace_id.clone(),
        zone: account.zone,
        managed: account.webhook == Webhook::Managed,
        reenable: account.reenable,
        read_every_s: u32::try_from(account.read_every.as_secs()).unwrap_or(u32::MAX),
        wire: wire(&account.base_url)?,
    })
}

async fn target(name: &Account, account: &ClockifyAccount) -> Result<TargetSetup, Failure> {
    let workspace = account.workspace_id.clone().ok_or_else(|| {
        misconfigured(ConfigError::about(
            SETTINGS,
            format!("[clockify.{name}] has no workspace_id"),
            "add it: the 24 hex digits in the address of Clockify's workspace settings",
        ))
    })?;
    Ok(TargetSetup {
        account: name.clone(),
        tag: account.tag.clone(),
        base_url: account.base_url.clone(),
        token: resolve(&account.token).await?,
        workspace,
        on_delete: account.on_delete,
        sync_from: account.sync_from,
        wire: wire(&account.base_url)?,
    })
}

/// The token, known to the redactor before anything can log it.
async fn resolve(token: &Token) -> Result<SecretString, Failure> {
    let secret = token.resolve().await.map_err(misconfigured)?;
    Redactor::global().register(secret.expose_secret());
    Ok(secret)
}

fn wire(base_url: &str) -> Result<Arc<dyn Wire>, Failure> {
    ReqwestWire::for_base(base_url).map(|wire| Arc::new(wire) as Arc<dyn Wire>).map_err(Failure::usage)
}
