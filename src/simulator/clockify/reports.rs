//! The detailed report: all users of the workspace for a range, times rendered in the zone that the request names.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use http::StatusCode;
use serde_json::{Value, json};

use super::records::Entry;
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use super::window::in_zone;
use super::{Clockify, Plan};
use crate::simulator::call::{Call, Reply};

/// One of the filters `{ids, contains}`.
struct Ids {
    ids: BTreeSet<String>,
    contains: bool,
}

impl Ids {
    fn of(body: &Body, key: &str) -> Outcome<Option<Self>> {
        let Some(Value::Object(filter)) = body.get(key) else { return Ok(None) };
        let filter = Body(filter.clone());
        let ids: BTreeSet<String> = filter.texts("ids")?.unwrap_or_default().into_iter().collect();
        let contains = filter.text("contains")?.as_deref() != Some("DOES_NOT_CONTAIN");
        Ok((!ids.is_empty()).then_some(Self { ids, contains }))
    }

    fn take<'a>(filter: Option<&Self>, mut held: impl Iterator<Item = &'a str>) -> bool {
        filter.is_none_or(|filter| held.any(|id| filter.ids.contains(id)) == filter.contains)
    }
}

/// What a report asks for.
struct Query {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    zone: Tz,
    users: Option<Ids>,
    projects: Option<Ids>,
    clients: Option<Ids>,
    tags: Option<Ids>,
    tasks: Option<Ids>,
    description: Option<String>,
    billable: Option<bool>,
    page: usize,
    size: usize,
    ascending: bool,
}

impl Clockify {
    /// `POST .../reports/detailed`. Running timers are left out.
    pub(super) fn detailed_report(&self, call: &Call, who: &str) -> Outcome {
        let query = self.report_query(&Body::of(call)?, who)?;
        if self.plan == Plan::Free && query.to - query.from > TimeDelta::days(31) {
            return Err(refuse::domain("Date range must not be longer than 31 days on the FREE plan"));
        }
        let mut rows: Vec<&Entry> = self
            .entries
            .values()
            .filter(|entry| entry.end.is_some() && self.reported(&query, entry))
            .collect();
        rows.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        if !query.ascending {
            rows.reverse();
        }
        let totals = totals_wire(&rows);
        let skip = (query.page - 1).saturating_mul(query.size);
        let page = rows.into_iter().skip(skip).take(query.size);
        let wires: Vec<Value> = page.map(|entry| self.report_wire(entry, query.zone)).collect();
        Ok(Reply::json(StatusCode::OK, &json!({"totals": [totals], "timeentries": wires})))
    }

    fn report_query(&self, body: &Body, who: &str) -> Outcome<Query> {
        let zone = match body.text("timeZone")? {
            None => self.users.get(who).map_or(self.zone, |user| user.zone),
            Some(name) => name.parse().map_err(|_| refuse::domain(format!("Unknown time zone {name}")))?,
        };
        let Some(Value::Object(detailed)) = body.get("detailedFilter").cloned() else {
            return Err(refuse::domain("detailedFilter is required"));
        };
        let detailed = Body(detailed);
        let count = |key, default: i64| -> Outcome<usize> {
            let number = detailed.number(key)?.unwrap_or(default);
            usize::try_from(number)
                .ok()
                .filter(|n| *n > 0)
                .ok_or_else(|| refuse::domain(format!("invalid {key}")))
        };
        Ok(Query {
            from: report_bound(body, "dateRangeStart", zone)?,
            to: report_bound(body, "dateRangeEnd", zone)?,
            zone,
            users: Ids::of(body, "users")?,
            projects: Ids::of(body, "projects")?,
            clients: Ids::of(body, "clients")?,
            tags: Ids::of(body, "tags")?,
            tasks: Ids::of(body, "tasks")?,
            description: body.id("description")?.map(|text| text.to_lowercase()),
            billable: body.flag("billable")?,
            page: count("page", 1)?,
            size: count("pageSize", 50)?.min(self.invented.report_page_cap),
            ascending: body.word("sortOrder", &["ASCENDING", "DESCENDING"])?.as_deref() == Some("ASCENDING"),
        })
    }

    fn reported(&self, query: &Query, entry: &Entry) -> bool {
        let client = entry.project.as_ref().and_then(|id| self.projects.get(id)?.client.as_deref());
        entry.start >= query.from
            && entry.start <= query.to
            && Ids::take(query.users.as_ref(), std::iter::once(entry.user.as_str()))
            && Ids::take(query.projects.as_ref(), entry.project.as_deref().into_iter())
            && Ids::take(query.clients.as_ref(), client.into_iter())
            && Ids::take(query.tasks.as_ref(), entry.task.as_deref().into_iter())
            && Ids::take(query.tags.as_ref(), entry.tags.iter().flatten().map(String::as_str))
            && query.billable.is_none_or(|billable| entry.billable == billable)
            && query.description.as_ref().is_none_or(|part| entry.description.to_lowercase().contains(part))
    }

    fn report_wire(&self, entry: &Entry, zone: Tz) -> Value {
        let project = entry.project.as_ref().and_then(|id| self.projects.get(id));
        let client = project.and_then(|project| self.clients.get(project.client.as_ref()?));
        let task = entry.task.as_ref().and_then(|id| self.tasks.get(id));
        let user = self.users.get(&entry.user);
        let tags: Vec<Value> = entry
            .tags
            .iter()
            .flatten()
            .filter_map(|id| self.tags.get(id))
            .map(|tag| json!({"_id": tag.id, "name": tag.name}))
            .collect();
        let rendered =
            |time: DateTime<Utc>| time.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true);
        json!({
            "_id": entry.id,
            "description": entry.description,
            "userId": entry.user,
            "userName": user.map(|user| user.name.as_str()),
            "userEmail": user.map(|user| user.email.as_str()),
            "billable": entry.billable,
            "projectId": entry.project,
            "projectName": project.map(|project| project.name.as_str()),
            "projectColor": project.map(|project| project.color.as_str()),
            "clientId": client.map(|client| client.id.as_str()),
            "clientName": client.map(|client| client.name.as_str()),
            "taskId": entry.task,
            "taskName": task.map(|task| task.name.as_str()),
            "tags": tags,
            "timeInterval": {
                "start": rendered(entry.start),
                "end": entry.end.map(rendered),
                "duration": entry.end.map(|end| (end - entry.start).num_seconds()),
            },
            "approvalRequestId": null,
            "locked": self.locked(entry),
            "invoicingInfo": entry.invoiced.then(|| json!({"manuallyInvoiced": true})),
        })
    }
}

/// A bound of the range, read as a wall clock in the report's zone.
fn report_bound(body: &Body, key: &str, zone: Tz) -> Outcome<DateTime<Utc>> {
    let text = body.id(key)?.ok_or_else(|| refuse::domain(format!("{key} is required")))?;
    let wall = request::wall_clock(&text);
    let wall = wall.ok_or_else(|| refuse::body(format!("Cannot deserialize value of `{key}`: {text}")))?;
    Ok(in_zone(wall, zone))
}

fn totals_wire(rows: &[&Entry]) -> Value {
    let seconds = |billable_only: bool| -> i64 {
        rows.iter()
            .filter(|entry| entry.billable || !billable_only)
            .filter_map(|entry| entry.end.map(|end| (end - entry.start).num_seconds()))
            .sum()
    };
    json!({
        "_id": "",
        "totalTime": seconds(false),
        "totalBillableTime": seconds(true),
        "entriesCount": rows.len(),
        "amounts": [],
    })
}
