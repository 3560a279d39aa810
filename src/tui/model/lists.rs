//! Selections: kept by the id of what is selected, so that no change of the data moves the bar to another thing.

use std::ops::Range;

use crate::control::view::{EntryLine, Row};
use crate::domain::word::SyncWord;

use super::{Drawer, List, Model, Pane, Slot};

/// The selection of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// What is selected; `None` follows the first row.
    pub id: Option<String>,
    /// Where it was last.
    pub index: usize,
}

/// What a row is, for the life of the thing it shows.
pub fn row_id(row: &Row) -> String {
    match row {
        Row::Entry(e) => e.key.to_string(),
        Row::Project(p) => p.source.key().to_string(),
        Row::Sync(s) => format!("{}>{}", s.key, s.target),
        Row::Log(l) => l.seq.to_string(),
        Row::Delivery(d) => d.which().map_or_else(|| d.at.to_rfc3339(), |which| which.to_string()),
        Row::Candidate(c) => c.project.id.to_string(),
        Row::Detail(d) => d.label.clone(),
        Row::Spent(s) => s.cause.clone(),
        Row::Request(r) => r.seq.map_or_else(|| r.at.to_rfc3339(), |seq| seq.to_string()),
        Row::Incident(i) => i.id.to_string(),
        Row::Step(s) => format!("{} {}", s.at.to_rfc3339(), s.what),
    }
}

impl Model {
    /// Rows of a list in all.
    pub fn len(&self, list: List) -> usize {
        let snapshot = self.snapshot.as_ref();
        match list {
            List::Today => self.views.total(Slot::Entries),
            List::Mapping => self.views.total(Slot::Mapping),
            List::Sync => self.views.total(Slot::Sync),
            List::Log => self.views.total(Slot::Log),
            List::Webhooks => snapshot.map_or(0, |s| s.subscriptions.len()),
            List::Quota if self.tiled() => snapshot.map_or(0, |s| s.meters.len()),
            List::Quota => snapshot.map_or(0, |s| s.meters.len() + s.jobs.len()),
            List::Palette => self.palette.as_ref().map_or(0, |p| p.choices.len()),
            List::Help => super::super::widgets::help::lines(self),
            List::Drawer => match &self.drawer {
                None => 0,
                Some(Drawer::Picker(picker)) => picker.ranked.len(),
                Some(Drawer::Entry { .. } | Drawer::Said { .. } | Drawer::Delivery { .. }) => {
                    self.views.total(Slot::Detail)
                }
                Some(Drawer::Deliveries) => self.views.total(Slot::Deliveries),
                Some(Drawer::Incident { .. }) => self.incident().map_or(0, |i| i.timeline.len()),
                Some(Drawer::Incidents) => self.views.total(Slot::Incidents),
                Some(Drawer::Timeline { .. }) => self.views.total(Slot::Steps),
                Some(Drawer::Ledger { .. }) => self.ledger_len(),
                Some(Drawer::Hold { .. }) => self.hold().map_or(0, |h| h.rows.len()),
            },
        }
    }

    /// The id of a row of a list, if it is loaded.
    pub fn id_at(&self, list: List, index: usize) -> Option<String> {
        let view = |slot| self.views.row(slot, index).map(row_id);
        let snapshot = self.snapshot.as_ref();
        match list {
            List::Today => view(Slot::Entries),
            List::Mapping => view(Slot::Mapping),
            List::Sync => view(Slot::Sync),
            List::Log => view(Slot::Log),
            List::Webhooks => {
                let line = snapshot?.subscriptions.get(index)?;
                Some(format!("{}/{}", line.at.account, line.at.id))
            }
            List::Quota => {
                let snapshot = snapshot?;
                match snapshot.meters.get(index) {
                    Some(line) => Some(format!("{}/{}", line.account, line.bucket)),
                    None => Some(snapshot.jobs.get(index - snapshot.meters.len())?.id.clone()),
                }
            }
            List::Drawer => match &self.drawer {
                Some(Drawer::Picker(picker)) => {
                    let at = picker.ranked.get(index)?.index;
                    self.views.row(Slot::Candidates, at).map(row_id)
                }
                Some(Drawer::Entry { .. } | Drawer::Said { .. }) => view(Slot::Detail),
                Some(Drawer::Delivery { .. }) => (index < self.len(List::Drawer)).then(|| index.to_string()),
                Some(Drawer::Deliveries) => view(Slot::Deliveries),
                Some(Drawer::Incidents) => view(Slot::Incidents),
                Some(Drawer::Ledger { .. }) => {
                    let request = self.ledger_request(index)?;
                    Some(row_id(&Row::Request(request.clone())))
                }
                _ => (index < self.len(List::Drawer)).then(|| index.to_string()),
            },
            List::Palette | List::Help => (index < self.len(list)).then(|| index.to_string()),
        }
    }

    /// The selected index of a list.
    pub fn selected(&self, list: List) -> usize {
        let index = self.cursors.get(&list).map_or_else(|| self.begin_of(list), |c| c.index);
        // The tile has no queue: what was selected in it full-screen is kept for then.
        if list == List::Quota { index.min(self.len(list).saturating_sub(1)) } else { index }
    }

    /// Selects an index; the nearest one that exists.
    pub fn select(&mut self, list: List, index: usize) {
        let index = index.min(self.len(list).saturating_sub(1));
        // The first row of a list that grows at its top is followed, not held.
        let follows = index == 0 && matches!(list, List::Today | List::Log);
        let id = if follows { None } else { self.id_at(list, index) };
        self.cursors.insert(list, Cursor { id, index });
    }

