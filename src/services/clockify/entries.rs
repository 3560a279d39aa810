//! Time entries: list, read, create, replace, delete.

use ::http::Method;
use chrono::{DateTime, Utc};

use super::{Call, Clockify, entry, page_of};
use crate::domain::entry::TargetEntry;
use crate::domain::id::RemoteId;
use crate::domain::read::TargetRead;
use crate::services::http::{Answer, Ask, Failure, Page, segment};
use crate::services::loose::rows;

impl Clockify {
    /// One page of a user's entries by start, newest first; pages count from 1.
    ///
    /// **The window is a wall clock**: the service takes the UTC reading of `from` and `to` and reads it again in the
    /// account's zone, so the window moves by the zone's offset. Widen both sides by 26 hours and filter by start.
    pub async fn list_entries(
        &self,
        user: &RemoteId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        page: u32,
        page_size: u32,
    ) -> Answer<Page<TargetRead>> {
        let ask = self.of_user(user).map(|path| {
            Ask::get(path)
                .with("start", entry::seconds(from))
                .with("end", entry::seconds(to))
                .with("page", page)
                .with("page-size", page_size)
        });
        self.ask(Call::ListEntries, ask, |headers, body| {
            let reads = rows(body)?.into_iter().map(entry::read).collect::<Result<Vec<_>, _>>()?;
            Ok(page_of(headers, reads, page_size as usize))
        })
        .await
    }

    /// One entry.
    pub async fn entry(&self, id: &RemoteId) -> Answer<TargetRead> {
        self.ask(Call::Entry, self.one(id).map(Ask::get), |_, body| same(entry::read(body)?, id)).await
    }

    /// Creates an entry, for the token's own user or (paid feature) for another one.
    ///
    /// A failure that is not [`Failure::nothing_done`] may have created it: look it up before sending again.
    pub async fn create_entry(
        &self,
        new: &TargetEntry,
        user_is_self: bool,
        tag_ids: &[RemoteId],
    ) -> Answer<TargetRead> {
        let path = if user_is_self { self.under("/time-entries") } else { self.of_user(&new.user) };
        let ask = path.map(|path| Ask::new(Method::POST, path).body(entry::body(new, tag_ids).into()));
        self.ask(Call::CreateEntry, ask, |_, body| entry::read(body)).await
    }

    /// Replaces an entry. `carried` is its last known state: task (in the same project), custom fields and type are
    /// taken over from there, because a replacement loses what it leaves out.
    pub async fn update_entry(
        &self,
        id: &RemoteId,
        carried: &TargetRead,
        wanted: &TargetEntry,
        tag_ids: &[RemoteId],
    ) -> Answer<TargetRead> {
        let body = entry::replacement(wanted, tag_ids, carried);
        let ask = self.one(id).map(|path| Ask::new(Method::PUT, path).body(body.into()));
        self.ask(Call::UpdateEntry, ask, |_, body| same(entry::read(body)?, id)).await
    }

    /// Deletes an entry. On a repeated delete, missing is success.
    pub async fn delete_entry(&self, id: &RemoteId) -> Answer<()> {
        let ask = self.one(id).map(|path| Ask::new(Method::DELETE, path));
        self.ask(Call::DeleteEntry, ask, |_, _| Ok(())).await
    }

    fn one(&self, id: &RemoteId) -> Result<String, Failure> {
        self.under(&format!("/time-entries/{}", segment(id.as_str())?))
    }

    fn of_user(&self, user: &RemoteId) -> Result<String, Failure> {
        self.under(&format!("/user/{}/time-entries", segment(user.as_str())?))
    }
}

/// An answer about another entry than the one asked for is not understood.
fn same(read: TargetRead, wanted: &RemoteId) -> Result<TargetRead, String> {
    if read.id == *wanted { Ok(read) } else { Err(format!("entry {} instead of {wanted}", read.id)) }
}
