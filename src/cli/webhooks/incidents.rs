//! `hourwire webhooks incidents`: the ledger of incidents from a shell, and the timeline of one.

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::print::instant;
use crate::cli::{ask, print};
use crate::control::link::ViewerEnd;
use crate::control::snapshot::IncidentStep;
use crate::control::view::{IncidentRow, ViewKind};
use crate::domain::text::requests;

/// Options of `incidents`.
#[derive(Args, Clone, Debug)]
pub struct Incidents {
    /// Show the timeline of this one, by its number
    #[arg(value_name = "ID")]
    pub id: Option<u64>,
    /// Only incidents that hold all of these words
    #[arg(long, value_name = "WORDS", default_value = "", conflicts_with = "id")]
    pub filter: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists incidents, newest first, or prints the timeline of one. 1 when one is open.
pub async fn incidents(engine: &mut ViewerEnd, options: &Incidents) -> Outcome {
    let rows = all(engine, &options.filter).await?;
    if let Some(id) = options.id {
        let Some(row) = rows.into_iter().find(|row| row.id == id) else {
            return Err(Failure::not_well(format!(
                "there is no incident {id}; `hourwire webhooks incidents` lists them"
            )));
        };
        return one(engine, &row, options.json).await;
    }
    if options.json {
        print::json(&Value::from(rows.iter().map(as_json).collect::<Vec<_>>()));
    } else if rows.is_empty() {
        let filtered = !options.filter.is_empty();
        print::say(if filtered { "no incident fits" } else { "nothing has gone wrong yet" });
    } else {
        print::say(&print::table(&rows.iter().map(as_cells).collect::<Vec<_>>()));
    }
    Ok(health(rows.iter()))
}

fn health<'a>(mut rows: impl Iterator<Item = &'a IncidentRow>) -> Exit {
    if rows.any(|row| row.closed_at.is_none()) { Exit::NotWell } else { Exit::Good }
}

/// All of them, page by page.
async fn all(engine: &mut ViewerEnd, filter: &str) -> Result<Vec<IncidentRow>, Failure> {
    let mut rows = Vec::new();
    loop {
        let offset = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let page = ask::page_at(engine, ViewKind::Incidents, filter, offset).await?;
        let (before, total) = (rows.len(), page.total as usize);
        rows.extend(ask::rows!(page, Incident));
        if rows.len() >= total || rows.len() == before {
            return Ok(rows);
        }
    }
}

async fn one(engine: &mut ViewerEnd, row: &IncidentRow, json: bool) -> Outcome {
    let steps = ask::rows!(ask::page(engine, ViewKind::Incident { id: row.id }, "").await?, Step);
    if json {
        let mut object = as_json(row);
        object["timeline"] = json!(steps);
        print::json(&object);
    } else {
        print::say(&print::table(&[as_cells(row)]));
        print::say(&print::table(&steps.iter().map(step_cells).collect::<Vec<_>>()));
    }
    Ok(health(std::iter::once(row)))
}

/// A moment, in UTC and saying so.
fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn as_cells(row: &IncidentRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        moment(row.from()),
        row.closed_at.map_or_else(|| "open".to_owned(), moment),
        row.kind.clone(),
        row.about.clone(),
        row.cause.clone(),
        format!("{} recovered", row.recovered),
        requests(row.requests),
    ]
}

fn step_cells(step: &IncidentStep) -> Vec<String> {
    let spent = if step.requests == 0 { String::new() } else { requests(step.requests) };
    vec![moment(step.at), step.what.clone(), step.answer.clone(), spent]
}

fn as_json(row: &IncidentRow) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind,
        "account": row.account,
        "about": row.about,
        "opened_at": instant(row.opened_at),
        "began_at": row.began_at.map(instant),
        "closed_at": row.closed_at.map(instant),
        "cause": row.cause,
        "recovered": row.recovered,
        "requests": row.requests,
        "last": row.last,
    })
}
