//! `hourwire webhooks deliveries`, `replay` and `verify`: the black box from a shell.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::export;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::{ask, print};
use crate::control::command::{Typed, Wish};
use crate::control::link::ViewerEnd;
use crate::control::view::{DeliveryLine, DetailLine, Row, ViewKind};

/// Options of `deliveries`.
#[derive(Args, Clone, Debug)]
pub struct Deliveries {
    /// Show this one in full, by its number
    #[arg(value_name = "NUMBER")]
    pub seq: Option<u64>,
    /// Only deliveries that hold all of these words
    #[arg(long, value_name = "WORDS", default_value = "")]
    pub filter: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Write all of them, in full, as JSON lines into a new file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seq", "json"])]
    pub export: Option<PathBuf>,
}

/// Options of `replay`.
#[derive(Args, Clone, Debug)]
pub struct Replay {
    /// This one, by its number
    #[arg(value_name = "NUMBER", conflicts_with_all = ["from", "to", "filter"])]
    pub seq: Option<u64>,
    /// From this number on
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<u64>,
    /// Up to this number
    #[arg(long, value_name = "NUMBER")]
    pub to: Option<u64>,
    /// Only deliveries that hold all of these words
    #[arg(long, value_name = "WORDS")]
    pub filter: Option<String>,
    /// Only say what would change
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `verify`.
#[derive(Args, Clone, Debug)]
pub struct Verify {
    /// Which, by its number
    #[arg(value_name = "NUMBER")]
    pub seq: u64,
    /// The environment variable that holds the secret [default: the secrets that hold now]
    #[arg(long, value_name = "NAME")]
    pub secret_env: Option<String>,
}

/// Lists deliveries, or prints one in full.
pub async fn list(engine: &mut ViewerEnd, options: &Deliveries) -> Outcome {
    if let Some(path) = &options.export {
        return export::export(engine, &options.filter, path).await;
    }
    if let Some(seq) = options.seq {
        return one(engine, seq, options.json).await;
    }
    let page = ask::page(engine, ViewKind::Deliveries, &options.filter).await?;
    let rows: Vec<DeliveryLine> = page
        .rows
        .into_iter()
        .filter_map(|row| match row {
            Row::Delivery(line) => Some(line),
            _ => None,
        })
        .collect();
    if options.json {
        print::json(&json!({ "total": page.total, "rows": rows }));
        return Ok(Exit::Good);
    }
    if rows.is_empty() {
        print::say("no delivery fits");
        return Ok(Exit::Good);
    }
    print::say(&print::table(&rows.iter().map(as_cells).collect::<Vec<_>>()));
    let listed = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    if page.total > listed {
        print::say(&format!("and {} more; --filter narrows them", page.total - listed));
    }
    Ok(Exit::Good)
}

fn as_cells(line: &DeliveryLine) -> Vec<String> {
    let about = if line.reason.is_empty() { line.summary.clone() } else { line.reason.clone() };
    vec![
        line.seq.map(|seq| seq.to_string()).unwrap_or_default(),
        line.at.format("%Y-%m-%d %H:%M:%S").to_string(),
        line.verdict.clone(),
        line.about.clone(),
        about,
    ]
}

async fn one(engine: &mut ViewerEnd, seq: u64, json: bool) -> Outcome {
    let page = ask::page(engine, ViewKind::Delivery { seq }, "").await?;
    let lines: Vec<DetailLine> = page
        .rows
        .into_iter()
        .filter_map(|row| match row {
            Row::Detail(line) => Some(line),
            _ => None,
        })
        .collect();
    if lines.is_empty() {
        return Err(Failure::not_well(format!("delivery {seq} is not kept (any more)")));
    }
    if json {
        let raw = lines.iter().find(|line| line.label == "raw").map(|line| line.value.as_str());
        let body: Value = raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or(json!(raw));
        let facts: Vec<&DetailLine> =
            lines.iter().filter(|l| !matches!(l.label.as_str(), "raw" | "body" | "")).collect();
        print::json(&json!({ "seq": seq, "facts": facts, "body": body }));
    } else {
        let shown = lines.into_iter().filter(|line| line.label != "raw");
        print::say(&print::table(&shown.map(|l| vec![l.label, l.value, l.why]).collect::<Vec<_>>()));
    }
    Ok(Exit::Good)
}

/// Applies deliveries again.
pub async fn replay(engine: &mut ViewerEnd, options: &Replay) -> Outcome {
    let dry = options.dry_run;
    let wish = match (options.seq, options.from, options.to, &options.filter) {
        (Some(seq), ..) => Wish::Replay { seq, dry },
        (None, None, None, None) => {
            return Err(Failure::usage("say which: a number, --from and --to, or --filter"));
        }
        (None, from, to, filter) => Wish::ReplayAll {
            from: from.unwrap_or(0),
            to: to.unwrap_or(u64::MAX),
            filter: filter.clone().unwrap_or_default(),
            dry,
        },
    };
    ask::show(ask::wish(engine, wish).await?, false)
}

/// Checks a signature again.
pub async fn verify(engine: &mut ViewerEnd, options: &Verify) -> Outcome {
    let secret = match &options.secret_env {
        None => None,
        Some(name) => match std::env::var(name) {
            Ok(secret) => Some(Typed(secret)),
            Err(_) => return Err(Failure::usage(format!("--secret-env {name}: it is not set"))),
        },
    };
    ask::show(ask::wish(engine, Wish::Verify { seq: options.seq, secret }).await?, false)
}
