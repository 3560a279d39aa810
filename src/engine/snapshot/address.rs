//! The own public address, as the guardians' probes last found it.

use chrono::{DateTime, Utc};

use crate::engine::desk::Desked;
use crate::engine::guard_page;
use crate::engine::guardian::care::Care;
use crate::engine::state::State;

/// Since when it does not answer, and why; `None` while it does.
pub fn unreached(state: &State) -> Desked<Option<(DateTime<Utc>, String)>> {
    for source in state.setup.sources.iter().filter(|source| source.managed) {
        let care: Care = guard_page::read(&state.desk, &source.account)?;
        if let Some(span) = care.down.lasting() {
            return Ok(Some((span.from, span.why.clone())));
        }
    }
    Ok(None)
}
