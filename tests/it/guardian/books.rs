//! The books of a machine: no mapping, and the hooks' secrets as a file would keep them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hourwire::domain::id::{Account, RemoteId, Service};
use hourwire::domain::mapping::{Mapping, MappingEdit};
use hourwire::engine::setup::{Hook, HookBook, Loaded, MappingBook};
use hourwire::receiver::{self, Hooks};

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
pub struct Book(Mutex<BTreeMap<Account, Hook>>);

impl Book {
    /// Tells the receiver.
    pub fn publish(&self, hooks: &Hooks) {
        for (account, hook) in self.0.lock().unwrap().iter() {
            let label = account.to_string();
            let known = receiver::Hook {
                service: Service::Toggl,
                label,
                secret: hook.secret.clone(),
                previous: None,
            };
            hooks.set(hook.path.clone(), known);
        }
    }
}

/// The book of a running engine.
pub struct Open {
    pub book: Arc<Book>,
    pub hooks: Arc<Hooks>,
}

impl HookBook for Open {
    fn hook(&self, account: &Account, _: &RemoteId) -> Result<Hook, String> {
        let hook = {
            let mut book = self.book.0.lock().unwrap();
            let made =
                || Hook { path: "mfrggzdfmztwq2lknnwg23tpob".into(), secret: "own-test-secret-01".into() };
            book.entry(account.clone()).or_insert_with(made).clone()
        };
        self.book.publish(&self.hooks);
        Ok(hook)
    }

    fn bind(&self, _: &Account, _: &RemoteId) -> Result<(), String> {
        Ok(())
    }

    fn label(&self, account: &Account) -> String {
        account.to_string()
    }
}
