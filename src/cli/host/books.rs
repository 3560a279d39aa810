//! The files behind the engine's books: the mapping a person edits, the secrets made here.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::mapping::{self, MappingFile};
use crate::config::paths::MAPPING;
use crate::config::secrets;
use crate::config::secrets::HookSecrets;
use crate::domain::id::{Account, RemoteId, Service};
use crate::domain::mapping::{Mapping, MappingEdit};
use crate::engine::setup::{EventHook, Hook, HookBook, Loaded, MappingBook, Unread, event_label};
use crate::receiver::{self, Hooks};
use crate::telemetry::redact::Redactor;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

/// The token of a webhook that was made anew holds this long more, for deliveries under way.
const OLD_TOKEN: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// `mapping.toml` in the config folder.
pub struct MappingOnDisk {
    /// The config folder.
    pub config_dir: PathBuf,
}

impl MappingBook for MappingOnDisk {
    fn load(&self) -> Loaded {
        let file = MappingFile::load(&self.config_dir).map_err(|m| Unread::Broken(m.to_string()))?;
        if !file.is_blank() {
            return Ok((file.parsed, file.version));
        }
        let there = self.config_dir.join(MAPPING).exists();
        Err(if there { Unread::Empty } else { Unread::Missing })
    }

    fn edit(&self, version: &str, edit: &MappingEdit) -> Result<(Mapping, String), String> {
        let path = self.config_dir.join(MAPPING);
        let file = MappingFile::load(&self.config_dir).map_err(|m| m.to_string())?;
        let found = if file.is_blank() { mapping::version("") } else { file.version };
        if found != version {
            return Err("mapping.toml has just been changed by somebody; look and choose again".into());
        }
        let text = mapping::apply(&file.text, edit).map_err(|e| e.to_string())?;
        let file = MappingFile::parse(text).map_err(|m| m.to_string())?;
        mapping::save(&self.config_dir, &file.text)
            .map_err(|e| format!("{} can't be written: {e}", path.display()))?;
        Ok((file.parsed, file.version))
    }
}

/// `webhook-secrets.toml` in the state folder, published to the receiver.
pub struct SecretsOnDisk {
    state_dir: PathBuf,
    secrets: Mutex<HookSecrets>,
    hooks: Arc<Hooks>,
}

impl SecretsOnDisk {
    /// Loads or makes the file; the receiver knows all its hooks when this returns. `host` is this machine's name.
    pub fn open(
        state_dir: PathBuf,
        host: &str,
        hooks: Arc<Hooks>,
    ) -> Result<Self, crate::config::ConfigError> {
        let mut secrets = HookSecrets::load_or_create(&state_dir, &mut rand::rng())?;
        let real = state_dir.canonicalize().unwrap_or_else(|_| state_dir.clone());
        if secrets.settle(&format!("{host}:{}", real.display()), &mut rand::rng()) {
            secrets.write(&state_dir)?;
        }
        for hook in &secrets.hooks {
            publish(&hooks, hook);
        }
        Ok(Self { state_dir, secrets: Mutex::new(secrets), hooks })
    }

    /// The four hex digits that tell this instance from others.
    pub fn instance(&self) -> String {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).instance.clone()
    }

    /// Changes an account's hook durably, then tells the receiver.
    fn change(
        &self,
        account: &Account,
        overlap_s: i64,
        change: impl FnOnce(&mut secrets::Hook, chrono::DateTime<chrono::Utc>),
    ) -> Result<SecretString, String> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = secrets.clone();
        let until = Utc::now() + chrono::TimeDelta::seconds(overlap_s);
        let Some(hook) = next.hooks.iter_mut().find(|h| h.account == *account) else {
            return Err(format!("{account} has no hook yet"));
        };
        change(hook, until);
        let hook = hook.clone();
        self.save(&next)?;
        *secrets = next;
        publish(&self.hooks, &hook);
        Ok(hook.current)
    }

    fn save(&self, secrets: &HookSecrets) -> Result<(), String> {
        secrets.save(&self.state_dir).map_err(|e| format!("the webhook secrets can't be written: {e}"))
    }
}

fn publish(hooks: &Hooks, hook: &secrets::Hook) {
    use secrecy::ExposeSecret;
    Redactor::global().register(hook.current.expose_secret());
    Redactor::global().register(&hook.path);
    let previous = hook
        .previous
        .as_ref()
        .map(|(secret, until)| receiver::Previous { secret: secret.clone(), until: until.timestamp() });
    let label = match &hook.event {
        Some(event) => event_label(&hook.account, event),
        None => hook.account.to_string(),
    };
    let known = receiver::Hook {
        service: hook.service,
        label,
        secret: hook.current.clone(),
        previous,
        event: hook.event.clone(),
    };
    hooks.set(hook.path.clone(), known);
}

