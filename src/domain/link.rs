//! The bond between a source entry and its entry in one target: what is wished, what is there, what is under way.
//!
//! Work is derived, not queued: the next step is the difference between wish and confirmed state. So several
//! changes of a waiting entry merge by themselves, and one entity never has two requests under way.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::echo::Doubt;
use super::entry::{Entry, TargetEntry};
use super::id::RemoteId;
use super::policy::{OnDelete, RETIRED_TAG};
use super::read::TargetRead;
use super::route::{Route, Routed};
use super::text::digest;
use super::word::{Class, SyncWord};

/// What the target shall hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Nothing may be sent now; the word says why.
    Wait(SyncWord),
    /// This entry.
    Present(TargetEntry),
    /// Kept for the audit: marked, not billable. Never created for this alone.
    Retired,
    /// No entry.
    Gone,
    /// What is there stays as it is.
    Left,
}

/// What the target confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct There {
    /// The entry's id in the target.
    pub id: RemoteId,
    /// Its content as last confirmed.
    pub entry: TargetEntry,
    /// When it was confirmed (our clock).
    pub at: DateTime<Utc>,
    /// Found there, not made by us: never deleted, only retired.
    pub adopted: bool,
    /// The full object as the target last showed it; a replacing write carries over what is not ours.
    pub carried: TargetRead,
}

/// The kinds of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Make it.
    Create,
    /// Replace it.
    Update,
    /// Mark it as deleted at the source.
    Retire,
    /// Delete it.
    Delete,
}

impl Op {
    /// The word on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "change",
            Self::Retire => "retire",
            Self::Delete => "delete",
        }
    }
}

/// A write that may have left. Durable before its first byte does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The kind.
    pub op: Op,
    /// What is written; for a deletion what was there.
    pub body: TargetEntry,
    /// When it left (our clock).
    pub sent_at: DateTime<Utc>,
    /// Set when the answer is unknown: since when, and how many look-ups found nothing.
    pub uncertain: Option<Uncertain>,
    /// Nothing has left yet: a look comes first, and what it finds was made by somebody else.
    #[serde(default)]
    pub unsent: bool,
}

/// An unknown outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncertain {
    /// When the answer became unknown.
    pub since: DateTime<Utc>,
    /// Look-ups that did not find it.
    pub lookups: u8,
}

/// What keeps a link from going on until a person acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Refused for good.
    Failed(String),
    /// The target's entry was changed or deleted there; its present description, if it exists.
    Conflict(String),
    /// Part of a mass change, by the hold's id.
    Mass(String),
    /// A person dropped the change.
    Dropped,
    /// Somebody deleted it in the target, and a person leaves it so.
    LeftGone,
}

/// The whole bond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What the target shall hold.
    pub wish: Wish,
    /// Where it goes and why.
    pub route: Option<Route>,
    /// What the target confirmed.
    pub there: Option<There>,
    /// A write under way.
    pub open: Option<Intent>,
    /// Fingerprints of our last eight writes.
    pub echoes: Vec<u64>,
    /// What keeps it.
    pub trouble: Option<Trouble>,
    /// A delivery told something that is not ours, and no read has settled it yet.
    #[serde(default)]
    pub doubt: Option<Doubt>,
    /// Sent although it is older than `sync_from`.
    pub backfilled: bool,
    /// Since when its state is as it is (our clock).
    pub since: DateTime<Utc>,
}

impl Link {
    /// A bond with a first wish.
    pub fn new(wish: Wish, now: DateTime<Utc>) -> Self {
        Self {
            wish,
            route: None,
            there: None,
            open: None,
            echoes: Vec::new(),
            trouble: None,
            doubt: None,
            backfilled: false,
            since: now,
        }
    }

    /// The next write, if nothing is under way and nothing keeps it.
    pub fn next(&self) -> Option<(Op, TargetEntry)> {
        if self.open.is_some() || self.trouble.is_some() || self.doubt.is_some() {
            return None;
        }
        self.difference()
    }

    /// The difference between wish and confirmed state, whatever keeps it.
    pub fn difference(&self) -> Option<(Op, TargetEntry)> {
        match (&self.wish, &self.there) {
            (Wish::Present(e), None) => Some((Op::Create, e.clone())),
            (Wish::Present(e), Some(t)) if *e != t.entry => Some((Op::Update, e.clone())),
            (Wish::Retired, Some(t)) => {
                let marked = retired(&t.entry);
                (marked != t.entry).then_some((Op::Retire, marked))
            }
            // What was there before us is never deleted, whatever was wished before that was known.
            (Wish::Gone, Some(t)) if t.adopted => {
                let marked = retired(&t.entry);
                (marked != t.entry).then_some((Op::Retire, marked))
            }
            (Wish::Gone, Some(t)) => Some((Op::Delete, t.entry.clone())),
            _ => None,
        }
    }

