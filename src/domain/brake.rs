//! The brake: a mass change is held as one decision instead of being sent, with what it comes to.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::id::{Account, Key, RemoteId};
use super::link::{Link, Op, Trouble};
use super::text::count;

/// Deletions announced within this time count together.
pub const DELETIONS_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// Names told in a sentence; the others are counted.
const NAMES: usize = 2;

/// Whether a bond's next write retires, deletes or moves what is in the target.
pub fn is_heavy(link: &Link) -> bool {
    match link.difference() {
        Some((Op::Retire | Op::Delete, _)) => true,
        Some((Op::Update, body)) => {
            link.there.as_ref().is_some_and(|t| t.entry.project != body.project || t.entry.user != body.user)
        }
        _ => false,
    }
}

/// Whether so many heavy changes of one cause are held. A limit of 0 is off.
pub fn holds(heavy: usize, limit: u32) -> bool {
    limit > 0 && heavy > limit as usize
}

/// Whether a change that a person sent (or dropped) can be held again: nothing of it has left.
pub fn may_return(link: &Link, sent: bool) -> bool {
    let as_left = if sent { link.trouble.is_none() } else { link.trouble == Some(Trouble::Dropped) };
    as_left && link.open.is_none() && is_heavy(link)
}

/// Deletions that were announced lately, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Deletions(Vec<Deletion>);

/// When, of what, and by whom, where the service told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Deletion(DateTime<Utc>, Key, #[serde(default)] Option<RemoteId>);

impl Deletions {
    /// Notes one and forgets what is older than the window.
    pub fn note(&mut self, key: &Key, by: Option<&RemoteId>, now: DateTime<Utc>) {
        self.0.retain(|Deletion(at, k, _)| *at + DELETIONS_WITHIN > now && k != key);
        self.0.push(Deletion(now, key.clone(), by.cloned()));
    }

    /// The entries inside the window and who deleted each, once there are more than the limit.
    pub fn over(&self, limit: u32) -> Option<Vec<(Key, Option<RemoteId>)>> {
        let told = |Deletion(_, key, by): &Deletion| (key.clone(), by.clone());
        holds(self.0.len(), limit).then(|| self.0.iter().map(told).collect())
    }
}

/// What a held change comes to, over all batches that joined it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Weight {
    /// Entries that would be kept, marked as deleted.
    pub retired: u32,
    /// Entries that would be deleted.
    pub deleted: u32,
    /// Entries that would go to another project or person.
    pub moved: u32,
    /// Their time in seconds, as the targets hold it.
    pub seconds: i64,
    /// Where.
    pub targets: BTreeSet<Account>,
    /// Who changed them at the source, by name, where the service tells it.
    pub by: BTreeSet<String>,
    /// Whose entries they are, by name.
    pub of: BTreeSet<String>,
    /// When the first of them changed at the source.
    pub first: Option<DateTime<Utc>>,
    /// When the last of them did.
    pub last: Option<DateTime<Utc>>,
}

impl Weight {
    /// Adds the change of one bond; `at` is the source's time of it.
    pub fn add(&mut self, target: &Account, link: &Link, at: Option<DateTime<Utc>>) {
        let Some((op, _)) = link.difference() else { return };
        match op {
            Op::Retire => self.retired += 1,
            Op::Delete => self.deleted += 1,
            Op::Create | Op::Update => self.moved += 1,
        }
        if let Some(there) = &link.there {
            self.seconds += (there.entry.stop - there.entry.start).num_seconds();
        }
        self.targets.insert(target.clone());
        self.first = self.first.into_iter().chain(at).min();
        self.last = self.last.max(at);
    }

    /// How many they are; each target counts.
    pub fn entries(&self) -> u32 {
        self.retired + self.deleted + self.moved
    }

    /// What would happen to how many, where, and how much time it is: `155 retired, 3 moved in mirror · 223 h`.
    pub fn sum(&self) -> String {
        let kinds = [(self.retired, "retired"), (self.deleted, "deleted"), (self.moved, "moved")];
        let kinds: Vec<String> =
            kinds.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        format!("{} in {} · {}", kinds.join(", "), self.places(), hours(self.seconds))
    }

    /// The whole sentence: `155 entries would be retired in mirror · 223 h · by Dana Moss, 10:22–10:24`.
    pub fn say(&self, clock: impl Fn(DateTime<Utc>) -> String) -> String {
        let entries = count(self.entries(), "entry", "entries");
        let what = match (self.retired, self.deleted, self.moved) {
            (_, 0, 0) => "retired",
            (0, _, 0) => "deleted",
            (0, 0, _) => "moved",
            _ => "",
        };
        let mut say = if what.is_empty() {
            format!("{entries} would change: {}", self.sum())
        } else {
            format!("{entries} would be {what} in {} · {}", self.places(), hours(self.seconds))
        };
        let who = if self.by.is_empty() { ("of", &self.of) } else { ("by", &self.by) };
        let mut facts = Vec::new();
        if !who.1.is_empty() {
            facts.push(format!("{} {}", who.0, names(who.1)));
        }
        if let (Some(first), Some(last)) = (self.first.map(&clock), self.last.map(&clock)) {
            facts.push(if first == last { first } else { format!("{first}–{last}") });
        }
        if !facts.is_empty() {
            say.push_str(&format!(" · {}", facts.join(", ")));
        }
        say
    }

