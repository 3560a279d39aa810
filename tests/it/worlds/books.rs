//! The mapping file and the hooks' secrets as they lie on a disk that survives every restart.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hourwire::domain::id::{Account, RemoteId, Service};
use hourwire::domain::mapping::{LinkRow, Mapping, MappingEdit, Rule, SourceRef, Then, When};
use hourwire::engine::setup::{EventHook, Hook, HookBook, Loaded, MappingBook, event_label};
use hourwire::receiver;
use secrecy::SecretString;

use super::dice::Dice;

/// The mapping in memory; clones share it.
#[derive(Clone)]
pub struct Mappings(Arc<Mutex<(Mapping, u64)>>);

impl Mappings {
    /// A first version.
    pub fn new(mapping: Mapping) -> Self {
        Self(Arc::new(Mutex::new((mapping, 1))))
    }

    fn content(&self) -> MutexGuard<'_, (Mapping, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person edits the file.
    pub fn change(&self, edit: &MappingEdit) -> Mapping {
        let mut content = self.content();
        apply(&mut content.0, edit);
        content.1 += 1;
        content.0.clone()
    }
}

impl MappingBook for Mappings {
    fn load(&self) -> Loaded {
        let content = self.content();
        Ok((content.0.clone(), format!("v{}", content.1)))
    }

    fn edit(&self, _: &str, edit: &MappingEdit) -> Result<(Mapping, String), String> {
        self.change(edit);
        self.load().map_err(|unread| unread.to_string())
    }
}

fn apply(mapping: &mut Mapping, edit: &MappingEdit) {
    match edit {
        MappingEdit::LinkProject { source, target, to, from } => {
            let same = |row: &&mut LinkRow| row.source.key() == source.key() && row.from == *from;
            if let Some(row) = mapping.projects.iter_mut().find(same) {
                row.target.insert(target.clone(), to.clone());
            } else {
                let target = BTreeMap::from([(target.clone(), to.clone())]);
                mapping.projects.push(LinkRow { source: source.clone(), target, from: *from });
            }
        }
        MappingEdit::UnlinkProject { source, target, from } => {
            for row in &mut mapping.projects {
                if row.source.key() == source.key() && row.from == *from {
                    row.target.remove(target);
                }
            }
            mapping.projects.retain(|row| !row.target.is_empty());
        }
        MappingEdit::SkipProject { source } => {
            mapping.rules.insert(0, Rule { when: skipped(source), then: Then::Skip });
        }
        MappingEdit::UnskipProject { source } => {
            let when = skipped(source);
            mapping.rules.retain(|rule| !(rule.when == when && rule.then == Then::Skip));
        }
        MappingEdit::LinkUser { source, target, to } => {
            mapping.users.retain(|row| row.source.key() != source.key());
            let target = BTreeMap::from([(target.clone(), to.clone())]);
            mapping.users.push(LinkRow { source: source.clone(), target, from: None });
        }
        MappingEdit::UnlinkUser { source, target } => {
            for row in mapping.users.iter_mut().filter(|row| row.source.key() == source.key()) {
                row.target.remove(target);
            }
            mapping.users.retain(|row| !row.target.is_empty());
        }
    }
}

fn skipped(source: &SourceRef) -> When {
    When { account: Some(source.account.clone()), project: Some(source.id.clone()), ..When::default() }
}

/// The secrets of the hooks as their file keeps them; clones share it. The receiver that runs learns of each.
#[derive(Clone)]
pub struct Hooks {
    dice: Dice,
    kept: Arc<Mutex<BTreeMap<Account, Hook>>>,
    events: Arc<Mutex<BTreeMap<(Account, String), EventHook>>>,
    table: Arc<Mutex<Option<Arc<receiver::Hooks>>>>,
}

impl Hooks {
    /// No hook yet.
    pub fn new(dice: Dice) -> Self {
        Self { dice, kept: Arc::default(), events: Arc::default(), table: Arc::default() }
    }

    /// Another receiver starts: it reads the file.
    pub fn open(&self, table: Arc<receiver::Hooks>) {
        for (account, hook) in self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            table.set(hook.path.clone(), known(account, hook));
        }
        for ((account, _), hook) in self.events.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            believe(&table, account, hook);
        }
        *self.table.lock().unwrap_or_else(PoisonError::into_inner) = Some(table);
    }
}

fn known(account: &Account, hook: &Hook) -> receiver::Hook {
    receiver::Hook {
        service: Service::Toggl,
        label: account.to_string(),
        secret: hook.secret.clone(),
        previous: None,
        event: None,
    }
}

/// Lets a receiver believe a target's webhook once it is made.
fn believe(table: &receiver::Hooks, account: &Account, hook: &EventHook) {
    let Some((_, token)) = &hook.made else { return };
    let known = receiver::Hook {
        service: Service::Clockify,
        label: event_label(account, &hook.event),
        secret: token.clone(),
        previous: None,
        event: Some(hook.event.clone()),
    };
    table.set(hook.path.clone(), known);
}

impl HookBook for Hooks {
    fn hook(&self, account: &Account, _: &RemoteId) -> Result<Hook, String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let hook = kept.entry(account.clone()).or_insert_with(|| Hook {
            path: format!("{:016x}{:016x}", self.dice.seed(), self.dice.seed()),
            secret: SecretString::from(format!("{:016x}{:016x}", self.dice.seed(), self.dice.seed())),
        });
        if let Some(table) = &*self.table.lock().unwrap_or_else(PoisonError::into_inner) {
            table.set(hook.path.clone(), known(account, hook));
        }
        Ok(hook.clone())
    }

    fn bind(&self, _: &Account, _: &RemoteId) -> Result<(), String> {
        Ok(())
    }

    fn secrets(&self, _: &Account) -> Vec<(&'static str, secrecy::SecretString)> {
        Vec::new()
    }

    fn rotate(&self, _: &Account, _: i64) -> Result<secrecy::SecretString, String> {
        Err("no file here".into())
    }

    fn accept(&self, _: &Account, _: secrecy::SecretString, _: i64) -> Result<(), String> {
        Err("no file here".into())
    }

    fn label(&self, account: &Account) -> String {
        account.to_string()
    }
    fn event_hook(&self, account: &Account, _: &RemoteId, event: &str) -> Result<EventHook, String> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || EventHook {
            event: event.to_owned(),
            path: format!("{:016x}{:016x}", self.dice.seed(), self.dice.seed()),
            made: None,
        };
        Ok(events.entry((account.clone(), event.to_owned())).or_insert_with(made).clone())
    }

    fn event_hooks(&self, account: &Account) -> Vec<EventHook> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|((of, _), _)| of == account).map(|(_, hook)| hook.clone()).collect()
    }

    fn keep_token(
        &self,
        account: &Account,
        event: &str,
        path: Option<&str>,
        (id, token): (&RemoteId, SecretString),
    ) -> Result<(), String> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let hook = events.get_mut(&(account.clone(), event.to_owned())).ok_or("a place comes first")?;
        if let Some(path) = path {
            path.clone_into(&mut hook.path);
        }
        hook.made = Some((id.clone(), token));
        if let Some(table) = &*self.table.lock().unwrap_or_else(PoisonError::into_inner) {
            believe(table, account, hook);
        }
        Ok(())
    }
}