    /// Holds the row under the bar of the list that has the keys, whether or not a key has moved it: a key acts on the
    /// row that was seen, wherever that is sorted to. A feed is followed at its top, a timeline at its newest line.
    pub fn hold_selection(&mut self) {
        let list = self.list();
        let feeds = matches!(list, List::Today | List::Log | List::Palette | List::Help);
        let timeline = matches!(&self.drawer, Some(Drawer::Incident { .. } | Drawer::Timeline { .. }));
        if feeds || (list == List::Drawer && timeline) {
            return;
        }
        if self.cursors.get(&list).is_none_or(|cursor| cursor.id.is_none()) {
            let index = self.selected(list);
            if self.id_at(list, index).is_some() {
                self.select(list, index);
            }
        }
    }

    /// Holds a row whose drawer is open, even at the top of a feed.
    pub fn hold_opened(&mut self, list: List) {
        let index = self.selected(list);
        if let Some(id) = self.id_at(list, index) {
            self.cursors.insert(list, Cursor { id: Some(id), index });
        }
    }

    /// Finds every selection again after the data changed.
    pub fn settle(&mut self) {
        let lists: Vec<List> = self.cursors.keys().copied().collect();
        for list in lists {
            self.settle_list(list);
        }
    }

    fn settle_list(&mut self, list: List) {
        let Some(cursor) = self.cursors.get(&list).cloned() else { return };
        let len = self.len(list);
        let Some(id) = cursor.id else {
            // What was not here when it was selected may be here now.
            if cursor.index > 0 {
                self.select(list, cursor.index);
            }
            return;
        };
        // Near its old place first: most changes are near.
        // The nearest to its old place, among what is here.
        let found = self
            .loaded(list)
            .filter(|i| self.id_at(list, *i).as_ref() == Some(&id))
            .min_by_key(|i| i.abs_diff(cursor.index));
        match found {
            Some(index) => {
                self.cursors.insert(list, Cursor { id: Some(id), index });
            }
            None if self.id_at(list, cursor.index).is_some() || cursor.index >= len => {
                self.select(list, cursor.index);
            }
            // Not loaded: the window that holds it is on its way.
            None => {}
        }
    }

    /// The selected row of the list of a view.
    pub fn selected_row(&self, list: List) -> Option<&Row> {
        let slot = match list {
            List::Today => Slot::Entries,
            List::Mapping => Slot::Mapping,
            List::Sync => Slot::Sync,
            List::Log => Slot::Log,
            _ => return None,
        };
        self.views.row(slot, self.selected(list))
    }

    /// Whether a row needs a person, for the gutter and for `n`.
    pub fn is_problem(&self, list: List, index: usize) -> bool {
        let snapshot = self.snapshot.as_ref();
        match list {
            List::Today | List::Mapping | List::Sync | List::Log => {
                let slot = match list {
                    List::Today => Slot::Entries,
                    List::Mapping => Slot::Mapping,
                    List::Sync => Slot::Sync,
                    _ => Slot::Log,
                };
                self.views.row(slot, index).is_some_and(is_problem)
            }
            List::Webhooks => snapshot.and_then(|s| s.subscriptions.get(index)).is_some_and(|s| !s.is_well()),
            List::Quota => snapshot.and_then(|s| s.meters.get(index)).is_some_and(|m| m.dry_at.is_some()),
            List::Drawer | List::Palette | List::Help => false,
        }
    }

    /// The rows of a list that are here: a window of a view, else all.
    fn loaded(&self, list: List) -> Range<usize> {
        let slot = match list {
            List::Today => Slot::Entries,
            List::Mapping => Slot::Mapping,
            List::Sync => Slot::Sync,
            List::Log => Slot::Log,
            _ => return 0..self.len(list),
        };
        let (offset, rows) = self.views.rows(slot);
        let end = (offset + rows.len()).min(self.len(list));
        offset.min(end)..end
    }

    /// The next row that needs a person, around the end of what is loaded.
    pub fn next_problem(&self, list: List, back: bool) -> Option<usize> {
        let loaded = self.loaded(list);
        let from = self.selected(list);
        let mut problems = loaded.filter(|index| self.is_problem(list, *index)).peekable();
        let first = problems.peek().copied();
        if back {
            let all: Vec<usize> = problems.collect();
            all.iter().rev().find(|i| **i < from).or(all.last()).copied()
        } else {
            problems.find(|i| *i > from).or(first)
        }
    }

    /// The pane's list is being asked for anew; what is shown answers an earlier question.
    pub fn is_waiting(&self, pane: Pane) -> bool {
        pane.slot().and_then(|slot| self.views.get(slot)).is_some_and(|v| v.waiting)
    }
}

/// Without a project, and no target has said yet that it takes it so.
fn is_homeless(entry: &EntryLine) -> bool {
    entry.project.is_empty() && !entry.deleted && entry.words.iter().all(|word| *word == SyncWord::Running)
}

fn is_problem(row: &Row) -> bool {
    match row {
        Row::Entry(e) => is_homeless(e) || e.words.iter().any(|w| w.needs_person()),
        Row::Project(p) => p.needs_person(),
        Row::Sync(s) => s.word.needs_person(),
        Row::Log(l) => l.level != "info",
        Row::Delivery(_) | Row::Candidate(_) | Row::Detail(_) | Row::Spent(_) | Row::Step(_) => false,
        Row::Incident(i) => i.closed_at.is_none(),
        Row::Request(r) => r.failed,
    }
}
