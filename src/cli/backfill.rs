//! `hourwire backfill`: reads and sends a chosen range of history.

use chrono::NaiveDate;
use clap::Args;

use super::exit::{Failure, Outcome};
use super::options::Global;
use super::{ask, attach};
use crate::control::command::Wish;
use crate::control::snapshot::{OFFLINE, Snapshot};
use crate::domain::id::Service;

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
}

/// Asks the running engine for the range.
pub async fn run(global: &Global, options: &Backfill) -> Outcome {
    let Backfill { from, to, dry_run: dry } = *options;
    if to < from {
        return Err(Failure::usage(format!("--to {to} is before --from {from}; swap them")));
    }
    let mut engine = attach::running(global).await?;
    if !dry {
        reached(&ask::snapshot(&mut engine).await?)?;
    }
    ask::show(ask::wish(&mut engine, Wish::Backfill { from, to, dry }).await?)
}

/// Whoever types this wants to know when it can't be done now; planned silently, it would look as if it were.
fn reached(snapshot: &Snapshot) -> Result<(), Failure> {
    let offline = snapshot.accounts.iter().find_map(|account| {
        let trouble = account.trouble.as_deref().filter(|trouble| trouble.starts_with(OFFLINE))?;
        (account.service == Service::Toggl).then_some((&account.name, trouble))
    });
    match offline {
        Some((name, trouble)) => Err(Failure::unreachable(format!(
            "Toggl can't be reached for {name} ({trouble}); nothing is planned, try again when `hourwire status` is well"
        ))),
        None => Ok(()),
    }
}
