//! The Quota pane's list: a row a bucket, then a row for each piece of queued work; and what an action takes of a
//! bucket.

use crate::control::snapshot::{JobLine, Meter};
use crate::domain::id::{Account, Service};

use super::super::signs::most as most_sign;
use super::super::text::requests;
use super::super::widgets::meter::about;
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

    /// `≤ 2 requests · 22 left`: what a question about a subscription or an entry of an account takes at most.
    pub fn up_to(&self, most: u64, account: &Account) -> String {
        format!("{} {}{}", most_sign(self.ascii), requests(most), self.left_of(account))
    }

    /// The service of an account.
    pub fn service_of(&self, account: &Account) -> Service {
        let mut accounts = self.snapshot.iter().flat_map(|s| &s.accounts);
        accounts.find(|line| line.name == *account).map_or(Service::Toggl, |line| line.service)
    }

    /// ` · 22 left` in the bucket that an account's changes are charged to; nothing where no limit is known.
    pub fn left_of(&self, account: &Account) -> String {
        let pays = |m: &&Meter| m.account == *account && !m.bucket.starts_with("user");
        let meter = self.snapshot.as_ref().and_then(|s| s.meters.iter().find(pays));
        let left = meter.filter(|m| m.limit.is_some()).and_then(|m| Some((m, m.remaining?)));
        left.map_or_else(String::new, |(m, left)| format!(" · {}{} left", about(m, self.ascii), left.max(0)))
    }
}
