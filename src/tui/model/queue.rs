//! The Quota pane's list: a row a bucket, then a row for each piece of queued work.

use crate::control::snapshot::{JobLine, Meter};
use crate::domain::id::Account;

use super::{List, Model};

impl Model {
    fn selected_job(&self) -> Option<&JobLine> {
        let snapshot = self.snapshot.as_ref().filter(|_| !self.tiled())?;
        snapshot.jobs.get(self.selected(List::Quota).checked_sub(snapshot.meters.len())?)
    }

    /// The background work that a key pauses or resumes: the selected one, else the first.
    pub fn pausable(&self) -> Option<&JobLine> {
        let jobs = &self.snapshot.as_ref()?.jobs;
        self.selected_job().filter(|job| job.pausable).or_else(|| jobs.iter().find(|job| job.pausable))
    }

    /// The target whose waiting changes a key sends: that of the selected row, else the first.
    pub fn waiting_target(&self) -> Option<Account> {
        let jobs = &self.snapshot.as_ref()?.jobs;
        let target = |job: &JobLine| job.id.strip_prefix("new:").map(Account::from);
        self.selected_job().and_then(target).or_else(|| jobs.iter().find_map(target))
    }

    /// The id of the bucket whose ledger is shown: the selected one, else the tightest.
    pub fn shown_bucket(&self) -> Option<String> {
        let at = self.selected(List::Quota);
        let meters = &self.snapshot.as_ref()?.meters;
        self.id_at(List::Quota, if at < meters.len() { at } else { 0 })
    }
}

/// Who spent a bucket: in its window, or, while that is empty, in the last 24 hours.
pub fn ledger(meter: &Meter) -> (&[(String, u32)], bool) {
    if meter.spent.is_empty() { (&meter.day, true) } else { (&meter.spent, false) }
}
