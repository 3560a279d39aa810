//! Windows on long lists, a file per kind: each takes the state and a question and gives rows. Nothing here changes
//! anything.

mod candidates;
mod conflict;
pub mod deliveries;
pub mod delivery;
mod detail;
mod differences;
mod entries;
pub mod incidents;
pub mod log;
pub mod mapping;
mod news;
pub mod refused;
mod requests;
pub mod search;
pub mod sought;
mod sync;

use crate::control::view::{Open, Row, ViewKind};

use super::Engine;
use super::desk::Desked;
use super::state::State;

/// Rows of one window at most.
pub const WINDOW: usize = 500;
/// A page stays well under one frame of the door.
const BYTES: usize = 640 * 1024;

/// The answer to a question: a window and what is around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Rows under the filter.
    pub total: usize,
    /// Rows without it.
    pub unfiltered: usize,
    /// Index of the first row here.
    pub offset: usize,
    /// The rows.
    pub lines: Vec<Row>,
}

/// The rows of a view as they are now.
pub async fn rows(engine: &Engine, open: &Open) -> Desked<Rows> {
    let ask = Ask::of(open);
    let mut rows = match &open.kind {
        ViewKind::Entries if !ask.takes_all() => search::rows(engine, &ask).await?,
        _ => at_once(engine, &mut engine.state(), &ask, &open.kind)?,
    };
    let mut bytes = 0;
    let fits = rows.lines.iter().take_while(|row| {
        bytes += serde_json::to_vec(row).map_or(0, |json| json.len());
        bytes <= BYTES
    });
    let fitting = fits.count().max(1);
    rows.lines.truncate(fitting);
    Ok(rows)
}

fn at_once(engine: &Engine, state: &mut State, ask: &Ask, kind: &ViewKind) -> Desked<Rows> {
    Ok(match kind {
        ViewKind::Entries => entries::rows(engine, state, ask)?,
        ViewKind::Mapping => mapping::rows(engine, state, ask)?,
        ViewKind::Sync => sync::rows(engine, state, ask)?,
        ViewKind::Log => log::rows(state, ask)?,
        ViewKind::Deliveries => deliveries::rows(engine, state, ask)?,
        ViewKind::Delivery { seq } => delivery::rows(engine, state, ask, *seq)?,
        ViewKind::Incidents => incidents::rows(state, ask)?,
        ViewKind::Incident { id } => incidents::timeline(state, ask, *id)?,
        ViewKind::Refused { number } => refused::rows(engine, state, ask, *number),
        ViewKind::Candidates { source, target } => candidates::rows(state, ask, source, target),
        ViewKind::Requests { account, bucket, hour } => requests::rows(state, ask, account, bucket, *hour),
        ViewKind::Detail { key } => detail::rows(engine, state, ask, key)?,
    })
}

/// What is asked for, made safe.
pub struct Ask {
    /// Words that all must occur, lower case.
    words: Vec<String>,
    /// First row wanted.
    offset: usize,
    /// Rows wanted.
    rows: usize,
}

impl Ask {
    fn of(open: &Open) -> Self {
        Self {
            words: open.filter.split_whitespace().map(str::to_lowercase).collect(),
            offset: open.offset as usize,
            rows: (open.rows as usize).min(WINDOW),
        }
    }

    /// All rows that hold these words.
    pub fn words(filter: &str) -> Self {
        let words = filter.split_whitespace().map(str::to_lowercase).collect();
        Self { words, offset: 0, rows: WINDOW }
    }

    /// Nothing is left out.
    fn takes_all(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a row with these texts is shown.
    fn takes(&self, texts: &[&str]) -> bool {
        self.takes_all() || {
            let text = texts.join("\n").to_lowercase();
            self.words.iter().all(|word| text.contains(word))
        }
    }

    /// The first row of the window, moved back where the list is shorter.
    fn start(&self, total: usize) -> usize {
        if self.offset < total { self.offset } else { total.saturating_sub(self.rows) }
    }

    /// The window of a list that is made in full.
    fn cut(&self, all: Vec<Row>, unfiltered: usize) -> Rows {
        let total = all.len();
        let offset = self.start(total);
        let rows = all.into_iter().skip(offset).take(self.rows).collect();
        Rows { total, unfiltered, offset, lines: rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(filter: &str, offset: u32, rows: u32) -> Ask {
        Ask::of(&Open { view: 1, kind: ViewKind::Log, filter: filter.into(), offset, rows })
    }

    #[test]
    fn all_words_must_occur_somewhere() {
        let one = ask(" harbor  CALL ", 0, 10);
        assert!(one.takes(&["Call: estimate", "Harbor site"]));
        assert!(!one.takes(&["Call: estimate", "Osprey shop"]));
        assert!(ask("", 0, 10).takes(&[]));
    }

    #[test]
    fn a_window_never_starts_behind_the_list() {
        assert_eq!(ask("", 90, 20).start(100), 90);
        assert_eq!(ask("", 100, 20).start(100), 80);
        assert_eq!(ask("", 7, 20).start(3), 0);
        assert_eq!(ask("", 0, 9_999).rows, WINDOW);
    }
}
