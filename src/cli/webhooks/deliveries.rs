//! `hourwire webhooks deliveries`, `replay` and `verify`: the black box from a shell.

use std::path::PathBuf;
use std::str::FromStr;

use chrono_tz::Tz;
use clap::Args;
use serde_json::{Value, json};

use super::export;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::{ask, print};
use crate::control::command::{Typed, Wish};
use crate::control::deliveries::Which;
use crate::control::link::ViewerEnd;
use crate::control::view::{DeliveryLine, DetailLine, ViewKind};

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| digits.parse().map_err(|_| format!("`{text}` is no number and no r17"));
        match text.strip_prefix('r') {
            Some(digits) => number(digits).map(Self::Refused),
            None => number(text).map(Self::Kept),
        }
    }
}

/// Options of `deliveries`.
#[derive(Args, Clone, Debug)]
pub struct Deliveries {
    /// Show this one in full, by its number; `r17` is one that was refused at the door
    #[arg(value_name = "NUMBER")]
    pub which: Option<Which>,
    /// Only deliveries that hold all of these words: person, project, id, account, day, time, …
    #[arg(long, value_name = "WORDS", default_value = "")]
    pub filter: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Write all of them, in full, as JSON lines into a new file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["which", "json"])]
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
    /// Which, by its number; `r17` is one that was refused at the door
    #[arg(value_name = "NUMBER")]
    pub which: Which,
    /// The environment variable that holds the secret [default: the secrets that hold now]
    #[arg(long, value_name = "NAME")]
    pub secret_env: Option<String>,
}

/// Lists deliveries, or prints one in full.
pub async fn list(engine: &mut ViewerEnd, options: &Deliveries) -> Outcome {
    if let Some(path) = &options.export {
        return export::export(engine, &options.filter, path).await;
    }
    if let Some(which) = options.which {
        return one(engine, which, options.json).await;
    }
    let page = ask::page(engine, ViewKind::Deliveries, &options.filter).await?;
    let total = page.total;
    let rows = ask::rows!(page, Delivery);
    if options.json {
        print::json(&json!({ "total": total, "rows": rows }));
        return Ok(Exit::Good);
    }
    if rows.is_empty() {
        print::say("no delivery fits");
        return Ok(Exit::Good);
    }
    let zone = ask::snapshot(engine).await?.tz();
    let head = ["number", "came", "verdict", "about", "what"].map(str::to_owned);
    let cells = rows.iter().map(|line| as_cells(line, zone));
    print::say(&print::table(&std::iter::once(head.to_vec()).chain(cells).collect::<Vec<_>>()));
    print::say(&format!("times in {zone}"));
    let listed = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    if total > listed {
        print::say(&format!("and {} more; --filter narrows them", total - listed));
    }
    Ok(Exit::Good)
}

fn as_cells(line: &DeliveryLine, zone: Tz) -> Vec<String> {
    let about = if line.reason.is_empty() { line.summary.clone() } else { line.reason.clone() };
    vec![
        line.number(),
        line.at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
        line.verdict.clone(),
        line.about.clone(),
        about,
    ]
}

async fn one(engine: &mut ViewerEnd, which: Which, json: bool) -> Outcome {
    let lines = ask::rows!(ask::page(engine, which.view(), "").await?, Detail);
    if lines.is_empty() {
        return Err(Failure::not_well(format!("delivery {which} is not kept (any more)")));
    }
    if json {
        let raw = lines.iter().find(|line| line.label == "raw").map(|line| line.value.as_str());
        let body: Value = raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or(json!(raw));
        let facts: Vec<&DetailLine> =
            lines.iter().filter(|l| !matches!(l.label.as_str(), "raw" | "body" | "")).collect();
        let which = match which {
            Which::Kept(seq) => ("seq", seq),
            Which::Refused(number) => ("refused", number),
        };
        print::json(&json!({ (which.0): which.1, "facts": facts, "body": body }));
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
    ask::show(ask::wish(engine, options.which.verify(secret)).await?, false)
}

#[cfg(test)]
mod tests {
    use super::Which;

    #[test]
    fn a_delivery_is_named_by_its_number_or_by_that_of_a_refused_one() {
        assert_eq!("17".parse(), Ok(Which::Kept(17)));
        assert_eq!("r17".parse(), Ok(Which::Refused(17)));
        for odd in ["", "r", "x1", "-1", "r-1", "1r"] {
            assert!(odd.parse::<Which>().is_err(), "{odd}");
        }
    }
}
