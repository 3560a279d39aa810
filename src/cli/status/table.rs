//! Plain `status`: the same state for eyes.

use chrono::TimeDelta;

use super::well::not_well;
use crate::cli::print::table;
use crate::control::snapshot::{CacheWord, Snapshot};
use crate::domain::text::{every, requests};
use crate::domain::word::SyncWord;

/// The state of an engine as text.
pub fn status_table(snapshot: &Snapshot) -> String {
    let mut parts = vec![header(snapshot)];
    parts.extend(block("subscriptions", subscriptions(snapshot)));
    parts.extend(block("quota", quota(snapshot)));
    parts.extend(block("targets", targets(snapshot)));
    parts.extend(block("incidents", incidents(snapshot)));
    let troubles = not_well(snapshot);
    parts.push(if troubles.is_empty() {
        on_the_way(snapshot).unwrap_or_else(|| "all is well\n".to_owned())
    } else {
        format!("needs a look\n{}", indent(&troubles.join("\n")))
    });
    parts.join("\n")
}

/// What is not at its target yet although nothing is in its way that needs a person: `84 on the way: 84 queued`.
fn on_the_way(snapshot: &Snapshot) -> Option<String> {
    let words = SyncWord::ON_THE_WAY.iter().map(|word| (*word, snapshot.counted(&[word])));
    let words: Vec<String> = words.filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
    let all = snapshot.counted(&SyncWord::ON_THE_WAY);
    (all > 0).then(|| format!("{all} on the way: {}\n", words.join(", ")))
}

fn header(snapshot: &Snapshot) -> String {
    let cache = match snapshot.cache {
        CacheWord::Ready => "ready".to_owned(),
        CacheWord::Opening => "opening".to_owned(),
        CacheWord::Rebuilding => format!("rebuilding {} %", snapshot.percent),
    };
    let deliveries = &snapshot.deliveries;
    let unkept = match deliveries.unavailable {
        0 => String::new(),
        n => format!(", {n} answered 503 (what is missed is read afterwards)"),
    };
    format!(
        "hourwire {} ({}), up {}, cache {cache}\ndeliveries: {} received, {} duplicates, {} rejected, {} dead, {} \
         unapplied{unkept}\n",
        snapshot.version,
        snapshot.hosted_by,
        span(snapshot.now - snapshot.started_at),
        deliveries.received,
        deliveries.duplicates,
        deliveries.rejected,
        deliveries.dead,
        deliveries.unapplied,
    )
}

fn subscriptions(snapshot: &Snapshot) -> Vec<Vec<String>> {
    let lines = snapshot.subscriptions.iter().map(|line| {
        let last = line.last_delivery_at.map_or_else(
            || "no delivery yet".to_owned(),
            |at| format!("last delivery {} ago", span(snapshot.now - at)),
        );
        vec![
            line.service.to_string(),
            line.at.account.to_string(),
            line.at.id.to_string(),
            line.state.to_string(),
            last,
            line.description.clone(),
        ]
    });
    let reading = snapshot.reading.map(|seconds| {
        vec!["toggl".to_owned(), "no webhook".to_owned(), format!("reading every {}", every(seconds))]
    });
    lines.chain(reading).collect()
}

fn quota(snapshot: &Snapshot) -> Vec<Vec<String>> {
    let lines = snapshot.meters.iter().map(|meter| {
        let left = match (meter.remaining, meter.limit) {
            (Some(left), Some(limit)) => format!("{left}/{limit} left"),
            (Some(left), None) => format!("{left} left"),
            (None, Some(limit)) => format!("limit {limit}"),
            (None, None) => "no hourly limit".to_owned(),
        };
        let resets =
            meter.resets_at.map_or_else(String::new, |at| format!("resets in {}", span(at - snapshot.now)));
        let source = match meter.source {
            crate::domain::quota::Source::Header => "header",
            crate::domain::quota::Source::Estimate => "estimate",
        };
        vec![meter.service.to_string(), meter.bucket.clone(), left, resets, source.to_owned()]
    });
    lines.collect()
}

fn targets(snapshot: &Snapshot) -> Vec<Vec<String>> {
    let lines = snapshot.targets.iter().map(|line| {
        let counts: Vec<String> = line
            .counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        let counts = if counts.is_empty() { "nothing yet".to_owned() } else { counts.join(", ") };
        vec![line.service.to_string(), line.account.to_string(), counts, line.trouble.clone()]
    });
    lines.collect()
}

fn incidents(snapshot: &Snapshot) -> Vec<Vec<String>> {
    let lines = snapshot.incidents.iter().take(5).map(|line| {
        let end = line.closed_at.map_or_else(
            || "open".to_owned(),
            |at| {
                format!(
                    "closed after {}, {} recovered, {}",
                    span(at - line.opened_at),
                    line.recovered,
                    requests(line.requests)
                )
            },
        );
        vec![line.opened_at.format("%Y-%m-%d %H:%M").to_string(), line.kind.clone(), line.cause.clone(), end]
    });
    lines.collect()
}

fn block(title: &str, rows: Vec<Vec<String>>) -> Option<String> {
    (!rows.is_empty()).then(|| format!("{title}\n{}", indent(&table(&rows))))
}

fn indent(text: &str) -> String {
    text.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

/// A length of time with two figures at most: `2 d 3 h`, `4 min`, `12 s`.
fn span(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::span;

    #[test]
    fn spans_have_two_figures_at_most() {
        let spans = [0, 59, 60, 3_661, 90_000].map(|seconds| span(TimeDelta::seconds(seconds)));
        assert_eq!(spans, ["0 s", "59 s", "1 min", "1 h 1 min", "1 d 1 h"]);
    }
}