    /// The state word. `waits` says that the target's quota is what it waits for.
    pub fn word(&self, waits: bool) -> SyncWord {
        match &self.trouble {
            Some(Trouble::Failed(why)) => return SyncWord::Failed(why.clone()),
            Some(Trouble::Conflict(_)) => return SyncWord::Conflict,
            Some(Trouble::Mass(_)) => return SyncWord::Held("mass change".into()),
            Some(Trouble::Dropped) => return SyncWord::Held("dropped by you".into()),
            Some(Trouble::LeftGone) => return SyncWord::Skipped("deleted in the target".into()),
            None => {}
        }
        if self.open.is_some() {
            return SyncWord::Sending;
        }
        if self.doubt.is_some() {
            return if waits { SyncWord::WaitingQuota } else { SyncWord::Queued };
        }
        match &self.wish {
            Wish::Wait(word) => word.clone(),
            Wish::Gone | Wish::Retired | Wish::Left if self.there.is_none() => {
                SyncWord::Skipped("deleted at the source".into())
            }
            _ if self.difference().is_none() => SyncWord::Synced,
            _ if waits => SyncWord::WaitingQuota,
            _ => SyncWord::Queued,
        }
    }

    /// The class that this bond is listed under.
    pub fn class(&self) -> Class {
        // Whatever keeps the next write: the one under way is followed to its end first.
        if self.open.is_some() {
            return Class::Open;
        }
        if self.doubt.is_some() {
            return Class::Doubtful;
        }
        match self.word(false) {
            SyncWord::Queued if self.trouble.is_none() && matches!(self.wish, Wish::Wait(_)) => {
                Class::Doubtful
            }
            SyncWord::Queued | SyncWord::WaitingQuota => Class::Ready,
            SyncWord::Sending => Class::Open,
            SyncWord::Synced => Class::Synced,
            SyncWord::Unmapped => Class::Unmapped,
            SyncWord::Conflict => Class::Conflict,
            SyncWord::Held(_) => Class::Held,
            SyncWord::Failed(_) => Class::Failed,
            SyncWord::Skipped(_) => Class::Skipped,
            SyncWord::Running => Class::Running,
        }
    }

    /// A backfill brought it, and nothing of it was sent yet: it goes after what people do now.
    pub fn is_old_news(&self) -> bool {
        self.backfilled && self.there.is_none() && self.open.is_none()
    }

    /// Whether the target holds or may hold something for this entry.
    pub fn may_be_there(&self) -> bool {
        self.there.is_some() || self.open.is_some()
    }

    /// Remembers the fingerprint of a write; the oldest of eight goes.
    pub fn remember(&mut self, print: u64) {
        self.echoes.push(print);
        if self.echoes.len() > 8 {
            self.echoes.remove(0);
        }
    }
}

/// The content of a retired entry: kept, not billable, tagged.
pub fn retired(entry: &TargetEntry) -> TargetEntry {
    let mut marked = TargetEntry { billable: false, ..entry.clone() };
    if !marked.tags.iter().any(|t| t == RETIRED_TAG) {
        marked.tags.push(RETIRED_TAG.to_owned());
        marked.tags.sort();
    }
    marked
}

/// A digest of a target entry's content, to know our own echo.
pub fn fingerprint(entry: &TargetEntry) -> u64 {
    digest(&serde_json::to_vec(entry).unwrap_or_default())
}

/// What a wish is made from.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The source entry; `None` when only its deletion is known.
    pub entry: Option<&'a Entry>,
    /// Deleted at the source.
    pub deleted: bool,
    /// Two states claim one second; nothing is sent until a read has settled it.
    pub doubtful: bool,
    /// The route.
    pub route: Option<&'a Route>,
    /// The target has the project of the route no more, and nothing of this entry is in it.
    pub gone: bool,
    /// The owner in the target.
    pub owner: Option<RemoteId>,
    /// Older than `sync_from`, and not asked for by a backfill.
    pub before_sync_from: bool,
    /// Something is or may be in the target already.
    pub sent: bool,
    /// It was found there and not made by us.
    pub adopted: bool,
    /// What to do on deletion.
    pub on_delete: OnDelete,
}

