//! Reports v3 `search/time_entries`: everybody's history in pages, with the place of the next page in headers.

use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::{Map, Value, json};

use super::Toggl;
use super::book::Entry;
use super::form::{Answer, bad, day, fine, midnight, number, object, offset};
use crate::simulator::call::{Call, Reply};

/// Rows of a page at most; the live limit is unknown.
const LARGEST_PAGE: usize = 200;
/// Days that one search covers at most.
const LONGEST: TimeDelta = TimeDelta::days(366);

type Body = Map<String, Value>;

/// A list of ids in which null means "without"; an empty list filters nothing.
fn listed(body: &Body, key: &str) -> Option<Vec<Option<i64>>> {
    match body.get(key) {
        Some(Value::Array(list)) if !list.is_empty() => Some(list.iter().map(number).collect()),
        _ => None,
    }
}

fn range(body: &Body) -> Result<(NaiveDate, NaiveDate), Reply> {
    let date = |key: &str| body.get(key).and_then(Value::as_str).and_then(day);
    let start = date("start_date").ok_or_else(|| bad("start_date must be YYYY-MM-DD"))?;
    let end = match body.get("end_date") {
        None | Some(Value::Null) => start,
        Some(_) => date("end_date").ok_or_else(|| bad("end_date must be YYYY-MM-DD"))?,
    };
    let known = |date: NaiveDate| Some(date) >= day("2006-01-01") && Some(date) <= day("2030-01-01");
    if !known(start) || !known(end) {
        return Err(bad("start_date and end_date must be between 2006-01-01 and 2030-01-01"));
    }
    if end < start {
        return Err(bad("end_date must not be earlier than start_date"));
    }
    if end - start > LONGEST {
        return Err(bad("The date range must not exceed 366 days"));
    }
    Ok((start, end))
}

impl Toggl {
    /// `POST /workspace/{w}/search/time_entries`.
    pub(super) fn search_entries(&self, call: &Call, me: i64, workspace: i64) -> Answer {
        let body = object(call)?;
        if body.is_empty() {
            return Err(bad("At least one parameter must be set"));
        }
        let (first, last) = range(&body)?;
        let groups = self.groups(&body, me, workspace, first, last);
        let size =
            body.get("page_size").and_then(number).unwrap_or(50).clamp(1, LARGEST_PAGE as i64) as usize;
        let skip = self.skipped(&body, &groups);
        let page = groups.iter().enumerate().skip(skip).take(size);
        let rows: Vec<Value> = page.map(|(at, group)| self.report_row(&body, group, at + 1)).collect();
        let mut reply = fine(&Value::Array(rows)).with("X-Range-Start", first).with("X-Range-End", last);
        if let Some(next) = groups.get(skip + size).and_then(|group| group.first()) {
            reply = reply
                .with("X-Next-ID", next.id)
                .with("X-Next-Row-Number", skip + size + 1)
                .with("X-Next-Timestamp", next.start.timestamp());
        }
        Ok(reply)
    }

    /// Rows before the asked page, by row number or, when only that is given, by id.
    fn skipped(&self, body: &Body, groups: &[Vec<&Entry>]) -> usize {
        if let Some(row) = body.get("first_row_number").and_then(number) {
            return (row.max(1) - 1) as usize;
        }
        let id = body.get("first_id").and_then(number);
        let place =
            id.and_then(|id| groups.iter().position(|group| group.iter().any(|entry| entry.id == id)));
        place.unwrap_or(0)
    }

