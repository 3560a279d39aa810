//! What the receiver asks of a verifier.

use http::HeaderMap;

use crate::domain::id::Service;

/// Tells whether a delivery is from whom it says.
pub trait Verifier: Send + Sync {
    /// Checks a delivery by the secret part of its path, its headers and its raw body. Takes the same time for an
    /// unknown path as for a wrong signature.
    fn check(&self, path: &str, headers: &HeaderMap, body: &[u8]) -> Verdict;

    /// The label of the hook that a path belongs to, for people who look at what was refused.
    fn label(&self, path: &str) -> Option<String>;
}

/// What a verifier found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is genuine.
    Accepted {
        /// The label of its hook.
        hook: String,
        /// Whose delivery it is: says what a copy is.
        service: Service,
        /// It was signed with the previous secret, which still holds.
        by_previous: bool,
    },
    /// It is not. The sender learns nothing of the reason.
    Refused(Refusal),
}

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No hook has this path.
    UnknownPath,
    /// The signature header is missing, or there are several.
    NoSignature,
    /// The signature is of another scheme or length, or not hexadecimal.
    BadForm,
    /// The signature is not ours.
    WrongSignature,
    /// It names another event than the hook is for.
    WrongEvent,
}

impl Refusal {
    /// The reason in a few words, for logs and lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownPath => "unknown path",
            Self::NoSignature => "no signature",
            Self::BadForm => "malformed signature",
            Self::WrongSignature => "wrong signature",
            Self::WrongEvent => "wrong event",
        }
    }
}
