//! What a target tells of an entry that is linked here: our own echo, nothing new, or perhaps a person's edit. A delivery
//! alone changes nothing: what is neither echo nor known is read once, and the read decides.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::clockify_hook::Event;
use super::entry::TargetEntry;
use super::link::{Link, Op, There, Trouble, Wish, fingerprint};
use super::outcome::{DELETED_THERE, Found, changed_there};

/// A delivery told something that is not ours; nothing is sent over it before a read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// When the newest such delivery came (our clock).
    pub at: DateTime<Utc>,
    /// What it told; `None` is a deletion.
    pub told: Option<TargetEntry>,
}

/// The newest delivery about an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// What it told of.
    pub event: Event,
    /// The digest of what it told.
    pub digest: u64,
    /// When it was applied (our clock).
    pub at: DateTime<Utc>,
}

/// An update that repeats itself later than this is news: an edit and its reversal, of which one was lost.
const COPY: TimeDelta = TimeDelta::minutes(2);

/// Whether a delivery is the one before it again. Whatever came between makes it news (reference/clockify.md, 8.7).
pub fn is_copy(last: &Last, this: &Last) -> bool {
    let same = last.event == this.event && last.digest == this.digest;
    same && (this.event != Event::EntryUpdated || this.at - last.at <= COPY)
}

/// What a delivery means for a bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// One of our own last writes.
    Echo,
    /// The state that is known already.
    Known,
    /// Perhaps a person's edit.
    Doubt,
}

/// What a read showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saw {
    /// What is known here, or what is wished anyway.
    Ours,
    /// A person's edit, against ours.
    Conflict,
    /// A person's edit where theirs stays.
    Theirs,
    /// The link holds nothing there any more: nothing to say.
    Nothing,
}

/// Judges what a delivery tells of an entry in the target; `None` is its deletion.
pub fn hear(link: &Link, told: Option<&TargetEntry>) -> Heard {
    let Some(there) = &link.there else { return Heard::Known };
    let gone = is_gone(link);
    let Some(told) = told else {
        let ours = link.open.as_ref().is_some_and(|open| open.op == Op::Delete);
        return match (ours, gone) {
            (true, _) => Heard::Echo,
            (_, true) => Heard::Known,
            _ => Heard::Doubt,
        };
    };
    // What was deleted and shows again was restored by somebody, whatever it holds.
    if gone {
        return Heard::Doubt;
    }
    if link.echoes.contains(&fingerprint(told)) {
        return Heard::Echo;
    }
    if is_known(there, told) { Heard::Known } else { Heard::Doubt }
}

/// Takes what a read by id showed that left at `asked`. A delivery that came later keeps its doubt.
pub fn looked(link: &mut Link, found: Found, asked: DateTime<Utc>, now: DateTime<Utc>) -> Saw {
    if link.doubt.as_ref().is_some_and(|doubt| doubt.at <= asked) {
        link.doubt = None;
    }
    let Some(there) = link.there.clone() else {
        link.doubt = None;
        return Saw::Nothing;
    };
    match found {
        Found::Nothing => lost(link),
        Found::This(read, entry) => {
            let was_gone = is_gone(link);
            let known = is_known(&there, &entry);
            let mine = is_wished(link, &entry);
            link.there = Some(There { entry: entry.clone(), at: now, carried: *read, ..there.clone() });
            if known {
                // A service may trim words: ours stay as they were sent.
                link.there = link.there.take().map(|new| There { entry: there.entry, ..new });
            }
            if known || mine {
                if was_gone || mine {
                    settle(link);
                }
                return Saw::Ours;
            }
            if link.wish == Wish::Left {
                settle(link);
                return Saw::Theirs;
            }
            link.trouble = Some(Trouble::Conflict(changed_there(&entry)));
            Saw::Conflict
        }
    }
}

/// What is wished anyway, also what a retirement would leave: an older state of ours may not know that it sent it.
fn is_wished(link: &Link, entry: &TargetEntry) -> bool {
    match &link.wish {
        Wish::Present(wished) => wished == entry,
        Wish::Retired | Wish::Gone => {
            link.difference().is_some_and(|(op, marked)| op == Op::Retire && marked == *entry)
        }
        Wish::Left | Wish::Wait(_) => false,
    }
}