/// What the target shall hold.
pub fn wish(case: &Case<'_>) -> Wish {
    if case.deleted {
        return removal(case);
    }
    let Some(entry) = case.entry else { return Wish::Left };
    let Some(stop) = entry.stop else { return Wish::Wait(SyncWord::Running) };
    if case.before_sync_from && !case.sent {
        return Wish::Wait(SyncWord::Skipped("before sync_from".into()));
    }
    if case.doubtful {
        return Wish::Wait(SyncWord::Queued);
    }
    let Some(route) = case.route else { return Wish::Wait(SyncWord::Unmapped) };
    match &route.to {
        Routed::Skip if case.sent => removal(case),
        Routed::Skip => Wish::Wait(SyncWord::Skipped("rule".into())),
        Routed::Hold => Wish::Wait(SyncWord::Held("rule".into())),
        Routed::Unmapped => Wish::Wait(SyncWord::Unmapped),
        Routed::To(_) if case.gone => Wish::Wait(SyncWord::Unmapped),
        Routed::To(project) => match &case.owner {
            None => Wish::Wait(SyncWord::Held("needs owner".into())),
            Some(user) => Wish::Present(TargetEntry {
                user: user.clone(),
                project: Some(project.clone()),
                start: entry.start,
                stop: stop.max(entry.start),
                description: entry.description.clone(),
                tags: entry.tags.clone(),
                billable: entry.billable,
            }),
        },
    }
}

fn removal(case: &Case<'_>) -> Wish {
    match case.on_delete {
        OnDelete::Keep => Wish::Left,
        OnDelete::Retire => Wish::Retired,
        OnDelete::Delete if case.adopted => Wish::Retired,
        OnDelete::Delete => Wish::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{at, body, read};
    use crate::domain::outcome;

    fn there(entry: TargetEntry) -> There {
        let carried = read(&entry);
        There { id: "x".into(), entry, at: at(1), adopted: false, carried }
    }

    #[test]
    fn the_next_step_is_the_difference() {
        let mut link = Link::new(Wish::Present(body("a")), at(0));
        assert_eq!(link.next().map(|n| n.0), Some(Op::Create));
        link.there = Some(there(body("a")));
        assert_eq!(link.next(), None);
        assert_eq!(link.word(false), SyncWord::Synced);
        link.wish = Wish::Present(body("b"));
        assert_eq!(link.next().map(|n| n.0), Some(Op::Update));
        link.wish = Wish::Gone;
        assert_eq!(link.next().map(|n| n.0), Some(Op::Delete));
    }

    #[test]
    fn one_write_at_a_time() {
        let mut link = Link::new(Wish::Present(body("b")), at(0));
        link.open =
            Some(Intent { op: Op::Create, body: body("a"), sent_at: at(0), uncertain: None, unsent: false });
        assert_eq!(link.next(), None);
        assert_eq!(link.word(false), SyncWord::Sending);
    }

    #[test]
    fn a_write_under_way_is_listed_as_such_whatever_keeps_the_next() {
        let mut link = Link::new(Wish::Gone, at(0));
        link.there = Some(there(body("a")));
        outcome::begin(&mut link, Op::Delete, body("a"), at(1));
        link.trouble = Some(Trouble::Mass("mass1".into()));
        assert_eq!(link.class(), Class::Open);
        link.open = None;
        assert_eq!(link.class(), Class::Held);
    }

    #[test]
    fn what_was_there_before_us_is_retired_whatever_is_wished() {
        let mut link = Link::new(Wish::Gone, at(0));
        link.there = Some(There { adopted: true, ..there(body("a")) });
        assert_eq!(link.next().map(|n| n.0), Some(Op::Retire));
        link.there = Some(There { adopted: true, ..there(retired(&body("a"))) });
        assert_eq!(link.next(), None);
    }

    #[test]
    fn retiring_is_done_once_and_keeps_the_hours() {
        let mut link = Link::new(Wish::Retired, at(0));
        assert_eq!(link.next(), None, "nothing is created only to be retired");
        link.there = Some(there(body("a")));
        let (op, marked) = link.next().unwrap();
        assert_eq!(op, Op::Retire);
        assert!(!marked.billable && marked.tags.contains(&RETIRED_TAG.to_owned()));
        assert_eq!((marked.start, marked.stop), (at(0), at(3_600)));
        link.there = Some(there(marked));
        assert_eq!(link.next(), None);
    }

    #[test]
    fn an_adopted_entry_is_never_deleted() {
        let case = Case {
            entry: None,
            deleted: true,
            doubtful: false,
            route: None,
            gone: false,
            owner: None,
            before_sync_from: false,
            sent: true,
            adopted: true,
            on_delete: OnDelete::Delete,
        };
        assert_eq!(wish(&case), Wish::Retired);
        assert_eq!(wish(&Case { adopted: false, ..case }), Wish::Gone);
    }
}
