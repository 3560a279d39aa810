//! The durable memory of what a person's command was told of incidents.

use super::Engine;
use super::desk::Desked;
use crate::cache::rows;
use crate::domain::incident_told::{Happened, Told};

fn key() -> Vec<u8> {
    rows::meta("incidents told")
}

impl Engine {
    /// What was told; `None` before the first start with a command.
    ///
    /// # Errors
    /// While the cache does not answer.
    pub fn incidents_told(&self) -> Desked<Option<Told>> {
        self.state().desk.get(&key())
    }

    /// Keeps a memory, where none is.
    ///
    /// # Errors
    /// While the cache does not answer.
    pub fn begin_incidents_told(&self, told: &Told) -> Desked<()> {
        self.state().desk.write("told first", |draft| draft.put(key(), told))
    }

    /// Marks an incident's begin or end as told.
    ///
    /// # Errors
    /// While the cache does not answer; it is told again after the next start then.
    pub fn incident_was_told(&self, id: u64, happened: Happened) -> Desked<()> {
        self.state().desk.write("told", |draft| {
            let mut told: Told = draft.get(&key())?.unwrap_or_default();
            told.mark(id, happened);
            draft.put(key(), &told)
        })
    }
}
