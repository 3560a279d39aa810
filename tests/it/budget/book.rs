//! What was changed and when it reached the target: every state of every entry against the writes that were confirmed.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::wire::Written;

/// A state that an entry took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub at: DateTime<Utc>,
    pub text: String,
    pub start: DateTime<Utc>,
    pub stop: DateTime<Utc>,
}

/// An entry at the source.
#[derive(Clone, Debug, Default)]
pub struct Tracked {
    /// Its id there.
    pub id: i64,
    pub versions: Vec<Version>,
}

/// All entries by number, and when something was down.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub entries: BTreeMap<u32, Tracked>,
    pub outages: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

/// How long a state took.
#[derive(Clone, Debug)]
pub struct Lag {
    pub number: u32,
    pub version: Version,
    /// A delivery brought it.
    pub delivered: bool,
    /// From the change, or the end of the last outage on its way, to the confirmation; `None`: never.
    pub took: Option<TimeDelta>,
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, version, delivered, took } = self;
        let took = took.map_or("never".to_owned(), |took| format!("{} s", took.num_seconds()));
        write!(f, "#{number} “{}” of {}, delivered {delivered}: {took}", version.text, version.at)
    }
}

/// The text of an entry: its number is found again in the target.
pub fn text(number: u32, edits: usize) -> String {
    let again = if edits == 0 { String::new() } else { format!(" again {edits}") };
    format!("Wireframes #{number}{again}")
}

fn number_of(text: &str) -> Option<u32> {
    text.split_once('#')?.1.split(' ').next()?.parse().ok()
}

impl Book {
    /// How long every state took.
    pub fn lags(&self, written: &[Written], delivered: impl Fn(i64, i64) -> bool) -> Vec<Lag> {
        let mut writes: BTreeMap<u32, Vec<&Written>> = BTreeMap::new();
        for write in written {
            if let Some(number) = number_of(&write.text) {
                writes.entry(number).or_default().push(write);
            }
        }
        let mut lags = Vec::new();
        for (number, entry) in &self.entries {
            for (place, version) in entry.versions.iter().enumerate() {
                let later = &entry.versions[place..];
                let holds = |write: &&&Written| {
                    write.at >= version.at
                        && later
                            .iter()
                            .any(|v| (&v.text, v.start, v.stop) == (&write.text, write.start, write.stop))
                };
                let write = writes.get(number).and_then(|list| list.iter().find(holds));
                lags.push(Lag {
                    number: *number,
                    version: version.clone(),
                    delivered: delivered(entry.id, version.at.timestamp()),
                    took: write
                        .map(|write| (write.at - self.free(version.at, write.at)).max(TimeDelta::zero())),
                });
            }
        }
        lags
    }

    /// From when on nothing stood in the way of a change: its moment, or the end of the last outage before it arrived.
    fn free(&self, changed: DateTime<Utc>, arrived: DateTime<Utc>) -> DateTime<Utc> {
        let on_the_way = self.outages.iter().filter(|(from, to)| *from < arrived && *to > changed);
        on_the_way.map(|(_, to)| *to).fold(changed, DateTime::max)
    }
}

/// The share of a list of times that is not above the value returned.
pub fn percentile(times: &mut [TimeDelta], share: f64) -> TimeDelta {
    times.sort_unstable();
    let place = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len().max(1)) - 1;
    times.get(place).copied().unwrap_or_default()
}
