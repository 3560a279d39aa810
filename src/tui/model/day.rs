//! A past day in Today: whichever row is selected, title, sums, timeline and rows are those of its day.

use std::ops::Range;

use chrono::NaiveDate;

use crate::control::view::{EntryLine, Row};

use super::{List, Model, Slot};

impl Model {
    /// The day of an entry: that of its stop, by which entries are sorted.
    pub fn day_of(&self, entry: &EntryLine) -> NaiveDate {
        entry.stop.unwrap_or(self.now).with_timezone(&self.zone()).date_naive()
    }

    /// The day of the selected entry, where it is loaded.
    pub fn selected_day(&self) -> Option<NaiveDate> {
        match self.selected_row(List::Today)? {
            Row::Entry(entry) => Some(self.day_of(entry)),
            _ => None,
        }
    }

    /// Follows the selection to its day; today is the live list again.
    pub fn show_day(&mut self) {
        let today = self.now.with_timezone(&self.zone()).date_naive();
        if let Some(day) = self.selected_day() {
            self.day = Some(day).filter(|day| *day != today);
        }
    }

    /// The entries of the past day shown that are loaded; empty while today is shown.
    pub fn entries_of_day(&self) -> Vec<&EntryLine> {
        let Some(day) = self.day else { return Vec::new() };
        let (_, rows) = self.views.rows(Slot::Entries);
        rows.iter()
            .filter_map(|row| match row {
                Row::Entry(entry) if self.day_of(entry) == day => Some(entry),
                _ => None,
            })
            .collect()
    }

    /// The rows of a list that are drawn: those of the past day shown, else all.
    pub fn span(&self, list: List) -> Range<usize> {
        let all = 0..self.len(list);
        let Some(day) = self.day.filter(|_| list == List::Today) else { return all };
        let (offset, rows) = self.views.rows(Slot::Entries);
        let of_day = |row: &Row| matches!(row, Row::Entry(entry) if self.day_of(entry) == day);
        let Some(first) = rows.iter().position(of_day) else { return all };
        let many = rows[first..].iter().take_while(|row| of_day(row)).count();
        let span = offset + first..(offset + first + many).min(all.end);
        // A selection that is on its way to another day is never drawn outside.
        if span.contains(&self.selected(list)) { span } else { all }
    }
}
