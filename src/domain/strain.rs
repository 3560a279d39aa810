//! Why a service takes none of our calls for a while. Five troubles, each with a word and a way to wait of its own.
//!
//! | word | what came | what follows |
//! |---|---|---|
//! | `waiting quota` | 402, or 429 of an hourly limit | nothing leaves before the reset that was named |
//! | `not in the plan` | 402 without an empty bucket | never again, until a person asks or the plan changes |
//! | `slowed down` | 429 | the seconds that the service names, else a few |
//! | `server error` | 5xx | looked up, then sent again with growing gaps |
//! | `offline` | no way there, or no answer | tried again with growing gaps, soon where a try costs nothing |

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strain {
    /// The hourly quota is spent.
    Quota,
    /// The plan does not have it.
    Plan,
    /// Too many calls in a short time.
    Pace,
    /// The service failed.
    Server,
    /// The service was not reached, or its answer did not come.
    Network,
}

impl Strain {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Quota, Self::Plan, Self::Pace, Self::Server, Self::Network];

    /// The word: the same on the screen, in JSON and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quota => "waiting quota",
            Self::Plan => "not in the plan",
            Self::Pace => "slowed down",
            Self::Server => "server error",
            Self::Network => "offline",
        }
    }

    /// The reason of a refusal: the word, and what the service said.
    pub fn reason(self, said: &str) -> String {
        let said = said.trim().trim_end_matches('.');
        if said.is_empty() { self.as_str().to_owned() } else { format!("{self}: {said}") }
    }

    /// Whether a reason is one of this kind.
    pub fn is_reason(self, reason: &str) -> bool {
        let told = reason.strip_prefix(self.as_str());
        told.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }
}

/// The feature that writing for somebody else takes, as Clockify sells it (`ADD_TIME_FOR_OTHERS`).
pub const FOR_OTHERS: &str = "adding time for others is a paid feature";
/// What a person can do about entries that the plan keeps out.
pub const PLAN_WAY_OUT: &str =
    "take a plan that has it, or leave such entries out by a [[rule]] in mapping.toml; R sends one again";

impl fmt::Display for Strain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A trouble that passes by itself, and when the next call may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strained {
    /// What is in the way.
    pub by: Strain,
    /// When the next call may leave.
    pub until: DateTime<Utc>,
    /// Failures in a row; 0 where the service only asked to wait.
    pub times: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn five_troubles_have_five_words() {
        let words: BTreeSet<&str> = Strain::ALL.iter().map(|s| s.as_str()).collect();
        assert_eq!(words.len(), 5);
        let reason = Strain::Plan.reason("ask your administrator.");
        assert_eq!(reason, "not in the plan: ask your administrator");
        assert!(Strain::Plan.is_reason(&reason) && Strain::Plan.is_reason("not in the plan"));
        assert!(!Strain::Plan.is_reason("not in the planet") && !Strain::Server.is_reason(&reason));
    }
}
