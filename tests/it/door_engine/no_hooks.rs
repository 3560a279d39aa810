//! A book without hooks.

use hourwire::domain::id::{Account, RemoteId};
use hourwire::engine::setup::{Hook, HookBook};

/// Nothing receives.
pub struct NoHooks;

impl HookBook for NoHooks {
    fn hook(&self, _: &Account, _: &RemoteId) -> Result<Hook, String> {
        Err("no hooks".into())
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
}