impl HookBook for SecretsOnDisk {
    fn hook(&self, account: &Account, workspace: &RemoteId) -> Result<Hook, String> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hook) = secrets.hook(account, workspace) {
            return Ok(Hook { path: hook.path.clone(), secret: hook.current.clone() });
        }
        let hook = secrets::Hook::generate(
            &mut rand::rng(),
            Service::Toggl,
            account,
            workspace,
            account.to_string(),
        );
        let made = Hook { path: hook.path.clone(), secret: hook.current.clone() };
        let mut next = secrets.clone();
        next.hooks.push(hook.clone());
        self.save(&next)?;
        *secrets = next;
        publish(&self.hooks, &hook);
        Ok(made)
    }

    fn bind(&self, account: &Account, subscription: &RemoteId) -> Result<(), String> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = secrets.clone();
        for hook in next.hooks.iter_mut().filter(|h| h.account == *account) {
            hook.subscription_id = Some(subscription.clone());
        }
        self.save(&next)?;
        *secrets = next;
        Ok(())
    }

    fn secrets(&self, account: &Account) -> Vec<(&'static str, SecretString)> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let names = ["current", "previous"];
        let hooks = secrets.hooks.iter().filter(|hook| hook.account == *account);
        hooks.flat_map(|hook| names.into_iter().zip(hook.valid(Utc::now()).cloned())).collect()
    }

    fn overlap(&self, account: &Account) -> Option<DateTime<Utc>> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let hook = secrets.hooks.iter().find(|hook| hook.account == *account)?;
        hook.previous.as_ref().map(|(_, until)| *until).filter(|until| Utc::now() < *until)
    }

    fn rotate(&self, account: &Account, overlap_s: i64) -> Result<SecretString, String> {
        self.change(account, overlap_s, |hook, until| hook.rotate(&mut rand::rng(), until))
    }

    fn accept(&self, account: &Account, secret: SecretString, overlap_s: i64) -> Result<(), String> {
        self.change(account, overlap_s, |hook, until| hook.take(secret, until)).map(drop)
    }

    fn label(&self, account: &Account) -> String {
        account.to_string()
    }
    fn event_hook(&self, account: &Account, workspace: &RemoteId, event: &str) -> Result<EventHook, String> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = secrets.clone();
        if let Some(hook) = next.event_hook(account, event) {
            return Ok(event_hook(hook, event));
        }
        let label = event_label(account, event);
        let mut hook =
            secrets::Hook::generate(&mut rand::rng(), Service::Clockify, account, workspace, label);
        hook.event = Some(event.to_owned());
        next.hooks.push(hook.clone());
        self.save(&next)?;
        *secrets = next;
        publish(&self.hooks, &hook);
        Ok(event_hook(&hook, event))
    }

    fn event_hooks(&self, account: &Account) -> Vec<EventHook> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let own = secrets.hooks.iter().filter(|hook| hook.account == *account);
        own.filter_map(|hook| Some(event_hook(hook, hook.event.as_deref()?))).collect()
    }

    fn move_event(&self, account: &Account, from: &str, to: &str) -> Result<(), String> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = secrets.clone();
        let is = |hook: &secrets::Hook, event: &str| {
            hook.account == *account && hook.event.as_deref() == Some(event)
        };
        let left: Vec<String> =
            next.hooks.iter().filter(|hook| is(hook, to)).map(|hook| hook.path.clone()).collect();
        next.hooks.retain(|hook| !is(hook, to));
        let Some(hook) = next.event_hook(account, from) else {
            return Err(format!("{account} has no place for {from}"));
        };
        hook.event = Some(to.to_owned());
        hook.label = event_label(account, to);
        let hook = hook.clone();
        self.save(&next)?;
        *secrets = next;
        for path in left {
            self.hooks.remove(&path);
        }
        publish(&self.hooks, &hook);
        Ok(())
    }

    fn keep_token(
        &self,
        account: &Account,
        event: &str,
        path: Option<&str>,
        (id, token): (&RemoteId, SecretString),
    ) -> Result<(), String> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = secrets.clone();
        let Some(hook) = next.event_hook(account, event) else {
            return Err(format!("{account} has no place for {event} yet"));
        };
        let old = hook.path.clone();
        if let Some(path) = path {
            path.clone_into(&mut hook.path);
        }
        hook.take(token, Utc::now() + OLD_TOKEN);
        hook.subscription_id = Some(id.clone());
        let hook = hook.clone();
        self.save(&next)?;
        *secrets = next;
        if old != hook.path {
            self.hooks.remove(&old);
        }
        publish(&self.hooks, &hook);
        Ok(())
    }
}

fn event_hook(hook: &secrets::Hook, event: &str) -> EventHook {
    let made = hook.subscription_id.clone().map(|id| (id, hook.current.clone()));
    EventHook { event: event.to_owned(), path: hook.path.clone(), made }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mapping::SourceRef;

    #[test]
    fn nothing_is_written_over_a_file_that_was_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(MAPPING);
        let book = MappingOnDisk { config_dir: folder.path().to_owned() };
        let source = |id: i64| SourceRef { account: "main".into(), id: id.into(), name: "Harbor".into() };
        let skip = |id| MappingEdit::SkipProject { source: source(id) };
        let (_, first) = book.edit(&mapping::version(""), &skip(1)).unwrap();
        let kept = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, " \n").unwrap();
        assert_eq!(book.load(), Err(Unread::Empty));
        assert!(book.edit(&first, &skip(2)).unwrap_err().contains("just been changed"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(book.load(), Err(Unread::Missing));
        assert!(book.edit(&first, &skip(2)).is_err() && !path.exists());
        std::fs::write(&path, kept).unwrap();
        assert_eq!(book.edit(&first, &skip(2)).unwrap().0.rules.len(), 2);
    }
}
