//! Applying a delivery again from the black box.

use crate::control::command::{Price, Reply};
use crate::engine::Shared;
use crate::engine::intake;

use super::{Answered, because, entries};

/// Applies a delivery again, or says what that would change. What has not changed stays.
pub fn replay(engine: &Shared, seq: u64, dry: bool) -> Answered {
    let Some(replayed) = intake::replay(engine, seq, dry)? else {
        return because(format!("delivery {seq} is not kept any more"));
    };
    if let Some(reason) = replayed.dead {
        return because(format!("delivery {seq} still cannot be used: {reason}"));
    }
    let changed = replayed.entries + replayed.items;
    let what = match (replayed.entries, replayed.items) {
        (0, 0) => "nothing: it is known already".to_owned(),
        (0, items) => format!("{items} of projects, clients, tags and people"),
        (some, _) => entries(some),
    };
    if dry {
        let creates = u32::try_from(replayed.entries).unwrap_or(u32::MAX);
        let say = format!("delivery {seq} would change {what}");
        return Ok(Reply::Price(Price { moves: creates, say, ..Price::default() }));
    }
    let say = if changed == 0 {
        format!("delivery {seq} applied again: nothing changed")
    } else {
        format!("delivery {seq} applied again: {what} changed")
    };
    Ok(Reply::Done { say })
}
