//! What became of deliveries, in figures.

use serde::{Deserialize, Serialize};

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
