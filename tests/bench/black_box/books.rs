//! Books without content: no mapping, no hooks.

use hourwire::domain::id::{Account, RemoteId};
use hourwire::domain::mapping::{Mapping, MappingEdit};
use hourwire::engine::setup::{Hook, HookBook, Loaded, MappingBook};
use secrecy::SecretString;

/// Nothing is kept.
pub struct Nothing;

impl MappingBook for Nothing {
    fn load(&self) -> Loaded {
        Ok((Mapping::default(), "empty".into()))
    }

    fn edit(&self, _: &MappingEdit) -> Result<(Mapping, String), String> {
        Err("no file here".into())
    }
}

impl HookBook for Nothing {
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
        account.to_string()
    }
}
