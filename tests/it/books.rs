//! Books of an engine without files: a mapping that stays, and no hooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use hourwire::domain::id::{Account, RemoteId};
use hourwire::domain::mapping::{Mapping, MappingEdit};
use hourwire::engine::setup::{Hook, HookBook, Loaded, MappingBook};
use secrecy::SecretString;

/// A mapping that nobody edits.
#[derive(Default)]
pub struct Fixed(pub Mapping);

impl MappingBook for Fixed {
    fn load(&self) -> Loaded {
        Ok((self.0.clone(), "1".into()))
    }

    fn edit(&self, _: &str, _: &MappingEdit) -> Result<(Mapping, String), String> {
        Err("no file here".into())
    }
}

/// Nothing receives.
#[derive(Clone, Default)]
pub struct NoHooks {
    /// Whether it panics when asked, as no book should.
    pub broken: Arc<AtomicBool>,
}

impl HookBook for NoHooks {
    fn hook(&self, _: &Account, _: &RemoteId) -> Result<Hook, String> {
        Err("no hooks".into())
    }

    fn bind(&self, _: &Account, _: &RemoteId) -> Result<(), String> {
        Ok(())
    }

    fn secrets(&self, _: &Account) -> Vec<(&'static str, SecretString)> {
        Vec::new()
    }

    fn rotate(&self, _: &Account, _: i64) -> Result<SecretString, String> {
        Err("no file here".into())
    }

    fn accept(&self, _: &Account, _: SecretString, _: i64) -> Result<(), String> {
        Err("no file here".into())
    }

    fn label(&self, account: &Account) -> String {
        assert!(!self.broken.load(SeqCst), "a test broke the hook book");
        account.to_string()
    }
}
