//! Marking an alert as read.

use crate::control::command::Reply;
use crate::control::snapshot::DISK;
use crate::engine::Shared;
use crate::engine::snapshot::alerts;

use super::{Answered, because};

/// Hides an alert until more comes to it.
pub fn acknowledge(engine: &Shared, id: &str) -> Answered {
    if id == DISK {
        return because("it goes when the disk has room again");
    }
    let snapshot = engine.show();
    let now = engine.seams.now();
    let mut state = engine.state();
    let all = alerts::all(&state, &snapshot)?;
    let Some((_, count)) = all.iter().find(|(alert, _)| alert.id == id) else {
        return because("this alert is over already");
    };
    let mut reads: alerts::Reads = state.desk.get(&alerts::reads_key())?.unwrap_or_default();
    reads.retain(|id, _| all.iter().any(|(alert, _)| alert.id == *id));
    reads.insert(id.to_owned(), alerts::Read { at: now, count: *count });
    state.write("alert", |_, draft| draft.put(alerts::reads_key(), &reads))?;
    drop(state);
    engine.touch();
    Ok(Reply::Done { say: "marked as read; it comes back when more comes to it".into() })
}
