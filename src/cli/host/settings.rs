//! Follows `hourwire.toml` while the engine runs: tokens, tags, policy and the like come into force at once, the rest is
//! said to need a restart. A file with mistakes changes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use crate::config::preferences;
use crate::config::settings::Settings;
use crate::config::token::{Token, TokenSource};
use crate::domain::id::Account;
use crate::engine::setup::Setup;
use crate::engine::{Engine, TokenBook};
use crate::telemetry::redact::Redactor;

/// The settings file behind the tokens.
pub struct TokensOnDisk {
    /// The config folder.
    pub config_dir: PathBuf,
}

impl TokensOnDisk {
    fn token(config_dir: &std::path::Path, account: &Account) -> Result<Token, String> {
        let settings = Settings::load(config_dir).map_err(|m| m.to_string())?.unwrap_or_default();
        token_of(&settings, account).ok_or_else(|| format!("hourwire.toml names no account `{account}`"))
    }
}

impl TokenBook for TokensOnDisk {
    fn fetch(&self, account: &Account) -> BoxFuture<'static, Result<SecretString, String>> {
        let token = Self::token(&self.config_dir, account);
        Box::pin(async move { resolve(&token?).await })
    }

    fn keep(&self, account: &Account, token: &SecretString) -> Result<String, String> {
        match Self::token(&self.config_dir, account)?.source {
            TokenSource::Plain(_) => {
                preferences::keep_token(&self.config_dir, account, token).map_err(|e| e.to_string())?;
                Ok("kept in hourwire.toml".into())
            }
            TokenSource::Env(name) => Ok(format!("until the next start: put it into {name}, too")),
            TokenSource::Command(_) => {
                Ok("until the next start: put it where token_command finds it, too".into())
            }
        }
    }
}

fn token_of(settings: &Settings, account: &Account) -> Option<Token> {
    let source = settings.toggl.get(account).map(|a| a.token.clone());
    source.or_else(|| settings.clockify.get(account).map(|a| a.token.clone()))
}

async fn resolve(token: &Token) -> Result<SecretString, String> {
    let token = token.resolve().await.map_err(|e| e.to_string())?;
    Redactor::global().register(token.expose_secret());
    Ok(token)
}

/// What the engine runs with, and where the file is.
pub struct Follower {
    config_dir: PathBuf,
    known: Settings,
}

impl Follower {
    /// Follows the file of this folder from these settings on.
    pub fn new(config_dir: PathBuf, known: Settings) -> Self {
        Self { config_dir, known }
    }

    /// The file has new content.
    pub async fn changed(&mut self, engine: &Arc<Engine>) {
        let new = match Settings::load(&self.config_dir) {
            Ok(Some(new)) => new,
            Ok(None) => return,
            Err(mistakes) => {
                let first = mistakes.to_string().lines().next().unwrap_or_default().to_owned();
                engine.complain(Some(format!("{first}; the settings in force hold")));
                return;
            }
        };
        engine.complain(None);
        let restart = self.known.restart_for(&new);
        let looks_only = Settings { ui: self.known.ui.clone(), ..new.clone() } == self.known;
        engine.adjust(|setup| adopt(setup, &new));
        let mut mistakes = Vec::new();
        for account in self.renewed(engine, &new) {
            let Some(token) = token_of(&new, &account) else { continue };
            match resolve(&token).await {
                Ok(token) => {
                    engine.renew(&account, token, None, false);
                }
                Err(why) => mistakes.push(why),
            }
        }
        self.known = new;
        if let Some(why) = mistakes.first() {
            engine.complain(Some(format!("{why}; the token in force holds")));
        } else if !restart.is_empty() {
            engine.notice(&format!("hourwire.toml changed; restart the engine for {}", restart.join(", ")));
        } else if !looks_only {
            engine.notice("hourwire.toml changed and is in force");
        }
    }

    /// Accounts whose token comes from elsewhere now, or does not work.
    fn renewed(&self, engine: &Engine, new: &Settings) -> Vec<Account> {
        let refused = engine.refused();
        let names = new.toggl.keys().chain(new.clockify.keys());
        names
            .filter(|a| refused.contains(a) || token_of(&self.known, a) != token_of(new, a))
            .cloned()
            .collect()
    }
}

/// What may change while the engine runs, see [`Settings::restart_for`].
fn adopt(setup: &mut Setup, new: &Settings) {
    setup.policy = new.policy.clone();
    for source in &mut setup.sources {
        let Some(account) = new.toggl.get(&source.account) else { continue };
        source.tag.clone_from(&account.tag);
        source.zone = account.zone;
        source.reenable = account.reenable;
        source.read_every_s = account.read_every_s();
    }
    for target in &mut setup.targets {
        let Some(account) = new.clockify.get(&target.account) else { continue };
        target.tag.clone_from(&account.tag);
        target.on_delete = account.on_delete;
    }
}
