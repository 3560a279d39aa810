//! How often each kind of event happened. A run in which a kind is rare proves nothing about it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Kinds of events that a full run must have seen.
pub const KINDS: [&str; 14] = [
    "restart",
    "duplicate delivery",
    "lost change",
    "uncertain create",
    "uncertain update",
    "uncertain delete",
    "update",
    "delete",
    "same-second edits",
    "402",
    "429",
    "disabled",
    "remap",
    "network gone",
];

/// Fewer than this of a kind fail a full run.
pub const LEAST: u64 = 20;

/// Events by name, summed over worlds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// Adds another world's.
    pub fn add(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            *self.0.entry(name.clone()).or_default() += count;
        }
    }

    /// How often.
    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// The kinds (and named writes) that came up too seldom, with their number.
    pub fn too_few(&self, writes: &[&str]) -> Vec<String> {
        let restarts = writes.iter().map(|name| restart_at(name));
        let names = KINDS.iter().map(|name| (*name).to_owned()).chain(restarts);
        names.filter(|name| self.of(name) < LEAST).map(|name| format!("{name}: {}", self.of(&name))).collect()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.0 {
            writeln!(f, "{count:8}  {name}")?;
        }
        Ok(())
    }
}

/// The kind of a restart at a named write.
pub fn restart_at(point: &str) -> String {
    format!("restart at `{point}`")
}

/// The counter of one world; clones share it.
#[derive(Clone, Default)]
pub struct Counter(Arc<Mutex<Counts>>);

impl Counter {
    /// Counts one.
    pub fn note(&self, name: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.0.entry(name.to_owned()).or_default() += 1;
    }

    /// What it came to.
    pub fn total(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