/// It is gone from the target.
fn lost(link: &mut Link) -> Saw {
    match link.wish {
        // Nothing was to stay there anyway.
        Wish::Gone | Wish::Retired => {
            link.there = None;
            settle(link);
            Saw::Ours
        }
        Wish::Left => {
            link.trouble = Some(Trouble::LeftGone);
            Saw::Theirs
        }
        Wish::Present(_) | Wish::Wait(_) if link.trouble == Some(Trouble::LeftGone) => Saw::Theirs,
        Wish::Present(_) | Wish::Wait(_) => {
            link.trouble = Some(Trouble::Conflict(DELETED_THERE.into()));
            Saw::Conflict
        }
    }
}

/// Takes a conflict back that there is no reason for any more.
fn settle(link: &mut Link) {
    if matches!(link.trouble, Some(Trouble::Conflict(_) | Trouble::LeftGone)) {
        link.trouble = None;
    }
}

/// A person's decision of a conflict; false when there is none. What stays deleted is never made again by itself.
pub fn decide(link: &mut Link, ours_wins: bool) -> bool {
    if !matches!(link.trouble, Some(Trouble::Conflict(_))) {
        return false;
    }
    let gone = is_gone(link);
    link.trouble = None;
    match (ours_wins, gone) {
        (true, true) => link.there = None,
        (true, false) => {}
        (false, true) => link.trouble = Some(Trouble::LeftGone),
        // Left as it is until the source changes again: nothing else makes a synced bond anew.
        (false, false) => link.wish = Wish::Left,
    }
    true
}

/// Whether a bond is still as a decision left it: nothing was sent or told since.
pub fn is_undecided_as(link: &Link, left: &Link) -> bool {
    (&link.wish, &link.there, &link.open, &link.trouble)
        == (&left.wish, &left.there, &left.open, &left.trouble)
}

/// A bond that sends back what was there before ours was decided for and sent; `None` where that is not possible: it was
/// deleted, something goes on, or it holds tags that are not known by name.
pub fn give_back(link: &Link, before: &Link) -> Option<Link> {
    let (there, theirs) = link.there.as_ref().zip(before.there.as_ref())?;
    let same = there.id == theirs.id && link.wish == before.wish && !is_gone(before);
    let quiet = link.open.is_none() && link.trouble.is_none() && link.doubt.is_none();
    (same && quiet && theirs.entry.names_its_tags())
        .then(|| Link { wish: Wish::Present(theirs.entry.clone()), ..link.clone() })
}

/// After another wish: what was refused or dropped gets a new chance, and a conflict ends where both sides agree.
pub fn rewished(link: &mut Link) {
    match &link.trouble {
        Some(Trouble::Failed(_) | Trouble::Dropped) => link.trouble = None,
        Some(Trouble::LeftGone | Trouble::Conflict(_)) if is_gone(link) => match link.wish {
            Wish::Gone | Wish::Retired => {
                link.there = None;
                link.trouble = None;
            }
            // It stays deleted until the source has something new to say: then a person is asked again.
            Wish::Present(_) => link.trouble = Some(Trouble::Conflict(DELETED_THERE.into())),
            Wish::Left | Wish::Wait(_) => {}
        },
        Some(Trouble::Conflict(_)) if !matches!(link.wish, Wish::Wait(_)) && link.difference().is_none() => {
            link.trouble = None;
        }
        _ => {}
    }
}

/// The bond knows that its entry was deleted in the target.
pub fn is_gone(link: &Link) -> bool {
    match &link.trouble {
        Some(Trouble::Conflict(what)) => what == DELETED_THERE,
        Some(Trouble::LeftGone) => true,
        _ => false,
    }
}

/// The state as it was confirmed, in our words or in the target's.
fn is_known(there: &There, told: &TargetEntry) -> bool {
    let theirs = || TargetEntry { description: there.carried.description.clone(), ..there.entry.clone() };
    *told == there.entry || *told == theirs()
}

#[cfg(test)]
mod tests;
