//! The viewer's windows on the engine's long lists. The old page stays, marked as waiting, until the new one comes;
//! every change of a question gets a number of its own, so that a late answer can't be taken for another one.

use std::collections::BTreeMap;

use crate::control::message::ToEngine;
use crate::control::view::{Delta, EntryLine, Open, Page, Row, ViewKind};

use super::row_id;

/// Rows asked for at once.
pub const WINDOW: u32 = 300;
/// Rows left at the edge of the window when the next window is asked for.
const MARGIN: u32 = 60;

/// What a view is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The entries of Today.
    Entries,
    /// The day's entries without filter, for the timeline.
    Lanes,
    /// Mapping.
    Mapping,
    /// Sync.
    Sync,
    /// Log.
    Log,
    /// The facts in a drawer.
    Detail,
    /// The deliveries in a drawer.
    Deliveries,
    /// The incidents in a drawer.
    Incidents,
    /// The timeline of one of them.
    Steps,
    /// The requests in a drawer.
    Requests,
    /// The candidates in a drawer.
    Candidates,
    /// The best candidate of the first unmapped project, for the Overview.
    Best,
}

/// An open window.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// What was asked for last.
    pub open: Open,
    /// What came last; may answer an earlier question while `waiting`.
    pub page: Option<Page>,
    /// The answer to the last question has not come.
    pub waiting: bool,
}

/// All open windows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Views {
    open: BTreeMap<Slot, View>,
    last: u32,
}

impl Views {
    /// The view of a slot.
    pub fn get(&self, slot: Slot) -> Option<&View> {
        self.open.get(&slot)
    }

    /// The rows of a slot, with the index of the first.
    pub fn rows(&self, slot: Slot) -> (usize, &[Row]) {
        match self.open.get(&slot).and_then(|v| v.page.as_ref()) {
            Some(page) => (page.offset as usize, &page.rows),
            None => (0, &[]),
        }
    }

    /// The row at an index of the whole list, if it is in the window.
    pub fn row(&self, slot: Slot, index: usize) -> Option<&Row> {
        let (offset, rows) = self.rows(slot);
        index.checked_sub(offset).and_then(|at| rows.get(at))
    }

    /// Rows in all.
    pub fn total(&self, slot: Slot) -> usize {
        self.open.get(&slot).and_then(|v| v.page.as_ref()).map_or(0, |p| p.total as usize)
    }

    /// The filter in force, or asked for.
    pub fn filter(&self, slot: Slot) -> &str {
        self.open.get(&slot).map_or("", |v| v.open.filter.as_str())
    }

    /// Opens a view, unless it is open with this kind. Another kind drops the old page: it is about something else.
    pub fn ensure(&mut self, slot: Slot, kind: ViewKind, rows: u32) -> Vec<ToEngine> {
        if self.open.get(&slot).is_some_and(|v| v.open.kind == kind) {
            return Vec::new();
        }
        let closed = self.close(slot);
        let open = Open { view: self.number(), kind, filter: String::new(), offset: 0, rows };
        self.open.insert(slot, View { open: open.clone(), page: None, waiting: true });
        closed.into_iter().chain([ToEngine::Open(open)]).collect()
    }

    /// Asks for another filter from the first row on.
    pub fn set_filter(&mut self, slot: Slot, filter: &str) -> Vec<ToEngine> {
        self.ask_again(slot, |open| {
            filter.clone_into(&mut open.filter);
            open.offset = 0;
        })
    }

    /// Asks for the window around an index when it comes near an edge behind which there is more.
    pub fn follow(&mut self, slot: Slot, index: usize) -> Vec<ToEngine> {
        let Some(view) = self.open.get(&slot) else { return Vec::new() };
        let Some(page) = view.page.as_ref().filter(|_| !view.waiting) else { return Vec::new() };
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let end = page.offset + u32::try_from(page.rows.len()).unwrap_or(0);
        let above = page.offset > 0 && index < page.offset + MARGIN;
        let below = end < page.total && index + MARGIN > end;
        let offset = index.saturating_sub(WINDOW / 2);
        if !(above || below) || offset == view.open.offset {
            return Vec::new();
        }
        self.ask_again(slot, |open| open.offset = offset)
    }

