//! What became of deliveries, in figures, and how one of them is named.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::command::{Typed, Wish};
use super::view::ViewKind;

/// A delivery that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// By its place in the inbox.
    Kept(u64),
    /// By its number among those refused at the door since the receiver's start.
    Refused(u64),
}

impl Which {
    /// It in full.
    pub fn view(self) -> ViewKind {
        match self {
            Self::Kept(seq) => ViewKind::Delivery { seq },
            Self::Refused(number) => ViewKind::Refused { number },
        }
    }

    /// Checks its signature again, with this secret or with those that hold now.
    pub fn verify(self, secret: Option<Typed>) -> Wish {
        match self {
            Self::Kept(seq) => Wish::Verify { seq, secret },
            Self::Refused(number) => Wish::VerifyRefused { number, secret },
        }
    }
}

/// `4711`; of a refused one `r17`.
impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(seq) => write!(f, "{seq}"),
            Self::Refused(number) => write!(f, "r{number}"),
        }
    }
}

/// Delivery counts since the engine started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliveries {
    /// Verified deliveries, copies included.
    pub received: u64,
    /// Copies.
    pub duplicates: u64,
    /// Wrong or missing signatures.
    pub rejected: u64,
    /// Believed and answered 503, because they could not be kept: the service sends them again.
    #[serde(default)]
    pub unavailable: u64,
    /// In the dead letters now.
    pub dead: u64,
    /// In the inbox, not applied yet.
    pub unapplied: u64,
    /// Of targets: our own writes, or nothing new.
    #[serde(default)]
    pub echoes: u64,
    /// Of targets: about what no entry here is linked to.
    #[serde(default)]
    pub unlinked: u64,
}
