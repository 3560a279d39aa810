//! Whose hook the label of a kept delivery names, and the secrets that hold for it now.

use secrecy::SecretString;

use super::heard::target_of;
use super::setup::event_label;
use super::state::State;
use crate::domain::id::Account;

/// The account, source or target; `None` when no account uses the hook any more.
pub fn account(state: &State, label: &str) -> Option<Account> {
    if let Some((target, _)) = target_of(state, label) {
        return Some(target);
    }
    let mut sources = state.setup.sources.iter().map(|source| &source.account);
    sources.find(|account| state.setup.hooks.label(account) == label).cloned()
}

/// The secrets by name; the token for a webhook of a target.
pub fn secrets(state: &State, label: &str) -> Vec<(&'static str, SecretString)> {
    let hooks = &state.setup.hooks;
    match target_of(state, label) {
        Some((target, event)) => {
            let own = hooks.event_hooks(&target).into_iter().find(|hook| hook.event == event);
            own.and_then(|hook| hook.made).map(|(_, token)| ("current", token)).into_iter().collect()
        }
        None => account(state, label).map(|account| hooks.secrets(&account)).unwrap_or_default(),
    }
}

/// The labels of all hooks that are believed.
pub fn all(state: &State) -> Vec<String> {
    let hooks = &state.setup.hooks;
    let sources = state.setup.sources.iter().map(|source| hooks.label(&source.account));
    let targets = state.setup.targets.iter().flat_map(|target| {
        let events = hooks.event_hooks(&target.account).into_iter();
        events.map(|hook| event_label(&target.account, &hook.event))
    });
    sources.chain(targets).collect()
}
