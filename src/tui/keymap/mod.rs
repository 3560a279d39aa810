//! Keys as data: the table of actions, the user's changes to it, and what follows from both. It must not know
//! what an action does.

mod actions;
mod docs;
mod key;
mod offers;
pub mod prices;
mod typing;
mod user;

pub use actions::{ACTIONS, Action, Context, Spec};
pub use docs::{list, markdown};
pub use key::Key;
pub use offers::{Offer, blocked, contexts, footer, offers};
pub use typing::typing;
pub use user::UserKeys;

/// Which key does what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = ACTIONS
            .iter()
            .map(|spec| spec.keys.iter().filter_map(|text| text.parse().ok()).collect())
            .collect();
        Self { keys }
    }
}

impl Keymap {
    /// The keys of an action, the shown one first.
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(action as usize).map_or(&[], Vec::as_slice)
    }

    /// The shown key of an action, or nothing when it is unbound.
    pub fn shown(&self, action: Action) -> Option<String> {
        self.keys(action).first().map(Key::to_string)
    }

    /// What a key means in contexts, innermost first.
    pub fn find(&self, contexts: &[Context], key: Key) -> Option<Action> {
        contexts.iter().find_map(|context| {
            ACTIONS
                .iter()
                .filter(|spec| spec.context == *context)
                .find(|spec| self.keys(spec.action).contains(&key))
                .map(|spec| spec.action)
        })
    }

    fn set(&mut self, action: Action, keys: Vec<Key>) {
        if let Some(slot) = self.keys.get_mut(action as usize) {
            *slot = keys;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_default_key_can_be_read_and_every_action_is_named() {
        let keymap = Keymap::default();
        for (at, spec) in ACTIONS.iter().enumerate() {
            assert_eq!(spec.action as usize, at, "{}", spec.name);
            assert_eq!(keymap.keys(spec.action).len(), spec.keys.len(), "{}", spec.name);
            assert!(!spec.label.is_empty() && spec.help.len() > 3, "{}", spec.name);
        }
    }

    #[test]
    fn no_two_actions_of_a_context_share_a_key() {
        let keymap = Keymap::default();
        let mut taken = HashMap::new();
        for spec in ACTIONS {
            for key in keymap.keys(spec.action) {
                if let Some(other) = taken.insert((spec.context, *key), spec.name) {
                    panic!("{key} is both {other} and {} in {}", spec.name, spec.context.name());
                }
            }
        }
    }
}
