//! Reports v3 search: entries of all users and of any age, in days of the profile's zone.

use std::collections::{BTreeMap, BTreeSet};

use ::http::{HeaderMap, Method};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{Call, Toggl, entry, number};
use crate::domain::entry::Entry;
use crate::domain::id::RemoteId;
use crate::domain::read::SourceRead;
use crate::services::http::{Answer, Ask, header_number, header_text, segment};
use crate::services::loose::{
    flag_at, id_at, ids_at, instant_at, number_at, rows, rows_at, text_at, to_the_second,
};

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// First day, inclusive; not before 2006.
    pub from: NaiveDate,
    /// Last day, inclusive; at most 366 days after the first.
    pub to: NaiveDate,
    /// Only these users; empty is everybody that the token may see.
    pub users: Vec<RemoteId>,
    /// Names of the workspace's tags: rows have ids only.
    pub tag_names: BTreeMap<RemoteId, String>,
}

/// Where the next page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// `X-Next-Row-Number`.
    pub row: Option<i64>,
    /// `X-Next-ID`.
    pub id: Option<i64>,
    /// `X-Next-Timestamp`.
    pub timestamp: Option<i64>,
}

/// One page of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPage {
    /// Its entries.
    pub reads: Vec<SourceRead>,
    /// Tag ids that `tag_names` did not have. Read the tags and repeat.
    pub unnamed_tags: Vec<RemoteId>,
    /// The entries that lack a tag for that.
    pub lacking: BTreeSet<RemoteId>,
    /// The next page, if there is one.
    pub next: Option<Cursor>,
}

impl Toggl {
    /// One page of a search; `after` is the cursor of the page before.
    pub async fn reports_search(
        &self,
        workspace: &RemoteId,
        search: &Search,
        after: Option<Cursor>,
    ) -> Answer<ReportPage> {
        let mut body = json!({
            "start_date": search.from.to_string(),
            "end_date": search.to.to_string(),
            "order_by": "date",
            "order_dir": "ASC",
            "grouped": false,
            "page_size": 200,
            // Said aloud: by default the service rounds as the user's preferences have it.
            "rounding": 0,
            "rounding_minutes": 0,
        });
        if !search.users.is_empty() {
            body["user_ids"] = search.users.iter().map(number).collect();
        }
        if let Some(cursor) = after {
            let parts = [
                ("first_row_number", cursor.row),
                ("first_id", cursor.id),
                ("first_timestamp", cursor.timestamp),
            ];
            for (key, value) in parts {
                if let Some(value) = value {
                    body[key] = value.into();
                }
            }
        }
        let ask = segment(workspace.as_str()).map(|id| {
            Ask::new(Method::POST, format!("/reports/api/v3/workspace/{id}/search/time_entries")).body(body)
        });
        self.ask(Call::ReportsSearch, ask, |headers, body| page(workspace, search, headers, body)).await
    }
}

fn page(
    workspace: &RemoteId,
    search: &Search,
    headers: &HeaderMap,
    body: Value,
) -> Result<ReportPage, String> {
    let mut page = ReportPage {
        reads: Vec::new(),
        unnamed_tags: Vec::new(),
        lacking: BTreeSet::new(),
        next: cursor(headers),
    };
    for mut row in rows(body)? {
        let times = rows_at(&mut row, "time_entries")?;
        let unnamed = page.unnamed_tags.len();
        let tags = tag_names(&row, search, &mut page.unnamed_tags);
        for time in times {
            let read = read(workspace, &row, &tags, &time)?;
            if page.unnamed_tags.len() > unnamed {
                page.lacking.insert(read.id.clone());
            }
            page.reads.push(read);
        }
    }
    entry::sort_single(&mut page.unnamed_tags);
    Ok(page)
}

fn tag_names(row: &Value, search: &Search, unnamed: &mut Vec<RemoteId>) -> Vec<String> {
    let mut names = Vec::new();
    for id in ids_at(row, "tag_ids") {
        match search.tag_names.get(&id) {
            Some(name) => names.push(name.clone()),
            None => unnamed.push(id),
        }
    }
    entry::sort_single(&mut names);
    names
}

fn read(workspace: &RemoteId, row: &Value, tags: &[String], time: &Value) -> Result<SourceRead, String> {
    let id = id_at(time, &["id"]).ok_or("a report row without an entry's id")?;
    let start =
        instant_at(time, "start").map(to_the_second).ok_or_else(|| format!("entry {id} without start"))?;
    let stop = instant_at(time, "stop").map(to_the_second).or_else(|| {
        let seconds = number_at(time, "seconds").filter(|seconds| *seconds >= 0)?;
        start.checked_add_signed(chrono::TimeDelta::try_seconds(seconds)?)
    });
    let entry = Entry {
        workspace: workspace.clone(),
        user: id_at(row, &["user_id"]).ok_or_else(|| format!("entry {id} without user"))?,
        project: id_at(row, &["project_id"]),
        start,
        stop,
        description: text_at(row, "description").unwrap_or_default(),
        tags: tags.to_vec(),
        billable: flag_at(row, "billable"),
    };
    let at = instant_at(time, "at").map_or(stop.unwrap_or(start), to_the_second);
    Ok(SourceRead { id, at, entry: Some(entry), deleted_at: None })
}

/// Without a next row or id this was the last page; so it is when they are empty.
fn cursor(headers: &HeaderMap) -> Option<Cursor> {
    let cursor = Cursor {
        row: header_number(headers, "x-next-row-number"),
        id: header_number(headers, "x-next-id"),
        timestamp: header_text(headers, "x-next-timestamp").and_then(|text| text.parse().ok()),
    };
    let some = |part: Option<i64>| part.is_some_and(|n| n > 0);
    (some(cursor.row) || some(cursor.id)).then_some(cursor)
}