    /// Forgets a view.
    pub fn close(&mut self, slot: Slot) -> Vec<ToEngine> {
        self.open.remove(&slot).map(|v| ToEngine::Close { view: v.open.view }).into_iter().collect()
    }

    /// Asks for every view again, after a new connection.
    pub fn reopen(&mut self) -> Vec<ToEngine> {
        self.open
            .values_mut()
            .map(|view| {
                view.waiting = true;
                ToEngine::Open(view.open.clone())
            })
            .collect()
    }

    /// Takes a page in; the slot it fills, with the ids of rows that came or changed.
    pub fn take_page(&mut self, page: Page) -> Option<(Slot, Vec<String>)> {
        let (slot, view) = self.open.iter_mut().find(|(_, v)| v.open.view == page.view)?;
        let fresh = match &view.page {
            Some(old) if !view.waiting => changed(&old.rows, &page.rows),
            _ => Vec::new(),
        };
        view.waiting = false;
        view.page = Some(page);
        Some((*slot, fresh))
    }

    /// Takes a change in; the slot it changes and the ids of rows that came or changed. A gap asks again.
    pub fn take_delta(&mut self, delta: Delta) -> Result<Option<(Slot, Vec<String>)>, Vec<ToEngine>> {
        let Some((slot, view)) = self.open.iter_mut().find(|(_, v)| v.open.view == delta.view) else {
            return Ok(None);
        };
        let Some(page) = view.page.as_mut().filter(|_| !view.waiting) else { return Ok(None) };
        let (at, end) = (delta.at as usize, delta.at as usize + delta.remove as usize);
        if delta.rev != page.rev + 1 || end > page.rows.len() {
            let slot = *slot;
            return Err(self.ask_again(slot, |_| ()));
        }
        let removed: Vec<Row> = page.rows.drain(at..end).collect();
        let fresh = changed(&removed, &delta.insert);
        page.rows.splice(at..at, delta.insert);
        page.rows.truncate(view.open.rows as usize);
        (page.rev, page.total, page.unfiltered) = (delta.rev, delta.total, delta.unfiltered);
        Ok(Some((*slot, fresh)))
    }

    fn ask_again(&mut self, slot: Slot, change: impl FnOnce(&mut Open)) -> Vec<ToEngine> {
        let number = self.number();
        let Some(view) = self.open.get_mut(&slot) else { return Vec::new() };
        let closed = ToEngine::Close { view: view.open.view };
        view.open.view = number;
        change(&mut view.open);
        view.waiting = true;
        vec![closed, ToEngine::Open(view.open.clone())]
    }

    fn number(&mut self) -> u32 {
        self.last += 1;
        self.last
    }
}

/// Ids of rows in `new` that are not the same in `old`.
fn changed(old: &[Row], new: &[Row]) -> Vec<String> {
    new.iter().filter(|row| is_news(old, row)).map(row_id).collect()
}

/// Hours of a project grow all day; news about it is another name. The state of an entry at a target has a word and a
/// style of its own; news is what was tracked.
fn is_news(old: &[Row], row: &Row) -> bool {
    if let Row::Entry(line) = row {
        let same = |before: &Row| match before {
            Row::Entry(before) => {
                let (words, changed_at) = (line.words.clone(), line.changed_at);
                EntryLine { words, changed_at, ..before.clone() } == *line
            }
            _ => false,
        };
        return !old.iter().any(same);
    }
    let Row::Project(line) = row else { return !old.contains(row) };
    old.iter().any(|before| {
        matches!(before, Row::Project(b) if b.source.key() == line.source.key() && b.source.name != line.source.name)
    })
}