    /// The entries that pass, in order, grouped when asked. Running entries are left out.
    fn groups(
        &self,
        body: &Body,
        me: i64,
        workspace: i64,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Vec<Vec<&Entry>> {
        let zone = self.zone(me);
        let (from, to) = (midnight(first, zone), midnight(last + Days::new(1), zone));
        let admin = self.is_admin(me);
        let one = |list: &Option<Vec<Option<i64>>>, id: Option<i64>| {
            list.as_ref().is_none_or(|list| list.contains(&id))
        };
        let (users, projects) = (listed(body, "user_ids"), listed(body, "project_ids"));
        let (clients, tags) = (listed(body, "client_ids"), listed(body, "tag_ids"));
        let (tasks, wanted) = (listed(body, "task_ids"), listed(body, "time_entry_ids"));
        let words = body.get("description").and_then(Value::as_str).map(str::to_lowercase);
        let billable = body.get("billable").and_then(Value::as_bool);
        let client_of =
            |entry: &Entry| entry.project.and_then(|id| self.book.projects.get(&id)).and_then(|p| p.client);
        let tagged = |entry: &Entry| {
            tags.as_ref().is_none_or(|list| {
                (entry.tags.is_empty() && list.contains(&None))
                    || entry.tags.iter().any(|id| list.contains(&Some(*id)))
            })
        };
        let mut rows: Vec<&Entry> = self
            .book
            .entries
            .values()
            .filter(|row| row.workspace == workspace && row.deleted.is_none() && row.stop.is_some())
            .filter(|row| row.start >= from && row.start < to && (admin || row.user == me))
            .filter(|row| one(&users, Some(row.user)) && one(&projects, row.project) && one(&tasks, row.task))
            .filter(|row| one(&clients, client_of(row)) && one(&wanted, Some(row.id)) && tagged(row))
            .filter(|row| billable.is_none_or(|wanted| row.billable == wanted))
            .filter(|row| {
                let text = row.description.as_deref().unwrap_or_default().to_lowercase();
                words.as_ref().is_none_or(|words| text.contains(words))
            })
            .collect();
        match body.get("order_by").and_then(Value::as_str) {
            Some("user") => rows.sort_by_key(|row| (row.user, row.start, row.id)),
            Some("duration") => rows.sort_by_key(|row| (row.duration, row.id)),
            Some("description") => rows.sort_by_key(|row| (row.description.clone(), row.id)),
            Some("last_update") => rows.sort_by_key(|row| (row.at, row.id)),
            _ => rows.sort_by_key(|row| (row.start, row.id)),
        }
        if body.get("order_dir").and_then(Value::as_str).is_none_or(|dir| dir.eq_ignore_ascii_case("desc")) {
            rows.reverse();
        }
        if body.get("grouped").and_then(Value::as_bool) == Some(true) { grouped(rows) } else { alone(rows) }
    }

    fn report_row(&self, body: &Body, group: &[&Entry], number: usize) -> Value {
        let Some(head) = group.first() else { return Value::Null };
        let project = head.project.and_then(|id| self.book.projects.get(&id));
        let rate = project
            .and_then(|row| row.rate)
            .filter(|_| head.billable)
            .map(|rate| (rate * 100.0).round() as i64);
        let seconds: i64 = group.iter().map(|entry| self.rounded(body, entry.duration)).sum();
        let times: Vec<Value> = group
            .iter()
            .map(|entry| {
                json!({"id": entry.id, "seconds": self.rounded(body, entry.duration), "start": offset(entry.start),
                       "stop": entry.stop.map(offset), "at": offset(entry.at)})
            })
            .collect();
        let mut out = json!({
            "user_id": head.user, "username": self.book.users.get(&head.user).map(|row| row.name.clone()),
            "project_id": head.project, "task_id": head.task, "billable": head.billable,
            "description": head.description.clone().unwrap_or_default(), "tag_ids": head.tags,
            "billable_amount_in_cents": rate.map(|cents| cents * seconds / 3600),
            "hourly_rate_in_cents": rate, "currency": "USD", "time_entries": times, "row_number": number,
        });
        if body.get("enrich_response").and_then(Value::as_bool) == Some(true) {
            let client = project.and_then(|row| row.client).and_then(|id| self.book.clients.get(&id));
            out["project_name"] = json!(project.map(|row| row.name.clone()));
            out["client_name"] = json!(client.map(|row| row.name.clone()));
            out["tag_names"] = json!(self.book.tag_names(head));
        }
        out
    }

    /// Seconds, rounded up to `rounding_minutes` when the body asks for it.
    fn rounded(&self, body: &Body, seconds: i64) -> i64 {
        let wanted = body.get("rounding").and_then(number).is_some_and(|rounding| rounding != 0);
        let step = body.get("rounding_minutes").and_then(number).unwrap_or(0).clamp(0, 240) * 60;
        if wanted && step > 0 { (seconds + step - 1) / step * step } else { seconds }
    }
}

fn alone(rows: Vec<&Entry>) -> Vec<Vec<&Entry>> {
    rows.into_iter().map(|row| vec![row]).collect()
}

/// Entries that differ only in their times share a row.
fn grouped(rows: Vec<&Entry>) -> Vec<Vec<&Entry>> {
    let same = |a: &Entry, b: &Entry| {
        (a.user, a.project, a.task, a.billable, &a.description, &a.tags)
            == (b.user, b.project, b.task, b.billable, &b.description, &b.tags)
    };
    let mut out: Vec<Vec<&Entry>> = Vec::new();
    for row in rows {
        match out.iter_mut().find(|group| group.first().is_some_and(|head| same(head, row))) {
            Some(group) => group.push(row),
            None => out.push(vec![row]),
        }
    }
    out
}
