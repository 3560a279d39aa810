//! The books of a machine: no mapping, and the hooks' secrets as a file would keep them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hourwire::domain::id::{Account, RemoteId, Service};
use hourwire::domain::mapping::{Mapping, MappingEdit};
use hourwire::engine::seams::Clock;
use hourwire::engine::setup::{EventHook, Hook, HookBook, Loaded, MappingBook};
use hourwire::receiver::{self, Hooks};
use secrecy::SecretString;

use super::mirror::Places;

/// No mapping.
pub struct NoMapping;

impl MappingBook for NoMapping {
    fn load(&self) -> Loaded {
        Ok((Mapping::default(), "empty".into()))
    }

    fn edit(&self, _: &MappingEdit) -> Result<(Mapping, String), String> {
        Err("no file here".into())
    }
}

/// The secrets, as a file would keep them.
#[derive(Default)]
pub struct Book(Mutex<BTreeMap<Account, Kept>>);

/// A hook and the secret before.
struct Kept {
    hook: Hook,
    previous: Option<SecretString>,
    turn: u32,
}

impl Book {
    /// Tells the receiver.
    pub fn publish(&self, hooks: &Hooks) {
        for (account, kept) in self.0.lock().unwrap().iter() {
            let hook = &kept.hook;
            let label = account.to_string();
            let known = receiver::Hook {
                service: Service::Toggl,
                label,
                secret: hook.secret.clone(),
                previous: None,
                event: None,
            };
            hooks.set(hook.path.clone(), known);
        }
    }
}

/// The book of a running engine.
pub struct Open {
    pub book: Arc<Book>,
    /// Of the target's webhooks.
    pub places: Option<Arc<Places>>,
    pub hooks: Arc<Hooks>,
    pub clock: Clock,
}

impl HookBook for Open {
    fn hook(&self, account: &Account, _: &RemoteId) -> Result<Hook, String> {
        let hook = {
            let mut book = self.book.0.lock().unwrap();
            let path = "mfrggzdfmztwq2lknnwg23tpob".into();
            let made =
                || Kept { hook: Hook { path, secret: "own-test-secret-01".into() }, previous: None, turn: 0 };
            book.entry(account.clone()).or_insert_with(made).hook.clone()
        };
        if self.book.0.lock().unwrap().get(account).is_some_and(|kept| kept.turn == 0) {
            self.book.publish(&self.hooks);
        }
        Ok(hook)
    }

    fn bind(&self, _: &Account, _: &RemoteId) -> Result<(), String> {
        Ok(())
    }

    fn secrets(&self, account: &Account) -> Vec<(&'static str, SecretString)> {
        let book = self.book.0.lock().unwrap();
        let Some(kept) = book.get(account) else { return Vec::new() };
        let previous = kept.previous.clone().map(|secret| ("previous", secret));
        std::iter::once(("current", kept.hook.secret.clone())).chain(previous).collect()
    }

    fn rotate(&self, account: &Account, overlap_s: i64) -> Result<SecretString, String> {
        let secret = {
            let mut book = self.book.0.lock().unwrap();
            let kept = book.get_mut(account).ok_or("no hook yet")?;
            kept.turn += 1;
            let next: SecretString = format!("own-test-secret-{:02}", kept.turn + 1).into();
            kept.previous = Some(std::mem::replace(&mut kept.hook.secret, next.clone()));
            self.hooks.rotate(&kept.hook.path, next.clone(), (self.clock)().timestamp() + overlap_s);
            next
        };
        Ok(secret)
    }

    fn accept(&self, account: &Account, secret: SecretString, overlap_s: i64) -> Result<(), String> {
        let mut book = self.book.0.lock().unwrap();
        let kept = book.get_mut(account).ok_or("no hook yet")?;
        kept.turn += 1;
        kept.previous = Some(std::mem::replace(&mut kept.hook.secret, secret.clone()));
        self.hooks.rotate(&kept.hook.path, secret, (self.clock)().timestamp() + overlap_s);
        Ok(())
    }

    fn label(&self, account: &Account) -> String {
        account.to_string()
    }
    fn event_hook(&self, _: &Account, _: &RemoteId, event: &str) -> Result<EventHook, String> {
        Ok(self.places.as_ref().ok_or("no target")?.place(event))
    }

    fn event_hooks(&self, _: &Account) -> Vec<EventHook> {
        self.places.as_ref().map(|places| places.all()).unwrap_or_default()
    }

    fn keep_token(
        &self,
        _: &Account,
        event: &str,
        path: Option<&str>,
        made: (&RemoteId, SecretString),
    ) -> Result<(), String> {
        let places = self.places.as_ref().ok_or("no target")?;
        places.keep(event, path, made);
        places.publish(&self.hooks);
        Ok(())
    }
}
