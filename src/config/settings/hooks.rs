//! `[hooks]`: commands of the person that run when something happens.
//!
//! ```toml
//! [hooks]
//! incident   = "mail -s hourwire me <<< \"$HOURWIRE_FACTS\""     # an incident opened or closed; its timeline in the facts
//! quota      = "notify-send 'hourwire' \"$HOURWIRE_FACTS\""   # a bucket got low, is dry, or is well again
//! quota_left = 20                                             # percent left that count as low; 0 is only dry
//! ```
//!
//! A command is a line for `sh -c`. It gets `HOURWIRE_EVENT` (`incident`, `quota`) and `HOURWIRE_FACTS`, one JSON object, in its
//! environment and may take 30 s. Each begin and end of an incident is told at least once: when the engine is killed before
//! the command has run, the next start tells it (again).

use super::Section;

/// What runs when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// Runs when an incident opens and when it closes.
    pub incident: Option<String>,
    /// Runs when a quota bucket gets low, is dry, or is well again.
    pub quota: Option<String>,
    /// Percent left at which a bucket is low.
    pub quota_left: u32,
}

impl Default for Hooks {
    fn default() -> Self {
        Self { incident: None, quota: None, quota_left: 20 }
    }
}

/// Reads `[hooks]`.
pub(super) fn hooks(root: &Section<'_, '_>) -> Hooks {
    let default = Hooks::default();
    let Some(table) = root.section("hooks") else { return default };
    let hooks = Hooks {
        incident: table.string("incident", "a shell command").map(|found| found.into_inner()),
        quota: table.string("quota", "a shell command").map(|found| found.into_inner()),
        quota_left: table.number("quota_left", 0..=90).unwrap_or(default.quota_left),
    };
    table.end();
    hooks
}
