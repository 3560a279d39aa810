//! What a run of outages shows, in figures.

use std::collections::BTreeMap;
use std::fmt;

use super::play::{KINDS, Kind, Told};

/// The figures of a run.
pub struct Figures {
    by_kind: BTreeMap<Kind, Vec<Told>>,
}

fn quantile(sorted: &[i64], share: f64) -> i64 {
    let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

fn healed(told: &[Told]) -> Vec<i64> {
    let mut all: Vec<i64> = told.iter().map(|t| t.healed_s).collect();
    all.sort_unstable();
    all
}

impl Figures {
    /// The figures of these outages.
    pub fn of(told: &[Told]) -> Self {
        let mut by_kind: BTreeMap<Kind, Vec<Told>> = BTreeMap::new();
        for one in told {
            by_kind.entry(one.kind).or_default().push(one.clone());
        }
        Self { by_kind }
    }

    fn all(&self) -> Vec<Told> {
        self.by_kind.values().flatten().cloned().collect()
    }

    /// Median seconds from a well endpoint to a closed incident, over all outages.
    pub fn median_s(&self) -> i64 {
        quantile(&healed(&self.all()), 0.5)
    }

    /// The most requests that an incident took.
    pub fn most_requests(&self) -> u32 {
        self.all().iter().map(|t| t.requests).max().unwrap_or_default()
    }

    /// Every kind of outage was played.
    pub fn has_every_kind(&self) -> bool {
        self.by_kind.len() == KINDS.len()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, told: &[Told]| {
            let healed = healed(told);
            let most = |of: fn(&Told) -> u32| told.iter().map(of).max().unwrap_or_default();
            let (incidents, requests) = (most(|t| t.incidents), most(|t| t.requests));
            let failed = most(|t| t.failed);
            let recovered: u32 = told.iter().map(|t| t.recovered).sum();
            writeln!(
                f,
                "{name:<18}{:>6}{:>12}{:>12}{:>12}{failed:>14}{requests:>15}{incidents:>11}{recovered:>11}",
                told.len(),
                quantile(&healed, 0.5),
                quantile(&healed, 0.95),
                quantile(&healed, 1.0),
            )
        };
        writeln!(
            f,
            "{:<18}{:>6}{:>12}{:>12}{:>12}{:>14}{:>15}{:>11}{:>11}",
            "outage",
            "seeds",
            "median s",
            "95 % s",
            "longest s",
            "failed tries",
            "most requests",
            "incidents",
            "recovered"
        )?;
        for (kind, told) in &self.by_kind {
            line(f, kind.name(), told)?;
        }
        line(f, "all", &self.all())
    }
}
