//! The brake: a mass change is held as one decision instead of being sent.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::id::Key;
use super::link::{Link, Op};

/// Deletions announced within this time count together.
pub const DELETIONS_WITHIN: TimeDelta = TimeDelta::minutes(10);

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

/// Deletions that were announced lately, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Deletions(Vec<(DateTime<Utc>, Key)>);

impl Deletions {
    /// Notes one and forgets what is older than the window.
    pub fn note(&mut self, key: &Key, now: DateTime<Utc>) {
        self.0.retain(|(at, k)| *at + DELETIONS_WITHIN > now && k != key);
        self.0.push((now, key.clone()));
    }

    /// The entries inside the window, once there are more than the limit.
    pub fn over(&self, limit: u32) -> Option<Vec<Key>> {
        holds(self.0.len(), limit).then(|| self.0.iter().map(|(_, k)| k.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn deletions_count_together_for_ten_minutes() {
        let t = |s| Utc.timestamp_opt(1_700_000_000 + s, 0).unwrap();
        let key = |i: i64| Key { account: "main".into(), id: i.into() };
        let mut d = Deletions::default();
        for i in 0..5 {
            d.note(&key(i), t(i));
        }
        assert_eq!(d.over(5), None);
        d.note(&key(4), t(6));
        assert_eq!(d.over(5), None, "the same entry counts once");
        d.note(&key(5), t(7));
        assert_eq!(d.over(5).map(|k| k.len()), Some(6));
        assert_eq!(d.over(0), None, "0 is off");
        d.note(&key(6), t(700));
        assert_eq!(d.over(1), None);
    }
}
