//! The hooks' secrets of a machine as a file would keep them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use hourwire::domain::id::{Account, RemoteId, Service};
use hourwire::engine::seams::Clock;
use hourwire::engine::setup::{EventHook, Hook, HookBook};
use hourwire::receiver::{self, Hooks};
use secrecy::SecretString;

use super::mirror::Places;

/// The secrets, as a file would keep them: they survive kills.
#[derive(Default)]
pub struct Book(Mutex<BTreeMap<Account, Kept>>);

/// A hook and the secret before, with the Unix second until which it holds.
struct Kept {
    hook: Hook,
    previous: Option<(SecretString, i64)>,
    turn: u32,
}

impl Kept {
    fn take(&mut self, secret: SecretString, until: i64) {
        self.turn += 1;
        self.previous = Some((std::mem::replace(&mut self.hook.secret, secret), until));
    }

    fn next(&self) -> SecretString {
        format!("own-test-secret-{:02}", self.turn + 2).into()
    }
}

impl Book {
    /// Tells the receiver.
    pub fn publish(&self, hooks: &Hooks) {
        for (account, kept) in self.0.lock().unwrap().iter() {
            let hook = &kept.hook;
            let label = account.to_string();
            let previous = kept.previous.clone();
            let known = receiver::Hook {
                service: Service::Toggl,
                label,
                secret: hook.secret.clone(),
                previous: previous.map(|(secret, until)| receiver::Previous { secret, until }),
                event: None,
            };
            hooks.set(hook.path.clone(), known);
        }
    }

    /// A new secret is written, and the process ends before anybody hears of it.
    pub fn rotate_and_die(&self, account: &Account, until: i64) {
        let mut book = self.0.lock().unwrap();
        let kept = book.get_mut(account).expect("a hook");
        kept.take(kept.next(), until);
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

impl Open {
    fn change(
        &self,
        account: &Account,
        overlap_s: i64,
        next: impl FnOnce(&Kept) -> SecretString,
    ) -> Result<SecretString, String> {
        let mut book = self.book.0.lock().unwrap();
        let kept = book.get_mut(account).ok_or("no hook yet")?;
        let (secret, until) = (next(kept), (self.clock)().timestamp() + overlap_s);
        kept.take(secret.clone(), until);
        self.hooks.rotate(&kept.hook.path, secret.clone(), until);
        Ok(secret)
    }
}

impl HookBook for Open {
    fn hook(&self, account: &Account, _: &RemoteId) -> Result<Hook, String> {
        let made = {
            let mut book = self.book.0.lock().unwrap();
            let is_new = !book.contains_key(account);
            let path = "mfrggzdfmztwq2lknnwg23tpob".into();
            let new =
                || Kept { hook: Hook { path, secret: "own-test-secret-01".into() }, previous: None, turn: 0 };
            let hook = book.entry(account.clone()).or_insert_with(new).hook.clone();
            (hook, is_new)
        };
        if made.1 {
            self.book.publish(&self.hooks);
        }
        Ok(made.0)
    }

    fn bind(&self, _: &Account, _: &RemoteId) -> Result<(), String> {
        Ok(())
    }

    fn secrets(&self, account: &Account) -> Vec<(&'static str, SecretString)> {
        let book = self.book.0.lock().unwrap();
        let Some(kept) = book.get(account) else { return Vec::new() };
        let now = (self.clock)().timestamp();
        let previous = kept.previous.clone().filter(|(_, until)| now < *until);
        let previous = previous.map(|(secret, _)| ("previous", secret));
        std::iter::once(("current", kept.hook.secret.clone())).chain(previous).collect()
    }

    fn overlap(&self, account: &Account) -> Option<DateTime<Utc>> {
        let until = self.book.0.lock().unwrap().get(account)?.previous.as_ref()?.1;
        DateTime::from_timestamp(until, 0).filter(|until| (self.clock)() < *until)
    }

    fn rotate(&self, account: &Account, overlap_s: i64) -> Result<SecretString, String> {
        self.change(account, overlap_s, Kept::next)
    }

    fn accept(&self, account: &Account, secret: SecretString, overlap_s: i64) -> Result<(), String> {
        self.change(account, overlap_s, |_| secret).map(drop)
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

    fn move_event(&self, _: &Account, from: &str, to: &str) -> Result<(), String> {
        let places = self.places.as_ref().ok_or("no target")?;
        places.rename(from, to);
        places.publish(&self.hooks);
        Ok(())
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
