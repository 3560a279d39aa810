//! State words with their style: quiet when right.

use ratatui::style::Style;

use crate::control::view::LinkWord;
use crate::domain::health::{SubState, Wanted};
use crate::domain::word::SyncWord;

use super::super::theme::Styles;

/// The style of a sync word.
pub fn sync(word: &SyncWord, s: &Styles) -> Style {
    match word {
        SyncWord::Synced | SyncWord::Running => s.faint,
        SyncWord::Queued | SyncWord::Sending | SyncWord::WaitingQuota => s.pending,
        SyncWord::Unmapped | SyncWord::Held(_) => s.warn,
        SyncWord::Conflict | SyncWord::Failed(_) => s.error,
        SyncWord::Skipped(_) => s.muted,
    }
}

/// A sync word as a table shows it; a running timer is not due yet.
pub fn sync_text(word: &SyncWord) -> String {
    match word {
        SyncWord::Running => "·".to_owned(),
        word => word.to_string(),
    }
}

/// The style of a subscription's sign and word. What a person switched off is a decision, not a fault.
pub fn subscription(state: SubState, wanted: Wanted, s: &Styles) -> Style {
    match (state, wanted) {
        (_, Wanted::Disabled) => s.muted,
        (SubState::Active, _) => s.ok,
        (SubState::Pending, _) => s.pending,
        (SubState::NotValidated | SubState::Disabled | SubState::DisabledByFailures, _) => s.error,
        (SubState::Drifted | SubState::Silent | SubState::DisabledByPlan, _) => s.warn,
        (SubState::Off, _) => s.muted,
        (SubState::Unknown, _) => s.stale,
    }
}

/// A link as sign and word, with its style.
pub fn link<'a>(link: &'a LinkWord, s: &Styles) -> (&'static str, &'a str, Style) {
    match link {
        LinkWord::Same(_) => ("=", "same name", s.faint),
        LinkWord::Other(to) => ("≈", to.name.as_str(), s.fg),
        LinkWord::Skipped => ("–", "skipped (rule)", s.muted),
        LinkWord::Fallback(to) => ("→", to.name.as_str(), s.muted),
        LinkWord::Unmapped => ("", "unmapped", s.warn),
        LinkWord::Gone(to) => ("×", to.name.as_str(), s.warn),
    }
}
