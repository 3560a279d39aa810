//! The object of `status --json`. Keys may be added, never renamed: scripts read them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::well::not_well;
use crate::cli::print::instant;
use crate::control::snapshot::{HoldLine, IncidentLine, Meter, Snapshot, SubscriptionLine, TargetLine};
use crate::domain::health::Wanted;
use crate::domain::id::RemoteId;
use crate::domain::word::SyncWord;

/// The state of an engine as one JSON object: instants in UTC with whole seconds, durations in seconds, unknown as
/// `null`.
pub fn status_json(snapshot: &Snapshot) -> Value {
    let deliveries = &snapshot.deliveries;
    json!({
        "version": snapshot.version,
        "uptime_s": (snapshot.now - snapshot.started_at).num_seconds().max(0),
        "hosted_by": snapshot.hosted_by,
        "cache": snapshot.cache,
        "percent": snapshot.percent,
        "cache_why": snapshot.cache_why,
        "disk": {
            "room": snapshot.disk.room,
            "free_mb": snapshot.disk.free_mb,
            "place": snapshot.disk.place,
            "since": snapshot.disk.since.map(instant),
        },
        "unreached": snapshot.unreached.as_ref().map(|(since, why)| json!({"since": instant(*since), "why": why})),
        "subscriptions": snapshot.subscriptions.iter().map(subscription).collect::<Vec<_>>(),
        "deliveries": {
            "received": deliveries.received,
            "duplicates": deliveries.duplicates,
            "rejected": deliveries.rejected,
            "unavailable": deliveries.unavailable,
            "dead": deliveries.dead,
            "unapplied": deliveries.unapplied,
            "echoes": deliveries.echoes,
            "unlinked": deliveries.unlinked,
        },
        "quota": snapshot.meters.iter().map(|meter| quota(meter, snapshot.now)).collect::<Vec<_>>(),
        "targets": snapshot.targets.iter().map(target).collect::<Vec<_>>(),
        "holds": snapshot.holds.iter().map(hold).collect::<Vec<_>>(),
        "incidents": snapshot.incidents.iter().map(incident_json).collect::<Vec<_>>(),
        "on_the_way": snapshot.counted(&SyncWord::ON_THE_WAY),
        "needs_a_look": not_well(snapshot),
    })
}

fn subscription(line: &SubscriptionLine) -> Value {
    json!({
        "service": line.service,
        "account": line.at.account,
        "id": id(&line.at.id),
        "description": line.description,
        "state": line.state.as_str(),
        "since": instant(line.since),
        "last_delivery_at": line.last_delivery_at.map(instant),
        "wanted": match line.wanted { Wanted::Enabled => "enabled", Wanted::Disabled => "disabled" },
        "events": line.events,
        "plan": line.plan,
    })
}

fn quota(meter: &Meter, now: DateTime<Utc>) -> Value {
    json!({
        "service": meter.service,
        "bucket": meter.bucket,
        "limit": meter.limit,
        "remaining": meter.remaining,
        "resets_in_s": meter.resets_at.map(|at| (at - now).num_seconds().max(0)),
        "source": meter.source,
        "age_s": meter.read_at.map(|at| (now - at).num_seconds().max(0)),
    })
}

fn target(line: &TargetLine) -> Value {
    let mut object = Map::new();
    object.insert("service".into(), json!(line.service));
    object.insert("account".into(), json!(line.account));
    for word in SyncWord::NAMES {
        let count = line.counts.iter().find(|(name, _)| name == word).map_or(0, |(_, count)| *count);
        object.insert(word.replace(' ', "_"), json!(count));
    }
    object.insert("trouble".into(), json!(line.trouble));
    Value::Object(object)
}

fn hold(line: &HoldLine) -> Value {
    let mut object = json!({
        "id": line.id,
        "target": line.target,
        "since": instant(line.since),
        "reason": line.reason,
        "entries": line.entries,
        "say": line.say,
    });
    let weight = &line.weight;
    if weight.entries() > 0 {
        object["change"] = json!({
            "retired": weight.retired,
            "deleted": weight.deleted,
            "moved": weight.moved,
            "seconds": weight.seconds,
            "by": weight.by,
            "of": weight.of,
            "first": weight.first.map(instant),
            "last": weight.last.map(instant),
        });
    }
    object
}

/// An incident as one JSON object.
pub fn incident_json(line: &IncidentLine) -> Value {
    json!({
        "id": line.id,
        "kind": line.kind,
        "opened_at": instant(line.opened_at),
        "began_at": line.began_at.map(instant),
        "closed_at": line.closed_at.map(instant),
        "cause": line.cause,
        "recovered": line.recovered,
        "requests": line.requests,
    })
}

/// An id as its service writes it: Toggl's are numbers.
fn id(id: &RemoteId) -> Value {
    id.as_str().parse::<u64>().map_or_else(|_| json!(id), |number| json!(number))
}