    fn places(&self) -> String {
        self.targets.iter().map(Account::as_str).collect::<Vec<_>>().join(" and ")
    }
}

/// Time tracked: `223 h`, `1 h 20 min`, `45 min`. Rounded to the whole hour where there are many.
fn hours(seconds: i64) -> String {
    let minutes = (seconds + 30) / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours @ ..10, minutes) => format!("{hours} h {minutes} min"),
        _ => format!("{} h", (minutes + 30) / 60),
    }
}

fn names(all: &BTreeSet<String>) -> String {
    let told: Vec<&str> = all.iter().take(NAMES).map(String::as_str).collect();
    match all.len() - told.len() {
        0 => told.join(" and "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{at, body, read};
    use crate::domain::link::{There, Wish, retired};
    use chrono::TimeZone;

    fn key(i: i64) -> Key {
        Key { account: "main".into(), id: i.into() }
    }

    #[test]
    fn deletions_count_together_for_ten_minutes() {
        let t = |s| Utc.timestamp_opt(1_700_000_000 + s, 0).unwrap();
        let by = RemoteId::from(5_550_002);
        let mut d = Deletions::default();
        for i in 0..5 {
            d.note(&key(i), Some(&by), t(i));
        }
        assert_eq!(d.over(5), None);
        d.note(&key(4), None, t(6));
        assert_eq!(d.over(5), None, "the same entry counts once");
        d.note(&key(5), Some(&by), t(7));
        let over = d.over(5).unwrap();
        assert_eq!((over.len(), &over[0]), (6, &(key(0), Some(by))));
        assert_eq!(d.over(0), None, "0 is off");
        d.note(&key(6), None, t(700));
        assert_eq!(d.over(1), None);
    }

    #[test]
    fn deletions_noted_before_they_had_an_author_are_still_read() {
        let old = r#"[["2026-05-12T10:22:00Z",{"account":"main","id":"7"}]]"#;
        let deletions: Deletions = serde_json::from_str(old).unwrap();
        assert_eq!(deletions.0[0], Deletion("2026-05-12T10:22:00Z".parse().unwrap(), key(7), None));
    }

    /// An entry of an hour in the target, and what is wished instead.
    fn bond(wish: Wish) -> Link {
        let mut link = Link::new(wish, at(0));
        let entry = body("a");
        link.there = Some(There { id: "x".into(), carried: read(&entry), entry, at: at(1), adopted: false });
        link
    }

    #[test]
    fn the_sum_is_of_all_that_joined() {
        let clock = |at: DateTime<Utc>| at.format("%H:%M").to_string();
        let mut weight = Weight::default();
        for n in 0..3 {
            weight.add(&"mirror".into(), &bond(Wish::Retired), Some(at(n * 120)));
        }
        weight.of.insert("Dana Moss".into());
        let said = weight.say(clock);
        let (first, last) = (clock(at(0)), clock(at(240)));
        assert_eq!(
            said,
            format!("3 entries would be retired in mirror · 3 h · of Dana Moss, {first}–{last}")
        );
        let elsewhere = crate::domain::entry::TargetEntry { project: Some("other".into()), ..body("a") };
        weight.add(&"mirror".into(), &bond(Wish::Present(elsewhere)), Some(at(0)));
        weight.add(&"mirror".into(), &bond(Wish::Gone), None);
        weight.add(&"mirror".into(), &bond(Wish::Present(body("a"))), Some(at(9_000)));
        weight.by.extend(["Ida Kern".into(), "Joss Abel".into(), "Kit Lowe".into()]);
        assert_eq!(
            weight.say(clock),
            format!(
                "5 entries would change: 3 retired, 1 deleted, 1 moved in mirror · 5 h · by Ida Kern, Joss Abel and 1 \
                 more, {first}–{last}"
            )
        );
    }

    #[test]
    fn time_is_told_as_exactly_as_it_is_read() {
        let told = [0, 600, 3_600, 4_800, 36_000, 803_700].map(hours);
        assert_eq!(told, ["0 min", "10 min", "1 h", "1 h 20 min", "10 h", "223 h"]);
    }

    #[test]
    fn only_what_has_not_left_can_be_held_again() {
        let mut link = bond(Wish::Retired);
        assert!(may_return(&link, true) && !may_return(&link, false));
        link.trouble = Some(Trouble::Dropped);
        assert!(may_return(&link, false) && !may_return(&link, true));
        link.trouble = None;
        crate::domain::outcome::begin(&mut link, Op::Retire, retired(&body("a")), at(2));
        assert!(!may_return(&link, true), "it is on its way");
        let mut sent = bond(Wish::Retired);
        sent.there.as_mut().unwrap().entry = retired(&body("a"));
        assert!(!may_return(&sent, true), "it has arrived");
    }
}
