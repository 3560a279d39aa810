//! The state words: the same on the screen, in JSON and in metrics.

use std::fmt;

use serde::{Deserialize, Serialize};

/// State of an entry towards one target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncWord {
    /// The target confirmed it.
    Synced,
    /// Waits for its turn.
    Queued,
    /// A request is on its way, or its outcome is being looked up.
    Sending,
    /// Waits for the target's quota.
    WaitingQuota,
    /// No link, no rule and no fallback takes its project.
    Unmapped,
    /// Source and target both changed.
    Conflict,
    /// Held back, with the reason.
    Held(String),
    /// Refused for good, with the reason.
    Failed(String),
    /// Not sent on purpose, with the reason.
    Skipped(String),
    /// The timer runs; it goes to a target when stopped.
    Running,
}

impl SyncWord {
    /// The names of all words, in the order in which counters are shown.
    pub const NAMES: [&'static str; 10] = [
        "synced",
        "queued",
        "sending",
        "waiting quota",
        "unmapped",
        "conflict",
        "held",
        "failed",
        "skipped",
        "running",
    ];

    /// The names of those on their way to a target.
    pub const ON_THE_WAY: [&'static str; 3] = ["queued", "sending", "waiting quota"];

    /// The names of those that need a person before they can go on.
    pub const FOR_A_PERSON: [&'static str; 4] = ["unmapped", "conflict", "held", "failed"];

    /// The key of a counter: the word without its reason.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::WaitingQuota => "waiting quota",
            Self::Unmapped => "unmapped",
            Self::Conflict => "conflict",
            Self::Held(_) => "held",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
            Self::Running => "running",
        }
    }

    /// The reason in brackets, where the word has one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Held(r) | Self::Failed(r) | Self::Skipped(r) => Some(r),
            _ => None,
        }
    }

    /// Needs a person before it can go on.
    pub fn needs_person(&self) -> bool {
        Self::FOR_A_PERSON.contains(&self.name())
    }

    /// One column: small letters look after themselves, capitals need a person.
    pub fn letter(&self) -> char {
        match self {
            Self::Synced => 's',
            Self::Queued => 'q',
            Self::Sending => '>',
            Self::WaitingQuota => 'w',
            Self::Unmapped => 'U',
            Self::Conflict => 'C',
            Self::Held(_) => 'H',
            Self::Failed(_) => 'F',
            Self::Skipped(_) => '-',
            Self::Running => '·',
        }
    }
}

/// The class of a bond, in the order of a list of work: what needs a person first, what is done last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Class {
    /// A write is under way or its outcome unknown.
    Open = 0,
    /// A write is due.
    Ready = 1,
    /// Waits for a read that settles a doubt.
    Doubtful = 2,
    /// Needs a link.
    Unmapped = 3,
    /// Both sides changed.
    Conflict = 4,
    /// Held back.
    Held = 5,
    /// Refused.
    Failed = 6,
    /// The timer runs.
    Running = 7,
    /// Not sent on purpose.
    Skipped = 8,
    /// Confirmed.
    Synced = 9,
}

impl Class {
    /// All classes in order.
    pub const ALL: [Self; 10] = [
        Self::Open,
        Self::Ready,
        Self::Doubtful,
        Self::Unmapped,
        Self::Conflict,
        Self::Held,
        Self::Failed,
        Self::Running,
        Self::Skipped,
        Self::Synced,
    ];

    /// The key of a counter, as [`SyncWord::name`]. A due write may also wait for quota; that is the caller's to say.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "sending",
            Self::Ready | Self::Doubtful => "queued",
            Self::Unmapped => "unmapped",
            Self::Conflict => "conflict",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::Skipped => "skipped",
            Self::Synced => "synced",
        }
    }
}

impl fmt::Display for SyncWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.reason() {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_counted_under_a_word_that_is_shown() {
        for class in Class::ALL {
            assert!(SyncWord::NAMES.contains(&class.name()), "{class:?}");
        }
        assert!(SyncWord::NAMES.contains(&SyncWord::WaitingQuota.name()));
    }
}
