//! What a person's command was told of incidents. A begin and an end are each told at least once: the mark is made when
//! the command has run, so that a kill in between tells it again, and nothing else does.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Incidents remembered; older ones count as told.
const KEPT: usize = 200;
/// What is older than this is no news, for example to a command that was set only now.
const STALE: TimeDelta = TimeDelta::days(7);

/// What happened to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    /// It was found.
    Open,
    /// It ended.
    Close,
}

impl Happened {
    /// The word in the facts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
        }
    }
}

/// Incidents that were told, and of each whether its end was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    ends: BTreeMap<u64, bool>,
    /// All below this were told or are no news.
    #[serde(default)]
    below: u64,
}

/// An incident as far as telling of it goes.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its number.
    pub id: u64,
    /// When it was found.
    pub opened_at: DateTime<Utc>,
    /// Its end.
    pub closed_at: Option<DateTime<Utc>>,
}

impl Told {
    /// The memory of a command's first start: what was so before `start` was told by nobody and is no news.
    pub fn first(spans: impl Iterator<Item = Span>, start: DateTime<Utc>) -> Self {
        let mut told = Self::default();
        for span in spans.filter(|span| span.opened_at < start) {
            told.ends.insert(span.id, span.closed_at.is_some_and(|at| at < start));
        }
        told.trim();
        told
    }

    /// What is to be told of an incident, in order.
    pub fn due(&self, span: Span, now: DateTime<Utc>) -> Vec<Happened> {
        let is_news = |at: DateTime<Utc>| now - at < STALE;
        let known = if span.id < self.below { Some(true) } else { self.ends.get(&span.id).copied() };
        let mut due = Vec::new();
        if known.is_none() && is_news(span.closed_at.unwrap_or(span.opened_at)) {
            due.push(Happened::Open);
        }
        if known != Some(true) && span.closed_at.is_some_and(is_news) {
            due.push(Happened::Close);
        }
        due
    }

    /// Marks one as told.
    pub fn mark(&mut self, id: u64, happened: Happened) {
        let ended = self.ends.entry(id).or_default();
        *ended |= happened == Happened::Close;
        self.trim();
    }

    fn trim(&mut self) {
        while self.ends.len() > KEPT {
            if let Some((id, _)) = self.ends.pop_first() {
                self.below = id + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_772_452_800 + s)
    }

    fn span(id: u64, opened: i64, closed: Option<i64>) -> Span {
        Span { id, opened_at: at(opened), closed_at: closed.map(at) }
    }

    #[test]
    fn begin_and_end_are_due_until_each_is_marked() {
        // 1 was over before the first start, 2 was open then.
        let old = [span(1, -90, Some(-60)), span(2, -30, None)];
        let mut told = Told::first(old.into_iter(), at(0));
        assert!(old.iter().all(|span| told.due(*span, at(1)).is_empty()));
        assert_eq!(told.due(span(2, -30, Some(20)), at(30)), [Happened::Close]);
        let new = span(3, 10, Some(20));
        assert_eq!(told.due(new, at(30)), [Happened::Open, Happened::Close]);
        told.mark(3, Happened::Open);
        assert_eq!(told.due(new, at(30)), [Happened::Close]);
        told.mark(3, Happened::Close);
        assert!(told.due(new, at(30)).is_empty());
    }

    #[test]
    fn what_is_old_is_no_news_and_what_goes_on_for_long_still_ends() {
        let told = Told::default();
        let week = STALE.num_seconds();
        assert!(told.due(span(4, 0, Some(60)), at(week + 60)).is_empty());
        assert!(told.due(span(4, 0, None), at(week)).is_empty());
        let mut told = Told::default();
        told.mark(4, Happened::Open);
        assert_eq!(told.due(span(4, 0, Some(week + 5)), at(week + 9)), [Happened::Close]);
    }

    #[test]
    fn the_memory_stays_small() {
        let mut told = Told::default();
        for id in 1..=1_000 {
            told.mark(id, Happened::Open);
            told.mark(id, Happened::Close);
        }
        assert_eq!(told.ends.len(), KEPT);
        assert!((1..=1_000).all(|id| told.due(span(id, 0, Some(1)), at(2)).is_empty()));
    }
}
