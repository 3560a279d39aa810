//! `hourwire quota`: what is left in every bucket, who spent it, and what waits. Asking costs no request.

use clap::Args;
use serde_json::{Map, Value, json};

use super::exit::{Exit, Outcome};
use super::hosting::{Need, with_engine};
use super::options::Global;
use super::print::{instant, table};
use super::{ask, print};
use crate::control::snapshot::{JobLine, Meter, Snapshot};
use crate::domain::quota::Source;
use crate::domain::text::requests;

/// Options of `quota`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Example:\n  hourwire quota --json | jq '.buckets[] | {bucket, remaining, dry_at}'\n\n\
    Exit codes: 0 every bucket has something left, 1 one is dry, 3 no engine ever ran here"
)]
pub struct Quota {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Asks the engine for its meters.
pub async fn run(global: &Global, options: &Quota) -> Outcome {
    with_engine(global, Need::Kept, async |engine| show(&ask::snapshot(engine).await?, options)).await
}

fn show(snapshot: &Snapshot, options: &Quota) -> Outcome {
    if options.json {
        print::json(&quota_json(snapshot));
    } else {
        print::say(&quota_table(snapshot));
    }
    Ok(if snapshot.meters.iter().any(is_dry) { Exit::NotWell } else { Exit::Good })
}

fn is_dry(meter: &Meter) -> bool {
    meter.limit.is_some() && (meter.waiting_until.is_some() || meter.remaining.is_some_and(|left| left <= 0))
}

/// The meters as one JSON object: instants in UTC, durations in seconds, unknown as `null`.
pub fn quota_json(snapshot: &Snapshot) -> Value {
    json!({
        "buckets": snapshot.meters.iter().map(|meter| bucket(meter, snapshot)).collect::<Vec<_>>(),
        "day": day(snapshot),
        "queued": snapshot.jobs.iter().map(job).collect::<Vec<_>>(),
    })
}

/// The last 24 hours: our own requests in all buckets, entries that targets confirmed, and the one by the other.
fn day(snapshot: &Snapshot) -> Value {
    let (requests, entries) = snapshot.day_of_requests();
    let each = (entries > 0).then(|| (f64::from(requests) * 10.0 / f64::from(entries)).round() / 10.0);
    json!({"requests": requests, "entries_synced": entries, "requests_per_entry": each})
}

fn bucket(meter: &Meter, snapshot: &Snapshot) -> Value {
    let now = snapshot.now;
    let strain = snapshot.strain(&meter.account);
    let used = meter.limit.zip(meter.remaining).map(|(limit, left)| i64::from(limit) - left);
    let at_reset = meter.remaining.map(|left| (left - i64::from(meter.expected)).max(0));
    json!({
        "service": meter.service,
        "account": meter.account,
        "bucket": meter.bucket,
        "limit": meter.limit,
        "used": used,
        "remaining": meter.remaining,
        "reserve": meter.reserve,
        "expected": meter.expected,
        "remaining_at_reset": meter.limit.and(at_reset),
        "since": meter.since.map(instant),
        "resets_at": meter.resets_at.map(instant),
        "resets_in_s": meter.resets_at.map(|at| (at - now).num_seconds().max(0)),
        "dry_at": meter.dry_at.map(instant),
        "waiting_until": meter.waiting_until.map(instant),
        "trouble": strain.map(|s| s.by.as_str()),
        "trouble_until": strain.map(|s| instant(s.until)),
        "source": meter.source,
        "age_s": meter.read_at.map(|at| (now - at).num_seconds().max(0)),
        "spent": counts(&meter.spent),
        "spent_24h": counts(&meter.day),
        "by_hour": meter.hours,
    })
}

fn counts(list: &[(String, u32)]) -> Value {
    Value::Object(list.iter().map(|(cause, count)| (cause.clone(), json!(count))).collect::<Map<_, _>>())
}

fn job(job: &JobLine) -> Value {
    json!({
        "id": job.id,
        "name": job.name,
        "requests": job.cost,
        "when": job.when,
        "state": job.state,
        "paused": job.paused,
    })
}

/// The meters as text.
pub fn quota_table(snapshot: &Snapshot) -> String {
    if snapshot.meters.is_empty() {
        return "no bucket yet; the first answer of a service names it\n".to_owned();
    }
    let line = |meter: &Meter| {
        let about = if meter.source == Source::Estimate { "≤" } else { "" };
        let left = match (meter.remaining, meter.limit) {
            (Some(left), Some(limit)) => format!("{about}{left}/{limit} left"),
            _ => "no hourly limit".to_owned(),
        };
        let ahead = match (meter.waiting_until, meter.dry_at, meter.resets_at) {
            (Some(until), _, _) => format!("waiting until {}", snapshot.clock(until)),
            _ if snapshot.strain(&meter.account).is_some() => {
                snapshot.strain(&meter.account).map(|s| s.by.to_string()).unwrap_or_default()
            }
            (None, Some(dry), _) => format!("dry at {}", snapshot.clock(dry)),
            (None, None, Some(reset)) => {
                let rest = meter.remaining.map_or(0, |left| (left - i64::from(meter.expected)).max(0));
                format!("{about}{rest} left at {}", snapshot.clock(reset))
            }
            (None, None, None) => String::new(),
        };
        let source = match (meter.source, meter.read_at) {
            (Source::Header, Some(at)) => {
                format!("header, {} s old", (snapshot.now - at).num_seconds().max(0))
            }
            _ => "estimated".to_owned(),
        };
        let spent: Vec<String> = meter.spent.iter().map(|(cause, n)| format!("{cause} {n}")).collect();
        vec![meter.label.clone(), left, ahead, source, spent.join(" · ")]
    };
    let mut text = table(&snapshot.meters.iter().map(line).collect::<Vec<_>>());
    let (sent, entries) = snapshot.day_of_requests();
    if entries > 0 {
        let each = f64::from(sent) / f64::from(entries);
        text.push_str(&format!("\n24 hours: {sent} requests · {entries} entries synced · {each:.1} each\n"));
    }
    if !snapshot.jobs.is_empty() {
        let line = |job: &JobLine| {
            let cost = job.cost.map(requests).unwrap_or_default();
            vec![job.name.clone(), cost, job.when.clone(), job.state.clone()]
        };
        text.push_str("\nqueued\n");
        text.push_str(&table(&snapshot.jobs.iter().map(line).collect::<Vec<_>>()));
    }
    text
}
