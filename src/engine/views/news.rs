//! What a delivery of a target means here: whose entry it is about, and whether it told our own write.

use crate::control::view::DetailLine;
use crate::domain::clockify_hook::{Event, Subject};
use crate::domain::echo::{Heard, hear};
use crate::domain::id::Account;
use crate::engine::desk::Desked;
use crate::engine::lookup::named;
use crate::engine::state::State;
use crate::services::clockify::delivery;

/// The lines.
pub fn lines(state: &State, target: &Account, event: &str, body: &[u8]) -> Desked<Vec<DetailLine>> {
    let line = |label: &str, value: String, why: &str| DetailLine {
        label: label.to_owned(),
        value,
        why: why.to_owned(),
    };
    let mut lines = vec![line("event", event.to_owned(), "Clockify gives no number and no time")];
    let Ok(news) = delivery::parse(event, body) else { return Ok(lines) };
    let Subject::Entry { id, read } = &news.subject else { return Ok(lines) };
    lines.push(line("id there", id.to_string(), ""));
    let draft = state.desk.draft();
    let Some(source) = draft.holder(target, id)? else {
        lines.push(line("now", "no entry here is linked to it".to_owned(), "left alone"));
        return Ok(lines);
    };
    lines.push(line("linked to", source.id.to_string(), source.account.as_str()));
    let Some(link) = draft.link(target, &source)? else { return Ok(lines) };
    let told =
        read.as_ref().filter(|_| news.event != Event::EntryDeleted).map(|read| named(state, target, read));
    let (value, why) = match hear(&link, told.as_ref()) {
        Heard::Echo => ("one of our own last eight writes", "an echo changes nothing"),
        Heard::Known => ("the state that is known", ""),
        Heard::Doubt => ("not what is known here now", "a read by id decided what it meant"),
    };
    lines.push(line("now", value.to_owned(), why));
    lines.push(line("  the entry is", link.word(false).to_string(), ""));
    Ok(lines)
}
