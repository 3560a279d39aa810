//! `hourwire backfill`: reads and sends a chosen range of history.

use chrono::NaiveDate;
use clap::Args;

use super::exit::{Failure, Outcome};
use super::hosting::{Need, with_engine};
use super::options::Global;
use super::{ask, reach};
use crate::control::command::Wish;
use crate::control::link::ViewerEnd;

/// Options of `backfill`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  hourwire backfill --from 2026-03-01 --to 2026-03-31 --dry-run")]
pub struct Backfill {
    /// First day, as 2026-03-01
    #[arg(long, value_name = "DAY")]
    pub from: NaiveDate,
    /// Last day
    #[arg(long, value_name = "DAY")]
    pub to: NaiveDate,
    /// Only count and price
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Asks the engine for the range.
pub async fn run(global: &Global, options: &Backfill) -> Outcome {
    let Backfill { from, to, dry_run: dry, .. } = *options;
    if to < from {
        return Err(Failure::usage(format!("--to {to} is before --from {from}; swap them")));
    }
    let need = if dry { Need::Kept } else { Need::Read };
    with_engine(global, need, async |engine| plan(engine, options).await).await
}

async fn plan(engine: &mut ViewerEnd, options: &Backfill) -> Outcome {
    let Backfill { from, to, dry_run: dry, json } = *options;
    if !dry {
        // Whoever types this wants to know when it can't be done now; planned silently, it would look as if it were.
        let offline = reach::out_of_reach(&ask::snapshot(engine).await?, None);
        if let Some(mut offline) = offline {
            offline.message.insert_str(0, "nothing is planned: ");
            return Err(offline);
        }
    }
    ask::show(ask::wish(engine, Wish::Backfill { from, to, dry }).await?, json)
}
