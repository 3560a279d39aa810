//! What happened, newest first.

use std::ops::ControlFlow;

use crate::cache::{KeyRange, rows};
use crate::control::view::{LogLine, Row};
use crate::engine::desk::Desked;
use crate::engine::state::State;

use super::{Ask, Rows};

/// The window. Numbers have no holes, so that its place is found without reading what is before it.
pub fn rows(state: &State, ask: &Ask) -> Desked<Rows> {
    let Some((newest, oldest)) = ends(state)? else { return Ok(Rows::default()) };
    let unfiltered = usize::try_from(newest - oldest + 1).unwrap_or(0);
    if !ask.takes_all() {
        let mut found = Vec::new();
        state.desk.scan(rows::logs(), usize::MAX, &mut |_, value| {
            let line: Option<LogLine> = rows::decode(value).ok();
            found.extend(line.filter(|l| ask.takes(&[&l.topic, &l.say, &l.level])).map(Row::Log));
            ControlFlow::Continue(())
        })?;
        return Ok(ask.cut(found, unfiltered));
    }
    let offset = ask.start(unfiltered);
    let range = KeyRange::new(rows::log(newest.saturating_sub(offset as u64)), rows::logs().to);
    let mut lines = Vec::new();
    state.desk.scan(range, ask.rows, &mut |_, value| {
        lines.extend(rows::decode::<LogLine>(value).ok().map(Row::Log));
        ControlFlow::Continue(())
    })?;
    Ok(Rows { total: unfiltered, unfiltered, offset, lines })
}

/// The newest line.
pub fn newest(state: &State) -> Desked<Option<LogLine>> {
    let mut newest = None;
    state.desk.scan(rows::logs(), 1, &mut |_, value| {
        newest = rows::decode(value).ok();
        ControlFlow::Break(())
    })?;
    Ok(newest)
}

/// The newest and the oldest number.
fn ends(state: &State) -> Desked<Option<(u64, u64)>> {
    let mut oldest = None;
    state.desk.scan_back(rows::logs(), 1, &mut |_, value| {
        oldest = rows::decode::<LogLine>(value).ok().map(|l| l.seq);
        ControlFlow::Break(())
    })?;
    let newest = newest(state)?.map(|line| line.seq);
    Ok(newest.zip(oldest).filter(|(new, old)| new >= old))
}
